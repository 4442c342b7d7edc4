//! Mistakes that newcomers make, each with the word that helps.

use diadc_lang::compile::Failed;

use super::{Spec, shown};

fn failed(members: &str, body: &str) -> Box<Failed> {
    let net = "block Net() { fn (x) { x |> conv(3, out: 3) @ \"a\" } }\n\
               block A() { part b = A() fn (x) { b(x) } }\nenum Mode { fast, slow }";
    let spec = Spec::with(
        net,
        &format!("data {{ size = 16 }}\npart net = Net()\n{members}\nfn f(x: [B, 3, 16, 16]) {{ {body} }}"),
    );
    match spec.result() {
        Ok(_) => panic!("nothing is wrong with\n{}", spec.text),
        Err(failed) => failed,
    }
}

#[track_caller]
fn helps(members: &str, body: &str, help: &str) {
    let failed = failed(members, body);
    let text = shown(&failed);
    assert!(
        failed.diagnostics.iter().any(|told| told.help.as_deref().is_some_and(|told| told.contains(help))),
        "{text}"
    );
}

#[test]
fn functions_are_not_fields_of_tensors() {
    helps("", "x.mean(axis: 1)", "`mean(x)` or `x |> mean`");
    helps("", "x.double()", "`double(x)`");
    helps("", "x.shape", "its extents are `shape(x)`");
    helps("", "x.size(2)", "its extents are `shape(x)`");
    helps("", "x * len(x)", "`shape(x)`");
}

#[test]
fn arguments_and_settings_of_other_programs_are_found_by_their_meaning() {
    let training = |settings: &str| {
        let text = "objective o(image) trains net { mse(net(image), image) }\ntraining o {";
        format!("{text} {settings} steps = 4 }}")
    };
    helps("", "mean(x, dim: 1)", "did you mean `axis`?");
    helps("", "mean(x, axis: 1, keepdim: true)", "did you mean `keep`?");
    helps("", "conv(x, kernel_size: 3) @ \"a\"", "did you mean `kernel`?");
    helps("", "conv(x, 3, out_channels: 8) @ \"a\"", "did you mean `out`?");
    helps(&training("optimizer = adamw(lr: 1e-3) batch_size = 4"), "x", "did you mean `batch`?");
    helps(&training("optimizer = adamw(learning_rate: 1e-3) batch = 4"), "x", "did you mean `lr`?");
    helps(&training("optimizer = adamw(lr: 0,001) batch = 4"), "x", "`0.001`");
}

#[test]
fn numbers_lists_and_axes_are_told_as_they_are_written() {
    helps("", "for i in 3 { x }.last", "`0..3`");
    helps("", "x + [1, 2, 3]", "`constant(..)`");
    helps("", "reshape(x, B, -1)", "`reshape(x, [B, -1])`");
    helps("", "permute(x, 0, 2, 3, 1)", "`permute(x, [0, 2, 3, 1])`");
    helps("", "softmax(x, axis: 4)", "the last is 3, or -1");
}

#[test]
fn a_name_that_hides_what_is_called_is_told_as_that() {
    for (members, body) in [
        ("", "let mean = 3\n mean(x)"),
        ("", "let mean = mean(x)\n x |> mean"),
        ("param mean = 3", "x |> mean(axis: 1)"),
        ("fn g(x: [B, 3, 16, 16], mean) { mean(x) }", "g(x, 2)"),
    ] {
        helps(members, body, "hides the operation `mean`: give it another one");
    }
    helps("", "let Net = 3\n x |> Net() @ \"b\"", "hides the block `Net`");
    let failed = failed("", "let (mean, n) = (3, 4)\n mean(x)");
    assert_eq!(failed.diagnostics[0].headline, "`mean` can't be called: here it is the int 3");
}

#[test]
fn an_int_where_a_float_is_given_is_shown() {
    helps("param k = 2.0", "max_pool(x, k)", "as in `2`; `to_int(x)`");
    helps("fn g(x, k: int) { x * k }", "g(x, 3.0)", "as in `3`; `to_int(x)`");
    helps("fn g(x, k: int) { x * k }", "g(x, 3.5)", "`to_int(x)` and `floor(x)` make one of a float");
    helps("fn g(x, ks: list<int>) { x * ks[0] }", "g(x, [1.0])", "as in `1`");
    helps("", "reshape(x, [B, 3.0, 256])", "as in `3`");
}

