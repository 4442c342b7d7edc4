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
