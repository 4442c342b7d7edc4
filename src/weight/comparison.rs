//! Compares the weights that a program expects with the tensors that a file has.
//!
//! In: the expected weights, the tensors and other entries of a file, and how its names become paths. Out: a
//! [`Comparison`], which says for every weight and every tensor whether it matches, is missing, unexpected or set
//! aside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::diagnostic::nearest;
use crate::graph::program::{Init, Part, Program};

use super::format::{Extra, Found};
use super::naming::Naming;
use super::set_aside::SetAsideList;
use super::table::Reshape;

/// How many differences of one kind are shown; of the others only the number is.
const MOST_SHOWN: usize = 10;

/// A weight that a file should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its path.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it gets if the file lacks it; none if the file must have it.
    pub substitute: Option<Substitute>,
}

/// What a weight gets if the file lacks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Substitute {
    /// Its first value from the spec.
    FirstValue,
    /// The value of the weight of which it is a copy.
    CopyOf(String),
}

/// How the tensors of a file compare with the expected weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How the names in the file were read, in words.
    pub naming: String,
    /// Weights that the file has.
    pub matched: Vec<Match>,
    /// Weights that the file lacks and may lack, each with what it gets.
    pub fresh: Vec<(Expected, Substitute)>,
    /// Tensors that are on the list of what is set aside, each with the reason.
    pub set_aside: Vec<(Found, String)>,
    /// Entries that are no weights, each with the reason to set it aside if the list has one.
    pub extras: Vec<(Extra, Option<String>)>,
    /// Weights of other parts than the one that was asked for.
    pub elsewhere: Vec<Found>,
    /// Weights that the file must have and lacks, each with the most similar name among the unexpected ones.
    pub missing: Vec<(Expected, Option<String>)>,
    /// Tensors that belong to no weight and are not set aside.
    pub unexpected: Vec<Found>,
    /// Weights of another shape.
    pub wrong_shape: Vec<WrongShape>,
    /// Tensors whose elements are not floating point.
    pub wrong_type: Vec<Found>,
}

/// A weight that a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its path in the program.
    pub path: String,
    /// The name of the tensor in the file.
    pub name: String,
    /// What is done to its shape.
    pub reshape: Option<Reshape>,
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

/// Two tensors of a file that stand for the same weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The path.
    pub path: String,
    /// The names in the file.
    pub names: [String; 2],
}

impl Comparison {
    /// Whether the file has every weight that it must have, and nothing that is not known.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.wrong_shape.is_empty()
            && self.wrong_type.is_empty()
            && self.unknown_extras().next().is_none()
    }

    /// How many weights have another name in the file.
    #[must_use]
    pub fn renamed(&self) -> usize {
        self.matched.iter().filter(|matched| matched.path != matched.name).count()
    }

    /// Entries that are no weights, hold tensors, and are not on the list of what is set aside.
    #[must_use]
    pub fn unknown_extras(&self) -> impl ExactSizeIterator<Item = &Extra> {
        let unknown = |(extra, why): &'_ (Extra, Option<String>)| extra.tensors > 0 && why.is_none();
        let all: Vec<&Extra> = self.extras.iter().filter(|entry| unknown(entry)).map(|(extra, _)| extra).collect();
        all.into_iter()
    }
}

/// The weights of a program, or of one part of it, in the order of the program. Those of `fresh` parts may be missing.
#[must_use]
pub fn expected(program: &Program, part: Option<&Part>, fresh: &[&Part]) -> Vec<Expected> {
    let weights = program.weights.iter().filter(|weight| part.is_none_or(|part| part.has(&weight.path)));
    let expected = weights.map(|weight| {
        let is_fresh = fresh.iter().any(|part| part.has(&weight.path));
        let substitute = is_fresh.then(|| match &weight.init {
            Init::CopyOf(original) => Substitute::CopyOf(original.clone()),
            Init::Constant(_)
            | Init::Normal { .. }
            | Init::Uniform { .. }
            | Init::Orthogonal
            | Init::Permutation
            | Init::Fitted => Substitute::FirstValue,
        });
        Expected { path: weight.path.clone(), shape: weight.shape.clone(), substitute }
    });
    expected.collect()
}

