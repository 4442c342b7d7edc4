//! What a sweep varies: params of a spec over lists of values, rows of settings, seeds, classes. Written on a command line or
//! in a TOML file.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::experiment::error::{ExperimentError, SweepError};
use crate::experiment::record::Setup;
use crate::measure::{Metric, ProtocolName};

use super::citation::{Citation, CitedRow};

/// A setting and the values that it takes, as a spec would write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its name, as `--set` takes it.
    pub name: String,
    /// Its values, in the order of the table.
    pub values: Vec<String>,
}

/// What a sweep varies. Its points are all combinations of a row, a value of each axis, a class and a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepRequest {
    /// The settings that take several values.
    pub axes: Vec<Axis>,
    /// Settings that go together; none is one row without settings.
    pub rows: Vec<Vec<(String, String)>>,
    /// The seeds, each once.
    pub seeds: Vec<u64>,
    /// Whether each class has a model of its own.
    pub each_class: bool,
    /// What a publication prints for its points.
    pub citation: Option<Citation>,
}

impl Axis {
    /// Reads `NAME=VALUE,VALUE`. Commas within brackets, braces, parentheses and quotes belong to a value.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    pub fn parse(text: &str) -> Result<Axis, String> {
        let (name, rest) = text.split_once('=').ok_or("write NAME=VALUE,VALUE, as in fusion=off,in_silu")?;
        let (mut values, mut depth, mut quoted) = (vec![String::new()], 0_i32, false);
        for sign in rest.chars() {
            match sign {
                '"' => quoted = !quoted,
                '[' | '{' | '(' if !quoted => depth += 1,
                ']' | '}' | ')' if !quoted => depth -= 1,
                ',' if !quoted && depth == 0 => {
                    values.push(String::new());
                    continue;
                }
                _ => {}
            }
            values.last_mut().expect("there is always one").push(sign);
        }
        let values: Vec<String> = values.iter().map(|value| value.trim().to_owned()).collect();
        let name = name.trim().to_owned();
        if name.is_empty() || values.iter().any(String::is_empty) {
            return Err("write NAME=VALUE,VALUE, with a value before and after each comma".to_owned());
        }
        Ok(Axis { name, values })
    }
}

/// Reads seeds: `1..=3`, `1..4`, or `1,2,5`.
///
/// # Errors
/// Why they can't be read, in words.
pub fn seeds(text: &str) -> Result<Vec<u64>, String> {
    const MOST: u64 = 10_000;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| "write seeds as in 1..=3 or 1,2,5".to_owned());
    let range = match (text.split_once("..="), text.split_once("..")) {
        (Some((low, high)), _) => Some(number(low)?..number(high)?.saturating_add(1)),
        (None, Some((low, high))) => Some(number(low)?..number(high)?),
        (None, None) => None,
    };
    let seeds: Vec<u64> = match range {
        Some(range) if range.end.saturating_sub(range.start) > MOST => return Err(format!("at most {MOST} seeds")),
        Some(range) => range.collect(),
        None => text.split(',').map(number).collect::<Result<_, _>>()?,
    };
    match seeds.iter().enumerate().find(|(at, seed)| seeds[..*at].contains(seed)) {
        Some((_, twice)) => Err(format!("the seed {twice} is there twice")),
        None if seeds.is_empty() => Err("there is no seed in this range".to_owned()),
        None => Ok(seeds),
    }
}

/// The layout of a TOML file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepFile {
    spec: String,
    dataset: Option<String>,
    data: Option<PathBuf>,
    classes: Option<Vec<String>>,
    weights: Option<PathBuf>,
    within: Option<String>,
    #[serde(default)]
    protocols: Vec<ProtocolName>,
    #[serde(default)]
    set: IndexMap<Spanned<String>, Value>,
    #[serde(default)]
    over: IndexMap<Spanned<String>, Vec<Value>>,
    #[serde(default)]
    points: Vec<IndexMap<Spanned<String>, Value>>,
    seeds: Option<Seeds>,
    #[serde(default)]
    each_class: bool,
    published: Option<PublishedTable>,
}

