//! Predictions: bad images among good ones, what is written of each, other sources of images, and a folder that is watched.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use diadc::evaluate::saved::read_map;
use image::{DynamicImage, ImageBuffer, Luma, Rgb, RgbImage};

use super::harness::{Bench, listing};

/// The score is the mean of the image, and each pixel of the map that of its colours.
const PROBE: &str = "model Probe {\n    data { size = 8 }\n    score(image) {\n        let map = mean(image, axis: 1, keep: true)\n        \
                     { map: map, value: mean(map, axis: [1, 2, 3]) }\n    }\n}\n";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("probe.diad", PROBE.as_bytes());
    bench.write("none.safetensors", &[&2_u64.to_le_bytes()[..], b"{}"].concat());
    bench
}

const PREDICT: [&str; 4] = ["predict", "probe.diad", "--weights", "none.safetensors"];

fn predict<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&PREDICT, arguments].concat()
}

/// The lines of JSON on stdout.
fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// A JPEG whose EXIF data say that it is to be turned by a right angle.
fn turned_jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, Rgb([50, 100, 150]))
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .expect("memory can be written");
    // Orientation is tag 0x0112, here 6, the only entry of the directory.
    let tiff = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut segment = vec![0xff, 0xe1];
    segment.extend(u16::try_from(tiff.len() + 2).expect("it is short").to_be_bytes());
    segment.extend(tiff);
    let bytes = bytes.into_inner();
    [&bytes[..2], &segment, &bytes[2..]].concat()
}

#[test]
fn a_folder_with_images_of_all_kinds_and_bad_ones_is_scored_to_its_end() {
    let bench = bench();
    bench.picture("in/a, b.png", 8, 51);
    bench.picture("in/\"c\" 100%.gif", 8, 51);
    bench.picture("in/below/螺钉 1.webp", 9, 51);
    bench.picture("in/d.tiff", 8, 51);
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_pixel(8, 8, Luma([257 * 51]));
    deep.save(bench.path("in/deep.png")).expect("it can be written");
    let floats = DynamicImage::ImageRgb32F(ImageBuffer::from_pixel(4, 4, Rgb([0.2; 3])));
    floats.save(bench.path("in/floats.tif")).expect("it can be written");
    bench.write("in/turned.jpg", &turned_jpeg(8, 4));
    let jpeg = turned_jpeg(8, 8);
    bench.write("in/short.jpg", &jpeg[..jpeg.len() - 12]);
    bench.write("in/phone.heic", b"x");
    bench.write("in/notes.txt", b"no image");
    let ended = bench.run(&predict(&["--images", "in", "--out", "out", "--format", "jsonl"]));
    let (text, said) = (ended.stdout(), ended.stderr());
    ended
        .fails(1, &["3 of 9 images could not be scored", "short.jpg", "cut short", "phone.heic", "unsupported format"]);
    assert!(said.contains("1 image is to be shown turned") && said.contains("images of data sets are"), "{said}");
    assert!(said.contains("floating point"), "{said}");
    let rows = lines(&text);
    let names: Vec<&str> = rows.iter().filter_map(|row| row["image"].as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!((names.len(), &names), (9, &sorted));
    for row in &rows {
        let name = row["image"].as_str().unwrap_or_default();
        let is_bad = ["short.jpg", "phone.heic", "floats.tif"].iter().any(|bad| name.ends_with(bad));
        assert_eq!(row["error"].is_string(), is_bad, "{row}");
        assert_eq!(row["score"].is_number(), !is_bad, "{row}");
        // Grey of level 51 is 0.2, whatever the file.
        if !is_bad && !name.ends_with("turned.jpg") {
            assert!(row["score"].as_f64().is_some_and(|score| (score - 0.2).abs() < 1e-6), "{row}");
        }
        for file in row["files"].as_array().into_iter().flatten().filter_map(|file| file.as_str()) {
            assert!(bench.path("out").join(file).is_file(), "{file}");
        }
    }
    let csv = std::fs::read_to_string(bench.path("out/scores.csv")).expect("it was written");
    assert_eq!(csv.lines().next(), Some("image,score,sheet,heat_map,error"));
    assert!(csv.contains("\"in/a, b.png\",0.2") && csv.contains("\"in/\"\"c\"\" 100%.gif\",0.2"), "{csv}");
    assert!(csv.contains("in/below/螺钉 1.webp,0.2"), "{csv}");
    assert!(csv.lines().any(|line| line.starts_with("in/short.jpg,,,,")), "{csv}");
    // All are bad: the table says why.
    bench.run(&predict(&["--images", "in/short.jpg", "--out", "bad"])).fails(1, &["1 of 1 image could not"]);
    assert_eq!(listing(&bench.path("bad")), ["provenance.json", "scores.csv"]);
}

#[test]
fn an_image_whose_score_is_not_finite_ends_nothing_else() {
    let bench = bench();
    bench.write("probe.diad", PROBE.replace("value: mean(", "value: 1.0 / mean(").as_bytes());
    bench.picture("in/black.png", 8, 0);
    bench.picture("in/grey.png", 8, 51);
    let ended = bench.run(&predict(&["--images", "in", "--scores-only", "--format", "csv"]));
    let text = ended.stdout();
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[0] == "image,score,error" && rows[1].starts_with("in/black.png,,"), "{text}");
    assert!(rows[1].contains("is not finite") && rows[2].starts_with("in/grey.png,5"), "{text}");
    ended.fails(1, &["1 of 2 images could not be scored"]);
}

