//! How the names of the tensors in a file become paths of a program: unchanged, within a part, or by a rename table.

use std::collections::BTreeSet;
use std::fmt;

use crate::graph::program::{Part, Program};

use super::format::Found;
use super::table::{Reshape, Table};

/// A rule that turns names into paths.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    table: Option<&'a Table>,
    /// The part to which the names are relative; none if they are whole paths.
    part: Option<&'a Part>,
}

impl<'a> Naming<'a> {
    /// The rule by which most tensors of a file get one of these paths; of equally good rules the simplest one. `part`
    /// is the part whose weights are expected, and `table`, if given, is the only table that is tried.
    #[must_use]
    pub fn choose(
        program: &'a Program,
        paths: &BTreeSet<&str>,
        found: &[Found],
        part: Option<&'a Part>,
        table: Option<&'a Table>,
    ) -> Naming<'a> {
        let parts: Vec<Option<&Part>> = match part {
            // The file may hold the part alone, or something that the part belongs to.
            Some(part) => program
                .parts
                .iter()
                .filter(|around| around.path == part.path || around.has(&part.path))
                .map(Some)
                .collect(),
            None => program.own_parts().map(Some).collect(),
        };
        let tables: Vec<Option<&Table>> = match table {
            Some(table) => vec![Some(table)],
            None => std::iter::once(None).chain(Table::all().iter().map(Some)).collect(),
        };
        let mut best = Naming { table, part: None };
        let mut most = best.count(paths, found);
        for table in tables {
            for part in std::iter::once(None).chain(parts.iter().copied()) {
                if most == paths.len() {
                    return best;
                }
                let naming = Naming { table, part };
                let count = naming.count(paths, found);
                if count > most {
                    (best, most) = (naming, count);
                }
            }
        }
        best
    }

    /// How many tensors of a file get one of these paths.
    fn count(&self, paths: &BTreeSet<&str>, found: &[Found]) -> usize {
        let is_there = |tensor: &&Found| self.path(&tensor.name).is_some_and(|(path, _)| paths.contains(path.as_str()));
        found.iter().filter(is_there).count()
    }

    /// The path for a name, and how the shape has to change; none if no rule of the table fits the name.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<(String, Option<Reshape>)> {
        let (name, reshape) = match self.table {
            Some(table) => table.rename(name)?,
            None => (name.to_owned(), None),
        };
        match self.part {
            Some(part) if !part.path.is_empty() => Some((format!("{}.{name}", part.path), reshape)),
            Some(_) | None => Some((name, reshape)),
        }
    }
}

/// `as they are`, `names of diffusers-unet within `sd``
impl fmt::Display for Naming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table {
            Some(table) => write!(f, "those of the layout {}", table.name())?,
            None => f.write_str("as they are")?,
        }
        match self.part {
            Some(part) => write!(f, ", within the part `{}`", part.name),
            None => Ok(()),
        }
    }
}
