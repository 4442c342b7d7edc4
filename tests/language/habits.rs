//! What people bring along from other languages and other systems: imports that they forget, words that are called
//! otherwise here, and text as other programs save it.

use std::fmt::Write as _;

use diadc_lang::compile::{Failed, compile_from};
use diadc_lang::diagnostic::{Code, Fix};
use diadc_lang::format::format;
use diadc_lang::resolve::Location;
use diadc_lang::source::{Disk, Memory};

const OTHER: &str = "/// A layer.\nblock Net() { fn (x) { x |> conv(3) @ \"a\" } }\nblock Twice() { fn (x) { x + x } }\nenum Mode { low, high }\n";

fn failed(text: &str) -> Failed {
    let mut files = Memory::default();
    files.write("spec.diad", text);
    files.write("other.diad", OTHER);
    match compile_from(&files, &Location::File("spec.diad".into()), &[]) {
        Ok(_) => panic!("there is a mistake in {text}"),
        Err(failed) => *failed,
    }
}

fn is_fine(text: &str) -> bool {
    let mut files = Memory::default();
    files.write("spec.diad", text);
    files.write("other.diad", OTHER);
    compile_from(&files, &Location::File("spec.diad".into()), &[]).is_ok()
}

fn applied(fix: &Fix, text: &str) -> String {
    let (start, end) = (fix.span.start as usize, fix.span.end as usize);
    format!("{}{}{}", &text[..start], fix.new, &text[end..])
}

#[test]
fn a_name_that_is_not_imported_is_found_and_its_fix_brings_it() {
    let model = |part: &str| format!("model M {{\n    part net = {part}\n    fn f(x: [B, 4, 8, 8]) {{ net(x) }}\n}}\n");
    for (head, part, told) in [
        ("", "TinyBlock()", "`TinyBlock` is in `std::autoencoder`: add `use std::autoencoder::{TinyBlock}`"),
        ("//! A file.\n\n", "TinyBlock()", "add `use std::autoencoder::{TinyBlock}`"),
        ("use other.diad::{Twice}\n", "TinyBlock()", "add `use std::autoencoder::{TinyBlock}`"),
        ("use \"other.diad\"::{Twice}\n", "Net()", "`Net` is in `other.diad`, which this file uses"),
        ("use \"other.diad\"::{Twice as Double}\n", "Net()", "add it to that `use`"),
    ] {
        let head = head.replace("use other.diad", "use \"other.diad\"");
        let text = format!("{head}{}", model(part));
        let failed = failed(&text);
        let missing: Vec<_> = failed.diagnostics.iter().filter(|told| told.code == Code::UnknownName).collect();
        let [missing] = missing.as_slice() else { panic!("one error: {missing:?}") };
        let help = missing.help.as_deref().unwrap_or_default();
        assert!(help.contains(told), "{help}");
        let [fix] = missing.fixes.as_slice() else { panic!("one fix: {:?}", missing.fixes) };
        let mended = applied(fix, &text);
        assert!(is_fine(&mended), "{mended}");
    }
}

#[test]
fn the_base_of_a_block_is_found_too() {
    let failed = failed("block Mine from TinyBlock { }\nmodel M { fn f(x: [B, 3, 8, 8]) { x } }\n");
    let help = failed.diagnostics[0].help.as_deref().unwrap_or_default();
    assert!(help.contains("use std::autoencoder::{TinyBlock}"), "{help}");
}

#[test]
fn a_word_of_another_language_is_answered_with_the_word_of_this_one() {
    for (line, told) in [
        ("# a comment\n    x", "a comment begins with `//`"),
        ("x # a comment", "a comment begins with `//`"),
        ("let y = range(3)\n    x", "`0..3`"),
        ("let y = lambda a: a\n    x", "`|x| ..`"),
        ("let y = map(lambda, [1])\n    x", "`|x| ..`"),
        ("x @ x", "`matmul(a, b)`"),
        ("if True { x } else { -x }", "`true`"),
        ("let y = None\n    x", "`none`"),
        ("self.net(x)", "as they are"),
        ("let y = f\"{1}\"\n    x", "leave the letter out"),
        ("g(f\"{1}\", x)", "leave the letter out"),
        ("torch.relu(x)", "`relu(..)`"),
        ("torch.topk(x, 5)", "`top(x, 5)`"),
        ("F.interpolate(x, 2)", "`resize(x, [H, W])`"),
        ("nn.functional.conv2d(x)", "`conv`"),
        ("x.view(-1)", "`reshape`"),
        ("x.flatten(1)", "`reshape(x, [B, C * H * W])`"),
        ("x.to(\"cuda\")", "`--device cuda:0`"),
        ("x.mean().item()", "`mean(x)`"),
        ("x.detach()", "`stop_gradient`"),
        ("std(x)", "`sqrt(mean((x - mean(x)) ^ 2))`"),
        ("var(x)", "`mean((x - mean(x)) ^ 2)`"),
        ("normalize(x)", "`x / sqrt(sum(x ^ 2"),
        ("log_softmax(x)", "`log(softmax(x, axis: 1))`"),
        ("x if true else -x", "`if condition { a } else { b }`"),
        ("x[:, 0]", "`slice(x, axis, from, to)`"),
        ("[x for i in 0..3]", "`for i in 0..3 { f(x, i) }`"),
        ("x === x", "`==`"),
        ("/* a comment */ x", "begins with `//`"),
        ("x /* a comment */", "begins with `//`"),
        ("if true:\n    x", "in `{ .. }`"),
        ("def g(x): x", "begins with `fn`"),
        ("import torch\n    x", "brought by `use`"),
        ("while true { x }", "a known number of steps"),
        ("while true { let y = x y }", "a known number of steps"),
        ("if true { x } elif true { let y = x y }", "`else if`"),
        ("foreach y in [x] { y }", "`for`"),
        ("const y = x y", "by `let`"),
        ("with no_grad() { let y = x y }", "`stop_gradient(x)`"),
        ("x \u{2212} 1", "`-`"),
        ("x |> conv(3) @ \u{201c}a\u{201d}", "(U+201C) is not expected"),
        ("x \u{200b}+ 1", "leave it out"),
        ("x * (\"a\" + 1)", "holds values in braces"),
    ] {
        let failed = failed(&format!("model M {{\n    fn f(x: [B, 3, 8, 8]) {{\n    {line}\n    }}\n}}\n"));
        let mut all = String::new();
        failed
            .diagnostics
            .iter()
            .for_each(|told| writeln!(all, "{}: {:?}", told.headline, told.help).expect("a string"));
        assert!(all.contains(told), "{line}: {all}");
    }
}

