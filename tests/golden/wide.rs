//! Another width, batch and size: parity is a property of the language, not of one configuration.

use std::collections::BTreeMap;

use diadc::execute::{Evaluation, HostTensor, NamedTensors};
use diadc::graph::program::plan_function;
use serde_json::Value;

use super::networks::MAPS;
use super::{LONG, NETWORK, Reference, SPEC, assert_close, call, draw, formula, inputs, prepare, result};
use crate::run::net;

/// As `write` in `tests/oracle/diad.py`.
const SETTINGS: &[(&str, &str)] =
    &[("size", "[128, 192]"), ("width", "64"), ("heads", "8"), ("pixels", "64"), ("backbone", "resnet34")];
const JOIN: (&str, &str) = ("join", "{middle, block1, block2, block3, block4}");

fn image() -> HostTensor {
    formula::tensor("input.image", &[2, 3, 128, 192])
}

fn denoising() -> NamedTensors {
    inputs([
        ("z", formula::tensor("input.z", &[2, 4, 16, 24])),
        ("t", HostTensor::ints(&[2], vec![501, 77])),
        ("image", image()),
        ("prompt", formula::tensor("input.context", &[1, 7, 16])),
    ])
}

fn document() -> Value {
    serde_json::from_str(include_str!("wide.json")).expect("the fixture is JSON")
}

/// Compares every k-th number of each result with what the fixture kept of it.
#[track_caller]
fn assert_thinned(results: &Evaluation, names: &[(&str, &str)]) {
    let reference = Reference::new(include_bytes!("wide.safetensors"));
    let document = document();
    for (name, expected) in names {
        let step = document["steps"][expected].as_u64().expect("a number") as usize;
        let numbers = result(results, name).as_floats().expect("results are floats");
        let kept: Vec<f32> = numbers.iter().copied().step_by(step).collect();
        assert_close(expected, &kept, &reference.tensor(expected), NETWORK);
    }
}

#[test]
fn the_denoiser_and_its_guide_agree_with_torch_at_another_width_batch_and_size() {
    let settings = [SETTINGS, &[JOIN]].concat();
    let controls = call(&settings, "sg(z, image, t, prompt)", &denoising());
    let names: Vec<(String, String)> = (0..12).map(|i| (format!("skips.{i}"), format!("control.{i}"))).collect();
    let mut names: Vec<(&str, &str)> = names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    names.push(("middle", "control.12"));
    assert_thinned(&controls, &names);
    assert_thinned(&call(SETTINGS, "denoise", &denoising()), &[("result", "eps")]);
}

#[test]
fn the_autoencoder_agrees_with_torch_at_another_width_batch_and_size() {
    let text = "{moments: ae.encode(image), decoded: ae.decode(latent_mean(ae.encode(image)))}";
    let results = call(SETTINGS, text, &inputs([("image", image())]));
    assert_thinned(&results, &[("moments", "ae.moments"), ("decoded", "ae.decoded")]);
}

#[test]
fn features_and_maps_agree_with_torch_for_another_extractor_batch_and_size() {
    let other = formula::tensor("input.reconstruction", &[2, 3, 128, 192]);
    let other = image()
        .as_floats()
        .expect("floats")
        .iter()
        .zip(other.as_floats().expect("floats"))
        .map(|(a, b)| 0.7 * a + 0.3 * b)
        .collect();
    let results = call(SETTINGS, "psi", &inputs([("image", image())]));
    assert_thinned(&results, &[("1", "feature.2"), ("2", "feature.3"), ("3", "feature.4")]);
    let pair = inputs([("image", image()), ("other", HostTensor::floats(&[2, 3, 128, 192], other))]);
    assert_thinned(&call(SETTINGS, MAPS, &pair), &[("raw", "map.raw"), ("smooth", "map.smooth")]);
}

#[test]
fn the_loss_and_all_gradients_agree_with_torch_at_another_width_batch_and_size() {
    let mut batch = denoising();
    batch.remove("z");
    batch.insert("noise".to_owned(), formula::tensor("input.noise", &[2, 4, 16, 24]));
    let mut called = prepare(SPEC, SETTINGS, "given_loss", &batch);
    let trained = called.compiled.program.objectives[0].trains.clone();
    let id = called.engine.add(plan_function(&called.function, &trained));
    let made = called.engine.gradients(id, &batch, &draw()).expect("it runs");
    let document = document();
    let expected = document["loss"].as_f64().expect("a number");
    assert!((f64::from(made.loss) - expected).abs() < net::tolerance(NETWORK) * expected, "{} {expected}", made.loss);
    let norms: BTreeMap<String, Option<f64>> =
        serde_json::from_value(document["grad_norms"].clone()).expect("numbers by path");
    assert_eq!(made.gradients.len(), norms.len());
    let largest = norms.values().flatten().copied().fold(0.0, f64::max);
    for (id, gradient) in made.gradients {
        let path = &called.compiled.program.weight(id).path;
        let norm = gradient.map(|gradient| super::training::norm(&gradient));
        assert_eq!(norm.is_none(), norms[path].is_none(), "`{path}`");
        if let (Some(found), Some(expected)) = (norm, norms[path]) {
            let allowed = net::tolerance(LONG) * expected.max(1e-4 * largest);
            assert!(
                (found - expected).abs() <= allowed,
                "the gradient of `{path}` has the norm {found:e}, not {expected:e}"
            );
        }
    }
}
