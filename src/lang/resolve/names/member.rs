//! The names in members that only a model has: parts that an objective trains, objectives and settings of a section.

use diadc_core::fact::BATCH;

use crate::parse::ast::{ExprKind, MemberKind, Name, SectionContent, SectionDef, Setting};
use crate::parse::section::{self, Section};

use super::{LocalKind, Names};
use crate::resolve::error;
use crate::resolve::spec::member_name;

impl Names<'_> {
    pub(super) fn section(&mut self, def: &SectionDef) {
        for path in &def.names {
            match def.section.row().names {
                section::Names::Part => self.part(path, "part", |kind| matches!(kind, MemberKind::Part(_))),
                section::Names::New => {}
                section::Names::Objectives | section::Names::Nothing => {
                    self.part(path, "objective", |kind| matches!(kind, MemberKind::Objective(_)));
                }
            }
        }
        match &def.content {
            SectionContent::Function(function) if def.section == Section::Fit => {
                let depth = self.locals.len();
                self.local(&Name::new(BATCH.into(), function.name.span), LocalKind::Given);
                self.function(function);
                self.leave(depth);
            }
            SectionContent::Function(function) => self.function(function),
            SectionContent::Settings(settings) => {
                self.distinct(settings);
                self.settings(def.section, settings);
            }
        }
    }

    /// Checks the values of settings, except words that only their section knows; arguments of those are expressions.
    fn settings(&mut self, section: Section, settings: &[Setting]) {
        let has_words = section.settings().iter().any(|known| known.has_own_words);
        for setting in settings {
            let known = section.setting(&setting.name.node);
            // What an unknown setting is given is no mistake of its own.
            if known.is_none() && matches!(setting.value.kind, ExprKind::Name(_)) {
                continue;
            }
            let has_own_words = known.map_or(has_words, |known| known.has_own_words);
            // A bare word, one with numbers, or a list of words; the names in anything else are those of the spec.
            let is_word = match &setting.value.kind {
                ExprKind::Name(name) => !self.knows(name),
                ExprKind::Call(..) | ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::Set(_) => true,
                _ => false,
            };
            if !(has_own_words && is_word) {
                self.expr(&setting.value);
            } else if let ExprKind::Call(_, arguments) = &setting.value.kind {
                arguments.iter().for_each(|argument| self.expr(&argument.value));
            }
        }
    }

    fn distinct(&mut self, settings: &[Setting]) {
        for (i, setting) in settings.iter().enumerate() {
            if let Some(first) = settings[..i].iter().find(|other| other.name.node == setting.name.node) {
                self.diagnostics.push(error::duplicate(&setting.name, first.name.span));
            }
        }
    }

    pub(super) fn part(&mut self, path: &[Name], what: &str, is_it: impl Fn(&MemberKind) -> bool) {
        let (Some(block), Some(first)) = (self.block, path.first()) else { return };
        self.read_member(&first.node);
        if let Some((_, member)) = block.members.get(&first.node) {
            self.note_at(first.span, member_name(member).1);
        }
        if !block.is_partial && !block.members.get(&first.node).is_some_and(|(_, member)| is_it(&member.kind)) {
            let known = block.members.iter().filter(|(_, (_, member))| is_it(&member.kind)).map(|(name, _)| &**name);
            let mut diagnostic = error::unknown_name(&first.node, first.span, known);
            diagnostic.headline = format!("the model has no {what} `{}`", first.node);
            self.diagnostics.push(diagnostic);
        }
    }
}
