//! Looks at every file of a data set before anything depends on it: `diadc data check`.
//!
//! In goes a [`Request`], out comes an [`Audit`]: how many images there are and how many were published, which sizes
//! and colours they have, and what is wrong with which files. Every image and mask is really decoded, on all cores, a
//! few at a time. Two images are the same when they decode to the same pixels (SHA-256 of size and RGB), whatever their
//! files look like. This file gathers; `look` opens files, `finding` has the words, `published` the counts.

mod finding;
mod look;
mod published;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use super::error::DatasetError;
use super::layout::{self, ClassFiles, Scan};
use super::sample::{Marks, Sample, Source};
use super::{Dataset, Place, Request, listing, place, toy};

pub use finding::{Finding, FindingKind, Severity, lines};
use look::{Digest, Look, look};
pub use sheet::sheet;

/// How many images a class has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// To train on.
    pub train: usize,
    /// Neither trained on nor tested.
    pub validation: usize,
    /// Good ones to be tested.
    pub good: usize,
    /// Defective ones to be tested.
    pub defective: usize,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.train += other.train;
        self.validation += other.validation;
        self.good += other.good;
        self.defective += other.defective;
    }
}

/// A class and its number of images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCounts {
    /// The class.
    pub class: String,
    /// What was found.
    pub found: Counts,
    /// What was published, where that is known.
    pub published: Option<Counts>,
}

/// How often something occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// What occurs: `1024x1024`, or `8-bit RGB`.
    pub what: String,
    /// In how many images.
    pub images: usize,
}

/// What was found by opening every file of a data set.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// The data set.
    pub dataset: String,
    /// Where it lies; none for the toy set.
    pub directory: Option<PathBuf>,
    /// The number of images of each class.
    pub classes: Vec<ClassCounts>,
    /// The number of all images.
    pub all: Counts,
    /// Where the published counts come from.
    pub source: Option<&'static str>,
    /// Widths and heights of images, the most frequent first.
    pub sizes: Vec<Tally>,
    /// Kinds of colour as decoded, the most frequent first.
    pub colours: Vec<Tally>,
    /// What is wrong, errors first.
    pub findings: Vec<Finding>,
    /// Which checks were left out, and why.
    pub notes: Vec<String>,
    /// The images themselves, also those that have something wrong.
    #[serde(skip)]
    pub images: Dataset,
}

