//! A folder of images that a test fills and that goes away with the test.

use std::fs;
use std::path::{Path, PathBuf};

use diadc::dataset::{Dataset, DatasetError, Request, Unmarked, open};
use image::{GrayImage, Luma, Rgb, RgbImage};
use tempfile::TempDir;

pub(crate) struct Tree {
    folder: TempDir,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// One class `nut` with two good images to train on, one to test, and one `crack` with a mask.
    pub(crate) fn mvtec() -> Self {
        let tree = Self::new();
        tree.image("nut/train/good/000.png", 6, 4)
            .image("nut/train/good/001.png", 6, 4)
            .image("nut/test/good/000.png", 6, 4)
            .image("nut/test/crack/000.png", 6, 4)
            .mask("nut/ground_truth/crack/000_mask.png", 6, 4, 255);
        tree
    }

    /// One class `candle` as published, without the list: ten normal images and one defective.
    pub(crate) fn visa() -> Self {
        let tree = Self::new();
        for number in 0..10 {
            tree.image(&format!("candle/Data/Images/Normal/{number:04}.JPG"), 8, 8);
        }
        tree.image("candle/Data/Images/Anomaly/000.JPG", 8, 8).mask("candle/Data/Masks/Anomaly/000.png", 8, 8, 3);
        tree
    }

