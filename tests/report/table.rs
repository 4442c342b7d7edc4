//! The tables for the terminal.

use diadc::measure::{Metric, ProtocolName};
use diadc::report::{Charset, Published, PublishedError, TestScore, beside_published, scores_csv, table};

#[test]
fn classes_are_rows_the_mean_stands_apart_and_gaps_are_explained() {
    insta::assert_snapshot!(table(&[super::evaluation()], Charset::Unicode), @r"
      class       good   anomalous   image   image   pixel   pixel
                                     AUROC      AP   AUROC      AP
    ────────────────────────────────────────────────────────────────
      metal_nut     22          93    98.8   100.0    95.0    43.2
      pill           0           7       –       –    75.0    50.0
    ────────────────────────────────────────────────────────────────
      mean          22         100    98.8   100.0    85.0    46.6

    protocol exact, image score model, PRO up to 0.3, in percent
    – class `pill` has no good test images (image AUROC, image AP)
    – means over 1 of 2 classes: image AUROC, image AP
    ");
}

#[test]
fn two_protocols_stand_below_each_other() {
    insta::assert_snapshot!(table(&[super::evaluation(), super::by_diad()], Charset::Unicode), @r"
      class       protocol   good   anomalous   image   image   pixel   pixel
                                                AUROC      AP   AUROC      AP
    ───────────────────────────────────────────────────────────────────────────
      metal_nut      exact     22          93    98.8   100.0    95.0    43.2
                      diad     22          93    98.8   100.0    95.0    43.2
      pill           exact      0           7       –       –    75.0    50.0
                      diad      0           7       –       –    75.0    50.0
    ───────────────────────────────────────────────────────────────────────────
      mean           exact     22         100    98.8   100.0    85.0    46.6
                      diad     22         100    98.8   100.0    85.0    46.6

    protocol exact, image score model, PRO up to 0.3, in percent
    protocol diad, image score pool(8, 8), PRO up to 0.3, in percent
    – exact: class `pill` has no good test images (image AUROC, image AP)
    – exact: means over 1 of 2 classes: image AUROC, image AP
    – diad: class `pill` has no good test images (image AUROC, image AP)
    – diad: means over 1 of 2 classes: image AUROC, image AP
    ");
}

#[test]
fn an_ascii_table_is_ascii() {
    let text = table(&[super::evaluation()], Charset::Ascii);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text.lines().last().unwrap_or_default(), @"- means over 1 of 2 classes: image AUROC, image AP");
}

#[test]
fn a_complete_evaluation_has_no_notes() {
    let mut evaluation = super::evaluation();
    evaluation.classes.truncate(1);
    evaluation.mean[&Metric::PixelAuroc].classes = 1;
    evaluation.mean[&Metric::PixelAp].classes = 1;
    let text = table(&[evaluation], Charset::Unicode);
    assert!(text.ends_with("protocol exact, image score model, PRO up to 0.3, in percent"), "{text}");
}

#[test]
fn a_class_name_with_control_characters_stays_in_its_row() {
    let mut evaluation = super::evaluation();
    let lines = table(&[evaluation.clone()], Charset::Unicode).lines().count();
    "metal\nnut\u{1b}[31m".clone_into(&mut evaluation.classes[0].class);
    let text = table(&[evaluation], Charset::Unicode);
    assert_eq!(text.lines().count(), lines);
    assert!(text.contains("metal?nut?[31m"), "{text}");
}

#[test]
fn an_evaluation_of_no_class_is_still_a_table() {
    let mut evaluation = super::evaluation();
    evaluation.classes.clear();
    assert!(table(&[evaluation], Charset::Unicode).contains("mean"));
}

#[test]
fn published_numbers_stand_beside_the_runs_own_with_the_difference() {
    let published = Published::find("paper", "mvtec").expect("the paper has it");
    let text = beside_published(&super::evaluation(), &published, Charset::Unicode);
    let row = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("this run"), "this run 98.8 100.0 85.0 46.6");
    assert_eq!(row("DiAD"), "DiAD 97.2 +1.6 99.0 +1.0 96.8 -11.8 52.6 -6.0");
    assert_eq!(row("PaDiM"), "PaDiM 84.2 +14.6 – 89.5 -4.5 –");
    assert_eq!(row("metal_nut"), "metal_nut – – 97.3 -2.3 30.0 +13.2");
    assert!(text.contains("Tables 1, 3, 4; with a sign, this run (protocol exact) minus"), "{text}");
    assert!(text.ends_with("the published means are over 13 more classes than this run"), "{text}");
    assert!(text.lines().take(12).all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn what_nobody_published_is_refused_with_what_there_is() {
    let refused = |source, dataset| Published::find(source, dataset).expect_err("it is not there").to_string();
    insta::assert_snapshot!(refused("papr", "mvtec"), @"there are no published numbers called `papr`; did you mean `paper`?");
    insta::assert_snapshot!(refused("paper", "toy"), @"the paper prints nothing on the data set `toy`; it has `medical`, `mvtec`, `mvtec3d`, `visa`");
    assert!(matches!(Published::find("paper", "toy"), Err(PublishedError::UnknownDataset { .. })));
}

/// Means that do not follow from the rows above them, by more than rounding explains (0.1), as the paper prints them.
const INCONSISTENT: [(&str, Metric, &str); 7] = [
    ("mvtec", Metric::PixelAuroc, "DDPM"),
    ("visa", Metric::ImageAuroc, "DRAEM"),
    ("visa", Metric::ImageAp, "DRAEM"),
    ("visa", Metric::ImageF1, "DRAEM"),
    ("visa", Metric::PixelAp, "DRAEM"),
    ("visa", Metric::PixelF1, "DRAEM"),
    ("visa", Metric::Pro, "DRAEM"),
];

#[test]
fn published_means_follow_from_their_rows_but_for_those_known() {
    let mut compared = 0;
    for dataset in ["mvtec", "visa", "mvtec3d", "medical"] {
        let published = Published::find("paper", dataset).expect("the paper has it");
        for method in &published.methods {
            for metric in Metric::ALL {
                let Some(mean) = published.mean(metric, method) else { continue };
                let rows: Vec<f64> =
                    published.classes().iter().filter_map(|class| published.value(class, metric, method)).collect();
                if rows.is_empty() {
                    continue;
                }
                compared += 1;
                let follows = (rows.iter().sum::<f64>() / rows.len() as f64 - mean).abs() <= 0.1;
                let known = INCONSISTENT.contains(&(dataset, metric, method));
                assert_eq!(follows, !known, "{dataset}, {}, {method}: {mean}", metric.name());
            }
        }
    }
    assert_eq!(compared, 72);
}

#[test]
fn each_protocol_says_what_it_means() {
    for protocol in ProtocolName::ALL {
        let words = diadc::measure::Measure::default().under(protocol).words();
        assert!(words[0].starts_with(&format!("Protocol `{}`: ", protocol.name())), "{}", words[0]);
        assert!(words.iter().all(|paragraph| paragraph.ends_with('.')), "{words:?}");
    }
}

#[test]
fn scores_are_rows_of_class_image_defect_and_score() {
    let score = |id: &str, defect: Option<&str>, score| TestScore {
        class: "nut".to_owned(),
        id: id.to_owned(),
        defect: defect.map(str::to_owned),
        score,
    };
    let scores = [score("test/good/0.png", None, 0.1), score("test/a,b/\"1\".png", Some("a,b"), 1e-9)];
    let expected =
        "class,image,defect,score\nnut,test/good/0.png,,0.1\nnut,\"test/a,b/\"\"1\"\".png\",\"a,b\",0.000000001\n";
    assert_eq!(scores_csv(&scores), expected);
}

#[test]
fn a_run_over_other_classes_than_the_published_means_says_so() {
    let published = Published::find("paper", "mvtec").expect("the paper has it");
    let renamed = |names: &[&str]| {
        let mut evaluation = super::evaluation();
        for (class, name) in evaluation.classes.iter_mut().zip(names) {
            (*name).clone_into(&mut class.class);
        }
        published.caveats(&evaluation).pop().unwrap_or_default()
    };
    insta::assert_snapshot!(renamed(&["mine", "yours"]), @"the published means are over 15 other classes, none of which is in this run: these numbers say nothing about each other");
    insta::assert_snapshot!(renamed(&["metal_nut", "mine"]), @"the published means are over 14 more classes than this run, which has 1 class of its own");
}
