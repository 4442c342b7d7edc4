//! DDPM and LDM, DiAD's baselines: the denoiser, what ten steps of the sampler make of noise, map and score, loss and
//! gradients. The numbers are those of `tests/oracle/systems_diffusion.py`.

use diadc::execute::{HostTensor, NamedTensors};
use diadc::graph::program::plan_function;

use super::system::System;
use super::{draw, formula, inputs, prepare, result};

/// One square image, and two oblong ones.
const CASES: [(&str, &str, usize, [usize; 2]); 2] =
    [("square", "[64, 64]", 1, [64, 64]), ("oblong", "[64, 128]", 2, [64, 128])];

fn ints(count: usize, numbers: [i64; 2]) -> HostTensor {
    HostTensor::ints(&[count], numbers[..count].to_vec())
}

/// Something of `channels`, noise of its shape, and a step and a class for each sample.
fn batch(name: &'static str, count: usize, channels: usize, [height, width]: [usize; 2]) -> NamedTensors {
    let shape = [count, channels, height, width];
    inputs([
        (name, formula::tensor(&format!("input.{name}"), &shape)),
        ("noise", formula::tensor("input.noise", &shape)),
        ("t", ints(count, [501, 77])),
        ("class", ints(count, [3, 0])),
    ])
}

#[test]
fn ddpm_gives_the_numbers_of_torch_at_two_sizes() {
    for (case, size, count, sides) in CASES {
        let settings = [("size", size), ("width", "32"), ("backbone", "resnet18")];
        let fixture = include_bytes!("systems/ddpm.safetensors");
        let system = System { spec: "specs/systems/ddpm.diad", settings: &settings, fixture, case };
        let mut given = batch("image", count, 3, sides);
        given.remove("class");
        let text = "{denoised: denoise(image, t),
                     restored: restored(q_sample(schedule, image, constant(999), noise)),
                     last_step: ddpm(schedule, image, denoise, start: 1),
                     map: compared(image, 0.7 * image + 0.3 * noise).map,
                     value: compared(image, 0.7 * image + 0.3 * noise).value}";
        system.agrees(text, &given, &["denoised", "restored", "last_step", "map", "value"]);
        system.gradients_agree("loss(image, t, noise)", &given);
    }
}

#[test]
fn ldm_gives_the_numbers_of_torch_at_two_sizes() {
    for (case, size, count, [height, width]) in CASES {
        let settings = [("size", size), ("width", "32"), ("classes", "5"), ("backbone", "resnet18")];
        let fixture = include_bytes!("systems/ldm.safetensors");
        let system = System { spec: "tests/golden/systems/ldm.diad", settings: &settings, fixture, case };
        let mut given = batch("z", count, 4, [height / 8, width / 8]);
        system.gradients_agree("loss(z, t, noise, class)", &given);
        given.remove("noise");
        let text = "{denoised: denoise(z, t, class), restored: restored(z, class)}";
        system.agrees(text, &given, &["denoised", "restored"]);
    }
}

/// From zeros, by a denoiser that finds no noise, all that is there in the end is what the sampler has added.
#[test]
fn the_sampler_with_all_steps_adds_noise_of_the_variance_of_the_posterior() {
    let settings = [("small", "true")];
    let x = inputs([("x", HostTensor::floats(&[1, 3, 64, 64], vec![0.0; 3 * 64 * 64]))]);
    let text = "ddpm(schedule, x, |x, t| 0 * x, start: 200)";
    let mut called = prepare("specs/systems/ddpm.diad", &settings, text, &x);
    let id = called.engine.add(plan_function(&called.function, &[]));
    let results = called.engine.evaluate(id, &x, &draw()).expect("it runs");
    let found = result(&results, "result").as_floats().expect("results are floats");
    let betas: Vec<f64> = (0..200).map(|t| 1e-4 + (0.02 - 1e-4) * f64::from(t) / 999.0).collect();
    let mut kept = vec![1.0];
    kept.extend(betas.iter().scan(1.0, |kept, beta| {
        *kept *= 1.0 - beta;
        Some(*kept)
    }));
    let variance = (0..200)
        .rev()
        .fold(0.0, |variance, t| variance / (1.0 - betas[t]) + betas[t] * (1.0 - kept[t]) / (1.0 - kept[t + 1]));
    let count = found.len() as f64;
    let mean = found.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let spread = found.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    // Five standard deviations of such estimates.
    assert!(mean.abs() < 5.0 * (variance / count).sqrt(), "the mean is {mean}");
    assert!((spread / variance - 1.0).abs() < 5.0 * (2.0 / count).sqrt(), "variances: {spread}, not {variance}");
}
