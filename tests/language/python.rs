//! What people who know Python type: each mistake is told once, with what to write.

use super::{Spec, shown};

/// Asserts that one thing is wrong, and that what is told of it holds these words.
#[track_caller]
fn told_once(spec: &Spec, words: &str) {
    let Err(failed) = spec.result() else { panic!("nothing is wrong with\n{}", spec.text) };
    let text = shown(&failed);
    assert!(failed.diagnostics.len() == 1 && text.contains(words), "{words}:\n{text}");
}

/// A member of a model, told once.
#[track_caller]
fn member(member: &str, words: &str) {
    told_once(&Spec::model(&format!("    {member}\n    fn f(x: [B, 3, 8, 8]) {{ x }}")), words);
}

#[test]
fn a_choice_of_words_is_an_enum() {
    member("param mode = fast", "`param mode: Mode = fast`, and before the model `enum Mode { fast, .. }`");
    member(
        "param my_mode in {low, high} = low",
        "`param my_mode: MyMode = low`, and before the model `enum MyMode { low, high }`",
    );
    member("param mode in [low, high] = low", "`enum Mode { low, high }`");
    member("param mode: {low, high} = low", "a choice of words is an enum");
    member("param mode: \"low\" | \"high\" = \"low\"", "a choice of words is an enum");
    member("param mode in [\"low\", \"high\"] = low", "a string stands in double quotes: `\"low\"`");
    member("param backbone = resnet50", "it is a case of `Backbone`, as in `param backbone: Backbone = resnet50`");
    member("param backbone = resnet50", "add `use std::extractor::{Backbone}`");
    member("param flag = fasle", "did you mean `false`?");
    member("param flag = True", "it is written `true`");
}

#[test]
fn the_type_the_range_and_the_value_of_a_param_have_their_places() {
    member("param width", "a `param` has a value, as in `param width: int in 1..=64 = 32`");
    member("param width: int", "a `param` has a value");
    member("param int width = 3", "stands after a colon");
    member("param width: int = 3 in 1..=4", "the values that a `param` may have stand before its `=`");
    member("param width: int(1, 4) = 3", "stand after `in`");
    member("param widths: list[int] = [3]", "as in `list<int>`");
    member("param name: str = \"a\"", "did you mean `string`?");
    member("width = 3", "a value begins with `let`");
    member("width: int = 3", "a value begins with `let`");
    member("optimizer = adam(lr: 1e-3)", "`optimizer` is a setting of `training`");
}

/// The body of a function, told once.
#[track_caller]
fn body(body: &str, words: &str) {
    told_once(&Spec::model(&format!("    fn f(x: [B, 3, 8, 8]) {{\n        {body}\n    }}")), words);
}

#[test]
fn words_of_python_are_told_at_each_place_and_indent() {
    let statements = [
        ("let y = lambda a: a", "`|x| ..`"),
        ("g(lambda a, b: a + b)", "`|x| ..`"),
        ("let ys = [x, lambda: x]", "`|x| ..`"),
        ("while true {\nlet y = x\n}", "a known number of steps"),
        ("while x < 3:\nx", "a known number of steps"),
        ("if true {\nlet y = x\ny\n}\nelif false {\nlet y = x\ny\n}", "`else if`"),
        ("with no_grad() {\nlet y = x\ny\n}", "`stop_gradient(x)`"),
        ("with no_grad():\nx", "`stop_gradient(x)`"),
        ("foreach y in [x] {\nlet z = y\nz\n}", "`for`"),
        ("def g(x):\nx", "begins with `fn`"),
        ("class Net(Module):\nx", "is a `block`"),
        ("let y = x if true else x", "the condition comes first"),
        ("let ys = [x if true else x]", "the condition comes first"),
        ("mean(x for i in 0..3)", "`for i in 0..3 { f(x, i) }`"),
        ("for i in 0..3:\nx", "without `:` before it"),
    ];
    for (statement, words) in statements {
        for indent in [0, 4, 8, 13] {
            let lines = format!("{statement}\nx").replace('\n', &format!("\n{}", " ".repeat(indent)));
            let body = format!("{{\n{}{lines}\n    }}", " ".repeat(indent));
            for spec in [
                format!("model M {{\n    fn f(x: [B, 3, 8, 8]) {body}\n}}\n"),
                format!("model M {{\n    objective o(x: [B, 3, 8, 8]) trains a {body}\n}}\n"),
                format!("model M {{\n    score(x) {body}\n}}\n"),
                format!("block N() {{\n    fn (x) {body}\n}}\nmodel M {{\n    fn f(x: [B, 3, 8, 8]) {{ x }}\n}}\n"),
            ] {
                // An unindented line begins an item where it can.
                if indent > 0 {
                    told_once(&Spec::new(&spec), words);
                }
            }
        }
    }
}

