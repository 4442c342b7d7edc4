//! Binds every top-level name to its definition, and gives every block the members of its base.
//!
//! In: the trees of all files. Out: a [`Spec`] with modules, blocks and enums, and the errors in their names.

use std::sync::Arc;

use indexmap::IndexMap;

use diadc_core::span::Span;

use crate::diagnostic::Diagnostic;
use crate::parse::ast::{BlockDef, ItemKind, Member, MemberKind, Name, Use};
use crate::parse::section::{Names, Section};

use super::index::{Definition, Index};
use super::spec::{Binding, Block, BlockId, ByName, Enum, EnumId, Module, ModuleId, Spec, member_name};
use super::{File, error, import};

/// Binds the names of all files. The last file is the prelude, which all others see.
pub(super) fn bind(files: &[File], index: Option<&mut Index>) -> (Spec, Vec<Diagnostic>) {
    let mut binder =
        Binder { spec: Spec::default(), definitions: Vec::new(), places: Vec::new(), diagnostics: Vec::new(), index };
    for (index, file) in files.iter().enumerate() {
        binder.define(ModuleId(index), file);
    }
    for (index, file) in files.iter().enumerate() {
        binder.import(ModuleId(index), file, files);
    }
    for index in 0..binder.spec.blocks.len() {
        binder.inherit(BlockId(index), &mut Vec::new());
    }
    (binder.spec, binder.diagnostics)
}

struct Binder<'a> {
    spec: Spec,
    /// The definition of each block, and whether it has inherited the members of its base.
    definitions: Vec<(Arc<BlockDef>, bool)>,
    /// Where the names of each module are defined.
    places: Vec<IndexMap<Arc<str>, Span>>,
    diagnostics: Vec<Diagnostic>,
    /// The definitions of words, if they are asked for.
    index: Option<&'a mut Index>,
}

