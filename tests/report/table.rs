//! The table for the terminal.

use diadc::report::{Charset, table};

#[test]
fn classes_are_rows_the_mean_stands_apart_and_gaps_are_explained() {
    insta::assert_snapshot!(table(&super::evaluation(), Charset::Unicode), @r"
      class       good   anomalous   image AUROC   image AP   pixel AUROC   pixel AP
    ──────────────────────────────────────────────────────────────────────────────────
      metal_nut     22          93          98.8      100.0          95.0       43.2
      pill           0           7             –          –          75.0       50.0
    ──────────────────────────────────────────────────────────────────────────────────
      mean          22         100          98.8      100.0          85.0       46.6

    – class `pill` has no good test images (image AUROC, image AP)
    – mean image AUROC is over 1 of 2 classes
    – mean image AP is over 1 of 2 classes
    ");
}

#[test]
fn an_ascii_table_is_ascii() {
    let text = table(&super::evaluation(), Charset::Ascii);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text.lines().last().unwrap_or_default(), @"- mean image AP is over 1 of 2 classes");
}

#[test]
fn a_complete_evaluation_has_no_notes() {
    let mut evaluation = super::evaluation();
    evaluation.classes.truncate(1);
    evaluation.mean.pixel_auroc.classes = 1;
    evaluation.mean.pixel_ap.classes = 1;
    assert_eq!(table(&evaluation, Charset::Unicode).lines().count(), 5);
}

#[test]
fn a_class_name_with_control_characters_stays_in_its_row() {
    let mut evaluation = super::evaluation();
    let lines = table(&evaluation, Charset::Unicode).lines().count();
    "metal\nnut\u{1b}[31m".clone_into(&mut evaluation.classes[0].class);
    let text = table(&evaluation, Charset::Unicode);
    assert_eq!(text.lines().count(), lines);
    assert!(text.contains("metal?nut?[31m"), "{text}");
}

#[test]
fn an_evaluation_of_no_class_is_still_a_table() {
    let mut evaluation = super::evaluation();
    evaluation.classes.clear();
    assert!(table(&evaluation, Charset::Unicode).contains("mean"));
}
