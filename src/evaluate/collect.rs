//! From the scores and maps of single images to the metrics of each class and their mean.
//!
//! In come [`Observation`]s, one image at a time, in any order; pixels are kept as one `f32` and one bit each.
//! Out comes an [`Evaluation`]: per class the metrics over its images, and over all pixels of all its images pooled.
//! What is then true: each number was computed from finite scores, and each that is missing says why.
//! This room knows no model, and no file.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::metric::{Bits, Metric, MetricError, MetricValue, Ranking, Undefined, auroc, average_precision, finite};

/// What a model said of one test image, and what is true of it.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// The number of the image's class among those given to [`Collector::new`].
    pub class: usize,
    /// A name by which the image can be found.
    pub id: &'a str,
    /// The image score; higher means more anomalous.
    pub score: f32,
    /// Whether the image is anomalous.
    pub anomalous: bool,
    /// The anomaly map, row by row; higher means more anomalous. Empty if the model makes none.
    pub map: &'a [f32],
    /// Which pixels of the map are anomalous, row by row; for a good image none.
    pub mask: &'a [bool],
}

/// Gathers observations until all are there.
#[derive(Debug)]
pub struct Collector {
    classes: Vec<ClassScores>,
}

#[derive(Debug, Default)]
struct ClassScores {
    class: String,
    scores: Vec<f32>,
    labels: Bits,
    pixels: Vec<f32>,
    mask: Bits,
}

/// The metrics of each class, and their mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// How the metrics were computed: `exact` means over all scores, not over bins of them.
    pub protocol: String,
    /// The classes, in the order in which they were announced.
    pub classes: Vec<ClassEvaluation>,
    /// The mean of each metric over the classes where it is defined.
    pub mean: MeanEvaluation,
}

/// The metrics of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassEvaluation {
    /// The name of the class.
    pub class: String,
    /// How many test images it has.
    pub images: Count,
    /// Area under the ROC curve over its images.
    pub image_auroc: MetricValue,
    /// Average precision over its images.
    pub image_ap: MetricValue,
    /// Area under the ROC curve over the pixels of all its images.
    pub pixel_auroc: MetricValue,
    /// Average precision over the pixels of all its images.
    pub pixel_ap: MetricValue,
}

/// A number of images of either kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Images without a defect.
    pub good: usize,
    /// Images with one.
    pub anomalous: usize,
}

/// The mean of each metric over classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeanEvaluation {
    /// Mean of [`ClassEvaluation::image_auroc`].
    pub image_auroc: Mean,
    /// Mean of [`ClassEvaluation::image_ap`].
    pub image_ap: Mean,
    /// Mean of [`ClassEvaluation::pixel_auroc`].
    pub pixel_auroc: Mean,
    /// Mean of [`ClassEvaluation::pixel_ap`].
    pub pixel_ap: Mean,
}

/// A mean, and the number of classes it is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean; undefined if the metric is defined for no class.
    pub value: MetricValue,
    /// The number of classes in which the metric is defined.
    pub classes: usize,
}

impl Collector {
    /// Starts with no observation of `classes`.
    pub fn new<S: Into<String>>(classes: impl IntoIterator<Item = S>) -> Self {
        let classes =
            classes.into_iter().map(|class| ClassScores { class: class.into(), ..ClassScores::default() }).collect();
        Self { classes }
    }

    /// Takes in one image; an image that is refused leaves no trace.
    ///
    /// # Errors
    /// If the class is unknown, map and mask differ in length, a score is NaN or infinite, or a good image has
    /// anomalous pixels.
    pub fn add(&mut self, observation: Observation<'_>) -> Result<(), MetricError> {
        let Observation { class: index, id, score, anomalous, map, mask } = observation;
        let classes = self.classes.len();
        let class = self.classes.get_mut(index).ok_or(MetricError::UnknownClass { index, classes })?;
        check(&observation).map_err(|(what, fault)| MetricError::Image {
            class: class.class.clone(),
            id: id.to_owned(),
            what,
            fault: Box::new(fault),
        })?;
        class.scores.push(score);
        class.labels.extend_from_slice(&[anomalous]);
        class.pixels.extend_from_slice(map);
        class.mask.extend_from_slice(mask);
        Ok(())
    }

