//! UniAD: tokens, what the transformer makes of them, map, both scores, loss and gradients. The numbers are those of
//! `tests/oracle/systems_uniad.py`.

use diadc::execute::NamedTensors;

use super::system::System;
use super::{formula, inputs};

fn system<'a>(case: &'static str, settings: &'a [(&'a str, &'a str)]) -> System<'a> {
    System { spec: "specs/systems/uniad.diad", settings, fixture: include_bytes!("systems/uniad.safetensors"), case }
}

/// One square image, and two oblong ones.
const CASES: [(&str, &str, [usize; 4], usize); 2] =
    [("square", "224", [1, 3, 224, 224], 196), ("oblong", "[96, 160]", [2, 3, 96, 160], 60)];

fn image(shape: &[usize]) -> NamedTensors {
    inputs([("image", formula::tensor("input.image", shape))])
}

#[test]
fn uniad_gives_the_tokens_and_maps_of_torch_at_two_sizes() {
    for (case, size, shape, _) in CASES {
        let text = "{tokens: tokens(image), rebuilt: reconstruction(tokens(image)), map: score(image).map,
                     largest: score(image).value}";
        let names = ["tokens", "rebuilt", "map", "largest"];
        system(case, &[("size", size)]).agrees(text, &image(&shape), &names);
        let other = [("size", size), ("summary", "deviation")];
        system(case, &other).agrees("{deviation: score(image).value}", &image(&shape), &["deviation"]);
    }
}

#[test]
fn the_extractor_of_uniad_can_pad_for_the_images_that_it_is_given() {
    let settings = [("size", "[96, 160]"), ("padded_for", "0")];
    system("same", &settings).agrees("{tokens: tokens(image)}", &image(&[2, 3, 96, 160]), &["tokens"]);
}

#[test]
fn uniad_has_the_loss_and_the_gradients_of_torch_at_two_sizes() {
    for (case, size, shape, tokens) in CASES {
        let mut batch = image(&shape);
        batch.insert("noise".to_owned(), formula::tensor("input.noise", &[shape[0], tokens, 272]));
        system(case, &[("size", size)]).gradients_agree("loss(tokens(image), noise)", &batch);
    }
}
