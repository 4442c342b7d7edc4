//! `source NAME { .. }`: other images for objectives, such as textures, and how they reach the model.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::MemberKind;
use crate::parse::section::Section;
use crate::program::Source;

use crate::check::Expander;
use crate::check::report::Outcome;

/// What objectives are given by these names.
pub(super) const GIVEN: [&str; 5] = ["image", "other", "class", "step", "progress"];

impl Expander<'_> {
    /// The sources of the model.
    pub(super) fn sources(&mut self) -> Outcome<Vec<Source>> {
        let members: Vec<_> = self.model_block().members.values().cloned().collect();
        let (mut sources, mut outcome) = (Vec::new(), Ok(()));
        for (module, member) in members {
            let MemberKind::Section(def) = &member.kind else { continue };
            if def.section != Section::Source {
                continue;
            }
            let named = def.names.iter().flatten();
            let name: Vec<Arc<str>> = named.map(|name| name.node.clone()).collect();
            if let [name] = name.as_slice()
                && !GIVEN.contains(&&**name)
            {
                match self.image_settings(module, def) {
                    Ok(format) => sources.push(Source { name: name.to_string(), format }),
                    Err(reported) => outcome = Err(reported),
                }
                continue;
            }
            let text = format!("`{}` can't be the name of a source", name.join("."));
            let list: Vec<String> = GIVEN.iter().map(|name| format!("`{name}`")).collect();
            let help = format!("objectives are given {} by their names already", list.join(", "));
            outcome = Err(self.report(Diagnostic::new(Code::UnknownInput, text, def.place()).help(help)));
        }
        outcome.map(|()| sources)
    }
}