impl Audit {
    /// How many findings are of this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// A warning if the classes are those of another data set, which can't be seen from the layout.
#[must_use]
pub fn mistaken(dataset: &str, classes: &[String]) -> Option<String> {
    let other = published::other(dataset, classes)?;
    let (shown, is) = match classes {
        [one] => (format!("`{one}`"), "is a class"),
        _ => (finding::list(classes), "are classes"),
    };
    Some(format!("{shown} {is} of `{other}`, not of `{dataset}`: is `--dataset {other}` meant?"))
}

/// Opens every file, and tells `progress` how many images of how many are done.
///
/// # Errors
/// When the data set can't be found at all: its name or a class is unknown, or the folder has another layout.
pub fn audit(request: &Request, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Audit, DatasetError> {
    let mut findings = Vec::new();
    let mut notes = Vec::new();
    let images = match place(request)? {
        Place::Memory => toy::generate_classes(request.classes.as_deref())?,
        Place::Folder(layout, root) => {
            let scan = layout::scan(layout, root, request)?;
            if request.classes.is_none() {
                findings.extend(unused(&scan, root));
            } else {
                notes.push("unused files were not looked for, since only some classes were".to_owned());
            }
            dataset(scan, &mut findings)
        }
    };
    let samples: Vec<&Sample> = images.train.iter().chain(&images.validation).chain(&images.test).collect();
    let done = AtomicUsize::new(0);
    let looks: Vec<Look> = samples
        .par_iter()
        .map(|sample| {
            let look = look(sample);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, samples.len());
            look
        })
        .collect();
    let (sizes, colours) = tallies(&looks);
    findings.extend(same_pixels(&images, &looks));
    notes.extend(without_defects(&images));
    let unmarked = without_mask(&images, &findings, &mut notes);
    findings.extend(unmarked);
    findings.extend(looks.into_iter().flat_map(|look| look.findings));
    if let Some(message) = mistaken(&request.name, &images.classes) {
        findings.push(Finding::new(Severity::Warning, FindingKind::OtherDataset, message, Vec::new()));
    }
    let (classes, all) = counts(&images);
    let published = published::of(&request.name);
    let classes = published::compare(published, classes, all, request.classes.is_none(), &mut findings);
    if published.is_none() {
        notes.push(format!("no published counts of `{}` are known here", request.name));
    }
    findings.sort_by(|a, b| (a.severity, a.kind, &a.files).cmp(&(b.severity, b.kind, &b.files)));
    let source = published.map(|published| published.source.as_str());
    let (dataset, directory) = (request.name.clone(), request.root.clone());
    Ok(Audit { dataset, directory, classes, all, source, sizes, colours, findings, notes, images })
}

/// The samples of a scan; what was wrong with their names and places becomes findings.
fn dataset(scan: Scan, findings: &mut Vec<Finding>) -> Dataset {
    findings.extend(scan.problems.iter().map(Finding::of));
    let mut dataset = Dataset { name: scan.layout.name.to_owned(), ..Dataset::default() };
    for (class, files) in scan.classes.into_iter().enumerate() {
        let ClassFiles { name, train, validation, test, .. } = files;
        dataset.train.extend(train.into_iter().map(|file| file.sample(class)));
        dataset.validation.extend(validation.into_iter().map(|file| file.sample(class)));
        dataset.test.extend(test.into_iter().map(|file| file.sample(class)));
        dataset.classes.push(name);
    }
    dataset
}

/// Images below the root that are neither an image nor a mask of the data set.
fn unused(scan: &Scan, root: &Path) -> Option<Finding> {
    let files = scan.classes.iter().flat_map(|class| class.train.iter().chain(&class.validation).chain(&class.test));
    let used: BTreeSet<&Path> = files
        .flat_map(|file| {
            let masks = file.defect.as_ref().map_or(&[][..], |defect| defect.masks.files());
            std::iter::once(&file.path).chain(masks).map(PathBuf::as_path)
        })
        .collect();
    let belongs = |path: &Path| {
        let path = path.to_string_lossy().replace('\\', "/");
        scan.layout.unread.iter().any(|folder| path.contains(folder))
    };
    let unused: Vec<String> = listing::walk(root)
        .into_iter()
        .filter(|path| !used.contains(path.as_path()) && !belongs(path))
        .map(|path| path.strip_prefix(root).unwrap_or(&path).display().to_string())
        .collect();
    (!unused.is_empty()).then(|| Finding::unused(unused))
}

/// A note for each class without defective images.
fn without_defects(images: &Dataset) -> impl Iterator<Item = String> {
    let tested = || images.validation.iter().chain(&images.test);
    let classes = images.classes.iter().enumerate();
    let lacking = classes.filter(move |(class, _)| !tested().any(|own| own.class == *class && own.is_anomalous()));
    lacking.map(|(_, name)| format!("class `{name}` has no defective image, so that it has no metrics"))
}

/// A warning for each defective image without a mask; a note for a class of which none has one, as is meant then.
/// What is refused already needs no warning.
fn without_mask(images: &Dataset, refused: &[Finding], notes: &mut Vec<String>) -> Vec<Finding> {
    let refused = refused.iter().filter(|finding| finding.kind == FindingKind::MaskMissing);
    let refused: BTreeSet<&String> = refused.flat_map(|finding| &finding.files).collect();
    let mut findings = Vec::new();
    for (class, name) in images.classes.iter().enumerate() {
        let tested = images.validation.iter().chain(&images.test);
        let counts = |sample: &&Sample| sample.is_anomalous() && !refused.contains(&sample.file());
        let defective = || tested.clone().filter(|sample| sample.class == class).filter(counts);
        let marks = |sample: &Sample| match &sample.source {
            Source::File { marks, .. } => Some(marks.clone()),
            Source::Drawn(_) => None,
        };
        if defective().count() > 0 && defective().all(|sample| matches!(marks(sample), Some(Marks::Unknown))) {
            notes.push(format!("no defective image of class `{name}` has a mask, so that it has no pixel metrics"));
            continue;
        }
        for sample in defective() {
            let consequence = match marks(sample) {
                Some(Marks::Unknown) => {
                    format!(": class `{name}` has no pixel metrics; `--unmarked empty` counts it with an empty one")
                }
                Some(Marks::Nothing) => ", and counts with an empty one".to_owned(),
                Some(Marks::Masks(_)) | None => continue,
            };
            let image = sample.file();
            let message = format!("defective image `{image}` has no mask{consequence}");
            findings.push(Finding::new(Severity::Warning, FindingKind::MaskMissing, message, vec![image]));
        }
    }
    findings
}

/// How often each size and each kind of colour occurs.
fn tallies(looks: &[Look]) -> (Vec<Tally>, Vec<Tally>) {
    let tally = |key: &dyn Fn(&Look) -> Option<String>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for what in looks.iter().filter_map(key) {
            *counts.entry(what).or_default() += 1;
        }
        let mut tallies: Vec<Tally> = counts.into_iter().map(|(what, images)| Tally { what, images }).collect();
        tallies.sort_by_key(|tally| std::cmp::Reverse(tally.images));
        tallies
    };
    let size = |look: &Look| look.facts.as_ref().map(|facts| format!("{}x{}", facts.width, facts.height));
    let colour = |look: &Look| look.facts.as_ref().map(|facts| facts.colour.clone());
    (tally(&size), tally(&colour))
}

