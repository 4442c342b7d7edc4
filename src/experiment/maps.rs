//! Anomaly maps that another tool has saved in a folder, matched with the test images of a data set.
//!
//! In: a folder with one file per test image, named as the image is in the data set: a float .npy or a grey PNG in place of
//! `bottle/test/crack/000.png`. Out: observations, a few images at a time. What is then true: each test image has exactly
//! one map, all maps are files of one kind, and all are of the size of their image or all of one size.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::{ExperimentError, MapsError};
use crate::dataset::{Dataset, Sample, image_size, read_levels};
use crate::evaluate::collect::{Collector, Observation};
use crate::evaluate::saved;
use crate::measure::MaskResize;

/// Files that can be maps.
const ENDINGS: [&str; 2] = ["npy", "png"];
/// Names that are listed in a message; the rest is counted.
const SHOWN: usize = 4;
/// Images whose maps and masks are in memory at once.
const TOGETHER: usize = 16;

/// The map of each test image of a data set.
#[derive(Debug)]
pub struct Maps<'a> {
    dataset: &'a Dataset,
    paths: Vec<PathBuf>,
    /// What a reader must know about the maps to judge the metrics, one sentence each.
    pub remarks: Vec<String>,
}

/// A file of a folder: its path below the folder, parted by `/`, without and with its ending.
type Files = BTreeMap<String, Vec<(String, PathBuf)>>;

impl<'a> Maps<'a> {
    /// Finds the map of each test image, and reads the headers of all.
    ///
    /// # Errors
    /// If the folder can't be listed, an image has no map or two, maps are of two kinds, or one is of a wrong size.
    pub fn find(folder: &Path, dataset: &'a Dataset) -> Result<Self, ExperimentError> {
        let mut files = Files::new();
        list(folder, "", &mut files)?;
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
        let ending = |path: &Path| path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        if let Some(second) = paths.iter().find(|path| ending(path) != ending(&paths[0])) {
            return Err(MapsError::Kinds { first: paths[0].clone(), second: second.clone() }.into());
        }
        let remarks = [surplus(folder, &files, &users), sizes(dataset, &paths)?].into_iter().flatten().collect();
        Ok(Self { dataset, paths, remarks })
    }

    /// Adds every map and its mask to `collectors`. `watch` is called with the number of maps that are done and of all.
    ///
    /// # Errors
    /// If a map or mask can't be read, or a value of a map is NaN or infinite.
    pub fn measure(
        &mut self,
        collectors: &mut [Collector],
        watch: &mut dyn FnMut(usize, usize),
    ) -> Result<(), ExperimentError> {
        let rules: Vec<MaskResize> = collectors.iter().map(|c| c.measure().protocol.rules().mask).collect();
        let mut ranges = BTreeSet::new();
        let mut depth = None;
        let (mut done, all) = (0, self.paths.len());
        for (samples, paths) in self.dataset.test.chunks(TOGETHER).zip(self.paths.chunks(TOGETHER)) {
            let pairs = samples.par_iter().zip(paths);
            let read: Vec<Shown> = pairs.map(|(sample, path)| shown(sample, path, &rules)).collect::<Result<_, _>>()?;
            for (sample, shown) in samples.iter().zip(&read) {
                ranges.insert(shown.range());
                depth = depth.or(shown.bits);
                for (collector, mask) in collectors.iter_mut().zip(&shown.masks) {
                    collector.add(Observation {
                        class: sample.class,
                        id: &sample.id,
                        score: None,
                        anomalous: sample.is_anomalous(),
                        map: &shown.values,
                        mask: sample.is_marked().then_some(mask),
                        size: shown.size,
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
struct Shown {
    values: Vec<f32>,
    size: [usize; 2],
    bits: Option<u8>,
    masks: Vec<Vec<bool>>,
}

impl Shown {
    /// The bits of its lowest and its highest value.
    fn range(&self) -> (u32, u32) {
        let low = self.values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = self.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        (low.to_bits(), high.to_bits())
    }
}

fn shown(sample: &Sample, path: &Path, rules: &[MaskResize]) -> Result<Shown, ExperimentError> {
    let (values, size, bits) = if is_npy(path) {
        let (values, size) = saved::read_map(path)?;
        (values, size, None)
    } else {
        let levels = read_levels(path)?;
        (levels.values, [levels.height as usize, levels.width as usize], Some(levels.bits))
    };
    let mask = sample.mask(None)?;
    let [rows, columns] = size.map(|side| side as u32);
    let placed = |rule: &MaskResize| match &mask {
        Some(mask) if (mask.width, mask.height) == (columns, rows) => mask.anomalous(),
        Some(mask) => mask.resized(columns, rows, *rule).anomalous(),
        None => vec![false; values.len()],
    };
    let masks = rules.iter().map(placed).collect();
    Ok(Shown { values, size, bits, masks })
}

fn is_npy(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy"))
}

/// Lists all files below a folder except hidden ones; does not follow links to folders.
fn list(folder: &Path, above: &str, files: &mut Files) -> Result<(), ExperimentError> {
    let fail = |source| saved::SavedError::Read { path: folder.to_path_buf(), source };
    let entries = std::fs::read_dir(folder).map_err(fail)?.collect::<Result<Vec<_>, _>>().map_err(fail)?;
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let is_folder = path.is_dir();
        // Not what systems leave behind; but the folder of a class may have any name.
        let is_passed_over = if is_folder { path.is_symlink() } else { name.starts_with('.') };
        if is_passed_over {
            continue;
        }
        let below = if above.is_empty() { name } else { format!("{above}/{name}") };
        if is_folder {
            list(&path, &below, files)?;
        } else {
            files.entry(stem(&below).to_owned()).or_default().push((below, path));
        }
    }
    Ok(())
}

/// A path without its ending.
fn stem(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') => stem,
        _ => path,
    }
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

fn first_few<'a>(names: impl Iterator<Item = &'a str>, count: usize) -> String {
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    match count.saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
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

/// Checks the sizes of all maps, from their headers; a remark if masks have to be resized.
fn sizes(dataset: &Dataset, paths: &[PathBuf]) -> Result<Option<String>, ExperimentError> {
    let of = |(sample, path): (&Sample, &PathBuf)| -> Result<([usize; 2], [usize; 2]), ExperimentError> {
        let sides = |(width, height): (u32, u32)| [height as usize, width as usize];
        let map = if is_npy(path) { saved::map_size(path)? } else { sides(image_size(path)?) };
        Ok((map, sides(sample.size()?)))
    };
    let sizes: Vec<_> = dataset.test.par_iter().zip(paths).map(of).collect();
    let sizes = sizes.into_iter().collect::<Result<Vec<_>, _>>()?;
    let Some(unlike) = sizes.iter().position(|(map, image)| map != image) else { return Ok(None) };
    // Maps that fit their image say nothing of the others; one that does not sets the size of all.
    let common = sizes[unlike].0;
    match sizes.iter().position(|(map, _)| *map != common) {
        None => {
            let [height, width] = common;
            Ok(Some(format!("maps are {height}x{width}, not of the size of their images: masks are resized to them")))
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
fn stretched(ranges: &BTreeSet<(u32, u32)>, maps: usize) -> Option<String> {
    let (low, high) = ranges.first().map(|&(low, high)| (f32::from_bits(low), f32::from_bits(high)))?;
    (maps > 2 && ranges.len() == 1 && low < high).then(|| {
        format!(
            "each of the {maps} maps runs from {low} to {high}: if each was stretched on its own, scores of different \
             images can't be compared, and no metric over several images means anything"
        )
    })
}
