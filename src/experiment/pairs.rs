//! Two folders: anomaly maps of another tool, and masks with the same names. No data set is needed.
//!
//! A map `screw/000.npy` has the mask `screw/000.png` or `screw/000_mask.png`. What is then true: each mask belongs to one
//! map; a map without a mask is that of a good image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::{ExperimentError, MapsError};
use super::map_files::{ENDINGS, Files, MapValues, first_few, header, is_turned, kind, list, stem};
use crate::dataset::Mask;
use crate::diagnostic::count;
use crate::evaluate::collect::{Collector, Observation};
use crate::evaluate::marks::{MarkRule, MaskValues};
use crate::evaluate::metric::Score;
use crate::evaluate::saved::MapHeader;
use crate::measure::MaskResize;

/// Endings of images, which a name may have before that of its map or mask.
const IMAGES: [&str; 8] = [".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif"];
/// Maps that are in memory at once.
const TOGETHER: usize = 16;

/// Maps and their masks.
#[derive(Debug)]
pub struct Pairs {
    all: Vec<Pair>,
    is_wide: bool,
    rule: MarkRule,
    /// What a reader must know to judge the metrics, one sentence each.
    pub remarks: Vec<String>,
}

#[derive(Debug)]
struct Pair {
    name: String,
    map: PathBuf,
    mask: Option<PathBuf>,
}

impl Pairs {
    /// Finds maps and masks, reads the headers of maps, and looks at all masks. A value of a mask above `limit` marks a pixel,
    /// or else what their common rule says.
    ///
    /// # Errors
    /// If a folder can't be listed, there are no maps or no masks, a mask belongs to no map, a map or mask is there twice, maps
    /// are of two kinds, or a mask can't be read.
    pub fn find(maps: &Path, masks: &Path, limit: Option<f64>) -> Result<Pairs, ExperimentError> {
        let (of_maps, of_masks) = (list(maps)?, list(masks)?);
        let map_files = named(&of_maps, &BTreeSet::new())?;
        let names: BTreeSet<&str> = map_files.keys().map(String::as_str).collect();
        let mut mask_files = named(&of_masks, &names)?;
        for (folder, files, all) in [(maps, &map_files, &of_maps), (masks, &mask_files, &of_masks)] {
            if files.is_empty() {
                return Err(nothing_in(folder, all).into());
            }
        }
        let pair = |(name, map): (&String, &PathBuf)| Pair {
            name: name.clone(),
            map: map.clone(),
            mask: mask_files.remove(name),
        };
        let pairs: Vec<Pair> = map_files.iter().map(pair).collect();
        if let Some(first) = mask_files.values().next() {
            let names = first_few(mask_files.keys().map(String::as_str), mask_files.len());
            return Err(MapsError::NoMap { names, first: first.clone(), maps: maps.to_path_buf() }.into());
        }
        if let Some(second) = pairs.iter().find(|pair| kind(&pair.map) != kind(&pairs[0].map)) {
            return Err(MapsError::Kinds { first: pairs[0].map.clone(), second: second.map.clone() }.into());
        }
        let headers: Vec<_> = pairs.par_iter().map(|pair| header(&pair.map)).collect();
        let headers = headers.into_iter().collect::<Result<Vec<_>, _>>()?;
        check_orientation(&pairs, &headers)?;
        let is_wide = headers.iter().any(|header| header.is_wide);
        let looked: Vec<_> = pairs.par_iter().filter_map(|pair| pair.mask.as_deref()).map(values).collect();
        let mut all = MaskValues::default();
        for values in looked {
            all.join(&values?);
        }
        let (rule, remark) = all.rule(limit).map_err(MapsError::Masks)?;
        let sizes: BTreeSet<[usize; 2]> = headers.iter().map(|header| header.size).collect();
        let remarks = [remark, without_mask(&pairs), several_sizes(&sizes)].into_iter().flatten().collect();
        Ok(Pairs { all: pairs, is_wide, rule, remarks })
    }

    /// Whether the values of maps need 64 bits.
    #[must_use]
    pub const fn are_wide(&self) -> bool {
        self.is_wide
    }

    /// Adds every map and its mask to `collectors`, which have one class. `watch` is called with the number of maps that are
    /// done and of all.
    ///
    /// # Errors
    /// If a map or mask can't be read, or a value of a map is NaN or infinite.
    pub fn measure<S: Score>(
        &self,
        collectors: &mut [Collector<S>],
        watch: &mut dyn FnMut(usize, usize),
    ) -> Result<(), ExperimentError> {
        let rules: Vec<MaskResize> = collectors.iter().map(|c| c.measure().protocol.rules().mask).collect();
        let mut done = 0;
        for pairs in self.all.chunks(TOGETHER) {
            let read: Vec<_> = pairs.par_iter().map(|pair| self.read::<S>(pair, &rules)).collect();
            for (pair, read) in pairs.iter().zip(read) {
                let (map, masks) = read?;
                for (collector, (mask, anomalous)) in collectors.iter_mut().zip(&masks) {
                    collector.add(Observation {
                        class: 0,
                        id: &pair.name,
                        score: None,
                        anomalous: *anomalous,
                        map: &map.values,
                        mask: Some(mask),
                        size: map.size,
                    })?;
                }
            }
            done += pairs.len();
            watch(done, self.all.len());
        }
        Ok(())
    }

