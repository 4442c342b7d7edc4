//! Saved predictions as observations: arrays that belong together, and the mask of each image by the rule of a protocol.
//!
//! What is then true: all arrays have one entry for each image, labels are 0 or 1, and maps and masks have shapes that can
//! be compared. Arrays that nothing here needs are not read.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::map_files::is_turned;
use crate::dataset::Mask;
use crate::diagnostic::one_of;
use crate::evaluate::collect::Observation;
use crate::evaluate::marks::{MarkRule, MaskValues};
use crate::evaluate::metric::Score;
use crate::evaluate::saved::{Array, SavedError, SavedFile, UNNAMED, Values};
use crate::measure::MaskResize;

/// What an array is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Anomaly maps.
    Maps,
    /// Masks.
    Masks,
    /// Scores of images.
    Scores,
    /// Whether images are anomalous.
    Labels,
    /// Names of classes.
    Classes,
    /// Names of images.
    Filenames,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 6] = [Role::Maps, Role::Masks, Role::Scores, Role::Labels, Role::Classes, Role::Filenames];

    /// The names under which tools save such an array, ours first.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Role::Maps => &["maps", "anomaly_maps", "anomaly_map", "preds", "pred"],
            Role::Masks => &["masks", "imgs_masks", "gt_masks", "gt_mask", "mask"],
            Role::Scores => &["scores", "pred_scores", "pred_score", "score", "anomalys"],
            Role::Labels => &["labels", "gt_labels", "gt_label", "label"],
            Role::Classes => &["classes", "class_names", "cls_names", "clsname", "class"],
            Role::Filenames => &["filenames", "files", "filename", "paths", "ids"],
        }
    }

    /// Our name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.names()[0]
    }
}

/// Files of arrays that belong to the same images. An array of a later file takes the place of one of an earlier.
pub struct Arrays {
    path: PathBuf,
    files: Vec<(SavedFile, Role)>,
    /// Names of arrays that the user gives.
    named: Vec<(Role, String)>,
}

impl Arrays {
    /// Opens a file; an array without a name in it is one of maps. `named` says how arrays are called, where they have none of
    /// the usual names.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn open(path: &Path, named: &[(Role, String)]) -> Result<Arrays, SavedError> {
        let files = vec![(SavedFile::open(path)?, Role::Maps)];
        Ok(Arrays { path: path.to_path_buf(), files, named: named.to_vec() })
    }

    /// Adds a file; an array without a name in it has this role.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn add(&mut self, path: &Path, role: Role) -> Result<(), SavedError> {
        self.files.push((SavedFile::open(path)?, role));
        Ok(())
    }

    /// Takes the array without a name in the first file as scores, where it has one number for each image.
    fn settle_unnamed(&mut self) {
        let has_scores = self.files.iter().any(|(_, role)| *role == Role::Scores);
        if let Some((_, role)) = self.files.first_mut().filter(|(file, _)| !has_scores && file.is_list()) {
            *role = Role::Scores;
        }
    }

    /// Reads the array of a role and its name, if there is one.
    fn take(&mut self, role: Role) -> Result<Option<(String, Array)>, SavedError> {
        let wanted = self.named.iter().find(|(named, _)| *named == role).map(|(_, name)| name.clone());
        for (file, unnamed) in self.files.iter_mut().rev() {
            let is_there = |name: &str| file.names().iter().any(|own| own == name);
            let found = match &wanted {
                Some(name) => is_there(name).then_some(name.as_str()),
                None if *unnamed == role && is_there(UNNAMED) => Some(UNNAMED),
                None => role.names().iter().copied().find(|name| is_there(name)),
            };
            if let Some(found) = found.map(str::to_owned) {
                let array = file.array(&found)?;
                return Ok(Some((if found == UNNAMED { role.name().to_owned() } else { found }, array)));
            }
        }
        match wanted {
            Some(name) => {
                let names = self.names();
                let help = one_of(&name, names.iter().map(String::as_str)).unwrap_or_default();
                Err(self.wrong(format!("there is no array `{name}`; {help}")))
            }
            None => Ok(None),
        }
    }

    fn names(&self) -> Vec<String> {
        self.files.iter().flat_map(|(file, _)| file.names()).filter(|name| *name != UNNAMED).cloned().collect()
    }

    fn wrong(&self, reason: String) -> SavedError {
        SavedError::Damaged { path: self.path.clone(), reason }
    }
}

/// Predictions for some images.
#[derive(Debug)]
pub struct Predictions {
    count: usize,
    maps: Option<Pictures>,
    masks: Option<Pictures>,
    scores: Option<Vec<f64>>,
    labels: Option<Vec<bool>>,
    classes: Option<Vec<String>>,
    files: Option<Vec<String>>,
}

