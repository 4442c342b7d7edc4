//! Fixes that diagnostics carry: applied to a wrong spec they give one without that mistake.

use diadc_lang::compile::{Failed, compile_from};
use diadc_lang::diagnostic::{Code, Diagnostic, Explanation, Fix};
use diadc_lang::resolve::Location;
use diadc_lang::source::Memory;

use super::{files, shown};

/// Everything that is said about a text, warnings too.
fn told(text: &str) -> Failed {
    let mut files = Memory::default();
    files.write("spec.diad", text);
    match compile_from(&files, &Location::File("spec.diad".into()), &[]) {
        Ok(compiled) => Failed {
            diagnostics: compiled.warnings,
            warnings: Vec::new(),
            sources: compiled.sources,
            spec: Some(compiled.spec),
        },
        Err(failed) => *failed,
    }
}

fn applied(fix: &Fix, text: &str) -> String {
    let (start, end) = (fix.span.start as usize, fix.span.end as usize);
    format!("{}{}{}", &text[..start], fix.new, &text[end..])
}

/// Each kind of fix: what is wrong, what the fix is called, and what stands there afterwards.
const KINDS: &[(&str, &str, &str)] = &[
    ("let x = softmx([1])\n", "Write `softmax`", "let x = softmax([1])\n"),
    (
        "model M {\n    data { size = 8  filter = \"bilinaer\" }\n    fn f(x: [B, 3, 8, 8]) { x }\n}\n",
        "Write `\"bilinear\"`",
        "model M {\n    data { size = 8  filter = \"bilinear\" }\n    fn f(x: [B, 3, 8, 8]) { x }\n}\n",
    ),
    (
        "use std::autoencodr::{TinyBlock}\nmodel M { part net = TinyBlock() fn f(x: [B, 3, 8, 8]) { net(x) } }\n",
        "Write `std::autoencoder`",
        "use std::autoencoder::{TinyBlock}\nmodel M { part net = TinyBlock() fn f(x: [B, 3, 8, 8]) { net(x) } }\n",
    ),
    (
        "enum Join { off, on }\nenum Noise { off, late }\nmodel M {\n    param a: Join = off\n    param b: Noise = Noise::late\n    \
         fn f(x: [B, 3, 8, 8]) { if a == Join::on and b == Noise::late { x } else { -x } }\n}\n",
        "Write `Join::off`",
        "enum Join { off, on }\nenum Noise { off, late }\nmodel M {\n    param a: Join = Join::off\n    param b: Noise = Noise::late\n    \
         fn f(x: [B, 3, 8, 8]) { if a == Join::on and b == Noise::late { x } else { -x } }\n}\n",
    ),
    (
        "model M {\n    param sigma: float in 0.1..50.0 = 5.0\n    fn f(x: [B, 3, 8, 8]) { x * sigma }\n}\n",
        "Write `..=`",
        "model M {\n    param sigma: float in 0.1..=50.0 = 5.0\n    fn f(x: [B, 3, 8, 8]) { x * sigma }\n}\n",
    ),
    (
        "model M {\n    fn f(x: [B, 3, 8, 8]) { x |> relu @ \"act\" }\n}\n",
        "Leave it out",
        "model M {\n    fn f(x: [B, 3, 8, 8]) { x |> relu }\n}\n",
    ),
    (
        "block Net() { fn (x) { x |> conv(3) @ \"a\" } }\nmodel M {\n    allow unused-part \"later\"\n    part net = Net()\n    \
         fn f(x: [B, 3, 8, 8]) { net(x) }\n}\n",
        "Leave it out",
        "block Net() { fn (x) { x |> conv(3) @ \"a\" } }\nmodel M {\n    \n    part net = Net()\n    \
         fn f(x: [B, 3, 8, 8]) { net(x) }\n}\n",
    ),
    (
        "use std::autoencoder::{TinyBlock, TinyEncoder}\nmodel M {\n    part net = TinyBlock()\n    fn f(x: [B, 4, 8, 8]) { net(x) }\n}\n",
        "Leave it out",
        "use std::autoencoder::{TinyBlock}\nmodel M {\n    part net = TinyBlock()\n    fn f(x: [B, 4, 8, 8]) { net(x) }\n}\n",
    ),
    ("moddel M { fn f(x: [B, 3, 8, 8]) { x } }\n", "Write `model`", "model M { fn f(x: [B, 3, 8, 8]) { x } }\n"),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { lte y = relu(x) y + x } }\n",
        "Write `let`",
        "model M { fn f(x: [B, 3, 8, 8]) { let y = relu(x) y + x } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 { x } esle { -x } } }\n",
        "Write `else`",
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 { x } else { -x } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { let y = if 1 < 2 { x } esle { -x } y } }\n",
        "Write `else`",
        "model M { fn f(x: [B, 3, 8, 8]) { let y = if 1 < 2 { x } else { -x } y } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 { x } ele { let y = -x y } } }\n",
        "Write `else`",
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 { x } else { let y = -x y } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { mean(if 1 < 2 { x } elsse { -x }) } }\n",
        "Write `else`",
        "model M { fn f(x: [B, 3, 8, 8]) { mean(if 1 < 2 { x } else { -x }) } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 { x } elif 2 < 3 { -x } else { x } } }\n",
        "Write `else if`",
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 { x } else if 2 < 3 { -x } else { x } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 { x } elsif 2 < 3 { -x } } }\n",
        "Write `else if`",
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 { x } else if 2 < 3 { -x } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { fro i in 0..3 { x * i } } }\n",
        "Write `for`",
        "model M { fn f(x: [B, 3, 8, 8]) { for i in 0..3 { x * i } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { fro i, n in [4, 5] { x * i * n } } }\n",
        "Write `for`",
        "model M { fn f(x: [B, 3, 8, 8]) { for i, n in [4, 5] { x * i * n } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { foreach i in 0..3 { let y = x * i y } } }\n",
        "Write `for`",
        "model M { fn f(x: [B, 3, 8, 8]) { for i in 0..3 { let y = x * i y } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { foreach i in 0..3 { x * i } } }\n",
        "Write `for`",
        "model M { fn f(x: [B, 3, 8, 8]) { for i in 0..3 { x * i } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { lopo z = x over t in [1.0, 2.0] { z + t } } }\n",
        "Write `loop`",
        "model M { fn f(x: [B, 3, 8, 8]) { loop z = x over t in [1.0, 2.0] { z + t } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { let c = 1 < 2 adn 2 < 3 if c { x } else { -x } } }\n",
        "Write `and`",
        "model M { fn f(x: [B, 3, 8, 8]) { let c = 1 < 2 and 2 < 3 if c { x } else { -x } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { let l = 2 lt y = x * l y } }\n",
        "Write `let`",
        "model M { fn f(x: [B, 3, 8, 8]) { let l = 2 let y = x * l y } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { const y = -x y } }\n",
        "Write `let`",
        "model M { fn f(x: [B, 3, 8, 8]) { let y = -x y } }\n",
    ),
    (
        "model M { param n: int = if 1 < 2 { 3 } esle { 4 } fn f(x: [B, 3, 8, 8]) { x * n } }\n",
        "Write `else`",
        "model M { param n: int = if 1 < 2 { 3 } else { 4 } fn f(x: [B, 3, 8, 8]) { x * n } }\n",
    ),
    ("model M { def f(x: [B, 3, 8, 8]) { x } }\n", "Write `fn`", "model M { fn f(x: [B, 3, 8, 8]) { x } }\n"),
    (
        "const n = 3\nmodel M { fn f(x: [B, 3, 8, 8]) { x * n } }\n",
        "Write `let`",
        "let n = 3\nmodel M { fn f(x: [B, 3, 8, 8]) { x * n } }\n",
    ),
    (
        "block Net() ignroes \"fc.*\" \"not used\" { fn (x) { x |> conv(3) @ \"a\" } }\n",
        "Write `ignores`",
        "block Net() ignores \"fc.*\" \"not used\" { fn (x) { x |> conv(3) @ \"a\" } }\n",
    ),
    ("model M { fn f(x: [B, 3, 8, 8]) { x } } }\n", "Leave it out", "model M { fn f(x: [B, 3, 8, 8]) { x } } \n"),
    ("model M { fn f(x: [B, 3, 8, 8]) { x; } }\n", "Leave it out", "model M { fn f(x: [B, 3, 8, 8]) { x } }\n"),
    (
        "model M { data { size = 8, mean = [0.5, 0.5, 0.5] } fn f(x: [B, 3, 8, 8]) { x } }\n",
        "Leave it out",
        "model M { data { size = 8 mean = [0.5, 0.5, 0.5] } fn f(x: [B, 3, 8, 8]) { x } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 && 2 < 3 { x } else { -x } } }\n",
        "Write `and`",
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 and 2 < 3 { x } else { -x } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 || 2 < 3 { x } else { -x } } }\n",
        "Write `or`",
        "model M { fn f(x: [B, 3, 8, 8]) { if 1 < 2 or 2 < 3 { x } else { -x } } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { if !(1 < 2) { x } else { -x } } }\n",
        "Write `not`",
        "model M { fn f(x: [B, 3, 8, 8]) { if not (1 < 2) { x } else { -x } } }\n",
    ),
    ("model M { fn f(x: [B, 3, 8, 8]) { x ** 2 } }\n", "Write `^`", "model M { fn f(x: [B, 3, 8, 8]) { x ^ 2 } }\n"),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { let y == relu(x) y + x } }\n",
        "Write `=`",
        "model M { fn f(x: [B, 3, 8, 8]) { let y = relu(x) y + x } }\n",
    ),
    (
        "model M { fn f(x: [B, 3, 8, 8]) { softmax(x, axis = 1) } }\n",
        "Write `:`",
        "model M { fn f(x: [B, 3, 8, 8]) { softmax(x, axis: 1) } }\n",
    ),
    ("model M { fn f(x: [B, 3, 8, 8]) { x * .5 } }\n", "Write `0.`", "model M { fn f(x: [B, 3, 8, 8]) { x * 0.5 } }\n"),
    (
        "model M {\n    fn f(x: [B, 3, 8, 8]) {\n        /// The positive part.\n        relu(x)\n    }\n}\n",
        "Write `//`",
        "model M {\n    fn f(x: [B, 3, 8, 8]) {\n        // The positive part.\n        relu(x)\n    }\n}\n",
    ),
];

