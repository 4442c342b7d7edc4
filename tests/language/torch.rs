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

#[test]
fn operations_and_numbers_of_torch_are_answered_with_what_means_the_same() {
    for (body, told) in [
        ("relu6(x)", "`clamp(x, 0, 6)`"),
        ("elu(x)", "`where(x > 0, x, exp(x) - 1)`"),
        ("prelu(x)", "`leaky_relu(x, slope: 0.25)`"),
        ("swish(x)", "`silu(x)`"),
        ("huber(x, x)", "`mean(where(d < 1, d ^ 2 / 2, d - 0.5))`"),
        ("smooth_l1(x, x)", "`let d = abs(a - b)`"),
        ("x * PI", "`pi`"),
        ("x * inf", "as in `1e30`"),
        ("x - mean(x, axis: [2, 3])", "with `keep: true` they stay"),
        ("(x |> max(axis: 1)) * x", "`max` takes its axes away"),
        ("resize(x, 32, mode: bicubic)", "in quotes here: `\"bicubic\"`"),
        ("reshape(x, [-1, -1])", "one follows from the others"),
        ("concat([])", "`concat([a, b])`"),
        ("x | relu", "`x |> relu`"),
        ("let [a, b] = shape(x)\n x", "`let (a, b) = ..`"),
        ("h, w = shape(x)\n x", "`let (a, b) = ..`"),
        ("for i in 0..2 { x |> conv(3) @ f\"l{i}\" }.last", "leave the letter out"),
    ] {
        helps(body, told);
    }
    for body in [
        "clamp(x, 0, 6)",
        "where(x > 0, x, exp(x) - 1)",
        "leaky_relu(x, slope: 0.25) * pi + 1e30",
        "let d = abs(x - x * 2)\n x * mean(where(d < 1, d ^ 2 / 2, d - 0.5))",
        "x - mean(x, axis: [2, 3], keep: true)",
    ] {
        is_fine(body);
    }
    let spec = Spec::model("fn f(x: [B, 3, 8, 8]) { x * q }");
    let Err(failed) = spec.result() else { panic!("there is no q") };
    assert_eq!(failed.diagnostics[0].help, None);
}

/// Asserts that one thing is wrong with a file, and that this helps.
#[track_caller]
fn file_helps(text: &str, help: &str) {
    let Err(failed) = Spec::new(text).result() else { panic!("nothing is wrong with\n{text}") };
    let all = shown(&failed);
    assert!(failed.diagnostics.len() == 1 && all.contains(help), "{help}\n{all}");
}

#[test]
fn heads_and_members_of_python_are_told_where_they_belong() {
    let model = "model M { fn f(x: [B, 3, 8, 8]) { x } }";
    file_helps(&format!("param width: int = 3\n{model}"), "this belongs into a model or block");
    file_helps(&format!("part net = Net()\n{model}"), "this belongs into a model or block");
    file_helps(&format!("block Net(nn.Module) {{ fn (x) {{ x }} }}\n{model}"), "`block Net from Base`");
    file_helps(
        "block Q() { fn forward(self, x) { relu(x) } }\nmodel M { part q = Q() fn f(x: [B, 3, 8, 8]) { q(x) } }",
        "write `fn (x)`",
    );
    file_helps("model M(Base) { fn f(x: [B, 3, 8, 8]) { x } }", "`model M from Base { .. }`");
    file_helps("model M { param w: list = [1] fn f(x: [B, 3, 8, 8]) { x } }", "`list<int>`");
    file_helps("model M { param k: int in 10..=1 = 3 fn f(x: [B, 3, 8, 8]) { x } }", "the smaller end comes first");
    file_helps("model M { fn f(x: [B, 3, 8, 8]) { { map = x, value: x } } }", "`{ map: x }`");
    let used = "part net = Net() fn f(x: [B, 3, 8, 8]) { net(x) }";
    file_helps(&format!("use \"mine.diad\"\nmodel M {{ {used} }}"), "the names to use");
}

#[test]
fn settings_of_trainings_are_told_with_what_they_take() {
    let told = |training: &str, help: &str| {
        let net = "block Net() { fn (x) { x |> conv(3) @ \"a\" } }";
        let members = "data { size = 8 } part net = Net() objective o(image) trains net { mse(net(image), image) }";
        let training = format!("training o {{ {training} batch = 4 steps = 20 }}");
        file_helps(&format!("{net}\nmodel M {{ {members}\n{training} }}"), help);
    };
    told("optimizer = adamw(1e-3, betas: (0.9, 0.999))", "`beta1: 0.9, beta2: 0.999`");
    told("optimizer = adamw(1e-3) schedule = cosine(warmup: 3)", "`cosine_schedule(..)`");
}

#[test]
fn what_is_set_from_outside_is_told_as_it_is_written() {
    let net = "block Net() { fn (x) { x |> conv(3) @ \"a\" } }";
    let members = "param size: int = 8 param w = 3 param scales: list<int> in 1..=5 = [1]\n\
                   data { size = size } part net = Net() objective rebuild(image) trains net { mse(net(image), image) }\n\
                   training rebuild { optimizer = adamw(1e-3) batch = 4 steps = 20 }";
    for (name, value, told) in [
        ("size", "32,w=3", "`--set size=32 --set w=3`"),
        ("size", "64,64", "`size` takes one number"),
        ("w", "64,64", "`w` takes one number"),
        ("scales", "2..=3", "as in `[2, 3]`"),
        ("lr", "1e-3", "`--set rebuild.lr=..`"),
        ("steps", "3", "`--set rebuild.steps=..`"),
        ("epochs", "3", "`--set rebuild.epochs=..`"),
    ] {
        let Err(failed) = Spec::with(net, members).set(name, value).result() else { panic!("{name}={value}") };
        let text = shown(&failed);
        assert!(failed.diagnostics.len() == 1 && text.contains(told), "{told}\n{text}");
    }
}