/// Pictures of one size.
#[derive(Debug)]
struct Pictures {
    array: Array,
    count: usize,
    size: [usize; 2],
}

/// The prediction for one image.
#[derive(Debug, Clone)]
pub struct Prediction<'a, S> {
    /// The name of its class.
    pub class: &'a str,
    id: Cow<'a, str>,
    score: Option<f64>,
    label: Option<bool>,
    map: Vec<S>,
    size: [usize; 2],
    mask: Option<(Vec<f64>, [usize; 2])>,
}

impl Predictions {
    /// Puts arrays together.
    ///
    /// # Errors
    /// If there are neither maps nor scores, neither masks nor labels, no images, or an array has values or a shape that does
    /// not fit.
    pub fn new(mut arrays: Arrays) -> Result<Self, SavedError> {
        arrays.settle_unnamed();
        let maps = arrays.take(Role::Maps)?.map(pictures);
        let masks = arrays.take(Role::Masks)?.map(pictures);
        let scores = arrays.take(Role::Scores)?.map(numbers);
        let labels = arrays.take(Role::Labels)?.map(labels);
        let classes = arrays.take(Role::Classes)?.map(texts);
        let files = arrays.take(Role::Filenames)?.map(texts);
        let fail = |reason: String| arrays.wrong(reason);
        let (maps, masks) = (maps.transpose().map_err(fail)?, masks.transpose().map_err(fail)?);
        let (scores, labels) = (scores.transpose().map_err(fail)?, labels.transpose().map_err(fail)?);
        let (classes, files) = (classes.transpose().map_err(fail)?, files.transpose().map_err(fail)?);
        let names: Vec<String> = arrays.names().iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        if maps.is_none() && scores.is_none() {
            let how =
                "say which arrays are meant with `--keys maps=NAME,masks=NAME` or `--keys scores=NAME,labels=NAME`";
            return Err(fail(format!("it holds neither `maps` nor `scores`, but {names}; {how}")));
        }
        if masks.is_none() && labels.is_none() {
            let how =
                "add `--masks FILE`, or say which array is meant with `--keys masks=NAME` or `--keys labels=NAME`";
            return Err(fail(format!("there are neither `masks` nor `labels` to compare with, but {names}; {how}")));
        }
        let lengths = [
            (Role::Maps, maps.as_ref().map(|maps| maps.count)),
            (Role::Masks, masks.as_ref().map(|masks| masks.count)),
            (Role::Scores, scores.as_ref().map(Vec::len)),
            (Role::Labels, labels.as_ref().map(Vec::len)),
            (Role::Classes, classes.as_ref().map(Vec::len)),
            (Role::Filenames, files.as_ref().map(Vec::len)),
        ];
        let mut known = lengths.iter().filter_map(|(role, length)| Some((role.name(), (*length)?)));
        let (first, count) = known.next().expect("there are maps or scores");
        if let Some((name, other)) = known.find(|(_, other)| *other != count) {
            return Err(fail(format!("`{first}` is of {count} images, `{name}` of {other}")));
        }
        if let (Some(Pictures { size: map, .. }), Some(Pictures { size: mask, .. })) = (&maps, &masks)
            && is_turned(*map, *mask)
        {
            let [rows, columns, height, width] = [map[0], map[1], mask[0], mask[1]];
            return Err(fail(format!(
                "maps have {rows} rows and {columns} columns, masks {height} rows and {width} columns: one of them is turned; \
                 save `array.transpose(0, 2, 1)` of it"
            )));
        }
        if count == 0 {
            return Err(fail(format!("`{first}` is of no image: there is nothing to measure")));
        }
        Ok(Self { count, maps, masks, scores, labels, classes, files })
    }

    /// The number of images, at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether images have scores of their own.
    #[must_use]
    pub const fn have_scores(&self) -> bool {
        self.scores.is_some()
    }

    /// Rows and columns of the maps, if there are maps.
    #[must_use]
    pub fn map_size(&self) -> Option<[usize; 2]> {
        self.maps.as_ref().map(|maps| maps.size)
    }

    /// Whether the values of maps need 64 bits.
    #[must_use]
    pub fn are_wide(&self) -> bool {
        self.maps.as_ref().is_some_and(|maps| maps.array.is_wide())
    }

    /// The values of all masks.
    #[must_use]
    pub fn mask_values(&self) -> MaskValues {
        let mut values = MaskValues::default();
        if let Some(masks) = &self.masks {
            (0..masks.count).for_each(|index| values.add(masks.get::<f64>(index).into_iter()));
        }
        values
    }

