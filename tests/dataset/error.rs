//! Each wrong data set is refused with the file, the reason and the remedy.

use std::path::PathBuf;

use diadc::dataset::{DatasetError, Request, image_size, names, open, read_image};

use super::tree::{Tree, assert_says, open_at};

fn request(name: &str, root: Option<PathBuf>) -> DatasetError {
    open(&Request { name: name.to_owned(), root, classes: None, unmarked: None }).expect_err("the request is wrong")
}

#[test]
fn an_unknown_data_set_is_answered_with_the_nearest_name_and_the_list() {
    let all =
        ["toy", "mvtec", "loco", "visa", "mvtec3d", "medical", "realiad", "btad", "mpdd", "uniad", "ader", "folder"];
    assert_eq!(names(), all);
    let known = "the data sets are toy, mvtec, loco, visa, mvtec3d, medical";
    // What stands around the name, and how it is parted, does not count.
    for name in ["MVTec-AD", "mvtec_ad", "MVTEC"] {
        assert_says(&request(name, None), &["(did you mean `mvtec`?); the data sets are"]);
    }
    assert_says(&request("mvtce", None), &["no data set `mvtce`", "did you mean `mvtec`?", known]);
    let message = request("cifar", Some(PathBuf::from("x"))).to_string();
    assert!(message.contains(known) && !message.contains("did you mean"), "{message}");
}

#[test]
fn a_root_is_needed_for_folders_and_refused_for_the_toy_set() {
    assert_says(&request("mvtec", None), &["`mvtec` needs the folder", "ROOT/CLASS/train/good"]);
    assert_says(&request("visa", None), &["`visa` needs the folder", "split_csv/1cls.csv"]);
    assert_says(&request("toy", Some(PathBuf::from("here"))), &["`toy` is made in memory", "leave `here` out"]);
}

#[test]
fn a_missing_root_says_what_was_expected_there() {
    let tree = Tree::new();
    for (dataset, layout) in [("mvtec", "ROOT/CLASS/train/good"), ("visa", "ROOT/CLASS/Data/Images")] {
        let error = open_at(dataset, &tree.path("nowhere"), None).expect_err("it is missing");
        assert_says(&error, &["nowhere` does not exist", layout]);
        tree.file("a_file", "x");
        let error = open_at(dataset, &tree.path("a_file"), None).expect_err("it is a file");
        assert_says(&error, &["a_file` is not a directory", layout]);
    }
}

#[test]
fn a_folder_without_classes_says_what_was_expected_there() {
    let tree = Tree::new();
    tree.file("notes/readme.txt", "x");
    tree.fails("mvtec", &["holds no class", "ROOT/CLASS/train/good", "ground_truth"]);
}

#[test]
fn missing_parts_of_a_class_are_named() {
    let tree = Tree::mvtec();
    tree.remove("nut/test");
    tree.fails("mvtec", &["nut/test` does not exist", "ROOT/CLASS/test/good"]);
    tree.file("nut/test", "x");
    tree.fails("mvtec", &["nut/test` is not a directory"]);
    let tree = Tree::mvtec();
    tree.remove("nut/train/good");
    tree.fails("mvtec", &["nut/train/good` does not exist"]);
}

#[test]
fn unknown_and_repeated_classes_are_refused() {
    let tree = Tree::mvtec();
    let fails = |classes: &[&str], parts: &[&str]| {
        assert_says(&tree.open_classes("mvtec", Some(classes)).expect_err("the classes are wrong"), parts);
    };
    fails(&["nutt"], &["no class `nutt`", "did you mean `nut`?", "the classes are nut"]);
    fails(&["nut", "nut"], &["class `nut` is asked for twice", "name it once"]);
    fails(&[], &["list of wanted classes is empty", "some of nut"]);
}

#[test]
fn a_class_without_images_is_refused() {
    let tree = Tree::mvtec();
    tree.remove("nut/train/good/000.png").remove("nut/train/good/001.png");
    tree.fails("mvtec", &["class `nut` has no training images", "train/good"]);
    let tree = Tree::mvtec();
    tree.remove("nut/test/good/000.png").remove("nut/test/crack/000.png");
    tree.fails("mvtec", &["class `nut` has no test images", "nut/test`"]);
}

