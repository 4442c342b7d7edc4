//! Files of predictions; `tests/oracle/saved.py` wrote them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diadc::evaluate::collect::{Collector, Observation};
use diadc::evaluate::saved::{Array, SavedError, SavedFile, UNNAMED, Values, map_header, read_map};
use diadc::measure::{ImageScore, Measure, Metric};

fn fixture(name: &str) -> PathBuf {
    Path::new("tests/metric/saved").join(name)
}

/// All arrays of a file.
fn read(path: &Path) -> Result<BTreeMap<String, Array>, SavedError> {
    let mut file = SavedFile::open(path)?;
    let names = file.names().to_vec();
    names.into_iter().map(|name| Ok((name.clone(), file.array(&name)?))).collect()
}

fn numbers(array: &Array) -> &[f32] {
    array.numbers().expect("it holds numbers")
}

/// The values of the maps, as the script makes them.
fn maps() -> Vec<f32> {
    (0..48_u8).map(|n| f32::from((u16::from(n) * 7 % 48) as u8) / 64.0).collect()
}

#[test]
fn every_form_gives_the_same_arrays() {
    for name in ["stored.npz", "deflated.npz", "all.safetensors"] {
        let arrays = read(&fixture(name)).expect("it is sound");
        assert_eq!(numbers(&arrays["maps"]), maps(), "{name}");
        assert_eq!(arrays["maps"].pictures(), Some([3, 4, 4]), "{name}");
        assert_eq!(numbers(&arrays["masks"]).iter().filter(|&&value| value == 255.0).count(), 5, "{name}");
        assert_eq!(numbers(&arrays["scores"]), [0.25, 0.75, 0.5], "{name}");
        let classes = arrays.get("classes").and_then(Array::texts);
        assert!(name == "all.safetensors" || classes == Some(&["bolt", "bolt", "nüt"].map(str::to_owned)[..]));
    }
    for name in ["maps.npy", "half.npy"] {
        assert_eq!(numbers(&read(&fixture(name)).expect("it is sound")[UNNAMED]), maps(), "{name}");
    }
    assert_eq!(numbers(&read(&fixture("labels.npy")).expect("it is sound")[UNNAMED]), [0.0, 1.0, 1.0]);
}

#[test]
fn what_is_not_read_says_what_to_do() {
    let refused = |name: &str| read(&fixture(name)).expect_err("it is not read").to_string();
    insta::assert_snapshot!(refused("objects.npy"), @"`tests/metric/saved/objects.npy`: its array holds Python objects, which are not read; save numbers or texts");
    insta::assert_snapshot!(refused("maps.txt"), @"`tests/metric/saved/maps.txt` is no .npy, .npz or .safetensors file");
    assert!(refused("absent.npy").contains("No such file"));
}

#[test]
fn a_damaged_file_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for name in ["stored.npz", "deflated.npz", "maps.npy", "all.safetensors"] {
        let whole = std::fs::read(fixture(name)).expect("the fixture lies here");
        let path = folder.path().join(name);
        for cut in (0..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..cut]).expect("the folder can be written to");
            assert!(read(&path).is_err(), "{name} cut at {cut}");
        }
        for at in (0..whole.len()).step_by(11) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xFF;
            std::fs::write(&path, &damaged).expect("the folder can be written to");
            // Damage within values can't be seen; whatever comes out has whole arrays.
            if let Ok(arrays) = read(&path) {
                let sound =
                    |array: &Array| array.numbers().is_none_or(|n| n.len() == array.shape.iter().product::<usize>());
                assert!(arrays.values().all(sound), "{name} damaged at {at}");
            }
        }
    }
}

#[test]
fn texts_without_characters_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("empty.npy");
    let header = "{'descr': '<U0', 'fortran_order': False, 'shape': (9223372036854775807,), }\n";
    let length = u16::try_from(header.len()).expect("it is short").to_le_bytes();
    std::fs::write(&path, [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes()].concat()).expect("it can be written");
    assert!(read(&path).expect_err("it is refused").to_string().contains("no characters"));
}

#[test]
fn an_array_that_would_grow_beyond_what_its_bytes_can_hold_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("bomb.npz");
    let mut bytes = std::fs::read(fixture("deflated.npz")).expect("the fixture lies here");
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("it has a directory");
    bytes[directory + 24..directory + 28].copy_from_slice(&0xF000_0000_u32.to_le_bytes());
    std::fs::write(&path, bytes).expect("it can be written");
    assert!(read(&path).expect_err("it is refused").to_string().contains("4026531840 bytes can't have been packed"));
}

#[test]
fn arrays_whose_checksum_differs_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("changed.npz");
    let mut bytes = std::fs::read(fixture("stored.npz")).expect("the fixture lies here");
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("it has a directory");
    bytes[directory + 16] ^= 1;
    std::fs::write(&path, bytes).expect("it can be written");
    assert!(read(&path).expect_err("it is refused").to_string().contains("can't be unpacked"));
}

