//! What a run ends with is the same to the last byte, whatever the number of threads.

use super::harness::Bench;

/// All objectives of `tiny`, a few steps each.
const SHORT: &str = "//! The small spec with a few steps.
use \"TINY\"::{Tiny}

model Short from Tiny {
    param steps: int  in 1..=500  = 10
    training autoencoding { optimizer = adamw(lr: 5e-3)  batch = 6  steps = 4 }
    training denoising    { optimizer = adamw(lr: 2e-3)  batch = 5  steps = 4 }
    training comparing    { optimizer = adamw(lr: 2e-3)  batch = 3  steps = 3 }
}
";

/// A convolution whose windows are unfolded in bands, which all cores share.
const WIDE: &str = "//! Many channels.
model Wide {
    data { size = 48 }
    part net = Widened()
    objective rebuilding(image) trains net { mse(net(image), image) }
    training rebuilding { optimizer = adamw(lr: 2e-3)  batch = 3  steps = 2 }
    score(image) {
        let map = mean((net(image) - image) ^ 2, axis: 1)
        { map: map, value: max(map, axis: [1, 2]) }
    }
}

block Widened() {
    fn (x: [B, 3, H, W]) {
        x |> conv(1, out: 1000) @ \"wide\" |> silu |> conv(3, out: 40) @ \"narrow\" |> silu |> conv(1, out: 3) @ \"out\"
    }
}
";

/// Systems that are fitted, on small images and features of first values.
const FITTED: [(&str, &str); 2] = [
    ("padim", "model Small from Padim { param size: int in 32..=1024 = 32  param channels: int in 1..=1792 = 20 }"),
    (
        "patchcore",
        "model Small from Patchcore {
            param size: int in 32..=1024 = 32
            param depth: int = 18
            param inner: int in 1..=2 = 1
            param rows: int in 1..=1000000 = 30
        }",
    ),
];

/// What a training writes, and what the scores of its model are.
#[derive(PartialEq)]
struct Written {
    weights: Vec<u8>,
    scores: String,
    maps: Vec<Vec<u8>>,
    metrics: serde_json::Value,
}

fn written(bench: &Bench, spec: &str, threads: usize) -> Written {
    let run = |arguments: &[&str]| {
        let output = bench.command(arguments).env("RAYON_NUM_THREADS", threads.to_string()).output();
        let output = output.expect("the program can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let read = |path: &str| std::fs::read(bench.path(path)).expect("it was written");
    let [trained, scored] = ["trained", "scored"].map(|name| format!("{name}-{spec}-{threads}"));
    let data = ["--dataset", "mvtec", "--data", "data"];
    run(&[&["train", spec, "--out", &trained], data.as_slice()].concat());
    let weights = format!("{trained}/weights.safetensors");
    run(&["predict", spec, "--weights", &weights, "--images", "data/nut/test", "--out", &scored]);
    let mut maps: Vec<_> = std::fs::read_dir(bench.path(&scored))
        .expect("it was written")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
        .collect();
    maps.sort();
    let maps = maps.iter().map(|path| std::fs::read(path).expect("it was written")).collect();
    let metrics = run(&[&["eval", spec, "--weights", &weights, "--format", "json"], data.as_slice()].concat());
    let metrics: serde_json::Value = serde_json::from_str(&metrics).expect("it is JSON");
    let scores = String::from_utf8(read(&format!("{scored}/scores.csv"))).expect("it is a text");
    Written { weights: read(&weights), scores, maps, metrics: metrics["evaluations"].clone() }
}

#[test]
fn training_and_scoring_do_not_depend_on_the_number_of_threads() {
    let bench = Bench::new();
    bench.data();
    for i in 0..9_u32 {
        let picture = image::RgbImage::from_fn(40, 40, |x, y| {
            image::Rgb([(x * (7 + i)) as u8, (y * 5 + i * 11) as u8, ((x * y) >> 3) as u8])
        });
        let folder = if i < 6 { "train/good" } else { "test/bent" };
        let name = bench.path(&format!("data/nut/{folder}/striped{i}.png"));
        picture.save(name).expect("a picture can be written");
        if i >= 6 {
            bench.picture(&format!("data/nut/ground_truth/bent/striped{i}_mask.png"), 40, 255);
        }
    }
    let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/specs/tiny.diad");
    bench.write("short.diad", SHORT.replace("TINY", tiny).as_bytes());
    bench.write("wide.diad", WIDE.as_bytes());
    for (name, model) in FITTED {
        let path = format!("{}/specs/systems/{name}.diad", env!("CARGO_MANIFEST_DIR"));
        let base = if name == "padim" { "Padim" } else { "Patchcore" };
        bench.write(&format!("{name}.diad"), format!("use \"{path}\"::{{{base}}}\n{model}\n").as_bytes());
    }
    for spec in ["short.diad", "wide.diad", "padim.diad", "patchcore.diad"] {
        let one = written(&bench, spec, 1);
        assert!(!one.maps.is_empty() && one.scores.lines().count() > 4);
        for threads in [2, 3, 5, 8] {
            let other = written(&bench, spec, threads);
            assert!(one.weights == other.weights, "weights of {spec} on {threads} threads");
            assert_eq!(one.scores, other.scores, "scores of {spec} on {threads} threads");
            assert!(one.maps == other.maps, "maps of {spec} on {threads} threads");
            assert_eq!(one.metrics, other.metrics, "metrics of {spec} on {threads} threads");
        }
    }
}
