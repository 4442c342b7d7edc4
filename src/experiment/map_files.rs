//! Files of anomaly maps and masks in a folder: which there are, and what they hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::ExperimentError;
use crate::dataset::{DatasetError, Levels, image_size, read_brightness, read_levels};
use crate::evaluate::metric::Score;
use crate::evaluate::saved::{MapHeader, SavedError, map_header, read_map};

/// Names that are listed in a message; the rest is counted.
const SHOWN: usize = 4;

/// Endings of files that can be maps.
pub(super) const ENDINGS: [&str; 4] = ["npy", "png", "tiff", "tif"];

/// Files of a folder by their path below it, parted by `/`, without its ending: the path with its ending, and the file.
pub(super) type Files = BTreeMap<String, Vec<(String, PathBuf)>>;

/// A map, row by row.
pub(super) struct MapValues<S> {
    pub(super) values: Vec<S>,
    /// Rows and columns.
    pub(super) size: [usize; 2],
    /// Bits of a value, in a picture of levels.
    pub(super) bits: Option<u8>,
}

impl<S: Score> MapValues<S> {
    /// Reads a map: numbers as they are, levels of a picture as shares of the highest.
    pub(super) fn read(path: &Path) -> Result<Self, ExperimentError> {
        Self::read_by(path, read_levels)
    }

    /// Reads a mask: the same, and of a coloured picture its brightness, as masks of data sets are read.
    pub(super) fn read_mask(path: &Path) -> Result<Self, ExperimentError> {
        Self::read_by(path, read_brightness)
    }

    fn read_by(path: &Path, picture: fn(&Path) -> Result<Levels, DatasetError>) -> Result<Self, ExperimentError> {
        if is_png(path) {
            let levels = picture(path)?;
            let values = levels.values.iter().map(|&level| S::rounded(level.into())).collect();
            let size = [levels.height as usize, levels.width as usize];
            return Ok(Self { values, size, bits: Some(levels.bits) });
        }
        let (array, size) = read_map(path)?;
        let values = array.scores(0..size[0] * size[1]).expect("a map holds numbers");
        Ok(Self { values, size, bits: None })
    }
}

/// What the header of a map says.
pub(super) fn header(path: &Path) -> Result<MapHeader, ExperimentError> {
    if is_png(path) {
        let (width, height) = image_size(path)?;
        return Ok(MapHeader { size: [height as usize, width as usize], is_wide: false });
    }
    Ok(map_header(path)?)
}

/// Whether the rows of a map are the columns of its image or mask, whose size it may have halved or so: its sides, rounded to
/// whole pixels, have the ratio of the other's turned sides, and not that of the sides themselves.
pub(super) fn is_turned(map: [usize; 2], other: [usize; 2]) -> bool {
    let [rows, columns, height, width] = [map[0], map[1], other[0], other[1]].map(|side| side as f64);
    let turned = (rows - columns * width / height).abs();
    let upright = (rows - columns * height / width).abs();
    turned < 1.0 && upright >= 1.0
}

/// The kind of a file: files of two kinds can't be compared.
pub(super) fn kind(path: &Path) -> String {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if ending == "tif" { "tiff".to_owned() } else { ending }
}

fn is_png(path: &Path) -> bool {
    kind(path) == "png"
}

/// Lists all files below a folder except hidden ones; does not follow links to folders.
pub(super) fn list(folder: &Path) -> Result<Files, ExperimentError> {
    let mut files = Files::new();
    list_below(folder, "", &mut files)?;
    Ok(files)
}

fn list_below(folder: &Path, above: &str, files: &mut Files) -> Result<(), ExperimentError> {
    let fail = |source| SavedError::Read { path: folder.to_path_buf(), source };
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
            list_below(&path, &below, files)?;
        } else {
            files.entry(stem(&below).to_owned()).or_default().push((below, path));
        }
    }
    Ok(())
}

/// A path without its ending.
pub(super) fn stem(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') => stem,
        _ => path,
    }
}

/// The first few of some names, and how many more there are.
pub(super) fn first_few<'a>(names: impl Iterator<Item = &'a str>, count: usize) -> String {
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    match count.saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
