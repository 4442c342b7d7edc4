//! The metrics that there are: one table, of which everything else that names a metric is made. How each is computed is
//! the business of `evaluate`.

use serde::{Deserialize, Serialize};

/// Makes [`Metric`] of the table.
macro_rules! metrics {
    ($($(#[$doc:meta])* $metric:ident: $name:literal, $title:literal, of_images: $of_images:literal;)*) => {
        /// A metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Metric {
            $($(#[$doc])* $metric,)*
        }

        impl Metric {
            /// Every metric, in the order of their usual columns.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$metric,)*];

            /// The name in specs, on the command line and in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$metric => $name,)*
                }
            }

            /// The name that a reader sees, such as `image AUROC`.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$metric => $title,)*
                }
            }

            /// Whether it ranks images; else it ranks pixels.
            #[must_use]
            pub const fn is_of_images(self) -> bool {
                match self {
                    $(Self::$metric => $of_images,)*
                }
            }
        }
    };
}

metrics! {
    /// Area under the ROC curve over the images of a class.
    ImageAuroc: "image_auroc", "image AUROC", of_images: true;
    /// Average precision over the images of a class.
    ImageAp: "image_ap", "image AP", of_images: true;
    /// The highest F1 that a threshold gives over the images of a class.
    ImageF1: "image_f1", "image F1-max", of_images: true;
    /// Area under the ROC curve over all pixels of all images of a class.
    PixelAuroc: "pixel_auroc", "pixel AUROC", of_images: false;
    /// Average precision over all pixels of all images of a class.
    PixelAp: "pixel_ap", "pixel AP", of_images: false;
    /// The highest F1 that a threshold gives over all pixels of all images of a class.
    PixelF1: "pixel_f1", "pixel F1-max", of_images: false;
    /// The highest intersection over union that a threshold gives over all pixels of all images of a class.
    PixelIou: "pixel_iou", "pixel IoU-max", of_images: false;
    /// The highest Dice coefficient that a threshold gives over all pixels: by its formula the same number as F1.
    PixelDice: "pixel_dice", "pixel DICE", of_images: false;
    /// Area under the per-region-overlap curve up to a false-positive rate.
    Pro: "pro", "pixel PRO", of_images: false;
}

impl Metric {
    /// What is measured where nothing else is said: the seven columns that papers print.
    pub const USUAL: [Self; 7] =
        [Self::ImageAuroc, Self::ImageAp, Self::ImageF1, Self::PixelAuroc, Self::PixelAp, Self::PixelF1, Self::Pro];

    /// The metric with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}
