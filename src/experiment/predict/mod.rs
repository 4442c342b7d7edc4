//! Scores images that belong to no data set, and writes what is wanted of each.
//!
//! In: a model and a [`Source`] of images. Out: files in a directory, and a [`Row`] for each image in their order. While the
//! model scores some images, the next ones are read and those before are written. An image that can't be read or scored has a
//! row that says why, and ends nothing.

mod save;
mod source;
mod table;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use image::RgbImage;
use rayon::prelude::*;

use crate::dataset::transform::Transform;
use crate::evaluate::average::averages;
use crate::evaluate::score::{Prepared, ScoreError, Scored, Scorer};

use super::directory::RunDirectory;
use super::error::ExperimentError;
use super::model::Model;
use super::observer::Observer;

use save::{Predicted, Saver};

pub use save::{Row, Saved, Saving, ScoredImage};
pub use source::{Lines, Listed, Read, Source, Watched};
pub use table::{Columns, ScoreTable};

/// What came of all images.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Images that were scored.
    pub scored: usize,
    /// Images that could not be read or scored.
    pub failed: usize,
    /// Images whose scores are above the threshold.
    pub anomalous: usize,
    /// Images that note an orientation other than the one in which they are stored. It is not applied, as in data sets.
    pub turned: usize,
    /// The values of the darkest and the brightest colour, if any picture was drawn.
    pub colours: Option<[f32; 2]>,
    /// From the first image to the last file.
    pub time: Duration,
}

/// Images as they come to the model.
struct Batch {
    /// Those that can be scored.
    prepared: Vec<Prepared>,
    /// What is kept of those, in the same order.
    originals: Vec<Option<RgbImage>>,
    /// The files of all, and for those that can't be scored why not.
    images: Vec<(PathBuf, Option<String>)>,
    turned: usize,
}

/// Takes the row of an image, and the results if it could be scored.
pub type Tell<'a> = dyn FnMut(&Row, Option<&ScoredImage>) -> Result<(), ExperimentError> + Send + 'a;

/// Where the results of images go.
pub struct Results<'a> {
    /// What is written of each.
    pub saving: &'a Saving,
    /// Where that is written.
    pub directory: Option<&'a RunDirectory>,
    /// Is given the row of each image and what the model made of it, in their order, when its files have been written.
    pub tell: &'a mut Tell<'a>,
}

/// Scores the images of a source until it ends. Scores and maps are means over `draws`. If this fails, `stop` is set, at which
/// a source that waits ends.
///
/// # Errors
/// If the model can't score, the source or the device fails, or a file can't be written.
pub fn predict(
    model: &mut Model<'_>,
    source: &mut dyn Source,
    draws: NonZeroU64,
    results: Results<'_>,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Summary, ExperimentError> {
    let mut scorer = Scorer::new(model.program, model.engine.as_mut(), model.seed)?;
    let transform = *scorer.transform();
    let Results { saving, directory, tell } = results;
    let keeps_originals = saving.saved.contains(&Saved::Overlay);
    let count = source.count();
    let started = Instant::now();
    let (to_model, from_source) = mpsc::sync_channel::<Result<Batch, ExperimentError>>(1);
    let (to_files, from_model) = mpsc::sync_channel::<Vec<Predicted>>(2);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let batch = match source.next() {
                    Ok(None) => return,
                    Ok(Some(read)) => Ok(prepared(read, &transform, keeps_originals)),
                    Err(error) => Err(error),
                };
                let is_last = batch.is_err();
                if to_model.send(batch).is_err() || is_last {
                    return;
                }
            }
        });
        let writer = scope.spawn(move || write(&from_model, Saver::new(saving, directory, transform), tell));
        let mut turned = 0;
        let mut done = 0;
        let mut score = || -> Result<(), ExperimentError> {
            for batch in &from_source {
                let batch = batch?;
                turned += batch.turned;
                done += batch.images.len();
                // The writer only stops early because it failed, which is told below.
                if to_files.send(scored(&mut scorer, batch, draws)?).is_err() {
                    return Ok(());
                }
                if let Some(count) = count {
                    observer.on_scored(done, count);
                }
            }
            Ok(())
        };
        let result = score();
        // Both threads end when nobody takes or gives any more.
        drop((to_files, from_source));
        let written = writer.join().expect("writing does not panic");
        // What the writer says comes first: the rest followed from it.
        let summary = written.and_then(|written| result.map(|()| written));
        if summary.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        summary.map(|written| Summary { turned, time: started.elapsed(), ..written })
    })
}

