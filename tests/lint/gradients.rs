//! What is said of a trained weight follows from its gradient: whether there is one, and whether it can be other than zero.

use crate::language::{Spec, shown};

/// The codes of what is found about a model that trains one part, whose block has this body.
#[track_caller]
fn codes(body: &str, loss: &str) -> Vec<&'static str> {
    let net = format!("block Net() {{ fn (x) {{ {body} }} }}");
    let model = format!(
        "data {{ size = 16 }}\npart net = Net()\nobjective learning(image) trains net {{ {loss} }}\n\
         training learning {{ optimizer = sgd(lr: 0.1)  batch = 2  steps = 1 }}"
    );
    let compiled = Spec::with(&net, &model).result().unwrap_or_else(|failed| panic!("{}", shown(&failed)));
    compiled.warnings.iter().map(|warning| warning.code.name()).collect()
}

const LOSS: &str = "mse(net(image), 2 * image)";

#[test]
fn a_layer_of_zeros_is_stuck_before_what_is_flat_at_zero() {
    for flat in ["relu", "clamp(0, 1)", "clamp(1, 2)", "abs"] {
        let body = format!("x |> conv(3, init: zeros) @ \"a\" |> {flat}");
        assert_eq!(codes(&body, LOSS), ["stuck-weight"], "{flat}");
    }
    for steep in ["silu", "tanh", "leaky_relu", "sin", "clamp(-1, 1)", "max(0)"] {
        let body = format!("x |> conv(3, init: zeros) @ \"a\" |> {steep}");
        assert!(codes(&body, LOSS).is_empty(), "{steep}");
    }
}

#[test]
fn a_layer_is_stuck_whose_result_is_multiplied_by_what_stays_zero() {
    let zero = "let z = x |> conv(3, bias: false, init: zeros) @ \"z\"";
    let times = |z: &str| codes(&format!("{zero} let a = x |> conv(3) @ \"a\" x + a * {z}"), LOSS);
    assert_eq!(times("stop_gradient(z)"), ["cut-gradient", "stuck-weight"]);
    assert!(times("z").is_empty());
}

#[test]
fn a_loop_passes_a_gradient_if_one_of_its_turns_does() {
    let over = |factors: &str| format!("loop z = x over a in {factors} {{ z + a * (z |> conv(3) @ \"a\") }}");
    assert_eq!(codes(&over("[0.0, 0.0]"), LOSS), ["stuck-weight"]);
    assert!(codes(&over("[0.0, 1.0]"), LOSS).is_empty());
    // What the last turn makes is all that comes out.
    let last = |factors: &str| format!("loop z = x over a in {factors} {{ a * (x + z |> conv(3) @ \"a\") }}");
    assert_eq!(codes(&last("[1.0, 0.0]"), LOSS), ["stuck-weight"]);
    assert!(codes(&last("[0.0, 1.0]"), LOSS).is_empty());
}

#[test]
fn a_bias_that_only_a_slope_depends_on_gets_a_gradient_if_the_slope_is_not_made_of_steps() {
    let slope = |bend: &str| format!("let y = net(image) |> {bend}  mean(gradient(y, image) ^ 2)");
    assert!(codes("x |> conv(3) @ \"a\"", &slope("tanh")).is_empty());
    assert_eq!(codes("x |> conv(3) @ \"a\"", &slope("relu")), ["cut-gradient"]);
}