    /// Computes all metrics, classes side by side.
    ///
    /// # Errors
    /// None that [`Collector::add`] lets through; the type is that of the metrics it calls.
    pub fn finish(self) -> Result<Evaluation, MetricError> {
        let classes: Vec<_> = self.classes.into_par_iter().map(ClassScores::evaluate).collect::<Result<_, _>>()?;
        let mean = |metric| mean(&classes, metric);
        let mean = MeanEvaluation {
            image_auroc: mean(Metric::ImageAuroc),
            image_ap: mean(Metric::ImageAp),
            pixel_auroc: mean(Metric::PixelAuroc),
            pixel_ap: mean(Metric::PixelAp),
        };
        Ok(Evaluation { protocol: "exact".to_owned(), classes, mean })
    }
}

impl ClassEvaluation {
    /// The value of one metric.
    #[must_use]
    pub const fn value(&self, metric: Metric) -> &MetricValue {
        match metric {
            Metric::ImageAuroc => &self.image_auroc,
            Metric::ImageAp => &self.image_ap,
            Metric::PixelAuroc => &self.pixel_auroc,
            Metric::PixelAp => &self.pixel_ap,
        }
    }
}

impl MeanEvaluation {
    /// The mean of one metric.
    #[must_use]
    pub const fn value(&self, metric: Metric) -> &Mean {
        match metric {
            Metric::ImageAuroc => &self.image_auroc,
            Metric::ImageAp => &self.image_ap,
            Metric::PixelAuroc => &self.pixel_auroc,
            Metric::PixelAp => &self.pixel_ap,
        }
    }
}

fn check(observation: &Observation<'_>) -> Result<(), (&'static str, MetricError)> {
    let Observation { score, anomalous, map, mask, .. } = *observation;
    finite(&[score]).map_err(|fault| ("the score", fault))?;
    let in_map = |fault| ("the anomaly map", fault);
    if map.len() != mask.len() {
        return Err(in_map(MetricError::Lengths { scores: map.len(), labels: mask.len() }));
    }
    finite(map).map_err(in_map)?;
    let marked = mask.iter().filter(|&&marked| marked).count();
    if marked > 0 && !anomalous {
        return Err(("the mask", MetricError::MarkedGood { marked, of: mask.len() }));
    }
    Ok(())
}

impl ClassScores {
    fn evaluate(self) -> Result<ClassEvaluation, MetricError> {
        let images = Ranking::new(&self.scores, &self.labels)?;
        let pixels = Ranking::new(&self.pixels, &self.mask)?;
        let anomalous = images.positives();
        let class = &self.class;
        let of_images = |value| told(value, |why| format!("class `{class}` has no {}", image_words(why)));
        let of_pixels = |value| told(value, |why| format!("class `{class}` has no {}", pixel_words(why)));
        Ok(ClassEvaluation {
            images: Count { good: images.negatives(), anomalous },
            image_auroc: of_images(auroc(&images)),
            image_ap: of_images(average_precision(&images)),
            pixel_auroc: of_pixels(auroc(&pixels)),
            pixel_ap: of_pixels(average_precision(&pixels)),
            class: self.class,
        })
    }
}

fn told(value: Result<f64, Undefined>, reason: impl Fn(Undefined) -> String) -> MetricValue {
    match value {
        Ok(value) => MetricValue::Value(value),
        Err(why) => MetricValue::Undefined { reason: reason(why) },
    }
}

const fn image_words(why: Undefined) -> &'static str {
    match why {
        Undefined::Empty => "test images",
        Undefined::NoPositives => "anomalous test images",
        Undefined::NoNegatives => "good test images",
    }
}

const fn pixel_words(why: Undefined) -> &'static str {
    match why {
        Undefined::Empty => "anomaly maps",
        Undefined::NoPositives => "anomalous pixels",
        Undefined::NoNegatives => "good pixels",
    }
}

fn mean(classes: &[ClassEvaluation], metric: Metric) -> Mean {
    let values: Vec<f64> = classes.iter().filter_map(|class| class.value(metric).value()).collect();
    let value = if values.is_empty() {
        MetricValue::Undefined { reason: format!("{} is defined for no class", metric.title()) }
    } else {
        MetricValue::Value(values.iter().sum::<f64>() / values.len() as f64)
    };
    Mean { value, classes: values.len() }
}
