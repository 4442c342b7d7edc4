//! Defective images with several masks, with none, and with one that is empty.

use diadc::dataset::audit::{Audit, FindingKind, Severity, audit};
use diadc::dataset::{Request, Unmarked};

use super::tree::{Tree, assert_says};

fn look(tree: &Tree, layout: &str, unmarked: Option<Unmarked>) -> Audit {
    let root = Some(tree.root().to_path_buf());
    let request = Request { name: layout.to_owned(), root, classes: None, unmarked };
    audit(&request, &|_, _| {}).unwrap_or_else(|error| panic!("{layout}: {error}"))
}

/// Severities and messages of what is told of masks.
fn told(audit: &Audit) -> Vec<(Severity, String)> {
    let of_masks = |kind: FindingKind| matches!(kind, FindingKind::MaskMissing | FindingKind::MaskEmpty);
    let findings = audit.findings.iter().filter(|finding| of_masks(finding.kind));
    findings.map(|finding| (finding.severity, finding.message.clone())).collect()
}

/// Anomalous pixels of the defective test images; none where they are not known.
fn areas(dataset: &diadc::dataset::Dataset) -> Vec<Option<usize>> {
    let defective = dataset.test.iter().filter(|sample| sample.is_anomalous());
    let area = |sample: &diadc::dataset::Sample| {
        let mask = sample.mask(None).expect("it is sound");
        sample.is_marked().then(|| mask.map_or(0, |mask| mask.area()))
    };
    defective.map(area).collect()
}

#[test]
fn several_masks_of_an_image_count_together() {
    let tree = Tree::of("loco");
    // The left half is marked already; this one marks the left half of fewer columns, and one further to the right.
    let right = image::GrayImage::from_fn(20, 20, |x, y| image::Luma([if x >= 18 && y < 5 { 255 } else { 0 }]));
    right.save(tree.path("pins/ground_truth/logical/000/001.png")).expect("it can be written");
    tree.mask("pins/ground_truth/logical/000/002.png", 20, 20, 240);
    for layout in ["loco", "mvtec"] {
        assert_eq!(areas(&tree.open(layout).expect("it is sound")), [Some(200 + 10)], "{layout}");
        assert_eq!(told(&look(&tree, layout, None)), [], "{layout}");
    }
    tree.mask("pins/ground_truth/logical/000/003.png", 20, 18, 240);
    tree.fails("loco", &["000/003.png` is 20x18, its image", "20x20"]);
    tree.remove("pins/ground_truth/logical/000/003.png");
    tree.image("pins/test/logical/001.png", 20, 20);
    tree.fails("loco", &["logical/001.png` has no mask", "expected", "logical/001/000.png`"]);
    tree.remove("pins/test/logical/001.png");
    tree.fails("btad", &["it looks like the layout of `loco`: use `--dataset loco`"]);
    tree.mask("pins/ground_truth/logical/000.png", 20, 20, 255);
    tree.fails("loco", &["are both masks of one image"]);
}

#[test]
fn a_folder_among_masks_that_is_named_as_no_image_has_no_place() {
    let tree = Tree::of("loco");
    tree.mask("pins/ground_truth/logical/007/000.png", 20, 20, 255);
    tree.fails("loco", &["logical/007` has no place in this layout", "holds its masks"]);
}

#[test]
fn a_mask_that_is_empty_beside_others_is_no_mistake() {
    let tree = Tree::of("loco");
    tree.mask("pins/ground_truth/logical/000/001.png", 20, 20, 0);
    assert_eq!(told(&look(&tree, "loco", None)), []);
    assert_eq!(areas(&tree.open("loco").expect("it is sound")), [Some(200)]);
}