#[test]
fn signs_of_other_languages_are_answered() {
    helps("", "let a, b = (x, x) a + b", "`let (a, b) = ..`");
    helps("", "let n: int = 3 x * n", "states no type");
    helps("", "x -> relu", "`|>`");
    helps("", "x ? x : -x", "`if condition { a } else { b }`");
    helps("fn g(x: [B, 3, 16, 16]): [B, 3, 16, 16] { x }", "g(x)", "after `->`");
    helps("data { size = 32 }", "x", "put both together");
    let failed = failed("", "net(x, x)");
    assert_eq!(failed.diagnostics[0].headline, "this block takes one argument");
}

#[test]
fn brackets_commas_and_numbers_are_told_as_they_are_written() {
    helps("part other = Net", "x", "write `Net()`");
    helps("", "for i in 1...3 { x }.last", "`1..3` without its end");
    helps("", "concat([x x])", "parted by commas");
    helps("fn g(x, at, on) { x * at * on }", "g(x, at: 1 on: 2)", "parted by commas");
    helps("fn g(x: [B 3 16 16]) { x }", "x", "parted by commas");
    helps("", "if 1 = 2 { x } else { -x }", "compared by `==`");
    helps("", "sigmoid x", "`sigmoid(x)`");
    helps("", "mean(x, axis: channel)", "1 channels");
    helps("", "resize(x, 64, 64)", "`[64, 64]`");
    helps("", "x + random_normal([B, 3, 16, 16])", "`random_normal(shape: [B, 1])`");
    helps("objective o(image) trains { mse(net(image), image) }", "x", "needs the parts");
    let training = "objective o(image) trains net { mse(net(image), image) }\ntraining o { optimizer = adam() lr = 1e-3 batch = 2 steps = 1 }";
    helps(training, "x", "`optimizer = adamw(lr: 1e-4)`");
    helps("train o { batch = 2 }", "x", "did you mean `training`?");
    helps("loss o(image) trains net { mse(net(image), image) }", "x", "did you mean `objective`?");
}

#[test]
fn the_place_of_a_block_that_holds_itself_is_shown_in_short() {
    let text = shown(&failed("part a = A()\nfn g(x: [B, 3, 16, 16]) { a(x) }", "x"));
    assert!(text.lines().all(|line| line.len() < 200), "{text}");
}

#[test]
fn an_x_between_numbers_is_no_times_sign() {
    let times = "two extents are parted by a comma, as in `[256, 256]`; a product is written `a * b`";
    helps("", "avg_pool(x, 3 x 3)", times);
    helps("", "avg_pool(x, [3 X 3])", times);
    helps("", "x * (2 x 3)", times);
    helps("", "x |> conv(3x3, out: 8) @ \"b\"", times);
    helps("fn g(x: [B, 3, 16 x 16]) { x }", "x", times);
    helps("data { size = 256 x 256 }", "x", times);
    helps("data { size = 256x256 }", "x", times);
    helps("data { size = 256 \u{d7} 256 }", "x", times);
    // Outside of brackets it is a name, and what stands after it a statement; one error is told of both.
    let failed = failed("", "let n = 2 x 3\n x * n");
    let [told] = failed.diagnostics.as_slice() else { panic!("{}", shown(&failed)) };
    assert!(told.help.as_deref().is_some_and(|help| help.contains("a product is written `a * b`")), "{told:?}");
    // A number of other letters, and a times sign between names, are what they were.
    helps("data { size = 256px }", "x", "no letters can follow a number");
    helps("", "x \u{d7} x", "write `*`");
    helps("", "let n = 2\n x\n x * n", "give this one a name with `let`");
}

