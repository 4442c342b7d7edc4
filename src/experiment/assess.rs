//! Scores a test set: measures the metrics of all images, and picks examples for the report.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use image::RgbImage;
use rayon::prelude::*;

use crate::dataset::{Dataset, DatasetError, Mask, Sample};
use crate::evaluate::collect::{Collector, Observation};
use crate::evaluate::evaluation::Evaluation;
use crate::evaluate::score::{IMAGES_AT_ONCE, Scored, Scorer};
use crate::measure::{MaskResize, Measure};
use crate::report::{Example, Panel, picture};

use super::error::ExperimentError;
use super::model::Model;
use super::observer::Observer;

/// Examples of each class: good ones, and one of each kind of defect up to a number.
const GOOD: usize = 1;
const DEFECTS: usize = 4;

/// The results of a model on a test set.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The metrics: one evaluation for each measure.
    pub evaluations: Vec<Evaluation>,
    /// Example images.
    pub examples: Vec<Example>,
    /// Score of each test image, in the order of the data set: id, value.
    pub scores: Vec<(String, f32)>,
}

/// An example whose heat map is drawn when the range of all maps is known.
struct Kept<'a> {
    sample: &'a Sample,
    input: RgbImage,
    scored: Scored,
    mask: Option<Mask>,
}

/// Scores the test set and makes an evaluation for each of `measures`; `None` if `stop` is set while it runs.
///
/// # Errors
/// If an image or mask can't be read, the device fails, or a score is not finite.
pub fn assess(
    model: &mut Model<'_>,
    dataset: &Dataset,
    measures: &[Measure],
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Option<Assessment>, ExperimentError> {
    let rule = model.program.data.and_then(|format| format.mask);
    let mut scorer = Scorer::new(model.program, model.engine.as_mut(), model.seed)?;
    let mut collectors: Vec<Collector> =
        measures.iter().map(|measure| Collector::new(dataset.classes.clone(), measure.clone())).collect();
    let wanted = examples(dataset);
    let (mut kept, mut scores, mut highest, mut middle) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let chunks: Vec<&[Sample]> = dataset.test.chunks(IMAGES_AT_ONCE).collect();
    let is_marked = dataset.marked();
    let mut done = 0;
    std::thread::scope(|scope| {
        // Images are read one batch ahead.
        let (sender, receiver) = mpsc::sync_channel(1);
        scope.spawn(move || {
            for chunk in chunks {
                let read: Result<Vec<_>, DatasetError> =
                    chunk.par_iter().map(|sample| Ok((sample.image()?, sample.mask(rule)?))).collect();
                if sender.send((chunk, read)).is_err() {
                    return;
                }
            }
        });
        while let Ok((chunk, read)) = receiver.recv() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let (images, masks): (Vec<RgbImage>, Vec<Option<Mask>>) = read?.into_iter().unzip();
            let ids: Vec<&str> = chunk.iter().map(|sample| sample.id.as_str()).collect();
            let results = scorer.score(&images, &ids)?;
            for (((sample, image), mask), scored) in chunk.iter().zip(&images).zip(masks).zip(results) {
                let [height, width] = scored.size;
                let (columns, rows) = (width as u32, height as u32);
                let empty = vec![false; scored.map.len()];
                for collector in &mut collectors {
                    let rule = collector.measure().protocol.rules().mask;
                    let placed = |mask: &Mask| scorer.transform().mask(mask, rule).resized(columns, rows, rule);
                    let mask = mask.as_ref().map(placed);
                    collector.add(Observation {
                        class: sample.class,
                        id: &sample.id,
                        score: Some(scored.value),
                        anomalous: sample.is_anomalous(),
                        map: &scored.map,
                        mask: is_marked[sample.class].then_some(mask.as_ref().map_or(&empty, |mask| &mask.anomalous)),
                        size: scored.size,
                    })?;
                }
                let shown = |mask: Mask| scorer.transform().mask(&mask, MaskResize::Nearest);
                let mask = mask.map(|mask| shown(mask).resized_nearest(columns, rows));
                scores.push((sample.id.clone(), scored.value));
                let mut sorted = scored.map.clone();
                sorted.sort_unstable_by(f32::total_cmp);
                highest.push(sorted[sorted.len() - 1 - sorted.len() / 200]);
                middle.push(sorted[sorted.len() / 2]);
                if wanted.contains(&sample.id) {
                    kept.push(Kept { sample, input: scorer.transform().resize_u8(image), scored, mask });
                }
                done += 1;
            }
            observer.on_scored(done, dataset.test.len());
        }
        Ok::<Option<()>, ExperimentError>(Some(()))
    })?
    .map(|()| {
        highest.sort_unstable_by(f32::total_cmp);
        middle.sort_unstable_by(f32::total_cmp);
        let at = |sorted: &[f32], share: usize| sorted.get(sorted.len() * share / 100).copied().unwrap_or(0.0);
        let (low, high) = (at(&middle, 50), at(&highest, 90));
        let examples = kept.into_iter().map(|kept| example(dataset, kept, low, high.max(low + f32::EPSILON))).collect();
        let evaluations = collectors.into_iter().map(Collector::finish).collect::<Result<_, _>>()?;
        Ok(Assessment { evaluations, examples, scores })
    })
    .transpose()
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

fn example(dataset: &Dataset, kept: Kept<'_>, low: f32, high: f32) -> Example {
    let [height, width] = kept.scored.size.map(|n| n as u32);
    let mut panels = vec![Panel { label: "input".to_owned(), image: kept.input }];
    panels.extend(kept.scored.pictures.into_iter().map(|(label, image)| Panel { label, image }));
    panels.push(Panel {
        label: "heat map".to_owned(),
        image: picture::heat_map(&kept.scored.map, width, height, low, high),
    });
    let empty = vec![false; kept.scored.map.len()];
    let mask = kept.mask.as_ref().map_or(&empty, |mask| &mask.anomalous);
    panels.push(Panel { label: "mask".to_owned(), image: picture::mask_image(mask, width, height) });
    Example {
        class: dataset.classes[kept.sample.class].clone(),
        id: kept.sample.id.clone(),
        defect: kept.sample.defect.clone(),
        score: kept.scored.value,
        panels,
    }
}
