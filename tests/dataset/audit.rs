//! `data check` finds each defect planted in a small tree of each layout, and names the file.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use diadc::dataset::audit::{Audit, Counts, Finding, FindingKind, Severity, audit, sheet};
use diadc::dataset::{Request, names};
use image::{GrayImage, Luma, Rgb, RgbImage};

use super::tree::Tree;

fn layouts() -> impl Iterator<Item = &'static str> {
    names().into_iter().filter(|name| *name != "toy")
}

fn look(tree: &Tree, layout: &str) -> Audit {
    let request =
        Request { name: layout.to_owned(), root: Some(tree.root().to_path_buf()), classes: None, unmarked: None };
    audit(&request, &|_, _| {}).unwrap_or_else(|error| panic!("{layout}: {error}"))
}

/// The findings of a tree of this layout after something was done to it, but for published counts.
fn findings(layout: &str, plant: impl Fn(&Tree)) -> Vec<Finding> {
    let tree = Tree::of(layout);
    plant(&tree);
    look(&tree, layout).findings.into_iter().filter(|finding| finding.kind != FindingKind::Count).collect()
}

/// One finding, of this kind and about this file.
#[track_caller]
fn found(layout: &str, kind: FindingKind, severity: Severity, file: &str, plant: impl Fn(&Tree)) {
    let all = findings(layout, plant);
    let told: Vec<_> = all.iter().filter(|finding| finding.kind == kind).collect();
    assert_eq!(told.len(), 1, "{layout}: {all:#?}");
    assert_eq!(told[0].severity, severity, "{layout}");
    assert!(told[0].message.contains(file), "{layout}: `{file}` is missing in: {}", told[0].message);
    assert!(told[0].files.iter().any(|told| told.contains(file)), "{layout}: {:?}", told[0].files);
}

fn copy(tree: &Tree, from: &str, to: &str) {
    fs::copy(tree.path(from), tree.path(to)).expect("the file can be copied");
}

#[test]
fn nothing_is_found_in_a_sound_tree_of_any_layout() {
    for layout in layouts() {
        assert_eq!(findings(layout, |_| {}), [], "{layout}");
    }
}

#[test]
fn a_damaged_image_is_found_though_its_header_is_sound() {
    for layout in layouts() {
        let file = Tree::images_of(layout)[0];
        found(layout, FindingKind::Unreadable, Severity::Error, file, |tree| {
            let bytes = fs::read(tree.path(file)).expect("it is there");
            tree.file(file, &bytes[..bytes.len() - 30]);
        });
    }
}

#[test]
fn a_missing_mask_is_found() {
    for layout in layouts() {
        let mask = Tree::mask_of(layout);
        if is_list(layout) {
            missing_from_list(layout, mask);
            continue;
        }
        found(layout, FindingKind::MaskMissing, Severity::Error, "000", |tree| {
            tree.remove(mask);
        });
    }
}

#[test]
fn a_missing_image_is_found_where_a_list_names_it() {
    for layout in layouts().filter(|layout| is_list(layout)) {
        Tree::images_of(layout).iter().for_each(|image| missing_from_list(layout, image));
    }
}

fn is_list(layout: &str) -> bool {
    matches!(layout, "uniad" | "ader" | "realiad")
}

/// Of a file that a list names and that is not there, the list, the line and the file are named.
#[track_caller]
fn missing_from_list(layout: &str, file: &str) {
    let all = findings(layout, |tree| {
        tree.remove(file);
    });
    let told = all.iter().find(|finding| finding.kind == FindingKind::Layout);
    let told = told.unwrap_or_else(|| panic!("{layout}, {file}: {all:#?}"));
    assert_eq!(told.severity, Severity::Error);
    assert!(told.message.contains(last(file)) && told.message.contains(".json`"), "{layout}: {}", told.message);
    assert!(!told.files.is_empty(), "{layout}");
}

