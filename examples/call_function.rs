//! Compiles a spec and calls one of its functions on tensors.
//!
//! Run it with `cargo run --release --example call_function`.

use std::error::Error;

use diadc::compile::compile;
use diadc::execute::{DeviceChoice, Draw, HostTensor, NamedTensors, open};
use diadc::fact::Precision;
use diadc::resolve::Location;
use diadc::weight::Assembly;

fn main() -> Result<(), Box<dyn Error>> {
    // The small spec that comes with the library, with one of its params changed.
    let settings = [("fusion".to_owned(), "off".to_owned())];
    let compiled = compile(&Location::of("tiny"), &settings).map_err(|failed| {
        diadc::diagnostic::render(&failed.diagnostics, &failed.sources, diadc::diagnostic::Style::Plain)
    })?;
    let program = &compiled.program;

    // First values for its weights; `Assembly::load` takes them from a file.
    let mut engine = open(DeviceChoice::Cpu, Precision::F32)?;
    Assembly::first(program).hand_over(1, engine.as_mut(), &mut |_, _| ())?;

    // `denoise(z: [B, 4, 16, 16], t: int[B], image: [B, 3, 64, 64])` for a batch of two.
    let plan = program.plan("denoise", &[]).ok_or("the spec has no function `denoise`")?;
    let id = engine.add(plan);
    let inputs = NamedTensors::from([
        ("z".to_owned(), HostTensor::floats(&[2, 4, 16, 16], vec![0.5; 2 * 4 * 16 * 16])),
        ("t".to_owned(), HostTensor::ints(&[2], vec![10, 500])),
        ("image".to_owned(), HostTensor::floats(&[2, 3, 64, 64], vec![0.0; 2 * 3 * 64 * 64])),
    ]);
    let draw = Draw { seed: 1, step: 0, samples: vec![0, 1] };
    for (name, tensor) in engine.evaluate(id, &inputs, &draw)? {
        let numbers = tensor.as_floats().ok_or("an output of integers")?;
        let mean = numbers.iter().sum::<f32>() / numbers.len() as f32;
        report(&format!("{name}: {:?}, mean {mean:.4}", tensor.shape));
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "an example shows what it found")]
fn report(line: &str) {
    println!("{line}");
}
