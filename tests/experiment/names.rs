//! What an image is called, and what lies beside it, changes no number.

use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use diadc::compile::{Compiled, compile};
use diadc::dataset::{self, Request, read_image};
use diadc::evaluate::score::{Prepared, Scored, Scorer};
use diadc::experiment::{Listed, Model, Results, Row, Saving, ScoredImage, Scoring, Setup, assess, predict};
use image::{DynamicImage, GrayImage, Luma, RgbImage};

use crate::cli::{RANDOM, SMALL};

/// The spec whose score is random, compiled, and what a run of it needs.
fn spec(folder: &Path) -> (Compiled, Setup) {
    let path = folder.join("random.diad");
    fs::write(&path, RANDOM).expect("a file can be written");
    fs::write(folder.join("small.diad"), SMALL).expect("a file can be written");
    let setup = Setup { spec: path.display().to_string(), ..Setup::default() };
    (compile(&setup.location(), &[]).expect("the spec is right"), setup)
}

fn model<'a>(compiled: &'a Compiled, setup: &Setup, seed: u64) -> Model<'a> {
    let target = setup.target().expect("the CPU is always known");
    let engine = target.open(&mut ()).expect("the CPU is always there");
    Model::start(compiled, None, engine, target, seed, &mut ()).expect("the weights are its own")
}

/// A picture in greys that follow from a number.
fn picture(number: u32) -> GrayImage {
    GrayImage::from_fn(31, 24, |x, y| {
        Luma([(x * x + 7 * y + 31 * number).wrapping_mul(2_654_435_761).to_le_bytes()[3]])
    })
}

/// Writes a picture and returns its path.
fn saved(folder: &Path, name: &str, image: impl Into<DynamicImage>) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
    image.into().save(&path).expect("a picture can be written");
    path
}

/// An image and its results.
struct Found {
    path: PathBuf,
    scored: Scored,
}

fn scored(model: &mut Model<'_>, paths: &[PathBuf], draws: u64) -> Vec<Found> {
    let draws = NonZeroU64::new(draws).expect("there are draws");
    let saving = Saving { saved: Vec::new(), colours: None, colours_of: 1, threshold: None };
    let mut found = Vec::new();
    let mut tell = |row: &Row, image: Option<&ScoredImage>| {
        let scored = image.expect("the images are sound").scored.clone();
        found.push(Found { path: PathBuf::from(&row.image), scored });
        Ok(())
    };
    let results = Results { saving: &saving, directory: None, tell: &mut tell };
    let mut source = Listed::new(paths.to_vec());
    let summary = predict(model, &mut source, draws, results, &mut (), &AtomicBool::new(false)).expect("it runs");
    assert_eq!((summary.scored, summary.failed), (paths.len(), 0));
    found
}

/// All that was found out about an image, as bits.
fn bits(scored: &Scored) -> (u32, Vec<u32>, Vec<Vec<u8>>) {
    let map = scored.map.iter().map(|value| value.to_bits()).collect();
    let pictures = scored.pictures.iter().map(|(_, picture)| picture.as_raw().clone()).collect();
    (scored.value.to_bits(), map, pictures)
}

#[test]
fn a_picture_has_one_result_under_any_name_and_in_any_file_that_holds_its_pixels() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (compiled, setup) = spec(folder.path());
    let rgb = DynamicImage::from(picture(0)).into_rgb8();
    let mut paths: Vec<PathBuf> = ["t.png", "u.png", "a/t.png", "a/b c/ü.png", "t.bmp"]
        .iter()
        .map(|name| saved(folder.path(), name, rgb.clone()))
        .collect();
    paths.push(saved(folder.path(), "grey.png", picture(0)));
    paths.push(folder.path().join("a/../t.png"));
    paths.push(folder.path().join("./t.png"));
    paths.push(paths[0].clone());
    let mut model = model(&compiled, &setup, 1);
    let results = scored(&mut model, &paths, 1);
    for result in &results {
        assert!(bits(&result.scored) == bits(&results[0].scored), "{}", result.path.display());
    }
}

