//! What is computed before anything runs, seen through the program that comes out.

use diadc_lang::program::{Init, Length, Optimizer, Point, Program, Schedule};

use super::{Spec, graph, named, paths};

/// A block of one layer, and one of two.
const LAYERS: &str = "
block Layer(out: int = 4) { fn (x) { x |> linear(out) @ \"fc\" } }
block Net(out: int = 4) {
    part first  = Layer(out)
    part second = Layer(out) @ \"last\"
    fn (x) { x |> first |> second }
    fn half(x) { first(x) }
}
";

/// An expression's value as it would be written.
fn value(expression: &str) -> String {
    value_with("", expression)
}

fn value_with(items: &str, expression: &str) -> String {
    let program = Spec::with(items, &format!("param it = {expression}")).compiles();
    program.params[0].1.clone()
}

/// The members of a model with the blocks above.
fn net(members: &str) -> Program {
    Spec::with(LAYERS, members).compiles()
}

fn init<'a>(program: &'a Program, path: &str) -> &'a Init {
    &program.weights.iter().find(|weight| weight.path == path).unwrap_or_else(|| panic!("no `{path}`")).init
}

/// The paths that an objective trains.
fn trained<'a>(program: &'a Program, objective: &str) -> Vec<&'a str> {
    let found = program.objectives.iter().find(|found| found.name == objective).expect("there is such an objective");
    found.trains.iter().map(|&id| program.weight(id).path.as_str()).collect()
}

#[test]
fn operators_bind_as_in_mathematics() {
    assert_eq!(value("1 + 2 * 3 ^ 2"), "19");
    assert_eq!(value("(1 + 2) * 3"), "9");
    assert_eq!(value("-2 ^ 2"), "-4");
    assert_eq!(value("2 ^ 3 ^ 2"), "512");
    assert_eq!(value("10 - 4 - 3"), "3");
    assert_eq!(value("7 % 3 + -7 % 3"), "3");
    assert_eq!(value("not 1 > 2 and true or false"), "true");
    assert_eq!(value("1 + 1 == 2 and 3 != 4"), "true");
}

#[test]
fn percentages_are_floats_and_no_remainders() {
    assert_eq!(value("[1%, 0.1%, 0.7%, 1_0%, 1e1%, 250%]"), "[0.01, 0.001, 0.007, 0.1, 0.1, 2.5]");
    assert_eq!(value("2 * 50% + 1% * 100"), "2.0");
    assert_eq!(value("[7%3, 7 %3, 7%-3, 7%(2 + 1), 7.5%2]"), "[1, 1, -2, 1, 1.5]");
    // The rest has the sign of the divisor, as in Python.
    assert_eq!(value("[-7 % 3, -7 % -3, 6 % -3, -7.5 % 2]"), "[2, -1, 0, 0.5]");
    let program = Spec::model("param share in 1%..=10% = 5%\nparam other = 1%").set("share", "2%").compiles();
    assert_eq!(program.params[0].1, "0.02");
    Spec::model("param share in 1%..=10% = 5%").set("share", "20%").fails_with("not-within");
}

#[test]
fn elementwise_functions_take_numbers_too() {
    assert_eq!(value("abs(-3)"), "3");
    assert_eq!(value("abs(-3.5)"), "3.5");
    assert_eq!(value("relu(-1)"), "0.0");
    assert_eq!(value("clamp(7, 0, 5)"), "5.0");
    assert_eq!(value("silu(0.0)"), "0.0");
    assert_eq!(value("gelu(0.0)"), "0.0");
    assert_eq!(
        value("[floor(-0.5), floor(2), round(2.5), round(-3.5), sign(-0.1), sign(0), sign(7)]"),
        "[-1, 2, 2, -4, -1, 0, 1]"
    );
    assert_eq!(value("leaky_relu(-2.0, slope: 0.5)"), "-1.0");
    assert_eq!(value("maximum(2, 1.5)"), "2");
    assert_eq!(value("minimum(2, 1.5)"), "1.5");
}

#[test]
fn ints_divide_exactly_and_floats_freely() {
    assert_eq!(value("12 / 4"), "3");
    assert_eq!(value("13 / 4.0"), "3.25");
    assert_eq!(value("div(-7, 2)"), "-4");
    assert_eq!(value("floor(-3.5)"), "-4");
    assert_eq!(value("2 ^ -1"), "0.5");
    assert_eq!(value("1e3 + 0.5"), "1000.5");
    Spec::model("param it = 13 / 4").fails_with("not-divisible");
}

#[test]
fn numbers_that_ints_can_not_hold_are_refused() {
    Spec::model("param it = 9223372036854775807 + 1").fails_with("overflow");
    Spec::model("param it = (-9223372036854775807 - 1) / -1").fails_with("overflow");
    Spec::model("param it = 3 % 0").fails_with("division-by-zero");
    Spec::model("param it = -(-9223372036854775807 - 1)").fails_with("overflow");
    Spec::model("param it = 10 ^ 5000000000").fails_with("overflow");
    for large in ["to_int(1e30)", "to_int(-1e19)", "floor(1e300)", "floor(9223372036854775808.0)"] {
        Spec::model(&format!("param it = {large}")).fails_with("overflow");
    }
    assert_eq!(value("100000 * 100000 + 3000000000"), "13000000000");
    assert_eq!(value("to_int(1e10)"), "10000000000");
    assert_eq!(value("(-1) ^ 5000000001 + 1 ^ 5000000000"), "0");
    assert_eq!(value("to_int(9007199254740993)"), "9007199254740993");
    assert_eq!(value("floor(-2.5) + to_int(-2.5)"), "-5");
}

