//! Lists of one JSON object per line, as `UniAD` (You et al., `NeurIPS` 2022) and works after it have them.
//!
//! `{"filename": .., "label": 0 or 1, "label_name": "good", "clsname": .., "maskname": ..}`, as in
//! `data/MVTec-AD/{train,test}.json` of `zhiyuanyou/UniAD`; the last is absent for good images. The root holds one list
//! whose name ends in `train.json` and one in `test.json`. Names are relative to the root or, as published, to a folder
//! in it: the first one that has the first image. A pixel is anomalous where its mask is above 0. The anomalous pixels
//! of a defective image without `maskname` are unknown, so that its class has no pixel metrics; those tools take all
//! its pixels as anomalous.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::list::{self, List, Listed, Phase};
use super::{Found, Layout};
use crate::dataset::error::DatasetError;
use crate::dataset::listing::{self, Problems};
use crate::dataset::mask::MaskRule;
use crate::dataset::request::Unmarked;

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "uniad", expected: EXPECTED, unread: &[], unmarked: Unmarked::Unknown, scan, recognises };

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/train.json and ROOT/test.json (or other names that end so), one object per line:\n",
    "  {\"filename\": \"bottle/test/bad/000.png\", \"label\": 1, \"label_name\": \"defective\",\n",
    "   \"maskname\": \"bottle/ground_truth/bad/000_mask.png\", \"clsname\": \"bottle\"}\n",
    "  images below ROOT or below a folder in it, anomalous where their mask is above 0",
);

const KEYS: [&str; 5] = ["filename", "label", "label_name", "maskname", "clsname"];

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    let (train, test) = (only(root, "train.json")?, only(root, "test.json")?);
    let mut lines = read(&train, Phase::Train, problems)?;
    lines.extend(read(&test, Phase::Test, problems)?);
    // A message names the folder, and in it the list and the line.
    List { path: root, root: &home(root, &lines), rule: MaskRule::AboveZero, marks_all: false }
        .classes(lines, wanted, problems)
}

pub(super) fn recognises(root: &Path) -> bool {
    only(root, "train.json").is_ok() && only(root, "test.json").is_ok()
}

/// The one list whose name ends so.
fn only(root: &Path, ending: &str) -> Result<PathBuf, DatasetError> {
    let lists = listing::entries(root, &mut Problems::new());
    let mut lists = lists.into_iter().filter(|entry| !entry.is_directory && entry.name.ends_with(ending));
    match (lists.next(), lists.next()) {
        (Some(list), None) => Ok(list.path),
        (Some(first), Some(second)) => Err(DatasetError::ListAmbiguous { first: first.path, second: second.path }),
        (None, _) => {
            Err(DatasetError::FileMissing { path: root.join(ending), found: listing::contents(root), layout: EXPECTED })
        }
    }
}

fn read(path: &Path, phase: Phase, problems: &mut Problems) -> Result<Vec<Listed>, DatasetError> {
    let name = listing::file_name(path)?;
    let text = list::text(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut listed = Vec::new();
    for (index, line) in lines {
        let at = format!("`{name}`, line {}", index + 1);
        match listed_image(line, &at, phase) {
            Ok(image) => listed.push(image),
            Err(reason) => {
                let path = path.parent().unwrap_or(path).to_path_buf();
                problems.push(DatasetError::List { path, at, reason });
            }
        }
    }
    Ok(listed)
}

fn listed_image(line: &str, at: &str, phase: Phase) -> Result<Listed, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| format!("it is no JSON object: {error}"))?;
    let map = list::object(&value, &KEYS)?;
    let (image, class) = (list::required(map, "filename")?, list::required(map, "clsname")?);
    let (kind, mask) = (list::string(map, "label_name")?, list::string(map, "maskname")?);
    let defect =
        list::is_defective(map, "label")?.then(|| (kind.unwrap_or_else(|| "defective".to_owned()), mask.clone()));
    if let (None, Some(mask)) = (&defect, mask) {
        return Err(format!("a good image has the mask `{mask}`: remove it, or set `label` to 1"));
    }
    Ok(Listed { at: at.to_owned(), class, phase, image, defect })
}

/// The folder to which names are relative: the root, or the first folder in it that has the first image.
fn home(root: &Path, lines: &[Listed]) -> PathBuf {
    let Some(first) = lines.first() else { return root.to_path_buf() };
    let folders = listing::entries(root, &mut Problems::new()).into_iter().filter(|entry| entry.is_directory);
    std::iter::once(root.to_path_buf())
        .chain(folders.map(|entry| entry.path))
        .find(|folder| list::inside(folder, &first.image).is_ok_and(|(_, path)| path.is_file()))
        .unwrap_or_else(|| root.to_path_buf())
}