#[test]
fn a_picture_has_one_result_alone_among_copies_of_itself_and_among_others() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (compiled, setup) = spec(folder.path());
    let paths: Vec<PathBuf> =
        (0..23).map(|number| saved(folder.path(), &format!("{number}.png"), picture(number))).collect();
    let mut model = model(&compiled, &setup, 1);
    let alone: Vec<Found> = paths.iter().flat_map(|path| scored(&mut model, std::slice::from_ref(path), 1)).collect();
    let reversed: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    for together in [&paths[..], &paths[..8], &paths[15..], &reversed, &vec![paths[22].clone(); 100]] {
        for result in scored(&mut model, together, 1) {
            let own = alone.iter().find(|own| own.path == result.path).expect("it was scored alone");
            let name = result.path.display();
            assert!(bits(&own.scored) == bits(&result.scored), "{name} among {}", together.len());
        }
    }
    let values: std::collections::BTreeSet<u32> = alone.iter().map(|result| result.scored.value.to_bits()).collect();
    assert_eq!(values.len(), 23, "different pictures have different scores");
}

#[test]
fn random_numbers_of_a_sample_are_its_own_wherever_samples_lie() {
    const FORMS: &[(&str, &str)] = &[
        ("together", "reshape(random_normal(like: reshape(image, [12 * B, 64])), [B, 12, 64])"),
        ("a given shape", "reshape(random_uniform(shape: [B * 12, 64]), [B, 12, 64])"),
        (
            "in turns",
            "permute(reshape(random_normal(like: concat([image, image], axis: 0) * 2), [2, B, 768]), [1, 0, 2])",
        ),
        ("not first", "permute(random_normal(like: permute(image, [1, 2, 3, 0])), [3, 0, 1, 2])"),
        ("between", "permute(random_normal(like: permute(image, [1, 0, 2, 3])), [1, 0, 2, 3])"),
        (
            "both",
            "permute(reshape(random_normal(like: reshape(permute(image, [1, 0, 2, 3]), [3 * B, 256])), [3, B, 256]), [1, 0, 2])",
        ),
        ("integers", "to_float(reshape(random_int(0, 1000, shape: [B * 4, 2]), [B, 8]))"),
        (
            "within a loop",
            "loop z = reshape(image, [4 * B, 192]) over t in [0.1, 0.2] { z + t * random_normal(like: z) }",
        ),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let paths: Vec<PathBuf> =
        (0..5).map(|number| saved(folder.path(), &format!("{number}.png"), picture(number))).collect();
    for (form, numbers) in FORMS {
        let spec = format!(
            "model Noise {{
    data {{ size = 16 }}
    part net = Net()
    objective learning(image) trains net {{ mse(net(image), image) }}
    training learning {{ optimizer = adamw(lr: 1e-3)  batch = 1  steps = 1 }}
    score(image: [B, 3, 16, 16]) {{
        let noise = {numbers}
        let map   = reshape(noise, [B, 1, -1])
        {{ map: map, value: max(map, axis: [1, 2]) }}
    }}
}}
block Net() {{ fn (x) {{ x |> conv(1, out: 3) @ \"a\" }} }}
"
        );
        let path = folder.path().join("noise.diad");
        fs::write(&path, spec).expect("a file can be written");
        let setup = Setup { spec: path.display().to_string(), ..Setup::default() };
        let compiled = compile(&setup.location(), &[]).unwrap_or_else(|failed| panic!("{form}: {failed:?}"));
        let mut model = model(&compiled, &setup, 1);
        let together = scored(&mut model, &paths, 1);
        for (path, result) in paths.iter().zip(&together) {
            let alone = scored(&mut model, std::slice::from_ref(path), 1).remove(0);
            assert!(bits(&alone.scored) == bits(&result.scored), "{form}: {}", path.display());
            let distinct: std::collections::BTreeSet<u32> = result.scored.map.iter().map(|x| x.to_bits()).collect();
            assert!(2 * distinct.len() > result.scored.map.len(), "{form}: rows of a sample draw different numbers");
        }
    }
}

#[test]
fn other_seeds_other_pixels_and_other_extents_draw_other_numbers() {
    const NOISE: &str = "model Noise {
    param rows: int in 4..=16 = 8
    data { size = [rows, 128 / rows] }
    part net = Net()
    objective learning(image) trains net { mse(net(image), image) }
    training learning { optimizer = adamw(lr: 1e-3)  batch = 1  steps = 1 }
    score(image: [B, 3, H, W]) { { map: random_normal(shape: [B, H, W]), value: random_uniform(shape: [B]) } }
}
block Net() { fn (x) { x |> conv(1, out: 3) @ \"a\" } }
";
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("noise.diad");
    fs::write(&path, NOISE).expect("a file can be written");
    let setup = Setup { spec: path.display().to_string(), ..Setup::default() };
    let drawn = |rows: &str, seed: u64, levels: [u8; 2]| {
        let settings = [("rows".to_owned(), rows.to_owned())];
        let compiled = compile(&setup.location(), &settings).expect("the spec is right");
        let mut model = model(&compiled, &setup, seed);
        let mut scorer = Scorer::new(&compiled.program, model.engine(), seed).expect("it can score");
        let (columns, rows) = (scorer.transform().width, scorer.transform().height);
        let mut image = RgbImage::from_pixel(columns, rows, image::Rgb([levels[0]; 3]));
        image.put_pixel(columns - 1, rows - 1, image::Rgb([levels[0], levels[0], levels[1]]));
        let prepared = [Prepared::new(&image, "it".to_owned(), scorer.transform())];
        scorer.score(&prepared, 0).expect("it runs").remove(0).value
    };
    let first = drawn("8", 1, [100, 100]);
    assert_eq!(first, drawn("8", 1, [100, 100]));
    for other in [drawn("8", 2, [100, 100]), drawn("8", 1, [100, 101]), drawn("16", 1, [100, 100])] {
        assert!(first != other, "{other}");
    }
}

#[test]
fn evaluation_and_prediction_give_an_image_the_same_score() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (compiled, setup) = spec(folder.path());
    let root = folder.path().join("data");
    for number in 0..20 {
        saved(&root, &format!("nut/train/good/{number}.png"), picture(number));
        saved(&root, &format!("nut/test/good/{number}.png"), picture(100 + number));
    }
    let test = saved(&root, "nut/test/bent/0.png", picture(200));
    saved(&root, "nut/ground_truth/bent/0_mask.png", GrayImage::from_pixel(31, 24, Luma([255])));
    let request = Request { name: "mvtec".to_owned(), root: Some(root.clone()), classes: None, unmarked: None };
    let dataset = dataset::open(&request).expect("it is a data set");
    let mut model = model(&compiled, &setup, 1);
    for draws in [1, 3] {
        let many = NonZeroU64::new(draws).expect("there are draws");
        let scoring = Scoring { measures: vec![compiled.program.measure.clone()], draws: many };
        let assessed = assess(&mut model, &dataset, &scoring, &mut (), &AtomicBool::new(false));
        let assessment = assessed.expect("it runs").expect("nobody stops it");
        assert_eq!(assessment.scores.len(), 21);
        let paths: Vec<PathBuf> = assessment.scores.iter().map(|(id, _)| root.join(id)).collect();
        assert!(paths.contains(&test));
        for ((id, value), result) in assessment.scores.iter().zip(scored(&mut model, &paths, draws)) {
            assert_eq!(value.to_bits(), result.scored.value.to_bits(), "{id}");
        }
    }
}

#[test]
fn the_result_of_several_draws_is_the_mean_of_each_of_them() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (compiled, setup) = spec(folder.path());
    let path = saved(folder.path(), "t.png", picture(3));
    let mut model = model(&compiled, &setup, 1);
    let (once, thrice) = (
        scored(&mut model, std::slice::from_ref(&path), 1).remove(0).scored,
        scored(&mut model, std::slice::from_ref(&path), 3).remove(0).scored,
    );
    let mut scorer = Scorer::new(&compiled.program, model.engine(), 1).expect("it can score");
    let prepared = [Prepared::new(&read_image(&path).expect("it is a picture"), "t".to_owned(), scorer.transform())];
    let draws: Vec<Scored> = (0..3).map(|draw| scorer.score(&prepared, draw).expect("it runs").remove(0)).collect();
    assert!(scorer.is_random() && bits(&once) == bits(&draws[0]) && once.deviation.is_none());
    let mean = |of: &dyn Fn(&Scored) -> f32| (draws.iter().map(|draw| f64::from(of(draw))).sum::<f64>() / 3.0) as f32;
    let value = mean(&|draw| draw.value);
    assert_eq!(thrice.value, value);
    for (i, pixel) in thrice.map.iter().enumerate() {
        assert_eq!(*pixel, mean(&|draw| draw.map[i]), "pixel {i}");
    }
    let square = |draw: &Scored| (f64::from(draw.value) - f64::from(value)).powi(2);
    let deviation = (draws.iter().map(square).sum::<f64>() / 2.0).sqrt();
    let found = f64::from(thrice.deviation.expect("there are several draws"));
    assert!(found > 0.0 && (found - deviation).abs() < 1e-5 * deviation, "{found} and {deviation}");
    assert!(draws[0].value != draws[1].value && draws[1].value != draws[2].value);
}
