//! Rename tables: how other programs name the weights that a part of a spec has.
//!
//! In: the data files in `specs/layouts`; the first of them explains their form. Out: for a name in a file, the name
//! within a part and how the shape has to change. The same rule never turns two different names into one.

use std::sync::OnceLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use crate::diagnostic::one_of;

use super::pattern::{Pattern, Template, Words};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/specs/layouts");

/// There is no table of this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no layout `{name}`; {help}")]
pub struct NoTable {
    name: String,
    /// What may have been meant.
    help: String,
}

/// A rename table.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    about: String,
    rules: Vec<Rule>,
    /// Names of what lies beside the network.
    beside: Vec<Pattern>,
}

/// What a rule does to the shape of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reshape {
    /// The weight `[out, in]` of a linear layer becomes that of a 1x1 convolution, `[out, in, 1, 1]`.
    LinearToConv,
}

impl Reshape {
    /// The new shape; none if the old one is not what this is for.
    #[must_use]
    pub fn shape(self, shape: &[usize]) -> Option<Vec<usize>> {
        match (self, shape) {
            (Reshape::LinearToConv, &[out, inner]) => Some(vec![out, inner, 1, 1]),
            (Reshape::LinearToConv, _) => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Rule {
    from: Pattern,
    to: Template,
    reshape: Option<Reshape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    about: String,
    #[serde(default)]
    words: Words,
    rules: Vec<WrittenRule>,
    #[serde(default)]
    beside: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    from: String,
    to: String,
    reshape: Option<Reshape>,
}

impl Table {
    /// Reads and checks the text of a table.
    ///
    /// # Errors
    /// Returns what is wrong: an unknown key, a place that is not used or not known, or a list in which two words become
    /// the same word.
    pub fn parse(name: &str, text: &str) -> Result<Table, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        for (list, words) in &written.words {
            let mut results: Vec<&String> = words.values().collect();
            results.sort();
            if let Some([same, _]) = results.array_windows().find(|[a, b]| a == b) {
                return Err(format!("two words of `{list}` become `{same}`"));
            }
        }
        let rule = |rule: &WrittenRule| {
            let from = Pattern::new(&rule.from, &written.words)?;
            let to = Template::new(&rule.to, &from, &written.words)?;
            Ok::<Rule, String>(Rule { from, to, reshape: rule.reshape })
        };
        let rules = written.rules.iter().map(rule).collect::<Result<Vec<_>, _>>()?;
        let beside = written.beside.iter().map(|name| Pattern::new(name, &written.words)).collect::<Result<_, _>>()?;
        Ok(Table { name: name.to_owned(), about: written.about, rules, beside })
    }

    /// All tables that are built into the program, sorted by name.
    ///
    /// # Panics
    /// If one of them is wrong, which a test rules out.
    #[must_use]
    pub fn all() -> &'static [Table] {
        static TABLES: OnceLock<Vec<Table>> = OnceLock::new();
        TABLES.get_or_init(|| {
            let table = |file: &include_dir::File<'_>| {
                let name = file.path().file_stem().unwrap_or_default().to_string_lossy();
                let text = file.contents_utf8().expect("tables are text");
                Table::parse(&name, text).unwrap_or_else(|why| panic!("the table `{name}` is wrong: {why}"))
            };
            let mut tables: Vec<Table> = FILES.files().map(table).collect();
            tables.sort_by(|a, b| a.name.cmp(&b.name));
            tables
        })
    }

    /// The table of this name.
    ///
    /// # Errors
    /// If there is no such table.
    pub fn find(name: &str) -> Result<&'static Table, NoTable> {
        let names = Table::all().iter().map(|table| table.name.as_str());
        Table::all()
            .iter()
            .find(|table| table.name == name)
            .ok_or_else(|| NoTable { name: name.to_owned(), help: one_of(name, names).unwrap_or_default() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which program uses its names, in words.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The name within a part for a name in a file, and how the shape has to change; none if no rule fits.
    #[must_use]
    pub fn rename(&self, name: &str) -> Option<(String, Option<Reshape>)> {
        let fitting = |rule: &Rule| Some((rule.to.fill(&rule.from.captures(name)?)?, rule.reshape));
        self.rules.iter().find_map(fitting)
    }

    /// Whether a name is that of something beside the network, such as a threshold.
    pub(super) fn is_beside(&self, name: &str) -> bool {
        self.beside.iter().any(|pattern| pattern.captures(name).is_some())
    }
}