#[test]
fn floats_that_are_not_finite_are_refused_where_they_arise() {
    for division in ["1.0 / 0", "1 / 0.0", "0.0 / 0.0", "5.5 % 0", "-1.0 / (1 - 1)"] {
        Spec::model(&format!("param it = {division}")).fails_with("division-by-zero");
    }
    let others = [
        "1e308 * 10",
        "1e308 + 1e308",
        "-1e308 - 1e308",
        "1 / 1e-320",
        "10.0 ^ 400",
        "(-8.0) ^ 0.5",
        "0 ^ -1",
        "0.0 ^ -1",
        "sum([1e308, 1e308])",
        "mean([1e308, 1e308])",
        "linspace(-1e308, 1e308, 3)",
        "sqrt(-1)",
        "log(0)",
        "exp(1000)",
    ];
    for other in others {
        Spec::model(&format!("param it = {other}")).fails_with("not-finite");
    }
    Spec::model("fn f(x: [B, 3]) { x / 0 }").fails_with("division-by-zero");
    Spec::model("fn f(x: [B, 3]) { x / 1e-320 }").fails_with("not-finite");
}

#[test]
fn integers_that_tensors_do_not_hold_are_refused() {
    let uses = [
        "t + 3000000000",
        "t * -3000000000",
        "3000000000 - t",
        "t < 3000000000",
        "-3000000000 == t",
        "clamp(t, 0, 3000000000)",
        "maximum(t, 3000000000)",
        "where(t > 0, t, 3000000000)",
        "t + constant(3000000000)",
        "t + gather([1.0], constant([0, 4294967296]))",
        "loop z = t over i in [0, 3000000000] { z + i }",
        "t < 2.5",
        "where(t > 0, t, 0.5)",
    ];
    for used in uses {
        Spec::model(&format!("fn f(t: int[B]) {{ {used} }}")).fails_with("shape-mismatch");
    }
    Spec::model("fn f(t: int[B]) { to_float(t) + 3000000000 }").compiles();
    Spec::model("fn f(t: int[B]) { t + 2147483647 }").compiles();
    Spec::model("fn f(t: int[B]) { t - 2147483647 }").compiles();
}

#[test]
fn a_training_whose_passes_can_not_be_counted_is_refused() {
    let training = |settings: &str| {
        let items = "block Net() { fn (x) { x |> conv(3) @ \"a\" } }";
        let members = "data { size = 8 }\npart net = Net()\nobjective o(image) trains net { mse(net(image), image) }";
        Spec::with(items, &format!("{members}\ntraining o {{ optimizer = sgd(lr: 0.1)\n{settings} }}"))
    };
    training("batch = 65536\naccumulate = 65536\nsteps = 2147483647").compiles();
    for wrong in
        ["batch = 65537\nsteps = 1", "batch = 1\nepochs = 2147483648", "batch = 1\nsteps = 9223372036854775807"]
    {
        training(wrong).fails_with("wrong-type");
    }
    training("batch = 1\nsteps = 1\naccumulate = 65537").fails_with("wrong-type");
}

#[test]
fn tensors_that_no_machine_holds_are_refused() {
    let made = [
        "full(1.0, shape: [1000000000000, 2])",
        "random_normal(shape: [4294967296, 4294967296, 4294967296])",
        "x |> pad([9223372036854775807, 1, 1, 1])",
        "x |> resize(1000000000)",
        "x |> conv(3, out: 4, padding: 9223372036854775807) @ \"c\"",
        "x |> conv(3, out: 4, dilation: 9223372036854775807) @ \"c\"",
        "x |> avg_pool(2000000000, padding: 1000000000)",
        "x |> gaussian_blur(1e10)",
    ];
    for made in made {
        Spec::model(&format!("fn f(x: [1, 3, 8, 8]) {{ {made} }}")).fails_with("shape-mismatch");
    }
    Spec::model("fn f(x: [2000000000000]) { x }").fails_with("shape-mismatch");
}

#[test]
fn lists_and_ranges_are_sequences() {
    assert_eq!(value("for i in 0..3 { i * i }"), "[0, 1, 4]");
    assert_eq!(value("for i, x in [5, 6] { i + x }"), "[5, 7]");
    assert_eq!(value("for (a, b) in zip([1, 2], [3, 4]) { a * b }"), "[3, 8]");
    assert_eq!(value("len(1..=4) + len([])"), "4");
    assert_eq!(value("[1, 2, 3, 4][1..3]"), "[2, 3]");
    assert_eq!(value("[1, 2, 3, 4][..=1]"), "[1, 2]");
    assert_eq!(value("[[1, 2], [3]][1][0]"), "3");
    assert_eq!(value("[1, 2].last + [1, 2].first"), "3");
    assert_eq!(value("reverse(0..3) + repeated(7, 2)"), "[2, 1, 0, 7, 7]");
    assert_eq!(value("linspace(0, 1, 3)"), "[0.0, 0.5, 1.0]");
    assert_eq!(value("sum([1, 2, 3]) + max([4, 2])"), "10");
    assert_eq!(value("for i in 3..0 { i }"), "[]");
}

