//! What can be wrong with a data set, and the words in which it is reported.

use serde::Serialize;

use crate::dataset::error::DatasetError;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A run would fail, or its numbers would be wrong.
    Error,
    /// A run works, and its numbers may not be what they seem.
    Warning,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A folder, a name or a line of a list has no place in the layout.
    Layout,
    /// The classes are those of another data set.
    OtherDataset,
    /// An image or mask can't be read or decoded.
    Unreadable,
    /// A defective image has no mask.
    MaskMissing,
    /// The mask of a defective image marks no pixel.
    MaskEmpty,
    /// A mask has another size than its image.
    MaskSize,
    /// A mask has values between those of good and anomalous pixels.
    MaskValues,
    /// An image that is trained on is also tested, or kept apart for validation.
    TrainAndTest,
    /// An image is there twice within training or within testing.
    Duplicate,
    /// A class has another number of images than was published.
    Count,
    /// Images lie in the folder that the data set does not use.
    Unused,
}

impl FindingKind {
    /// Its name, as it is shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Layout => "layout",
            FindingKind::OtherDataset => "other-dataset",
            FindingKind::Unreadable => "unreadable",
            FindingKind::MaskMissing => "mask-missing",
            FindingKind::MaskEmpty => "mask-empty",
            FindingKind::MaskSize => "mask-size",
            FindingKind::MaskValues => "mask-values",
            FindingKind::TrainAndTest => "train-and-test",
            FindingKind::Duplicate => "duplicate",
            FindingKind::Count => "count",
            FindingKind::Unused => "unused",
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub kind: FindingKind,
    /// What is wrong, in words.
    pub message: String,
    /// The files it concerns.
    pub files: Vec<String>,
}

impl Finding {
    pub(super) fn new(severity: Severity, kind: FindingKind, message: String, files: Vec<String>) -> Self {
        Self { severity, kind, message, files }
    }

    /// The finding for an error that reading a file gave.
    pub(super) fn of(error: &DatasetError) -> Self {
        let kind = match error {
            DatasetError::MaskMissing { .. } => FindingKind::MaskMissing,
            DatasetError::MaskEmpty { .. } => FindingKind::MaskEmpty,
            DatasetError::MaskSize { .. } => FindingKind::MaskSize,
            DatasetError::Read { .. }
            | DatasetError::Decode { .. }
            | DatasetError::CutShort { .. }
            | DatasetError::TooLarge { .. }
            | DatasetError::UnsupportedImage { .. } => FindingKind::Unreadable,
            // All else speaks of folders, names and lists.
            _ => FindingKind::Layout,
        };
        Self::new(Severity::Error, kind, error.to_string(), error.places())
    }

    /// Several images with the same pixels, in training and testing or within one of them.
    pub(super) fn same(files: Vec<String>, crosses: bool) -> Self {
        let shown = list(&files);
        if crosses {
            let message = format!("the same pixels are trained on and tested, or kept apart: {shown}");
            return Self::new(Severity::Error, FindingKind::TrainAndTest, message, files);
        }
        let message = format!("the same pixels are there {} times: {shown}", files.len());
        Self::new(Severity::Warning, FindingKind::Duplicate, message, files)
    }

    pub(super) fn unused(files: Vec<String>) -> Self {
        let (verb, noun) = if files.len() == 1 { ("is", "image") } else { ("are", "images") };
        let message = format!("{} {noun} {verb} used by nothing: {}", files.len(), list(&files));
        Self::new(Severity::Warning, FindingKind::Unused, message, files)
    }
}

/// The first few names, and how many more there are.
pub(super) fn list(files: &[String]) -> String {
    const SHOWN: usize = 4;
    let names: Vec<String> = files.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match files.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