    /// A map, and for each rule its mask and whether the image is anomalous.
    fn read<S: Score>(&self, pair: &Pair, rules: &[MaskResize]) -> Result<Read<S>, ExperimentError> {
        let map = MapValues::<S>::read(&pair.map)?;
        let Some(mask) = &pair.mask else {
            let masks = vec![(vec![false; map.values.len()], false); rules.len()];
            return Ok((map, masks));
        };
        let mask = levels(mask)?;
        let placed = |rule: &MaskResize| {
            let marked: Vec<bool> = mask.values.iter().map(|&value| self.rule.marks(value, *rule)).collect();
            let anomalous = marked.contains(&true);
            if mask.size == map.size {
                return (marked, anomalous);
            }
            let [[height, width], [rows, columns]] = [mask.size, map.size].map(|size| size.map(|side| side as u32));
            (Mask::new(width, height, &marked).resized(columns, rows, *rule).anomalous(), anomalous)
        };
        let masks = rules.iter().map(placed).collect();
        Ok((map, masks))
    }
}

/// The error for a folder without a file that is read.
pub(super) fn nothing_in(folder: &Path, files: &Files) -> MapsError {
    let all: Vec<&str> = files.values().flatten().map(|(below, _)| below.as_str()).collect();
    let others = match all.first() {
        Some(first) => format!(", but {} of other kinds, such as `{first}`", count(all.len(), "file")),
        None => String::new(),
    };
    MapsError::None { folder: folder.to_path_buf(), others }
}

/// Refuses maps that are all turned, as far as their masks tell it.
fn check_orientation(pairs: &[Pair], headers: &[MapHeader]) -> Result<(), ExperimentError> {
    let with_mask = pairs.par_iter().zip(headers).filter_map(|(pair, own)| Some((pair, own, pair.mask.as_deref()?)));
    let sizes: Vec<_> = with_mask.map(|(pair, own, mask)| Ok((pair, own.size, header(mask)?.size))).collect();
    let sizes: Vec<(&Pair, [usize; 2], [usize; 2])> = sizes.into_iter().collect::<Result<_, ExperimentError>>()?;
    let mut unlike = sizes.iter().filter(|(_, map, mask)| map != mask);
    let Some((pair, size, other)) = unlike.next() else { return Ok(()) };
    if sizes.iter().all(|(_, map, mask)| is_turned(*map, *mask) || (map == mask && map[0] == map[1])) {
        let (path, size, other) = (pair.map.clone(), *size, *other);
        return Err(MapsError::Turned { path, size, of: "mask", other }.into());
    }
    Ok(())
}

/// A map, and for each protocol which of its pixels are anomalous and whether its image is.
type Read<S> = (MapValues<S>, Vec<(Vec<bool>, bool)>);

/// Files by the name of their image: without the ending, without that of the image, and without `_mask`, unless the whole is
/// one of `known`.
fn named(files: &Files, known: &BTreeSet<&str>) -> Result<BTreeMap<String, PathBuf>, MapsError> {
    let mut named: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (below, path) in files.values().flatten() {
        if !ENDINGS.contains(&kind(path).as_str()) {
            continue;
        }
        let bare = stem(below);
        let bare = IMAGES.iter().find_map(|ending| bare.strip_suffix(ending)).unwrap_or(bare);
        let name = if known.contains(bare) { bare } else { bare.strip_suffix("_mask").unwrap_or(bare) };
        if let Some(first) = named.insert(name.to_owned(), path.clone()) {
            let (first, second) = (first.display(), path.display());
            return Err(MapsError::Ambiguous(format!("`{first}` and `{second}` are both of `{name}`: remove one")));
        }
    }
    Ok(named)
}

/// A mask; levels of a picture as they are in the file, of a coloured one its brightness.
fn levels(path: &Path) -> Result<MapValues<f64>, ExperimentError> {
    let mut mask = MapValues::<f64>::read_mask(path)?;
    if let Some(bits) = mask.bits {
        let highest = f64::from((1_u32 << bits) - 1);
        mask.values.iter_mut().for_each(|value| *value = (*value * highest).round());
    }
    Ok(mask)
}

fn values(path: &Path) -> Result<MaskValues, ExperimentError> {
    let mut values = MaskValues::default();
    values.add(levels(path)?.values.into_iter());
    Ok(values)
}

fn without_mask(pairs: &[Pair]) -> Option<String> {
    let good: Vec<&str> = pairs.iter().filter(|pair| pair.mask.is_none()).map(|pair| pair.name.as_str()).collect();
    let names = first_few(good.iter().copied(), good.len());
    let words = if good.len() == 1 { "has no mask and counts" } else { "have no mask and count" };
    (!good.is_empty()).then(|| format!("{} of {} maps {words} as of a good image: {names}", good.len(), pairs.len()))
}

/// A remark if pixels of some maps count more than those of others.
pub(crate) fn several_sizes(sizes: &BTreeSet<[usize; 2]>) -> Option<String> {
    let shown: Vec<String> = sizes.iter().take(4).map(|[height, width]| format!("{height}x{width}")).collect();
    (sizes.len() > 1).then(|| {
        format!(
            "maps are of {} sizes ({}, height x width): an image with a larger map counts more in pixel metrics",
            sizes.len(),
            shown.join(", ")
        )
    })
}