#[test]
fn overlays_have_the_size_of_their_image_and_maps_of_floats_are_the_maps() {
    let bench = bench();
    // Left half dark, right half bright.
    let image = RgbImage::from_fn(24, 12, |x, _| Rgb([if x < 12 { 0 } else { 255 }; 3]));
    std::fs::create_dir(bench.path("in")).expect("it can be made");
    image.save(bench.path("in/a.png")).expect("it can be written");
    let kinds = ["--save", "npy,tiff,overlay,heat-map,npy", "--colours", "0,1"];
    bench.run(&[&predict(&["--images", "in", "--out", "out"])[..], &kinds].concat()).success();
    let files = ["0000-in-a.map.png", "0000-in-a.npy", "0000-in-a.overlay.png", "0000-in-a.tiff"];
    assert_eq!(listing(&bench.path("out")), [&files[..], &["provenance.json", "scores.csv"]].concat());
    let csv = std::fs::read_to_string(bench.path("out/scores.csv")).expect("it was written");
    assert!(csv.starts_with("image,score,npy,tiff,overlay,heat_map,error\n"), "{csv}");
    let (npy, size) = read_map(&bench.path("out/0000-in-a.npy")).expect("it is a map");
    assert_eq!(
        (read_map(&bench.path("out/0000-in-a.tiff")).expect("it is a map"), size),
        ((npy.clone(), size), [8, 8])
    );
    let values = npy.scores::<f32>(0..64).expect("they are numbers");
    assert!(values.chunks(8).all(|row| row[0] == 0.0 && row[7] == 1.0), "{values:?}");
    let overlay = image::open(bench.path("out/0000-in-a.overlay.png")).expect("it was written").into_rgb8();
    assert_eq!(overlay.dimensions(), (24, 12));
    assert_eq!(overlay.get_pixel(0, 6), &Rgb([0; 3]), "where the map is low, the image shows");
    assert_ne!(overlay.get_pixel(23, 6), &Rgb([255; 3]), "where it is high, the colour does");
    // What a crop has cut off shows the image alone.
    let cropped = PROBE.replace("size = 8", "size = 8  shorter = 16");
    bench.write("probe.diad", cropped.as_bytes());
    RgbImage::from_pixel(32, 32, Rgb([255; 3])).save(bench.path("in/a.png")).expect("it can be written");
    bench.run(&[&predict(&["--images", "in", "--out", "crop"])[..], &kinds].concat()).success();
    let overlay = image::open(bench.path("crop/0000-in-a.overlay.png")).expect("it was written").into_rgb8();
    let is_image = |x: u32, y: u32| overlay.get_pixel(x, y) == &Rgb([255; 3]);
    assert!(is_image(0, 0) && is_image(7, 16) && is_image(24, 16) && !is_image(8, 8) && !is_image(23, 23));
}

#[test]
fn colours_are_those_of_the_run_and_the_same_for_any_number_of_images() {
    let bench = Bench::new();
    bench.data();
    let data = ["--dataset", "mvtec", "--data", "data", "--set", "rebuilding.steps=2", "--out", "run"];
    bench.run(&[&["run", "small.diad"][..], &data].concat()).success();
    let range = bench.json("run/metrics.json")["colours"].clone();
    let [low, high] = [0, 1].map(|end| range[end].as_f64().expect("it is a number"));
    assert!(low < high, "{range}");
    let picture = "data/nut/test/bent/0.png";
    bench.run(&["predict", "run", "--images", picture, "--out", "one", "--save", "heat-map"]).success();
    let many = ["predict", "run", "--images", picture, "data/nut/train", "--out", "many", "--save", "heat-map"];
    bench.run(&many).success();
    let map = |folder: &str| {
        let name = listing(&bench.path(folder)).into_iter().find(|name| name.ends_with("-bent-0.map.png"));
        std::fs::read(bench.path(folder).join(name.expect("it has a map"))).expect("it was written")
    };
    assert!(map("one") == map("many"), "the colours of an image follow from the run alone");
    let given = ["predict", "run", "--images", picture, "--out", "given", "--save", "heat-map", "--colours", "5,6"];
    bench.run(&given).success();
    assert!(map("one") != map("given"));
    for wrong in ["1", "1,1", "2,1", "a,b", "1,2,3", "nan,1"] {
        bench.run(&["predict", "run", "--images", picture, "--out", "x", "--colours", wrong]).fails(2, &["LOW,HIGH"]);
    }
}