#[test]
fn an_item_of_another_language_is_answered_with_the_item_of_this_one() {
    for (item, told) in [
        ("def f(x) { x }", "begins with `fn`"),
        ("import torch", "brought by `use`"),
        ("from std import resnet", "brought by `use`"),
        ("class Net { }", "is a `block`"),
        ("# a comment", "begins with `//`"),
    ] {
        let failed = failed(&format!("{item}\nmodel M {{ fn f(x: [B, 3, 8, 8]) {{ x }} }}\n"));
        let help = failed.diagnostics[0].help.as_deref().unwrap_or_default();
        assert!(help.contains(told), "{item}: {}: {help}", failed.diagnostics[0].headline);
    }
}

#[test]
fn a_byte_order_mark_and_spaces_that_do_not_break_are_spaces() {
    let text = "model M {\n    fn f(x: [B, 3, 8, 8]) { x + 1 }\n}\n";
    assert!(is_fine(&format!("\u{feff}{text}")));
    assert!(is_fine(&format!("\u{feff}//! A file.\r\n{}", text.replace('\n', "\r\n"))));
    assert!(is_fine(&text.replace("x + 1", "x\u{a0}+\u{a0}1")));
    assert_eq!(format(&format!("\u{feff}{text}")).as_deref(), Some(text));
    assert_eq!(format(&text.replace("x + 1", "x\u{a0}+\u{a0}1")).as_deref(), Some(text));
}

#[test]
fn a_layout_keeps_the_line_ends_of_its_text() {
    let text = "//! A file.\nmodel M {\n    // a comment\n    fn f(x: [B, 3, 8, 8]) { x }\n}\n";
    let windows = text.replace('\n', "\r\n");
    assert_eq!(format(text).as_deref(), Some(text));
    assert_eq!(format(&windows).as_deref(), Some(windows.as_str()));
    assert_eq!(format(&windows.replace("    ", "  ")).as_deref(), Some(windows.as_str()));
}

#[test]
fn a_file_that_is_not_utf_8_is_told_with_the_place_of_the_byte() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("latin.diad");
    std::fs::write(&path, b"// one\n// na\xefve\n").expect("it can be written");
    let Err(failed) = compile_from(&Disk, &Location::File(path), &[]) else { panic!("it is no text") };
    assert!(failed.diagnostics[0].headline.contains("save it as UTF-8 (byte 0xef in line 2)"));
    assert_eq!(failed.diagnostics[0].help, None);
}

#[test]
fn a_word_that_begins_a_statement_elsewhere_is_told_alone() {
    for line in
        ["while true { x }", "elif x { x }", "const a = 1 a", "import torch", "x.view(-1)", "let y = f\"{1}\"\n x"]
    {
        let failed = failed(&format!("model M {{\n    fn f(x: [B, 3, 8, 8]) {{\n    {line}\n    }}\n}}\n"));
        assert_eq!(failed.diagnostics.len(), 1, "{line}: {:?}", failed.diagnostics);
    }
}

#[test]
fn what_an_unknown_function_type_or_setting_is_given_is_no_mistake_of_its_own() {
    let model = |members: &str, body: &str| format!("model M {{\n{members}\n fn f(x: [B, 3, 8, 8]) {{ {body} }}\n}}\n");
    for (text, told) in [
        (model("part psi = Extractor(resnet50)", "psi(x).last"), "std::extractor"),
        (model("param mode: Fusion = sff", "x"), "type"),
        (model("data { size = 8 normalize = imagenet }", "x"), "`mean = [0.485, 0.456, 0.406]`"),
        (model("data { size = 8 crop = centre }", "x"), "no setting `crop`"),
    ] {
        let failed = failed(&text);
        let all = format!("{:?}", failed.diagnostics);
        assert!(failed.diagnostics.len() == 1 && all.contains(told), "{text}: {all}");
    }
    let failed =
        failed("use std::resnet::{Extractor}\nmodel M { part a = Extractor() fn f(x: [B, 3, 8, 8]) { a(x).last } }\n");
    assert_eq!(failed.diagnostics[0].help.as_deref(), Some("`Extractor` is in `std::extractor`"));
}

#[test]
fn a_type_of_another_file_is_found_as_a_name_is() {
    let model = "model M {\n    param mode: Mode = low\n    fn f(x: [B, 3, 8, 8]) { x }\n}\n";
    let failed = failed(&format!("use \"other.diad\"::{{Twice}}\n{model}"));
    assert_eq!(failed.diagnostics.len(), 1, "{:?}", failed.diagnostics);
    assert!(failed.diagnostics[0].help.as_deref().is_some_and(|help| help.contains("add it to that `use`")));
}
