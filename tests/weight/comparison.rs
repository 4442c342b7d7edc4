//! Differences between a file and a spec, in words.

use std::collections::BTreeSet;

use diadc::graph::program::Init;
use diadc::weight::{Comparison, Expected, Extra, Found, Naming, Stored, Substitute, compare, expected};

use super::{part, with, zeros};

fn weight(path: &str, shape: &[usize]) -> Expected {
    Expected { path: path.to_owned(), shape: shape.to_vec(), substitute: None }
}

fn found(name: &str, shape: &[usize], stored: Stored) -> Found {
    Found { name: name.to_owned(), shape: shape.to_vec(), stored }
}

/// Compares under the names as they are.
fn compared(expected: &[Expected], found: &[Found], extras: &[Extra]) -> Comparison {
    let program = zeros(&[]);
    let paths: BTreeSet<&str> = expected.iter().map(|weight| weight.path.as_str()).collect();
    let naming = Naming::choose(&program, &paths, &[], None, None);
    compare(expected, &paths, found, extras, &naming).expect("no tensor is there twice")
}

#[test]
fn every_kind_of_difference_is_listed() {
    let comparison = compared(
        &[weight("in.weight", &[4, 3]), weight("out.weight", &[2]), weight("out.bias", &[2]), weight("far", &[1])],
        &[
            found("in.wieght", &[4, 3], Stored::F32),
            found("out.bias", &[2], Stored::I64),
            found("out.weight", &[3], Stored::F16),
        ],
        &[Extra { name: "second_model".to_owned(), what: "a dict of 2".to_owned(), tensors: 2 }],
    );
    assert!(!comparison.fits());
    let text = "  2 missing:
    in.weight [4, 3]   (the file has `in.wieght`)
    far [1]
  1 not in the spec:
    in.wieght [4, 3]
  1 beside the weights and not known:
    second_model: a dict of 2 with 2 tensors
  1 of another shape:
    out.weight [2], the file has [3]
  1 not floating point:
    out.bias is I64
";
    assert_eq!(comparison.to_string(), text);
}

#[test]
fn long_lists_are_cut_and_counted() {
    let all: Vec<Expected> = (0..25).map(|i| weight(&format!("layer{i}"), &[1])).collect();
    let text = compared(&all, &[], &[]).to_string();
    assert!(text.starts_with("  25 missing:\n    layer0 [1]\n"), "{text}");
    assert!(text.ends_with("    layer9 [1]\n    .. and 15 more\n"), "{text}");
}

#[test]
fn sixteen_bits_fit() {
    let comparison = compared(&[weight("a", &[2])], &[found("a", &[2], Stored::Bf16)], &[]);
    assert!(comparison.fits());
    assert_eq!(comparison.to_string(), "");
}

#[test]
fn what_published_checkpoints_hold_besides_is_set_aside_with_a_reason() {
    let names = [
        "alphas_cumprod",
        "model_ema.diffusion_modelinput_blocks00weight",
        "cond_stage_model.transformer.text_model.embeddings.position_ids",
        "loss.perceptual_loss.net.slice1.0.weight",
        "layer1.0.bn1.num_batches_tracked",
    ];
    let tensors: Vec<Found> = names.iter().map(|name| found(name, &[2], Stored::F32)).collect();
    let optimizer = Extra { name: "optimizer_states".to_owned(), what: "a list of 1".to_owned(), tensors: 9 };
    let epoch = Extra { name: "whatever".to_owned(), what: "5".to_owned(), tensors: 0 };
    let comparison = compared(&[], &tensors, &[optimizer, epoch]);
    assert!(comparison.fits(), "{comparison}");
    assert_eq!(comparison.set_aside.len(), names.len());
    assert!(comparison.set_aside.iter().all(|(_, why)| !why.is_empty()));
    assert!(!compared(&[], &[found("betas2", &[2], Stored::F32)], &[]).fits());
}

#[test]
fn a_weight_that_is_asked_for_is_never_set_aside() {
    let comparison = compared(&[weight("logvar", &[])], &[found("logvar", &[], Stored::F32)], &[]);
    assert!(comparison.set_aside.is_empty() && comparison.matched.len() == 1);
}

#[test]
fn only_weights_of_fresh_parts_may_be_missing() {
    let program = with(&[
        ("a.w", &[1], Init::Constant(0.0)),
        ("b.w", &[1], Init::CopyOf("a.w".to_owned())),
        ("b.v", &[1], Init::Constant(0.0)),
        ("bb.w", &[1], Init::Constant(0.0)),
    ]);
    let substitute: Vec<_> =
        expected(&program, None, &[&part("b", "b", true)]).into_iter().map(|weight| weight.substitute).collect();
    let copy = Substitute::CopyOf("a.w".to_owned());
    assert_eq!(substitute, [None, Some(copy), Some(Substitute::FirstValue), None]);
}
