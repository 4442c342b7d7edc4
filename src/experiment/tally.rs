//! What is gathered of a test set while it is scored, image by image.
//!
//! In: the results of each image in each draw. Out: an [`Assessment`]. Only the images that become examples are kept.

use image::RgbImage;

use crate::dataset::transform::Transform;
use crate::dataset::{Dataset, Mask, Sample};
use crate::evaluate::average::Average;
use crate::evaluate::collect::{Collector, Measured, Observation};
use crate::evaluate::curve::ClassCurves;
use crate::evaluate::decision::{Labelled, Mistake, mistakes};
use crate::evaluate::evaluation::Evaluation;
use crate::evaluate::image_score::image_score;
use crate::evaluate::score::{Prepared, Scored};
use crate::evaluate::variation::{DrawScores, ImageNumber};
use crate::measure::{ImageScore, MaskResize, Measure};
use crate::report::{Example, Panel, picture};

use super::error::ExperimentError;

/// Examples of each class: good ones, and one of each kind of defect up to a number.
const GOOD: usize = 1;
const DEFECTS: usize = 4;
/// So many of the worst mistakes are shown.
const MISTAKES: usize = 8;

/// The results of a model on a test set.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The metrics: one evaluation for each measure.
    pub evaluations: Vec<Evaluation>,
    /// The curves of the first evaluation.
    pub curves: Vec<ClassCurves>,
    /// Example images.
    pub examples: Vec<Example>,
    /// The images that are most on the wrong side of others, the worst first.
    pub mistakes: Vec<Example>,
    /// The values of the darkest and the brightest colour of all heat maps.
    pub colours: [f32; 2],
    /// Score of each test image, in the order of the data set: id, value.
    pub scores: Vec<(String, f32)>,
}

/// The results of the images so far.
pub(super) struct Tally<'a> {
    dataset: &'a Dataset,
    transform: Transform,
    collectors: Vec<Collector>,
    /// For each measure, how an image is scored and its scores in single draws; empty if scores are not random.
    draws: Vec<DrawScores>,
    rules: Vec<ImageScore>,
    /// Ids of the test images that become examples.
    wanted: Vec<String>,
    kept: Vec<Kept<'a>>,
    /// The worst mistakes, in their order.
    wrong: Vec<(Mistake, Kept<'a>)>,
    scores: Vec<(String, f32)>,
    /// The median of each map, and the value that 1 of 200 of its pixels exceed.
    middle: Vec<f32>,
    highest: Vec<f32>,
}

/// The results of the draws of one image.
pub(super) struct Drawn {
    average: Average,
    /// For each rule, the image score in each draw.
    scores: Vec<Vec<f32>>,
}

/// An example whose heat map is drawn when the range of all maps is known.
struct Kept<'a> {
    sample: &'a Sample,
    input: RgbImage,
    scored: Scored,
    mask: Option<Mask>,
}

impl Drawn {
    /// Starts with the first draw. Each rule makes an image score of it.
    pub(super) fn of(first: Scored, rules: &[ImageScore]) -> Result<Drawn, ExperimentError> {
        let scores = scores(&first, rules)?.into_iter().map(|score| vec![score]).collect();
        Ok(Drawn { average: Average::of(first), scores })
    }

    /// Adds another draw.
    pub(super) fn add(&mut self, scored: &Scored, rules: &[ImageScore]) -> Result<(), ExperimentError> {
        self.average.add(scored);
        self.scores.iter_mut().zip(scores(scored, rules)?).for_each(|(own, score)| own.push(score));
        Ok(())
    }
}

fn scores(scored: &Scored, rules: &[ImageScore]) -> Result<Vec<f32>, ExperimentError> {
    // The score of a map of 32 bits, and of a model, has 32 bits.
    let score = |rule: &ImageScore| {
        image_score(*rule, Some(scored.value.into()), &scored.map, scored.size).map(|score| score as f32)
    };
    Ok(rules.iter().map(score).collect::<Result<_, _>>()?)
}

