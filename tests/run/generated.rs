//! What passes the check runs: random chains of operations, most of them on images of odd sizes.
//!
//! A spec is refused, or it runs on one sample and on two, as it is and optimised, with the same results in the shapes that
//! were promised, and a step of its training has gradients.

use std::cell::Cell;

use diadc::fact::Bindings;
use diadc::graph::program::{Function, Program};
use diadc::optimize::optimize;
use proptest::prelude::*;
use proptest::sample::select;

use crate::spec::{Spec, cases, named};

use super::net::{draw, engine, evaluate, floats, inputs};

/// Operations on the value so far; `N`, `M` and `K` become small numbers.
const STEPS: &[&str] = &[
    "conv(N, out: M, stride: K) @ \"PLACE\"",
    "conv(N, padding: M, dilation: K) @ \"PLACE\"",
    "conv(N, out: M, groups: K) @ \"PLACE\"",
    "conv_transpose(N, out: M, stride: K) @ \"PLACE\"",
    "conv_transpose(N, stride: M, padding: K, output_padding: 1) @ \"PLACE\"",
    "linear(N) @ \"PLACE\"",
    "group_norm(N) @ \"PLACE\"",
    "layer_norm() @ \"PLACE\"",
    "batch_norm() @ \"PLACE\"",
    "instance_norm()",
    "dropout(0.N)",
    "avg_pool(N, stride: M)",
    "max_pool(N, stride: M, padding: K)",
    "resize(N)",
    "resize([N, M], mode: \"nearest\")",
    "resize([N, M], align_corners: true)",
    "gaussian_blur(0.N)",
    "pad([N, M, K, 0])",
    "pad([N, M, K, 0], mode: \"reflect\")",
    "slice(N, M, K)",
    "slice(-1, 0, N)",
    "|> |x| split(x, N)[0]",
    "|> |x| split(x, N, axis: -1)[0]",
    "permute([0, 1, 3, 2])",
    "permute([0, 2, 3, 1])",
    "reshape([B, -1])",
    "reshape([B, N, -1])",
    "reshape([B, N, M, -1])",
    "|> |x| concat([x, x], axis: N)",
    "|> |x| concat([x, relu(x)])",
    "|> |x| x + mean(x, axis: N, keep: true)",
    "|> |x| x - max(x, axis: -1, keep: true)",
    "|> |x| x * random_normal(like: x)",
    "|> |x| x + random_uniform(shape: [N, M])",
    "|> |x| matmul(x, permute(x, [0, 1, 3, 2]))",
    "|> |x| attention(x, x, x)",
    "|> |x| attention(x, x, x, causal: true)",
    "|> |x| where(x > 0.N, x, -x)",
    "|> |x| clamp(x, -0.N, 0.M)",
    "|> |x| loop z = x over t in [0.1, 0.N, 0.M] { z * t + x }",
    "|> |x| loop z = x over t in [0.1, 0.2] { z + random_normal(like: z) * t }",
    "|> |x| x / sqrt(sum(x ^ 2, axis: N, keep: true) + 1)",
    "sum(axis: N)",
    "mean(axis: [N, M])",
    "min(axis: N, keep: true)",
    "repeat(N, silu)",
    "softmax(axis: N)",
    "gelu",
    "tanh",
    "sigmoid",
    "stop_gradient",
    "leaky_relu",
];

fn step() -> impl Strategy<Value = String> {
    (select(STEPS), [1..5_u8, 1..7, 1..4]).prop_map(|(step, [n, m, k])| {
        let step = step.strip_prefix("|> ").map_or_else(|| step.to_owned(), |lambda| format!("({lambda})"));
        step.replace('N', &n.to_string()).replace('M', &m.to_string()).replace('K', &k.to_string())
    })
}

fn spec(channels: u8, height: u8, width: u8, steps: &[String]) -> Spec {
    let chain = steps.iter().enumerate().map(|(i, step)| step.replace("PLACE", &format!("l{i}")));
    let chain = chain.map(|step| format!(" |> {step}")).collect::<String>();
    Spec::with(
        &format!("block Net() {{ fn (x: [B, C, H, W]) {{ x |> conv(1, out: {channels}) @ \"first\"{chain} }} }}"),
        &format!(
            "data {{ size = [{height}, {width}] }}\npart net = Net()\nfn f(image: [B, 3, {height}, {width}]) {{ net(image) }}\nobjective o(image) trains net {{ mean(tanh(net(image))) }}"
        ),
    )
}

/// Runs a function on so many samples, as it is and optimised; the results have the shapes that were promised.
fn runs(program: &Program, function: &Function, size: [u8; 2], samples: u64) {
    let weights: Vec<_> = program.weights.iter().map(|weight| floats(&weight.shape, 5)).collect();
    let [height, width] = size.map(usize::from);
    let given = inputs([("image", floats(&[samples as usize, 3, height, width], 3))]);
    let bindings: Bindings = [("B".into(), samples as i64)].into();
    let better = optimize(function);
    let [plain, fast] = [function, &better].map(|function| evaluate(function, &weights, &given, samples));
    for ((name, value), (_, fast)) in plain.iter().zip(&fast) {
        let (_, id) = function.graph.outputs().iter().find(|(known, _)| known == name).expect("it is an output");
        assert_eq!(Some(&value.shape), function.graph.fact(*id).shape.value(&bindings).as_ref());
        let [value, fast] = [value, fast].map(|tensor| tensor.as_floats().unwrap_or_default());
        for (a, b) in value.iter().zip(fast) {
            assert!(a.is_nan() && b.is_nan() || a == b || (a - b).abs() <= 1e-4 * (1.0 + a.abs()), "{a} and {b}");
        }
    }
    let mut engine = engine(&weights);
    let id = engine.add(program.plan("o", &program.objectives[0].trains).expect("it is an objective"));
    engine.gradients(id, &given, &draw(samples)).expect("it runs");
}

#[test]
fn a_spec_that_passes_the_check_runs() {
    thread_local! { static COUNTS: Cell<[usize; 2]> = const { Cell::new([0; 2]) }; }
    let strategy = ([1..7_u8, 1..9, 1..9], prop::collection::vec(step(), 0..4));
    let config = cases(120);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&strategy, |([channels, height, width], steps)| {
        let [mut passed, mut all] = COUNTS.get();
        all += 1;
        if let Ok(compiled) = spec(channels, height, width, &steps).result() {
            passed += 1;
            for samples in [1, 2] {
                runs(&compiled.program, named(&compiled.program, "f"), [height, width], samples);
            }
        }
        COUNTS.set([passed, all]);
        Ok(())
    });
    let [passed, all] = COUNTS.get();
    result.unwrap_or_else(|why| panic!("{why}"));
    assert!(10 * passed >= 3 * all, "only {passed} of {all} specs passed the check");
}
