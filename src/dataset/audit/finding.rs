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

    /// Whether a run would fail on it.
    #[must_use]
    pub fn stops_a_run(self) -> bool {
        match self {
            FindingKind::Layout
            | FindingKind::Unreadable
            | FindingKind::MaskMissing
            | FindingKind::MaskEmpty
            | FindingKind::MaskSize => true,
            FindingKind::OtherDataset
            | FindingKind::MaskValues
            | FindingKind::TrainAndTest
            | FindingKind::Duplicate
            | FindingKind::Count
            | FindingKind::Unused => false,
        }
    }

    /// Whether it changes what the metrics of a run mean.
    #[must_use]
    pub fn concerns_metrics(self) -> bool {
        match self {
            FindingKind::MaskMissing
            | FindingKind::MaskEmpty
            | FindingKind::MaskSize
            | FindingKind::MaskValues
            | FindingKind::TrainAndTest => true,
            FindingKind::Layout
            | FindingKind::OtherDataset
            | FindingKind::Unreadable
            | FindingKind::Duplicate
            | FindingKind::Count
            | FindingKind::Unused => false,
        }
    }

    /// What several findings of the kind have in common; nothing where each says something else.
    fn together(self) -> Option<&'static str> {
        match self {
            FindingKind::Unreadable => Some("files can't be read or decoded"),
            FindingKind::MaskMissing => Some("defective images have no mask"),
            FindingKind::MaskEmpty => Some("masks of defective images mark no pixel"),
            FindingKind::MaskSize => Some("masks have another size than their images"),
            FindingKind::MaskValues => Some("masks have values between those of good and of anomalous pixels"),
            FindingKind::TrainAndTest => Some("images are trained on and tested, or kept apart"),
            FindingKind::Duplicate => Some("images are there several times"),
            FindingKind::Layout | FindingKind::OtherDataset | FindingKind::Count | FindingKind::Unused => None,
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
            DatasetError::MaskMissing { .. } | DatasetError::MaskUnlisted { .. } => FindingKind::MaskMissing,
            DatasetError::MaskEmpty { .. } => FindingKind::MaskEmpty,
            DatasetError::MaskSize { .. } => FindingKind::MaskSize,
            DatasetError::Read { .. }
            | DatasetError::Decode { .. }
            | DatasetError::CutShort { .. }
            | DatasetError::EmptyFile { .. }
            | DatasetError::NoImage { .. }
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

impl Severity {
    /// Its name, as it is shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Findings of one kind that are told one by one; of more only the first ones are shown.
const EACH: usize = 3;

/// A line for each finding; if `see_all` says how all can be seen, only one for many of a kind. They must be sorted.
#[must_use]
pub fn lines(findings: &[&Finding], see_all: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    for alike in findings.chunk_by(|a, b| (a.severity, a.kind) == (b.severity, b.kind)) {
        let (severity, kind) = (alike[0].severity.name(), alike[0].kind);
        let mut add = |message: &str| lines.push(format!("{severity}[{}]: {message}", kind.name()));
        let Some(see_all) = see_all.filter(|_| alike.len() > EACH) else {
            alike.iter().for_each(|finding| add(&finding.message));
            continue;
        };
        let more = alike.len() - EACH;
        match kind.together() {
            Some(words) => {
                let first = alike[..EACH].iter().map(|finding| match finding.files.first() {
                    Some(file) => format!("`{file}`"),
                    None => finding.message.clone(),
                });
                let first = first.collect::<Vec<_>>().join(", ");
                add(&format!("{} {words}: {first} and {more} more; {see_all}", alike.len()));
            }
            None => {
                alike[..EACH].iter().for_each(|finding| add(&finding.message));
                add(&format!("and {more} more of this kind; {see_all}"));
            }
        }
    }
    lines
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
