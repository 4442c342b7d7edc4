//! The layouts of `VisA`: with its list, without it, and rearranged.

use serde_json::Value;

use super::tree::{Tree, assert_says, ids, open_at};

const HEADER: &str = "object,split,label,image,mask\n";
const NORMAL: &str = "candle/Data/Images/Normal";
const DEFECTIVE: &str = "candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png\n";

fn with_list(rows: &str) -> Tree {
    let tree = Tree::visa();
    tree.file("split_csv/1cls.csv", format!("{HEADER}{rows}"));
    tree
}

#[track_caller]
fn list_fails(rows: &str, parts: &[&str]) {
    with_list(rows).fails("visa", parts);
}

#[test]
fn the_list_decides_what_is_trained_on() {
    let rows = format!(
        "candle,train,normal,{NORMAL}/0009.JPG,\r\ncandle,train,normal,{NORMAL}/0001.JPG,\r\ncandle,test,normal,{NORMAL}/0000.JPG,\r\n\r\n{DEFECTIVE}"
    );
    let tree = with_list(&rows);
    let dataset = tree.open("visa").expect("the list is right");
    assert_eq!(dataset.classes, ["candle"]);
    assert_eq!(ids(&dataset.train), [format!("{NORMAL}/0001.JPG"), format!("{NORMAL}/0009.JPG")]);
    assert_eq!(ids(&dataset.test), ["candle/Data/Images/Anomaly/000.JPG".to_owned(), format!("{NORMAL}/0000.JPG")]);
    assert_eq!(dataset.test[0].defect.as_deref(), Some("anomaly"));
    let mask = dataset.test[0].mask(None).expect("it is sound").expect("it is defective");
    assert_eq!(mask.area(), 32);
}

#[test]
fn small_class_indices_in_masks_are_anomalous() {
    let tree = Tree::visa();
    let dataset = tree.open("visa").expect("the folders are right");
    let mask = dataset.test[0].mask(None).expect("it is sound").expect("it is defective");
    assert_eq!(mask.area(), 32);
}

#[test]
fn without_the_list_the_split_is_the_published_one() {
    let fixture: Value = serde_json::from_str(include_str!("visa_split.json")).expect("the fixture is JSON");
    let classes = fixture.as_object().expect("it has an entry per class");
    assert_eq!(classes.len(), 12);
    // Only names count here, so the images are read from a tree without pixels: headers of a few bytes.
    let tree = Tree::new();
    let picture = {
        let tree = Tree::new();
        tree.image("a.JPG", 8, 8);
        std::fs::read(tree.path("a.JPG")).expect("it was written")
    };
    let some = ["capsules", "pcb4", "pipe_fryum"];
    for (class, entry) in classes.iter().filter(|(class, _)| some.contains(&class.as_str())) {
        let count = entry["normal"].as_u64().expect("a number of images");
        let digits = if count > 999 { 4 } else { 3 };
        for number in 0..count {
            tree.file(&format!("{class}/Data/Images/Normal/{number:0digits$}.JPG"), &picture);
        }
        tree.file(&format!("{class}/Data/Images/Anomaly/000.JPG"), &picture);
        tree.mask(&format!("{class}/Data/Masks/Anomaly/000.png"), 8, 8, 3);
    }
    let dataset = tree.open("visa").expect("the folders are right");
    assert_eq!((dataset.classes.len(), dataset.train.len()), (3, 542 + 904 + 450));
    for (number, class) in dataset.classes.iter().enumerate() {
        let tested = dataset.test.iter().filter(|sample| sample.class == number && !sample.is_anomalous());
        let tested: Vec<u64> = tested
            .map(|sample| sample.id.rsplit('/').next().expect("it has a name").replace(".JPG", ""))
            .map(|name| name.parse().expect("names are numbers"))
            .collect();
        let expected: Vec<u64> =
            classes[class]["test"].as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
        assert_eq!(tested, expected, "{class}");
    }
}

#[test]
fn the_list_and_the_folders_give_the_same_data_set() {
    let tree = Tree::visa();
    let by_folders = tree.open("visa").expect("the folders are right");
    let row = |id: &str, split: &str| {
        if id.contains("Anomaly") { DEFECTIVE.to_owned() } else { format!("candle,{split},normal,{id},\n") }
    };
    let rows: String = by_folders.train.iter().map(|sample| row(&sample.id, "train")).collect();
    let rows = rows + &by_folders.test.iter().map(|sample| row(&sample.id, "test")).collect::<String>();
    let by_list = with_list(&rows).open("visa").expect("the list is right");
    assert_eq!((ids(&by_list.train), ids(&by_list.test)), (ids(&by_folders.train), ids(&by_folders.test)));
}

