//! Computing again what gradients need, in place of keeping it.

use diadc::fact::Precision;
use diadc::graph::program::{Length, Optimizer, Phase, Program};
use diadc::plan::memory::{Circumstances, training};
use serde_json::Value;

use crate::spec::{Spec, compiled};

use super::net::{draw, engine, floats, inputs};

fn phase(recompute: bool) -> Phase {
    let optimizer = Optimizer::Sgd { lr: 1.0, momentum: 0.0, weight_decay: 0.0, nesterov: false };
    Phase { recompute, ..Phase::new(vec!["o".to_owned()], optimizer, 2, Length::Steps(1)) }
}

/// A step of an objective and its new statistics, kept or computed again, are the same to the bit.
fn is_the_same(program: &Program, name: &str, side: usize) {
    let weights: Vec<_> = program.weights.iter().map(|weight| floats(&weight.shape, 5)).collect();
    let given = inputs([("image", floats(&[2, 3, side, side], 3))]);
    let objective = program.objectives.iter().find(|own| own.name == name).expect("it is an objective");
    let function = program.function(name).expect("an objective has a function");
    let [kept, again] = [false, true].map(|recompute| {
        let mut engine = engine(&weights);
        let id = engine.add(program.plan_in(&phase(recompute), function, &objective.trains));
        let stepped = engine.step(id, &given, &draw(2), 1.0).expect("it runs");
        let after = program.weights().map(|(id, _)| engine.weight(id).expect("the device answers"));
        (stepped, after.collect::<Vec<_>>())
    });
    assert!(kept.1 != weights || kept.0.loss.is_nan(), "{name}");
    assert_eq!(kept.0.loss.to_bits(), again.0.loss.to_bits(), "{name}");
    assert!(kept == again || kept.0.loss.is_nan(), "{name}");
}

#[test]
fn gradients_are_the_same_to_the_bit() {
    let tiny = compiled("specs/tiny.diad", &[]);
    for objective in ["autoencoding", "denoising", "comparing"] {
        is_the_same(&tiny, objective, 64);
    }
    let fixture: Value = serde_json::from_str(include_str!("chains.json")).expect("the fixture is JSON");
    let chains = fixture["chains"].as_array().expect("the fixture lists chains");
    for chain in chains.iter().filter(|chain| chain["size"][0] == chain["size"][1]).take(12) {
        let (side, body) = (chain["size"][0].as_u64().expect("a size"), chain["chain"].as_str().expect("a text"));
        let spec = Spec::with(
            &format!("block Net() {{ fn (x: [B, C, H, W]) {{ {body} }} }}"),
            &format!(
                "data {{ size = {side} }}\npart net = Net()\nobjective o(image) trains net {{ mean(tanh(net(image))) }}"
            ),
        );
        is_the_same(&spec.compiles(), "o", side as usize);
    }
}

#[test]
fn less_is_held_where_it_is_computed_again() {
    let tiny = compiled("specs/tiny.diad", &[]);
    let (name, circumstances) = ("denoising", Circumstances { batch: 16, precision: Precision::F32, cores: 2 });
    let objective = tiny.objectives.iter().find(|own| own.name == name).expect("it is an objective");
    let [kept, again] = [false, true].map(|recompute| {
        let plan = tiny.plan_in(&phase(recompute), tiny.function(name).expect("it has a function"), &objective.trains);
        training(&tiny, &plan, &phase(recompute), circumstances).expect("only the batch is open").activations
    });
    assert!(2 * again < kept, "{again} of {kept} bytes");
}
