//! One image of a data set, known by name and decoded on demand.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;

use super::error::DatasetError;
use super::image_file;
use super::mask::{Mask, MaskRule};

/// An image with its class, and the place of its defect if it has one.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Stable name: the path relative to the root with `/` as its separator, such as
    /// `bottle/test/broken_large/000.png`.
    pub id: String,
    /// Position in [`Dataset::classes`](super::Dataset::classes).
    pub class: usize,
    /// The kind of the defect; `None` for a good image.
    pub defect: Option<String>,
    pub(super) source: Source,
}

/// Where the pixels come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Files on a disk. A good image has no mask, and neither has a defective one of which nothing is marked.
    File { image: PathBuf, mask: Option<MaskFile> },
    /// Drawn when asked for.
    Drawn(Arc<dyn Drawn>),
}

/// A picture that follows from its name and is drawn anew each time.
pub(super) trait Drawn: Debug + Send + Sync {
    /// Width and height.
    fn size(&self) -> (u32, u32);

    fn image(&self) -> RgbImage;

    /// The defective pixels; none of a good picture.
    fn mask(&self) -> Option<Mask>;
}

/// A mask on a disk and how its values are read.
#[derive(Clone, Debug)]
pub(super) struct MaskFile {
    pub(super) path: PathBuf,
    pub(super) rule: MaskRule,
}

impl Sample {
    /// Whether the image has a defect.
    #[must_use]
    pub fn is_anomalous(&self) -> bool {
        self.defect.is_some()
    }

    /// Decodes the image, at its own size, as 8-bit RGB (the rules are those of [`read_image`](super::read_image)).
    ///
    /// # Errors
    /// When the file can't be read or is damaged.
    pub fn image(&self) -> Result<RgbImage, DatasetError> {
        match &self.source {
            Source::File { image, .. } => image_file::read_image(image),
            Source::Drawn(picture) => Ok(picture.image()),
        }
    }

    /// Whether its anomalous pixels are known: a good image has none, a defective one has those of its mask.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        match &self.source {
            Source::File { mask, .. } => mask.is_some() || !self.is_anomalous(),
            Source::Drawn(_) => true,
        }
    }

    /// Width and height of the image, from its header alone.
    ///
    /// # Errors
    /// When the file can't be read or its header is damaged.
    pub fn size(&self) -> Result<(u32, u32), DatasetError> {
        match &self.source {
            Source::File { image, .. } => image_file::size(image),
            Source::Drawn(picture) => Ok(picture.size()),
        }
    }

    /// Decodes the mask, at the size of the image, by the rule of the data set or else the one given.
    ///
    /// `None` for a good image, of which every pixel is normal, and for a defective one that [has no
    /// mask](Sample::is_marked).
    ///
    /// # Errors
    /// When the file can't be read or is damaged, is of another size than the image, or marks no pixel.
    pub fn mask(&self, rule: Option<MaskRule>) -> Result<Option<Mask>, DatasetError> {
        match &self.source {
            Source::File { mask: None, .. } => Ok(None),
            Source::File { image, mask: Some(mask) } => {
                image_file::check_sizes(image, &mask.path)?;
                image_file::read_mask(&mask.path, rule.unwrap_or(mask.rule)).map(Some)
            }
            Source::Drawn(picture) => Ok(picture.mask()),
        }
    }

    /// Reads the headers of the files: that they are images, and that image and mask are of one size.
    pub(super) fn check_headers(&self) -> Result<(), DatasetError> {
        match &self.source {
            Source::File { image, mask: Some(mask) } => image_file::check_sizes(image, &mask.path),
            Source::File { image, mask: None } => image_file::size(image).map(|_| ()),
            Source::Drawn(_) => Ok(()),
        }
    }
}
