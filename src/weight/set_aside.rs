//! What published checkpoints hold beside the weights, and why nobody needs it.
//!
//! In: `specs/set-aside.toml`. Out: for the name of a tensor or of something else in a file the reason to set it aside,
//! if it is known.

use std::sync::OnceLock;

use serde::Deserialize;

use super::pattern::{Pattern, Words};

const FILE: &str = include_str!("../../specs/set-aside.toml");

/// What is known, with a reason each.
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
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<SetAsideList, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        let patterns = |groups: &[Group]| {
            let all = groups.iter().flat_map(|group| group.names.iter().map(move |name| (name, &group.why)));
            all.map(|(name, why)| Ok((Pattern::new(name, &Words::new())?, why.clone()))).collect::<Result<_, String>>()
        };
        Ok(SetAsideList { tensors: patterns(&written.tensors)?, extras: patterns(&written.extras)? })
    }

    /// The list that comes with the program.
    ///
    /// # Panics
    /// If it is wrong, which a test rules out.
    #[must_use]
    pub fn known() -> &'static SetAsideList {
        static KNOWN: OnceLock<SetAsideList> = OnceLock::new();
        KNOWN.get_or_init(|| SetAsideList::parse(FILE).unwrap_or_else(|why| panic!("`set-aside.toml` is wrong: {why}")))
    }

    /// Why a tensor is not needed, if it is known.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&str> {
        reason(&self.tensors, name)
    }

    /// Why something beside the weights is not needed, if it is known.
    #[must_use]
    pub fn extra(&self, name: &str) -> Option<&str> {
        reason(&self.extras, name)
    }
}

fn reason<'a>(list: &'a [(Pattern, String)], name: &str) -> Option<&'a str> {
    list.iter().find(|(pattern, _)| pattern.captures(name).is_some()).map(|(_, why)| why.as_str())
}
