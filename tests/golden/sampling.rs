//! The schedule and the sampler.

use super::{LONG, NETWORK, a, assert_all, call, inputs};

#[test]
fn the_schedule_is_that_of_latent_diffusion() {
    let reference = a();
    let results = call(&[], "{all: constant(schedule.alphas_cumprod)}", &inputs([]));
    assert_all(&results, &reference, &[("all", "schedule.alphas_cumprod")], 1e-6);
}

#[test]
fn one_step_and_ten_steps_of_the_sampler_are_those_of_the_released_code() {
    let reference = a();
    let given = || {
        inputs([
            ("image", reference.tensor("input.image")),
            ("noise", reference.tensor("input.noise")),
            ("prompt", reference.tensor("input.context")),
        ])
    };
    let start = "q_sample(schedule, scale * latent_mean(ae.encode(image)), constant(start - 1), noise)";
    let x = call(&[], start, &inputs([("image", given()["image"].clone()), ("noise", given()["noise"].clone())]));
    assert_all(&x, &reference, &[("result", "ddim.x_T")], NETWORK);

    let mut all = given();
    all.remove("noise");
    all.insert("x".to_owned(), reference.tensor("ddim.x_T"));
    let z = call(&[], "ddim(schedule, x, |z, t| denoise(z, t, image), steps, start)", &all);
    assert_all(&z, &reference, &[("result", "ddim.z")], LONG);

    // The same first step as in the loop of ten, by itself.
    let step = "{
        z: sqrt(schedule.alphas_cumprod[801])
            * (x - sqrt(1 - schedule.alphas_cumprod[901]) * denoise(x, expand(constant(901), [1]), image))
            / sqrt(schedule.alphas_cumprod[901])
            + sqrt(1 - schedule.alphas_cumprod[801]) * denoise(x, expand(constant(901), [1]), image)
    }";
    assert_all(&call(&[], step, &all), &reference, &[("z", "ddim.after_1")], NETWORK);

    let decoded = call(&[], "ae.decode(z / scale)", &inputs([("z", reference.tensor("ddim.z"))]));
    assert_all(&decoded, &reference, &[("result", "ddim.image")], LONG);
}