/// What a publication prints for points of the sweep.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedTable {
    source: String,
    metrics: Vec<Metric>,
    #[serde(default)]
    notes: Vec<String>,
    rows: Vec<PublishedRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedRow {
    set: IndexMap<Spanned<String>, Value>,
    values: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seeds {
    Words(String),
    List(Vec<u64>),
}

/// Reads a sweep from a TOML file: what it varies, and the setup that its points have in common. Paths in it are relative to
/// it.
///
/// # Errors
/// If it can't be read, or has a key that is not known.
pub fn read_sweep(path: &Path) -> Result<(SweepRequest, Setup), ExperimentError> {
    let wrong = |reason: String| ExperimentError::from(SweepError::File { path: path.to_path_buf(), reason });
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let file: SweepFile = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
    let home = path.parent().unwrap_or(Path::new(""));
    let beside = |name: &PathBuf| home.join(name);
    let is_there = home.join(&file.spec).is_file();
    let spec = if is_there { home.join(&file.spec).display().to_string() } else { file.spec };
    let seeds = match file.seeds {
        None => vec![Setup::default().seed],
        Some(Seeds::Words(words)) => seeds(&words).map_err(wrong)?,
        Some(Seeds::List(list)) => {
            let words: Vec<String> = list.iter().map(ToString::to_string).collect();
            seeds(&words.join(",")).map_err(wrong)?
        }
    };
    let axes = in_order(file.over).into_iter().map(|(name, values)| {
        let values = values.iter().map(written).collect();
        Axis { name, values }
    });
    let request = SweepRequest {
        axes: axes.collect(),
        rows: file.points.into_iter().map(settings).collect(),
        seeds,
        each_class: file.each_class,
        citation: file.published.map(citation).transpose().map_err(wrong)?,
    };
    let usual = Setup::default();
    let setup = Setup {
        spec,
        settings: settings(file.set),
        dataset: file.dataset.unwrap_or(usual.dataset),
        data: file.data.as_ref().map(beside),
        classes: file.classes,
        weights: file.weights.as_ref().map(beside),
        within: file.within,
        protocols: file.protocols,
        ..Setup::default()
    };
    Ok((request, setup))
}

fn citation(table: PublishedTable) -> Result<Citation, String> {
    let PublishedTable { source, metrics, notes, rows } = table;
    let rows = rows.into_iter().map(|row| CitedRow::parse(settings(row.set), &metrics, &row.values));
    Ok(Citation { source, notes, rows: rows.collect::<Result<_, _>>()? })
}

fn settings(table: IndexMap<Spanned<String>, Value>) -> Vec<(String, String)> {
    in_order(table).into_iter().map(|(name, value)| (name, written(&value))).collect()
}

/// The entries of a table in the order in which they are written.
fn in_order<T>(table: IndexMap<Spanned<String>, T>) -> Vec<(String, T)> {
    let mut entries: Vec<(Spanned<String>, T)> = table.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries.into_iter().map(|(name, value)| (name.into_inner(), value)).collect()
}

/// A value as a spec would write it. A string is taken as it stands: `"off"`, `"{middle, block4}"`.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, seeds};

    #[test]
    fn values_end_at_commas_outside_of_brackets() {
        let values = |text: &str| Axis::parse(text).map(|axis| axis.values);
        assert_eq!(values("scales=[1, 2],[2,3]"), Ok(vec!["[1, 2]".to_owned(), "[2,3]".to_owned()]));
        assert_eq!(values("join={a, b},{a}"), Ok(vec!["{a, b}".to_owned(), "{a}".to_owned()]));
        assert_eq!(values("word=\"a,b\",c"), Ok(vec!["\"a,b\"".to_owned(), "c".to_owned()]));
        assert_eq!(values("only=1"), Ok(vec!["1".to_owned()]));
        for wrong in ["none", "=1", "a=", "a=1,,2", "a=1,"] {
            assert!(values(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_are_ranges_or_lists_without_repetition() {
        assert_eq!(seeds("1..=3"), Ok(vec![1, 2, 3]));
        assert_eq!(seeds("4..6"), Ok(vec![4, 5]));
        assert_eq!(seeds("7,1"), Ok(vec![7, 1]));
        for wrong in ["", "3..3", "1,1", "a", "1..=x", "-1", "1..=9999999999"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }
}