#[test]
fn a_text_file_named_as_an_image_is_found_before_anything_is_decoded() {
    let tree = Tree::mvtec();
    tree.file("nut/train/good/002.png", "this is text");
    tree.fails("mvtec", &["nut/train/good/002.png` is no image", "it is a text that begins with \"this is text\""]);
    tree.file("nut/train/good/002.png", "");
    tree.fails("mvtec", &["nut/train/good/002.png` can't be decoded"]);
}

#[test]
fn an_image_of_an_unsupported_format_is_refused_rather_than_passed_over() {
    for name in ["nut/train/good/x.heic", "nut/test/crack/x.JP2", "nut/ground_truth/crack/x.avif"] {
        let tree = Tree::mvtec();
        tree.file(name, "x");
        tree.fails("mvtec", &[name, "unsupported format", "png, jpeg, bmp, tiff or webp"]);
    }
}

#[test]
fn a_defective_image_without_a_mask_is_refused() {
    let tree = Tree::mvtec();
    tree.image("nut/test/crack/001.png", 6, 4);
    tree.fails("mvtec", &["nut/test/crack/001.png` has no mask", "ground_truth/crack/001_mask.png"]);
    tree.remove("nut/ground_truth");
    tree.fails("mvtec", &["nut/test/crack/000.png` has no mask"]);
}

#[test]
fn two_masks_for_one_image_are_refused() {
    let tree = Tree::mvtec();
    tree.mask("nut/ground_truth/crack/000.png", 6, 4, 255);
    tree.fails("mvtec", &["crack/000.png`", "crack/000_mask.png`", "both masks", "remove one"]);
}

#[test]
fn a_mask_of_another_size_is_refused_when_opened_and_when_read() {
    let tree = Tree::mvtec();
    let dataset = tree.open("mvtec").expect("all is well");
    tree.mask("nut/ground_truth/crack/000_mask.png", 6, 5, 255);
    let parts = ["000_mask.png` is 6x5", "nut/test/crack/000.png` is 6x4", "of one size"];
    tree.fails("mvtec", &parts);
    assert_says(&dataset.test[0].mask(None).expect_err("the mask has changed"), &parts);
}

#[test]
fn what_the_layout_has_no_place_for_is_refused() {
    let cases = [
        ("nut/train/bad/0.png", "train/bad`", "those in `train/good`"),
        ("nut/train/0.png", "train/0.png`", "one folder further down"),
        ("nut/test/0.png", "test/0.png`", "one folder further down"),
        ("nut/train/good/rgb/0.png", "train/good/rgb`", "no further folders"),
    ];
    for (name, place, reason) in cases {
        let tree = Tree::mvtec();
        tree.image(name, 4, 4);
        tree.fails("mvtec", &[place, reason, "move it out"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_unicode_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::mvtec();
    let name = std::ffi::OsStr::from_bytes(b"\xff.png");
    std::fs::write(tree.path("nut/train/good").join(name), "x").expect("the file can be written");
    tree.fails("mvtec", &["is not Unicode", "rename it"]);
}

#[test]
fn a_file_with_the_name_of_an_image_is_told_as_what_it_is() {
    let beginnings: [(&[u8], &str); 6] = [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "git lfs pull"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\x93NUMPY\x01\x00", "one array of NumPy"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"404: Not Found", "it is a text that begins with \"404: Not Found\""),
        (b"\x01\x02\x03\x04", "begins as none does"),
    ];
    for (bytes, what) in beginnings {
        for ending in ["png", "jpg", "tiff"] {
            let tree = Tree::new();
            let path = tree.path(&format!("image.{ending}"));
            std::fs::write(&path, bytes).expect("the folder is there");
            let said = [&*format!("image.{ending}` is no image: it"), what];
            assert_says(&read_image(&path).expect_err("it is none"), &said);
            assert_says(&image_size(&path).expect_err("it is none"), &said);
        }
    }
}
