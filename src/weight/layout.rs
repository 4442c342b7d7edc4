//! What weights are expected, what a file has, and how the two differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diagnostic::nearest;
use crate::graph::program::Program;

/// Differences of one kind that are shown; the others are counted.
const MOST_SHOWN: usize = 10;

/// A weight that a file must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its path.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// A tensor that a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Type of its elements.
    pub stored: Stored,
}

/// How elements are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point of IEEE 754.
    F16,
    /// The upper half of 32-bit floating point.
    Bf16,
    /// 64-bit integers.
    I64,
    /// Anything else, by its name.
    Other(String),
}

impl Stored {
    /// Whether it can be read as a weight.
    #[must_use]
    pub fn is_float(&self) -> bool {
        match self {
            Stored::F32 | Stored::F16 | Stored::Bf16 => true,
            Stored::I64 | Stored::Other(_) => false,
        }
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stored::F32 => "F32",
            Stored::F16 => "F16",
            Stored::Bf16 => "BF16",
            Stored::I64 => "I64",
            Stored::Other(name) => name,
        })
    }
}

/// How a file differs from what is expected; it fits if all lists are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Weights that the file lacks, each with the unexpected name that is most like it.
    pub missing: Vec<(Expected, Option<String>)>,
    /// Tensors that no weight takes.
    pub unexpected: Vec<Found>,
    /// Weights of another shape.
    pub wrong_shape: Vec<WrongShape>,
    /// Tensors whose elements are not floating point.
    pub wrong_type: Vec<Found>,
}

/// A weight whose shape differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongShape {
    /// Its path.
    pub path: String,
    /// The shape in the spec.
    pub expected: Vec<usize>,
    /// The shape in the file.
    pub found: Vec<usize>,
}

impl Layout {
    /// Whether the file has exactly what is expected.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.wrong_shape.is_empty()
            && self.wrong_type.is_empty()
    }
}

/// All weights of a program, in its order.
#[must_use]
pub fn expected(program: &Program) -> Vec<Expected> {
    program.weights.iter().map(|weight| Expected { path: weight.path.clone(), shape: weight.shape.clone() }).collect()
}

/// Compares what is expected with what a file has.
#[must_use]
pub fn compare(expected: &[Expected], found: &[Found]) -> Layout {
    let known: BTreeSet<&str> = expected.iter().map(|weight| weight.path.as_str()).collect();
    let there: BTreeMap<&str, &Found> = found.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut layout = Layout {
        unexpected: found.iter().filter(|tensor| !known.contains(tensor.name.as_str())).cloned().collect(),
        ..Layout::default()
    };
    for weight in expected {
        let Some(tensor) = there.get(weight.path.as_str()) else {
            // Likeness is costly to measure, and only a few are shown.
            let names = layout.unexpected.iter().map(|tensor| tensor.name.as_str());
            let near = (layout.missing.len() < MOST_SHOWN).then(|| nearest(&weight.path, names)).flatten();
            layout.missing.push((weight.clone(), near.map(str::to_owned)));
            continue;
        };
        if tensor.shape != weight.shape {
            let (path, found) = (weight.path.clone(), tensor.shape.clone());
            layout.wrong_shape.push(WrongShape { path, expected: weight.shape.clone(), found });
        }
        if !tensor.stored.is_float() {
            layout.wrong_type.push((*tensor).clone());
        }
    }
    layout
}

/// One line for each difference, at most ten of a kind, under a line that counts them.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.missing.iter().map(|(weight, near)| {
            let near = near.as_ref().map(|name| format!("   (the file has `{name}`)")).unwrap_or_default();
            format!("{} {:?}{near}", weight.path, weight.shape)
        });
        let unexpected = self.unexpected.iter().map(|tensor| format!("{} {:?}", tensor.name, tensor.shape));
        let shapes =
            self.wrong_shape.iter().map(|w| format!("{} {:?}, the file has {:?}", w.path, w.expected, w.found));
        let types = self.wrong_type.iter().map(|tensor| format!("{} is {}", tensor.name, tensor.stored));
        section(f, "missing", missing)?;
        section(f, "not in the spec", unexpected)?;
        section(f, "of another shape", shapes)?;
        section(f, "not floating point", types)
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, lines: impl ExactSizeIterator<Item = String>) -> fmt::Result {
    let count = lines.len();
    if count == 0 {
        return Ok(());
    }
    writeln!(f, "  {count} {title}:")?;
    for line in lines.take(MOST_SHOWN) {
        writeln!(f, "    {line}")?;
    }
    match count.saturating_sub(MOST_SHOWN) {
        0 => Ok(()),
        more => writeln!(f, "    .. and {more} more"),
    }
}