/// Brings images to the size of the model.
fn prepared(read: Vec<Read>, transform: &Transform, keeps_originals: bool) -> Batch {
    let turned = read.iter().filter(|read| read.image.as_ref().is_ok_and(|image| image.is_turned)).count();
    let each: Vec<_> = read
        .into_par_iter()
        .map(|Read { path, image }| match image {
            Ok(image) => {
                let prepared = Prepared::new(&image.pixels, path.display().to_string(), transform);
                (path, Ok((prepared, keeps_originals.then_some(image.pixels))))
            }
            Err(error) => (path, Err(error.to_string())),
        })
        .collect();
    let mut batch = Batch { prepared: Vec::new(), originals: Vec::new(), images: Vec::new(), turned };
    for (path, image) in each {
        match image {
            Ok((prepared, original)) => {
                batch.prepared.push(prepared);
                batch.originals.push(original);
                batch.images.push((path, None));
            }
            Err(reason) => batch.images.push((path, Some(reason))),
        }
    }
    batch
}

/// The results of a batch. An image whose results are not finite has none; the others have the same alone as together.
fn scored(scorer: &mut Scorer<'_>, batch: Batch, draws: NonZeroU64) -> Result<Vec<Predicted>, ExperimentError> {
    let results: Vec<Result<Scored, String>> = match averages(scorer, &batch.prepared, draws) {
        Ok(scored) => scored.into_iter().map(Ok).collect(),
        Err(ScoreError::NotFinite { .. }) => {
            let alone = batch.prepared.iter().map(|image| match averages(scorer, std::slice::from_ref(image), draws) {
                Ok(mut scored) => Ok(Ok(scored.remove(0))),
                Err(error @ ScoreError::NotFinite { .. }) => Ok(Err(error.to_string())),
                Err(error @ (ScoreError::NoScore(_) | ScoreError::NoClass(_) | ScoreError::Run(_))) => Err(error),
            });
            alone.collect::<Result<_, _>>()?
        }
        Err(error @ (ScoreError::NoScore(_) | ScoreError::NoClass(_) | ScoreError::Run(_))) => return Err(error.into()),
    };
    let mut results = results.into_iter().zip(batch.prepared).zip(batch.originals);
    let each = batch.images.into_iter().map(|(path, reason)| {
        let result = match reason {
            Some(reason) => Err(reason),
            None => {
                let ((scored, prepared), original) = results.next().expect("each has a result");
                scored.map(|scored| ScoredImage { input: prepared.image, original, scored })
            }
        };
        Predicted { path, result }
    });
    Ok(each.collect())
}

/// Writes results as they come.
fn write(
    from_model: &mpsc::Receiver<Vec<Predicted>>,
    mut saver: Saver<'_>,
    tell: &mut Tell<'_>,
) -> Result<Summary, ExperimentError> {
    let mut summary = Summary::default();
    let mut told = |results: Vec<(Row, Predicted)>| {
        for (row, predicted) in &results {
            summary.scored += usize::from(row.score.is_some());
            summary.failed += usize::from(row.error.is_some());
            summary.anomalous += usize::from(row.anomalous == Some(true));
            tell(row, predicted.result.as_ref().ok())?;
        }
        Ok::<_, ExperimentError>(())
    };
    for results in from_model {
        told(saver.add(results)?)?;
    }
    told(saver.finish()?)?;
    summary.colours = saver.colours();
    Ok(summary)
}
