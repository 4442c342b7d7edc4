//! Functions of the model that can be run by themselves, each checked alone.
//!
//! Alone, a function has open extents where its parameters name them. If its shapes fit at each of its calls but not for
//! every extent, that is no mistake: it is then not among the functions of the program.

use std::sync::Arc;

use diadc_core::graph::Function;

use crate::check::Expander;
use crate::diagnostic::Diagnostic;
use crate::parse::ast::{FnDef, MemberKind, SectionContent};
use crate::parse::section::Section;
use crate::resolve::spec::ModuleId;

/// What is wrong with a function that is checked alone.
pub(super) struct Unfit {
    name: Arc<str>,
    found: Vec<Diagnostic>,
}

impl Expander<'_> {
    /// The graph of a function all of whose parameters have shapes. If something is wrong with it, that is set aside.
    pub(super) fn exported(&mut self, module: ModuleId, def: &Arc<FnDef>, unfit: &mut Vec<Unfit>) -> Option<Function> {
        let known = self.reports.all.len();
        let function = self.plain_function(module, def).ok().flatten();
        let found = self.reports.all.split_off(known);
        if !found.is_empty() {
            unfit.push(Unfit { name: def.name.node.clone(), found });
            return None;
        }
        function
    }

    /// Reports what is wrong with functions alone, without those that another function calls: there it fits, or what is wrong
    /// with it is told of the call. Of all, if a function of the program is missing and nothing has said why.
    pub(super) fn report_unfit(&mut self, unfit: Vec<Unfit>, functions: &[Function]) {
        let runs = self.model_block().members.values().filter_map(|(_, member)| match &member.kind {
            MemberKind::Objective(def) => Some(&def.function.name.node),
            MemberKind::Section(def) if def.section == Section::Score => match &def.content {
                SectionContent::Function(def) => Some(&def.name.node),
                SectionContent::Settings(_) => None,
            },
            MemberKind::Section(_) => None,
            MemberKind::Fn(_) | MemberKind::Let(_) | MemberKind::Param(_) | MemberKind::Part(_) => None,
        });
        let is_made = |name: &Arc<str>| functions.iter().any(|function| *function.name == **name);
        let is_explained = !self.reports.is_empty() || runs.into_iter().all(is_made);
        let mut waiting = unfit;
        while !waiting.is_empty() {
            let told =
                waiting.iter().position(|one| is_explained && self.callers(one).any(|by| !is_one_of(by, &waiting)));
            if let Some(i) = told {
                waiting.remove(i);
                continue;
            }
            // Of functions that only call each other, the first is reported.
            let next = waiting.iter().position(|one| self.callers(one).next().is_none()).unwrap_or(0);
            let Unfit { found, .. } = waiting.remove(next);
            self.reports.all.extend(found);
        }
    }

    /// The other functions of the model that called a function.
    fn callers<'a>(&'a self, unfit: &'a Unfit) -> impl Iterator<Item = &'a str> {
        let all = self.called.get(&unfit.name).into_iter().flatten();
        all.map(String::as_str).filter(|by| *by != &*unfit.name)
    }
}

/// Whether a name is that of one of these functions.
fn is_one_of(name: &str, functions: &[Unfit]) -> bool {
    functions.iter().any(|function| *function.name == *name)
}
