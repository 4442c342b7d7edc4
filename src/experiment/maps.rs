//! Anomaly maps that another tool has saved in a folder, matched with the test images of a data set.
//!
//! In: a folder with one file per test image, named as the image is in the data set: an .npy, a TIFF or a grey PNG in place of
//! `bottle/test/crack/000.png`. Out: observations, a few images at a time. What is then true: each test image has exactly
//! one map, all maps are files of one kind, and all are of the size of their image or all of one size.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::{ExperimentError, MapsError};
use super::map_files::{ENDINGS, Files, MapValues, first_few, header, is_turned, kind, list, stem};
use crate::dataset::{Dataset, Sample};
use crate::diagnostic::significant;
use crate::evaluate::collect::{Collector, Observation};
use crate::evaluate::metric::Score;
use crate::measure::MaskResize;

/// Images whose maps and masks are in memory at once.
const TOGETHER: usize = 16;

/// The map of each test image of a data set.
#[derive(Debug)]
pub struct Maps<'a> {
    dataset: &'a Dataset,
    paths: Vec<PathBuf>,
    is_wide: bool,
    /// What a reader must know about the maps to judge the metrics, one sentence each.
    pub remarks: Vec<String>,
}

impl<'a> Maps<'a> {
    /// Finds the map of each test image, and reads the headers of all.
    ///
    /// # Errors
    /// If the folder can't be listed, an image has no map or two, maps are of two kinds, or one is of a wrong size.
    pub fn find(folder: &Path, dataset: &'a Dataset) -> Result<Self, ExperimentError> {
        let files = list(folder)?;
        let mut paths: Vec<PathBuf> = Vec::new();
        let mut missing: Vec<&Sample> = Vec::new();
        let mut users: BTreeMap<PathBuf, &str> = BTreeMap::new();
        for sample in &dataset.test {
            let Some(path) = map_of(&sample.id, &files)? else {
                missing.push(sample);
                continue;
            };
            if let Some(other) = users.insert(path.clone(), &sample.id) {
                let shown = path.display();
                let why = format!(
                    "`{shown}` would be the map of `{other}` and of `{}`: name maps `IMAGE.png.npy`",
                    sample.id
                );
                return Err(MapsError::Ambiguous(why).into());
            }
            paths.push(path);
        }
        if let Some(first) = missing.first() {
            return Err(lacking(folder, &files, &missing, first, dataset.test.len()).into());
        }
        if let Some(second) = paths.iter().find(|path| kind(path) != kind(&paths[0])) {
            return Err(MapsError::Kinds { first: paths[0].clone(), second: second.clone() }.into());
        }
        let headers: Vec<_> = paths.par_iter().map(|path| header(path)).collect();
        let headers = headers.into_iter().collect::<Result<Vec<_>, _>>()?;
        let is_wide = headers.iter().any(|header| header.is_wide);
        let sizes: Vec<[usize; 2]> = headers.iter().map(|header| header.size).collect();
        let remarks = [surplus(folder, &files, &users), compared(dataset, &paths, &sizes)?];
        Ok(Self { dataset, paths, is_wide, remarks: remarks.into_iter().flatten().collect() })
    }

    /// Whether the values of maps need 64 bits.
    #[must_use]
    pub const fn are_wide(&self) -> bool {
        self.is_wide
    }

    /// Adds every map and its mask to `collectors`. `watch` is called with the number of maps that are done and of all.
    ///
    /// # Errors
    /// If a map or mask can't be read, or a value of a map is NaN or infinite.
    pub fn measure<S: Score>(
        &mut self,
        collectors: &mut [Collector<S>],
        watch: &mut dyn FnMut(usize, usize),
    ) -> Result<(), ExperimentError> {
        let rules: Vec<MaskResize> = collectors.iter().map(|c| c.measure().protocol.rules().mask).collect();
        let mut ranges = BTreeSet::new();
        let mut depth = None;
        let (mut done, all) = (0, self.paths.len());
        for (samples, paths) in self.dataset.test.chunks(TOGETHER).zip(self.paths.chunks(TOGETHER)) {
            let pairs = samples.par_iter().zip(paths);
            let read: Vec<Shown<S>> =
                pairs.map(|(sample, path)| shown(sample, path, &rules)).collect::<Result<_, _>>()?;
            for (sample, shown) in samples.iter().zip(&read) {
                ranges.insert(shown.range());
                depth = depth.or(shown.map.bits);
                for (collector, mask) in collectors.iter_mut().zip(&shown.masks) {
                    collector.add(Observation {
                        class: sample.class,
                        id: &sample.id,
                        score: None,
                        anomalous: sample.is_anomalous(),
                        map: &shown.map.values,
                        mask: sample.is_marked().then_some(mask),
                        size: shown.map.size,
                    })?;
                }
            }
            done += read.len();
            watch(done, all);
        }
        self.remarks.extend(stretched(&ranges, all));
        if depth == Some(8) {
            let words =
                "maps of 8 bits have at most 256 values, so that many pixels tie; 16 bits or .npy tell more apart";
            self.remarks.push(words.to_owned());
        }
        Ok(())
    }
}

/// A map and its mask by each of some rules.
struct Shown<S> {
    map: MapValues<S>,
    masks: Vec<Vec<bool>>,
}

impl<S: Score> Shown<S> {
    /// The bits of its lowest and its highest value.
    fn range(&self) -> (u64, u64) {
        let values = || self.map.values.iter().map(|&value| value.into());
        (values().fold(f64::INFINITY, f64::min).to_bits(), values().fold(f64::NEG_INFINITY, f64::max).to_bits())
    }
}

