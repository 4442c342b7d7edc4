//! Real weights on a real image. They lie in `../shared`, which not every machine has.

use std::path::Path;

use diadc::compile::{Compiled, compile_call};
use diadc::execute::HostTensor;
use diadc::graph::program::plan_function;
use diadc::resolve::Location;
use diadc::weight::File;

use crate::golden::{LONG, NETWORK, Reference, assert_close, draw, fact, inputs, result};
use crate::run::net;
use crate::skip;

/// The weights of a program from the three files, by the part they belong to.
fn weights(compiled: &Compiled, folder: &Path) -> Vec<HostTensor> {
    let open = |name: &str| File::open(&folder.join(name)).expect("the file can be read");
    let files = [
        ("ae.encoder.", open("taesd_encoder.safetensors")),
        ("ae.decoder.", open("taesd_decoder.safetensors")),
        ("psi.", open("resnet50_v1_stem_layer1-3.safetensors")),
    ];
    let find = |path: &str| {
        let (prefix, file) = files.iter().find(|(prefix, _)| path.starts_with(prefix)).expect("each part has a file");
        file.read(&path[prefix.len()..]).expect("the file has the weight")
    };
    compiled.program.weights.iter().map(|weight| find(&weight.path)).collect()
}

#[test]
fn a_real_image_is_encoded_reconstructed_and_scored_as_by_torch() {
    let Some(path) = skip::shared("golden/real_hazelnut.safetensors") else { return };
    let Some(folder) = skip::shared("weights") else { return };
    let bytes = std::fs::read(path).expect("the file can be read");
    let reference = Reference::new(bytes.leak());
    let pixels = reference.0.tensor("image.resized_u8").expect("the image is there");
    let side = 256;
    let mut numbers = vec![0.0; 3 * side * side];
    for (i, byte) in pixels.data().iter().enumerate() {
        numbers[i % 3 * side * side + i / 3] = f32::from(*byte) / 255.0;
    }
    let image = inputs([("image", HostTensor::floats(&[1, 3, side, side], numbers))]);
    let facts: Vec<_> = image.iter().map(|(name, tensor)| (name.clone(), fact(tensor))).collect();
    let location = Location::File(skip::repository().join("tests/golden/real.diad"));
    let (compiled, function) = compile_call(&location, &[], "compare", &facts).expect("the spec is right");
    let mut engine = net::engine(&weights(&compiled, &folder));
    let id = engine.add(plan_function(&function, &[]));
    let results = engine.evaluate(id, &image, &draw()).expect("it runs");
    let floats = |name: &str| result(&results, name).as_floats().expect("floats");
    for name in ["latent", "reconstruction"] {
        assert_close(name, floats(name), &reference.tensor(name), NETWORK);
    }
    for (name, expected) in [("raw", "map.raw"), ("smooth", "map.smooth"), ("score", "score")] {
        assert_close(expected, floats(name), &reference.tensor(expected), LONG);
    }
    for (n, name) in [(2, "features.1"), (3, "features.2"), (4, "features.3")] {
        let map = result(&results, name);
        let plane = map.shape[2] * map.shape[3];
        let sample = reference.tensor(&format!("feature.{n}.sample"));
        let numbers = floats(name);
        let means: Vec<f32> =
            numbers.chunks(plane).map(|plane| plane.iter().sum::<f32>() / plane.len() as f32).collect();
        assert_close(name, &means, &reference.tensor(&format!("feature.{n}.mean")), NETWORK);
        assert_close(name, &numbers[..sample.data.len()], &sample, NETWORK);
    }
}
