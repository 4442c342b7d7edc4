//! What people who know torch type: what would mean something else here is refused, with what to write.

use super::{Spec, shown};

/// The body of a block's function, of which one thing is told, and this helps.
#[track_caller]
fn helps(body: &str, help: &str) {
    let block = format!("block Q() {{ fn (x) {{\n        {body}\n    }} }}");
    let spec = Spec::with(&block, "part q = Q()\nfn f(x: [B, 3, 64, 64]) { mean(q(x), axis: 1) }");
    let Err(failed) = spec.result() else { panic!("nothing is wrong with\n{}", spec.text) };
    let text = shown(&failed);
    let [told] = failed.diagnostics.as_slice() else { panic!("one error is told\n{text}") };
    assert!(told.help.as_deref().is_some_and(|told| told.contains(help)), "{help}\n{text}");
}

/// The body of a block's function, with which nothing is wrong.
fn is_fine(body: &str) {
    let block = format!("block Q() {{ fn (x) {{ {body} }} }}");
    Spec::with(&block, "part q = Q()\nfn f(x: [B, 3, 64, 64]) { mean(q(x), axis: 1) }").compiles();
}

#[test]
fn channels_in_the_place_of_an_epsilon_are_refused() {
    helps("x |> group_norm(3, 64) @ \"n\"", "write `group_norm(3)`");
    helps("x |> batch_norm(64) @ \"n\"", "write `batch_norm()`");
    helps("layer_norm(x, 64) @ \"n\"", "write `layer_norm()`");
    helps("x |> instance_norm(64)", "write `instance_norm()`");
    is_fine("x |> group_norm(3, 1e-6) @ \"a\" |> batch_norm(epsilon: 0.5) @ \"b\" |> layer_norm() @ \"c\"");
}

#[test]
fn layers_take_one_number_without_a_name() {
    helps("x |> conv(3, 64) @ \"a\"", "as in `conv(3, out: 64)`");
    helps("x |> conv(3, 64, 7) @ \"a\"", "as in `conv(7, out: 64)`");
    helps("conv(x, 3, 64, 7, 1) @ \"a\"", "as in `conv(7, out: 64)`");
    helps("x |> conv_transpose(64, 3, 2) @ \"a\"", "as in `conv_transpose(2, out: 3)`");
    helps("x |> linear(64, 128) @ \"a\"", "as in `linear(128)`");
    helps("linear(x, 128, false) @ \"a\"", "as in `linear(128, bias: false)`");
    is_fine("conv(x, [3, 5], out: 8, stride: 2) @ \"a\" |> linear(out: 4, bias: false) @ \"b\" |> conv(1) @ \"c\"");
}
