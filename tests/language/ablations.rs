//! The rows of the paper's Tables 7 to 10: each is one setting of the spec, and changes what the row is about and
//! nothing else.

use std::collections::BTreeSet;

use diadc_lang::inspect::{Difference, difference};

use super::compiled;

/// What one setting changes. Whatever it is, it is one setting, and it stays within some weights and some functions.
#[track_caller]
fn changes(name: &str, value: &str, weights: &[&str], functions: &[&str]) -> Difference {
    let (before, after) = (compiled("specs/diad.diad", &[]), compiled("specs/diad.diad", &[(name, value)]));
    let found = difference(&before, &after);
    let settings: Vec<&str> = found.settings.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(settings, [name]);
    let parts: BTreeSet<&str> = found.weights.iter().filter_map(|weight| weight.path.split('.').next()).collect();
    assert_eq!(parts, weights.iter().copied().collect(), "{name}={value} changes the weights of other parts");
    let changed: BTreeSet<&str> = found.structure.iter().map(|call| call.function.as_str()).collect();
    assert_eq!(changed, functions.iter().copied().collect(), "{name}={value} changes other functions");
    found
}

/// How many more operations with a label there are than before.
fn more(difference: &Difference, label: &str) -> isize {
    let count = |operations: &[(String, usize)]| {
        operations.iter().filter(|(name, _)| name == label).map(|(_, count)| count.cast_signed()).sum::<isize>()
    };
    difference.structure.iter().map(|call| count(&call.with) - count(&call.without)).sum()
}

/// How many more parameters a part has than before.
fn grown(difference: &Difference, part: &str) -> i64 {
    let change = difference.parameters.iter().find(|change| change.name == part);
    let count = |count: Option<u64>| count.unwrap_or(0).cast_signed();
    change.map_or(0, |change| count(change.after) - count(change.before))
}

fn changes_nothing(name: &str, value: &str) {
    let found = difference(&compiled("specs/diad.diad", &[]), &compiled("specs/diad.diad", &[(name, value)]));
    assert!(found.is_empty(), "{name}={value} is the default and changes {found:?}");
}

#[test]
fn the_fusion_of_table_7_changes_how_maps_are_brought_down_and_no_other_part() {
    changes_nothing("fusion", "in_silu");
    let off = changes("fusion", "off", &["control_model"], &["denoise"]);
    assert!(off.weights.iter().all(|weight| weight.after == 0 && weight.path.starts_with("control_model.down")));
    // Nine convolutions of 3x3: three from 640 to 1280 channels, six from 1280 to as many.
    assert_eq!(grown(&off, "sg"), -9 * (3 * 640 * 1280 + 6 * 1280 * 1280));
    let batch_norm = changes("fusion", "bn_relu", &["control_model"], &["denoise"]);
    assert_eq!(grown(&batch_norm, "sg"), 9 * 2 * 1280, "a factor and a shift for each channel");
    assert_eq!(more(&batch_norm, "silu"), -9);
    assert_eq!(more(&batch_norm, "group_norm groups=1280"), -9);
    let released = changes("fusion", "released", &[], &["denoise"]);
    assert_eq!(more(&released, "silu"), 3);
}

#[test]
fn the_places_of_table_7_are_so_many_sums_more_or_less() {
    changes_nothing("join", "{middle, block4}");
    for (places, joined) in
        [("{}", -4), ("{middle}", -3), ("{middle, block3, block4}", 3), ("{middle, block1, block2, block3, block4}", 9)]
    {
        let found = changes("join", places, &[], &["denoise"]);
        assert_eq!((more(&found, "add"), more(&found, "add 0")), (joined, -joined), "{places}");
        let work = found.multiply_adds.iter().find(|change| change.name == "denoise").expect("it is computed there");
        assert_eq!(work.after > work.before, joined > 0, "what is not joined in is not computed");
    }
}

#[test]
fn the_backbones_of_table_8_are_those_that_are_published_and_only_score() {
    changes_nothing("backbone", "resnet50");
    // Parameters of torchvision's networks, without their classifiers; EfficientNets without the last convolution, too.
    for (backbone, parameters) in [
        ("vgg16", 14_714_688),
        ("vgg19", 20_024_384),
        ("resnet18", 11_176_512),
        ("resnet34", 21_284_672),
        ("resnet101", 42_500_160),
        ("wide_resnet50", 66_834_240),
        ("wide_resnet101", 124_837_696),
        ("efficientnet_b0", 4_007_548 - 412_160),
        ("efficientnet_b2", 7_700_994 - 498_432),
        ("efficientnet_b4", 17_548_616 - 806_400),
    ] {
        // The wide one has the layers of the default with other widths.
        let functions: &[&str] = if backbone == "wide_resnet50" { &[] } else { &["score"] };
        let found = changes("backbone", backbone, &["extractor"], functions);
        assert_eq!(grown(&found, "psi"), parameters - 23_508_032, "{backbone}");
    }
}

#[test]
fn the_scales_of_table_9_are_so_many_maps_more_or_less() {
    changes_nothing("scales", "[2, 3, 4]");
    for (scales, maps) in [("[1]", -2), ("[2, 3]", -1), ("[1, 2, 3, 4, 5]", 2)] {
        let found = changes("scales", scales, &[], &["score"]);
        assert_eq!(more(&found, "resize bilinear align_corners"), maps, "{scales}");
    }
}

#[test]
fn the_steps_of_table_10_are_those_of_the_loop() {
    changes_nothing("steps", "10");
    for steps in ["1", "2", "5", "20"] {
        let found = changes("steps", steps, &[], &["reconstruct"]);
        assert_eq!(more(&found, "loop 10 times"), -1);
        assert_eq!(more(&found, &format!("loop {steps} times")), 1);
    }
}