#[test]
fn sets_hold_each_value_once() {
    assert_eq!(value("2 in {1, 2}"), "true");
    assert_eq!(value("3 not in {1, 2}"), "true");
    assert_eq!(value("{1, 2} + {2, 3}"), "{1, 2, 3}");
    assert_eq!(value("{1, 2} - {2}"), "{1}");
    assert_eq!(value("{1, 2} == {2, 1}"), "true");
    assert_eq!(value("2 in [1, 2] and 5 in 1..=5"), "true");
}

#[test]
fn a_choice_is_an_expression_and_only_one_branch_is_looked_at() {
    assert_eq!(value("if 2 > 1 { 10 } else { fail(\"never\") }"), "10");
    assert_eq!(value("if false { 1 } else if true { 2 } else { 3 }"), "2");
    assert_eq!(value("if false { 1 }"), "none");
    assert_eq!(value("false and fail(\"never\")"), "false");
}

#[test]
fn a_var_changes_through_the_rounds_of_a_compile_time_loop() {
    let items = "fn sums(xs) {\n var total = 0\n let all = for x in xs { total = total + x  total }\n (total, all) }";
    assert_eq!(value_with(items, "sums([1, 2, 3])"), "(6, [1, 3, 6])");
}

#[test]
fn functions_are_values_that_see_where_they_were_made() {
    let items = "fn twice(f, x) { f(f(x)) }\nfn by(n) { |x| x * n }\nfn inc(x) { x + 1 }";
    assert_eq!(value_with(items, "twice(inc, 1)"), "3");
    assert_eq!(value_with(items, "twice(by(3), 2)"), "18");
    assert_eq!(value_with(items, "twice(|x| { let y = x + 1  y * 2 }, 1)"), "10");
    assert_eq!(value_with(items, "repeat(1, 4, by(2))"), "16");
    assert_eq!(value_with(items, "2 |> inc |> (|x| x * 10)"), "30");
}

#[test]
fn parameters_have_names_and_defaults() {
    let items = "fn f(a, b = 10, c: float = 1) { [a, b, c] }";
    assert_eq!(value_with(items, "f(1)"), "[1, 10, 1.0]");
    assert_eq!(value_with(items, "f(1, c: 2, b: 3)"), "[1, 3, 2.0]");
    assert_eq!(value_with(items, "1 |> f(2)"), "[1, 2, 1.0]");
}

#[test]
fn records_and_tuples_are_taken_apart() {
    let items = "fn f() { { low: 1, high: (2, [3, 4]) } }";
    assert_eq!(value_with(items, "f().low"), "1");
    let items = format!("{items}\nfn g() {{ let (a, (b, _)) = (f().low, f().high)  a + b }}");
    assert_eq!(value_with(&items, "g()"), "3");
}

#[test]
fn enums_are_compared_by_case() {
    let items = "enum Fusion { off, gated }\nenum Noise { off, white }";
    assert_eq!(value_with(items, "Fusion::off"), "off");
    assert_eq!(value_with(items, "gated == Fusion::gated"), "true");
    assert_eq!(value_with(items, "Fusion::off == Fusion::gated"), "false");
    Spec::with(items, "param it = Fusion::off == Noise::off").fails_with("wrong-operands");
    assert_eq!(value_with(items, "white in {white}"), "true");
}

#[test]
fn strings_take_values_in() {
    let items = "enum Fusion { off, gated }";
    assert_eq!(value_with(items, "\"{gated}.{1 + 1}.{\"x\" + \"y\"}\""), "\"gated.2.xy\"");
}

#[test]
fn constants_may_stand_in_any_order() {
    assert_eq!(value_with("let A = B + 1\nlet B = 2", "A"), "3");
}

#[test]
fn shape_variables_are_numbers_in_the_body() {
    let items =
        "fn parts(x: [B, C, H, W], y: [_, _, h, w]) { x |> avg_pool([H / h, W / w]) |> reshape([B, C * h, w]) }";
    let program = Spec::with(items, "fn f(x: [B, 3, 8, 16], y: [B, 1, 4, 4]) { parts(x, y) }").compiles();
    let text = graph(&program, "f");
    assert!(text.starts_with("f(x: [B, 3, 8, 16], y: [B, 1, 4, 4]) -> result: [B, 12, 4]"), "{text}");
    assert!(text.contains("avg_pool") && text.contains("[B, 3, 4, 4]"), "{text}");
}

#[test]
fn a_list_type_binds_the_shapes_of_its_elements() {
    let items = "fn total(xs: [[B, C]; 2]) { xs[0] + xs[1] }";
    let members = "fn f(a: [B, 3], b: [B, 3]) { total([a, b]) }";
    Spec::with(items, members).compiles();
    Spec::with(items, "fn f(a: [B, 3]) { total([a]) }").fails_with("wrong-type");
    Spec::with(items, "fn f(a: [B, 3], b: [B, 4]) { total([a, b]) }").fails_with("shape-mismatch");
}

