//! Notes which names are read, and by which members of the model, while all names are looked up.
//!
//! A name that nothing reads is not an error, but probably a mistake: warnings are made from these notes.

use std::collections::HashSet;
use std::sync::Arc;

use diadc_core::span::Span;

use crate::parse::ast::{ItemKind, MemberKind, Name, SectionContent};

use super::File;
use super::spec::{Binding, Block, Meanings, ModuleId, Reader, Spec, Unread};

/// The names that were read, and those that were not.
#[derive(Default)]
pub(super) struct Reads {
    /// Local names that were never read.
    pub(super) unread: Vec<Name>,
    /// Top-level names that were read, by the module that sees them.
    pub(super) top: HashSet<(ModuleId, Arc<str>)>,
    /// The members of the model that were read, each with the member that reads it.
    pub(super) members: Vec<Reader>,
    /// What names mean that their own scope does not say.
    pub(super) meanings: Meanings,
}

impl Reads {
    /// Adds the notes of another.
    pub(super) fn join(&mut self, other: &mut Reads) {
        self.unread.append(&mut other.unread);
        self.top.extend(other.top.drain());
        self.members.append(&mut other.members);
        self.meanings.extend(other.meanings.drain());
    }

    /// Writes the notes into the spec. `is_std` says which modules belong to the standard library.
    pub(super) fn finish(mut self, spec: &mut Spec, files: &[File], is_std: &[bool]) {
        let own: Vec<_> =
            spec.modules.iter().zip(is_std).filter(|(_, is_std)| !**is_std).map(|(m, _)| m.source).collect();
        let mut unread: Vec<Unread> = Vec::new();
        for name in self.unread.drain(..).filter(|name| own.contains(&name.span.source)) {
            // The members of a base are visited again for each block that inherits them.
            if !unread.iter().any(|known| known.name.span == name.span) {
                unread.push(Unread { name, is_import: false, needless: None });
            }
        }
        for (index, file) in files.iter().enumerate().filter(|(index, _)| !is_std[*index]) {
            for item in &file.ast.items {
                let ItemKind::Use(item) = &item.kind else { continue };
                for (i, (_, here)) in item.names.iter().enumerate() {
                    if !self.is_read(spec, ModuleId(index), here) {
                        unread.push(Unread { name: here.clone(), is_import: true, needless: beside(&item.names, i) });
                    }
                }
            }
        }
        if let Some(model) = spec.model.map(|id| spec.block(id)) {
            let lets =
                model.members.values().filter(|(module, _)| module.0 == 0).filter_map(|(_, member)| {
                    match &member.kind {
                        MemberKind::Let(def) => Some(&def.name),
                        _ => None,
                    }
                });
            let idle = lets.filter(|name| !self.members.iter().any(|reader| reader.reads == name.node));
            unread.extend(idle.map(|name| Unread { name: name.clone(), is_import: false, needless: None }));
        }
        spec.unread = unread;
        spec.meanings = self.meanings;
        spec.readers = self.members;
    }

    /// Whether a name of a module is read; for an enum also whether one of its cases is.
    fn is_read(&self, spec: &Spec, module: ModuleId, name: &Name) -> bool {
        let read = |name: &Arc<str>| self.top.contains(&(module, name.clone()));
        read(&name.node)
            || match spec.module(module).scope.get(&name.node) {
                Some(Binding::Enum(id)) => spec.enumeration(*id).cases.iter().any(|case| read(&case.node)),
                _ => false,
            }
    }
}

/// The text to remove for a name in a `use`: the name with a comma. None for the only name.
fn beside(names: &[(Name, Name)], index: usize) -> Option<Span> {
    let (there, here) = &names[index];
    match (index.checked_sub(1), names.get(index + 1)) {
        (_, Some((next, _))) => Some(Span { end: next.span.start, ..there.span }),
        (Some(before), None) => Some(Span { start: names[before].1.span.end, ..here.span }),
        (None, None) => None,
    }
}

/// The members of the model on which a run depends: its objectives and sections, and all that these read. In a model
/// with neither an objective nor a section that holds a function, a run is any of its functions.
pub(crate) fn effective_members(model: &Block, readers: &[Reader]) -> HashSet<Arc<str>> {
    let is_run = |kind: &MemberKind| match kind {
        MemberKind::Objective(_) => true,
        MemberKind::Section(def) => matches!(def.content, SectionContent::Function(_)),
        MemberKind::Param(_) | MemberKind::Let(_) | MemberKind::Part(_) | MemberKind::Fn(_) => false,
    };
    let runs = model.members.values().any(|(_, member)| is_run(&member.kind));
    let roots = model.members.iter().filter(|(_, (_, member))| match &member.kind {
        MemberKind::Fn(_) => !runs,
        MemberKind::Param(_) | MemberKind::Let(_) | MemberKind::Part(_) => false,
        MemberKind::Objective(_) | MemberKind::Section(_) => true,
    });
    let mut open: Vec<Arc<str>> = roots.map(|(name, _)| name.clone()).collect();
    let mut found: HashSet<Arc<str>> = HashSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name.clone()) {
            open.extend(readers.iter().filter(|reader| reader.member == name).map(|reader| reader.reads.clone()));
        }
    }
    found
}
