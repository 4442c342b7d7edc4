//! The points of a sweep, checked before any of them runs: every combination compiles, none is there twice, and which of their
//! stages are the same is known.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::compile::Compiled;
use crate::dataset::{self, Dataset};
use crate::experiment::error::{ExperimentError, SweepError};
use crate::experiment::memory::{Room, shortage};
use crate::experiment::prepare::{check_draws, check_purpose};
use crate::experiment::record::{Base, Setup, result_key, stage_keys, weights_hash};
use crate::graph::program::Program;

use super::citation::{Citation, CitedRow};
use super::preview::{Preview, preview};
use super::request::SweepRequest;

/// A point of a sweep: a run of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The name of its directory.
    pub name: String,
    /// The settings in which it differs from other points, in the order of the table.
    pub values: Vec<(String, String)>,
    /// The only class of its data set, if each class has a model of its own.
    pub class: Option<String>,
    /// Its seed.
    pub seed: u64,
    /// For each stage of its program what says that the results of two points up to it are the same.
    pub stages: Vec<String>,
}

impl Point {
    /// The setup of its run, made of that of the sweep.
    #[must_use]
    pub fn setup(&self, of_sweep: &Setup) -> Setup {
        let mut setup = Setup { seed: self.seed, ..of_sweep.clone() };
        setup.settings.extend(self.values.iter().cloned());
        if let Some(class) = &self.class {
            setup.classes = Some(vec![class.clone()]);
        }
        setup
    }

    /// What it is called in messages.
    #[must_use]
    pub fn title(&self) -> String {
        let values = self.values.iter().map(|(name, value)| format!("{name}={value}"));
        let class = self.class.iter().map(|class| format!("class {class}"));
        values.chain(class).chain([format!("seed {}", self.seed)]).collect::<Vec<_>>().join(", ")
    }
}

/// All points of a sweep, and what is known of each before it runs.
pub struct Plan {
    /// The points, in the order in which they run.
    pub points: Vec<Point>,
    /// What each costs, in the same order.
    pub previews: Vec<Preview>,
    /// One spec that was compiled for it.
    pub compiled: Compiled,
    /// What a publication prints for its points.
    pub citation: Option<Citation>,
}

/// Compiles a spec under settings.
pub type Compile<'a> = &'a dyn Fn(&[(String, String)]) -> Result<Compiled, ExperimentError>;

/// Plans a sweep. `setup` is what its points have in common, `compile` compiles its spec under settings, and `memory` is the
/// most bytes that a point may need.
///
/// # Errors
/// If there is nothing to vary, a setting is there twice, a point does not compile or can't run, two points are the same, or
/// one needs too much memory.
pub fn plan(
    request: &SweepRequest,
    setup: &Setup,
    memory: Option<u64>,
    compile: Compile<'_>,
) -> Result<Plan, ExperimentError> {
    check_names(request, setup)?;
    let whole = dataset::open(&setup.request())?;
    let classes: Vec<Option<String>> =
        if request.each_class { whole.classes.iter().cloned().map(Some).collect() } else { vec![None] };
    let mut datasets: HashMap<Option<String>, Dataset> = HashMap::from([(None, whole)]);
    let weights = weights_hash(setup)?;
    let target = setup.target()?;
    let combinations = combinations(request);
    let count = combinations.len() * classes.len() * request.seeds.len();
    check_citation(request, &combinations)?;
    let (mut points, mut previews, mut first) = (Vec::<Point>::new(), Vec::new(), None);
    let mut results: HashMap<String, usize> = HashMap::new();
    for values in combinations {
        let settings: Vec<_> = setup.settings.iter().chain(&values).cloned().collect();
        let compiled = compile(&settings)?;
        let program = &compiled.program;
        check_purpose(program, true)?;
        check_draws(program, setup.draws)?;
        for class in &classes {
            for &seed in &request.seeds {
                let number = points.len() + 1;
                let mut point = Point {
                    name: String::new(),
                    values: values.clone(),
                    class: class.clone(),
                    seed,
                    stages: Vec::new(),
                };
                point.name = name(&point, number, count);
                let own = point.setup(setup);
                if !datasets.contains_key(class) {
                    datasets.insert(class.clone(), dataset::open(&own.request())?);
                }
                let images = &datasets[class];
                let base = Base { setup: &own, dataset: images, weights: weights.as_deref() };
                point.stages = stage_keys(program, &base);
                let result = result_key(program, &base);
                if let Some(&same) = results.get(&result) {
                    let titles = [points[same].title(), point.title()];
                    return Err(SweepError::SamePoints { titles }.into());
                }
                results.insert(result, points.len());
                let short =
                    |program: &Program, limit| shortage(program, images.train.len(), target, Room::Memory(limit), true);
                if let Some(shortage) = memory.and_then(|limit| short(program, limit)) {
                    let shortage = shortage.advised(&compiled.spec, |own| memory.and_then(|limit| short(own, limit)));
                    return Err(SweepError::Memory { title: point.title(), shortage }.into());
                }
                previews.push(preview(program, images, target));
                points.push(point);
            }
        }
        first.get_or_insert(compiled);
    }
    let compiled = first.expect("there is at least one combination");
    Ok(Plan { points, previews, compiled, citation: request.citation.clone() })
}

