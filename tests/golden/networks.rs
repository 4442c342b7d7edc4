//! Single networks.

use super::{LONG, NETWORK, a, assert_all, assert_close, call, inputs, result};

/// The denoiser's inputs; the context takes the place of the encoded prompt.
fn denoising(reference: &super::Reference) -> diadc::execute::NamedTensors {
    inputs([
        ("z", reference.tensor("input.z")),
        ("t", reference.tensor("input.t")),
        ("image", reference.tensor("input.image")),
        ("prompt", reference.tensor("input.context")),
    ])
}

#[test]
fn the_guide_finds_all_controls_of_the_released_code() {
    let reference = a();
    let settings = [("join", "{middle, block1, block2, block3, block4}")];
    let results = call(&settings, "sg(z, image, t, prompt)", &denoising(&reference));
    let skips: Vec<(String, String)> = (0..12).map(|i| (format!("skips.{i}"), format!("control.{i}"))).collect();
    let mut names: Vec<(&str, &str)> = skips.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    names.push(("middle", "control.12"));
    assert_all(&results, &reference, &names, NETWORK);
}

#[test]
fn the_guided_denoiser_predicts_the_noise_of_the_released_code() {
    let reference = a();
    let results = call(&[], "denoise", &denoising(&reference));
    assert_all(&results, &reference, &[("result", "eps")], NETWORK);
}

#[test]
fn the_autoencoder_gives_the_moments_and_the_image_of_the_released_code() {
    let reference = a();
    let image = inputs([("image", reference.tensor("input.image"))]);
    let text = "{moments: ae.encode(image), decoded: ae.decode(latent_mean(ae.encode(image)))}";
    let results = call(&[], text, &image);
    assert_all(&results, &reference, &[("moments", "ae.moments"), ("decoded", "ae.decoded")], NETWORK);
}

#[test]
fn the_extractor_gives_the_features_of_torchvision() {
    let reference = a();
    let image = inputs([("image", reference.tensor("input.image"))]);
    let results = call(&[], "psi", &image);
    let names = [("1", "feature.2"), ("2", "feature.3"), ("3", "feature.4")];
    assert_all(&results, &reference, &names, NETWORK);
}

/// What `score` does with an image and its reconstruction.
pub(super) const MAPS: &str = "{
    raw: sum(for n in scales { resize(1 - cosine(psi(image)[n - 1], psi(other)[n - 1]), size, align_corners: true) }),
    smooth: gaussian_blur(sum(for n in scales {
        resize(1 - cosine(psi(image)[n - 1], psi(other)[n - 1]), size, align_corners: true)
    }), sigma),
}";

#[test]
fn the_map_and_the_score_are_those_of_the_released_code() {
    let reference = a();
    let pair =
        inputs([("image", reference.tensor("input.image")), ("other", reference.tensor("input.reconstruction"))]);
    let results = call(&[], MAPS, &pair);
    assert_all(&results, &reference, &[("raw", "map.raw"), ("smooth", "map.smooth")], NETWORK);
    let map = inputs([("map", result(&results, "smooth").clone())]);
    let value = call(&[], "map |> repeat(rounds, avg_pool(window, stride: 1)) |> max(axis: [1, 2, 3])", &map);
    assert_close("score", result(&value, "result").as_floats().expect("floats"), &reference.tensor("score"), LONG);
}
