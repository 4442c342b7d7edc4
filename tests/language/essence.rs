//! What a program computes, apart from how it is written: what runs share and resume by.

use std::path::Path;

use diadc_lang::compile::{Compiled, compile_from};
use diadc_lang::inspect::{essence_of_score, essence_of_stage};
use diadc_lang::resolve::Location;
use diadc_lang::source::Memory;

const SPEC: &str = r#"//! Two trainings.
model Two {
    param width: int in 1..=8 = 4
    param power: int in 1..=9 = 2
    data { size = 8 }
    part first = Net(4)
    part second = Net(width)
    objective beginning(image) trains first { mse(first(image + random_normal(like: image)), image) }
    objective ending(image) trains second { mse(second(image), first(image)) }
    training beginning { optimizer = adamw(lr: 1e-3)  batch = 2  steps = 3 }
    training ending { optimizer = adamw(lr: 1e-3)  batch = 2  steps = 3 }
    score(image) {
        let map = mean(abs(second(image)) ^ power, axis: 1)
        { map: map, value: max(map, axis: [1, 2]) }
    }
}
block Net(width: int) { fn (x) { x |> conv(3, out: width, padding: 1) @ "a" |> conv(1, out: 3) @ "b" } }
"#;

fn compiled(text: &str, settings: &[(&str, &str)]) -> Compiled {
    let mut files = Memory::default();
    files.write("two.diad", text);
    let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let compiled = compile_from(&files, &Location::File(Path::new("two.diad").to_path_buf()), &settings);
    compiled.unwrap_or_else(|failed| panic!("{:?}", failed.diagnostics))
}

/// The essences of both stages and of the score.
fn essences(text: &str, settings: &[(&str, &str)]) -> [String; 3] {
    let program = compiled(text, settings).program;
    let [first, second] = [0, 1].map(|stage| essence_of_stage(&program, &program.stages[stage]));
    [first, second, essence_of_score(&program)]
}

/// Which of the three differ from those of the spec as it stands.
fn changed(text: &str, settings: &[(&str, &str)]) -> [bool; 3] {
    let (before, after) = (essences(SPEC, &[]), essences(text, settings));
    [0, 1, 2].map(|place| before[place] != after[place])
}

#[test]
fn comments_layout_and_what_is_computed_otherwise_change_nothing() {
    assert_eq!(changed(&format!("{}// A comment.\n", SPEC.replace("    ", "  ")), &[]), [false; 3]);
    assert_eq!(changed(&SPEC.replace("1e-3", "0.5 * 2e-3"), &[]), [false; 3]);
    assert_eq!(changed(&SPEC.replace("param width: int in 1..=8 = 4", "param width: int = 2 + 2"), &[]), [false; 3]);
    assert_eq!(changed(&SPEC.replace("Two", "Renamed"), &[]), [false; 3]);
}

#[test]
fn a_change_reaches_the_stages_that_depend_on_it_and_no_other() {
    assert_eq!(changed(SPEC, &[("width", "8")]), [false, true, true]);
    assert_eq!(changed(SPEC, &[("power", "3")]), [false, false, true]);
    assert_eq!(changed(SPEC, &[("beginning.steps", "4")]), [true, false, false]);
    assert_eq!(changed(SPEC, &[("ending.lr", "1e-4")]), [false, true, false]);
    assert_eq!(changed(&SPEC.replace("size = 8", "size = 16"), &[]), [true; 3]);
    let third = SPEC
        .replace("part second", "part zeroth = Net(2)\n    part second")
        .replace("mse(second(image), first(image))", "mse(second(image), first(image)) + 0 * mean(zeroth(image))");
    assert!(!changed(&third, &[])[0], "weights of another part do not number those of the first anew");
}

#[test]
fn a_setting_of_a_training_is_the_same_as_the_text() {
    let written = SPEC.replace(
        "adamw(lr: 1e-3)  batch = 2  steps = 3 }\n    training ending",
        "adamw(lr: 2e-4)  batch = 5  epochs = 7 }\n    training ending",
    );
    let set = [("beginning.lr", "2e-4"), ("beginning.batch", "5"), ("beginning.epochs", "7")];
    assert_eq!(essences(&written, &[]), essences(SPEC, &set));
}
