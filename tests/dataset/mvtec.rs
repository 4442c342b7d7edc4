//! The layout of `MVTec` AD.

use super::tree::{Tree, assert_says, ids, open_at};

#[test]
fn reads_classes_images_and_masks_in_the_order_of_their_names() {
    let tree = Tree::mvtec();
    tree.image("bolt/train/good/10.jpg", 5, 7)
        .image("bolt/train/good/02.jpg", 5, 9)
        .image("bolt/test/bent/00.bmp", 5, 7)
        .mask("bolt/ground_truth/bent/00.png", 5, 7, 255);
    let dataset = tree.open("mvtec").expect("the layout is right");
    assert_eq!(dataset.name, "mvtec");
    assert_eq!(dataset.classes, ["bolt", "nut"]);
    let train =
        ["bolt/train/good/02.jpg", "bolt/train/good/10.jpg", "nut/train/good/000.png", "nut/train/good/001.png"];
    assert_eq!(ids(&dataset.train), train);
    assert_eq!(ids(&dataset.test), ["bolt/test/bent/00.bmp", "nut/test/crack/000.png", "nut/test/good/000.png"]);
    assert_eq!(dataset.test[0].class, 0);
    assert_eq!(dataset.test[1].class, 1);
    assert_eq!(dataset.test[1].defect.as_deref(), Some("crack"));
    assert!(dataset.test[1].is_anomalous() && !dataset.test[2].is_anomalous());
    assert_eq!(dataset.train[0].image().expect("it is an image").dimensions(), (5, 9));
}

#[test]
fn masks_with_and_without_the_ending_are_found() {
    let tree = Tree::mvtec();
    for name in ["crack/000_mask.png", "crack/000.png"] {
        tree.remove("nut/ground_truth").mask(&format!("nut/ground_truth/{name}"), 6, 4, 255);
        let dataset = tree.open("mvtec").expect("the mask is found");
        let mask = dataset.test[0].mask(None).expect("the mask is sound").expect("the image is defective");
        assert_eq!((mask.width, mask.height, mask.area()), (6, 4, 12));
        assert_eq!(mask.anomalous()[..6], [true, true, true, false, false, false]);
        assert_eq!(dataset.test[1].mask(None).expect("a good image is sound"), None);
    }
}

#[test]
fn only_mask_values_above_127_are_anomalous() {
    let tree = Tree::mvtec();
    tree.mask("nut/ground_truth/crack/000_mask.png", 6, 4, 128);
    let dataset = tree.open("mvtec").expect("the layout is right");
    assert_eq!(dataset.test[0].mask(None).expect("the mask is sound").expect("it is there").area(), 12);
    tree.mask("nut/ground_truth/crack/000_mask.png", 6, 4, 127);
    let error = dataset.test[0].mask(None).expect_err("nothing is marked");
    assert_says(&error, &["000_mask.png", "marks no pixel", "above 127", "highest value is 127", "as 255"]);
    assert!(!error.to_string().contains("--unmarked"), "that would leave out what the mask marks: {error}");
}

#[test]
fn a_root_that_is_one_class_is_that_class() {
    let tree = Tree::mvtec();
    let dataset = open_at("mvtec", &tree.path("nut"), None).expect("the folder is a class");
    assert_eq!(dataset.classes, ["nut"]);
    assert_eq!(dataset.train[0].id, "nut/train/good/000.png");
}

#[test]
fn wanted_classes_come_in_the_order_of_the_data_set() {
    let tree = Tree::mvtec();
    for class in ["axle", "bolt"] {
        tree.image(&format!("{class}/train/good/0.png"), 4, 4).image(&format!("{class}/test/good/0.png"), 4, 4);
    }
    let dataset = tree.open_classes("mvtec", Some(&["nut", "axle"])).expect("both are there");
    assert_eq!(dataset.classes, ["axle", "nut"]);
    assert_eq!(dataset.train.len(), 3);
    assert_eq!(dataset.train.last().map(|sample| sample.class), Some(1));
}

#[test]
fn files_that_are_no_images_are_passed_over() {
    let tree = Tree::mvtec();
    tree.file("license.txt", "free")
        .file("preview.webp", "in the root no image is looked for")
        .file("notes/readme.md", "not a class")
        .file("nut/license.txt", "free")
        .file("nut/train/good/Thumbs.db", "x")
        .file("nut/train/good/.DS_Store", "x")
        .file("nut/train/good/._000.png", "left behind by an archive")
        .file("nut/test/crack/readme", "x")
        .file("nut/ground_truth/crack/list.csv", "x");
    let dataset = tree.open("mvtec").expect("only images count");
    assert_eq!((dataset.classes.len(), dataset.train.len(), dataset.test.len()), (1, 2, 2));
}

#[test]
fn endings_count_in_any_case() {
    let tree = Tree::mvtec();
    tree.image("nut/train/good/002.PNG", 3, 3).image("nut/train/good/003.JpEg", 3, 3);
    assert_eq!(tree.open("mvtec").expect("all are images").train.len(), 4);
}
