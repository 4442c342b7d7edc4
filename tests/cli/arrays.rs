//! `diadc metrics` on arrays and folders as other programs save them: masks of any type, wide scores, names of one's own.

use std::io::Write;

use image::{GrayImage, Luma};
use serde_json::Value;

use super::harness::{Bench, Ended};
use super::metrics::npy;
use crate::dataset::tree::Tree;

/// An array of the npy format.
fn array(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).expect("it is short").to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn floats(shape: &str, values: &[f32]) -> Vec<u8> {
    array("<f4", shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

/// Which of three images of 2x3 are marked where: the second at three places, the third at two.
const MARKED: [u8; 18] = [0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1];
const SHAPE: &str = "(3, 2, 3)";

/// A folder with maps of three images, which find most of what is marked.
fn bench() -> Bench {
    let bench = Bench::new();
    let maps: Vec<f32> = (0..18).map(|n: u8| f32::from(n * 7 % 18) + 4.0 * f32::from(MARKED[usize::from(n)])).collect();
    bench.write("maps.npy", &floats(SHAPE, &maps));
    bench
}

fn values(ended: &Ended) -> Value {
    let json: Value = serde_json::from_str(&ended.stdout()).expect("it is JSON");
    json["evaluations"].clone()
}

fn measured(bench: &Bench, more: &[&str]) -> Ended {
    measured_by(bench, "masks.npy", more)
}

fn measured_by(bench: &Bench, masks: &str, more: &[&str]) -> Ended {
    let arguments = [
        "metrics",
        "maps.npy",
        "--masks",
        masks,
        "--protocol",
        "exact,diad,ader",
        "--score",
        "max",
        "--format",
        "json",
    ];
    bench.run(&[&arguments, more].concat())
}

#[test]
fn masks_of_every_type_give_the_same_metrics() {
    let bench = bench();
    let of = |level: &dyn Fn(usize) -> f32| -> Vec<u8> {
        let values: Vec<f32> = MARKED.iter().enumerate().map(|(i, &m)| f32::from(m) * level(i)).collect();
        floats(SHAPE, &values)
    };
    let bytes = |level: u8| MARKED.map(|mark| mark * level).to_vec();
    let shorts: Vec<u8> = MARKED.iter().flat_map(|&mark| (i64::from(mark) * 700).to_le_bytes()).collect();
    let forms = [
        ("binary", array("|u1", SHAPE, &bytes(1)), ""),
        ("full", array("|u1", SHAPE, &bytes(255)), ""),
        ("truth", array("|b1", SHAPE, &bytes(1)), ""),
        ("all two", array("|u1", SHAPE, &bytes(2)), ""),
        ("signed", array("|i1", SHAPE, &bytes(255)), "negative numbers, such as -1"),
        ("large", array("<i8", SHAPE, &shorts), ""),
        ("numbers of kinds", of(&|i| [1.0, 3.0, 5.0][i % 3]), ""),
        ("overshoot", of(&|i| if i == 7 { 1.0001 } else { 1.0 }), ""),
        ("overshoot of 255", of(&|i| if i == 7 { 255.004 } else { 255.0 }), ""),
        ("wide", array("<f8", SHAPE, &MARKED.iter().flat_map(|&m| f64::from(m).to_le_bytes()).collect::<Vec<_>>()), ""),
    ];
    let mut first = None;
    for (name, masks, told) in forms {
        bench.write("masks.npy", &masks);
        let ended = measured(&bench, &[]).success();
        let found = values(&ended);
        assert_eq!(&found, first.get_or_insert(found.clone()), "{name}");
        assert_eq!(found[0]["classes"][0]["images"], serde_json::json!({"good": 1, "anomalous": 2}), "{name}");
        assert!(ended.stderr().contains(told) && ended.stderr().is_empty() == told.is_empty(), "{}", ended.stderr());
    }
    let blurred: Vec<u8> = MARKED.iter().enumerate().map(|(i, &m)| if m == 1 { 200 } else { (i % 5) as u8 }).collect();
    bench.write("masks.npy", &array("|u1", SHAPE, &blurred));
    let ended = measured(&bench, &["--mask-above", "127"]).success();
    assert_eq!(Some(values(&ended)), first, "a limit of one's own");
    assert!(measured(&bench, &[]).success().stderr().contains("`--mask-above 127`"));
    bench.write("masks.npy", &of(&|i| if i == 7 { f32::NAN } else { 1.0 }));
    measured(&bench, &[]).fails(1, &["NaN or infinite", "not known which pixels"]);
}

#[test]
fn labels_that_are_neither_zero_nor_one_are_refused() {
    let bench = bench();
    bench.write("masks.npy", &array("|u1", SHAPE, &MARKED));
    for (labels, value) in [([0.0, 2.0, 1.0], "2"), ([0.0, 1.0, -1.0], "-1"), ([0.5, 1.0, 1.0], "0.5")] {
        bench.write("labels.npy", &floats("(3,)", &labels));
        let words = format!("`labels` holds {value} for image");
        measured(&bench, &["--labels", "labels.npy"]).fails(1, &[&words, "0 for good or 1 for anomalous"]);
    }
    bench.write("labels.npy", &array("|b1", "(3,)", &[0, 1, 1]));
    measured(&bench, &["--labels", "labels.npy"]).success();
}

#[test]
fn arrays_without_images_are_an_error() {
    let bench = bench();
    bench.write("maps.npy", &floats("(0, 2, 3)", &[]));
    bench.write("masks.npy", &array("|u1", "(0, 2, 3)", &[]));
    measured(&bench, &[]).fails(1, &["`maps` is of no image", "nothing to measure"]);
    bench.write("scores.npy", &floats("(0,)", &[]));
    bench.write("labels.npy", &floats("(0,)", &[]));
    let arguments = ["metrics", "scores.npy", "--scores", "scores.npy", "--labels", "labels.npy"];
    bench.run(&arguments).fails(1, &["[0]"]);
}

#[test]
fn arrays_with_names_of_ones_own_are_named() {
    let bench = Bench::new();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metric/saved/exact.npz");
    let run = |more: &[&str]| bench.run(&[&["metrics", fixture, "--format", "json"], more].concat());
    // Beside the labels lie masks of six images.
    run(&[]).fails(1, &["`maps` is of 6 images, `labels` of 60"]);
    for name in ["near_one", "offset", "huge", "integers"] {
        let keys = format!("scores={name},masks=near_one,maps=near_one");
        run(&["--keys", &keys]).fails(1, &["`near_one` has the shape [60]; pictures are [N, H, W]"]);
    }
    run(&["--keys", "scores=near_on"]).fails(1, &["no array `near_on`", "did you mean `near_one`?"]);
    run(&["--keys", "score=near_one"]).fails(2, &["no array of the role `score`", "did you mean `scores`?"]);
    run(&["--keys", "scores"]).fails(2, &["write ROLE=NAME"]);
}

#[test]
fn scores_next_to_one_are_no_tie() {
    let bench = Bench::new();
    let scores: Vec<u8> = (0..4_u8).flat_map(|n| (1.0 - 1e-12 * f64::from(4 - n)).to_le_bytes()).collect();
    bench.write("scores.npy", &array("<f8", "(4, 1, 1)", &scores));
    bench.write("masks.npy", &array("|u1", "(4, 1, 1)", &[0, 1, 0, 1]));
    let arguments = ["metrics", "scores.npy", "--masks", "masks.npy", "--curves", "c.json", "--format", "json"];
    let ended = bench.run(&[&arguments[..], &["--metrics", "image_auroc,pixel_auroc,pixel_ap"]].concat()).success();
    let metrics = values(&ended)[0]["classes"][0]["metrics"].clone();
    assert_eq!(
        metrics,
        serde_json::json!({"image_auroc": 0.75, "pixel_auroc": 0.75, "pixel_ap": f64::midpoint(1.0, 2.0 / 3.0)})
    );
    let curves = std::fs::read_to_string(bench.path("c.json")).expect("it was written");
    assert!(curves.contains("0.999999999999,"), "thresholds are the scores as they are: {curves}");
}

/// A folder of maps and one of masks; three images of 4x4, of which `a/1` is good and has no mask.
fn folders() -> Bench {
    let bench = Bench::new();
    for (name, good) in [("a/1", true), ("a/2", false), ("b/3", false)] {
        bench.write(&format!("maps/{name}.npy"), &npy(4, 4, |x, _| f32::from(u8::from(x < 2 && !good))));
        if !good {
            let mask = GrayImage::from_fn(4, 4, |x, _| Luma([u8::from(x < 2) * 255]));
            bench.write(&format!("masks/{name}_mask.png"), b"");
            mask.save(bench.path(&format!("masks/{name}_mask.png"))).expect("it can be written");
        }
    }
    bench
}

const FOLDERS: [&str; 5] = ["metrics", "maps", "--masks", "masks", "--format=json"];

#[test]
fn two_plain_folders_are_scored() {
    let bench = folders();
    let ended = bench.run(&FOLDERS).success();
    let class = values(&ended)[0]["classes"][0].clone();
    assert_eq!(class["images"], serde_json::json!({"good": 1, "anomalous": 2}));
    let metrics = ["image_auroc", "pixel_auroc", "pro"].map(|name| class["metrics"][name].as_f64());
    assert_eq!(metrics, [Some(1.0); 3]);
    let words = ended.stderr();
    assert!(words.contains("1 of 3 maps has no mask and counts as of a good image: `a/1`"), "{words}");
    // A mask of numbers of kinds, and one of the other size as an array.
    GrayImage::from_fn(4, 4, |x, _| Luma([u8::from(x < 2) * 3]))
        .save(bench.path("masks/b/3_mask.png"))
        .expect("a file");
    std::fs::remove_file(bench.path("masks/a/2_mask.png")).expect("it is there");
    bench.write("masks/a/2.npy", &npy(8, 8, |x, _| f32::from(u8::from(x < 4))));
    let again = values(&bench.run(&FOLDERS).success())[0]["classes"][0]["metrics"].clone();
    assert_eq!(["image_auroc", "pixel_auroc", "pro"].map(|name| again[name].as_f64()), [Some(1.0); 3]);
}

#[test]
fn two_folders_that_do_not_match_are_told() {
    let bench = folders();
    std::fs::rename(bench.path("maps/b/3.npy"), bench.path("maps/b/4.npy")).expect("it is there");
    bench.run(&FOLDERS).fails(1, &["masks without a map in `maps`: `b/3`", "b/3_mask.png"]);
    let bench = folders();
    bench.write("masks/b/3.npy", &npy(4, 4, |_, _| 1.0));
    bench.run(&FOLDERS).fails(1, &["are both of `b/3`: remove one"]);
    let bench = folders();
    bench.write("none/.keep", b"");
    bench.run(&["metrics", "none", "--masks", "masks"]).fails(1, &["`none` holds no .npy, .tiff or .png file"]);
    bench.run(&["metrics", "maps", "--masks", "none"]).fails(1, &["`none` holds no"]);
    // What is not there is told as that, and not as a folder or file of another kind.
    bench.run(&["metrics", "maps", "--masks", "nowhere"]).fails(1, &["`nowhere`: No such file"]);
    bench.run(&["metrics", "nowhere", "--masks", "masks"]).fails(1, &["`nowhere`: No such file"]);
    bench.write("masks/b/3_mask.png", b"text");
    bench.run(&FOLDERS).fails(1, &["3_mask.png` is no image: it is a text that begins with"]);
    bench.run(&[&FOLDERS[..], &["--scores", "x.npy"]].concat()).fails(2, &["`--scores` does not go with two folders"]);
    bench.run(&[&FOLDERS[..], &["--score", "model"]].concat()).fails(2, &["maps give no score"]);
}

#[test]
fn maps_that_are_turned_against_their_masks_are_refused() {
    // In one file, whole and halved; as two arrays; and in two folders.
    let bench = Bench::new();
    for (rows, columns, is_turned) in
        [(24, 20, true), (12, 10, true), (10, 12, false), (16, 16, false), (20, 24, false)]
    {
        let maps: Vec<f32> = (0..2 * rows * columns).map(|at| (at % 7) as f32).collect();
        bench.write("maps.npy", &floats(&format!("(2, {rows}, {columns})"), &maps));
        let masks: Vec<f32> = (0..2 * 20 * 24).map(|at| f32::from(u8::from(at > 480 && at % 5 == 0))).collect();
        bench.write("masks.npy", &floats("(2, 20, 24)", &masks));
        let ended = bench.run(&["metrics", "maps.npy", "--masks", "masks.npy"]);
        if is_turned {
            ended.fails(
                1,
                &[&format!("{rows} rows and {columns} columns"), "20 rows and 24 columns", "is turned", "transpose"],
            );
        } else {
            ended.success();
        }
    }
    let bench = folders();
    for name in ["a/1", "a/2", "b/3"] {
        bench.write(&format!("maps/{name}.npy"), &npy(6, 4, |x, _| x as f32));
    }
    for name in ["a/2", "b/3"] {
        let mask = GrayImage::from_fn(6, 4, |x, _| Luma([u8::from(x < 2) * 255]));
        mask.save(bench.path(&format!("masks/{name}_mask.png"))).expect("it can be written");
    }
    bench
        .run(&FOLDERS)
        .fails(1, &["a/2.npy` has 6 rows and 4 columns, its mask 4 rows and 6 columns: one of the two is turned"]);
    // One that is turned among others may be meant.
    bench.write("maps/b/3.npy", &npy(4, 6, |x, _| x as f32));
    bench.run(&FOLDERS).success();
}

#[test]
fn masks_in_colours_are_read_as_those_of_data_sets() {
    let bench = folders();
    let red = image::RgbImage::from_fn(4, 4, |x, _| image::Rgb([u8::from(x < 2) * 200, 0, 0]));
    red.save(bench.path("masks/b/3_mask.png")).expect("it can be written");
    let clear = image::RgbaImage::from_fn(4, 4, |x, _| image::Rgba([u8::from(x < 2) * 255, 0, 0, 0]));
    clear.save(bench.path("masks/a/2_mask.png")).expect("it can be written");
    let found = values(&bench.run(&FOLDERS).success())[0]["classes"][0]["metrics"].clone();
    assert_eq!(["image_auroc", "pixel_auroc"].map(|name| found[name].as_f64()), [Some(1.0); 2]);
    // A folder of pictures that can't be masks says what it holds.
    bench.write("photos/a.jpg", b"x");
    bench.write("photos/b.jpg", b"x");
    bench
        .run(&["metrics", "maps", "--masks", "photos"])
        .fails(1, &["`photos` holds no", "but 2 files of other kinds, such as `a.jpg`"]);
}

#[test]
fn the_limit_of_masks_is_a_number() {
    let bench = bench();
    bench.write("masks.npy", &floats(SHAPE, &MARKED.map(|mark| f32::from(mark) * 2.0 - 1.0)));
    for wrong in ["nan", "inf", "x"] {
        bench
            .run(&["metrics", "maps.npy", "--masks", "masks.npy", "--mask-above", wrong])
            .fails(2, &["write a number"]);
    }
    measured(&bench, &["--mask-above", "-0.5"]).success();
}

#[test]
fn maps_of_several_sizes_in_one_folder_are_told() {
    let bench = folders();
    bench.write("maps/a/1.npy", &npy(2, 2, |_, _| 0.0));
    let words = bench.run(&FOLDERS).success().stderr();
    assert!(words.contains("maps are of 2 sizes (2x2, 4x4, height x width)"), "{words}");
}

#[test]
fn a_folder_of_dumps_says_that_sizes_differ_and_reads_all_masks_by_one_rule() {
    let bench = Bench::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metric/saved/dump");
    let ended = bench.run(&["metrics", folder, "--format", "json"]);
    let ended = ended.success();
    assert!(ended.stderr().contains("maps are of 2 sizes (2x2, 4x4, height x width)"), "{}", ended.stderr());
    let images = values(&ended)[0]["classes"][0]["images"].clone();
    assert_eq!(images, serde_json::json!({"good": 1, "anomalous": 2}), "a value of 1.0001 leaves its mask as it is");
}

/// Maps of the test images of a data set whose images are 30x20; the good one first.
fn beside(write: impl Fn(&Bench, &str, bool)) -> Ended {
    let tree = Tree::new();
    for name in ["train/good/0", "train/good/1", "test/good/0", "test/crack/0"] {
        tree.image(&format!("nut/{name}.png"), 30, 20);
    }
    tree.mask("nut/ground_truth/crack/0_mask.png", 30, 20, 255);
    let bench = Bench::new();
    write(&bench, "maps/nut/test/good/0", false);
    write(&bench, "maps/nut/test/crack/0", true);
    let data = tree.root().display().to_string();
    bench.run(&["metrics", "maps", "--dataset", "mvtec", "--data", &data, "--format", "json"])
}

/// A form of masks of good images, or of defective ones.
type Form<'a> = &'a dyn Fn(bool) -> Vec<u8>;

#[test]
fn maps_in_other_orders_and_shapes_are_read() {
    let level = |bad: bool, x: usize| f32::from(u8::from(bad && x < 15));
    let values_of = |bad: bool| (0..600).map(|at| level(bad, at % 30)).collect::<Vec<f32>>();
    let forms: [(&str, Form<'_>); 4] = [
        ("last axis", &|bad| floats("(20, 30, 1)", &values_of(bad))),
        ("first axes", &|bad| floats("(1, 1, 20, 30)", &values_of(bad))),
        ("columns", &|bad| {
            let turned: Vec<f32> = (0..600).map(|at| level(bad, at / 20)).collect();
            let bytes = floats("(20, 30)", &turned);
            String::from_utf8_lossy(&bytes[..80]).find("False").map_or_else(Vec::new, |_| {
                let at = bytes.windows(5).position(|part| part == b"False").expect("it says so");
                [&bytes[..at], b"True ", &bytes[at + 5..]].concat()
            })
        }),
        ("big", &|bad| {
            array(
                ">f8",
                "(20, 30)",
                &values_of(bad).iter().flat_map(|&v| f64::from(v).to_be_bytes()).collect::<Vec<_>>(),
            )
        }),
    ];
    for (name, form) in forms {
        let ended = beside(|bench, path, bad| bench.write(&format!("{path}.npy"), &form(bad))).success();
        let metrics = values(&ended)[0]["classes"][0]["metrics"].clone();
        assert_all_found(&metrics, name);
        assert_eq!(ended.stderr(), "", "{name}");
    }
}

#[test]
fn tiff_maps_beside_a_data_set_are_scored() {
    let tree = Tree::new();
    for name in ["train/good/0", "train/good/1", "test/good/0", "test/crack/0"] {
        tree.image(&format!("nut/{name}.png"), 4, 4);
    }
    tree.mask("nut/ground_truth/crack/0_mask.png", 4, 4, 255);
    let bench = Bench::new();
    let fixture = |name: &str| std::fs::read(format!("tests/metric/saved/{name}")).expect("the fixture lies here");
    bench.write("maps/nut/test/good/0.tiff", &fixture("float.tiff"));
    bench.write("maps/nut/test/crack/0.tif", &fixture("float_tiff_lzw.tif"));
    let data = tree.root().display().to_string();
    let run = || bench.run(&["metrics", "maps", "--dataset", "mvtec", "--data", &data, "--format", "json"]);
    let found = values(&run().success())[0]["classes"][0]["metrics"]["image_auroc"].clone();
    assert_eq!(found, 0.5, "both are the same map");
    bench.write("maps/nut/test/crack/0.tif", &fixture("colour.tiff"));
    run().fails(1, &["crack/0.tif", "one value a pixel"]);
}

#[test]
fn turned_maps_are_refused() {
    let ended =
        beside(|bench, path, bad| bench.write(&format!("{path}.npy"), &npy(30, 20, |_, _| f32::from(u8::from(bad)))));
    ended.fails(
        1,
        &["crack/0.npy` has 30 rows and 20 columns, its image 20 rows and 30 columns: one of the two is turned"],
    );
}

#[test]
fn wide_maps_beside_a_data_set_are_ranked_as_they_are() {
    let ended = beside(|bench, path, bad| {
        let value = |at: usize| 0.999_999 + 1e-12 * f64::from(u8::from(bad && at % 30 < 15));
        let data: Vec<u8> = (0..600).flat_map(|at| value(at).to_le_bytes()).collect();
        bench.write(&format!("{path}.npy"), &array("<f8", "(20, 30)", &data));
    });
    let metrics = values(&ended.success())[0]["classes"][0]["metrics"].clone();
    assert_all_found(&metrics, "wide");
}

/// Every defect scores above everything else. PRO is a sum of many parts.
#[track_caller]
fn assert_all_found(metrics: &Value, name: &str) {
    for metric in ["image_auroc", "pixel_auroc", "pro"] {
        let value = metrics[metric].as_f64().unwrap_or_default();
        assert!((value - 1.0).abs() < 1e-12, "{name}: {metric} is {value}");
    }
}

#[test]
fn scores_and_labels_in_files_of_their_own_are_measured() {
    let bench = Bench::new();
    bench.write("s.npy", &floats("(4,)", &[0.1, 0.4, 0.3, 0.9]));
    bench.write("l.npy", &array("|b1", "(4,)", &[0, 0, 1, 1]));
    let arguments = ["metrics", "s.npy", "--labels", "l.npy", "--metrics", "image_auroc", "--format", "json"];
    let ended = bench.run(&arguments).success();
    assert_eq!(values(&ended)[0]["classes"][0]["metrics"], serde_json::json!({"image_auroc": 0.75}));
    bench.run(&["metrics", "s.npy", "--scores", "s.npy", "--labels", "l.npy"]).fails(1, &["pictures are [N, H, W]"]);
}

#[test]
fn the_first_bytes_of_a_file_say_in_which_form_its_arrays_are() {
    let bench = bench();
    let masks = floats(SHAPE, &MARKED.map(f32::from));
    bench.write("masks.npy", &masks);
    let right = values(&measured(&bench, &[]).success());
    bench.write("masks.npz", &masks);
    let renamed = measured_by(&bench, "masks.npz", &[]);
    assert_eq!(values(&renamed.success()), right, "an .npy file under the name of an .npz file");
}

#[test]
fn what_holds_no_arrays_is_told_as_what_it_is() {
    let bench = Bench::new();
    let beginnings: [(&[u8], &str); 6] = [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "git lfs pull"),
        (b"<html>", "web page"),
        (b"", "it is empty"),
        (b"\x89PNG\r\n\x1a\n", "it is a PNG image"),
        (&[0; 700], "nothing but zeros"),
        (b"\x01\x02\x03\x04 and so on", "it begins like no file of arrays"),
    ];
    for (bytes, what) in beginnings {
        for ending in ["npy", "npz", "safetensors", "tiff"] {
            let name = format!("maps.{ending}");
            bench.write(&name, bytes);
            bench.run(&["metrics", &name]).fails(1, &[&format!("`{name}`: it"), what]);
        }
    }
}

/// An .npz file of these arrays.
fn zipped(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(format!("{name}.npy"), stored).expect("it is written to memory");
        writer.write_all(bytes).expect("it is written to memory");
    }
    writer.finish().expect("it is written to memory").into_inner()
}

#[test]
fn sizes_that_differ_between_classes_alone_are_not_told() {
    let bench = Bench::new();
    for (class, side) in [("a", 2), ("b", 4)] {
        for image in 0..2 {
            let name = format!("dump/{class}{image}.npz");
            let (map, mask) =
                (npy(side, side, |y, x| (x + y) as f32), npy(side, side, |y, x| f32::from(u8::from(x + y > 1))));
            let label =
                array("<U1", "(1,)", &class.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>());
            bench.write(&name, &zipped(&[("maps", map), ("masks", mask), ("classes", label)]));
        }
    }
    let words = bench.run(&["metrics", "dump"]).success().stderr();
    assert!(!words.contains("maps are of 2 sizes"), "{words}");
}
