//! Published numbers of images, from the table `published.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::finding::{Finding, FindingKind, Severity};
use super::{ClassCounts, Counts};

const TABLE: &str = include_str!("published.toml");

/// What was published of a data set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Published {
    /// Where the numbers stand.
    pub(super) source: String,
    /// Of all classes, where only that is known.
    total: Option<Row>,
    #[serde(default)]
    classes: BTreeMap<String, Row>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    train: usize,
    #[serde(default)]
    validation: usize,
    good: usize,
    defective: usize,
}

static PUBLISHED: LazyLock<BTreeMap<String, Published>> =
    LazyLock::new(|| toml::from_str(TABLE).expect("a test reads the table"));

/// What was published of this data set.
pub(super) fn of(dataset: &str) -> Option<&'static Published> {
    PUBLISHED.get(dataset)
}

/// The data set that was published with all of `classes`, where `dataset` was published with none of them.
pub(super) fn other(dataset: &str, classes: &[String]) -> Option<&'static str> {
    let has = |published: &Published, class: &String| published.classes.contains_key(&class.to_lowercase());
    let own = PUBLISHED.get(dataset).filter(|own| !own.classes.is_empty())?;
    if classes.is_empty() || classes.iter().any(|class| has(own, class)) {
        return None;
    }
    let holds_all = |published: &Published| classes.iter().all(|class| has(published, class));
    PUBLISHED.iter().find(|(_, published)| holds_all(published)).map(|(name, _)| name.as_str())
}

/// Adds the published counts to those that were found, and a finding for each difference.
pub(super) fn compare(
    published: Option<&Published>,
    classes: Vec<(String, Counts)>,
    all: Counts,
    has_all_classes: bool,
    findings: &mut Vec<Finding>,
) -> Vec<ClassCounts> {
    let mut differ = |what: String, found: Counts, published: Counts| {
        if found != published {
            let message = format!("{what} has {}; published are {}", words(found), words(published));
            findings.push(Finding::new(Severity::Warning, FindingKind::Count, message, Vec::new()));
        }
    };
    if let Some(total) = published.and_then(|published| published.total).filter(|_| has_all_classes) {
        differ("the data set".to_owned(), all, total.counts(all));
    }
    let known = published.map(|published| &published.classes);
    let compared: Vec<ClassCounts> = classes
        .into_iter()
        .map(|(class, found)| {
            let row = known.and_then(|known| known.get(&class.to_lowercase()));
            let published = row.map(|row| row.counts(found));
            if let Some(published) = published {
                differ(format!("class `{class}`"), found, published);
            }
            ClassCounts { class, found, published }
        })
        .collect();
    let is_there = |name: &str| compared.iter().any(|class| class.class.eq_ignore_ascii_case(name));
    let names = known.into_iter().flat_map(BTreeMap::keys).filter(|name| has_all_classes && !is_there(name));
    let absent: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if !absent.is_empty() {
        let message = format!("published classes that are not there: {}", absent.join(", "));
        findings.push(Finding::new(Severity::Warning, FindingKind::Count, message, Vec::new()));
    }
    compared
}

impl Row {
    /// The published counts. A split for validation that was not published is taken as it is found.
    fn counts(self, found: Counts) -> Counts {
        let validation = if self.validation == 0 { found.validation } else { self.validation };
        Counts { train: self.train, validation, good: self.good, defective: self.defective }
    }
}

fn words(counts: Counts) -> String {
    let Counts { train, validation, good, defective } = counts;
    let apart = if validation == 0 { String::new() } else { format!(", {validation} kept apart") };
    format!("{train} to train{apart}, {good} good and {defective} defective to test")
}