#[test]
fn a_value_of_another_number_of_elements_says_how_many_it_has() {
    helps("", "let (a, b) = split(x, 3, axis: 1)\n a + b", "it has 3 elements: `(a, b, _)` takes it apart");
    helps("", "let (a, _, c) = (x, x)\n a + c", "it has 2 elements: `(a, _)` takes it apart");
    helps("", "let (a, (b, c)) = (x, [x, x, x])\n a + b + c", "it has 3 elements: `(b, c, _)` takes it apart");
    helps("", "let (a, b) = [x]\n a + b", "it has one element, of which `xs[0]`");
    helps("", "let (a, b) = for i in 0..20 { x * i }\n a + b", "it has 20 elements, of which `xs[0]`");
    helps("", "let (a, b) = x\n a + b", "`split(x, 2, axis: 1)`");
    let failed = failed("", "let (a, b) = 3\n x * a * b");
    assert_eq!(failed.diagnostics[0].help, None);
}

#[test]
fn heads_of_loops_are_told_as_they_are_written() {
    let head = "as in `loop z = x over t in [3, 2, 1] { .. }`";
    for (body, own) in [
        ("loop z = x for t in [1, 2] { z + t }", "after `over`"),
        ("for z = x over t in [1, 2] { z + t }", "as in `for x in xs { .. }`"),
        ("loop t in [1, 2] { x + t }", "without one it is a `for`"),
        ("loop z in x over t in [1, 2] { z + t }", "without one it is a `for`"),
        ("loop z = x, t in [1, 2] { z + t }", "carries a value from step to step"),
        ("loop z = x over [1, 2] { z + 1 }", "the constant of each step has a name"),
        ("loop z = x over t = [1, 2] { z + t }", "come after `in`"),
        ("loop z = x { z + 1 }", "a step for each of its constants"),
        ("for z in x over t in [1, 2] { z + t }", "a value is carried by a `loop`"),
        ("for t over [1, 2] { x + t }", "goes through a list with `in`"),
    ] {
        helps("", body, own);
        helps("", body, head);
    }
    helps("", "loop (z, w) = (x, x) over t in [1, 2] { (z + t, w) }", "`loop z = x, w = y over t in");
    helps("", "for i = 0..3 { x * i }.last", "as in `for x in xs { .. }`");
    // Within its body, it is none of these.
    helps("", "for i in 0..3 { if i = 2 { x } else { -x } }.last", "two values are compared by `==`");
}

#[test]
fn an_order_of_axes_that_is_none_says_which_are_too_many_and_which_are_missing() {
    helps("", "permute(x, [0, 2, 2, 1])", "axis 2 is named more than once, axis 3 is missing");
    helps("", "permute(x, [0, 2, 1])", "axis 3 is missing");
    helps("", "permute(x, [0, 1])", "axes 2 and 3 are missing");
    helps("", "permute(x, [0, 1, 2, 3, 3])", "axis 3 is named more than once");
    helps("", "permute(x, [1, 1, 2, 2])", "axes 1 and 2 are named more than once, axes 0 and 3 are missing");
    // The last axis by its two names.
    helps("", "permute(x, [0, -1, 3, 1])", "axis 3 is named more than once, axis 2 is missing");
}

#[test]
fn values_of_different_kinds_are_not_compared() {
    let written = "a case is written without quotes: `fast`";
    let choice = |condition: &str| format!("if {condition} {{ x }} else {{ -x }}");
    helps("param k: Mode = fast", &choice("k == \"fast\""), written);
    helps("param k: Mode = fast", &choice("\"fast\" != k"), written);
    helps("param k: Mode = fast", &choice("k in [\"fast\"]"), written);
    helps("param k: Mode = fast", &choice("k == \"fats\""), "did you mean `fast`?");
    let kinds = "only values of one kind are compared, or any value with `none`";
    for condition in [
        "1 == \"1\"",
        "true == 1",
        "[1] == [\"1\"]",
        "{a: 1} == {a: true}",
        "1 in [\"a\"]",
        "\"a\" not in [1]",
        "[1] != 1",
    ] {
        helps("", &choice(condition), kinds);
    }
    for condition in ["1 == 1.0", "[1, none] == [1, 2.0]", "\"a\" in [none, \"b\"]", "fast == slow", "{a: 1} == {a: 1}"]
    {
        Spec::with(
            "enum Mode { fast, slow }",
            &format!("fn f(x: [B, 3, 16, 16]) {{ if {condition} {{ x }} else {{ -x }} }}"),
        )
        .compiles();
    }
}

