//! Collects the scores and maps of single images and makes an evaluation of them.
//!
//! In come [`Observation`]s, one image at a time, in any order. Each pixel takes four bytes, or at most twelve if it is
//! anomalous, and twice that in maps of 64 bits; what does not fit into a budget of memory goes to a temporary file. Out comes an [`Evaluation`]: for each
//! class the metrics over its images, and over the pixels of all its images together. Each number was computed from
//! finite scores, and each number that is missing has a reason.
//! This room knows no model, and no data set.

use indexmap::IndexMap;

use super::curve::{ClassCurves, DRAWN_STEP, RegionScores, STEP};
use super::evaluation::{ClassEvaluation, Count, Evaluation, Mean};
use super::image_score::image_score;
use super::metric::{
    Bins, Key, MetricError, MetricValue, Peaks, Ranking, Regions, Score, Scores, Undefined, auroc, average_precision,
    f1_max, finite, iou_max, pro, pro_thresholds, thresholds,
};
use crate::measure::{AnomalousImage, BelowChance, Curve, Measure, Metric, Peak, ProCurve, Protocol};

/// Bytes of good pixels that are kept in memory; more go to a file.
const BUDGET: usize = 256 << 20;

/// The results of a model for one test image, and its label and mask.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a, S = f32> {
    /// The number of the image's class among those given to [`Collector::new`].
    pub class: usize,
    /// A name by which the image can be found.
    pub id: &'a str,
    /// The model's own score of the image, if it gives one; higher means more anomalous.
    pub score: Option<f64>,
    /// Whether the image is anomalous.
    pub anomalous: bool,
    /// The anomaly map, row by row; higher means more anomalous. Empty if the model makes none.
    pub map: &'a [S],
    /// Which pixels of the map are anomalous, row by row; for a good image none of them. `None` where that is not known; then
    /// only image scores count, of this image and of its class.
    pub mask: Option<&'a [bool]>,
    /// Rows and columns of the map.
    pub size: [usize; 2],
}

/// Gathers observations until all are there; the maps of all have scores of one type.
#[derive(Debug)]
pub struct Collector<S: Score = f32> {
    measure: Measure,
    budget: usize,
    curves: Curves,
    classes: Vec<ClassScores<S>>,
}

/// Which curves are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curves {
    None,
    /// Those of classes, to be looked at.
    OfClasses,
    OfRegions,
}

impl Curves {
    /// The smallest distance between their points; none if there are none.
    const fn step(self) -> Option<f64> {
        match self {
            Curves::None => None,
            Curves::OfClasses => Some(DRAWN_STEP),
            Curves::OfRegions => Some(STEP),
        }
    }
}

/// An evaluation, and the curves that its metrics are computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The metrics.
    pub evaluation: Evaluation,
    /// The curves of each class; empty if none were asked for.
    pub curves: Vec<ClassCurves>,
}

#[derive(Debug, Default)]
struct ClassScores<S: Score> {
    class: String,
    count: Count,
    images: ImageScores,
    pixels: Scores<S>,
    /// The scores of each region, for its curve.
    regions: Vec<RegionScores<S>>,
    /// The first image whose anomalous pixels are not known, and how many there are; the class has no pixels then, for the
    /// others would give wrong metrics.
    unmarked: Option<(String, usize)>,
}

/// The scores of images, and whether each is anomalous.
#[derive(Debug, Default)]
struct ImageScores(Vec<(f64, bool)>);

impl ImageScores {
    /// Whether 32 bits hold each score as it is.
    fn are_narrow(&self) -> bool {
        self.0.iter().all(|&(score, _)| f64::from(score as f32) == score)
    }

    /// Ranks them in a type that holds each as it is.
    fn rank<I: Score>(self) -> Result<Ranking<I>, MetricError> {
        let mut scores = Scores::<I>::default();
        self.0.into_iter().try_for_each(|(score, anomalous)| scores.add(I::rounded(score), anomalous))?;
        scores.rank(&[])
    }
}

impl<S: Score> Collector<S> {
    /// Starts with no observation of `classes`.
    pub fn new<C: Into<String>>(classes: impl IntoIterator<Item = C>, measure: Measure) -> Self {
        let classes =
            classes.into_iter().map(|class| ClassScores { class: class.into(), ..ClassScores::default() }).collect();
        Self { measure, budget: BUDGET, curves: Curves::None, classes }
    }