#[test]
fn the_classes_of_another_data_set_are_told() {
    let as_classes = |names: &[&str]| {
        let tree = Tree::new();
        for class in names {
            tree.image(&format!("{class}/train/good/0.png"), 8, 8).image(&format!("{class}/test/good/0.png"), 8, 8);
            tree.image(&format!("{class}/test/bad/0.png"), 8, 8).mask(
                &format!("{class}/ground_truth/bad/0.png"),
                8,
                8,
                255,
            );
        }
        tree
    };
    let told = |tree: &Tree, dataset: &str| {
        let mut findings = look(tree, dataset).findings;
        findings.retain(|finding| finding.kind == FindingKind::OtherDataset);
        findings.into_iter().map(|finding| (finding.severity, finding.message)).collect::<Vec<_>>()
    };
    let mvtec = as_classes(&["hazelnut", "screw"]);
    let words = "`hazelnut`, `screw` are classes of `mvtec`, not of `visa`: is `--dataset mvtec` meant?";
    assert_eq!(told(&mvtec, "visa"), [(Severity::Warning, words.to_owned())]);
    assert_eq!(told(&mvtec, "mvtec"), []);
    let visa = as_classes(&["candle"]);
    let words = "`candle` is a class of `visa`, not of `mvtec`: is `--dataset visa` meant?";
    assert_eq!(told(&visa, "mvtec"), [(Severity::Warning, words.to_owned())]);
    assert_eq!(told(&visa, "visa"), []);
    assert_eq!(told(&as_classes(&["bracket_black"]), "mvtec").len(), 1);
    assert_eq!(told(&as_classes(&["bolt"]), "visa"), [], "classes of one's own are no mistake");
    assert_eq!(told(&as_classes(&["screw", "bolt"]), "visa"), []);
}

#[test]
fn an_empty_mask_one_of_another_size_and_a_blurred_one_are_found() {
    for layout in layouts() {
        let mask = Tree::mask_of(layout);
        found(layout, FindingKind::MaskEmpty, Severity::Error, mask, |tree| {
            tree.mask(mask, 20, 20, 0);
        });
        found(layout, FindingKind::MaskSize, Severity::Error, mask, |tree| {
            tree.mask(mask, 20, 19, 255);
        });
        found(layout, FindingKind::MaskValues, Severity::Warning, mask, |tree| {
            let blurred = GrayImage::from_fn(20, 20, |x, _| Luma([x as u8 * 13]));
            blurred.save(tree.path(mask)).expect("it can be written");
        });
    }
}

#[test]
fn class_indices_in_masks_are_no_blur() {
    let indices = |tree: &Tree| {
        let mask = GrayImage::from_fn(20, 20, |x, _| Luma([x as u8 / 5]));
        mask.save(tree.path(Tree::mask_of("visa"))).expect("it can be written");
    };
    assert_eq!(findings("visa", indices), []);
}

