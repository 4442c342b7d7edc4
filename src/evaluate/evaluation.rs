//! The metrics of each class and their mean, under a protocol that is named.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::metric::MetricValue;
use crate::measure::{Metric, ProtocolName};

/// The metrics of each class, and their mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The protocol whose rules hold.
    pub protocol: ProtocolName,
    /// PRO is integrated up to this false-positive rate.
    pub pro_limit: f64,
    /// How an image was scored, in the notation of a spec.
    pub image_score: String,
    /// What the numbers mean, in words, one paragraph each.
    pub meaning: Vec<String>,
    /// The classes, in the order in which the collector was given them.
    pub classes: Vec<ClassEvaluation>,
    /// The mean of each metric over the classes where it is defined.
    pub mean: IndexMap<Metric, Mean>,
    /// How much the scores differ between draws; none if the model draws no random numbers or is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variation: Option<Variation>,
}

/// The metrics of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassEvaluation {
    /// The name of the class.
    pub class: String,
    /// How many test images it has.
    pub images: Count,
    /// The value of each metric, in the order in which they are shown.
    pub metrics: IndexMap<Metric, MetricValue>,
}

/// The numbers of good and of anomalous images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Images without a defect.
    pub good: usize,
    /// Images with a defect.
    pub anomalous: usize,
}

/// How much the image scores of a model that draws random numbers differ between draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variation {
    /// The number of draws whose mean each score and each map is.
    pub draws: u64,
    /// The number of images that were scored in several draws.
    pub images: usize,
    /// The standard deviation of an image's score over draws, divided by that between the images of its class; the mean over
    /// classes. None if that is defined for no class.
    pub share: Option<f64>,
    /// Image AUROC of each single draw, the mean over classes; empty if not all images were scored in several draws, or
    /// image AUROC is defined for no class.
    pub image_auroc: Vec<f64>,
    /// The classes of which images were scored in several draws.
    pub classes: Vec<ClassVariation>,
}

/// How much the image scores of one class differ between draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassVariation {
    /// The name of the class.
    pub class: String,
    /// The number of its images that were scored in several draws.
    pub images: usize,
    /// The standard deviation of an image's score over draws: the root of the mean variance of the images.
    pub over_draws: f64,
    /// The standard deviation between the scores of all images of the class; none if there is one image.
    pub between_images: Option<f64>,
}

/// A mean, and the number of classes it is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean; undefined if the metric is defined for no class.
    pub value: MetricValue,
    /// The number of classes in which the metric is defined.
    pub classes: usize,
}

impl Evaluation {
    /// The metrics, in the order in which they are shown.
    #[must_use]
    pub fn metrics(&self) -> impl ExactSizeIterator<Item = Metric> {
        self.mean.keys().copied()
    }

    /// The images of all classes together.
    #[must_use]
    pub fn images(&self) -> Count {
        self.classes.iter().fold(Count::default(), |sum, class| Count {
            good: sum.good + class.images.good,
            anomalous: sum.anomalous + class.images.anomalous,
        })
    }
}

impl Variation {
    /// How much the scores differ, in words, or else how that can be found out.
    #[must_use]
    pub fn words(&self) -> String {
        let share = match self.share {
            Some(share) => format!(
                "the standard deviation of an image's score over draws is {:.1} % of that between the images of its class",
                100.0 * share
            ),
            None => "no class has images of different scores, with which draws could be compared".to_owned(),
        };
        if self.draws == 1 {
            let (images, noun) = (self.images, if self.images == 1 { "image" } else { "images" });
            return format!(
                "scores draw random numbers, here once; by a second draw of {images} {noun}, {share}; `--draws 8` takes means \
                 over 8 draws, and measures how far apart their image AUROC is"
            );
        }
        let mut words = format!("scores and maps are means over {} draws of random numbers; {share}", self.draws);
        if let Some((low, high)) = self.range() {
            let [low, high] = [low, high].map(|area| 100.0 * area);
            words += &format!("; image AUROC of single draws is {low:.1} to {high:.1}");
        }
        words
    }

    /// The lowest and the highest image AUROC of a single draw.
    fn range(&self) -> Option<(f64, f64)> {
        let low = self.image_auroc.iter().copied().reduce(f64::min)?;
        let high = self.image_auroc.iter().copied().reduce(f64::max)?;
        Some((low, high))
    }
}

impl Mean {
    /// The mean of one metric over the classes that have it.
    #[must_use]
    pub fn of(metric: Metric, classes: &[ClassEvaluation]) -> Self {
        let values: Vec<f64> =
            classes.iter().filter_map(|class| class.metrics.get(&metric).and_then(MetricValue::value)).collect();
        let value = if values.is_empty() {
            MetricValue::Undefined { reason: format!("{} is defined for no class", metric.title()) }
        } else {
            MetricValue::Value(values.iter().sum::<f64>() / values.len() as f64)
        };
        Self { value, classes: values.len() }
    }
}