    /// Also makes the curves of each class, to be looked at.
    #[must_use]
    pub fn with_curves(self) -> Self {
        Self { curves: Curves::OfClasses, ..self }
    }

    /// Also makes the curves of each class and of each region, which takes 4 more bytes for each anomalous pixel.
    #[must_use]
    pub fn with_region_curves(self) -> Self {
        Self { curves: Curves::OfRegions, ..self }
    }

    /// Sets how many bytes of good pixels are kept in memory; further ones go to a file.
    #[must_use]
    pub fn with_budget(self, bytes: usize) -> Self {
        Self { budget: bytes, ..self }
    }

    /// What is measured.
    #[must_use]
    pub const fn measure(&self) -> &Measure {
        &self.measure
    }

    /// Adds one image; an image that is refused changes nothing.
    ///
    /// # Errors
    /// If the class is unknown, map, mask and size differ, a score is NaN or infinite, the image score can't be made, or
    /// a good image has anomalous pixels.
    pub fn add(&mut self, observation: Observation<'_, S>) -> Result<(), MetricError> {
        let Observation { class: index, id, map, mask, size, .. } = observation;
        let classes = self.classes.len();
        let class = self.classes.get_mut(index).ok_or(MetricError::UnknownClass { index, classes })?;
        let fail = |(what, fault)| MetricError::Image {
            class: class.class.clone(),
            id: id.to_owned(),
            what,
            fault: Box::new(fault),
        };
        check(&observation).map_err(fail)?;
        let score = image_score(self.measure.image_score(), observation.score, map, size)
            .map_err(|fault| fail(("the score", fault)))?;
        let regions = Regions::of(mask.unwrap_or_default(), size[1]);
        let anomalous = observation.is_anomalous(&self.measure.protocol.rules());
        finite(&[score]).map_err(|fault| fail(("the score", fault)))?;
        class.images.0.push((score, anomalous));
        match (mask, &mut class.unmarked) {
            (None, _) if map.is_empty() => {}
            (None, None) => {
                class.unmarked = Some((id.to_owned(), 1));
                (class.pixels, class.regions) = (Scores::default(), Vec::new());
            }
            (None, Some((_, count))) => *count += 1,
            (Some(_), Some(_)) => {}
            (Some(_), None) => {
                class.pixels.add_map(map, &regions)?;
                if self.curves == Curves::OfRegions {
                    class.regions.extend(RegionScores::of(id, map, &regions, size[1]));
                }
            }
        }
        *(if anomalous { &mut class.count.anomalous } else { &mut class.count.good }) += 1;
        self.keep_within_budget()
    }

    /// Computes all metrics.
    ///
    /// # Errors
    /// If scores in a temporary file can't be read back.
    pub fn finish(self) -> Result<Evaluation, MetricError> {
        self.measured(&mut |_, _| ()).map(|measured| measured.evaluation)
    }

    /// Computes all metrics, and the curves that were asked for. `watch` is called with the number of
    /// classes that are done and of all classes.
    ///
    /// # Errors
    /// If scores in a temporary file can't be read back.
    pub fn measured(self, watch: &mut dyn FnMut(usize, usize)) -> Result<Measured, MetricError> {
        let (measure, all) = (self.measure, self.classes.len());
        let (mut classes, mut curves) = (Vec::new(), Vec::new());
        // One after the other: each uses all cores, and only one ranking is in memory.
        for class in self.classes {
            let (evaluation, drawn) = class.evaluate(&measure, self.curves.step())?;
            classes.push(evaluation);
            curves.extend(drawn);
            watch(classes.len(), all);
        }
        let mean = measure.metrics.iter().map(|&metric| (metric, Mean::of(metric, &classes))).collect();
        let evaluation = Evaluation {
            protocol: measure.protocol,
            pro_limit: measure.pro_limit,
            image_score: measure.image_score().to_string(),
            meaning: measure.words(),
            classes,
            mean,
            variation: None,
        };
        Ok(Measured { evaluation, curves })
    }

    fn keep_within_budget(&mut self) -> Result<(), MetricError> {
        if self.classes.iter().map(|class| class.pixels.spillable()).sum::<usize>() > self.budget {
            let largest = self.classes.iter_mut().max_by_key(|class| class.pixels.spillable());
            largest.map_or(Ok(()), |class| class.pixels.spill())?;
        }
        Ok(())
    }
}

