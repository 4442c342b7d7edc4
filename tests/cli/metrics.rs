//! `diadc metrics` on maps of another tool: the numbers by hand, and every mistake told.

use image::{GrayImage, ImageBuffer, Luma, Rgb, RgbImage};
use serde_json::Value;

use crate::dataset::tree::Tree;

use super::harness::{Bench, Ended};

const SIDE: u32 = 20;

/// A float map of the npy format.
pub(super) fn npy(rows: u32, columns: u32, value: impl Fn(u32, u32) -> f32) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(118_u16.to_le_bytes());
    bytes.extend(format!("{header:<117}\n").bytes());
    bytes
        .extend((0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))).flat_map(|(x, y)| value(x, y).to_le_bytes()));
    bytes
}

/// The map of the defective image marks its left half, which is its mask; that of the good one its first column.
fn level(is_good: bool, x: u32) -> u8 {
    u8::from(x < if is_good { 1 } else { SIDE / 2 })
}

/// A tree of one class `nut` with one good and one defective test image, and a folder `maps` beside it.
struct Beside {
    bench: Bench,
    tree: Tree,
}

impl Beside {
    /// A folder without maps.
    fn new() -> Beside {
        let bench = Bench::new();
        bench.write("maps/.keep", b"");
        Beside { bench, tree: Tree::of("mvtec") }
    }

    /// A folder with a float map for each test image.
    fn npy() -> Beside {
        let beside = Beside::new();
        for (name, is_good) in [("good", true), ("crack", false)] {
            let map = npy(SIDE, SIDE, |x, _| f32::from(level(is_good, x)) * 0.25 - 1.0);
            beside.bench.write(&format!("maps/nut/test/{name}/000.npy"), &map);
        }
        beside
    }

    fn run(&self, more: &[&str]) -> Ended {
        let data = self.tree.root().display().to_string();
        self.bench.run(&[&["metrics", "maps", "--dataset", "mvtec", "--data", &data], more].concat())
    }
}

fn values(json: &str, protocol: usize) -> Value {
    let json: Value = serde_json::from_str(json).expect("it is JSON");
    json["evaluations"][protocol]["classes"][0]["metrics"].clone()
}

#[test]
fn float_maps_beside_a_data_set_are_scored_as_by_hand() {
    let ended = Beside::npy().run(&["--format", "json"]).success();
    let values = values(&ended.stdout(), 0);
    // Of 600 good pixels 20 tie with all 200 anomalous ones; both images have the same highest value.
    for (metric, expected) in [
        ("image_auroc", 0.5),
        ("pixel_auroc", 1.0 - 0.5 * 20.0 / 600.0),
        ("pixel_ap", 200.0 / 220.0),
        ("pixel_f1", 400.0 / 420.0),
        ("pro", (0.3 - 20.0 / 600.0 / 2.0) / 0.3),
    ] {
        let value = values[metric].as_f64().expect("it is defined");
        assert!((value - expected).abs() < 1e-12, "{metric}: {value} and {expected}");
    }
    assert_eq!(ended.stderr(), "");
}

#[test]
fn grey_pictures_of_either_depth_give_the_same_as_float_maps() {
    let arguments = ["--format", "json", "--protocol", "exact,ader,diad", "--score", "top(30)"];
    let expected = Beside::npy().run(&arguments).success().stdout();
    for bits in [8, 16] {
        let beside = Beside::new();
        for (name, is_good) in [("good", true), ("crack", false)] {
            let name = format!("maps/nut/test/{name}/000.png");
            beside.bench.write(&name, b"");
            let path = beside.bench.path(&name);
            let saved = if bits == 8 {
                GrayImage::from_fn(SIDE, SIDE, |x, _| Luma([level(is_good, x) * 90])).save(path)
            } else {
                let level = |x| u16::from(level(is_good, x)) * 1234;
                ImageBuffer::<Luma<u16>, _>::from_fn(SIDE, SIDE, |x, _| Luma([level(x)])).save(path)
            };
            saved.expect("it can be written");
        }
        let ended = beside.run(&arguments).success();
        assert_eq!(ended.stdout(), expected, "{bits} bits");
        assert_eq!(ended.stderr().contains("at most 256 values"), bits == 8, "{}", ended.stderr());
    }
}

