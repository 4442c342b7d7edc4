//! Losses and gradients of random chains of operations against torch in double precision; `tests/oracle/chains.py` writes the
//! chains. `DIADC_CHAINS` names a file with others.

use serde_json::Value;

use crate::spec::{Spec, shown};

use super::net::{draw, engine, floats, inputs, is_exact};

/// Largest difference, relative to the largest gradient of the chain.
const NEAR: f64 = 1e-4;

#[test]
#[allow(clippy::print_stdout, reason = "how close they come is worth a look")]
fn gradients_of_random_chains_are_those_of_torch() {
    let given = std::env::var("DIADC_CHAINS").ok();
    let text = given.map_or_else(
        || include_str!("chains.json").to_owned(),
        |file| std::fs::read_to_string(file).expect("DIADC_CHAINS names a file"),
    );
    let fixture: Value = serde_json::from_str(&text).expect("the fixture is JSON");
    let samples = fixture["samples"].as_u64().expect("a number of samples");
    let near = if is_exact() { NEAR } else { 100.0 * NEAR };
    let mut wrong = Vec::new();
    let mut worst = 0.0_f64;
    let chains = fixture["chains"].as_array().expect("the fixture lists chains");
    for chain in chains {
        let off = off(chain, samples).unwrap_or_else(|problem| panic!("{problem}\n{}", chain["chain"]));
        worst = worst.max(off);
        if off > near {
            wrong.push(format!("{}, {}: off by {off:.1e}", chain["size"], chain["chain"]));
        }
    }
    println!("{} chains, off by at most {worst:.1e} of the largest gradient", chains.len());
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), chains.len(), wrong.join("\n"));
}

/// How far the loss and the gradients of a chain are from torch's, relative to the largest gradient.
fn off(chain: &Value, samples: u64) -> Result<f64, String> {
    let size: Vec<usize> = list(&chain["size"]).into_iter().map(|n| n as usize).collect();
    let body = chain["chain"].as_str().ok_or("a chain has a text")?;
    let spec = Spec::with(
        &format!("block Net() {{ fn (x: [B, C, H, W]) {{ {body} }} }}"),
        &format!(
            "data {{ size = [{}, {}] }}\npart net = Net()\nobjective o(image) trains net {{ mean(tanh(net(image))) }}",
            size[0], size[1]
        ),
    );
    let program = spec.result().map_err(|failed| shown(&failed))?.program;
    let expected = chain["weights"].as_array().ok_or("a chain has weights")?;
    let own = |path: &str| path.strip_prefix("net.").unwrap_or(path).to_owned();
    let place = |path: &str| expected.iter().position(|weight| weight["path"] == own(path));
    // Running statistics are not among them.
    let seed = |path: &str| place(path).map_or(1, |place| 10 + place as u64);
    let weights: Vec<_> = program.weights.iter().map(|weight| floats(&weight.shape, seed(&weight.path))).collect();
    let given = inputs([("image", floats(&[samples as usize, 3, size[0], size[1]], 3))]);
    let mut engine = engine(&weights);
    let plan = program.plan("o", &program.objectives[0].trains).ok_or("there is an objective")?;
    let id = engine.add(plan);
    let found = engine.gradients(id, &given, &draw(samples)).map_err(|error| error.to_string())?;
    let largest =
        expected.iter().flat_map(|weight| list(&weight["numbers"])).fold(0.0, |most: f64, x| most.max(x.abs()));
    let loss = chain["loss"].as_f64().ok_or("a chain has a loss")?;
    let mut off = (f64::from(found.loss) - loss).abs().min(1.0) * NEAR / 1e-5 * largest;
    for (id, gradient) in &found.gradients {
        let path = &program.weight(*id).path;
        let expected = &expected[place(path).ok_or_else(|| format!("`{path}` is not in the fixture"))?];
        let numbers: Vec<f64> =
            gradient.iter().flat_map(|g| g.as_floats().unwrap_or_default()).map(|x| f64::from(*x)).collect();
        let norm = numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
        off = off.max((norm - expected["norm"].as_f64().ok_or("a norm")?).abs() / (numbers.len().max(1) as f64).sqrt());
        let step = expected["step"].as_u64().ok_or("a step")? as usize;
        for (at, expected) in list(&expected["numbers"]).into_iter().enumerate() {
            let found = numbers.get(at * step).copied().unwrap_or(0.0);
            off = off.max(if found.is_finite() { (found - expected).abs() } else { f64::INFINITY });
        }
    }
    Ok(off / largest)
}

fn list(numbers: &Value) -> Vec<f64> {
    numbers.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}