#[test]
fn each_kind_of_fix_makes_a_wrong_spec_right() {
    for (wrong, title, right) in KINDS {
        let before = told(wrong);
        let fixes = before.diagnostics.iter().flat_map(|found| &found.fixes);
        let texts: Vec<String> = fixes.filter(|fix| fix.title == *title).map(|fix| applied(fix, wrong)).collect();
        assert_eq!(texts, [*right], "`{title}`\n{}", shown(&before));
        let after = told(right);
        let left = |found: &&Diagnostic| found.is_error() && found.code != Code::NoModel;
        assert!(!after.diagnostics.iter().any(|found| left(&found)), "`{title}`\n{}", shown(&after));
    }
}

/// Applies each fix that is offered for a text by itself: the mistake is gone then, and what could be read before still
/// can. How many there were.
fn check(name: &str, text: &str) -> usize {
    let before = told(text);
    let same = |told: &Failed, one: &Diagnostic| {
        told.diagnostics.iter().filter(|found| found.code == one.code && found.headline == one.headline).count()
    };
    let unread = |told: &Failed| told.diagnostics.iter().filter(|found| found.code == Code::Syntax).count();
    let is_own = |fix: &Fix| before.sources.get(fix.span.source).name == "spec.diad";
    let mut count = 0;
    for found in &before.diagnostics {
        for fix in found.fixes.iter().filter(|fix| is_own(fix)) {
            let after = told(&applied(fix, text));
            let (was, is) = (same(&before, found), same(&after, found));
            assert!(is < was, "{name}: `{}` does not help\n{}", fix.title, shown(&after));
            assert!(unread(&after) <= unread(&before), "{name}: `{}`\n{}", fix.title, shown(&after));
            count += 1;
        }
    }
    count
}

#[test]
fn every_fix_that_is_offered_takes_its_mistake_away() {
    let mut count = 0;
    for path in ["tests/language/wrong", "tests/lint/flagged"].iter().flat_map(|folder| files(folder, "diad")) {
        count += check(&path, &std::fs::read_to_string(&path).expect("the spec can be read"));
    }
    for explanation in Explanation::all() {
        count += check(explanation.code.name(), explanation.wrong());
    }
    assert!(count > 40, "only {count} fixes were offered");
}