/// Compares the expected weights with the tensors and other entries of a file. `paths` are the paths of all weights of
/// the program: a tensor with such a path that is not expected belongs to another part.
///
/// # Errors
/// If two tensors stand for the same weight.
pub fn compare(
    expected: &[Expected],
    paths: &BTreeSet<&str>,
    found: &[Found],
    extras: &[Extra],
    naming: &Naming<'_>,
) -> Result<Comparison, Duplicate> {
    let wanted: HashMap<&str, &Expected> = expected.iter().map(|weight| (weight.path.as_str(), weight)).collect();
    let mut comparison = Comparison { naming: naming.to_string(), ..Comparison::default() };
    let mut there: BTreeMap<String, (&Found, Option<Reshape>)> = BTreeMap::new();
    for tensor in found {
        let named = naming.path(&tensor.name);
        match named {
            Some((path, reshape)) if wanted.contains_key(path.as_str()) => {
                if let Some((first, _)) = there.insert(path.clone(), (tensor, reshape)) {
                    return Err(Duplicate { path, names: [first.name.clone(), tensor.name.clone()] });
                }
            }
            Some((path, _)) if paths.contains(path.as_str()) => comparison.elsewhere.push(tensor.clone()),
            Some(_) | None => match SetAsideList::known().tensor(&tensor.name) {
                Some(why) => comparison.set_aside.push((tensor.clone(), why.to_owned())),
                None => comparison.unexpected.push(tensor.clone()),
            },
        }
    }
    for extra in extras {
        comparison.extras.push((extra.clone(), SetAsideList::known().extra(&extra.name).map(str::to_owned)));
    }
    for weight in expected {
        match (there.get(&weight.path), &weight.substitute) {
            (Some((tensor, reshape)), _) => comparison.take(weight, tensor, *reshape),
            (None, Some(substitute)) => comparison.fresh.push((weight.clone(), substitute.clone())),
            (None, None) => {
                // Similar names take long to find, and only a few are shown.
                let names = comparison.unexpected.iter().map(|tensor| tensor.name.as_str());
                let near = (comparison.missing.len() < MOST_SHOWN).then(|| nearest(&weight.path, names)).flatten();
                comparison.missing.push((weight.clone(), near.map(str::to_owned)));
            }
        }
    }
    Ok(comparison)
}

impl Comparison {
    fn take(&mut self, weight: &Expected, tensor: &Found, reshape: Option<Reshape>) {
        let path = weight.path.clone();
        let shape = reshape.map_or(Some(tensor.shape.clone()), |reshape| reshape.shape(&tensor.shape));
        if shape.as_ref() != Some(&weight.shape) {
            let (expected, found) = (weight.shape.clone(), tensor.shape.clone());
            self.wrong_shape.push(WrongShape { path, expected, found });
        } else if tensor.stored.is_float() {
            self.matched.push(Match { path, name: tensor.name.clone(), reshape });
        } else {
            self.wrong_type.push(tensor.clone());
        }
    }
}

/// One line for each difference, at most ten of a kind, under a line that counts them.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.missing.iter().map(|(weight, near)| {
            let near = near.as_ref().map(|name| format!("   (the file has `{name}`)")).unwrap_or_default();
            format!("{} {:?}{near}", weight.path, weight.shape)
        });
        let unexpected = self.unexpected.iter().map(|tensor| format!("{} {:?}", tensor.name, tensor.shape));
        let extras = self.unknown_extras().map(|extra| {
            let plural = if extra.tensors == 1 { "" } else { "s" };
            format!("{}: {} with {} tensor{plural}", extra.name, extra.what, extra.tensors)
        });
        let shapes =
            self.wrong_shape.iter().map(|w| format!("{} {:?}, the file has {:?}", w.path, w.expected, w.found));
        let types = self.wrong_type.iter().map(|tensor| format!("{} is {}", tensor.name, tensor.stored));
        section(f, "missing", missing)?;
        section(f, "not in the spec", unexpected)?;
        section(f, "beside the weights and not known", extras)?;
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