impl<S> Observation<'_, S> {
    /// Whether the image counts as anomalous by the rules of a protocol.
    #[must_use]
    pub fn is_anomalous(&self, rules: &Protocol) -> bool {
        match (rules.anomalous_image, self.mask) {
            (AnomalousImage::Masked, Some(mask)) if !self.map.is_empty() => mask.contains(&true),
            (AnomalousImage::Labelled | AnomalousImage::Masked, _) => self.anomalous,
        }
    }
}

fn check<S: Score>(observation: &Observation<'_, S>) -> Result<(), (&'static str, MetricError)> {
    let Observation { anomalous, map, mask, size: [height, width], .. } = *observation;
    let in_map = |fault| ("the anomaly map", fault);
    if let Some(mask) = mask.filter(|mask| mask.len() != map.len()) {
        return Err(in_map(MetricError::Lengths { scores: map.len(), labels: mask.len() }));
    }
    if height.checked_mul(width) != Some(map.len()) {
        return Err(in_map(MetricError::Shape { len: map.len(), height, width }));
    }
    finite(map).map_err(in_map)?;
    let marked = mask.unwrap_or_default().iter().filter(|&&marked| marked).count();
    if marked > 0 && !anomalous {
        return Err(("the mask", MetricError::MarkedGood { marked, of: map.len() }));
    }
    Ok(())
}

/// The ranked pixels of a class, with the thresholds of its protocol.
struct Pixels<S: Score> {
    ranking: Ranking<S>,
    bins: Result<Bins<S>, Undefined>,
    peaks: Result<Peaks<S>, Undefined>,
    thresholds: Vec<Key<S>>,
}

/// What a class gives: its metrics, and its curves if they are wanted.
type Evaluated = Result<(ClassEvaluation, Option<ClassCurves>), MetricError>;

impl<S: Score> ClassScores<S> {
    fn evaluate(self, measure: &Measure, step: Option<f64>) -> Evaluated {
        if self.images.are_narrow() {
            self.evaluate_images_as::<f32>(measure, step)
        } else {
            self.evaluate_images_as::<f64>(measure, step)
        }
    }

    fn evaluate_images_as<I: Score>(self, measure: &Measure, step: Option<f64>) -> Evaluated {
        let rules = measure.protocol.rules();
        let Self { class, unmarked, .. } = self;
        let images = self.images.rank::<I>()?;
        let pixels = Pixels::rank(self.pixels, &rules)?;
        let value = |metric: Metric| {
            let value = if metric.is_of_images() {
                of_images(metric, &images, &rules)
            } else {
                pixels.value(metric, &rules, measure.pro_limit)
            };
            match value {
                Ok(value) => MetricValue::Value(value),
                Err(why) => MetricValue::Undefined { reason: reason(&class, unmarked.as_ref(), why, metric) },
            }
        };
        let metrics: IndexMap<_, _> = measure.metrics.iter().map(|&metric| (metric, value(metric))).collect();
        let curves = step.map(|step| ClassCurves::of(&class, &images, &pixels.ranking, self.regions, step));
        Ok((ClassEvaluation { images: self.count, metrics, class }, curves))
    }
}

/// Why a metric of a class has no value.
fn reason(class: &str, unmarked: Option<&(String, usize)>, why: Undefined, metric: Metric) -> String {
    match unmarked.filter(|_| !metric.is_of_images()) {
        None => format!("class `{class}` has {}", words(why, metric.is_of_images())),
        Some((id, 1)) => format!("class `{class}` has the image `{id}`, whose anomalous pixels are not marked"),
        Some((id, count)) => {
            format!("class `{class}` has {count} images whose anomalous pixels are not marked, such as `{id}`")
        }
    }
}

pub(super) fn of_images<S: Score>(metric: Metric, images: &Ranking<S>, rules: &Protocol) -> Result<f64, Undefined> {
    match metric {
        Metric::ImageAuroc => auroc(images).map(|area| turned(area, rules)),
        Metric::ImageAp => average_precision(images),
        Metric::ImageF1 => f1_max(images),
        Metric::PixelAuroc | Metric::PixelAp | Metric::PixelF1 | Metric::PixelIou | Metric::PixelDice | Metric::Pro => {
            unreachable!("asked for metrics of images only")
        }
    }
}

