//! One error for one cause, and advice that works: what is advised is applied, and then nothing is wrong.

use diadc_lang::compile::{Compiled, Failed};
use diadc_lang::diagnostic::{Code, Diagnostic, Fix};

use super::{Spec, graph, shown};

const NET: &str = "block Net(out: int = 3) { fn (x) { x |> conv(3, out: out) @ \"a\" } }";

fn failed(spec: &Spec) -> Box<Failed> {
    match spec.result() {
        Ok(_) => panic!("nothing is wrong with\n{}", spec.text),
        Err(failed) => failed,
    }
}

/// The only error of a spec.
#[track_caller]
fn only(spec: &Spec) -> Diagnostic {
    let failed = failed(spec);
    let [mistake] = failed.diagnostics.as_slice() else { panic!("one error is told\n{}", shown(&failed)) };
    mistake.clone()
}

#[track_caller]
fn helps(spec: &Spec, help: &str) {
    let mistake = only(spec);
    let told = mistake.help.as_deref().unwrap_or_default();
    assert!(told.contains(help), "{}: {told}\n{}", mistake.headline, spec.text);
}

fn applied(fix: &Fix, text: &str) -> String {
    let (start, end) = (fix.span.start as usize, fix.span.end as usize);
    format!("{}{}{}", &text[..start], fix.new, &text[end..])
}

/// Applies the only fix of the only error; nothing is wrong then.
#[track_caller]
fn mended(spec: &Spec) -> Compiled {
    let mistake = only(spec);
    let [fix] = mistake.fixes.as_slice() else { panic!("{}: {:?}", mistake.headline, mistake.fixes) };
    let after = Spec::new(&applied(fix, &spec.text));
    after.result().unwrap_or_else(|failed| panic!("{}\n{}", after.text, shown(&failed)))
}

#[test]
fn a_case_is_known_by_its_name_where_a_parameter_asks_for_it() {
    let of = |part: &str| {
        let uses = "use std::extractor::{Extractor}";
        Spec::with(uses, &format!("part psi = {part}\nfn f(x: [B, 3, 64, 64]) {{ psi(x).last }}"))
    };
    of("Extractor(resnet18)").compiles();
    of("Extractor(kind: resnet18)").compiles();
    of("Extractor(if 1 < 2 { resnet18 } else { vgg16 })").compiles();
    assert!(mended(&of("Extractor(\"resnet18\")")).program.weights.len() > 10);
    mended(&of("Extractor(resnt18)"));
    helps(&of("Extractor(\"my own\")"), "its cases are `vgg16`, `vgg19`");
}

