//! Every layout: a small tree of each is read, told from the others, and refused with reasons when it is wrong.

use diadc::dataset::{MaskRule, names};

use super::tree::{Tree, assert_says, ids, open_at};

/// All that lie in folders.
fn layouts() -> impl Iterator<Item = &'static str> {
    names().into_iter().filter(|name| *name != "toy")
}

#[test]
fn a_small_tree_of_each_layout_is_read() {
    for name in layouts() {
        let tree = Tree::of(name);
        let dataset = tree.open(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((dataset.name.as_str(), dataset.classes.len()), (name, 1));
        assert!(dataset.train.len() >= 4 && dataset.train.iter().all(|sample| !sample.is_anomalous()), "{name}");
        let (bad, good): (Vec<_>, Vec<_>) = dataset.test.iter().partition(|sample| sample.is_anomalous());
        assert!(bad.len() == 1 && !good.is_empty(), "{name}");
        let mask = bad[0].mask(None).expect("it is sound").expect("it is there");
        assert_eq!((mask.width, mask.height, mask.area()), (20, 20, 200), "{name}");
        for sample in dataset.train.iter().chain(&dataset.validation).chain(&dataset.test) {
            assert_eq!(sample.image().expect("it decodes").dimensions(), (20, 20), "{}", sample.id);
            assert!(!sample.id.contains("//") && !sample.id.contains('\\'), "{}", sample.id);
        }
    }
}

#[test]
fn a_folder_of_another_layout_is_told_by_its_name() {
    // Some layouts share one tree; `visa` reads that tree as well.
    let same = |a: &str, b: &str| {
        let like_mvtec = ["mvtec", "mpdd", "medical", "visa", "loco"];
        let reads_folders_of_masks = b == "loco" && a != "visa" && like_mvtec.contains(&a);
        a == b
            || reads_folders_of_masks
            || (like_mvtec.contains(&a) && ["mvtec", "mpdd"].contains(&b))
            || (b == "ader" && a != "uniad")
    };
    for lies in layouts().filter(|name| *name != "ader") {
        for asked in layouts().filter(|asked| !same(asked, lies)) {
            let tree = Tree::of(lies);
            let error = tree.open(asked).expect_err("it is another layout").to_string();
            let told = if lies == "mpdd" { "mvtec" } else { lies };
            assert!(error.contains(&format!("`--dataset {told}`")), "{asked}: {error}");
        }
    }
}

#[test]
fn what_lies_in_a_folder_without_classes_is_shown() {
    let tree = Tree::new();
    for number in 0..9 {
        tree.file(&format!("notes{number}.txt"), "x");
    }
    tree.fails("mvtec", &["holds no class; found there: `notes0.txt`", "and 3 more", "ROOT/CLASS/train/good"]);
    Tree::new().fails("btad", &["the folder is empty", "train/ok"]);
    Tree::new().fails("uniad", &["train.json` does not exist", "filename"]);
    Tree::new().fails("ader", &["meta.json` does not exist", "img_path"]);
}

#[test]
fn validation_images_are_kept_apart() {
    let dataset = Tree::of("mvtec3d").open("mvtec3d").expect("it is right");
    assert_eq!(ids(&dataset.validation), ["bagel/validation/good/rgb/000.png", "bagel/validation/good/rgb/001.png"]);
    assert_eq!((dataset.train.len(), dataset.test.len()), (4, 3));
    let dataset = Tree::of("medical").open("medical").expect("it is right");
    assert_eq!(dataset.validation.len(), 2);
    assert_eq!((dataset.train.len(), dataset.test.len()), (4, 3));
}

#[test]
fn both_layouts_of_medical_slices_are_read_side_by_side() {
    let tree = Tree::of("medical");
    tree.image("liver/train/good/0.png", 8, 8).image("liver/test/good/0.png", 8, 8).image(
        "liver/test/Ungood/1.png",
        8,
        8,
    );
    tree.mask("liver/ground_truth/Ungood/1.png", 8, 8, 1);
    let dataset = tree.open("medical").expect("both are right");
    assert_eq!(dataset.classes, ["Brain", "liver"]);
    assert_eq!(tree.open_classes("medical", Some(&["liver"])).expect("it is there").classes, ["liver"]);
}

#[test]
fn a_resolution_of_real_iad_is_chosen_by_naming_it() {
    let tree = Tree::of("realiad");
    let alone = tree.open("realiad").expect("there is only one");
    tree.image("realiad_512/toy/OK/S0000/train.jpg", 40, 40);
    tree.fails("realiad", &["realiad_256`", "realiad_512`", "name the one"]);
    let named = open_at("realiad", &tree.path("realiad_256"), None).expect("the lists lie beside it");
    assert_eq!(ids(&named.train), ids(&alone.train));
    assert_eq!(named.train[0].id, "toy/OK/S0000/train.jpg");
}

#[test]
fn a_plain_folder_without_masks_is_unmarked() {
    let tree = Tree::of("folder");
    tree.remove("masks");
    let dataset = tree.open("folder").expect("masks are not needed");
    let bad = dataset.test.iter().find(|sample| sample.is_anomalous()).expect("there is one");
    assert_eq!(bad.defect.as_deref(), Some("dent"));
    assert!(!bad.is_marked() && bad.mask(None).expect("there is nothing to read").is_none());
    assert!(dataset.train[0].is_marked());
    assert_eq!((dataset.train.len(), dataset.test.len()), (8, 3));
    tree.image("normal_test/0.png", 8, 8);
    let dataset = tree.open("folder").expect("it has its own test images");
    assert_eq!((dataset.train.len(), dataset.test.len()), (10, 2));
    tree.image("good/0.png", 8, 8);
    assert_says(&tree.open("folder").expect_err("which is meant?"), &["holds no class"]);
}

#[test]
fn a_rule_from_outside_decides_which_mask_values_are_anomalous() {
    let tree = Tree::of("medical");
    let dataset = tree.open("medical").expect("it is right");
    let bad = dataset.test.iter().find(|sample| sample.is_anomalous()).expect("there is one");
    assert!(bad.mask(Some(MaskRule::AboveZero)).is_ok());
    assert_says(&bad.mask(Some(MaskRule::AboveHalf)).expect_err("its values are 0 and 1"), &["above 127"]);
}

#[test]
fn lists_can_not_leave_their_root() {
    for path in ["../secret.png", "/etc/secret.png", "nut/../../secret.png", "..\\\\secret.png"] {
        let tree = Tree::of("uniad");
        let line = format!(r#"{{"filename": "{path}", "label": 0, "label_name": "good", "clsname": "nut"}}"#);
        tree.file("test.json", line);
        tree.fails("uniad", &["`test.json`, line 1", "not below the root"]);
        let tree = Tree::of("ader");
        let entry =
            format!(r#"{{"img_path":"{path}","mask_path":"","cls_name":"nut","specie_name":"good","anomaly":0}}"#);
        tree.file("meta.json", format!(r#"{{"train":{{"nut":[{entry}]}}}}"#));
        tree.fails("ader", &["`train`, class `nut`, entry 1", "not below the root"]);
    }
}

#[test]
fn each_wrong_line_of_a_json_list_is_named() {
    let fails = |line: &str, parts: &[&str]| {
        let tree = Tree::of("uniad");
        tree.file("train.json", line).fails("uniad", &[&["`train.json`, line 1"], parts].concat());
    };
    fails("{not json}", &["no JSON object"]);
    fails("[1]", &["expected an object with filename"]);
    fails(r#"{"filname": "a.png", "label": 0, "clsname": "nut"}"#, &["no key `filname`", "did you mean `filename`?"]);
    fails(r#"{"label": 0, "clsname": "nut"}"#, &["`filename` is missing"]);
    fails(r#"{"filename": 3, "label": 0, "clsname": "nut"}"#, &["`filename` is `3`", "expected a string"]);
    fails(r#"{"filename": "a.png", "label": 2, "clsname": "nut"}"#, &["`label` is `2`", "0 for good or 1"]);
    fails(r#"{"filename": "a.png", "label": 0, "clsname": "nut", "maskname": "m.png"}"#, &["good image has the mask"]);
    fails(r#"{"filename": "a.png", "label": 1, "clsname": "nut", "maskname": "m.png"}"#, &["listed for training"]);
    fails(r#"{"filename": "a.txt", "label": 0, "clsname": "nut"}"#, &["not named as an image"]);
    fails(r#"{"filename": "a.png", "label": 0, "clsname": "nut"}"#, &["a.png` does not exist"]);
    let twice = r#"{"filename": "nut/test/good/000.png", "label": 0, "clsname": "nut"}"#;
    let tree = Tree::of("uniad");
    tree.file("test.json", format!("{twice}\n{twice}\n")).fails("uniad", &["`test.json`, line 2", "listed twice"]);
    tree.file("test.json", "").fails("uniad", &["no test images"]);
    tree.file("other_test.json", "").fails("uniad", &["both lists of one phase"]);
}

#[test]
fn each_wrong_entry_of_other_lists_is_named() {
    let tree = Tree::of("ader");
    tree.file("meta.json", r#"{"tets":{}}"#).fails("ader", &["no phase `tets`", "did you mean `test`?"]);
    tree.file("meta.json", r#"{"train":[]}"#).fails("ader", &["`train`", "expected an object of classes"]);
    tree.file("meta.json", r#"{"train":{"nut":{}}}"#).fails("ader", &["class `nut`", "expected a list of images"]);
    let other = r#"{"train":{"nut":[{"img_path":"a.png","cls_name":"bolt","anomaly":0}]}}"#;
    tree.file("meta.json", other).fails("ader", &["`cls_name` is `bolt` in the list of `nut`"]);
    tree.file("meta.json", "{").fails("ader", &["it is no JSON"]);
    tree.file("meta.json", b"\xff\xfe").fails("ader", &["not UTF-8"]);
    let tree = Tree::of("realiad");
    tree.file("realiad_jsons/realiad_jsons/toy.json", r#"{"train":[]}"#);
    tree.fails("realiad", &["toy.json", "`test` is missing"]);
    tree.file("realiad_jsons/realiad_jsons/toy.json", r#"{"train":[],"test":[{"image_path":"a.jpg"}]}"#);
    tree.fails("realiad", &["`test`, entry 1", "`anomaly_class` is missing"]);
}

#[test]
fn a_folder_named_as_an_image_is_no_image() {
    let tree = Tree::of("ader");
    tree.remove("nut/test/good/000.png").file("nut/test/good/000.png/x.txt", "x");
    tree.fails("ader", &["000.png` is not a file"]);
    tree.fails("mvtec", &["test/good/000.png`", "no further folders"]);
}

#[cfg(unix)]
#[test]
fn rings_of_links_end() {
    use std::os::unix::fs::symlink;
    let tree = Tree::of("mvtec");
    symlink(tree.root(), tree.path("nut/test/round")).expect("a link can be made");
    let error = tree.open("mvtec").expect_err("a link to the root is no kind of defect");
    assert_says(&error, &["nut/test/round/nut`", "no further folders"]);
    tree.remove("nut/test/round");
    symlink("loop.png", tree.path("nut/test/good/loop.png")).expect("a link can be made");
    tree.fails("mvtec", &["loop.png"]);
}

#[test]
fn train_and_test_are_no_classes_of_a_plain_folder() {
    let tree = Tree::new();
    tree.images("train/good", 2).images("test/good", 1).images("test/bad", 1);
    assert_says(&tree.open("folder").expect_err("it is of mvtec"), &["holds no class", "--dataset mvtec"]);
    let tree = Tree::new();
    tree.images("test/good", 2).images("test/bad", 1);
    assert_eq!(tree.open("folder").expect("a class may be called so").classes, ["test"]);
}

#[test]
fn of_a_few_normal_images_in_a_plain_folder_one_is_tested() {
    for (normal, tested) in [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (9, 1), (10, 2)] {
        let tree = Tree::new();
        tree.images("normal", normal).images("defective", 1);
        let dataset = tree.open("folder").expect("it can be read");
        let good = dataset.test.iter().filter(|sample| !sample.is_anomalous()).count();
        assert_eq!([dataset.train.len(), good], [normal - tested, tested].map(|n| n as usize), "of {normal}");
    }
}