    /// A small data set in the layout of this name: four or more images to train on, good and defective ones to test.
    pub(crate) fn of(layout: &str) -> Self {
        let tree = Self::new();
        match layout {
            "mvtec" | "mpdd" => tree.phases("nut", "good", "crack", "png"),
            "btad" => tree.phases("01", "ok", "ko", "bmp"),
            "loco" => {
                tree.images("pins/train/good", 4).images("pins/validation/good", 2).images("pins/test/good", 1);
                tree.images("pins/test/logical", 1).mask("pins/ground_truth/logical/000/000.png", 20, 20, 236)
            }
            "visa" => {
                for number in 0..10 {
                    tree.image(&format!("candle/Data/Images/Normal/{number:04}.JPG"), 20, 20);
                }
                tree.image("candle/Data/Images/Anomaly/000.JPG", 20, 20);
                tree.mask("candle/Data/Masks/Anomaly/000.png", 20, 20, 3)
            }
            "mvtec3d" => {
                tree.images("bagel/train/good/rgb", 4).images("bagel/validation/good/rgb", 2);
                tree.images("bagel/test/good/rgb", 2).images("bagel/test/hole/rgb", 1);
                tree.file("bagel/test/hole/xyz/000.tiff", "positions")
                    .file("bagel/train/good/xyz/000.tiff", "positions");
                tree.mask("bagel/test/good/gt/000.png", 20, 20, 0).mask("bagel/test/hole/gt/000.png", 20, 20, 255)
            }
            "medical" => {
                tree.images("Brain/train/good/img", 4).images("Brain/valid/good/img", 1);
                tree.images("Brain/valid/Ungood/img", 1).mask("Brain/valid/Ungood/label/000.png", 20, 20, 255);
                tree.images("Brain/test/good/img", 2).images("Brain/test/Ungood/img", 1);
                tree.mask("Brain/test/Ungood/label/000.png", 20, 20, 1)
            }
            "realiad" => {
                let listed = |phase: &str| {
                    let image = |i: u32| {
                        format!(
                            r#"{{"category":"toy","anomaly_class":"OK","image_path":"OK/S{i:04}/{phase}.jpg","mask_path":null}}"#
                        )
                    };
                    (0..4).map(image).collect::<Vec<_>>()
                };
                for (phase, i) in ["train", "test"].iter().flat_map(|phase| (0..4).map(move |i| (phase, i))) {
                    tree.image(&format!("realiad_256/toy/OK/S{i:04}/{phase}.jpg"), 20, 20);
                }
                tree.image("realiad_256/toy/NG/BX/S0009/x.jpg", 20, 20);
                tree.mask("realiad_256/toy/NG/BX/S0009/x.png", 20, 20, 255);
                let bad = r#"{"category":"toy","anomaly_class":"BX","image_path":"NG/BX/S0009/x.jpg","mask_path":"NG/BX/S0009/x.png"}"#;
                let list = format!(
                    r#"{{"meta":{{"normal_class":"OK","prefix":"toy/"}},"train":[{}],"test":[{},{bad}]}}"#,
                    listed("train").join(","),
                    listed("test").join(",")
                );
                tree.file("realiad_jsons/realiad_jsons/toy.json", list)
            }
            "uniad" => {
                tree.listed("mvtec_anomaly_detection/");
                let good = |phase: &str, i: u32| {
                    format!(
                        r#"{{"filename": "nut/{phase}/good/{i:03}.png", "label": 0, "label_name": "good", "clsname": "nut"}}"#
                    )
                };
                let bad = r#"{"filename": "nut\\test\\crack\\000.png", "label": 1, "label_name": "defective", "maskname": "nut/ground_truth/crack/000_mask.png", "clsname": "nut"}"#;
                let train: Vec<String> = (0..4).rev().map(|i| good("train", i)).collect();
                tree.file("train.json", train.join("\n")).file("test.json", format!("{}\n{bad}\n", good("test", 0)))
            }
            "ader" => {
                tree.listed("");
                let good = |phase: &str, i: u32| {
                    format!(
                        r#"{{"img_path":"nut/{phase}/good//{i:03}.png","mask_path":"","cls_name":"nut","specie_name":"good","anomaly":0}}"#
                    )
                };
                let train: Vec<String> = (0..4).map(|i| good("train", i)).collect();
                let bad = r#"{"img_path":"nut/test/crack/000.png","mask_path":"nut/ground_truth/crack/000_mask.png","cls_name":"nut","specie_name":"crack","anomaly":1}"#;
                let test = format!("{},{bad}", good("test", 0));
                tree.file(
                    "meta.json",
                    format!(r#"{{"train":{{"nut":[{}]}},"test":{{"nut":[{test}]}}}}"#, train.join(",")),
                )
            }
            "folder" => {
                tree.images("Normal", 10).images("defective/dent", 1).mask("masks/dent/000_mask.png", 20, 20, 255)
            }
            other => panic!("there is no layout `{other}`"),
        };
        tree
    }

    /// The file of the one mask of a defective test image in a tree of this layout.
    pub(crate) fn mask_of(layout: &str) -> &'static str {
        match layout {
            "mvtec" | "mpdd" | "ader" => "nut/ground_truth/crack/000_mask.png",
            "btad" => "01/ground_truth/ko/000_mask.png",
            "loco" => "pins/ground_truth/logical/000/000.png",
            "visa" => "candle/Data/Masks/Anomaly/000.png",
            "mvtec3d" => "bagel/test/hole/gt/000.png",
            "medical" => "Brain/test/Ungood/label/000.png",
            "realiad" => "realiad_256/toy/NG/BX/S0009/x.png",
            "uniad" => "mvtec_anomaly_detection/nut/ground_truth/crack/000_mask.png",
            "folder" => "masks/dent/000_mask.png",
            other => panic!("there is no layout `{other}`"),
        }
    }

    /// A file of two images to train on, and that of a good one to test.
    pub(crate) fn images_of(layout: &str) -> [&'static str; 3] {
        match layout {
            "mvtec" | "mpdd" | "ader" => ["nut/train/good/000.png", "nut/train/good/001.png", "nut/test/good/000.png"],
            "btad" => ["01/train/ok/000.bmp", "01/train/ok/001.bmp", "01/test/ok/000.bmp"],
            "loco" => ["pins/train/good/000.png", "pins/train/good/001.png", "pins/test/good/000.png"],
            "visa" => [
                "candle/Data/Images/Normal/0000.JPG",
                "candle/Data/Images/Normal/0001.JPG",
                "candle/Data/Images/Anomaly/000.JPG",
            ],
            "mvtec3d" => {
                ["bagel/train/good/rgb/000.png", "bagel/train/good/rgb/001.png", "bagel/test/good/rgb/000.png"]
            }
            "medical" => {
                ["Brain/train/good/img/000.png", "Brain/train/good/img/001.png", "Brain/test/good/img/000.png"]
            }
            "realiad" => [
                "realiad_256/toy/OK/S0000/train.jpg",
                "realiad_256/toy/OK/S0001/train.jpg",
                "realiad_256/toy/OK/S0000/test.jpg",
            ],
            "uniad" => [
                "mvtec_anomaly_detection/nut/train/good/000.png",
                "mvtec_anomaly_detection/nut/train/good/001.png",
                "mvtec_anomaly_detection/nut/test/good/000.png",
            ],
            "folder" => ["Normal/000.png", "Normal/001.png", "defective/dent/000.png"],
            other => panic!("there is no layout `{other}`"),
        }
    }

