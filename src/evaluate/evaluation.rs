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
