//! The metrics that there are, by name.

use serde::{Deserialize, Serialize};

/// A metric. Adding one is a variant here and a file in `evaluate::metric`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Area under the ROC curve over the images of a class.
    ImageAuroc,
    /// Average precision over the images of a class.
    ImageAp,
    /// The highest F1 that a threshold gives over the images of a class.
    ImageF1,
    /// Area under the ROC curve over all pixels of all images of a class.
    PixelAuroc,
    /// Average precision over all pixels of all images of a class.
    PixelAp,
    /// The highest F1 that a threshold gives over all pixels of all images of a class.
    PixelF1,
    /// The highest intersection over union that a threshold gives over all pixels of all images of a class.
    PixelIou,
    /// The highest Dice coefficient that a threshold gives over all pixels: by its formula the same number as F1.
    PixelDice,
    /// Area under the per-region-overlap curve up to a false-positive rate.
    Pro,
}

impl Metric {
    /// Every metric, in the order of their usual columns.
    pub const ALL: [Self; 9] = [
        Self::ImageAuroc,
        Self::ImageAp,
        Self::ImageF1,
        Self::PixelAuroc,
        Self::PixelAp,
        Self::PixelF1,
        Self::PixelIou,
        Self::PixelDice,
        Self::Pro,
    ];

    /// What is measured where nothing else is said: the seven columns that papers print.
    pub const USUAL: [Self; 7] =
        [Self::ImageAuroc, Self::ImageAp, Self::ImageF1, Self::PixelAuroc, Self::PixelAp, Self::PixelF1, Self::Pro];

    /// The name in specs, on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ImageAuroc => "image_auroc",
            Self::ImageAp => "image_ap",
            Self::ImageF1 => "image_f1",
            Self::PixelAuroc => "pixel_auroc",
            Self::PixelAp => "pixel_ap",
            Self::PixelF1 => "pixel_f1",
            Self::PixelIou => "pixel_iou",
            Self::PixelDice => "pixel_dice",
            Self::Pro => "pro",
        }
    }

    /// The metric with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// The name that a reader sees, such as `image AUROC`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ImageAuroc => "image AUROC",
            Self::ImageAp => "image AP",
            Self::ImageF1 => "image F1-max",
            Self::PixelAuroc => "pixel AUROC",
            Self::PixelAp => "pixel AP",
            Self::PixelF1 => "pixel F1-max",
            Self::PixelIou => "pixel IoU-max",
            Self::PixelDice => "pixel DICE",
            Self::Pro => "pixel PRO",
        }
    }

    /// Whether it ranks images; else it ranks pixels.
    #[must_use]
    pub const fn is_of_images(self) -> bool {
        match self {
            Self::ImageAuroc | Self::ImageAp | Self::ImageF1 => true,
            Self::PixelAuroc | Self::PixelAp | Self::PixelF1 | Self::PixelIou | Self::PixelDice | Self::Pro => false,
        }
    }
}