#[test]
fn maps_of_one_other_size_have_their_masks_resized() {
    let beside = Beside::new();
    for (name, is_good) in [("good", true), ("crack", false)] {
        let map = npy(10, 10, |x, _| f32::from(level(is_good, 2 * x)));
        beside.bench.write(&format!("maps/nut/test/{name}/000.png.npy"), &map);
    }
    let ended = beside.run(&["--metrics", "pixel_auroc", "--format", "json"]).success();
    let area = values(&ended.stdout(), 0)["pixel_auroc"].as_f64().expect("it is defined");
    assert!((area - (1.0 - 0.5 * 10.0 / 150.0)).abs() < 1e-12, "{area}");
    assert!(
        ended.stderr().contains("maps are 10x10 (height x width), not of the size of their images"),
        "{}",
        ended.stderr()
    );
}

#[test]
fn every_layout_takes_maps_named_as_its_images() {
    for layout in ["visa", "mvtec3d", "medical", "realiad", "btad", "mpdd", "uniad", "ader", "folder"] {
        let tree = Tree::of(layout);
        let bench = Bench::new();
        for sample in &tree.open(layout).expect("it is sound").test {
            let marked = sample.mask(None).expect("it is sound");
            let at = |x: u32, y: u32| marked.as_ref().is_some_and(|mask| mask.anomalous()[(y * SIDE + x) as usize]);
            bench.write(&format!("maps/{}.npy", sample.id), &npy(SIDE, SIDE, |x, y| f32::from(u8::from(at(x, y)))));
        }
        let data = tree.root().display().to_string();
        let ended = bench.run(&["metrics", "maps", "--dataset", layout, "--data", &data, "--format", "json"]).success();
        let values = values(&ended.stdout(), 0);
        assert_eq!((&values["image_auroc"], &values["pro"]), (&Value::from(1.0), &Value::from(1.0)), "{layout}");
    }
}

#[test]
fn a_class_whose_defects_are_not_marked_has_image_metrics_only() {
    let tree = Tree::of("folder");
    tree.remove("masks");
    let bench = Bench::new();
    for sample in &tree.open("folder").expect("masks are not needed").test {
        let level = f32::from(u8::from(sample.is_anomalous()));
        bench.write(&format!("maps/{}.npy", sample.id), &npy(SIDE, SIDE, |_, _| level));
    }
    let data = tree.root().display().to_string();
    let ended = bench.run(&["metrics", "maps", "--dataset", "folder", "--data", &data, "--format", "json"]).success();
    let values = values(&ended.stdout(), 0);
    assert_eq!(values["image_auroc"], 1.0);
    assert!(
        values["pro"]["undefined"]
            .as_str()
            .is_some_and(|why| why.contains("000.png`, whose anomalous pixels are not marked")),
        "{values}"
    );
}

#[test]
fn files_that_no_image_needs_and_stretched_maps_are_told() {
    let beside = Beside::npy();
    beside.bench.write("maps/nut/train/good/000.npy", b"");
    beside.bench.write("maps/notes.txt", b"");
    let words = beside.run(&[]).success().stderr();
    assert!(
        words.contains("2 files are maps of no test image in `maps`: `notes.txt`, `nut/train/good/000.npy`"),
        "{words}"
    );
    assert!(!words.contains("stretched"), "two are too few to tell: {words}");
    beside.tree.image("nut/test/crack/001.png", SIDE, SIDE).mask(
        "nut/ground_truth/crack/001_mask.png",
        SIDE,
        SIDE,
        255,
    );
    beside.bench.write("maps/nut/test/crack/001.npy", &npy(SIDE, SIDE, |x, _| f32::from(level(false, x)) * 0.25 - 1.0));
    let words = beside.run(&[]).success().stderr();
    assert!(words.contains("each of the 3 maps runs from -1.000 to -0.7500"), "{words}");
}