/// All combinations of rows and values of axes; the last axis turns fastest.
fn combinations(request: &SweepRequest) -> Vec<Vec<(String, String)>> {
    let mut all = if request.rows.is_empty() { vec![Vec::new()] } else { request.rows.clone() };
    for axis in &request.axes {
        let with = |row: &Vec<(String, String)>, value: &String| {
            row.iter().cloned().chain([(axis.name.clone(), value.clone())]).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(|row| axis.values.iter().map(move |value| with(row, value))).collect();
    }
    all
}

/// Checks that there is something to vary, and that no setting is given in two places.
fn check_names(request: &SweepRequest, setup: &Setup) -> Result<(), SweepError> {
    let varies = !request.axes.is_empty() || !request.rows.is_empty() || request.seeds.len() > 1;
    if !varies && !request.each_class {
        return Err(SweepError::NothingToVary);
    }
    let set = setup.settings.iter().map(|(name, _)| name);
    let mut known: Vec<&String> = set.collect();
    for axis in &request.axes {
        if known.contains(&&axis.name) || request.rows.iter().flatten().any(|(name, _)| *name == axis.name) {
            return Err(SweepError::Twice { name: axis.name.clone() });
        }
        known.push(&axis.name);
    }
    let twice = request.rows.iter().flatten().find(|(name, _)| setup.settings.iter().any(|(set, _)| set == name));
    twice.map_or(Ok(()), |(name, _)| Err(SweepError::Twice { name: name.clone() }))
}

/// Checks that each row that is cited is one of the sweep, and is cited once.
fn check_citation(request: &SweepRequest, combinations: &[Vec<(String, String)>]) -> Result<(), SweepError> {
    let rows = request.citation.iter().flat_map(|citation| &citation.rows);
    let mut known: Vec<&CitedRow> = Vec::new();
    for row in rows {
        let is_twice = known.iter().any(|other| other.is_of(&row.settings));
        if is_twice || !combinations.iter().any(|values| row.is_of(values)) {
            return Err(SweepError::Cited { title: row.title(), is_twice });
        }
        known.push(row);
    }
    Ok(())
}

/// A name for a directory that no other point has, in characters that need no quotes.
fn name(point: &Point, number: usize, count: usize) -> String {
    let plain = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"._+-".contains(c));
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
    };
    let width = count.to_string().len();
    let mut parts = vec![format!("{number:0width$}")];
    parts.extend(point.values.iter().map(|(name, value)| format!("{}={}", plain(name), plain(value))));
    parts.extend(point.class.iter().map(|class| plain(class)));
    parts.push(format!("seed{}", point.seed));
    parts.join("_").chars().take(120).collect()
}