#[test]
fn a_body_at_the_column_of_its_function_is_read() {
    let members = "    fn f(x: [B, 3, 8, 8]) {\n    let y = x + 1\n    let z = y ! 2\n    z\n    }\n    let k = 3\n    fn g(x: [B, 3, 8, 8]) { x * k }";
    told_once(&Spec::model(members), "write `not`");
}

#[test]
fn lists_of_numbers_stand_in_brackets() {
    body("reshape(x, B, 3, 64)", "`shape` is a list: `reshape(x, [B, 3, 64])`");
    body("x |> reshape(B, -1)", "`reshape(x, [B, -1])`");
    body("permute(x, 0, 2, 3, 1)", "`order` is a list: `permute(x, [0, 2, 3, 1])`");
    body("expand(x, B, 3, 4 + 4, 8)", "`expand(x, [B, 3, .., 8])`");
    body("reshape(x, B)", "one value stands in brackets too: `[B]`");
    body("mean(x, 2, 3)", "several numbers for one parameter stand in brackets");
    body("x.reshape(B, 3, 64)", "`reshape(x, [..])` or `x |> reshape([..])`");
    body("x.view(B, 3, 64)", "`reshape(x, [B, C, H * W])`");
    body("transpose(x, 1, 2)", "`permute(x, [0, 2, 1])`");
    body("random_normal(B, 3)", "`random_normal(shape: [..])`");
    body("x + zeros(3, 4)", "`full(0.0, shape: [..])`");
    body("maximum(x, x, x, x)", "takes at most 2 arguments");
}

#[test]
fn what_a_text_in_quotes_says_is_a_comment() {
    for text in
        ["\"\"\"Doc.\"\"\"", "\"\"\"\n        Doc of it.\n        More.\n        \"\"\"", "\"Doc.\"", "'''Doc.'''"]
    {
        body(&format!("{text}\n        x"), "a comment begins with `//`");
    }
    for text in ["\"\"\"Doc.\"\"\"", "\"\"\"\nDoc of it.\nlet it be.\n\"\"\""] {
        told_once(&Spec::with(text, "    fn f(x: [B, 3, 8, 8]) { x }"), "a comment begins with `//`");
        told_once(&Spec::model(&format!("{text}\n    fn f(x: [B, 3, 8, 8]) {{ x }}")), "a comment begins with `//`");
    }
}

#[test]
fn several_values_without_brackets_are_told_as_that() {
    body("let (a, b) = (x, x)\n        a, b", "as in `(a, b)`");
    body("return x, x", "as in `(a, b)`");
    member("let scales = 3, 4", "as in `[3, 4]`");
    member("param scales = 3, 4", "as in `[3, 4]`");
    member("data { size = 8, mean = 0.5 }", "leave the `,` out");
}

#[test]
fn a_name_is_not_seen_outside_of_its_body() {
    body("if true { let y = x  y } else { x }\n        y + y", "`y` is not seen outside of its `if`");
    body("if true { let y = x  y } else { x }\n        y", "`let y = if condition { a } else { b }`");
    body("for i in 0..3 { let y = x + i  y }\n        y", "`let ys = for x in xs { f(x) }`, which is a list");
    body("let ys = for i in 0..3 { x + i }\n        ys[0] + i", "`i` is not seen outside of its `for`");
    body("let f = |a| a + 1\n        f(x) + a", "`a` is not seen outside of its function");
    body("let y = loop z = x over t in [1, 2] { let w = z + 1  w }\n        y + w", "outside of its `loop`");
    body("if true { y = x } else { y = -x }\n        y", "define it before the `if`, with `var y = ..`");
    body("for i in 0..3 { s = x + i }\n        s", "define it before the `for`, with `var s = ..`");
}