/// Real-IAD with a second defective image, for which its list has no mask.
fn real_iad() -> Tree {
    let tree = Tree::of("realiad");
    let list = "realiad_jsons/realiad_jsons/toy.json";
    let text = std::fs::read_to_string(tree.path(list)).expect("it is there");
    let further =
        r#""test":[{"category":"toy","anomaly_class":"BX","image_path":"NG/BX/S0001/x.jpg","mask_path":null},"#;
    tree.file(list, text.replace(r#""test":["#, further)).image("realiad_256/toy/NG/BX/S0001/x.jpg", 20, 20);
    tree
}

#[test]
fn a_defect_of_real_iad_without_a_mask_counts_with_an_empty_one_and_is_told() {
    let tree = real_iad();
    assert_eq!(areas(&tree.open("realiad").expect("it is sound")), [Some(0), Some(200)]);
    let findings = told(&look(&tree, "realiad", None));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].0, Severity::Warning);
    assert!(findings[0].1.ends_with("NG/BX/S0001/x.jpg` has no mask, and counts with an empty one"), "{findings:?}");
    let unknown = tree.open_unmarked("realiad", Unmarked::Unknown).expect("it is sound");
    assert_eq!(areas(&unknown), [None, Some(200)]);
    let findings = told(&look(&tree, "realiad", Some(Unmarked::Unknown)));
    assert!(findings[0].1.contains("class `toy` has no pixel metrics; `--unmarked empty`"), "{findings:?}");
}

#[test]
fn a_missing_mask_is_refused_unless_a_rule_says_what_it_counts_as() {
    for layout in ["mvtec", "visa", "mvtec3d", "medical", "btad", "mpdd", "folder", "loco"] {
        let tree = Tree::of(layout);
        tree.remove(Tree::mask_of(layout));
        assert_says(&tree.open(layout).expect_err("a mask is missing"), &["has no mask", "`--unmarked empty`"]);
        let area = |rule| areas(&tree.open_unmarked(layout, rule).expect("there is a rule"));
        assert_eq!((area(Unmarked::Empty), area(Unmarked::Unknown)), (vec![Some(0)], vec![None]), "{layout}");
    }
}

#[test]
fn a_defect_for_which_the_list_of_visa_names_no_mask_is_refused_unless_a_rule_says_what_it_counts_as() {
    let tree = Tree::of("visa");
    let rows = "candle,train,normal,candle/Data/Images/Normal/0000.JPG,\n\
                candle,test,normal,candle/Data/Images/Normal/0001.JPG,\n\
                candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,\n";
    tree.file("split_csv/1cls.csv", format!("object,split,label,image,mask\n{rows}"));
    let words = ["1cls.csv`, line 4", "Anomaly/000.JPG` has no mask", "name one", "`--unmarked empty`"];
    tree.fails("visa", &words);
    let findings = told(&look(&tree, "visa", None));
    assert_eq!(findings.iter().map(|finding| finding.0).collect::<Vec<_>>(), [Severity::Error], "{findings:?}");
    let area = |rule| areas(&tree.open_unmarked("visa", rule).expect("there is a rule"));
    assert_eq!((area(Unmarked::Empty), area(Unmarked::Unknown)), (vec![Some(0)], vec![None]));
    let findings = told(&look(&tree, "visa", Some(Unmarked::Empty)));
    assert_eq!(findings.len(), 1);
    assert!(findings[0].1.ends_with("has no mask, and counts with an empty one"), "{findings:?}");
    let audit = look(&tree, "visa", Some(Unmarked::Unknown));
    assert!(audit.notes.iter().any(|note| note.contains("class `candle` has a mask")), "{:?}", audit.notes);
}

#[test]
fn an_empty_mask_is_refused_unless_it_is_to_count_so() {
    for layout in ["mvtec", "visa", "realiad", "uniad", "ader", "folder", "loco"] {
        let tree = Tree::of(layout);
        tree.mask(Tree::mask_of(layout), 20, 20, 0);
        let dataset = tree.open(layout).expect("headers are sound");
        let defective = dataset.test.iter().find(|sample| sample.is_anomalous()).expect("there is one");
        let error = defective.mask(None).expect_err("it is empty");
        assert_says(&error, &["marks no pixel", "`--unmarked empty`"]);
        let dataset = tree.open_unmarked(layout, Unmarked::Empty).expect("headers are sound");
        assert_eq!(areas(&dataset), [Some(0)], "{layout}");
        let findings = told(&look(&tree, layout, Some(Unmarked::Empty)));
        assert_eq!(findings.iter().map(|finding| finding.0).collect::<Vec<_>>(), [Severity::Warning], "{layout}");
    }
}