#[test]
fn cases_are_found_for_functions_lists_parts_and_pipes_alike() {
    let other = "enum Mode { low, high }
enum Site { low, middle }
fn scaled(x, mode: Mode) { if mode == high { 2 * x } else { x } }
fn all(x, modes: list<Mode>) { x * len(modes) }
block Net(mode: Mode) {
    fn (x, as_in: Mode) { scaled(x |> conv(3) @ \"a\", as_in) }
    fn other(x, mode: Mode) { scaled(x, mode) }
}
";
    let body = "part net = Net(high)
fn f(x: [B, 3, 8, 8]) {
    let y = net(x, low) + net.other(x, high) + (x |> net(high)) + (x |> scaled(low)) + all(x, [low, high])
    y |> scaled(mode: high)
}";
    Spec::with("use \"other.diad\"::{Net, scaled, all}", body).file("other.diad", other).compiles();
    // A name that is known counts first, and one that two enums have is decided by the parameter.
    let uses = "use \"other.diad\"::{Net, Mode, Site, scaled, all}";
    Spec::with(uses, body).file("other.diad", other).compiles();
    let local = "fn f(x: [B, 3, 8, 8]) { let low = 3  scaled(x, low) }";
    let mistake = only(&Spec::with("use \"other.diad\"::{scaled}", local).file("other.diad", other));
    assert_eq!(mistake.code, Code::WrongType);
    let own = "use \"other.diad\"::{scaled, Mode}\nlet low = Mode::high\nfn high(x) { x }";
    let program = Spec::with(own, "fn f(x: [B, 3, 8, 8]) { scaled(x, low) }").file("other.diad", other).compiles();
    assert!(graph(&program, "f").contains("mul 2"), "{}", graph(&program, "f"));
    // A function of the prelude does not hide a case that is asked for.
    let shadowed = other.replace("low", "double");
    Spec::with("use \"other.diad\"::{scaled}", "fn f(x: [B, 3, 8, 8]) { scaled(x, double) }")
        .file("other.diad", &shadowed)
        .compiles();
}

#[test]
fn a_name_before_its_let_is_one_error_that_shows_the_let() {
    for body in [
        "let map = mean(image - rec, axis: 1)\nlet rec = net(image)\n{map: map, value: mean(map, axis: [1, 2])}",
        "let map = mean(rec - rec * rec, axis: 1)\nlet rec = net(image)\n{map: map, value: mean(rec, axis: [1, 2, 3])}",
        "let both = for i in 0..2 { i * rec }\nlet (rec, _) = (net(image), 1)\n{map: both[0], value: rec}",
        "rec\nlet rec = net(image)",
    ] {
        let members = format!("data {{ size = 8 }}\npart net = Net()\nscore (image) {{\n{body}\n}}");
        let mistake = only(&Spec::with(NET, &members));
        assert_eq!(mistake.headline, "`rec` is used before it gets its value");
        assert_eq!(mistake.labels.len(), 2);
    }
}

#[test]
fn a_name_that_is_only_assigned_gets_the_word_that_it_lacks() {
    for (line, word) in [
        ("y = relu(x)\ny * 2 + y", "let y"),
        ("y = relu(x)\ny = y + 1\ny", "var y"),
        ("y = x\nfor i in 0..2 { y = y + i }\ny", "var y"),
    ] {
        let spec = Spec::model(&format!("fn f(x: [B, 3, 8, 8]) {{\n{line}\n}}"));
        assert!(only(&spec).help.is_some_and(|help| help.contains(word)), "{word}");
        mended(&spec);
    }
    mended(&Spec::model("fn f(x: [B, 3, 8, 8]) {\nvar total = x\ntotla = total + x\ntotal\n}"));
    // A parameter can't be made a `var`, but its name can be given to another value.
    mended(&Spec::model("fn f(x: [B, 3, 8, 8]) {\nx = relu(x)\nx + 1\n}"));
    mended(&Spec::model("fn f(x: [B, 3, 8, 8]) {\nlet y = |z| { z = z + 1  z }\ny(x)\n}"));
}

#[test]
fn what_another_function_of_the_family_takes_is_told() {
    let training = |optimizer: &str| {
        let members = "data { size = 8 }\npart net = Net()\nobjective o(image) trains net { mse(net(image), image) }";
        Spec::with(NET, &format!("{members}\ntraining o {{ optimizer = {optimizer}  batch = 1  steps = 1 }}"))
    };
    helps(&training("sgd(lr: 1e-3, amsgrad: true)"), "`adamw` and `adam` have it; here there is `lr`");
    helps(&training("adam(lr: 1e-3, momentum: 0.9)"), "`sgd` has it");
    helps(&training("adamw(lr: 1e-3, weigth_decay: 0.9)"), "did you mean `weight_decay`?");
}

#[test]
fn a_score_without_its_map_asks_whether_another_entry_is_it() {
    let score = |record: &str| {
        let body = "let a = mean(net(image), axis: 1, keep: true)\nlet b = mean(a, axis: [1, 2, 3])";
        let members = format!("data {{ size = 8 }}\npart net = Net()\nscore (image) {{\n{body}\n{record}\n}}");
        Spec::with(NET, &members)
    };
    mended(&score("{heatmap: a, value: b}"));
    mended(&score("{map: a, score: b}"));
    let mistake = only(&score("{heat: a, other: a, value: b}"));
    assert_eq!((mistake.headline.as_str(), mistake.fixes.len()), ("`score` gives no `map`", 0));
    let mistake = only(&score("{map: a, value: b, shown: b}"));
    assert_eq!(mistake.span().end - mistake.span().start, 8, "the entry alone is underlined");
}

#[test]
fn tensors_side_by_side_are_told_to_stand_in_brackets() {
    for call in ["concat(x, x)", "concat(x, x, x)", "concat(x, x, axis: 2)"] {
        helps(&Spec::model(&format!("fn f(x: [B, 3, 8, 8]) {{ {call} }}")), "`concat([a, b])`");
    }
    Spec::model("fn f(x: [B, 3, 8, 8]) { concat([x, x]) }").compiles();
}

#[test]
fn words_of_settings_are_bare_or_strings_everywhere() {
    let with = |data: &str, measure: &str| {
        let body = "let map = mean(image, axis: 1)\n{map: map, value: max(map, axis: [1, 2])}";
        Spec::model(&format!(
            "param turn: string = \"vertical\"\nlet both = turn\ndata {{ size = 8 {data} }}\nmeasure {{ {measure} }}\nscore (image) {{ {body} }}"
        ))
    };
    for (data, measure) in [
        ("flip = horizontal filter = nearest mask = above_half", "protocol = exact"),
        (
            "flip = \"horizontal\" filter = \"nearest\" mask = \"above_half\"",
            "protocol = \"exact\" metrics = [\"pro\", image_ap]",
        ),
        ("flip = turn", "protocol = diad"),
        ("flip = if 1 < 2 { \"none\" } else { turn }", "protocol = diad"),
    ] {
        with(data, measure).compiles();
    }
    // The word counts before a name of the spec.
    let program = with("flip = both", "protocol = exact").compiles();
    let flips = program.data.expect("it has data").augmentation;
    assert!(flips.flip_horizontal && flips.flip_vertical);
    assert!(with("flip = none", "protocol = exact").compiles().data.expect("it has data").augmentation.is_none());
    mended(&with("flip = horizontl", "protocol = exact"));
    mended(&with("flip = \"horizontl\"", "protocol = exact"));
    helps(&with("flip = sideways", "protocol = exact"), "`none`, `horizontal`, `vertical`, `both`");
}

#[test]
fn a_bracket_that_a_comment_hides_is_told_as_that() {
    for line in ["reshape(x, [B, 3, 8 // 2, 8])\n-1", "let y = [8 // 2, 4]\nx", "f(g(x // 2), 3)\n}"] {
        let failed = failed(&Spec::model(&format!("fn f(x: [B, 3, 8, 8]) {{\n{line}\n}}")));
        let told = failed.diagnostics[0].help.as_deref().unwrap_or_default();
        assert!(told.contains("`div(a, b)`"), "{}", shown(&failed));
    }
}

#[test]
fn a_mistake_within_the_library_shows_the_own_line_first() {
    for objective in ["mse(net(image), image)", "l1(net(image), image)", "mean(cosine(net(image), image))"] {
        let members =
            format!("data {{ size = 8 }}\npart net = Net(4)\nobjective o(image) trains net {{ {objective} }}");
        let failed = failed(&Spec::with(NET, &members));
        let text = shown(&failed);
        let first = text.lines().find(|line| line.contains("-->")).unwrap_or_default();
        assert!(first.contains("spec.diad"), "{text}");
    }
}

#[test]
fn several_values_from_outside_are_told_to_stand_in_brackets() {
    let spec = |ty: &str, default: &str| {
        Spec::model(&format!("param xs{ty} = {default}\nfn f(x: [B, 3, 8, 8]) {{ x * len(xs) }}"))
    };
    helps(&spec(": list<int> in 1..=5", "[1]").set("xs", "2,3"), "`--set 'xs=[2, 3]'`");
    helps(&spec("", "[1]").set("xs", "2, 3"), "`--set 'xs=[2, 3]'`");
    helps(&spec(": list<int>", "[1]").set("xs", "2 3"), "`--set 'xs=[2, 3]'`");
    helps(&spec(": set<int>", "{1}").set("xs", "2,3"), "{2, 3}");
    helps(&spec(": list<int>", "[1]").set("xs", "2"), "`[2]`");
    helps(&spec(": set<int>", "{1}").set("xs", "2"), "`{2}`");
    spec(": list<int> in 1..=5", "[1]").set("xs", "[2, 3]").compiles();
}

#[test]
fn a_value_from_outside_that_fits_nowhere_is_one_error_there_with_values_that_fit() {
    for (size, near) in
        [("33", "32 and 36 would do"), ("[33, 36]", "32 and 36 would do"), ("255", "252 and 256 would do")]
    {
        let items = "fn half(x: [B, C, H, W]) { slice(x, 2, 0, H / 2) + slice(x, 2, H / 2, H) }";
        let members = "param size: pair in 4..=256 = 32\ndata { size = size }\nlet sides = for n in size { n / 4 }
fn small(x: [B, 3, size]) -> [B, 3, sides] { avg_pool(x, 4) }
objective o(image) trains net { mean(small(image)) + mean(net(half(image))) }\npart net = Net()
training o { optimizer = adam(lr: 1e-3) batch = 1 steps = 1 }";
        let spec = Spec::with(&format!("{NET}\n{items}"), members).set("size", size);
        let mut failed = failed(&spec);
        failed.advise();
        let [mistake] = failed.diagnostics.as_slice() else { panic!("{}", shown(&failed)) };
        assert_eq!(mistake.code, Code::NotWithin);
        assert!(failed.sources.place(mistake.span()).starts_with("--set size"), "{}", shown(&failed));
        assert_eq!(mistake.help.as_deref(), Some(near), "{}", shown(&failed));
        for n in near.split(' ').filter(|word| word.chars().all(|c| c.is_ascii_digit())) {
            Spec::with(&format!("{NET}\n{items}"), members).set("size", n).compiles();
        }
    }
}

#[test]
fn an_open_extent_can_be_divided_as_advised() {
    helps(&Spec::model("fn f(x: [B, 3, H, W]) { slice(x, 3, 0, W / 2) }"), "`div(W, 2)`");
    helps(&Spec::model("fn f(x: [B, 3, H, W]) { reshape(x, [B, 3 * H / 2, 2, W]) }"), "`div(3*H, 2)`");
    let body = "mean(x, axis: 2) + mean(y, axis: 2) * mean(full(1.0, [div(H, 2), 1]))";
    let program = Spec::model(&format!("fn f(x: [B, 3, H, W], y: [B, 3, div(H, 2), W]) {{ {body} }}")).compiles();
    assert_eq!(program.functions.len(), 1);
    helps(&Spec::model("fn f(x: [B, 3, H, W]) { avg_pool(x, div(W, 2)) }"), "state the size");
    helps(&Spec::model("fn f(x: [B, 3, 9, 9]) { slice(x, 3, 0, 9 / 2) }"), "`div(a, b)`");
    Spec::model("fn f(x: [B, 3, 9, 9]) { slice(x, 3, 0, div(9, 2)) }").compiles();
}

#[test]
fn a_function_whose_shapes_fit_at_each_call_is_no_mistake_and_not_exported() {
    for function in [
        "fn halve(x: [B, C, H, W], y: [B, D, h, w]) { avg_pool(x, 2) + y }",
        "fn halve(x: [B, 3, H, W], y: [B, 3, H / 2, W / 2]) { avg_pool(x, 2) + y }",
        "fn halve(x: [B, 3, H, W], y: [B, 3, h, w]) { for i in 0..2 { avg_pool(x, 2) + y }.last }",
    ] {
        let rest = "data { size = 8 }\npart net = Net()\ntraining o { optimizer = adam(lr: 1e-3) batch = 1 steps = 1 }
objective o(image) trains net { mean(halve(image, avg_pool(net(image), 2))) }";
        let program = Spec::with(NET, &format!("{function}\n{rest}")).compiles();
        assert!(program.function("halve").is_none() && program.function("o").is_some());
        // Where nothing calls it, or a call does not fit, it is a mistake.
        assert!(Spec::model(function).result().is_err());
        let unfit = rest.replace("avg_pool(net(image), 2)", "net(image)");
        assert!(Spec::with(NET, &format!("{function}\n{unfit}")).result().is_err());
    }
}

#[test]
fn a_mistake_in_a_for_is_told_alone() {
    for body in [
        "for i in 0..2 { conv(x, 3, stride: 0) @ \"{i}\" }",
        "[x, conv(x, 3, stride: 0) @ \"a\"]",
        "({a: x, b: conv(x, 3, stride: 0) @ \"a\"}, 1)",
        "let all = for i in 0..2 { conv(x, 3, stride: 0) @ \"{i}\" }\nall.last",
    ] {
        let mistake = only(&Spec::model(&format!("fn two(x: [B, 3, 8, 8]) {{ {body} }}")));
        assert_eq!(mistake.code, Code::TooSmall, "{body}");
    }
    helps(&Spec::model("fn two(x: [B, 3, 8, 8]) { let y = relu(x) }"), "none comes last");
}

#[test]
fn elements_of_lists_of_parts_can_be_named() {
    let members = |trains: &str| {
        format!(
            "data {{ size = 8 }}\npart nets = for i in 0..2 {{ Net() }}\npart pairs = for i in 0..2 {{ Pair() }}
part one = copy nets.0 @ \"one\"
fn f(x: [B, 3, 8, 8]) {{ x |> nets.0 |> nets.1 |> pairs.0 |> pairs.1 |> one }}
objective o(image) trains {trains} {{ mse(f(image), image) }}
training o {{ optimizer = adam(lr: 1e-3) batch = 1 steps = 1 }}"
        )
    };
    let items =
        format!("{NET}\nblock Pair() {{ part both = for i in 0..2 {{ Net() }} fn (x) {{ x |> both.0 |> both.1 }} }}");
    let trained = |trains: &str| {
        let program = Spec::with(&items, &members(trains)).compiles();
        let of = |id: &diadc_core::op::WeightId| program.weight(*id).path.clone();
        program.objectives[0].trains.iter().map(of).filter(|path| path.ends_with("weight")).collect::<Vec<_>>()
    };
    assert_eq!(trained("nets.0"), ["nets.0.a.weight"]);
    assert_eq!(trained("nets freezes nets.0"), ["nets.1.a.weight"]);
    assert_eq!(trained("pairs.1.both.0, nets.1"), ["nets.1.a.weight", "pairs.1.both.0.a.weight"]);
    let mistake = only(&Spec::with(&items, &members("nets.2")));
    assert_eq!(mistake.headline, "there is no element 2 in a list of 2");
}

#[test]
fn operations_of_other_programs_are_answered_with_the_nearest_by_meaning() {
    for (call, told) in [
        ("topk(x, 5)", "`max`"),
        ("cat([x, x])", "`concat([a, b])`"),
        ("x |> view([B, -1])", "`reshape`"),
        ("interpolate(x, 16)", "`resize`"),
        ("clip(x, 0, 1)", "`clamp`"),
        ("detach(x)", "`stop_gradient`"),
        ("grad(mean(x), x)", "`gradient(y, x)`"),
        ("mse_loss(x, x)", "`mse`"),
        ("einsum(\"ab\", x, x)", "`matmul`"),
        ("torch.relu(x)", "by themselves"),
        ("for i, y in enumerate([x]) { y }.last", "`for i, x in xs { .. }`"),
    ] {
        let failed = failed(&Spec::model(&format!("fn f(x: [B, 3, 8, 8]) {{ {call} }}")));
        let help = failed.diagnostics[0].help.clone().unwrap_or_default();
        assert!(help.contains(told) || (call.starts_with("topk") && help.contains("`top`")), "{call}: {help}");
    }
    // A name of the spec that differs by a letter is meant first.
    helps(&Spec::model("fn f(x: [B, 3, 8, 8]) { let views = x  view + 1 }"), "did you mean `views`?");
}

#[test]
fn an_import_is_added_above_the_comment_of_the_first_item() {
    let model = "block One() { fn (x) { x } }\nmodel M {\n    part net = TinyBlock()\n    fn f(x: [B, 4, 8, 8]) { net(x) }\n}\n";
    for (head, left) in [
        ("// What it does.\n", "use std::autoencoder::{TinyBlock}\n// What it does.\nblock One"),
        (
            "//! A file.\n\n// A licence.\n\n// What\n// it does.\n",
            "// A licence.\n\nuse std::autoencoder::{TinyBlock}\n// What\n// it",
        ),
        ("//! A file.\n", "//! A file.\nuse std::autoencoder::{TinyBlock}\nblock One"),
    ] {
        let spec = Spec::new(&format!("{head}{model}"));
        let mistake = only(&spec);
        let after = applied(&mistake.fixes[0], &spec.text);
        assert!(after.contains(left), "{after}");
        assert!(Spec::new(&after).result().is_ok(), "{after}");
    }
}

#[test]
fn a_function_of_the_model_that_does_not_fit_is_told_of_its_call_alone() {
    let score = |own: &str, call: &str| {
        let body = format!("let a = {call}\n{{map: mean(a, axis: 1), value: mean(a, axis: [1, 2, 3])}}");
        Spec::model(&format!("data {{ size = 32 }}\nfn own(x: [B, C, H, W]) {{ {own} }}\nscore (image) {{ {body} }}"))
    };
    // Alone, the first operation fails, whose extent is not known; at the call, the second.
    let own = "let y = slice(x, 1, 0, 2)\n y + avg_pool(x, 5)";
    for call in ["own(image)", "image |> own", "2 * own(x: image)"] {
        let mistake = only(&score(own, call));
        assert_eq!(mistake.headline, "`+` does not fit what it is given");
        let traced: Vec<&str> = mistake.trace.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(traced, ["in `own` of `M`, called here", "in `score`"]);
    }
    // What is given to it is not what it takes: then what is wrong within it is told too.
    let failed = failed(&score(own, "own(mean(image, axis: 1))"));
    assert_eq!(failed.diagnostics.len(), 2, "{}", shown(&failed));
    // Where it is called rightly elsewhere, the wrong call alone is told.
    let body = "let b = avg_pool(image, 5)\nlet a = own(image) + own(b)\n{map: mean(a, axis: 1), value: mean(a, axis: [1, 2, 3])}";
    let both = Spec::model(&format!(
        "data {{ size = 32 }}\nfn own(x: [B, C, H, W]) {{ reshape(x, [B, C, 32 * W]) }}\nscore (image) {{ {body} }}"
    ));
    let mistake = only(&both);
    assert!(mistake.trace.iter().any(|label| label.text.contains("called here")), "{mistake:?}");
}
