//! Files of predictions; `tests/oracle/saved.py` wrote them.

use std::path::{Path, PathBuf};

use diadc::evaluate::saved::{Array, UNNAMED, read};

fn fixture(name: &str) -> PathBuf {
    Path::new("tests/metric/saved").join(name)
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
    insta::assert_snapshot!(refused("columns.npy"), @"`tests/metric/saved/columns.npy`: its array is stored column by column; save `np.ascontiguousarray(array)`");
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
