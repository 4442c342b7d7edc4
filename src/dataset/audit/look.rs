//! Opens one image and its mask, and reports what they are and what is wrong with them.

use std::path::Path;

use image::{ColorType, DynamicImage};
use sha2::{Digest as _, Sha256};

use super::finding::{Finding, FindingKind, Severity};
use crate::dataset::error::DatasetError;
use crate::dataset::image_file;
use crate::dataset::mask::{GreyMask, Mask, MaskRule, highest_of_255};
use crate::dataset::sample::{Marks, MaskFiles, Sample, Source};

/// SHA-256 of width, height and the pixels as 8-bit RGB.
pub(super) type Digest = [u8; 32];

/// What an image is.
pub(super) struct Facts {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) colour: String,
    pub(super) digest: Digest,
}

/// What was seen of a sample.
pub(super) struct Look {
    /// None if it can't be decoded.
    pub(super) facts: Option<Facts>,
    pub(super) findings: Vec<Finding>,
}

/// Decodes the image and, if there is one, the mask.
pub(super) fn look(sample: &Sample) -> Look {
    let (image, masks) = match &sample.source {
        Source::File { image, marks: Marks::Masks(masks) } => (image_file::decode(image), Some(masks)),
        Source::File { image, marks: Marks::Nothing | Marks::Unknown } => (image_file::decode(image), None),
        Source::Drawn(picture) => (Ok(DynamicImage::ImageRgb8(picture.image())), None),
    };
    let mut findings = Vec::new();
    let facts = match image {
        Ok(image) => Some(facts(image)),
        Err(error) => {
            findings.push(Finding::of(&error));
            None
        }
    };
    if let Some(masks) = masks {
        findings.extend(wrong_with(sample, masks, facts.as_ref()));
    }
    Look { facts, findings }
}

fn facts(image: DynamicImage) -> Facts {
    let (width, height) = (image.width(), image.height());
    let colour = colour(image.color());
    let mut hash = Sha256::new();
    hash.update(width.to_le_bytes());
    hash.update(height.to_le_bytes());
    hash.update(image.into_rgb8().as_raw());
    Facts { width, height, colour, digest: hash.finalize().into() }
}

fn colour(colour: ColorType) -> String {
    let channels = match (colour.has_color(), colour.has_alpha()) {
        (true, false) => "RGB",
        (true, true) => "RGB and alpha",
        (false, false) => "grey",
        (false, true) => "grey and alpha",
    };
    let bits = 8 * u16::from(colour.bytes_per_pixel()) / u16::from(colour.channel_count().max(1));
    format!("{bits}-bit {channels}")
}

/// What is wrong with the masks of an image, each alone and all together.
fn wrong_with(sample: &Sample, masks: &MaskFiles, facts: Option<&Facts>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let image = sample.file();
    let (mut marks_any, mut are_read, mut highest) = (false, true, 0);
    for path in &masks.paths {
        let grey = match image_file::read_grey(path) {
            Ok(grey) => grey,
            Err(error) => {
                findings.push(Finding::of(&error));
                are_read = false;
                continue;
            }
        };
        if let Some(facts) = facts.filter(|facts| (facts.width, facts.height) != grey.dimensions()) {
            findings.push(Finding::of(&DatasetError::MaskSize {
                mask: path.clone(),
                mask_width: grey.width(),
                mask_height: grey.height(),
                image: image.clone().into(),
                width: facts.width,
                height: facts.height,
            }));
        }
        marks_any |= Mask::by(masks.rule, &grey).area() > 0;
        highest = highest.max(highest_of_255(&grey));
        findings.extend(many_values(path, masks.rule, &grey));
    }
    if are_read && !marks_any {
        let (mask, threshold) = (masks.paths[0].clone(), masks.rule.threshold());
        findings.push(if masks.may_be_empty {
            let values =
                if highest > 0 { format!(", though it has values up to {highest} of 255") } else { String::new() };
            let message =
                format!("mask `{}` of a defective image marks no pixel{values}, and counts so", mask.display());
            Finding::new(Severity::Warning, FindingKind::MaskEmpty, message, vec![mask.display().to_string()])
        } else {
            Finding::of(&DatasetError::MaskEmpty { mask, threshold, highest })
        });
    }
    findings
}

/// A warning if a mask has values between those of good and of anomalous pixels.
fn many_values(path: &Path, rule: MaskRule, grey: &GreyMask) -> Option<Finding> {
    let values = values(grey);
    // Class indices are many small values, and meant; anything else between good and anomalous is a trace of blurring.
    let are_indices = rule == MaskRule::AboveZero && values.last().is_none_or(|value| *value <= 127);
    if values.len() <= 2 || are_indices {
        return None;
    }
    let path = path.display().to_string();
    let shown: Vec<String> = values.iter().take(4).map(u16::to_string).collect();
    let message = format!(
        "mask `{path}` has {} values ({}, ..) instead of two; those above {} count as anomalous",
        values.len(),
        shown.join(", "),
        rule.threshold(),
    );
    Some(Finding::new(Severity::Warning, FindingKind::MaskValues, message, vec![path]))
}

/// The values that occur, on the scale of 0 to 255, ascending. Values of 16 bits that are no multiples of 257 count as
/// the next lower one.
fn values(grey: &GreyMask) -> Vec<u16> {
    let mut occurs = [false; 256];
    for value in grey.iter() {
        occurs[usize::from(value / 257)] = true;
    }
    (0..).zip(occurs).filter_map(|(value, occurs)| occurs.then_some(value)).collect()
}
