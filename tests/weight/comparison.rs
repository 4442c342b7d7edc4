//! Differences between a file and a spec, in words.

use diadc::graph::program::{Ignored, Init};
use diadc::weight::{Comparison, Expected, Extra, Found, Lacking, Naming, Stored, Substitute, compare, expected};

use super::{part, with, zeros};

fn weight(path: &str, shape: &[usize]) -> Expected {
    Expected {
        path: path.to_owned(),
        shape: shape.to_vec(),
        may_be_integers: false,
        substitute: None,
        is_fitted: false,
    }
}

fn found(name: &str, shape: &[usize], stored: Stored) -> Found {
    Found { name: name.to_owned(), shape: shape.to_vec(), stored }
}

/// Compares under the names as they are, with a program that has these weights alone, in a part `net`.
fn compared(expected: &[Expected], found: &[Found], extras: &[Extra]) -> Comparison {
    let weights: Vec<(&str, &[usize])> =
        expected.iter().map(|weight| (weight.path.as_str(), weight.shape.as_slice())).collect();
    let mut program = zeros(&weights);
    program.parts = vec![part("net", "net", false)];
    let compared = compare(&program, None, expected, found, extras.to_vec(), &Naming::plain(None));
    compared.expect("no tensor is there twice")
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
  1 of another shape:
    out.weight [2], the file has [3]
  1 not floating point:
    out.bias is I64
  what a block does not use of published weights it can say: `block Net() ignores \"head.*\" \"why\" { .. }`
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
fn indices_may_be_integers_and_other_weights_may_not() {
    let index = Expected { may_be_integers: true, ..weight("idx", &[2]) };
    for (stored, fits) in [(Stored::I64, true), (Stored::U8, true), (Stored::Bool, false)] {
        assert_eq!(compared(std::slice::from_ref(&index), &[found("idx", &[2], stored)], &[]).fits(), fits);
    }
    assert!(!compared(&[weight("idx", &[2])], &[found("idx", &[2], Stored::I64)], &[]).fits());
}

#[test]
fn sixteen_bits_fit() {
    let comparison = compared(&[weight("a", &[2])], &[found("a", &[2], Stored::Bf16)], &[]);
    assert!(comparison.fits());
    assert_eq!(comparison.to_string(), "");
}

#[test]
fn what_lies_outside_of_the_parts_is_set_aside_and_what_lies_in_one_is_not() {
    let all = [weight("net.a.weight", &[2])];
    let a = found("net.a.weight", &[2], Stored::F32);
    let beside = ["alphas_cumprod", "model_ema.x", "network.a.weight", "net_ema.a.weight", "loss.net.slice1.0.weight"];
    let mut tensors: Vec<Found> = beside.iter().map(|name| found(name, &[2], Stored::I64)).collect();
    tensors.push(a.clone());
    let extra = |name: &str, tensors| Extra { name: name.to_owned(), what: "something".to_owned(), tensors };
    let comparison = compared(&all, &tensors, &[extra("optimizer", 9), extra("discriminator", 2), extra("epoch", 0)]);
    assert!(comparison.fits(), "{comparison}");
    assert_eq!((comparison.matched.len(), comparison.set_aside.len(), comparison.extras.len()), (1, beside.len(), 3));
    assert!(comparison.set_aside.iter().all(|(_, why)| why == "outside of the parts of the model"));
    assert_eq!(
        comparison.told_aside().as_deref(),
        Some("8 set aside (`alphas_cumprod`, `model_ema.x`, `network.a.weight`, ..)")
    );
    for name in ["net.b.weight", "net.a.weight_g", "net.fc.bias", "net.num_batches_tracked"] {
        let comparison = compared(&all, &[a.clone(), found(name, &[2], Stored::F32)], &[]);
        assert_eq!(comparison.unexpected.len(), 1, "{name}");
        assert!(comparison.to_string().contains("ignores"), "{comparison}");
    }
}

#[test]
fn a_layer_outside_of_all_parts_has_what_lies_beside_its_weights() {
    let all = [weight("head.weight", &[2])];
    let head = found("head.weight", &[2], Stored::F32);
    let comparison = compared(&all, &[head.clone(), found("head.bias", &[2], Stored::F32)], &[]);
    assert_eq!(comparison.unexpected.len(), 1, "{comparison}");
    assert!(compared(&all, &[head, found("tail.bias", &[2], Stored::F32)], &[]).fits());
}

#[test]
fn a_block_says_what_it_ignores_unless_it_uses_it_itself() {
    let ignored = |path: &str, patterns: &[&str]| Ignored {
        path: path.to_owned(),
        patterns: patterns.iter().map(|&pattern| pattern.to_owned()).collect(),
        reason: "not used".to_owned(),
    };
    let mut program = zeros(&[("net.layer1.w", &[2]), ("net.layer2.w", &[2]), ("net.bn.running_mean", &[2])]);
    program.weights[2].is_statistic = true;
    program.parts = vec![part("net", "net", false), part("other", "other", false)];
    program.ignored = vec![ignored("net", &["layer2.*", "layer3.*", "fc.*", "*.ids", "a*b*c"])];
    let expected = expected(&program, None, Lacking::AtStart(&[]));
    let set_aside = |name: &str| {
        let found = [found(name, &[1], Stored::F32)];
        let compared = compare(&program, None, &expected, &found, Vec::new(), &Naming::plain(None));
        let comparison = compared.expect("no tensor is there twice");
        comparison.set_aside.len() == 1 && comparison.unexpected.is_empty()
    };
    for name in ["net.layer3.w", "net.fc.bias", "net.x.ids", "net.abc", "net.a.b.c", "net.bn.num_batches_tracked"] {
        assert!(set_aside(name), "{name}");
    }
    for name in ["net.layer2.more", "net.layer4.w", "net.fc", "net.ids", "net.acb", "other.fc.bias", "net.fc2.bias"] {
        assert!(!set_aside(name), "{name}");
    }
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
    let substitute: Vec<_> = expected(&program, None, Lacking::AtStart(&[&part("b", "b", true)]))
        .into_iter()
        .map(|weight| weight.substitute)
        .collect();
    let copy = Substitute::CopyOf("a.w".to_owned());
    assert_eq!(substitute, [None, Some(copy), Some(Substitute::FirstValue), None]);
}