/// Images that decode to the same pixels. In training and in testing that is an error, within one of them a warning.
fn same_pixels(images: &Dataset, looks: &[Look]) -> Vec<Finding> {
    let phases = [(&images.train, "train"), (&images.validation, "validation"), (&images.test, "test")];
    let phased = phases.into_iter().flat_map(|(samples, phase)| samples.iter().map(move |sample| (sample, phase)));
    let mut groups: BTreeMap<Digest, Vec<(&Sample, &str)>> = BTreeMap::new();
    for (sample, look) in phased.zip(looks) {
        if let Some(facts) = &look.facts {
            groups.entry(facts.digest).or_default().push(sample);
        }
    }
    let several = groups.into_values().filter(|group| group.len() > 1);
    several
        .map(|group| {
            let crosses = group.iter().any(|(_, phase)| *phase != group[0].1);
            Finding::same(group.into_iter().map(|(sample, _)| sample.id.clone()).collect(), crosses)
        })
        .collect()
}

/// The number of images of each class, and of all.
fn counts(images: &Dataset) -> (Vec<(String, Counts)>, Counts) {
    let mut counts: Vec<(String, Counts)> =
        images.classes.iter().map(|class| (class.clone(), Counts::default())).collect();
    for sample in &images.train {
        counts[sample.class].1.train += 1;
    }
    for sample in &images.validation {
        counts[sample.class].1.validation += 1;
    }
    for sample in &images.test {
        let count = &mut counts[sample.class].1;
        *if sample.is_anomalous() { &mut count.defective } else { &mut count.good } += 1;
    }
    let mut all = Counts::default();
    counts.iter().for_each(|(_, count)| all.add(*count));
    (counts, all)
}

impl Sample {
    /// The file it lies in, as it is named in messages.
    fn file(&self) -> String {
        match &self.source {
            Source::File { image, .. } => image.display().to_string(),
            Source::Drawn(_) => self.id.clone(),
        }
    }
}