    /// Images `000.png` and so on in a folder.
    pub(super) fn images(&self, folder: &str, count: u32) -> &Self {
        for number in 0..count {
            self.image(&format!("{folder}/{number:03}.png"), 20, 20);
        }
        self
    }

    fn phases(&self, class: &str, good: &str, bad: &str, ending: &str) -> &Self {
        for number in 0..4 {
            self.image(&format!("{class}/train/{good}/{number:03}.{ending}"), 20, 20);
        }
        self.image(&format!("{class}/test/{good}/000.{ending}"), 20, 20);
        self.image(&format!("{class}/test/{bad}/000.{ending}"), 20, 20);
        self.mask(&format!("{class}/ground_truth/{bad}/000_mask.png"), 20, 20, 255)
    }

    /// The images that the lists of other tools name.
    fn listed(&self, home: &str) -> &Self {
        self.phases(&format!("{home}nut"), "good", "crack", "png")
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// A file of any content.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder can be made");
        fs::write(path, content).expect("the file can be written");
        self
    }

    /// A colour image that no other name has, in the format its name says.
    pub(crate) fn image(&self, name: &str, width: u32, height: u32) -> &Self {
        self.file(name, "");
        let tint = name.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        let [a, b, c, _] = tint.to_be_bytes();
        RgbImage::from_fn(width, height, |x, y| Rgb([a ^ (x * 8) as u8, b ^ (y * 8) as u8, c]))
            .save(self.path(name))
            .expect("the image can be written");
        self
    }

    /// A mask whose left half has the value given.
    pub(crate) fn mask(&self, name: &str, width: u32, height: u32, value: u8) -> &Self {
        self.file(name, "");
        GrayImage::from_fn(width, height, |x, _| Luma([if x < width / 2 { value } else { 0 }]))
            .save(self.path(name))
            .expect("the mask can be written");
        self
    }

    pub(crate) fn remove(&self, name: &str) -> &Self {
        let path = self.path(name);
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed.expect("it was there");
        self
    }

    pub(crate) fn open(&self, dataset: &str) -> Result<Dataset, DatasetError> {
        self.open_classes(dataset, None)
    }

    /// Opens the folder with a rule for defective images without a mask.
    pub(crate) fn open_unmarked(&self, dataset: &str, unmarked: Unmarked) -> Result<Dataset, DatasetError> {
        open(&Request { unmarked: Some(unmarked), ..request(dataset, self.root(), None) })
    }

    pub(crate) fn open_classes(&self, dataset: &str, classes: Option<&[&str]>) -> Result<Dataset, DatasetError> {
        open_at(dataset, self.root(), classes)
    }

    /// Opens the folder, which must fail, and checks that the message has each of the parts.
    #[track_caller]
    pub(crate) fn fails(&self, dataset: &str, parts: &[&str]) {
        assert_says(&self.open(dataset).expect_err("the data set is wrong"), parts);
    }
}

pub(crate) fn open_at(dataset: &str, root: &Path, classes: Option<&[&str]>) -> Result<Dataset, DatasetError> {
    open(&request(dataset, root, classes))
}

fn request(dataset: &str, root: &Path, classes: Option<&[&str]>) -> Request {
    Request {
        name: dataset.to_owned(),
        root: Some(root.to_path_buf()),
        classes: classes.map(|classes| classes.iter().map(|&class| class.to_owned()).collect()),
        unmarked: None,
    }
}

#[track_caller]
pub(crate) fn assert_says(error: &DatasetError, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

/// The ids of samples, in order.
pub(crate) fn ids(samples: &[diadc::dataset::Sample]) -> Vec<&str> {
    samples.iter().map(|sample| sample.id.as_str()).collect()
}