impl<'a> Tally<'a> {
    /// Starts with no image. Single draws are compared by the image scores of the measures in `compared`, in their order.
    pub(super) fn new(
        dataset: &'a Dataset,
        measures: &[Measure],
        compared: &[Measure],
        transform: Transform,
    ) -> Tally<'a> {
        let collector = |(number, measure): (usize, &Measure)| {
            let collector = Collector::new(dataset.classes.clone(), measure.clone());
            if number == 0 { collector.with_curves() } else { collector }
        };
        Tally {
            dataset,
            transform,
            collectors: measures.iter().enumerate().map(collector).collect(),
            draws: compared.iter().map(|_| DrawScores::new(dataset.classes.clone())).collect(),
            rules: compared.iter().map(Measure::image_score).collect(),
            wanted: examples(dataset),
            kept: Vec::new(),
            wrong: Vec::new(),
            scores: Vec::new(),
            middle: Vec::new(),
            highest: Vec::new(),
        }
    }

    /// How image scores of single draws are made; empty if scores are not random.
    pub(super) fn rules(&self) -> &[ImageScore] {
        &self.rules
    }

    /// Adds an image. Returns its places among the scores of single draws.
    pub(super) fn add(
        &mut self,
        sample: &'a Sample,
        image: &Prepared,
        mask: Option<Mask>,
        drawn: Drawn,
    ) -> Result<Vec<ImageNumber>, ExperimentError> {
        let scored = drawn.average.finish();
        let [height, width] = scored.size;
        let (columns, rows) = (width as u32, height as u32);
        let empty = vec![false; scored.map.len()];
        let mut is_anomalous = Vec::new();
        for collector in &mut self.collectors {
            let rules = collector.measure().protocol.rules();
            let placed = |mask: &Mask| self.transform.mask(mask, rules.mask).resized(columns, rows, rules.mask);
            let mask = mask.as_ref().map(placed);
            let mask = mask.as_ref().map_or_else(|| empty.clone(), Mask::anomalous);
            let observation = Observation {
                class: sample.class,
                id: &sample.id,
                score: Some(scored.value.into()),
                anomalous: sample.is_anomalous(),
                map: &scored.map,
                mask: sample.is_marked().then_some(&mask),
                size: scored.size,
            };
            is_anomalous.push(observation.is_anomalous(&rules));
            collector.add(observation)?;
        }
        let singles = self.draws.iter_mut().zip(is_anomalous).zip(drawn.scores);
        let places = singles.map(|((draws, is_anomalous), scores)| draws.add(sample.class, is_anomalous, scores));
        let places = places.collect();
        self.scores.push((sample.id.clone(), scored.value));
        let mut sorted = scored.map.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        self.highest.push(sorted[sorted.len() - 1 - sorted.len() / 200]);
        self.middle.push(sorted[sorted.len() / 2]);
        if self.wanted.contains(&sample.id) {
            let kept = self.keep(sample, image, mask, scored);
            self.kept.push(kept);
        }
        Ok(places)
    }

    fn keep(&self, sample: &'a Sample, image: &Prepared, mask: Option<Mask>, scored: Scored) -> Kept<'a> {
        let [rows, columns] = scored.size.map(|side| side as u32);
        let shown = |mask: Mask| self.transform.mask(&mask, MaskResize::Nearest).resized_nearest(columns, rows);
        Kept { sample, input: image.image.clone(), scored, mask: mask.map(shown) }
    }

    /// The worst mistakes of all images so far, each with its place in the data set. They are known when the last image has been
    /// scored, and scored again for their pictures: to keep those of all images would take too much memory.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let labelled = |(sample, (_, score)): (&Sample, &(String, f32))| Labelled {
            class: sample.class,
            anomalous: sample.is_anomalous(),
            score: *score,
        };
        let images: Vec<Labelled> = self.dataset.test.iter().zip(&self.scores).map(labelled).collect();
        let mut mistakes = mistakes(&images);
        mistakes.truncate(MISTAKES);
        mistakes
    }

    /// Keeps the pictures of a mistake.
    pub(super) fn add_mistake(&mut self, mistake: Mistake, image: &Prepared, mask: Option<Mask>, scored: Scored) {
        debug_assert_eq!(
            scored.value, self.scores[mistake.image].1,
            "a score follows from the pixels of its image alone"
        );
        let kept = self.keep(&self.dataset.test[mistake.image], image, mask, scored);
        self.wrong.push((mistake, kept));
    }

    /// Adds the scores of a further draw of an image, which do not count for the metrics.
    pub(super) fn again(&mut self, scored: &Scored, places: &[ImageNumber]) -> Result<(), ExperimentError> {
        let scores = scores(scored, &self.rules)?;
        for ((draws, place), score) in self.draws.iter_mut().zip(places).zip(scores) {
            draws.again(*place, score);
        }
        Ok(())
    }

    /// The results of all images; `draws` is how many were averaged.
    pub(super) fn finish(mut self, draws: u64) -> Result<Assessment, ExperimentError> {
        let mut singles = self.draws.into_iter();
        let (mut evaluations, mut curves) = (Vec::new(), Vec::new());
        for collector in self.collectors {
            let rules = collector.measure().protocol.rules();
            let Measured { mut evaluation, curves: drawn } = collector.measured(&mut |_, _| ())?;
            evaluation.variation = singles.next().map(|scores| scores.finish(draws, &rules)).transpose()?;
            evaluations.push(evaluation);
            curves.extend(drawn);
        }
        self.highest.sort_unstable_by(f32::total_cmp);
        self.middle.sort_unstable_by(f32::total_cmp);
        let at = |sorted: &[f32], share: usize| sorted.get(sorted.len() * share / 100).copied().unwrap_or(0.0);
        let low = at(&self.middle, 50);
        let high = at(&self.highest, 90).max(low + f32::EPSILON);
        let example = |kept| example(self.dataset, kept, low, high);
        let examples = self.kept.into_iter().map(example).collect();
        let mistake = |(mistake, kept): (Mistake, Kept<'a>)| Example {
            remark: Some(remark(mistake, kept.sample)),
            ..example(kept)
        };
        let mistakes = self.wrong.into_iter().map(mistake).collect();
        Ok(Assessment { evaluations, curves, examples, mistakes, colours: [low, high], scores: self.scores })
    }
}