#[test]
fn arrays_that_share_their_bytes_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("shared.npz");
    let mut bytes = std::fs::read(fixture("deflated.npz")).expect("the fixture lies here");
    // The directory again and again, each time with other names, so that nothing else is wrong.
    let end = bytes.len() - 22;
    let start = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().expect("they are four")) as usize;
    let (directory, tail) = (bytes[start..end].to_vec(), bytes[end..].to_vec());
    bytes.truncate(start);
    for copy in 0..9_u8 {
        let mut again = directory.clone();
        let names: Vec<usize> =
            again.windows(4).enumerate().filter(|(_, w)| w == b"PK\x01\x02").map(|(at, _)| at + 46).collect();
        names.into_iter().for_each(|at| again[at] = b'a' + copy);
        bytes.extend(again);
    }
    let count = u16::from_le_bytes([tail[10], tail[11]]) * 9;
    let size = directory.len() as u32 * 9;
    let mut tail = tail;
    tail[8..10].copy_from_slice(&count.to_le_bytes());
    tail[10..12].copy_from_slice(&count.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    bytes.extend(tail);
    std::fs::write(&path, bytes).expect("it can be written");
    let why = read(&path).expect_err("it is refused").to_string();
    assert!(why.contains("in the archive overlap"), "{why}");
}

#[test]
fn every_type_of_numpy_is_read_in_both_orders_of_bytes_and_of_extents() {
    let arrays = read(&fixture("types.npz")).expect("it is sound");
    assert_eq!(arrays.len(), 33 + 4);
    for (name, array) in &arrays {
        assert_eq!(array.shape, [2, 3, 4], "{name}");
        let expected: Vec<f32> = (0..24_u8).map(f32::from).collect();
        match name.as_str() {
            "truth" => assert!(numbers(array).iter().enumerate().all(|(i, &n)| n == f32::from(u8::from(i > 11)))),
            "texts" | "bytes" => {
                let texts: Vec<String> = (0..24).map(|n| n.to_string()).collect();
                assert_eq!(array.texts(), Some(&texts[..]), "{name}");
            }
            _ => assert_eq!(numbers(array), expected, "{name}"),
        }
    }
}

#[test]
fn arrays_that_are_not_read_are_no_reason_to_refuse_the_others() {
    let mut file = SavedFile::open(&fixture("others.npz")).expect("it is sound");
    assert_eq!(numbers(&file.array("maps").expect("it holds numbers")), maps());
    let mut refused = |name: &str| file.array(name).expect_err("it is not read").to_string();
    let words = [
        ("names", "Python objects"),
        ("dates", "dates or times (`<M8[D]`)"),
        ("complex", "complex numbers (`<c16`)"),
        ("pairs", "fields of several types"),
        ("long", "save them as float64"),
        ("large", "the integer 9007199254740993; from 9007199254740992 on"),
    ];
    for (name, words) in words {
        let why = refused(name);
        assert!(why.contains(words) && why.contains(&format!("in `{name}`")), "{why}");
    }
}

/// A file of the npy format with this header and these bytes after it.
fn npy(header: &str, data: &[u8]) -> tempfile::TempPath {
    let mut file = tempfile::Builder::new().suffix(".npy").tempfile().expect("a temporary file can be made");
    let length = u16::try_from(header.len()).expect("it is short").to_le_bytes();
    let bytes = [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat();
    std::io::Write::write_all(&mut file, &bytes).expect("it can be written");
    file.into_temp_path()
}

#[test]
fn headers_are_read_as_python_reads_them() {
    let data: Vec<u8> = (0..6_u8).flat_map(|n| f32::from(n).to_le_bytes()).collect();
    for header in [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }        \n",
        "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2, 3)}\n",
        "{'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 2 , 3 ) }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }\n",
        "{'descr': 'f4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{'descr': '=f4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{'descr': 'float32', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{'shape':(2,3),'descr':'f','fortran_order':False}",
        "{u'descr': u'<f4', u'fortran_order': False, u'shape': (2L, 3L)}",
        "{b'descr': b'<f4', b'fortran_order': False, b'shape': (2, 3)}",
        "\n{\n'shape': (2,\n3,), 'fortran_order': False,\t'descr': '<f4'}\n",
    ] {
        let path = npy(header, &data);
        let array =
            read(&path).unwrap_or_else(|error| panic!("{header}: {error}")).remove(UNNAMED).expect("there is one");
        assert_eq!((&array.shape[..], numbers(&array)), (&[2, 3][..], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0][..]), "{header}");
        assert_eq!(map_header(&path).expect("it is a map").size, [2, 3], "{header}");
    }
    for (header, words) in [
        ("{'fortran_order': False, 'shape': (2, 3), }", "lacks `descr`"),
        ("{'descr': '<f4', 'shape': (2, 3), }", "lacks `fortran_order`"),
        ("{'descr': '<f4', 'fortran_order': False, }", "lacks `shape`"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }", "a strange `fortran_order`"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }", "no shape of an array"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", "can't be read"),
        ("{'descr: '<f4'}", "can't be read"),
        ("'descr'", "can't be read"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': [2, 3], }", "can't be read"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", "8 values of 4 bytes, but 24 bytes follow"),
    ] {
        let why = read(&npy(header, &data)).expect_err("it is refused").to_string();
        assert!(why.contains(words), "{header}: {why}");
    }
}