#[test]
fn a_class_of_which_no_defect_is_marked_is_a_note() {
    let tree = Tree::of("folder");
    tree.remove("masks");
    let audit = look(&tree, "folder", None);
    assert_eq!(told(&audit), []);
    assert!(audit.notes.iter().any(|note| note.contains("has a mask, so that it has no pixel metrics")));
}

#[test]
fn a_plain_folder_without_defective_images_is_told_what_it_lacks() {
    let tree = Tree::new();
    for number in 0..10 {
        tree.image(&format!("photos/normal/{number}.png"), 8, 8).image(&format!("photos/other/{number}.png"), 8, 8);
    }
    let words = ["no folder of defective images (`defective`", "found there: `normal`, `other`", "rename or make one"];
    assert_says(&super::tree::open_at("folder", &tree.path("photos"), None).expect_err("it lacks one"), &words);
    tree.fails("folder", &words);
    std::fs::create_dir(tree.path("photos/bad")).expect("it can be made");
    let dataset = tree.open("folder").expect("an empty folder will do");
    assert_eq!((dataset.classes.len(), dataset.train.len(), dataset.test.len()), (1, 8, 2));
    // Whatever the folder is called, and beside a class that has its own.
    std::fs::rename(tree.path("photos/bad"), tree.path("photos/Anomalous")).expect("it is there");
    assert_eq!(tree.open("folder").expect("it is one").test.len(), 2);
}

/// Whether beside a class that has defective images or alone.
#[test]
fn a_plain_folder_may_have_good_images_only() {
    let tree = Tree::new();
    tree.images("bolt/good", 5).images("nut/good", 5).images("nut/ng", 2);
    let audit = look(&tree, "folder", None);
    assert_eq!(told(&audit), []);
    assert!(audit.notes.contains(&"class `bolt` has no defective image, so that it has no metrics".to_owned()));
    let dataset = tree.open("folder").expect("one has good images only");
    assert_eq!((dataset.train.len(), dataset.test.len()), (8, 4));
    tree.remove("nut/ng");
    assert_eq!(tree.open("folder").expect("both have good images only").test.len(), 2);
}

#[test]
fn lists_may_begin_with_a_byte_order_mark_and_end_lines_as_windows_does() {
    for (layout, lists) in [
        ("ader", &["meta.json"][..]),
        ("uniad", &["train.json", "test.json"]),
        ("realiad", &["realiad_jsons/realiad_jsons/toy.json"]),
    ] {
        let tree = Tree::of(layout);
        let before = tree.open(layout).expect("it is sound");
        for list in lists {
            let text = std::fs::read_to_string(tree.path(list)).expect("it is there");
            let lines = text.replace("},", "},\n").lines().collect::<Vec<_>>().join("\r\n");
            let lines = if layout == "uniad" { text.lines().collect::<Vec<_>>().join("\r\n") } else { lines };
            tree.file(list, format!("\u{feff}{lines}\r\n"));
        }
        let after = tree.open(layout).expect("it is the same list");
        assert_eq!(super::tree::ids(&after.test), super::tree::ids(&before.test), "{layout}");
        assert_eq!(super::tree::ids(&after.train), super::tree::ids(&before.train), "{layout}");
    }
    let tree = Tree::visa();
    let row = "candle,train,normal,candle/Data/Images/Normal/0000.JPG,";
    let tested = "candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png";
    tree.file("split_csv/1cls.csv", format!("\u{feff}object,split,label,image,mask\r\n{row}\r\n{tested}\r\n"));
    assert_eq!(tree.open("visa").expect("it is a list").train.len(), 1);
}