#[test]
fn the_place_of_a_part_is_its_name_or_what_it_says() {
    let program = net("part net = Net()\nfn f(x: [B, 3]) { net(x) }");
    let expected = ["net.first.fc.weight", "net.first.fc.bias", "net.last.fc.weight", "net.last.fc.bias"];
    assert_eq!(paths(&program), expected);
    let program = net("part net = Net() @ \"model.x\"\nfn f(x: [B, 3]) { net(x) }");
    assert_eq!(paths(&program)[0], "model.x.first.fc.weight");
    let program = net("part net = Net() @ \"\"\nfn f(x: [B, 3]) { net(x) }");
    assert_eq!(paths(&program)[0], "first.fc.weight");
}

#[test]
fn the_parts_of_a_list_lie_at_their_indices() {
    let calls = "fn f(x: [B, 4]) { var h = x  for layer in layers { h = layer(h) }  h }";
    let weights = |part: &str| -> Vec<String> {
        let program = net(&format!("{part}\n{calls}"));
        paths(&program).iter().filter(|path| path.ends_with("weight")).map(ToString::to_string).collect()
    };
    assert_eq!(weights("part layers = for i in 0..2 { Layer() }"), ["layers.0.fc.weight", "layers.1.fc.weight"]);
    assert_eq!(weights("part layers = [Layer(), Layer() @ \"head\"]"), ["layers.0.fc.weight", "layers.head.fc.weight"]);
    assert_eq!(
        weights("part layers = (for i in 0..2 { Layer() }) @ \"blocks\""),
        ["blocks.0.fc.weight", "blocks.1.fc.weight"]
    );
}

#[test]
fn a_part_that_is_called_twice_shares_its_weights() {
    let program = net("part net = Layer()\nfn f(x: [B, 4]) { net(net(x)) }\nfn g(x: [B, 4]) { net(x) }");
    assert_eq!(paths(&program), ["net.fc.weight", "net.fc.bias"]);
    assert_eq!(graph(&program, "f").matches("linear(").count(), 2);
}

#[test]
fn a_block_made_in_a_function_has_the_place_it_says() {
    let program = net("part net = Net()\nfn f(x: [B, 3]) { x |> Layer(5) @ \"in\" |> Layer(2) @ \"out\" }");
    assert_eq!(paths(&program), ["in.fc.weight", "in.fc.bias", "out.fc.weight", "out.fc.bias"]);
    assert_eq!(program.weights[2].shape, [2, 5]);
}

#[test]
fn the_layers_of_a_free_function_lie_where_it_is_called() {
    let items = "fn widened(x, n) { x |> linear(n) @ \"fc\" |> relu }\nblock Net() { fn (x) { x |> widened(5) @ \"a\" |> widened(2) @ \"b.c\" } }";
    let program = Spec::with(items, "part net = Net()\nfn f(x: [B, 3]) { net(x) }").compiles();
    assert_eq!(paths(&program), ["net.a.fc.weight", "net.a.fc.bias", "net.b.c.fc.weight", "net.b.c.fc.bias"]);
}

#[test]
fn a_copy_has_weights_of_its_own_that_start_from_the_originals() {
    let program = net("part net = Net()\npart twin = copy net @ \"twin\"\nfn f(x: [B, 4]) { net(x) + twin(x) }");
    assert_eq!(paths(&program).len(), 8);
    assert_eq!(init(&program, "twin.last.fc.weight"), &Init::CopyOf("net.last.fc.weight".to_owned()));
    assert!(matches!(init(&program, "net.last.fc.weight"), Init::Uniform { .. }));
}

#[test]
fn a_block_copies_parts_of_what_it_is_given_to_the_places_they_have_there() {
    let items = format!("{LAYERS}block Guide(like: Net) {{ part second = copy like.second  fn (x) {{ second(x) }} }}");
    let members = "part net = Net()\npart guide = Guide(net)\nfn f(x: [B, 4]) { guide(net(x)) }";
    let program = Spec::with(&items, members).compiles();
    assert_eq!(init(&program, "guide.last.fc.bias"), &Init::CopyOf("net.last.fc.bias".to_owned()));
}

#[test]
fn a_copy_of_a_list_copies_each_part() {
    let members = "part all = for i in 0..2 { Layer() }\npart more = copy all @ \"more\"\n\
                   fn f(x: [B, 4]) { sum(for a in all + more { a(x) }) }";
    let program = net(members);
    assert_eq!(init(&program, "more.1.fc.weight"), &Init::CopyOf("all.1.fc.weight".to_owned()));
}