#[test]
fn tiff_maps_hold_what_pillow_wrote() {
    for name in ["float.tiff", "float_tiff_lzw.tif", "float_tiff_adobe_deflate.tif", "float_packbits.tif"] {
        let (array, size) = read_map(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((numbers(&array), size), (&maps()[..16], [4, 4]), "{name}");
        assert_eq!(map_header(&fixture(name)).expect("it is a map").size, [4, 4]);
    }
    let whole: Vec<f32> = maps()[..16].iter().map(|value| value * 64.0).collect();
    for name in ["deep.tiff", "byte.tiff"] {
        assert_eq!(numbers(&read_map(&fixture(name)).expect("it is a map").0), whole, "{name}");
    }
    let refused = |name: &str| read_map(&fixture(name)).expect_err("it is no map").to_string();
    assert!(refused("colour.tiff").contains("one value a pixel"), "{}", refused("colour.tiff"));
    assert!(refused("pages.tiff").contains("several pages"), "{}", refused("pages.tiff"));
    let whole = std::fs::read(fixture("float_tiff_lzw.tif")).expect("the fixture lies here");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("cut.tif");
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).expect("the folder can be written to");
        assert!(read_map(&path).is_err_and(|error| error.to_string().contains("cut.tif")), "cut at {cut}");
    }
}

#[test]
fn numbers_that_32_bits_hold_take_32_bits() {
    let arrays = read(&fixture("exact.npz")).expect("it is sound");
    for name in ["near_one", "offset", "huge", "integers", "unsigned", "tiny", "maps"] {
        assert!(arrays[name].is_wide() && matches!(arrays[name].values, Values::Wide(_)), "{name}");
    }
    assert!(!arrays["labels"].is_wide() && !arrays["masks"].is_wide());
    assert!(!read(&fixture("maps.npy")).expect("it is sound")[UNNAMED].is_wide(), "they are float64 in the file");
}

#[test]
fn scores_and_maps_of_64_bits_are_ranked_as_scikit_learn_ranks_them() {
    let arrays = read(&fixture("exact.npz")).expect("it is sound");
    let expected: BTreeMap<String, [f64; 2]> =
        serde_json::from_str(include_str!("saved/exact.json")).expect("the script wrote it");
    let all = |name: &str| {
        let count = arrays[name].shape.iter().product();
        arrays[name].scores::<f64>(0..count).expect("they are numbers")
    };
    let labels = all("labels");
    let measure = Measure { metrics: Metric::ALL.to_vec(), ..Measure::default() };
    for name in ["near_one", "offset", "huge", "integers", "unsigned", "tiny"] {
        let mut collector = Collector::<f32>::new(["all"], measure.clone());
        for (score, label) in all(name).into_iter().zip(&labels) {
            let (score, anomalous) = (Some(score), *label == 1.0);
            let image = Observation { class: 0, id: "", score, anomalous, map: &[], mask: None, size: [0, 0] };
            collector.add(image).expect("it is sound");
        }
        let class = collector.finish().expect("nothing was spilled").classes.remove(0);
        let found = [Metric::ImageAuroc, Metric::ImageAp].map(|metric| class.metrics[&metric].value());
        for (found, expected) in found.into_iter().zip(expected[name]) {
            let found = found.expect("it is defined");
            assert!((found - expected).abs() < 1e-12, "{name}: {found} instead of {expected}");
        }
    }
    let masks: Vec<bool> = all("masks").iter().map(|value| *value > 0.0).collect();
    for budget in [usize::MAX, 0] {
        let measure = Measure { image_score: Some(ImageScore::Max), ..measure.clone() };
        let mut collector = Collector::<f64>::new(["all"], measure).with_budget(budget);
        for (map, mask) in all("maps").chunks(64).zip(masks.chunks(64)) {
            let anomalous = mask.contains(&true);
            let mask = Some(mask);
            let image = Observation { class: 0, id: "", score: None, anomalous, map, mask, size: [8, 8] };
            collector.add(image).expect("it is sound");
        }
        let class = collector.finish().expect("what was spilled can be read").classes.remove(0);
        for (metric, expected) in [Metric::PixelAuroc, Metric::PixelAp].into_iter().zip(expected["maps"]) {
            let found = class.metrics[&metric].value().expect("it is defined");
            assert!((found - expected).abs() < 1e-12, "{metric:?}: {found} instead of {expected}");
        }
    }
}
