//! DDPM and LDM, DiAD's baselines: the denoiser, what ten steps of the sampler make of noise, map and score, loss and
//! gradients. The numbers are those of `tests/oracle/systems_diffusion.py`.

use diadc::execute::{HostTensor, NamedTensors};

use super::system::System;
use super::{formula, inputs};

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
                     map: compared(image, 0.7 * image + 0.3 * noise).map,
                     value: compared(image, 0.7 * image + 0.3 * noise).value}";
        system.agrees(text, &given, &["denoised", "restored", "map", "value"]);
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
