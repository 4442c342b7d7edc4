//! Order, neighbours and inverses: what they become, which shapes they have, and which mistakes are told.

use super::{Spec, graph, named};

/// The fact of what a function returns.
fn fact(parameters: &str, expression: &str) -> String {
    let program = Spec::model(&format!("fn f({parameters}) {{ {expression} }}")).compiles();
    let graph = &named(&program, "f").graph;
    let (_, value) = &graph.outputs()[0];
    graph.fact(*value).to_string()
}

fn fails(parameters: &str, expression: &str, code: &str) {
    Spec::model(&format!("fn f({parameters}) {{ {expression} }}")).fails_with(code);
}

#[test]
fn shapes_follow_from_the_axis_and_the_count() {
    let x = "x: [B, 3, 8]";
    for (expression, expected) in [
        ("top(x, 5)", "[B, 3, 5]"),
        ("x |> top(2, axis: 1)", "[B, 2, 8]"),
        ("sort(x, axis: 0)", "[B, 3, 8]"),
        ("argmax(x)", "int[B, 3]"),
        ("argmin(x, axis: 0)", "int[3, 8]"),
        ("quantile(x, 0.9)", "[]"),
        ("quantile(x, 0.9, axis: [1, -1])", "[B]"),
        ("quantile(x, 0.9, axis: 1, keep: true)", "[B, 1, 8]"),
        ("cumsum(x, axis: 1)", "[B, 3, 8]"),
        ("take(x, argmax(x, axis: 1) |> reshape([B, 1, 8]), axis: 1)", "[B, 1, 8]"),
        ("nearest(x, full(0.5, [20, 8]), count: 4)", "[B, 3, 4]"),
        ("nearest_index(x, full(0.5, [20, 8]))", "int[B, 3, 1]"),
        ("inverse(matmul(x, permute(x, [0, 2, 1])))", "[B, 3, 3]"),
        ("matmul(x, eye(8))", "[B, 3, 8]"),
        ("adaptive_avg_pool(reshape(x, [B, 1, 3, 8]), [2, 5])", "[B, 1, 2, 5]"),
    ] {
        assert_eq!(fact(x, expression), expected, "{expression}");
    }
}

#[test]
fn indices_are_repeated_along_axes_of_extent_one() {
    assert_eq!(fact("x: [B, 6, 4], i: int[1, 2, 4]", "take(x, i, axis: 1)"), "[B, 2, 4]");
    assert_eq!(fact("x: [1, 6, 4], i: int[B, 2, 1]", "take(x, i, axis: 1)"), "[B, 2, 4]");
}

#[test]
fn the_largest_are_taken_by_their_places() {
    let program = Spec::model("fn f(x: [B, 9]) { top(x, 3) }").compiles();
    let text = graph(&program, "f");
    assert!(text.contains("rank axis=1 descending count=3") && text.contains("take axis=1"), "{text}");
}

#[test]
fn what_does_not_fit_is_refused() {
    for (parameters, expression) in [
        ("x: [B, 4]", "top(x, 5)"),
        ("x: [B, 4]", "top(x, 2, axis: 0)"),
        ("x: [B, 4]", "quantile(x, 1.5)"),
        ("x: [B, 4], i: int[B]", "take(x, i)"),
        ("x: [B, 4], i: [B, 2]", "take(x, i)"),
        ("x: [B, 4], i: int[B, 3]", "take(x, i, axis: 0)"),
        ("x: [B, 4], rows: [9, 5]", "nearest(x, rows)"),
        ("x: [B, 4], rows: [9, 4]", "nearest(x, rows, count: 10)"),
        ("x: [B, 4], rows: [B, 4]", "nearest(x, rows, count: 2)"),
        ("x: [B, 4], rows: [2, 9, 4]", "nearest_index(x, rows)"),
        ("x: int[B, 4], rows: [9, 4]", "nearest(x, rows)"),
        ("x: [B, 4, 5]", "inverse(x)"),
        ("x: [B]", "inverse(x)"),
    ] {
        fails(parameters, expression, "shape-mismatch");
    }
    fails("x: [B, 4]", "top(x, 0)", "too-small");
    fails("x: [B, 4]", "sort(x, axis: 2)", "no-such-axis");
    fails("x: int[B, 4]", "argmax(x)", "wrong-type");
    fails("x: [B, 4]", "top(x)", "missing-argument");
    fails("x: [B, 4]", "eye(0)", "too-small");
}

#[test]
fn initial_values_of_matrices_need_a_matrix() {
    let weight = |shape: &str, init: &str| {
        Spec::model(&format!("fn f(x: [B, 4]) {{ x * sum(weight({shape}, init: {init}) @ \"w\") }}"))
    };
    weight("[3, 4]", "permutation").compiles();
    weight("[4, 3]", "orthogonal").compiles();
    weight("[4, 3, 3, 3]", "orthogonal()").compiles();
    weight("[4, 3]", "permutation").fails_with("shape-mismatch");
    weight("[3]", "choice(3)").compiles();
    weight("[4]", "choice(3)").fails_with("shape-mismatch");
    weight("[2, 1]", "choice(3)").fails_with("shape-mismatch");
    weight("[4, 3, 1]", "permutation()").fails_with("shape-mismatch");
    weight("[4]", "orthogonal").fails_with("shape-mismatch");
}
