//! How the names of the tensors in a file become paths of a program: unchanged, within a part, by a rename table, or
//! without what stands before all of them.

use std::collections::HashMap;
use std::fmt;

use crate::graph::program::{Part, Program};

use super::format::Found;
use super::table::{Reshape, Table};

/// Files with more tensors than any network are not renamed by tables, which would take long.
const MOST_RENAMED: usize = 100_000;

/// Expected shapes by path.
pub(super) type Shapes<'a> = HashMap<&'a str, &'a [usize]>;

/// How well names fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    /// Weights with the right shape.
    pub(super) whole: usize,
    /// Weights whose name is there.
    pub(super) named: usize,
}

/// A rule that turns names into paths.
#[derive(Clone, Debug)]
pub struct Naming<'a> {
    /// What is taken off the beginning of the names.
    around: String,
    table: Option<&'a Table>,
    /// The part to which the names are relative; none if they are whole paths.
    part: Option<&'a Part>,
}

impl<'a> Naming<'a> {
    /// Whole paths, by a rename table if one is given.
    #[must_use]
    pub fn plain(table: Option<&'a Table>) -> Naming<'a> {
        Naming { around: String::new(), table, part: None }
    }

    /// The rule by which most tensors of a file give one of these weights, and how many do; of equally good rules the
    /// simplest one. `part` is the part whose weights are expected, and `table`, if given, the only table that is tried.
    pub(super) fn choose(
        program: &'a Program,
        shapes: &Shapes<'_>,
        found: &[Found],
        part: Option<&'a Part>,
        table: Option<&'a Table>,
    ) -> (Naming<'a>, Fit) {
        let tables: Vec<Option<&Table>> = match table {
            Some(table) => vec![Some(table)],
            None if found.len() > MOST_RENAMED => vec![None],
            None => std::iter::once(None).chain(Table::all().iter().map(Some)).collect(),
        };
        let mut best = Naming::plain(table);
        let mut most = best.fit(shapes, found);
        for table in tables {
            for part in places(program, part) {
                if most.whole == shapes.len() {
                    return (best, most);
                }
                let naming = Naming { around: String::new(), table, part };
                let fit = naming.fit(shapes, found);
                if fit > most {
                    (best, most) = (naming, fit);
                }
            }
        }
        (best, most)
    }

    /// The rules that take this off the beginning of the names.
    pub(super) fn around(program: &'a Program, around: &str, part: Option<&'a Part>) -> Vec<Naming<'a>> {
        let naming = |part| Naming { around: around.to_owned(), table: None, part };
        places(program, part).into_iter().map(naming).collect()
    }

    /// How many tensors give one of these weights.
    pub(super) fn fit(&self, shapes: &Shapes<'_>, found: &[Found]) -> Fit {
        let mut fit = Fit::default();
        for tensor in found {
            let Some((path, reshape)) = self.path(&tensor.name) else { continue };
            let Some(expected) = shapes.get(path.as_str()) else { continue };
            let shape = reshape.map_or(Some(tensor.shape.clone()), |reshape| reshape.shape(&tensor.shape));
            fit.named += 1;
            fit.whole += usize::from(shape.as_deref() == Some(*expected));
        }
        fit
    }

    /// The path for a name, and how the shape has to change; none if the name is none of those that the rule is for.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<(String, Option<Reshape>)> {
        let name = name.strip_prefix(self.around.as_str())?;
        let (name, reshape) = match self.table {
            Some(table) => table.rename(name)?,
            None => (name.to_owned(), None),
        };
        Some((self.place(&name), reshape))
    }

    /// Where a tensor would lie that no rule fits, if it belongs to what the others belong to.
    pub(super) fn path_without_rule(&self, name: &str) -> Option<String> {
        let name = name.strip_prefix(self.around.as_str())?;
        let is_beside = self.table.is_some_and(|table| table.is_beside(name));
        (!is_beside).then(|| self.place(name))
    }

    fn place(&self, name: &str) -> String {
        match self.part {
            Some(part) if !part.path.is_empty() => format!("{}.{name}", part.path),
            Some(_) | None => name.to_owned(),
        }
    }
}

/// The parts that names may be relative to; none stands for the model. A file may hold a part alone, or something that
/// the part belongs to.
fn places<'a>(program: &'a Program, part: Option<&'a Part>) -> Vec<Option<&'a Part>> {
    let parts: Vec<&Part> = match part {
        Some(part) => {
            program.parts.iter().filter(|around| around.path == part.path || around.has(&part.path)).collect()
        }
        None => program.own_parts().collect(),
    };
    std::iter::once(None).chain(parts.into_iter().map(Some)).collect()
}

/// `as they are`, `those of the layout diffusers-unet, within the part `sd``, `without `module.``
impl fmt::Display for Naming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table {
            Some(table) => write!(f, "those of the layout {}", table.name())?,
            None if self.around.is_empty() => f.write_str("as they are")?,
            None => write!(f, "without `{}`", self.around)?,
        }
        match self.part {
            Some(part) => write!(f, ", within the part `{}`", part.name),
            None => Ok(()),
        }
    }
}
