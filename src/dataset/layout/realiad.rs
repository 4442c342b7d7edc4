//! The layout of Real-IAD (Wang et al., CVPR 2024): one JSON list per class, and a tree of images per resolution.
//!
//! `{"meta": {"normal_class": "OK", ..}, "train": [{"image_path", "mask_path", "category", "anomaly_class"}], "test": ..}`. The
//! lists lie in the root (as `data/ad_dataset.py` of `zhangzjn/ADer` reads them), in `realiad_jsons` or in
//! `realiad_jsons/realiad_jsons` (as `datasets/image/realiad.py` of `openvinotoolkit/anomalib` does), below the root or beside
//! it; so a root of one resolution is `ROOT/realiad_256`. Images lie in `ROOT/CLASS`, or in `ROOT/realiad_*/CLASS` where
//! that is the only resolution. A pixel is anomalous where its mask is above 0.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::list::{self, List, Listed, Phase};
use super::{ClassFiles, Found, Layout, stem};
use crate::dataset::error::DatasetError;
use crate::dataset::listing::{self, Problems};
use crate::dataset::mask::MaskRule;
use crate::dataset::request::{Unmarked, choose};

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "realiad", expected: EXPECTED, unread: &[], unmarked: Unmarked::Empty, scan, recognises };

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/realiad_jsons/CLASS.json, ROOT/realiad_jsons/realiad_jsons/CLASS.json or ROOT/CLASS.json\n",
    "  ROOT/CLASS/OK/S0001/x.jpg and ROOT/CLASS/NG/DEFECT/S0001/x.jpg with its mask, anomalous where above 0\n",
    "  or the same below ROOT/realiad_256, ROOT/realiad_512, ROOT/realiad_1024",
);

const KEYS: [&str; 4] = ["category", "anomaly_class", "image_path", "mask_path"];
const LISTS: [&str; 3] = ["realiad_jsons/realiad_jsons", "realiad_jsons", "."];

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    let images_at = images_at(root)?;
    let Some(lists) = lists(root, &images_at) else {
        let (path, found) = (root.to_path_buf(), listing::contents(root));
        return Err(DatasetError::NoClasses { path, found, layout: EXPECTED });
    };
    let names: Vec<String> = lists.iter().map(|(class, _)| class.clone()).collect();
    let chosen = choose(names, wanted)?;
    let mut classes: Vec<ClassFiles> = Vec::new();
    for (class, path) in lists.iter().filter(|(class, _)| chosen.contains(class)) {
        classes.extend(read(class, path, &images_at, problems)?);
    }
    Ok(classes)
}

pub(super) fn recognises(root: &Path) -> bool {
    images_at(root).is_ok_and(|images_at| lists(root, &images_at).is_some())
}

/// The folder of the classes.
fn images_at(root: &Path) -> Result<PathBuf, DatasetError> {
    let below = listing::entries(root, &mut Problems::new());
    let is_resolution = |name: &str| name.starts_with("realiad_") && !name.starts_with("realiad_json");
    let mut resolutions = below.into_iter().filter(|entry| entry.is_directory && is_resolution(&entry.name));
    match (resolutions.next(), resolutions.next()) {
        (Some(first), Some(second)) => {
            Err(DatasetError::ResolutionAmbiguous { first: first.path, second: second.path })
        }
        (Some(only), None) => Ok(only.path),
        (None, _) => Ok(root.to_path_buf()),
    }
}

/// The lists of the classes whose folders are there, by class: those of the first place that has any.
fn lists(root: &Path, images_at: &Path) -> Option<Vec<(String, PathBuf)>> {
    let homes = [Some(root), root.parent()].into_iter().flatten();
    let places = homes.flat_map(|home| LISTS.iter().map(move |place| home.join(place)));
    places
        .filter(|place| place.is_dir())
        .map(|place| {
            let entries = listing::entries(&place, &mut Problems::new()).into_iter();
            let lists = entries.filter(|entry| !entry.is_directory && entry.name.ends_with(".json"));
            let named = lists.map(|entry| (stem(&entry.name).to_owned(), entry.path));
            named.filter(|(class, _)| images_at.join(class).is_dir()).collect()
        })
        .find(|lists: &Vec<_>| !lists.is_empty())
}

fn read(class: &str, path: &Path, images_at: &Path, problems: &mut Problems) -> Found {
    let list = List { path, root: images_at, rule: MaskRule::AboveZero, marks_all: false };
    let text = list.text()?;
    let whole = |reason: String| list.wrong("the whole of it", reason);
    let value: Value = serde_json::from_str(&text).map_err(|error| whole(format!("it is no JSON: {error}")))?;
    let phases = list::object(&value, &["meta", "train", "test"]).map_err(&whole)?;
    let normal = phases.get("meta").and_then(|meta| meta.get("normal_class")).and_then(Value::as_str).unwrap_or("OK");
    let mut listed = Vec::new();
    for (name, phase) in [("train", Phase::Train), ("test", Phase::Test)] {
        let Some(images) = phases.get(name).and_then(Value::as_array) else {
            return Err(whole(format!("`{name}` is missing: expected a list of images")));
        };
        for (index, image) in images.iter().enumerate() {
            let at = format!("`{name}`, entry {}", index + 1);
            match listed_image(image, &at, class, phase, normal) {
                Ok(image) => listed.push(image),
                Err(reason) => problems.push(list.wrong(&at, reason)),
            }
        }
    }
    list.classes(listed, None, problems)
}

fn listed_image(value: &Value, at: &str, class: &str, phase: Phase, normal: &str) -> Result<Listed, String> {
    let map = list::object(value, &KEYS)?;
    let image = format!("{class}/{}", list::required(map, "image_path")?);
    let mask = list::string(map, "mask_path")?.map(|mask| format!("{class}/{mask}"));
    let kind = list::required(map, "anomaly_class")?;
    let defect = (kind != normal).then_some((kind, mask));
    Ok(Listed { at: at.to_owned(), class: class.to_owned(), phase, image, defect })
}
