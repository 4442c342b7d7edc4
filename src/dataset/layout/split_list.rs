//! The list `split_csv/1cls.csv` of `VisA`: which image is for training, which for testing, and where its mask lies.
//!
//! The header names the columns `object`, `split`, `label`, `image` and `mask`, in any order. A field may be quoted (`""`
//! inside quotes is one quote); none may span lines. Paths are relative to the root and may not leave it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{ClassFiles, ImageFile, visa};
use crate::dataset::error::DatasetError;
use crate::dataset::image_file::{Kind, MaskRule, kind};
use crate::dataset::request::choose;
use crate::dataset::sample::MaskFile;

const COLUMNS: [&str; 5] = ["object", "split", "label", "image", "mask"];

/// The fields of one line, in the order of [`COLUMNS`].
type Row = [String; 5];

/// Reads the list; within a class the images come in the order of their paths, whatever the order of the lines.
///
/// Every line is checked, also those of classes that are not wanted; only of wanted ones must the files be there.
pub(super) fn classes(root: &Path, list: &Path, wanted: Option<&[String]>) -> Result<Vec<ClassFiles>, DatasetError> {
    let text = fs::read_to_string(list).map_err(|source| DatasetError::read(list, source))?;
    let wrong = |line: usize, reason: String| DatasetError::SplitList { path: list.to_path_buf(), line, reason };
    let rows = rows(&text).map_err(|(line, reason)| wrong(line, reason))?;
    let names: BTreeSet<&str> = rows.iter().map(|(_, row)| row[0].as_str()).collect();
    if names.is_empty() {
        return Err(wrong(1, "the list has no images below its header".to_owned()));
    }
    let chosen = choose(names.into_iter().map(str::to_owned).collect(), wanted)?;
    let mut classes: BTreeMap<&str, ClassFiles> =
        chosen.iter().map(|name| (name.as_str(), empty(name, list))).collect();
    let mut seen = BTreeSet::new();
    for (line, row) in &rows {
        if !seen.insert(&row[3]) {
            return Err(wrong(*line, format!("image `{}` is listed twice: remove one line", row[3])));
        }
        let (is_train, file) = image(root, row).map_err(|reason| wrong(*line, reason))?;
        let Some(class) = classes.get_mut(row[0].as_str()) else {
            continue;
        };
        let mask = file.defect.as_ref().map(|(_, mask)| &mask.path);
        if let Some(absent) = [Some(&file.path), mask].into_iter().flatten().find(|path| !path.is_file()) {
            return Err(wrong(*line, format!("`{}` does not exist: is the data set complete?", absent.display())));
        }
        if is_train {
            class.train.push(file);
        } else {
            class.test.push(file);
        }
    }
    let mut classes: Vec<ClassFiles> = classes.into_values().collect();
    for class in &mut classes {
        class.train.sort_by(|a, b| a.id.cmp(&b.id));
        class.test.sort_by(|a, b| a.id.cmp(&b.id));
    }
    Ok(classes)
}

fn empty(name: &str, list: &Path) -> ClassFiles {
    let at = list.to_path_buf();
    ClassFiles { name: name.to_owned(), train: Vec::new(), test: Vec::new(), train_at: at.clone(), test_at: at }
}

/// What one line says: whether the image is for training, and the image.
fn image(root: &Path, row: &Row) -> Result<(bool, ImageFile), String> {
    let [object, split, label, image, mask] = row;
    if object.is_empty() {
        return Err("`object` is empty: expected the name of a class".to_owned());
    }
    let is_train = match split.as_str() {
        "train" => true,
        "test" => false,
        other => {
            return Err(format!("split `{other}` is unknown: expected `train` or `test`"));
        }
    };
    let path = inside(root, image)?;
    if kind(&path) != Kind::Image {
        return Err(format!("`{image}` is not named as an image: expected .png, .jpg, .jpeg or .bmp"));
    }
    let defect = match label.as_str() {
        "normal" if mask.is_empty() => None,
        "normal" => {
            return Err(format!("a normal image has the mask `{mask}`: remove it, or label it `anomaly`"));
        }
        "anomaly" if is_train => {
            return Err("a defective image is listed for training: list it as `test`".to_owned());
        }
        "anomaly" if mask.is_empty() => {
            return Err(format!("defective image `{image}` has no mask: name one"));
        }
        "anomaly" => Some((visa::DEFECT.to_owned(), MaskFile { path: inside(root, mask)?, rule: MaskRule::NonZero })),
        other => {
            return Err(format!("label `{other}` is unknown: expected `normal` or `anomaly`"));
        }
    };
    Ok((is_train, ImageFile { id: image.clone(), path, defect }))
}

/// A listed path below the root. A list is hostile input: it may not point at files elsewhere.
fn inside(root: &Path, listed: &str) -> Result<PathBuf, String> {
    let path = Path::new(listed);
    let stays = path.components().all(|part| matches!(part, Component::Normal(_)));
    if listed.is_empty() || !stays {
        return Err(format!(
            "path `{listed}` is not below the root: expected such as `CLASS/Data/Images/Normal/0000.JPG`"
        ));
    }
    Ok(root.join(path))
}

/// The lines below the header with their numbers, or the line that is wrong and why.
fn rows(text: &str) -> Result<Vec<(usize, Row)>, (usize, String)> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate().map(|(index, line)| (index + 1, line));
    let header = fields(lines.next().map_or("", |(_, line)| line)).map_err(|reason| (1, reason))?;
    let position = |column: &str| header.iter().position(|field| field == column);
    let positions: Option<Vec<usize>> = COLUMNS.iter().map(|column| position(column)).collect();
    let Some(positions) = positions.filter(|_| header.len() == COLUMNS.len()) else {
        return Err((1, format!("the header is `{}`: expected `{}`", header.join(","), COLUMNS.join(","))));
    };
    let mut rows = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let fields = fields(line).map_err(|reason| (number, reason))?;
        if fields.len() != COLUMNS.len() {
            return Err((number, format!("found {} fields: expected {}", fields.len(), COLUMNS.len())));
        }
        let mut row = Row::default();
        for (field, position) in row.iter_mut().zip(&positions) {
            field.clone_from(&fields[*position]);
        }
        rows.push((number, row));
    }
    Ok(rows)
}

/// Splits a line at its commas.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let Some(field) = fields.last_mut() else {
            continue;
        };
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    if quoted {
        return Err("a quote is opened and not closed: fields do not span lines".to_owned());
    }
    for field in &mut fields {
        *field = field.trim().to_owned();
    }
    Ok(fields)
}
