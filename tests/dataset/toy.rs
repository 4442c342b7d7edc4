//! The toy set: the same bytes everywhere, defects that can be seen, files that read back as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use diadc::dataset::toy::{SIDE, VISIBLE, generate, write};
use diadc::dataset::{Dataset, Mask, Request, Sample, open};
use image::RgbImage;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::tree::{Tree, assert_says, ids, open_at};

/// Of all ids, pixels and masks. It changes only with a decision to change the data set, which changes every result on it.
const DIGEST: &str = "1bf1598a23d42a98f4267d7191fe4054f189a66390ca3e439d97e92fc1555b24";

/// A sample with its pixels.
struct Drawn {
    sample: Sample,
    image: RgbImage,
    mask: Option<Mask>,
}

/// The whole set, drawn once for all tests.
static DRAWN: LazyLock<Vec<Drawn>> = LazyLock::new(|| {
    let dataset = generate();
    let samples: Vec<Sample> = dataset.train.into_iter().chain(dataset.test).collect();
    let draw = |sample: Sample| Drawn {
        image: sample.image().expect("drawing does not fail"),
        mask: sample.mask(None).expect("drawing does not fail"),
        sample,
    };
    samples.into_par_iter().map(draw).collect()
});

fn all(dataset: &Dataset) -> impl Iterator<Item = &Sample> {
    dataset.train.iter().chain(&dataset.test)
}

#[test]
fn every_byte_is_the_same_on_every_machine() {
    let mut digest = Sha256::new();
    for Drawn { sample, image, mask } in DRAWN.iter() {
        digest.update(sample.id.as_bytes());
        digest.update(image.as_raw());
        if let Some(mask) = mask {
            digest.update(mask.anomalous().iter().map(|anomalous| u8::from(*anomalous)).collect::<Vec<u8>>());
        }
    }
    assert_eq!(format!("{:x}", digest.finalize()), DIGEST);
}

#[test]
fn it_has_eight_classes_of_forty_and_thirty_images() {
    let dataset = generate();
    assert_eq!(dataset.classes, ["board", "button", "capsule", "gear", "leather", "tile", "weave", "wood"]);
    for class in 0..8 {
        let of = |samples: &[Sample]| samples.iter().filter(|sample| sample.class == class).count();
        assert_eq!((of(&dataset.train), of(&dataset.test)), (40, 30));
    }
    let unique: BTreeSet<&str> = all(&dataset).map(|sample| sample.id.as_str()).collect();
    assert_eq!(unique.len(), 560);
}

#[test]
fn training_images_have_no_defects() {
    for sample in &generate().train {
        assert!(!sample.is_anomalous() && sample.id.contains("/train/good/"), "{}", sample.id);
        assert_eq!(sample.mask(None).expect("nothing can fail"), None);
    }
}

#[test]
fn good_images_of_a_class_vary_and_classes_differ() {
    let first = |class: usize, nth: usize| {
        let mut good = DRAWN.iter().filter(|drawn| drawn.sample.class == class);
        &good.nth(nth).expect("there are 40").image
    };
    let difference = |a: &RgbImage, b: &RgbImage| {
        let sum: u64 = a.iter().zip(b.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / f64::from(3 * SIDE * SIDE)
    };
    for class in 0..8 {
        assert!(difference(first(class, 0), first(class, 1)) > 1.0);
        for other in 0..class {
            assert!(difference(first(class, 0), first(other, 0)) > 25.0, "classes {class} and {other} look alike");
        }
    }
}

#[test]
fn masks_are_of_the_size_of_the_image_and_neither_empty_nor_everywhere() {
    let mut kinds: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    let mut shares = Vec::new();
    for Drawn { sample, image, mask } in DRAWN.iter().filter(|drawn| drawn.sample.is_anomalous()) {
        let mask = mask.as_ref().expect("a defective image has a mask");
        assert_eq!((mask.width, mask.height), image.dimensions());
        assert_eq!((mask.width, mask.anomalous().len()), (SIDE, (SIDE * SIDE) as usize));
        let share = mask.area() as f64 / f64::from(SIDE * SIDE);
        assert!(mask.area() >= 24 && share < 0.3, "{}: {share}", sample.id);
        shares.push(share);
        kinds.entry(sample.class).or_default().extend(sample.defect.as_deref());
    }
    assert_eq!(kinds.len(), 8);
    assert!(kinds.values().all(|kinds| kinds.len() == 4));
    let small = shares.iter().filter(|share| **share < 0.02).count();
    let large = shares.iter().filter(|share| **share > 0.08).count();
    assert!(small >= 40 && large >= 20, "{small} small and {large} large of {}", shares.len());
    assert_eq!(VISIBLE, 12);
}

#[test]
fn wanted_classes_are_the_same_images_as_in_the_whole_set() {
    let classes = Some(vec!["wood".to_owned(), "gear".to_owned()]);
    let some =
        open(&Request { name: "toy".to_owned(), root: None, classes, unmarked: None }).expect("both are classes");
    assert_eq!(some.classes, ["gear", "wood"]);
    let whole = generate();
    let original = whole.train.iter().find(|sample| sample.id == some.train[0].id).expect("it is part of the whole");
    assert_eq!(original.image().expect("it is drawn"), some.train[0].image().expect("it is drawn"));
    let classes = Some(vec!["gera".to_owned()]);
    let error = open(&Request { name: "toy".to_owned(), root: None, classes, unmarked: None })
        .expect_err("there is no such class");
    assert_says(&error, &["no class `gera`", "did you mean `gear`?"]);
}

#[test]
fn written_files_read_back_as_they_were() {
    let tree = Tree::new();
    let directory = tree.path("deep/toy");
    let summary = write(&directory).expect("it can be written");
    assert_eq!((summary.classes, summary.train, summary.test_good, summary.test_defective), (8, 320, 80, 160));
    assert_eq!(summary.directory, directory);
    assert!(!tree.path("deep/toy.partial").exists());
    let (made, read) = (generate(), open_at("mvtec", &directory, None).expect("the layout is right"));
    assert_eq!(made.classes, read.classes);
    assert_eq!((ids(&made.train), ids(&made.test)), (ids(&read.train), ids(&read.test)));
    for (Drawn { sample, image, mask }, read) in DRAWN.iter().zip(all(&read)) {
        assert_eq!((sample.class, &sample.defect), (read.class, &read.defect));
        assert_eq!(*image, read.image().expect("it is read"), "{}", read.id);
        assert_eq!(*mask, read.mask(None).expect("it is read"), "{}", read.id);
    }
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let tree = Tree::new();
    tree.file("full/keep.txt", "mine").file("file", "mine").file("new.partial/keep.txt", "mine");
    for (name, blamed) in [("full", "full`"), ("file", "file`"), ("new", "new.partial`")] {
        let error = write(&tree.path(name)).expect_err("something is in the way");
        assert_says(&error, &[blamed, "already there", "choose another folder"]);
    }
    assert_eq!(std::fs::read(tree.path("full/keep.txt")).expect("it is there"), b"mine");
    assert!(tree.path("new.partial/keep.txt").exists() && !tree.path("new").exists());
}

#[test]
fn a_place_that_can_not_be_written_to_is_named() {
    let tree = Tree::new();
    tree.file("file", "x");
    let error = write(&tree.path("file/toy")).expect_err("a file can't hold folders");
    assert_says(&error, &["can't write", "file/toy", "no part of the data set"]);
}
