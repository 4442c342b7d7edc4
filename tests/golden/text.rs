//! The text encoder.

use super::{NETWORK, Reference, assert_all, call, inputs};

#[test]
fn the_text_encoder_gives_the_last_hidden_state_of_transformers() {
    let reference = Reference::new(include_bytes!("clip_a.safetensors"));
    let tokens = inputs([("tokens", reference.tensor("input.tokens"))]);
    let results = call(&[], "text", &tokens);
    assert_all(&results, &reference, &[("result", "last_hidden_state")], NETWORK);
}