#[test]
fn functions_that_call_themselves_are_told_of() {
    let told = |members: &str| match Spec::model(members).result() {
        Ok(_) => panic!("nothing is wrong with {members}"),
        Err(failed) => shown(&failed),
    };
    assert!(told("fn f(x: [B, 3, 32, 32]) { avg_pool(x, 99) + f(x) }").contains("avg_pool"));
    let both = "fn f(x: [B, 3, 32, 32]) { g(x) }\nfn g(x: [B, 3, 32, 32]) { avg_pool(x, 99) + f(x) }";
    assert!(told(both).contains("avg_pool"));
    assert!(told("fn f(x: [B, 3, 32, 32]) { f(x) }").contains("without end"));
}

#[test]
fn a_comma_is_no_decimal_sign() {
    helps("", "x * 1,5", "the decimal sign is a point: write `1.5`");
    helps("param w = 0,5", "x * w", "write `0.5`");
    let failed = Spec::model("param w = 1.0\nfn f(x: [B, 3, 8, 8]) { x * w }").set("w", "0,5").result().err();
    assert!(failed.is_some_and(|failed| shown(&failed).contains("write `0.5`")));
}

#[test]
fn several_strings_from_outside_are_told_with_their_quotes() {
    let spec = |value: &str| {
        let text = "param names: list<string> = [\"a\"]\nfn f(x: [B, 3, 8, 8]) { x * len(names) }";
        Spec::model(text).set("names", value)
    };
    let Err(failed) = spec("a,b").result() else { panic!("it has no brackets") };
    assert!(shown(&failed).contains("`--set 'names=[\"a\", \"b\"]'`"), "{}", shown(&failed));
    spec("[\"a\", \"b\"]").compiles();
}

#[test]
fn names_that_are_near_to_those_of_the_library_are_found() {
    helps("part u = Unet()", "x", "did you mean `UNet`? It is brought by `use std::unet::{UNet}`");
    helps("part u = ConvAutoencodr()", "x", "did you mean `ConvAutoencoder`? It is brought by `use std::");
    helps("", "smoth(x)", "did you mean `smooth`? It is brought by `use std::");
}

#[test]
fn what_is_missing_or_meant_is_named() {
    helps("", "let y = y + 1\n x * y", "its first value can't be made of itself");
    helps("", "max(x, x)", "`maximum(a, b)`");
    helps("", "min(x, x)", "`minimum(a, b)`");
    helps("fn g(x { x }", "x", "`)` is missing");
    helps("objective o(image) trains net freezes net { mse(net(image), image) }", "x", "leave out of `freezes`");
    let text = shown(&failed("fn g(x: [B, 3, H, W]) { reshape(x, [B, 3, (H - 1) / 2, 2 * W]) }", "x"));
    assert!(text.contains("(H - 1) / 2"), "{text}");
    let text = shown(&failed("param k: int in 4..=1 = 2", "x * k"));
    assert!(text.contains("must be in 4..=1"), "{text}");
}

#[test]
fn spaces_of_other_widths_become_plain_ones() {
    for space in ["\u{202f}", "\u{3000}", "\u{2009}", "\u{2003}", "\u{2028}", "\u{85}", "\u{c}"] {
        helps("", &format!("let{space}y = x\n y"), "write a plain space");
    }
    helps("", "let\u{200b} y = x\n y", "leave it out");
    for body in ["x * 1.\n + 1", "x.\n mean"] {
        let text = shown(&failed("", body));
        assert!(!text.contains("not seen"), "{text}");
    }
}