#[test]
fn maps_that_lack_are_named_with_the_place_where_they_should_be() {
    let beside = Beside::new();
    let expected = "`maps/nut/test/crack/000.npy`, or `.tiff` or `.png`";
    beside
        .run(&[])
        .fails(1, &["2 of 2 test images have no map: `nut/test/crack/000.png`", expected, "the folder is empty"]);
    beside.bench.write("maps/000.npy", b"");
    beside.run(&[]).fails(1, &["2 of 2", "found there is `maps/000.npy`"]);
    let beside = Beside::npy();
    std::fs::remove_file(beside.bench.path("maps/nut/test/crack/000.npy")).expect("it is there");
    beside.bench.write("maps/nut/test/crack/000.exr", b"");
    let kind = "000.exr` is of a kind that is not read";
    beside.run(&[]).fails(1, &["1 of 2 test images have no map: `nut/test/crack/000.png`", expected, kind]);
}

#[test]
fn maps_that_do_not_fit_are_told_before_anything_is_measured() {
    let fails = |name: &str, bytes: &[u8], words: &[&str]| {
        let beside = Beside::npy();
        beside.bench.write(name, bytes);
        beside.run(&[]).fails(1, words);
    };
    let other = npy(SIDE, SIDE + 1, |_, _| 0.0);
    let sizes = ["crack/000.npy` is 20x21, its image 20x20", "maps/nut/test/good/000.npy` 20x20", "all of one size"];
    fails("maps/nut/test/crack/000.npy", &other, &sizes);
    fails("maps/nut/test/crack/000.png.npy", &other, &["are both maps of `nut/test/crack/000.png`"]);
    fails("maps/nut/test/crack/000.npy", b"text", &["crack/000.npy`: it is a text that begins with"]);
    let nan = npy(SIDE, SIDE, |x, y| if x + y == 0 { f32::NAN } else { 0.0 });
    fails("maps/nut/test/crack/000.npy", &nan, &["`nut/test/crack/000.png`", "1 NaN and 0 infinite, out of 400"]);
    let beside = Beside::npy();
    std::fs::remove_file(beside.bench.path("maps/nut/test/crack/000.npy")).expect("it is there");
    let picture = beside.bench.path("maps/nut/test/crack/000.png");
    RgbImage::from_pixel(SIDE, SIDE, Rgb([1, 2, 3])).save(&picture).expect("it can be written");
    beside.run(&[]).fails(1, &["are maps of two kinds", "000.npy", "000.png"]);
    std::fs::rename(&picture, beside.bench.path("maps/nut/test/good/000.png")).expect("it is there");
    GrayImage::new(SIDE, SIDE).save(&picture).expect("it can be written");
    std::fs::remove_file(beside.bench.path("maps/nut/test/good/000.npy")).expect("it is there");
    beside.run(&[]).fails(1, &["good/000.png` is in colours", "grey PNG"]);
}

#[test]
fn what_does_not_go_together_is_wrong_usage() {
    let beside = Beside::npy();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metric/saved/stored.npz");
    let wrong =
        |arguments: &[&str], words: &[&str]| beside.bench.run(&[&["metrics"], arguments].concat()).fails(2, words);
    wrong(&["maps"], &["`maps` holds no .npz file", "--dataset NAME --data DIR"]);
    wrong(&[fixture, "--dataset", "mvtec"], &["`--dataset` does not go with a file of predictions"]);
    wrong(&[fixture, "--dataset", "mvtec", "--data", "x"], &["`--data` does not go with"]);
    wrong(&[fixture, "--data", "x"], &["--dataset"]);
    wrong(&[fixture, "--compare", "paper"], &["`--compare` needs `--dataset NAME`"]);
    wrong(&[fixture, "--metrics", "image_aurok"], &["no metric `image_aurok`", "did you mean `image_auroc`?"]);
    wrong(&[fixture, "--metrics", "pro,pro"], &["`pro` is asked for twice"]);
    wrong(&[fixture, "--protocol", "exakt"], &["no protocol `exakt`", "did you mean `exact`?"]);
    wrong(&[fixture, "--pro-limit", "0"], &["above 0 and at most 1"]);
    wrong(&[fixture, "--score", "top(x)"], &["write model, max"]);
    wrong(&[fixture, "--score", "top(1.5)"], &["write model, max"]);
    wrong(&[fixture, "--score", "pool(8,0)"], &["write model, max"]);
    wrong(&[fixture, "--curves", "curves.txt"], &["name a .json or .csv file"]);
    wrong(&["maps", "--dataset", "mvtec", "--masks", "m.npy"], &["`--masks` does not go with a folder of maps"]);
    beside.run(&["--score", "model"]).fails(2, &["maps give no score", "max"]);
}

