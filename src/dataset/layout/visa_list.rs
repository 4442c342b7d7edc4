//! The list of `VisA`, `split_csv/1cls.csv`: which image is for training, which for testing, and where its mask lies.
//!
//! The header names the columns `object`, `split`, `label`, `image` and `mask`, in any order. A field may be quoted (`""`
//! inside quotes is one quote); none may span lines. Paths are relative to the root and may not leave it.

use super::Found;
use super::list::{List, Listed, Phase};
use crate::dataset::listing::Problems;

/// The only kind of defect the list and the folders tell.
pub(super) const DEFECT: &str = "anomaly";

const COLUMNS: [&str; 5] = ["object", "split", "label", "image", "mask"];

/// The fields of one line, in the order of [`COLUMNS`].
type Row = [String; 5];

/// Reads the list.
pub(super) fn classes(list: &List<'_>, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    let text = list.text()?;
    let rows = rows(&text).map_err(|(line, reason)| list.wrong(&format!("line {line}"), reason))?;
    let mut listed = Vec::new();
    for (line, row) in rows {
        let at = format!("line {line}");
        match listed_image(&at, row) {
            Ok(image) => listed.push(image),
            Err(reason) => problems.push(list.wrong(&at, reason)),
        }
    }
    list.classes(listed, wanted, problems)
}

/// What one line says.
fn listed_image(at: &str, row: Row) -> Result<Listed, String> {
    let [class, split, label, image, mask] = row;
    let phase = match split.as_str() {
        "train" => Phase::Train,
        "test" => Phase::Test,
        other => return Err(format!("split `{other}` is unknown: expected `train` or `test`")),
    };
    let defect = match label.as_str() {
        "normal" if mask.is_empty() => None,
        "normal" => return Err(format!("a normal image has the mask `{mask}`: remove it, or label it `anomaly`")),
        "anomaly" if phase == Phase::Train => {
            return Err("a defective image is listed for training: list it as `test`".to_owned());
        }
        "anomaly" => Some((DEFECT.to_owned(), Some(mask).filter(|mask| !mask.is_empty()))),
        other => return Err(format!("label `{other}` is unknown: expected `normal` or `anomaly`")),
    };
    Ok(Listed { at: at.to_owned(), class, phase, image, defect })
}

/// The lines below the header with their numbers, or the line that is wrong and why.
fn rows(text: &str) -> Result<Vec<(usize, Row)>, (usize, String)> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
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
    if rows.is_empty() {
        return Err((1, "the list has no images below its header".to_owned()));
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