impl Binder<'_> {
    /// Binds the names that a file defines.
    fn define(&mut self, id: ModuleId, file: &File) {
        let module = Module {
            source: file.source,
            doc: file.ast.doc.clone(),
            scope: ByName::default(),
            top: file.top,
            uses: Vec::new(),
            lost_use: file.ast.lost_use,
        };
        self.spec.modules.push(module);
        self.places.push(IndexMap::new());
        let mut model: Option<Name> = None;
        for item in &file.ast.items {
            match &item.kind {
                ItemKind::Use(_) => {}
                ItemKind::Enum(def) => {
                    let enum_id = EnumId(self.spec.enums.len());
                    self.spec.enums.push(Enum { name: def.name.clone(), cases: def.cases.clone() });
                    self.name(id, &def.name, Binding::Enum(enum_id));
                    for (i, case) in def.cases.iter().enumerate() {
                        if let Some(first) = def.cases[..i].iter().find(|other| other.node == case.node) {
                            self.diagnostics.push(error::duplicate(case, first.span));
                        }
                    }
                }
                ItemKind::Fn(def) => self.name(id, &def.name, Binding::Fn(id, def.clone())),
                ItemKind::Let(def) => self.name(id, &def.name, Binding::Let(id, def.clone())),
                ItemKind::Block(def) => {
                    let block = self.block(id, def);
                    self.name(id, &def.name, Binding::Block(block));
                    if def.is_model {
                        match &model {
                            Some(first) => self.diagnostics.push(error::two_models(&def.name, first)),
                            None => model = Some(def.name.clone()),
                        }
                        if id.0 == 0 {
                            self.spec.model = self.spec.model.or(Some(block));
                        }
                    }
                }
            }
        }
        let scope = &mut self.spec.modules[id.0].scope;
        for name in &file.ast.broken {
            scope.entry(name.node.clone()).or_insert(Binding::Broken);
        }
        if id.0 == 0 {
            self.spec.lost_model = self.spec.model.is_none() && file.ast.is_partial;
        }
    }

    fn name(&mut self, module: ModuleId, name: &Name, binding: Binding) {
        if let Some(&first) = self.places[module.0].get(&name.node) {
            self.diagnostics.push(error::duplicate(name, first));
            return;
        }
        self.places[module.0].insert(name.node.clone(), name.span);
        self.spec.modules[module.0].scope.insert(name.node.clone(), binding);
    }

    fn block(&mut self, module: ModuleId, def: &Arc<BlockDef>) -> BlockId {
        let id = BlockId(self.spec.blocks.len());
        let mut members: ByName<(ModuleId, Member)> = ByName::default();
        for param in &def.params {
            if def.params.iter().filter(|other| other.name.node == param.name.node).count() > 1 {
                let first = def.params.iter().find(|other| other.name.node == param.name.node);
                if let Some(first) = first.filter(|first| first.name.span != param.name.span) {
                    self.diagnostics.push(error::duplicate(&param.name, first.name.span));
                }
            }
        }
        for member in &def.members {
            let (name, span) = member_name(member);
            let taken = members.get(&name).map(|(_, first)| member_name(first).1);
            let param = def.params.iter().find(|param| param.name.node == name).map(|param| param.name.span);
            if let Some(first) = taken.or(param) {
                let is_section = matches!(member.kind, MemberKind::Section(_));
                self.diagnostics.push(match param {
                    None if is_section => error::second_section(&name, span, first),
                    None | Some(_) => error::duplicate(&Name::new(name, span), first),
                });
                continue;
            }
            if !def.is_model
                && let Some(what) = model_only(&member.kind)
            {
                self.diagnostics.push(error::only_in_models(what, span));
            }
            members.insert(name, (module, member.clone()));
        }
        self.spec.blocks.push(Block {
            name: def.name.clone(),
            is_model: def.is_model,
            module,
            params: def.params.clone(),
            members,
            ignores: def.ignores.clone(),
            lineage: vec![id],
            is_partial: def.is_partial,
        });
        self.definitions.push((def.clone(), def.base.is_none()));
        id
    }

    /// Binds the names that a file imports, those of the prelude, and the cases of enums.
    fn import(&mut self, id: ModuleId, file: &File, files: &[File]) {
        let uses = file.ast.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Use(item) => Some(item),
            _ => None,
        });
        for (item, target) in uses.zip(&file.uses) {
            self.spec.modules[id.0].uses.push((item.clone(), target.map(ModuleId)));
            match target {
                Some(target) => self.import_one(id, item, ModuleId(*target)),
                None => item.names.iter().for_each(|(_, here)| self.lost(id, here)),
            }
        }
        let prelude = files.len() - 1;
        if id.0 != prelude {
            let shared: Vec<_> = self.spec.modules[prelude]
                .scope
                .iter()
                .map(|(name, binding)| (name.clone(), binding.clone()))
                .collect();
            for (name, binding) in shared {
                self.spec.modules[id.0].scope.entry(name).or_insert(binding);
            }
        }
        let enums: Vec<EnumId> = self.spec.modules[id.0]
            .scope
            .values()
            .filter_map(|binding| match binding {
                Binding::Enum(enum_id) => Some(*enum_id),
                _ => None,
            })
            .collect();
        for enum_id in enums {
            for index in 0..self.spec.enums[enum_id.0].cases.len() {
                let case = self.spec.enums[enum_id.0].cases[index].node.clone();
                let scope = &mut self.spec.modules[id.0].scope;
                match scope.get_mut(&case) {
                    None => {
                        scope.insert(case, Binding::Case(enum_id, index));
                    }
                    Some(Binding::Case(other, _)) => {
                        let owners = vec![*other, enum_id];
                        scope.insert(case, Binding::Ambiguous(owners));
                    }
                    Some(Binding::Ambiguous(owners)) => owners.push(enum_id),
                    Some(
                        Binding::Fn(..) | Binding::Let(..) | Binding::Block(_) | Binding::Enum(_) | Binding::Broken,
                    ) => {}
                }
            }
        }
    }

    /// Binds a name whose definition could not be read.
    fn lost(&mut self, id: ModuleId, name: &Name) {
        self.spec.modules[id.0].scope.entry(name.node.clone()).or_insert(Binding::Broken);
    }

    fn import_one(&mut self, id: ModuleId, item: &Use, target: ModuleId) {
        let own: Vec<Arc<str>> = self.places[target.0].keys().cloned().collect();
        for (there, here) in &item.names {
            let binding = own.contains(&there.node).then(|| self.spec.modules[target.0].scope[&there.node].clone());
            match binding {
                Some(binding) => {
                    self.used(there, self.places[target.0][&there.node]);
                    self.used(here, self.places[target.0][&there.node]);
                    if let Some(&first) = self.places[id.0].get(&here.node) {
                        self.diagnostics.push(error::duplicate(here, first));
                    } else {
                        // It is not among the names that this file defines: another file can't import it from here.
                        self.spec.modules[id.0].scope.insert(here.node.clone(), binding);
                    }
                }
                None if matches!(self.spec.modules[target.0].scope.get(&there.node), Some(Binding::Broken)) => {
                    self.lost(id, here);
                }
                None => {
                    self.lost(id, here);
                    let from = match &item.from.node {
                        crate::parse::ast::UseFrom::Std(module) => format!("std::{module}"),
                        crate::parse::ast::UseFrom::File(path) => path.clone(),
                    };
                    self.diagnostics.push(error::unknown_import(there, &from, own.iter().map(|name| &**name)));
                }
            }
        }
    }

    /// Notes the definition of a name.
    fn used(&mut self, name: &Name, definition: Span) {
        if let Some(index) = &mut self.index {
            index.note(name.span, Definition::Name(definition), 0);
        }
    }

    /// Gives a block the members of its base, once.
    fn inherit(&mut self, id: BlockId, open: &mut Vec<BlockId>) {
        let (def, done) = self.definitions[id.0].clone();
        let Some(base) = def.base.as_ref().filter(|_| !done) else { return };
        self.definitions[id.0].1 = true;
        let module = self.spec.blocks[id.0].module;
        let base_id = match self.spec.modules[module.0].scope.get(&base.node) {
            Some(Binding::Block(base_id)) => *base_id,
            Some(Binding::Broken) => {
                self.spec.blocks[id.0].is_partial = true;
                return;
            }
            Some(binding) => {
                self.spec.blocks[id.0].is_partial = true;
                let what = match binding {
                    Binding::Fn(..) => "a function",
                    Binding::Let(..) => "a value",
                    Binding::Enum(_) => "an enum",
                    Binding::Case(..) | Binding::Ambiguous(_) | Binding::Block(_) | Binding::Broken => {
                        "a case of an enum"
                    }
                };
                self.diagnostics.push(error::base_is_no_block(base, what));
                return;
            }
            None => {
                self.spec.blocks[id.0].is_partial = true;
                let blocks: Vec<Arc<str>> = self.spec.modules[module.0]
                    .scope
                    .iter()
                    .filter(|(_, binding)| matches!(binding, Binding::Block(_)))
                    .map(|(name, _)| name.clone())
                    .collect();
                let unknown = || error::unknown_name(&base.node, base.span, blocks.iter().map(|name| &**name));
                let missing = import::missing(&self.spec, module, &base.node, base.span);
                self.diagnostics.push(missing.unwrap_or_else(unknown));
                return;
            }
        };
        if base_id == id || open.contains(&base_id) {
            self.diagnostics.push(error::base_cycle(base));
            self.spec.blocks[id.0].is_partial = true;
            return;
        }
        open.push(id);
        self.inherit(base_id, open);
        open.pop();
        let base_block = self.spec.blocks[base_id.0].clone();
        self.used(base, base_block.name.span);
        if def.is_model && !base_block.params.is_empty() {
            self.diagnostics.push(error::base_with_params(base));
        }
        self.join(id, base_block);
    }

    fn join(&mut self, id: BlockId, base: Block) {
        let mut own = std::mem::take(&mut self.spec.blocks[id.0].members);
        let replaced: Vec<Section> = own.values().filter_map(|(_, member)| replaced_at_once(&member.kind)).collect();
        let mut members = ByName::default();
        for (name, (module, member)) in base.members {
            if replaced_at_once(&member.kind).is_some_and(|section| replaced.contains(&section)) {
                continue;
            }
            match own.shift_remove(&name) {
                Some((own_module, replacement)) => {
                    let (kind, base_kind) = (kind_name(&replacement.kind), kind_name(&member.kind));
                    if kind == base_kind {
                        members.insert(name, (own_module, replacement));
                    } else {
                        let (span, first) = (member_name(&replacement).1, member_name(&member).1);
                        self.diagnostics.push(error::other_kind(&name, span, first, kind, base_kind));
                        members.insert(name, (module, member));
                    }
                }
                None => {
                    members.insert(name, (module, member));
                }
            }
        }
        members.extend(own);
        let block = &mut self.spec.blocks[id.0];
        block.members = members;
        block.lineage.extend(base.lineage);
        block.ignores.extend(base.ignores);
        block.is_partial |= base.is_partial;
        if block.params.is_empty() {
            block.params = base.params;
            block.module = base.module;
        }
    }
}

/// The section that a member is, if it is one of which a block with its own inherits none.
fn replaced_at_once(kind: &MemberKind) -> Option<Section> {
    match kind {
        MemberKind::Section(def) if def.section.row().names == Names::Objectives => Some(def.section),
        MemberKind::Section(_)
        | MemberKind::Param(_)
        | MemberKind::Let(_)
        | MemberKind::Part(_)
        | MemberKind::Fn(_)
        | MemberKind::Objective(_) => None,
    }
}

fn model_only(kind: &MemberKind) -> Option<&'static str> {
    match kind {
        MemberKind::Param(_) | MemberKind::Objective(_) | MemberKind::Section(_) => Some(kind_name(kind)),
        MemberKind::Let(_) | MemberKind::Part(_) | MemberKind::Fn(_) => None,
    }
}

fn kind_name(kind: &MemberKind) -> &'static str {
    match kind {
        MemberKind::Param(_) => "param",
        MemberKind::Let(_) => "let",
        MemberKind::Part(_) => "part",
        MemberKind::Fn(_) => "fn",
        MemberKind::Objective(_) => "objective",
        MemberKind::Section(def) => def.section.word(),
    }
}