#[test]
fn words_of_sections_may_be_held_by_a_param() {
    let spec = |k: &str, settings: &str| {
        let text = format!("param k: string = \"{k}\"\nmeasure {{ {settings} }}\nfn f(x: [B, 3, 8, 8]) {{ x }}");
        Spec::model(&text)
    };
    spec("max", "protocol = exact score = k").compiles();
    spec("exact", "protocol = k score = max").compiles();
    let Err(failed) = spec("maxi", "protocol = exact score = k").result() else { panic!("there is no such score") };
    assert!(shown(&failed).contains("there is no image score `maxi`"), "{}", shown(&failed));
    let net = "part net = Net()\nobjective o(image) trains net { mse(net(image), image) }\ntraining o {";
    let text = format!(
        "data {{ size = 8 flip = [horizontal, vertical] }}\n{net} optimizer = adamw(lr: 1e-4) batch = 2 steps = 1 }}"
    );
    let net = "block Net() { fn (x) { x |> conv(3, out: 3) @ \"a\" } }";
    let Err(failed) = Spec::with(net, &text).result() else { panic!("it is a list") };
    let [told] = failed.diagnostics.as_slice() else { panic!("{}", shown(&failed)) };
    assert!(told.help.as_deref().is_some_and(|help| help.contains("`both`")), "{told:?}");
}

#[test]
fn the_schedule_along_a_cosine_is_named() {
    let training = "objective o(image) trains net { mse(net(image), image) }\n\
                    training o { optimizer = adamw(lr: 1e-4) batch = 2 steps = 9 schedule = cosine() }";
    helps(training, "x", "`cosine_schedule(warmup: 100)`");
}

#[test]
fn a_word_from_outside_is_answered_with_what_is_taken() {
    let members = "part net = Net()\nobjective o(image: [B, 3, 16, 16]) trains net { mean(net(image)) }\n\
                   data { size = 16 }\ntraining o { optimizer = adam(lr: 1e-3) batch = 4 steps = 4 }\n\
                   param size: int in 8..=64 = 32\nparam sides: pair in 8..=64 = 32\nparam on: bool = true\n\
                   param list: list<int> in 1..=3 = [1]\nparam n = 3\nparam word: string = \"a\"\nparam mode: Mode = fast\n\
                   fn f(x: [B, 3, size, size]) { x }";
    let items = "block Net() { fn (x) { x |> conv(3, out: 3) @ \"a\" } }\nenum Mode { fast, slow }";
    for (name, value, told) in [
        ("size", "abc", "`size` is of type `int`, in `8..=64`; its default is `32`"),
        ("size", "abc * 2", "`size` is of type `int`, in `8..=64`; its default is `32`"),
        ("size", "True", "`size` is of type `int`"),
        ("sides", "abc", "`sides` is of type `pair`, in `8..=64`"),
        ("list", "[abc]", "`list` is of type `list<int>`, in `1..=3`; its default is `[1]`"),
        ("n", "abc", "`n` takes a value of the kind of its default, which is `3`"),
        ("on", "yes", "there is `true`, `false`"),
        ("on", "True", "did you mean `true`?"),
        ("word", "abc", "`\"abc\"`"),
        ("mode", "fats", "did you mean `fast`?"),
        ("o.steps", "abc", "How many steps the optimizer takes"),
        ("o.optimizer", "adamm(lr: 1e-3)", "did you mean `adamw`?"),
    ] {
        let Err(failed) = Spec::with(items, members).set(name, value).result() else { panic!("{name}={value}") };
        let [only] = failed.diagnostics.as_slice() else { panic!("one error: {}", shown(&failed)) };
        assert!(only.help.as_deref().is_some_and(|help| help.contains(told)), "{}", shown(&failed));
    }
}

#[test]
fn a_setting_for_a_file_without_a_model_is_refused_once() {
    let library = Spec::new("fn f(x) { x }\n").set("a", "3").set("b", "4");
    library.fails_with("unknown-setting");
    let Err(failed) = library.result() else { panic!("there is nothing to set") };
    assert_eq!(failed.diagnostics[0].headline, "`a` can't be set: this file has no model");
    assert!(failed.library().is_none());
    // The model is there and can't be read.
    Spec::new("model M { fn f(x: [B, 3, 8, 8]) { x ] }\n").set("a", "3").fails_with("syntax");
}