#[test]
fn the_same_pixels_are_found_within_training_and_across() {
    for layout in layouts() {
        let [first, second, tested] = Tree::images_of(layout);
        found(layout, FindingKind::Duplicate, Severity::Warning, last(first), |tree| copy(tree, first, second));
        found(layout, FindingKind::TrainAndTest, Severity::Error, last(tested), |tree| copy(tree, first, tested));
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[test]
fn pixels_count_and_not_bytes() {
    let plant = |tree: &Tree| {
        let image = RgbImage::from_pixel(20, 20, Rgb([1, 2, 3]));
        image.save(tree.path("nut/train/good/000.png")).expect("it can be written");
        image.save(tree.path("nut/test/good/0.bmp")).expect("it can be written");
    };
    found("mvtec", FindingKind::TrainAndTest, Severity::Error, "nut/test/good/0.bmp", plant);
}

#[test]
fn images_that_nothing_uses_are_found() {
    for layout in layouts() {
        found(layout, FindingKind::Unused, Severity::Warning, "preview.png", |tree| {
            tree.image("preview.png", 4, 4);
        });
    }
    found("mvtec", FindingKind::Unused, Severity::Warning, "nut/ground_truth/crack/077_mask.png", |tree| {
        tree.mask("nut/ground_truth/crack/077_mask.png", 4, 4, 255);
    });
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let all = findings("mvtec", |tree| {
        tree.file("nut/train/good/000.png", "text").file("nut/train/good/x.heic", "x");
        tree.image("nut/test/crack/001.png", 20, 20).image("nut/train/bad/0.png", 20, 20);
    });
    let kinds: Vec<FindingKind> = all.iter().filter(|f| f.severity == Severity::Error).map(|f| f.kind).collect();
    let expected = [FindingKind::Layout, FindingKind::Unreadable, FindingKind::Unreadable, FindingKind::MaskMissing];
    assert_eq!(kinds, expected);
}

#[test]
fn counts_stand_beside_the_published_ones() {
    let tree = Tree::of("mvtec3d");
    let audit = look(&tree, "mvtec3d");
    assert_eq!(audit.all, Counts { train: 4, validation: 2, good: 2, defective: 1 });
    let bagel = audit.classes[0].published.expect("it is known");
    assert_eq!(bagel, Counts { train: 244, validation: 22, good: 22, defective: 88 });
    let told = audit.findings.iter().filter(|finding| finding.kind == FindingKind::Count);
    let messages: Vec<&str> = told.map(|finding| finding.message.as_str()).collect();
    assert!(messages.iter().any(|m| m.contains("`bagel` has 4 to train, 2 kept apart")), "{messages:?}");
    assert!(messages.iter().any(|m| m.contains("not there: `cable_gland`")), "{messages:?}");
    assert_eq!(audit.count(Severity::Error), 0);
}

/// The totals of the table against those that the paper on the project's specs states.
#[test]
fn published_counts_add_up() {
    let table: toml::Table = include_str!("../../src/dataset/audit/published.toml").parse().expect("it is TOML");
    let sum = |dataset: &str, key: &str| -> i64 {
        let classes = table[dataset]["classes"].as_table().expect("it lists classes");
        classes.values().map(|row| row[key].as_integer().expect("a number")).sum()
    };
    let all = |dataset: &str| (sum(dataset, "train"), sum(dataset, "good") + sum(dataset, "defective"));
    assert_eq!(all("mvtec"), (3629, 1725));
    assert_eq!((all("visa"), sum("visa", "good")), ((8659, 962 + 1200), 962));
    assert_eq!((all("mvtec3d"), sum("mvtec3d", "validation")), ((2656, 1197), 294));
    assert_eq!(all("medical"), (9042, 5208));
    assert_eq!((all("loco"), sum("loco", "validation"), sum("loco", "good")), ((1772, 1568), 304, 575));
    assert_eq!(all("mpdd"), (888, 458));
}

#[test]
fn sizes_and_colours_are_counted() {
    let tree = Tree::of("mvtec");
    GrayImage::new(7, 5).save(tree.path("nut/train/good/000.png")).expect("it can be written");
    let audit = look(&tree, "mvtec");
    let shown = |tallies: &[diadc::dataset::audit::Tally]| -> Vec<(String, usize)> {
        tallies.iter().map(|tally| (tally.what.clone(), tally.images)).collect()
    };
    assert_eq!(shown(&audit.sizes), [("20x20".to_owned(), 5), ("7x5".to_owned(), 1)]);
    assert_eq!(shown(&audit.colours), [("8-bit RGB".to_owned(), 5), ("8-bit grey".to_owned(), 1)]);
}

#[test]
fn progress_reaches_the_number_of_images() {
    let tree = Tree::of("mvtec");
    let seen = AtomicUsize::new(0);
    let request =
        Request { name: "mvtec".to_owned(), root: Some(tree.root().to_path_buf()), classes: None, unmarked: None };
    let audit = audit(&request, &|done, all| {
        assert!(done <= all && all == 6);
        seen.fetch_max(done, Ordering::Relaxed);
    });
    assert!(audit.is_ok());
    assert_eq!(seen.into_inner(), 6);
}

#[test]
fn a_sheet_has_a_row_for_each_class_and_masks_where_there_are_some() {
    let audit = look(&Tree::of("mvtec"), "mvtec");
    // The tree is gone by now, so nothing can be read and every place is empty.
    let empty = sheet(&audit.images, 16);
    assert_eq!((empty.len(), empty[0].len()), (1, 10));
    assert!(empty[0].iter().all(|(image, mask)| image.dimensions() == (16, 16) && mask.is_none()));
    let tree = Tree::of("mvtec");
    let row = sheet(&look(&tree, "mvtec").images, 16).remove(0);
    assert_eq!(row[5].1.as_ref().map(|mask| (mask.width, mask.area())), Some((16, 128)));
    assert!(row[0].0.pixels().any(|pixel| *pixel != row[9].0[(0, 0)]));
}
