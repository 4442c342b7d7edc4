//! One image of a data set, known by name and decoded on demand.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;

use super::error::DatasetError;
use super::image_file;
use super::mask::{GreyMask, Mask, MaskRule, highest_of_255};

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
    /// Files on a disk.
    File { image: PathBuf, marks: Marks },
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

/// Which pixels of an image on a disk are anomalous.
#[derive(Clone, Debug)]
pub(super) enum Marks {
    /// None: the image is good, or counts as one in which its defect is not seen.
    Nothing,
    /// Those of its masks.
    Masks(MaskFiles),
    /// It is not known which.
    Unknown,
}

/// The masks of one image on a disk, and how they are read. A pixel is anomalous if it is in one of them.
#[derive(Clone, Debug)]
pub(super) struct MaskFiles {
    /// At least one.
    pub(super) paths: Vec<PathBuf>,
    pub(super) rule: MaskRule,
    /// Whether an image may have no anomalous pixel in all of them.
    pub(super) may_be_empty: bool,
}

impl MaskFiles {
    /// Reads the masks. They must be of the size of the image, which is looked at before anything is decoded.
    fn read(&self, image: &Path, rule: Option<MaskRule>) -> Result<Mask, DatasetError> {
        self.check_sizes(image)?;
        let rule = rule.unwrap_or(self.rule);
        let mut masks = self.paths.iter().map(|path| Ok(Mask::by(rule, &image_file::read_grey(path)?)));
        let first = masks.next().expect("there is at least one")?;
        let all = masks.try_fold(first, |all: Mask, mask: Result<Mask, DatasetError>| Ok(all.joined(&mask?)))?;
        if all.area() == 0 && !self.may_be_empty {
            let greys: Vec<GreyMask> =
                self.paths.iter().map(|path| image_file::read_grey(path)).collect::<Result<_, _>>()?;
            let highest = greys.iter().map(highest_of_255).max().unwrap_or(0);
            return Err(DatasetError::MaskEmpty { mask: self.paths[0].clone(), threshold: rule.threshold(), highest });
        }
        Ok(all)
    }

    /// Checks, from the headers alone, that each mask is as large as its image.
    fn check_sizes(&self, image: &Path) -> Result<(), DatasetError> {
        self.paths.iter().try_for_each(|mask| image_file::check_sizes(image, mask))
    }
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

    /// The file of the image; none if it is drawn.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File { image, .. } => Some(image),
            Source::Drawn(_) => None,
        }
    }

    /// Whether its anomalous pixels are known: a good image has none, a defective one has those of its masks.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        match &self.source {
            Source::File { marks, .. } => !matches!(marks, Marks::Unknown),
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

    /// Decodes the mask, at the size of the image, by the rule given or else that of the data set. Of several masks each
    /// pixel counts that is in one of them.
    ///
    /// `None` for a good image, of which every pixel is normal, and for a defective one without a mask, whether its pixels
    /// count as normal or [are not known](Sample::is_marked).
    ///
    /// # Errors
    /// When a file can't be read or is damaged, is of another size than the image, or no pixel is marked.
    pub fn mask(&self, rule: Option<MaskRule>) -> Result<Option<Mask>, DatasetError> {
        match &self.source {
            Source::File { marks: Marks::Nothing | Marks::Unknown, .. } => Ok(None),
            Source::File { image, marks: Marks::Masks(masks) } => masks.read(image, rule).map(Some),
            Source::Drawn(picture) => Ok(picture.mask()),
        }
    }

    /// Reads the headers of the files: that they are images, and that image and mask are of one size.
    pub(super) fn check_headers(&self) -> Result<(), DatasetError> {
        match &self.source {
            Source::File { image, marks: Marks::Masks(masks) } => masks.check_sizes(image),
            Source::File { image, marks: Marks::Nothing | Marks::Unknown } => image_file::size(image).map(|_| ()),
            Source::Drawn(_) => Ok(()),
        }
    }
}