/// Ids of the test samples that become examples.
fn examples(dataset: &Dataset) -> Vec<String> {
    let mut ids = Vec::new();
    for class in 0..dataset.classes.len() {
        let of_class = || dataset.test.iter().filter(move |sample| sample.class == class);
        ids.extend(of_class().filter(|sample| !sample.is_anomalous()).take(GOOD).map(|sample| sample.id.clone()));
        let mut kinds: Vec<&Option<String>> = Vec::new();
        for sample in of_class().filter(|sample| sample.is_anomalous()) {
            if !kinds.contains(&&sample.defect) && kinds.len() < DEFECTS {
                kinds.push(&sample.defect);
                ids.push(sample.id.clone());
            }
        }
    }
    ids
}

/// What is wrong with the score of an image.
fn remark(mistake: Mistake, sample: &Sample) -> String {
    let Mistake { wrong, of, .. } = mistake;
    if sample.is_anomalous() {
        format!("not above {wrong} of {of} good images")
    } else {
        format!("not below {wrong} of {of} anomalous images")
    }
}

fn example(dataset: &Dataset, kept: Kept<'_>, low: f32, high: f32) -> Example {
    let [height, width] = kept.scored.size.map(|n| n as u32);
    let mut panels = vec![Panel { label: "input".to_owned(), image: kept.input }];
    panels.extend(kept.scored.pictures.into_iter().map(|(label, image)| Panel { label, image }));
    panels.push(Panel {
        label: "heat map".to_owned(),
        image: picture::heat_map(&kept.scored.map, width, height, low, high),
    });
    let empty = vec![false; kept.scored.map.len()];
    let mask = kept.mask.as_ref().map_or(empty, Mask::anomalous);
    panels.push(Panel { label: "mask".to_owned(), image: picture::mask_image(&mask, width, height) });
    Example {
        class: dataset.classes[kept.sample.class].clone(),
        id: kept.sample.id.clone(),
        defect: kept.sample.defect.clone(),
        score: kept.scored.value,
        remark: None,
        panels,
    }
}
