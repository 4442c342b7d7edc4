//! The protocols: whose rules turn scores, maps and masks into numbers.

use serde::{Deserialize, Serialize};

use super::{ImageScore, MaskResize};

/// A protocol by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Hash)]
#[serde(rename_all = "lowercase")]
pub enum ProtocolName {
    /// All scores, all thresholds, nothing binned or turned around.
    Exact,
    /// As the released code of DiAD measures (<https://github.com/lewandofskee/DiAD>, `utils/eval_helper.py`).
    Diad,
    /// As ADer measures with its fast option (<https://github.com/zhangzjn/ADer>, `util/metric.py`, `use_adeval`).
    Ader,
}

/// What a protocol means, point by point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Protocol {
    /// How an image gets its score.
    pub image_score: ImageScore,
    /// Which images are anomalous.
    pub anomalous_image: AnomalousImage,
    /// How a mask gets the size of its map.
    pub mask: MaskResize,
    /// What becomes of an AUROC below chance.
    pub below_chance: BelowChance,
    /// The curves below which pixel AUROC and pixel AP are areas.
    pub pixel_curve: Curve,
    /// The thresholds among which the highest pixel F1, Dice and IoU are looked for.
    pub pixel_peak: Peak,
    /// The curve below which PRO is the area.
    pub pro_curve: ProCurve,
    /// The meaning in words, for readers of a report.
    pub words: [&'static str; 3],
}

/// Which images are anomalous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnomalousImage {
    /// Those that the data set calls so.
    Labelled,
    /// Those whose mask, at the size of the map, marks a pixel.
    Masked,
}

/// What becomes of an AUROC below one half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelowChance {
    /// It stays.
    Kept,
    /// It is replaced by 1 minus itself.
    Flipped,
}

/// Points of a ROC or precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// One at each distinct score; precision in steps.
    Exact,
    /// One at the edge of each of so many bins of equal width, joined by straight lines; the highest score counts twice.
    Bins(usize),
}

/// Thresholds at which F1, Dice and IoU are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peak {
    /// Each distinct score.
    Exact,
    /// So many, evenly spread from the lowest to the highest score.
    Grid(usize),
}

/// Points of the per-region-overlap curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProCurve {
    /// One at each distinct score; the curve is cut at the limit by a straight line.
    Exact,
    /// One at each of so many thresholds; points beyond the limit are dropped, and the rates divided by the highest left.
    Thresholds(usize),
    /// As [`Curve::Bins`], cut at the limit by a straight line.
    Bins(usize),
}

impl ProtocolName {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Diad, Self::Ader];

    /// The name in specs, on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Diad => "diad",
            Self::Ader => "ader",
        }
    }

    /// The protocol with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// What it means.
    #[must_use]
    pub const fn rules(self) -> Protocol {
        match self {
            Self::Exact => EXACT,
            Self::Diad => DIAD,
            Self::Ader => ADER,
        }
    }
}

const EXACT: Protocol = Protocol {
    image_score: ImageScore::Model,
    anomalous_image: AnomalousImage::Labelled,
    mask: MaskResize::Nearest,
    below_chance: BelowChance::Kept,
    pixel_curve: Curve::Exact,
    pixel_peak: Peak::Exact,
    pro_curve: ProCurve::Exact,
    words: [
        "image metrics rank the test images of a class by their score and compare with their label; pixel metrics \
         pool the pixels of all test images of a class, good ones included, and rank them by their anomaly map. \
         Every score counts: there are no bins, and a tie is a tie.",
        "AUROC is the probability that an anomalous item scores above a good one, a tie counting half; below chance it \
         stays below chance. AP is the sum over distinct scores of the gain in recall times the precision, without \
         interpolation. F1-max is the highest F1 of all thresholds; the highest Dice coefficient over the pooled \
         pixels is the same number, and the highest IoU is F1 / (2 - F1).",
        "PRO is the area under the mean overlap with the 8-connected regions of the masks, against the false-positive \
         rate over all good pixels, at all thresholds, divided by its limit. A region counts the same whatever its \
         size.",
    ],
};

const DIAD: Protocol = Protocol {
    image_score: ImageScore::Pool { window: 8, rounds: 8 },
    anomalous_image: AnomalousImage::Masked,
    mask: MaskResize::AnyBlend,
    below_chance: BelowChance::Flipped,
    pixel_curve: Curve::Exact,
    pixel_peak: Peak::Exact,
    pro_curve: ProCurve::Thresholds(200),
    words: [
        "as the released code of DiAD measures, mistakes included. An image is anomalous if its resized mask marks a \
         pixel.",
        "An AUROC below one half is replaced by 1 minus itself. AP and F1-max are over all distinct scores.",
        "PRO is taken at 200 evenly spread thresholds, of which those at or above the limit are dropped; the \
         false-positive rates are divided by the highest that is left, so that the curve ends before the limit.",
    ],
};

const ADER: Protocol = Protocol {
    image_score: ImageScore::Pool { window: 16, rounds: 1 },
    anomalous_image: AnomalousImage::Masked,
    mask: MaskResize::HalfBlend,
    below_chance: BelowChance::Kept,
    pixel_curve: Curve::Bins(50),
    pixel_peak: Peak::Grid(21),
    pro_curve: ProCurve::Bins(50),
    words: [
        "as ADer measures with its fast option, mistakes included. An image is anomalous if its resized mask marks a \
         pixel; image metrics are over all distinct scores.",
        "Pixel AUROC and AP are areas under straight lines between the edges of 50 bins from the lowest to the highest \
         score, which counts twice. F1-max and IoU-max are the highest of 21 thresholds.",
        "PRO is the area under straight lines between the edges of the same bins, divided by its limit.",
    ],
};
