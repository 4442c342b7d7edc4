//! What people who know torch and Python type: what would mean something else here is refused, once, with what to write.

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

#[test]
fn a_body_without_a_value_is_told_where_it_stands() {
    for body in ["", "let y = relu(x)", "var y = x\n y = relu(y)"] {
        helps(body, "here none comes last");
    }
    helps("let g = |z| { let y = relu(z) }\n g(x)", "here none comes last");
}

#[test]
fn what_follows_from_a_statement_of_another_language_is_not_told() {
    helps("x[0, 1]", "`slice(x, axis, from, to)`");
    helps("match x { }", "`if k == a");
    helps("when true { x }", "`if condition { a } else { b }`");
    helps("while true { [x] }", "a known number of steps");
    helps("with no_grad { [x] }", "`stop_gradient(x)`");
    helps("try { [x] } catch { [x] }", "nothing is caught");
    helps("x is none", "`==`");
    helps("x.to(device)", "`--device cuda:0`");
    helps("int n = 3\n x * n", "as in `let n = 3`");
}

#[test]
fn a_quotient_of_an_open_extent_is_rounded_down_where_that_helps() {
    let halved = |result: &str, body: &str| Spec::model(&format!("fn f(x: [B, 3, H, W]) -> {result} {{ {body} }}"));
    halved("[B, 3, H, div(W, 2)]", "avg_pool(x, [1, 2])").compiles();
    halved("[B, 3, H, div(W + 1, 2)]", "slice(x, 1, 0, 3) |> max_pool([1, 2], padding: [0, 1], stride: [1, 2])")
        .fails_with("shape-mismatch");
    let sized = halved("[B, 3, H, W]", "adaptive_avg_pool(x, [8, div(W, 2)])");
    let Err(failed) = sized.result() else { panic!("the size is open") };
    let text = shown(&failed);
    assert!(
        text.contains("`floor((W)/2)` is known only when the model runs") && text.contains("state the size"),
        "{text}"
    );
}
