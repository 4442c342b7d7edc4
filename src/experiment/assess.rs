//! Scores a test set: measures the metrics of all images, and picks examples for the report.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use image::RgbImage;
use rayon::prelude::*;

use crate::dataset::transform::Transform;
use crate::dataset::{Dataset, DatasetError, Mask, Sample};
use crate::evaluate::average::averages;
use crate::evaluate::score::{IMAGES_AT_ONCE, Prepared, Scorer};
use crate::measure::Measure;

use super::error::ExperimentError;
use super::model::Model;
use super::observer::Observer;
use super::tally::{Assessment, Drawn, Tally};

/// If scores are random and drawn once, one image of this many is scored a second time, within the two bounds that follow.
const ONE_IN: usize = 10;
const AGAIN_AT_LEAST: usize = 8;
const AGAIN_AT_MOST: usize = 64;

/// How a test set is scored and measured.
#[derive(Clone, Debug)]
pub struct Scoring {
    /// What is measured, each in an evaluation of its own.
    pub measures: Vec<Measure>,
    /// The number of draws of which scores and maps are the mean.
    pub draws: NonZeroU64,
}

/// Scores the test set and makes its evaluations; `None` if `stop` is set while it runs. If there is one draw, and scores are
/// random, a few images are scored a second time, to say how much scores differ.
///
/// # Errors
/// If an image or mask can't be read, the device fails, or a score is not finite.
pub fn assess(
    model: &mut Model<'_>,
    dataset: &Dataset,
    scoring: &Scoring,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Option<Assessment>, ExperimentError> {
    let rule = model.program.data.and_then(|format| format.mask);
    let mut scorer = Scorer::new(model.program, model.engine.as_mut(), model.seed)?;
    let draws = scoring.draws.get();
    let compared = if scorer.is_random() { &scoring.measures[..] } else { &[] };
    let transform = *scorer.transform();
    let mut tally = Tally::new(dataset, &scoring.measures, compared, transform);
    let again = if scorer.is_random() && draws == 1 { drawn_again(dataset.test.len()) } else { Vec::new() };
    let mut waiting = Vec::new();
    let chunks: Vec<&[Sample]> = dataset.test.chunks(IMAGES_AT_ONCE).collect();
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
            let (images, masks): (Vec<RgbImage>, Vec<Option<Mask>>) = read?.into_iter().unzip();
            let samples = chunk.par_iter().zip(&images);
            let images: Vec<Prepared> = samples.map(|(sample, image)| prepared(sample, image, &transform)).collect();
            let mut drawn: Vec<Drawn> = Vec::new();
            for draw in 0..draws {
                if stop.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                for (i, scored) in scorer.score(&images, draw)?.into_iter().enumerate() {
                    match drawn.get_mut(i) {
                        Some(drawn) => drawn.add(&scored, tally.rules())?,
                        None => drawn.push(Drawn::of(scored, tally.rules())?),
                    }
                }
            }
            for (((sample, image), mask), drawn) in chunk.iter().zip(images).zip(masks).zip(drawn) {
                let places = tally.add(sample, &image, mask, drawn)?;
                if again.contains(&done) {
                    waiting.push((image, places));
                }
                done += 1;
            }
            observer.on_scored(done, dataset.test.len());
        }
        while !waiting.is_empty() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let rest = waiting.split_off(waiting.len().min(IMAGES_AT_ONCE));
            let (images, places): (Vec<Prepared>, Vec<_>) = std::mem::replace(&mut waiting, rest).into_iter().unzip();
            for (scored, places) in scorer.score(&images, draws)?.iter().zip(places) {
                tally.again(scored, &places)?;
            }
        }
        for mistake in tally.mistakes() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let sample = &dataset.test[mistake.image];
            let image = [prepared(sample, &sample.image()?, &transform)];
            let scored = averages(&mut scorer, &image, scoring.draws)?.swap_remove(0);
            let [image] = image;
            tally.add_mistake(mistake, &image, sample.mask(rule)?, scored);
        }
        tally.finish(draws).map(Some)
    })
}

fn prepared(sample: &Sample, image: &RgbImage, transform: &Transform) -> Prepared {
    Prepared::new(image, sample.id.clone(), transform).of_class(sample.class)
}

/// Which of `images` images are scored a second time: numbers from 0, evenly spread.
fn drawn_again(images: usize) -> Vec<usize> {
    let count = (images / ONE_IN).clamp(AGAIN_AT_LEAST, AGAIN_AT_MOST).min(images);
    (0..count).map(|number| number * images / count).collect()
}
