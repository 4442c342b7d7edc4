//! Which values of a `param` work: told for a spec that passes, and as a remedy for one that does not.

use diadc_lang::check::condition;
use diadc_lang::compile::compile;
use diadc_lang::resolve::Location;

/// The conditions of a spec, in words. Places are left out: the spec lies in a folder of its own.
fn conditions(text: &str, settings: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("spec.diad");
    std::fs::write(&path, text).expect("the folder can be written to");
    let settings: Vec<(String, String)> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let location = Location::File(path);
    let place = format!("{}/", folder.path().display());
    match compile(&location, &settings) {
        Ok(compiled) => {
            let found = condition::conditions(&compiled.spec);
            found.iter().map(|condition| condition.words(&compiled.sources).replace(&place, "")).collect()
        }
        Err(mut failed) => {
            let before: usize = failed.diagnostics.iter().map(|mistake| mistake.notes.len()).sum();
            failed.advise();
            let notes = failed.diagnostics.iter().flat_map(|mistake| mistake.notes.clone());
            notes.skip(before).map(|note| note.replace(&place, "")).collect()
        }
    }
}

/// Two strided convolutions and back, beside the input.
const HALVED: &str = r#"
block Net() {
    fn (x: [B, C, H, W]) {
        let y = x |> conv(3, out: 4, stride: 2) @ "a" |> conv(3, out: 4, stride: 2) @ "b" |> double |> double
        y |> conv(1, out: C) @ "c"
    }
}
"#;

#[test]
fn what_strides_ask_for_is_told_with_the_part() {
    let model =
        "model M { param size: int in 8..=64 = 16\n part net = Net()\n fn f(x: [B, 3, size, size]) { x + net(x) } }";
    let text = format!("{HALVED}{model}");
    let told = ["`size` must be a multiple of 4, from 8 to 64: /4 in `x + net(x)` (spec.diad:10:32)"];
    assert_eq!(conditions(&text, &[]), told);
    assert_eq!(conditions(&text, &[("size", "18")]), told);
}

#[test]
fn what_divisions_ask_for_is_told_with_their_text() {
    let text = "model M {
    param size: int in 1..=400 = 28
    let patches = size / 14
    fn f(x: [B, 3, size, 4]) { reshape(x, [-1, 3, patches / 2, 28, 4]) }
}";
    let told = "`size` must be a multiple of 28, from 28 to 392: /14 in `size / 14` (spec.diad:3:19), \
                /2 in `patches / 2` (spec.diad:4:51)";
    assert_eq!(conditions(text, &[]), [told]);
    assert_eq!(conditions(text, &[("size", "30")]), [told]);
}

#[test]
fn each_side_of_a_pair_has_its_own_rule() {
    let text = "model M {
    param size: pair in 8..=96 = [24, 20]
    fn f(x: [B, 3, size]) { avg_pool(x, [8, 4]) + mean(full(1.0, [size[0] / 8, size[1] / 4])) }
}";
    let told = conditions(text, &[]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("the first number of `size` must be a multiple of 8, from 8 to 96"), "{told:?}");
    assert!(told[1].starts_with("the second number of `size` must be a multiple of 4, from 8 to 96"), "{told:?}");
}

#[test]
fn sides_that_must_be_equal_are_told_so() {
    let text = "fn square(x: [B, C, H, H]) { avg_pool(x, 4) }
model M {
    param size: pair in 8..=40 = 16
    fn f(x: [B, 3, size]) { square(x) + mean(full(1.0, [size[0] / 4])) }
}";
    let told = conditions(text, &[]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("both sides of `size`, which must be equal, must be a multiple of 4, from 8 to 40"));
}

#[test]
fn bounds_and_anything_are_told() {
    let text = "model M {
    param window: int in 1..=64 = 8
    param rounds: int in 0..=32 = 3
    fn f(x: [B, 3, 20, 20]) { x |> repeat(rounds, relu) |> avg_pool(window, stride: 1) }
}";
    let told = ["`window` must be from 1 to 20", "`rounds` can be anything from 0 to 32"];
    assert_eq!(conditions(text, &[]), told);
}

#[test]
fn a_mistake_that_no_value_can_help_gets_no_advice() {
    let text = "model M {
    param size: int in 1..=64 = 8
    fn f(x: [B, 3, size, size]) { x + full(1.0, [B + 1, 3, size, size]) }
}";
    assert_eq!(conditions(text, &[]), Vec::<String>::new());
}

#[test]
fn the_full_model_tells_why_its_images_have_the_sizes_they_have() {
    super::at_root();
    let location = Location::File("specs/diad.diad".into());
    let settings = [("size".to_owned(), "200".to_owned())];
    let mut failed = compile(&location, &settings).expect_err("200 is no multiple of 64");
    failed.advise();
    let notes: Vec<&String> = failed.diagnostics.iter().flat_map(|mistake| &mistake.notes).collect();
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(
        note.as_str(),
        "each side of `size` must be a multiple of 64, from 64 to 1024: \
         /8 in `n / ae.ratio` (specs/diad.diad:43:34), /8 in `sg`"
    );
}
