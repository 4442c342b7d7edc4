//! Compares the weights that a program expects with the tensors that a file has.
//!
//! In: the expected weights, the tensors and other entries of a file, and how its names become paths. Out: a
//! [`Comparison`], which says for every weight and every tensor whether it matches, is missing, unexpected or set
//! aside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::diagnostic::{grouped, nearest};
use crate::graph::program::{Part, Program};

use super::format::{Extra, Found};
use super::naming::Naming;
use super::surplus::Surplus;
use super::table::Reshape;
use super::wanted::{Lacking, Substitute};

/// How many differences of one kind are shown; of the others only the number is.
const MOST_SHOWN: usize = 10;

/// A weight that a file should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its path.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether it may be stored as integers, as the indices in a `fixed` tensor are elsewhere.
    pub may_be_integers: bool,
    /// What it gets if the file lacks it; none if the file must have it.
    pub substitute: Option<Substitute>,
    /// Whether a fit computes it.
    pub is_fitted: bool,
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
    /// Tensors that no weight of the spec is for, each with the reason to set it aside.
    pub set_aside: Vec<(Found, String)>,
    /// Entries beside the dict of the weights, and those of it that are no tensors.
    pub extras: Vec<Extra>,
    /// Weights of other parts than the one that was asked for.
    pub elsewhere: Vec<Found>,
    /// Weights that the file must have and lacks, each with the most similar name among the unexpected ones.
    pub missing: Vec<(Expected, Option<String>)>,
    /// Tensors that belong to a part and to no weight of it.
    pub unexpected: Vec<Found>,
    /// Weights of another shape.
    pub wrong_shape: Vec<WrongShape>,
    /// Tensors whose elements are not floating point.
    pub wrong_type: Vec<Found>,
    /// The networks in the file, in words, if it has several.
    pub networks: Vec<String>,
    /// The index that goes with the file, if its name is that of one of several files of a checkpoint.
    pub index: Option<String>,
    /// How the model may have to be set to be that of the file, in words.
    pub setting: Option<String>,
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
    /// Whether the file has every weight that it must have, and nothing more of any part.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.wrong_shape.is_empty()
            && self.wrong_type.is_empty()
    }

    /// How many weights have another name in the file.
    #[must_use]
    pub fn renamed(&self) -> usize {
        self.matched.iter().filter(|matched| matched.path != matched.name).count()
    }

    /// How much is set aside, and the first few names of it; none if nothing is.
    #[must_use]
    pub fn told_aside(&self) -> Option<String> {
        let names = self.set_aside.iter().map(|(tensor, _)| &tensor.name).chain(self.extras.iter().map(|e| &e.name));
        let count = self.set_aside.len() + self.extras.len();
        let first: Vec<String> = names.take(3).map(|name| format!("`{name}`")).collect();
        let more = if count > first.len() { ", .." } else { "" };
        (count > 0).then(|| format!("{} set aside ({}{more})", grouped(count), first.join(", ")))
    }
}

/// The weights of a program, or of one part of it, in the order of the program.
#[must_use]
pub fn expected(program: &Program, part: Option<&Part>, lacking: Lacking<'_>) -> Vec<Expected> {
    let weights = program.weights.iter().filter(|weight| part.is_none_or(|part| part.has(&weight.path)));
    let expected = weights.map(|weight| {
        let (path, shape) = (weight.path.clone(), weight.shape.clone());
        let (may_be_integers, is_fitted) = (weight.is_statistic, weight.awaits_fit());
        Expected { path, shape, may_be_integers, substitute: lacking.substitute(weight), is_fitted }
    });
    expected.collect()
}

