//! A folder of images that a test fills and that goes away with the test.

use std::fs;
use std::path::{Path, PathBuf};

use diadc::dataset::{Dataset, DatasetError, Request, open};
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

    /// A colour image, in the format its name says.
    pub(crate) fn image(&self, name: &str, width: u32, height: u32) -> &Self {
        self.file(name, "");
        RgbImage::from_fn(width, height, |x, y| Rgb([x as u8 * 20, y as u8 * 20, 90]))
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
    open(&Request {
        name: dataset.to_owned(),
        root: Some(root.to_path_buf()),
        classes: classes.map(|classes| classes.iter().map(|&class| class.to_owned()).collect()),
    })
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