#[test]
fn names_of_images_come_from_standard_input() {
    let bench = bench();
    bench.picture("one.png", 8, 51);
    bench.picture("two, three.png", 8, 102);
    let mut child = bench
        .command(&predict(&["--images", "-", "--scores-only", "--format", "jsonl"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all("\u{feff}one.png\n\ntwo, three.png\r\nmissing.png\n".as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let rows = lines(&String::from_utf8_lossy(&output.stdout));
    let scores: Vec<Option<f64>> = rows.iter().map(|row| row["score"].as_f64()).collect();
    assert!((scores[0].unwrap_or_default() - 0.2).abs() < 1e-6 && (scores[1].unwrap_or_default() - 0.4).abs() < 1e-6);
    assert_eq!((scores.len(), scores[2], output.status.code()), (3, None, Some(1)));
    bench.run(&predict(&["--images", "-", "one.png", "--scores-only"])).fails(2, &["`-` stands alone"]);
}

#[test]
fn verdicts_follow_a_threshold_and_reach_the_exit_status_on_request() {
    let bench = bench();
    bench.picture("in/dark.png", 8, 51);
    bench.picture("in/light.png", 8, 204);
    let score = |more: &[&str]| bench.run(&[&predict(&["--images", "in", "--scores-only"])[..], more].concat());
    let text = score(&["--threshold", "0.5"]).success().stdout();
    assert!(text.contains("good  in/dark.png") && text.contains("anomalous  in/light.png"), "{text}");
    score(&["--threshold", "0.5", "--fail-if-anomalous"]).fails(3, &["1 of 2 images above the threshold"]);
    score(&["--threshold", "0.9", "--fail-if-anomalous"]).success();
    let text = score(&["--threshold", "0.5", "--format", "csv"]).success().stdout();
    let verdicts: Vec<&str> = text.lines().filter_map(|line| line.split(',').nth(2)).collect();
    assert_eq!(verdicts, ["anomalous", "false", "true"], "{text}");
    score(&["--fail-if-anomalous"]).fails(2, &["--threshold"]);
}

/// Waits for a condition, for at most a minute.
#[track_caller]
fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_watched_folder_is_scored_as_images_appear_until_it_vanishes() {
    let bench = bench();
    bench.picture("in/first.png", 8, 51);
    let child = bench
        .command(&predict(&["--watch", "in", "--out", "out"]))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let table = || std::fs::read_to_string(bench.path("out/scores.csv")).unwrap_or_default();
    wait_for("what was there", || table().contains("in/first.png,0.2"));
    // An image that grows is waited for.
    let jpeg = turned_jpeg(64, 64);
    let mut slow = std::fs::File::create(bench.path("in/slow.jpg")).expect("it can be made");
    let writing = std::thread::spawn(move || {
        for piece in jpeg.chunks(jpeg.len() / 12) {
            slow.write_all(piece).expect("it can be written");
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    bench.picture("in/below/second.png", 8, 102);
    wait_for("what has appeared", || table().contains("in/below/second.png,0.4"));
    writing.join().expect("it was written");
    wait_for("what was half written", || table().contains("in/slow.jpg,"));
    assert!(table().contains("in/slow.jpg,0."), "{}", table());
    // What stays damaged is told, and scored when it has been mended.
    bench.write("in/damaged.png", b"no image");
    wait_for("what is damaged", || table().contains("in/damaged.png,,"));
    bench.picture("in/damaged.png", 8, 153);
    wait_for("what was mended", || table().contains("in/damaged.png,0.6"));
    std::fs::remove_dir_all(bench.path("in")).expect("it can be removed");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("`in` is gone"), "{said}");
    assert_eq!(table().lines().count(), 6, "{}", table());
    bench.picture("in/again.png", 8, 51);
    bench.run(&predict(&["--watch", "in", "--out", "in/out"])).fails(2, &["must not lie in the folder"]);
    bench.run(&predict(&["--watch", "nowhere", "--out", "x"])).fails(2, &["`nowhere` is no folder"]);
    bench.run(&predict(&["--watch", "in", "--images", "in", "--out", "x"])).fails(2, &["cannot be used with"]);
    bench.run(&predict(&["--out", "x"])).fails(2, &["--images"]);
    bench.run(&predict(&["--images", "in"])).fails(2, &["--out"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_watch_well() {
    let bench = bench();
    bench.picture("in/first.png", 8, 51);
    let child = bench
        .command(&predict(&["--watch", "in", "--out", "out", "--threshold", "0.1", "--fail-if-anomalous"]))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let table = || std::fs::read_to_string(bench.path("out/scores.csv")).unwrap_or_default();
    wait_for("what was there", || table().contains("in/first.png,0.2"));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && said.contains("1 image in"), "{said}");
}