#[test]
fn biases_and_normalisations_begin_as_they_are_told() {
    let items = "block Net() { fn (x) {
        x |> conv(3, out: 8, init: kaiming_normal(fan: \"out\"), bias_init: uniform(0, 1)) @ \"a\"
          |> group_norm(2, init: zeros, bias_init: ones) @ \"b\"
          |> batch_norm(init: truncated_normal(0.02)) @ \"c\"
          |> conv(1, init: kaiming_uniform, bias: false) @ \"d\"
          |> conv_transpose(2, out: 4, init: kaiming_uniform(fan: \"out\")) @ \"e\"
    } }";
    let program = Spec::with(items, "part net = Net()\nfn f(x: [B, 3, 8, 8]) { net(x) }").compiles();
    let within = |bound: f64| Init::Uniform { low: -bound, high: bound };
    let expected = [
        ("net.a.weight", Init::Normal { mean: 0.0, std: (2.0 / 72.0_f64).sqrt() }),
        ("net.a.bias", Init::Uniform { low: 0.0, high: 1.0 }),
        ("net.b.weight", Init::Constant(0.0)),
        ("net.b.bias", Init::Constant(1.0)),
        ("net.c.weight", Init::TruncatedNormal { mean: 0.0, std: 0.02, low: -2.0, high: 2.0 }),
        ("net.c.bias", Init::Constant(0.0)),
        ("net.c.running_var", Init::Constant(1.0)),
        ("net.d.weight", within((1.0 / 8.0_f64).sqrt())),
        ("net.e.weight", within((1.0 / 32.0_f64).sqrt())),
        ("net.e.bias", Init::Constant(0.0)),
    ];
    for (path, expected) in expected {
        assert_eq!(init(&program, path), &expected, "{path}");
    }
    for wrong in [
        "conv(1, bias: false, bias_init: zeros)",
        "conv(1, init: kaiming_normal(fan: \"both\"))",
        "conv(1, init: uniform(1, 0))",
        "conv(1, init: truncated_normal(0.02, mean: 3))",
        "conv(1, init: normal)",
    ] {
        let items = format!("block Net() {{ fn (x) {{ x |> {wrong} @ \"a\" }} }}");
        assert!(Spec::with(&items, "part net = Net()\nfn f(x: [B, 3, 8, 8]) { net(x) }").result().is_err(), "{wrong}");
    }
}

#[test]
fn initial_values_are_what_the_layer_says() {
    let items = "block Net() { fn (x) { x |> linear(2, init: zeros) @ \"a\" |> linear(2, init: normal(0.02)) @ \"b\" |> linear(8) @ \"c\" } }";
    let program = Spec::with(items, "part net = Net()\nfn f(x: [B, 3]) { net(x) }").compiles();
    assert_eq!(init(&program, "net.a.weight"), &Init::Constant(0.0));
    assert_eq!(init(&program, "net.a.bias"), &Init::Constant(0.0));
    assert_eq!(init(&program, "net.b.weight"), &Init::Normal { mean: 0.0, std: 0.02 });
    assert_eq!(
        init(&program, "net.c.bias"),
        &Init::Uniform { low: -(1.0 / 2.0_f64.sqrt()), high: 1.0 / 2.0_f64.sqrt() }
    );
}

const TRAINED: &str = "
    data { size = 4 }
    part net  = Net()
    part head = Layer(1)
    fn flat(image) { reshape(image, [-1, 48]) }
    objective all(image) trains net, head { mean(head(net(flat(image)))) }
    objective some(image) trains net, head freezes net.second { mean(head(net(flat(image)))) }
    objective inner(image) trains net.second { mean(head(net(flat(image)))) }
    training all, some { optimizer = adamw(lr: 1e-3)  batch = 2  epochs = 3 }
    training inner { optimizer = sgd(lr: 0.1, momentum: 0.9)  schedule = cosine_schedule(warmup: 5)  batch = 4  accumulate = 2  steps = 7  clip_norm = 1 }
";

#[test]
fn an_objective_trains_the_parts_that_it_names_and_leaves_those_that_it_freezes() {
    let program = net(TRAINED);
    assert_eq!(trained(&program, "all").len(), 6);
    assert_eq!(
        trained(&program, "some"),
        ["net.first.fc.weight", "net.first.fc.bias", "head.fc.weight", "head.fc.bias"]
    );
    assert_eq!(trained(&program, "inner"), ["net.last.fc.weight", "net.last.fc.bias"]);
}

#[test]
fn trainings_follow_each_other_and_their_objectives_take_turns() {
    let program = net(TRAINED);
    let phases: Vec<_> = program.phases().collect();
    let [first, second] = phases.as_slice() else { panic!("there are two") };
    assert_eq!(first.objectives, ["all", "some"]);
    assert_eq!((first.batch, first.accumulate, first.length), (2, 1, Length::Epochs(3)));
    assert_eq!(first.schedule, Schedule::Constant { warmup: Point::Step(0) });
    assert_eq!(second.optimizer, Optimizer::Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.0, nesterov: false });
    assert_eq!((second.accumulate, second.length, second.clip_norm), (2, Length::Steps(7), Some(1.0)));
    assert_eq!(second.schedule, Schedule::Cosine { warmup: Point::Step(5), end: 0.0 });
}

const NORMED: &str = "
block Normed() { fn (x) { x |> linear(4) @ \"fc\" |> dropout(0.5) |> batch_norm() @ \"norm\" } }
model M {
    data { size = 2 }
    part net   = Normed()
    part other = Normed()
    fn flat(image) { reshape(image, [-1, 12]) }
    objective one(image) trains net { mean(other(net(flat(image)))) }
    training one { optimizer = adamw(lr: 1e-3)  batch = 2  epochs = 3 }
    score(image) {
        let map = mean(image, axis: 1)
        { map: map, value: mean(other(net(flat(image))), axis: 1) }
    }
}
";

#[test]
fn batch_statistics_move_only_where_the_part_is_trained() {
    let program = Spec::new(NORMED).compiles();
    let moved: Vec<&str> =
        named(&program, "one").updates.iter().map(|(id, _)| program.weight(*id).path.as_str()).collect();
    assert_eq!(moved, ["net.norm.running_mean", "net.norm.running_var"]);
    assert!(named(&program, "score").updates.is_empty());
    let statistics = program.weights.iter().filter(|weight| weight.is_statistic).count();
    assert_eq!(statistics, 4);
    assert!(trained(&program, "one").iter().all(|path| path.starts_with("net.") && !path.contains("running")));
}

#[test]
fn dropout_drops_only_where_the_part_is_trained() {
    let program = Spec::new(NORMED).compiles();
    assert_eq!(graph(&program, "one").matches("random_uniform").count(), 1);
    assert_eq!(graph(&program, "score").matches("random_uniform").count(), 0);
}

const LOOP: &str = "fn f(x: [B, 4], y: [B, 4]) {
    loop a = x, b = y over t in 0..3, s in [0.5, 0.25, 0.125] {
        let c = loop d = a over u in [1.0, 2.0] { d * u + y }
        (c * s, b + to_float(t))
    }
}";

#[test]
fn a_loop_that_runs_is_one_node_and_may_lie_in_another() {
    let text = graph(&Spec::model(LOOP).compiles(), "f");
    assert_eq!(text.matches("loop 3 times").count(), 1, "{text}");
    assert_eq!(text.matches("loop 2 times").count(), 1, "{text}");
    assert!(text.starts_with("f(x: [B, 4], y: [B, 4]) -> 0: [B, 4], 1: [B, 4]"), "{text}");
}

#[test]
fn the_size_of_a_loop_does_not_grow_with_its_steps() {
    let nodes = |steps: &str| {
        let members = format!("fn f(x: [B, 4]) {{ loop z = x over t in 0..{steps} {{ z * to_float(t) }} }}");
        named(&Spec::model(&members).compiles(), "f").graph.len()
    };
    assert_eq!(nodes("2"), nodes("1000"));
    assert_eq!(nodes("0"), 1, "a loop without steps is its start");
}

#[test]
fn a_part_that_is_called_in_a_loop_has_one_set_of_weights() {
    let program = net("part net = Layer()\nfn f(x: [B, 4]) { loop z = x over t in 0..5 { net(z) } }");
    assert_eq!(paths(&program), ["net.fc.weight", "net.fc.bias"]);
}

#[test]
fn each_source_of_random_numbers_has_a_purpose_of_its_own() {
    let items = "fn noisy(x) { x + random_normal(like: x) }";
    let members = "fn f(x: [B, 4]) { noisy(noisy(x)) + random_normal(like: x) + random_normal(like: x) }";
    let text = graph(&Spec::with(items, members).compiles(), "f");
    for purpose in ["\"f/noisy#0\"", "\"f/noisy#1\"", "\"f#0\"", "\"f#1\""] {
        assert_eq!(text.matches(purpose).count(), 1, "{purpose} in\n{text}");
    }
}

/// A base, and a variant with these members.
fn variant(members: &str) -> Program {
    Spec::with(&format!("use \"base.diad\"::{{Base}}{LAYERS}"), "")
        .file("base.diad", &format!("{LAYERS}model Base {{{BASE}}}"))
        .variant(members)
        .compiles()
}

const BASE: &str = "
    param width: int in 1..=64 = 4
    param scale = 2
    let doubled = width * 2
    data { size = 4 }
    part net = Layer(doubled)
    fn flat(image) { reshape(image, [-1, 48]) }
    fn apply(x: [B, 48]) { net(x) * scale }
    objective first(image) trains net { mean(apply(flat(image))) }
    objective second(image) trains net { mean(apply(flat(image)) ^ 2) }
    training first { optimizer = adamw(lr: 1e-3)  batch = 2  epochs = 3 }
    training second { optimizer = adamw(lr: 1e-3)  batch = 2  epochs = 4 }
";

impl Spec {
    /// The same file with its model replaced by a variant of `Base`.
    fn variant(mut self, members: &str) -> Spec {
        let items = self.text.split("model M").next().expect("there is text before").to_owned();
        self.text = format!("{items}model Variant from Base {{ {members} }}");
        self
    }
}

#[test]
fn a_variant_has_everything_of_its_base() {
    let program = variant("");
    assert_eq!(program.name, "Variant");
    assert_eq!(program.weights[0].shape, [8, 48]);
    assert_eq!(program.phases().count(), 2);
}

#[test]
fn a_variant_replaces_params_lets_parts_and_functions_wherever_they_are_used() {
    assert_eq!(variant("param width: int = 5").weights[0].shape, [10, 48]);
    assert_eq!(variant("let doubled = width * 3").weights[0].shape, [12, 48]);
    assert_eq!(paths(&variant("part net = Net(doubled)")).len(), 4);
    let program = variant("fn apply(x: [B, 48]) { relu(net(x)) }");
    assert!(graph(&program, "first").contains("relu("));
}

#[test]
fn a_variant_that_says_how_it_is_trained_says_all_of_it() {
    let program = variant("training second, first { optimizer = adam(lr: 0.1)  batch = 1  steps = 9 }");
    assert_eq!(program.phases().count(), 1);
    assert_eq!(program.phases().next().expect("it trains").objectives, ["second", "first"]);
}

#[test]
fn a_variant_of_a_block_keeps_its_parameters_and_its_kind() {
    let items = format!(
        "{LAYERS}block Wide from Net {{ fn half(x) {{ first(x) * 0.5 }} }}\nblock Guide(like: Net) {{ fn (x) {{ like.half(x) }} }}"
    );
    let members = "part net = Wide(6)\npart guide = Guide(net)\nfn f(x: [B, 3]) { guide(x) }";
    let program = Spec::with(&items, members).compiles();
    assert_eq!(program.weights[0].shape, [6, 3]);
    assert!(graph(&program, "f").contains("mul 0.5"));
}

#[test]
fn a_variant_in_another_file_sees_the_types_of_its_base_where_they_are_written() {
    let base = "enum Kind { plain, bent }\nblock Base(kind: Kind = plain) {\n    fn (x) { shaped(x) }\n    fn shaped(x) { if kind == bent { relu(x) } else { x } }\n}\n";
    let items = "use \"base.diad\"::{Base, Kind}\nblock Mine from Base { fn shaped(x) { if kind == plain { silu(x) } else { x } } }";
    let members = "part mine = Mine(plain)\nfn f(x: [B, 3]) { mine(x) }";
    let program = Spec::with(items, members).file("base.diad", base).compiles();
    assert!(graph(&program, "f").contains("silu("));
    let items = "use \"base.diad\"::{Base}\nblock Mine from Base { fn shaped(x) { silu(x) } }";
    Spec::with(items, "part mine = Mine()\nfn f(x: [B, 3]) { mine(x) }").file("base.diad", base).compiles();
}

#[test]
fn a_value_from_outside_takes_the_place_of_the_default() {
    let spec = |value: &str| Spec::model("param n: float in 0.0..=9.0 = 1\nfn f(x: [B]) { x * n }").set("n", value);
    assert!(graph(&spec("2 + 1").compiles(), "f").contains("mul 3"));
    assert_eq!(spec("2").compiles().params, [("n".to_owned(), "2.0".to_owned())]);
    spec("9.5").fails_with("not-within");
    spec("\"two\"").fails_with("wrong-type");
}

#[test]
fn a_setting_may_name_a_case_that_only_the_base_knows() {
    let base = "enum Kind { plain, bent }\nmodel Base { param kind: Kind = plain\n fn f(x: [B]) { if kind == bent { relu(x) } else { x } } }";
    let program = Spec::new("use \"base.diad\"::{Base}\nmodel Mine from Base { let other = 1 }")
        .file("base.diad", base)
        .set("kind", "bent")
        .compiles();
    assert!(graph(&program, "f").contains("relu("));
}

#[test]
fn only_functions_that_say_all_their_shapes_run_by_themselves() {
    let program = net("part net = Net()\nfn whole(x: [B, 3]) { inner(x) }\nfn inner(x) { net(x) }");
    let names: Vec<&str> = program.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["whole"]);
}

#[test]
fn what_follows_from_a_mistake_is_not_told() {
    Spec::model("let a = 1 / 0\nlet b = a + 1\nfn f(x: [B, 3]) { relu(x * b) + missing_shape(x) }\nfn missing_shape(x) { x * a }")
        .fails_with("division-by-zero");
}

#[test]
fn parts_are_known_by_their_names_places_and_whether_they_may_start_fresh() {
    let items = format!(
        "{LAYERS}block Twice() {{ fresh part a = Net()  part b = Net() @ \"other\"  fn (x) {{ x |> a |> b }} }}"
    );
    let members = "part net = Net() @ \"here\"\nfresh part all = for i in 0..2 { Layer() }\npart twice = Twice()\n\
                   fn f(x: [B, 4]) { x |> net |> all[0] |> all[1] |> twice }";
    let program = Spec::with(&items, members).compiles();
    let parts: Vec<String> = program
        .parts
        .iter()
        .map(|part| format!("{} {}{}", part.name, part.path, if part.is_fresh { " fresh" } else { "" }))
        .collect();
    assert_eq!(
        parts,
        [
            "net here",
            "net.first here.first",
            "net.second here.last",
            "all.0 all.0 fresh",
            "all.1 all.1 fresh",
            "twice twice",
            "twice.a twice.a fresh",
            "twice.a.first twice.a.first fresh",
            "twice.a.second twice.a.last fresh",
            "twice.b twice.other",
            "twice.b.first twice.other.first",
            "twice.b.second twice.other.last",
        ]
    );
    let here = program.part("net").expect("it is there");
    assert!(here.has("here.first.fc.weight") && !here.has("hereafter.fc.weight") && !here.has("here"));
}

#[test]
fn a_block_says_what_published_weights_of_it_hold_besides() {
    let source = "/// A layer.\nblock Layer() ignores \"head.*\", \"*.ids\" \"not used\" { fn (x) { x |> linear(4) @ \"fc\" } }\n\
                  block More from Layer\n    ignores \"tail.*\" \"nor this\" { let n = 1 }\n\
                  model M ignores \"betas\" \"the schedule\" {\n    part a = Layer() @ \"x.a\"\n    part b = More()\n    \
                  let ignores = 1\n    fn f(x: [B, 4]) { b(a(x)) * ignores }\n}\n";
    let program = Spec::new(source).compiles();
    let ignored: Vec<String> = program
        .ignored
        .iter()
        .map(|ignored| format!("{}: {} ({})", ignored.path, ignored.patterns.join(" "), ignored.reason))
        .collect();
    assert_eq!(
        ignored,
        [
            ": betas (the schedule)",
            "b: head.* *.ids (not used)",
            "b: tail.* (nor this)",
            "x.a: head.* *.ids (not used)",
        ]
    );
    let with = |clause: &str| source.replace("\"betas\" \"the schedule\"", clause);
    Spec::new(&with("\"betas\" \"\"")).fails_with("no-reason");
    Spec::new(&with("\"b{1}\" \"why\"")).fails_with("value-in-path");
    Spec::new(&with("\"betas\"")).fails_with("syntax");
    Spec::new(&with("betas \"why\"")).fails_with("syntax");
}

#[test]
fn fresh_is_a_name_like_any_other_elsewhere() {
    assert_eq!(value_with("let fresh = 3", "fresh + 1"), "4");
    let program = Spec::with(LAYERS, "part fresh = Layer()\nfn f(x: [B, 4]) { fresh(x) }").compiles();
    assert_eq!(paths(&program), ["fresh.fc.weight", "fresh.fc.bias"]);
    Spec::with(LAYERS, "fresh let x = 1").fails_with("syntax");
}

#[test]
fn a_pair_is_one_int_for_both_or_two() {
    let shown = |default: &str| net(&format!("param it: pair in 1..=99 = {default}")).params[0].1.clone();
    assert_eq!(shown("8"), "[8, 8]");
    assert_eq!(shown("[8, 12]"), "[8, 12]");
}

#[test]
fn a_list_in_a_shape_is_as_many_extents() {
    let members = "
        param size: pair in 1..=99 = [8, 12]
        let halves = for n in size { n / 2 }
        fn f(x: [B, 3, size], y: [B, 3, halves]) -> [B, 3, halves] { avg_pool(x, 2) + y }
    ";
    let program = net(members);
    let inputs: Vec<String> = program.functions[0]
        .graph
        .inputs()
        .iter()
        .map(|id| program.functions[0].graph.node(*id).facts[0].to_string())
        .collect();
    assert_eq!(inputs, ["[B, 3, 8, 12]", "[B, 3, 4, 6]"]);
}

#[test]
fn a_member_of_the_model_is_computed_once_for_a_function_and_outside_of_its_loops() {
    let members = "
        part net = Net()
        let fixed = net(constant([1.0, 2.0]) |> reshape([1, 2]))
        fn f(x: [B, 4]) { fixed + (loop y = x over t in [1, 2] { y + fixed }) }
    ";
    let program = net(members);
    let linear = |graph: &diadc_core::graph::Graph| {
        let is_linear = |node: &diadc_core::graph::Node| {
            matches!(node.task, diadc_core::graph::Task::Op(diadc_core::op::Op::Linear))
        };
        graph.nodes().filter(|(_, node)| is_linear(node)).count()
    };
    assert_eq!(linear(&program.functions[0].graph), 2);
}

#[test]
fn a_model_is_measured_exactly_unless_it_says_otherwise() {
    use diadc_lang::measure::{ImageScore, Measure, Metric, ProtocolName};
    assert_eq!(Spec::model("let x = 1").compiles().measure, Measure::default());
    let members = "param limit = 0.05
        measure { protocol = diad  metrics = [pro, image_ap]  score = top(7)  pro_limit = limit * 2 }";
    let expected = Measure {
        protocol: ProtocolName::Diad,
        metrics: vec![Metric::Pro, Metric::ImageAp],
        pro_limit: 0.1,
        image_score: Some(ImageScore::Top { k: 7 }),
    };
    assert_eq!(Spec::model(members).compiles().measure, expected);
    let set = |score: &str| {
        let members = format!("param k = 9\nparam share: float = 0.02\nmeasure {{ score = {score} }}");
        Spec::model(&members).set("k", "12").compiles().measure.image_score()
    };
    assert_eq!(set("top(k)"), ImageScore::Top { k: 12 });
    assert_eq!(set("top(share / 2)"), ImageScore::TopShare { share: 0.01 });
    assert_eq!(set("top(1%)"), ImageScore::TopShare { share: 0.01 });
    assert_eq!(set("top(12.5% / 2)"), ImageScore::TopShare { share: 0.0625 });
    assert_eq!(set("top(100%)"), ImageScore::TopShare { share: 1.0 });
    assert_eq!(set("pool(k - 10, 8)"), ImageScore::Pool { window: 2, rounds: 8 });
    for wrong in ["top(0)", "top(1.5)", "top(0.0)", "top(0%)", "top(101%)", "top(\"k\")", "pool(0.5, 2)", "top(2, 3)"] {
        Spec::model(&format!("measure {{ score = {wrong} }}")).fails_with("wrong-argument");
    }
    Spec::model("param k = 9\nmeasure { score = top(kk) }").fails_with("unknown-name");
    let pools = Spec::model("measure { score = pool(16, 2) }").compiles().measure;
    assert_eq!(pools.image_score(), ImageScore::Pool { window: 16, rounds: 2 });
}
