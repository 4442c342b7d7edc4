//! Opens one image and its mask, and reports what they are and what is wrong with them.

use image::{ColorType, DynamicImage};
use sha2::{Digest as _, Sha256};

use super::finding::{Finding, FindingKind, Severity};
use crate::dataset::error::DatasetError;
use crate::dataset::image_file;
use crate::dataset::mask::{GreyMask, Mask, MaskRule};
use crate::dataset::sample::{MaskFile, Sample, Source};

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
    let (image, mask) = match &sample.source {
        Source::File { image, mask } => (image_file::decode(image), mask.as_ref()),
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
    if let Some(mask) = mask {
        match image_file::read_grey(&mask.path) {
            Ok(grey) => findings.extend(wrong_with(sample, mask, &grey, facts.as_ref())),
            Err(error) => findings.push(Finding::of(&error)),
        }
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

/// What is wrong with a mask that can be decoded.
fn wrong_with(sample: &Sample, mask: &MaskFile, grey: &GreyMask, facts: Option<&Facts>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let image = sample.files().0;
    if let Some(facts) = facts.filter(|facts| (facts.width, facts.height) != grey.dimensions()) {
        findings.push(Finding::of(&DatasetError::MaskSize {
            mask: mask.path.clone(),
            mask_width: grey.width(),
            mask_height: grey.height(),
            image: image.into(),
            width: facts.width,
            height: facts.height,
        }));
    }
    if Mask::by(mask.rule, grey).area() == 0 {
        let (path, threshold) = (mask.path.clone(), mask.rule.threshold());
        findings.push(Finding::of(&DatasetError::MaskEmpty { mask: path, threshold }));
    }
    let values = values(grey);
    // Class indices are many small values, and meant; anything else between good and anomalous is a trace of blurring.
    let are_indices = mask.rule == MaskRule::AboveZero && values.last().is_none_or(|value| *value <= 127);
    if values.len() > 2 && !are_indices {
        let path = mask.path.display().to_string();
        let shown: Vec<String> = values.iter().take(4).map(u16::to_string).collect();
        let message = format!(
            "mask `{path}` has {} values ({}, ..) instead of two; those above {} count as anomalous",
            values.len(),
            shown.join(", "),
            mask.rule.threshold(),
        );
        findings.push(Finding::new(Severity::Warning, FindingKind::MaskValues, message, vec![path]));
    }
    findings
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