/// Compares the expected weights with the tensors and other entries of a file. `part` is the only part that is expected:
/// what belongs to a weight of another part lies elsewhere.
///
/// # Errors
/// If two tensors stand for the same weight.
pub fn compare(
    program: &Program,
    part: Option<&Part>,
    expected: &[Expected],
    found: &[Found],
    extras: Vec<Extra>,
    naming: &Naming<'_>,
) -> Result<Comparison, Duplicate> {
    let paths: BTreeSet<&str> = program.weights.iter().map(|weight| weight.path.as_str()).collect();
    let surplus = Surplus::new(program, part);
    let wanted: HashMap<&str, &Expected> = expected.iter().map(|weight| (weight.path.as_str(), weight)).collect();
    let mut comparison = Comparison { naming: naming.to_string(), extras, ..Comparison::default() };
    let mut there: BTreeMap<String, (&Found, Option<Reshape>)> = BTreeMap::new();
    for tensor in found {
        let named = naming.path(&tensor.name);
        match &named {
            Some((path, reshape)) if wanted.contains_key(path.as_str()) => {
                if let Some((first, _)) = there.insert(path.clone(), (tensor, *reshape)) {
                    return Err(Duplicate { path: path.clone(), names: [first.name.clone(), tensor.name.clone()] });
                }
            }
            Some((path, _)) if paths.contains(path.as_str()) => comparison.elsewhere.push(tensor.clone()),
            Some(_) | None => {
                let path = named.map(|(path, _)| path).or_else(|| naming.path_without_rule(&tensor.name));
                match surplus.why(path.as_deref()) {
                    Some(why) => comparison.set_aside.push((tensor.clone(), why)),
                    None => comparison.unexpected.push(tensor.clone()),
                }
            }
        }
    }
    for weight in expected {
        match (there.get(&weight.path), &weight.substitute) {
            (Some((tensor, reshape)), _) => comparison.take(weight, tensor, *reshape),
            (None, Some(substitute)) => comparison.fresh.push((weight.clone(), substitute.clone())),
            (None, None) => {
                // Similar names take long to find, and only a few are shown.
                let aside = comparison.set_aside.iter().map(|(tensor, _)| tensor);
                let names = comparison.unexpected.iter().chain(aside).map(|tensor| tensor.name.as_str());
                let near = (comparison.missing.len() < MOST_SHOWN).then(|| nearest(&weight.path, names)).flatten();
                comparison.missing.push((weight.clone(), near.map(str::to_owned)));
            }
        }
    }
    Ok(comparison)
}

impl Comparison {
    /// What may be done about the differences.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        if !self.unexpected.is_empty() {
            hints.push(
                "what a block does not use of published weights it can say: `block Net() ignores \"head.*\" \"why\" { .. }`"
                    .to_owned(),
            );
        }
        hints.extend(self.setting.clone());
        let fitted = self.missing.iter().filter(|(weight, _)| weight.is_fitted).count();
        if fitted > 0 {
            let them = if fitted == 1 { "one of these".to_owned() } else { format!("{} of these", grouped(fitted)) };
            hints.push(format!(
                "a fit computes {them}: `diadc run` begins with such a file as `--weights`, and writes one that has all"
            ));
        }
        if !self.missing.is_empty() && !self.networks.is_empty() {
            hints.push(format!("the file holds {}; --within NAME reads one of them", self.networks.join(", ")));
        }
        if let (false, Some(index)) = (self.missing.is_empty(), &self.index) {
            hints.push(format!("its name is that of one of several files; give `{index}`, which lists all of them"));
        }
        hints
    }

    /// The same without what is said of weights other than these.
    pub(super) fn only(mut self, paths: &BTreeSet<&str>) -> Comparison {
        self.fresh.retain(|(weight, _)| paths.contains(weight.path.as_str()));
        self.wrong_shape.retain(|wrong| paths.contains(wrong.path.as_str()));
        self
    }

    fn take(&mut self, weight: &Expected, tensor: &Found, reshape: Option<Reshape>) {
        let path = weight.path.clone();
        let shape = reshape.map_or(Some(tensor.shape.clone()), |reshape| reshape.shape(&tensor.shape));
        if shape.as_ref() != Some(&weight.shape) {
            let (expected, found) = (weight.shape.clone(), tensor.shape.clone());
            self.wrong_shape.push(WrongShape { path, expected, found });
        } else if tensor.stored.is_float() || weight.may_be_integers && tensor.stored.is_integer() {
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
        let shapes =
            self.wrong_shape.iter().map(|w| format!("{} {:?}, the file has {:?}", w.path, w.expected, w.found));
        let types = self.wrong_type.iter().map(|tensor| format!("{} is {}", tensor.name, tensor.stored.told()));
        section(f, "missing", missing)?;
        section(f, "not in the spec", unexpected)?;
        section(f, "of another shape", shapes)?;
        section(f, "not floating point", types)?;
        self.hints().iter().try_for_each(|hint| writeln!(f, "  {hint}"))
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
