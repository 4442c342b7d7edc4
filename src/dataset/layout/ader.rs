//! The list `meta.json` of `ADer` (Zhang et al.): phases, in them classes, in them images.
//!
//! `{"train": {"bottle": [{"img_path", "mask_path", "cls_name", "specie_name", "anomaly"}]}, "test": ..}`, as the scripts in
//! `data/gen_benchmark` of `zhangzjn/ADer` write it. Paths are relative to the root. A pixel is anomalous where its mask is
//! above 0, as `data/ad_dataset.py` reads it. A phase `validation` is kept apart, though that tool trains on it.

use std::path::Path;

use serde_json::Value;

use super::list::{self, List, Listed, Phase};
use super::{Found, Layout};
use crate::dataset::error::DatasetError;
use crate::dataset::listing::{self, Problems};
use crate::dataset::mask::MaskRule;
use crate::dataset::request::Unmarked;
use crate::diagnostic::one_of;

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "ader", expected: EXPECTED, unread: &[], unmarked: Unmarked::Unknown, scan, recognises };

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/meta.json: {\"train\": {\"bottle\": [{\"img_path\": \"bottle/train/good/000.png\", \"mask_path\": \"\",\n",
    "   \"cls_name\": \"bottle\", \"specie_name\": \"good\", \"anomaly\": 0}]}, \"test\": ..}\n",
    "  images below ROOT, anomalous where their mask is above 0",
);

const KEYS: [&str; 5] = ["img_path", "mask_path", "cls_name", "specie_name", "anomaly"];
const PHASES: [(&str, Phase); 3] = [("train", Phase::Train), ("validation", Phase::Validation), ("test", Phase::Test)];

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    let path = root.join("meta.json");
    if !path.is_file() {
        return Err(DatasetError::FileMissing { path, found: listing::contents(root), layout: EXPECTED });
    }
    let list = List { path: &path, root, rule: MaskRule::AboveZero, marks_all: false };
    let text = list.text()?;
    let whole = |reason: String| list.wrong("the whole of it", reason);
    let value: Value = serde_json::from_str(&text).map_err(|error| whole(format!("it is no JSON: {error}")))?;
    let Value::Object(phases) = &value else { return Err(whole("expected an object of phases".to_owned())) };
    let mut listed = Vec::new();
    for (name, classes) in phases {
        let Some((_, phase)) = PHASES.iter().find(|(known, _)| known == name) else {
            let help = one_of(name, PHASES.iter().map(|(known, _)| *known)).unwrap_or_default();
            return Err(whole(format!("there is no phase `{name}`; {help}")));
        };
        let Value::Object(classes) = classes else {
            return Err(list.wrong(&format!("`{name}`"), "expected an object of classes".to_owned()));
        };
        for (class, images) in classes {
            let Value::Array(images) = images else {
                let at = format!("`{name}`, class `{class}`");
                return Err(list.wrong(&at, "expected a list of images".to_owned()));
            };
            for (index, image) in images.iter().enumerate() {
                let at = format!("`{name}`, class `{class}`, entry {}", index + 1);
                match listed_image(image, &at, class, *phase) {
                    Ok(image) => listed.push(image),
                    Err(reason) => problems.push(list.wrong(&at, reason)),
                }
            }
        }
    }
    list.classes(listed, wanted, problems)
}

pub(super) fn recognises(root: &Path) -> bool {
    root.join("meta.json").is_file()
}

fn listed_image(value: &Value, at: &str, class: &str, phase: Phase) -> Result<Listed, String> {
    let map = list::object(value, &KEYS)?;
    let named = list::required(map, "cls_name")?;
    if named != class {
        return Err(format!("`cls_name` is `{named}` in the list of `{class}`: make them agree"));
    }
    let image = list::required(map, "img_path")?;
    let (kind, mask) = (list::string(map, "specie_name")?, list::string(map, "mask_path")?);
    let defect =
        list::is_defective(map, "anomaly")?.then(|| (kind.unwrap_or_else(|| "defective".to_owned()), mask.clone()));
    if let (None, Some(mask)) = (&defect, mask) {
        return Err(format!("a good image has the mask `{mask}`: remove it, or set `anomaly` to 1"));
    }
    Ok(Listed { at: at.to_owned(), class: class.to_owned(), phase, image, defect })
}