fn turned(area: f64, rules: &Protocol) -> f64 {
    match rules.below_chance {
        BelowChance::Flipped if area < 0.5 => 1.0 - area,
        BelowChance::Flipped | BelowChance::Kept => area,
    }
}

impl<S: Score> Pixels<S> {
    fn rank(scores: Scores<S>, rules: &Protocol) -> Result<Self, MetricError> {
        let range = scores.range().unwrap_or_default();
        let bins = match (rules.pixel_curve, rules.pro_curve) {
            (Curve::Bins(count), _) | (_, ProCurve::Bins(count)) => Bins::new(range, count),
            _ => None,
        };
        let peaks = match rules.pixel_peak {
            Peak::Grid(count) => Peaks::new(range, count),
            Peak::Exact => None,
        };
        let thresholds = match rules.pro_curve {
            ProCurve::Thresholds(count) => thresholds(range, count),
            ProCurve::Exact | ProCurve::Bins(_) => Vec::new(),
        };
        let mut marks = thresholds.clone();
        marks.extend(bins.iter().flat_map(Bins::marks));
        marks.extend(peaks.iter().flat_map(Peaks::marks));
        let why = if range.0 < range.1 { Undefined::Wide } else { Undefined::Flat };
        let (bins, peaks) = (bins.ok_or(why), peaks.ok_or(why));
        Ok(Self { ranking: scores.rank(&marks)?, bins, peaks, thresholds })
    }

    fn value(&self, metric: Metric, rules: &Protocol, limit: f64) -> Result<f64, Undefined> {
        let ranking = &self.ranking;
        ranking.both_kinds()?;
        match (metric, rules.pixel_curve, rules.pixel_peak, rules.pro_curve) {
            (Metric::PixelAuroc, Curve::Exact, ..) => auroc(ranking).map(|area| turned(area, rules)),
            (Metric::PixelAuroc, Curve::Bins(_), ..) => self.bins()?.auroc(ranking).map(|area| turned(area, rules)),
            (Metric::PixelAp, Curve::Exact, ..) => average_precision(ranking),
            (Metric::PixelAp, Curve::Bins(_), ..) => self.bins()?.average_precision(ranking),
            (Metric::PixelF1 | Metric::PixelDice, _, Peak::Exact, _) => f1_max(ranking),
            (Metric::PixelF1, _, Peak::Grid(_), _) => self.peaks()?.f1(ranking),
            (Metric::PixelDice, _, Peak::Grid(_), _) => self.peaks()?.dice(ranking),
            (Metric::PixelIou, _, Peak::Exact, _) => iou_max(ranking),
            (Metric::PixelIou, _, Peak::Grid(_), _) => self.peaks()?.iou(ranking),
            (Metric::Pro, .., ProCurve::Exact) => pro(ranking, limit),
            (Metric::Pro, .., ProCurve::Thresholds(_)) => pro_thresholds(ranking, &self.thresholds, limit),
            (Metric::Pro, .., ProCurve::Bins(_)) => self.bins()?.pro(ranking, limit),
            (Metric::ImageAuroc | Metric::ImageAp | Metric::ImageF1, ..) => {
                unreachable!("asked for metrics of pixels only")
            }
        }
    }

    fn bins(&self) -> Result<&Bins<S>, Undefined> {
        self.bins.as_ref().map_err(|&why| why)
    }

    fn peaks(&self) -> Result<&Peaks<S>, Undefined> {
        self.peaks.as_ref().map_err(|&why| why)
    }
}

const fn words(why: Undefined, is_of_images: bool) -> &'static str {
    match (why, is_of_images) {
        (Undefined::Empty, true) => "no test images",
        (Undefined::NoPositives, true) => "no anomalous test images",
        (Undefined::NoNegatives, true) => "no good test images",
        (Undefined::Empty, false) => "no anomaly maps",
        (Undefined::NoPositives, false) => "no anomalous pixels",
        (Undefined::NoNegatives, false) => "no good pixels",
        (Undefined::Flat, _) => "one score everywhere",
        (Undefined::Wide, _) => "scores too far apart for bins in their type",
        (Undefined::NoCurve, _) => "too few thresholds below the limit of the false-positive rate",
    }
}
