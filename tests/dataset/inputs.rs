//! Files and folders given to be predicted.

use diadc::dataset::{predict_inputs, read_input};

use super::tree::{Tree, assert_says};

#[test]
fn files_and_folders_are_gathered_sorted_and_once() {
    let tree = Tree::mvtec();
    tree.file("nut/license.txt", "free");
    let paths = [tree.path("nut/test"), tree.path("nut/train/good/001.png"), tree.path("nut/test/good/000.png")];
    let found = predict_inputs(&paths).expect("there are images");
    let expected = ["nut/test/crack/000.png", "nut/test/good/000.png", "nut/train/good/001.png"];
    assert_eq!(found, expected.map(|name| tree.path(name)));
}

#[test]
fn no_image_at_all_is_an_error() {
    let tree = Tree::new();
    tree.file("empty/readme.txt", "x");
    assert_says(&predict_inputs(&[tree.path("empty")]).expect_err("nothing there"), &["found no", "empty`"]);
    assert_says(&predict_inputs::<&str>(&[]).expect_err("nothing given"), &["an empty list of paths"]);
}

#[test]
fn a_missing_file_and_a_file_of_another_kind_are_errors() {
    let tree = Tree::new();
    tree.file("a.txt", "x").file("b.heic", "x");
    assert_says(&predict_inputs(&[tree.path("c.png")]).expect_err("it is missing"), &["can't read", "c.png"]);
    assert_says(&predict_inputs(&[tree.path("a.txt")]).expect_err("not an image"), &["a.txt", "expected .png"]);
    assert_says(&predict_inputs(&[tree.path("b.heic")]).expect_err("unsupported"), &["b.heic", "convert it to png"]);
    // In a folder it is found, and told when it is read.
    assert_eq!(predict_inputs(&[tree.root()]).expect("it is named as an image"), [tree.path("b.heic")]);
    assert_says(&read_input(&tree.path("b.heic")).expect_err("unsupported"), &["b.heic", "convert it to png"]);
}

#[cfg(unix)]
#[test]
fn a_ring_of_links_ends() {
    let tree = Tree::new();
    tree.image("a/0.png", 2, 2);
    std::os::unix::fs::symlink(tree.root(), tree.path("a/up")).expect("a link can be made");
    assert_eq!(predict_inputs(&[tree.root()]).expect("there is an image"), [tree.path("a/0.png")]);
}