#[test]
fn what_is_not_there_is_told_with_the_nearest_name() {
    let beside = Beside::npy();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metric/saved/stored.npz");
    let fails =
        |arguments: &[&str], words: &[&str]| beside.bench.run(&[&["metrics"], arguments].concat()).fails(1, words);
    fails(&["absent.npz"], &["`absent.npz`", "No such file"]);
    fails(&["small.diad"], &["is no .npy, .npz or .safetensors file"]);
    fails(&["maps", "--dataset", "mvtek"], &["did you mean `mvtec`?"]);
    fails(&["maps", "--dataset", "mvtec"], &["needs the folder it lies in"]);
    fails(&[fixture, "--classes", "bold"], &["no class `bold`", "did you mean `bolt`?"]);
    fails(&[fixture, "--compare", "papre", "--dataset", "mvtec"], &["did you mean `paper`?"]);
    fails(&[fixture, "--compare", "paper", "--dataset", "btad"], &["nothing on the data set `btad`"]);
    beside.run(&["--classes", "nutt"]).fails(1, &["no class `nutt`", "did you mean `nut`?"]);
}

#[test]
fn classes_restrict_saved_arrays_too() {
    let bench = Bench::new();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metric/saved/stored.npz");
    let table = bench.run(&["metrics", fixture]).success().stdout();
    assert!(table.contains("bolt") && table.contains("nüt"), "{table}");
    let table = bench.run(&["metrics", fixture, "--classes", "bolt"]).success().stdout();
    assert!(table.contains("bolt") && !table.contains("nüt"), "{table}");
}

#[test]
fn curves_are_written_as_json_and_as_csv() {
    let beside = Beside::npy();
    beside.run(&["--curves", "out/curves.json", "--protocol", "exact,ader"]).success();
    let text = std::fs::read_to_string(beside.bench.path("out/curves.json")).expect("it was written");
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["curves"][1]["protocol"], "ader");
    let class = &json["curves"][0]["classes"][0];
    let tie = 20.0 / 600.0;
    let end = serde_json::json!([null, 1.0, 1.0]);
    let start = serde_json::json!([null, 0.0, 0.0]);
    assert_eq!(class["pixels"]["roc"], serde_json::json!([start, [-0.75, tie, 1.0], end]));
    assert_eq!(class["pixels"]["pro"], class["pixels"]["roc"]);
    assert!(text.contains(&format!("\"pr\":[[-0.75,1.0,{}]]", 200.0 / 220.0)), "{text}");
    let region = &class["regions"][0];
    assert_eq!((&region["image"], &region["area"]), (&Value::from("nut/test/crack/000.png"), &Value::from(200)));
    assert_eq!(region["bounds"], serde_json::json!([0, 0, 10, 20]));
    assert_eq!(region["points"], serde_json::json!([start, [-0.75, tie, 1.0]]));
    beside.run(&["--curves", "curves.csv"]).success();
    let csv = std::fs::read_to_string(beside.bench.path("curves.csv")).expect("it was written");
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("protocol,class,curve,image,left,top,right,bottom,area,threshold,x,y"));
    assert!(lines.clone().all(|line| line.split(',').count() == 12), "{csv}");
    assert!(
        lines.any(|line| line.starts_with("exact,nut,region,nut/test/crack/000.png,0,0,10,20,200,-0.75,")),
        "{csv}"
    );
}
