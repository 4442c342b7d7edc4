//! What published checkpoints hold besides the weights, and why a model does not need it.
//!
//! In: the text of `specs/set-aside.toml`. Out: whether a tensor, or another entry of a checkpoint, may be set aside,
//! and the reason. Everything that is not on the list and that no weight takes makes a file unfit.

use std::sync::OnceLock;

use serde::Deserialize;

use super::pattern::{Pattern, Words};

const FILE: &str = include_str!("../../specs/set-aside.toml");

/// Patterns of names that may be set aside, each with its reason.
#[derive(Debug)]
pub struct SetAsideList {
    tensors: Vec<(Pattern, String)>,
    extras: Vec<(Pattern, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    tensors: Vec<Group>,
    extras: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    why: String,
    names: Vec<String>,
}

impl SetAsideList {
    /// Reads and checks the text of a list.
    ///
    /// # Errors
    /// Returns what is wrong with the text.
    pub fn parse(text: &str) -> Result<SetAsideList, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        let patterns = |groups: &[Group]| {
            let all = groups.iter().flat_map(|group| group.names.iter().map(move |name| (name, &group.why)));
            all.map(|(name, why)| Ok((Pattern::new(name, &Words::new())?, why.clone()))).collect::<Result<_, String>>()
        };
        Ok(SetAsideList { tensors: patterns(&written.tensors)?, extras: patterns(&written.extras)? })
    }

    /// The list that is built into the program.
    ///
    /// # Panics
    /// If that list is wrong, which a test rules out.
    #[must_use]
    pub fn known() -> &'static SetAsideList {
        static KNOWN: OnceLock<SetAsideList> = OnceLock::new();
        KNOWN.get_or_init(|| SetAsideList::parse(FILE).unwrap_or_else(|why| panic!("`set-aside.toml` is wrong: {why}")))
    }

    /// Why the tensor of this name may be set aside; none if the list does not name it.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&str> {
        reason(&self.tensors, name)
    }

    /// Why an entry of this name that is no weight may be set aside; none if the list does not name it.
    #[must_use]
    pub fn extra(&self, name: &str) -> Option<&str> {
        reason(&self.extras, name)
    }
}

fn reason<'a>(list: &'a [(Pattern, String)], name: &str) -> Option<&'a str> {
    list.iter().find(|(pattern, _)| pattern.captures(name).is_some()).map(|(_, why)| why.as_str())
}