fn shown<S: Score>(sample: &Sample, path: &Path, rules: &[MaskResize]) -> Result<Shown<S>, ExperimentError> {
    let map = MapValues::read(path)?;
    let mask = sample.mask(None)?;
    let [rows, columns] = map.size.map(|side| side as u32);
    let placed = |rule: &MaskResize| match &mask {
        Some(mask) if (mask.width, mask.height) == (columns, rows) => mask.anomalous(),
        Some(mask) => mask.resized(columns, rows, *rule).anomalous(),
        None => vec![false; map.values.len()],
    };
    let masks = rules.iter().map(placed).collect();
    Ok(Shown { map, masks })
}

/// The map of an image: named with the ending of the image and its own, or with its own alone.
fn map_of(id: &str, files: &Files) -> Result<Option<PathBuf>, MapsError> {
    let named = |key: &str| -> Vec<&(String, PathBuf)> {
        let is_map = |file: &&(String, PathBuf)| {
            ENDINGS.iter().any(|ending| file.0.to_lowercase() == format!("{}.{ending}", key.to_lowercase()))
        };
        files.get(key).into_iter().flatten().filter(is_map).collect()
    };
    let found: Vec<_> = [named(id), named(stem(id))].into_iter().flatten().collect();
    match found.as_slice() {
        [] => Ok(None),
        [(_, path)] => Ok(Some(path.clone())),
        [(_, first), (_, second), ..] => {
            let (first, second) = (first.display(), second.display());
            Err(MapsError::Ambiguous(format!("`{first}` and `{second}` are both maps of `{id}`: remove one")))
        }
    }
}

/// The error for images without a map: which they are, and which files lie in their place.
fn lacking(folder: &Path, files: &Files, missing: &[&Sample], first: &Sample, of: usize) -> MapsError {
    let others = files.get(stem(&first.id)).into_iter().flatten().map(|file| &file.1);
    let hint = match (others.into_iter().next(), files.values().flatten().next()) {
        (Some(other), _) => format!("; `{}` is of a kind that is not read", other.display()),
        (None, Some((_, other))) if missing.len() == of => format!("; found there is `{}`", other.display()),
        (None, Some(_)) => String::new(),
        (None, None) => "; the folder is empty".to_owned(),
    };
    let names = first_few(missing.iter().map(|sample| sample.id.as_str()), missing.len());
    let expected = folder.join(format!("{}.npy", stem(&first.id)));
    MapsError::Missing { missing: missing.len(), of, names, expected, hint }
}

/// Files that are the map of no test image.
fn surplus(folder: &Path, files: &Files, users: &BTreeMap<PathBuf, &str>) -> Option<String> {
    let unused: Vec<&str> =
        files.values().flatten().filter(|file| !users.contains_key(&file.1)).map(|file| file.0.as_str()).collect();
    let names = first_few(unused.iter().copied(), unused.len());
    let words = if unused.len() == 1 { "file is the map" } else { "files are maps" };
    let shown = folder.display();
    (!unused.is_empty()).then(|| format!("{} {words} of no test image in `{shown}`: {names}", unused.len()))
}

/// Compares the sizes of all maps with those of their images; a remark if masks have to be resized.
fn compared(dataset: &Dataset, paths: &[PathBuf], maps: &[[usize; 2]]) -> Result<Option<String>, ExperimentError> {
    let side = |sample: &Sample| sample.size().map(|(width, height)| [height as usize, width as usize]);
    let images: Vec<_> = dataset.test.par_iter().map(side).collect();
    let images: Vec<[usize; 2]> = images.into_iter().collect::<Result<_, _>>()?;
    let sizes: Vec<_> = maps.iter().copied().zip(images).collect();
    let Some(unlike) = sizes.iter().position(|(map, image)| map != image) else { return Ok(None) };
    if sizes.iter().all(|&(map, image)| is_turned(map, image) || (map == image && map[0] == map[1])) {
        let (path, (size, image)) = (paths[unlike].clone(), sizes[unlike]);
        return Err(MapsError::Turned { path, size, of: "image", other: image }.into());
    }
    // Maps that fit their image say nothing of the others; one that does not sets the size of all.
    let common = sizes[unlike].0;
    match sizes.iter().position(|(map, _)| *map != common) {
        None => {
            let [height, width] = common;
            let size = format!("{height}x{width} (height x width)");
            Ok(Some(format!("maps are {size}, not of the size of their images: masks are resized to them")))
        }
        Some(other) => {
            let (at, beside) = if sizes[other].0 == sizes[other].1 { (unlike, other) } else { (other, unlike) };
            let (size, image) = sizes[at];
            let (path, other, common) = (paths[at].clone(), paths[beside].clone(), sizes[beside].0);
            Err(MapsError::Size { path, size, image, other, common }.into())
        }
    }
}

/// Maps that all have the same lowest and highest value were probably brought to it one by one.
fn stretched(ranges: &BTreeSet<(u64, u64)>, maps: usize) -> Option<String> {
    let (low, high) = ranges.first().map(|&(low, high)| (f64::from_bits(low), f64::from_bits(high)))?;
    (maps > 2 && ranges.len() == 1 && low < high).then(|| {
        format!(
            "each of the {maps} maps runs from {} to {}: if each was stretched on its own, scores of different \
             images can't be compared, and no metric over several images means anything",
            significant(low),
            significant(high),
        )
    })
}