    /// The class of each image.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        (0..self.count).map(|index| self.class(index))
    }

    /// One prediction; the scores of its map are of a type that holds them, if not [`Predictions::are_wide`] f32 is one.
    ///
    /// # Panics
    /// If `index` is not below [`Predictions::len`].
    #[must_use]
    pub fn get<S: Score>(&self, index: usize) -> Prediction<'_, S> {
        let id = match &self.files {
            Some(files) => Cow::Borrowed(&*files[index]),
            None => Cow::Owned(format!("image {index}")),
        };
        Prediction {
            class: self.class(index),
            id,
            score: self.scores.as_ref().map(|scores| scores[index]),
            label: self.labels.as_ref().map(|labels| labels[index]),
            map: self.maps.as_ref().map_or_else(Vec::new, |maps| maps.get(index)),
            size: self.map_size().unwrap_or_default(),
            mask: self.masks.as_ref().map(|masks| (masks.get(index), masks.size)),
        }
    }

    fn class(&self, index: usize) -> &str {
        self.classes.as_ref().map_or("all", |classes| &classes[index])
    }
}

impl Pictures {
    fn get<S: Score>(&self, index: usize) -> Vec<S> {
        let pixels = self.size[0] * self.size[1];
        self.array.scores(index * pixels..(index + 1) * pixels).expect("pictures are made of numbers")
    }
}

impl<S: Score> Prediction<'_, S> {
    /// Which pixels of the map are anomalous; nothing where there is no mask. A mask of another size than the map is reduced
    /// to good and anomalous before it is brought to that size as a protocol says.
    #[must_use]
    pub fn mask(&self, rule: MarkRule, resize: MaskResize) -> Option<Vec<bool>> {
        let (values, size) = self.mask.as_ref()?;
        let marked: Vec<bool> = values.iter().map(|&value| rule.marks(value, resize)).collect();
        if *size == self.size {
            return Some(marked);
        }
        let [[height, width], [rows, columns]] = [*size, self.size].map(|size| size.map(|side| side as u32));
        Some(if self.map.is_empty() {
            Vec::new()
        } else {
            Mask::new(width, height, &marked).resized(columns, rows, resize).anomalous()
        })
    }

    /// The observation for a collector in which the class has this index; `mask` is that of the map. Without a label an image
    /// is anomalous if a pixel of its mask is, before that is brought to another size.
    #[must_use]
    pub fn observation<'a>(
        &'a self,
        class: usize,
        mask: Option<&'a [bool]>,
        rule: MarkRule,
        resize: MaskResize,
    ) -> Observation<'a, S> {
        let marked = || self.mask.iter().flat_map(|(values, _)| values).any(|&value| rule.marks(value, resize));
        Observation {
            class,
            id: &self.id,
            score: self.score,
            anomalous: self.label.unwrap_or_else(marked),
            map: &self.map,
            mask,
            size: self.size,
        }
    }
}

fn pictures((name, array): (String, Array)) -> Result<Pictures, String> {
    let shape = array.shape.clone();
    let [count, rows, columns] =
        array.pictures().ok_or_else(|| format!("`{name}` has the shape {shape:?}; pictures are [N, H, W]"))?;
    match array.values {
        Values::Texts(_) => Err(format!("`{name}` holds texts, not pictures")),
        Values::Numbers(_) | Values::Wide(_) if rows == 0 || columns == 0 => {
            Err(format!("`{name}` has the shape {shape:?}, which has no pixels"))
        }
        Values::Numbers(_) | Values::Wide(_) => Ok(Pictures { array, count, size: [rows, columns] }),
    }
}

fn numbers((name, array): (String, Array)) -> Result<Vec<f64>, String> {
    let count = array.shape.iter().product();
    array.scores(0..count).ok_or_else(|| format!("`{name}` holds texts, not numbers"))
}

fn labels((name, array): (String, Array)) -> Result<Vec<bool>, String> {
    let label = |(index, value): (usize, &f64)| match *value {
        0.0 => Ok(false),
        1.0 => Ok(true),
        other => Err(format!("`{name}` holds {other} for image {index}; a label is 0 for good or 1 for anomalous")),
    };
    numbers((name.clone(), array))?.iter().enumerate().map(label).collect()
}

fn texts((name, array): (String, Array)) -> Result<Vec<String>, String> {
    if let Values::Texts(texts) = array.values {
        return Ok(texts);
    }
    let values = numbers((name.clone(), array))?;
    if values.iter().any(|value| value.fract() != 0.0) {
        return Err(format!("`{name}` holds numbers that are no names"));
    }
    Ok(values.iter().map(|value| format!("{value:.0}")).collect())
}