#[test]
fn one_published_class_alone_is_opened() {
    let tree = Tree::visa();
    let dataset = open_at("visa", &tree.path("candle"), None).expect("the folder is a class");
    assert_eq!(dataset.classes, ["candle"]);
    assert_eq!(dataset.train[0].id, format!("{NORMAL}/0000.JPG"));
}

#[test]
fn the_rearranged_layout_is_read_with_class_indices() {
    let tree = Tree::mvtec();
    tree.mask("nut/ground_truth/crack/000_mask.png", 6, 4, 2);
    let dataset = tree.open("visa").expect("the rearranged layout is accepted");
    assert_eq!(dataset.name, "visa");
    let mask = dataset.test[0].mask(None).expect("2 is anomalous here").expect("it is defective");
    assert_eq!(mask.area(), 12);
}

#[test]
fn quoted_fields_a_byte_order_mark_and_another_order_of_columns_are_read() {
    let tree = Tree::visa();
    tree.image("candle/Data/Images/Normal/a, \"b\".JPG", 8, 8);
    let rows = format!(
        "\u{feff}image,mask,object,label,split\n\"{NORMAL}/a, \"\"b\"\".JPG\",,candle,normal,train\n{NORMAL}/0000.JPG,,candle,normal,test\n"
    );
    tree.file("split_csv/1cls.csv", rows);
    let dataset = tree.open("visa").expect("the list is right");
    assert_eq!(ids(&dataset.train), [format!("{NORMAL}/a, \"b\".JPG")]);
}

#[test]
fn files_of_classes_that_are_not_wanted_need_not_be_there() {
    let rows = format!(
        "pipe,train,normal,pipe/Data/Images/Normal/0.JPG,\ncandle,train,normal,{NORMAL}/0000.JPG,\n{DEFECTIVE}"
    );
    let tree = with_list(&rows);
    assert_eq!(tree.open_classes("visa", Some(&["candle"])).expect("candle is there").classes, ["candle"]);
    tree.fails("visa", &["1cls.csv`, line 2", "pipe", "does not exist"]);
    let error = tree.open_classes("visa", Some(&["candel"])).expect_err("there is no candel");
    assert_says(&error, &["no class `candel`", "did you mean `candle`?", "candle, pipe"]);
}

#[test]
fn each_wrong_line_of_the_list_is_named() {
    list_fails("", &["1cls.csv`, line 1", "no images below its header"]);
    list_fails("candle,train\n", &["line 2", "found 2 fields: expected 5"]);
    list_fails("candle,trian,normal,a.JPG,\n", &["line 2", "split `trian`", "`train` or `test`"]);
    list_fails("candle,train,god,a.JPG,\n", &["line 2", "label `god`", "`normal` or `anomaly`"]);
    list_fails("candle,train,anomaly,a.JPG,m.png\n", &["line 2", "defective image is listed for training"]);
    list_fails("candle,test,normal,a.JPG,m.png\n", &["line 2", "normal image has the mask `m.png`"]);
    list_fails("candle,test,normal,a.heic,\n", &["line 2", "`a.heic` is not named as an image"]);
    list_fails("candle,test,normal,\"a.JPG,\n", &["line 2", "quote is opened"]);
    list_fails(",test,normal,a.JPG,\n", &["line 2", "the class is empty"]);
    let twice = format!("candle,train,normal,{NORMAL}/0000.JPG,\n").repeat(2);
    list_fails(&twice, &["line 3", "listed twice"]);
    Tree::visa()
        .file("split_csv/1cls.csv", "a,b\n")
        .fails("visa", &["line 1", "header is `a,b`", "object,split,label"]);
}

#[test]
fn a_list_can_not_point_outside_the_root() {
    for path in ["../secret.png", "/etc/secret.png", "candle/../../secret.png"] {
        list_fails(&format!("candle,train,normal,{path},\n"), &["line 2", path, "not below the root"]);
    }
    list_fails("candle,test,anomaly,a.JPG,../m.png\n", &["line 2", "`../m.png` is not below the root"]);
}

#[test]
fn a_class_without_a_phase_in_the_list_is_refused() {
    list_fails(
        &format!("candle,train,normal,{NORMAL}/0000.JPG,\n"),
        &["class `candle` has no test images", "1cls.csv"],
    );
    list_fails(DEFECTIVE, &["class `candle` has no training images", "1cls.csv"]);
}

#[test]
fn missing_folders_and_masks_are_named() {
    let tree = Tree::visa();
    tree.remove("candle/Data/Masks");
    tree.fails("visa", &["Anomaly/000.JPG` has no mask", "Data/Masks/Anomaly/000.png"]);
    tree.remove("candle/Data/Images/Anomaly");
    tree.fails("visa", &["Images/Anomaly` does not exist", "split_csv/1cls.csv"]);
    Tree::new().fails("visa", &["holds no class", "ROOT/CLASS/Data/Images/{Normal,Anomaly}"]);
}