#[test]
fn metrics_are_a_list_of_their_names() {
    let measure = |settings: &str, words: &str| member(&format!("measure {{ {settings} }}"), words);
    measure("metrics = ks", "there is no metric `ks`");
    measure("metrics = ks", "the metrics stand in a list, as in `metrics = [image_auroc, pro]`");
    measure("metrics = image_aurc", "did you mean `image_auroc`?");
    measure("metrics = \"image_auroc\"", "write `metrics = [image_auroc]`");
    measure("metrics = (image_auroc, pro)", "write `metrics = [image_auroc, pro]`");
    measure("metrics = {image_auroc, prp}", "did you mean `pro`?");
    measure("metrics = image_auroc, pro", "several values stand in brackets");
    measure("metrics = [AUROC]", "there is `image_auroc`, `pixel_auroc`");
    measure("metrics = 3", "the metrics stand in a list");
    measure("metrics = k.a", "there is no `k` here");
}

#[test]
fn a_missing_brace_is_told_at_what_it_would_close() {
    let text = "use std::autoencoder::{TinyBlock}\n\nblock N(width: int) {\n    fn (x) {\n        if true {\n            x\n        \
                } else {\n            -x\n        }\n    }\n}\n\nmodel M {\n    part n = N(3)\n\n    fn f(x: [B, 3, 8, 8]) {\n        \
                let y = n(x)\n        y\n    }\n\n    /// Of an image.\n    objective o(image) trains n {\n        \
                mean(n(image)) // it\n    }\n    training o {\n        steps = 4\n    }\n\n    score(image) {\n        {\n            \
                map: image,\n            value: image\n        }\n    }\n}\n// A comment.\nfn g(x) {\n    x\n}\n";
    let braces = |line: &str| line.trim_start().starts_with('}');
    for (at, line) in text.lines().enumerate().filter(|(_, line)| braces(line)) {
        let indent = line.len() - line.trim_start().len();
        let opened = text.lines().take(at).enumerate().filter(|(_, line)| line.ends_with('{'));
        let opened = opened.filter(|(_, line)| line.len() - line.trim_start().len() == indent).last();
        let (opened, _) = opened.expect("it is opened before");
        let cut = text
            .lines()
            .enumerate()
            .map(|(i, line)| if i == at { line.replacen("} ", "", 1).replacen('}', "", 1) } else { line.to_owned() });
        let cut = cut.collect::<Vec<String>>().join("\n");
        let Err(failed) = Spec::new(&cut).result() else { panic!("a brace is missing in\n{cut}") };
        let told: Vec<_> = failed.diagnostics.iter().filter(|told| told.code.name() == "syntax").collect();
        let [told] = told.as_slice() else { panic!("one error for\n{cut}\n{}", shown(&failed)) };
        let line = cut[..told.span().start as usize].matches('\n').count();
        assert_eq!((told.headline.as_str(), line), ("a `{` is not closed", opened), "{}", shown(&failed));
    }
}

#[test]
fn what_python_has_and_this_language_has_not_is_told_by_what_to_write() {
    body("if x is none { x } else { -x }", "compared by `==`");
    body("del x\n        x", "nothing is deleted");
    body("global a\n        x", "a body sees the names around it");
    body("yield x", "`for x in xs { f(x) }`");
    body("pass", "so it can't be empty");
    body("x * int(3.5)", "`to_int(x)`");
    body("x * float(3)", "`to_float(x)`");
    body("x.float()", "`to_float(x)`");
    body("tuple(x)", "`(a, b)`");
    body("list(0..3)[0] * x", "a range such as `0..3` is one already");
    body("{\"map\": x}", "have no quotes");
    body("if true & false { x } else { -x }", "write `and`");
    body("if ~true { x } else { -x }", "write `not`");
    body("super().__init__()\n        x", "`block Net from Base { .. }`");
}
