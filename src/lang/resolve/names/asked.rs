//! Arguments for which a parameter asks for an enumeration: a case of it is known there by its name alone, also where
//! nothing imports it.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::parse::ast::{Argument, Expr, ExprKind, Member, MemberKind, Param, Type, TypeKind};

use super::Names;
use crate::resolve::spec::{Binding, BlockId, EnumId, Meaning, ModuleId};

/// A part may be a copy of another, that of a third, and so on; none is followed further than this.
const COPIES: usize = 16;

impl<'a> Names<'a> {
    /// An expression of which a case of an enumeration is asked for.
    pub(super) fn asking(&mut self, asked: Option<EnumId>, expr: &Expr) {
        self.asked = asked;
        self.expr(expr);
    }

    /// A call that gives so many arguments before those in its brackets.
    pub(super) fn call(&mut self, callee: &Expr, arguments: &[Argument], before: usize) {
        let known = self.diagnostics.len();
        self.expr(callee);
        // What an unknown function asks for may give a name its meaning, as a case of an enumeration.
        let is_known = self.diagnostics.len() == known;
        let (module, params) = self.parameters(callee).unwrap_or((self.module, &[]));
        for (i, argument) in arguments.iter().enumerate() {
            let param = match &argument.name {
                Some(name) => params.iter().find(|param| param.name.node == name.node),
                None => params.get(i + before),
            };
            let asked = param.and_then(|param| param.ty.as_ref()).and_then(|ty| self.enumeration(module, ty));
            self.asked = asked;
            self.expr_of(&argument.value, is_known);
        }
    }

    /// A stage of a pipe: the value before it is its first argument, unless it makes a block.
    pub(super) fn stage(&mut self, stage: &Expr) {
        match &stage.kind {
            ExprKind::Call(callee, arguments) => {
                let before = usize::from(self.block_named(callee).is_none());
                self.call(callee, arguments, before);
            }
            ExprKind::Placed(layer, path, _) => {
                self.stage(layer);
                self.string(path);
            }
            _ => self.expr(stage),
        }
    }

    /// Whether a name is a case of the enumeration that is asked for. If no scope says so, it is noted.
    pub(super) fn is_case_of(&mut self, asked: Option<EnumId>, name: &Arc<str>, span: Span) -> bool {
        let Some(id) = asked.filter(|_| !self.is_nearer(name) && !self.is_own(name)) else { return false };
        let cases = &self.spec.enumeration(id).cases;
        let Some(index) = cases.iter().position(|case| case.node == *name) else { return false };
        self.note_at(span, cases[index].span);
        self.reads.meanings.insert(span, Meaning::Case(id, index));
        true
    }

    /// Whether this file defines a name of a value, or takes it from another one; those of the prelude do not count.
    fn is_own(&self, name: &str) -> bool {
        let module = self.spec.module(self.module);
        let place = match module.scope.get(name) {
            Some(Binding::Fn(_, def)) => def.name.span,
            Some(Binding::Let(_, def)) => def.name.span,
            Some(Binding::Block(id)) => self.spec.block(*id).name.span,
            Some(Binding::Enum(_) | Binding::Case(..) | Binding::Ambiguous(_) | Binding::Broken) | None => {
                return false;
            }
        };
        let is_imported = || module.uses.iter().any(|(item, _)| item.names.iter().any(|(_, here)| &*here.node == name));
        place.source == module.source || is_imported()
    }

    /// The enumeration of which a type asks for a case, or for a list of cases.
    fn enumeration(&self, module: ModuleId, ty: &Type) -> Option<EnumId> {
        let name = match &ty.kind {
            TypeKind::Name(name) => name,
            TypeKind::Generic(_, inner) | TypeKind::Repeat(inner, _) => return self.enumeration(module, inner),
            TypeKind::Tuple(_) | TypeKind::Shape(..) => return None,
        };
        match self.spec.module(module).scope.get(name) {
            Some(Binding::Enum(id)) => Some(*id),
            _ => None,
        }
    }

    /// The parameters of what is called, where that can be told from its name, and the module that knows their types.
    fn parameters(&self, callee: &Expr) -> Option<(ModuleId, &'a [Param])> {
        if let Some(id) = self.block_named(callee) {
            let block = self.spec.block(id);
            return Some((block.module, &block.params));
        }
        match &callee.kind {
            ExprKind::Name(name) if self.locals.iter().any(|local| local.name == *name) => None,
            ExprKind::Name(name) => match self.block.and_then(|block| block.members.get(name)) {
                Some(member) => function(member).or_else(|| self.main_function(callee)),
                None => match self.spec.module(self.module).scope.get(name)? {
                    Binding::Fn(module, def) => Some((*module, def.params.as_slice())),
                    _ => None,
                },
            },
            ExprKind::Field(owner, name) => {
                let block = self.spec.block(self.block_of(owner, COPIES)?);
                function(block.members.get(&name.node)?)
            }
            _ => self.main_function(callee),
        }
    }

    /// The parameters of the main function of a part, or of a block that is made where it is called.
    fn main_function(&self, callee: &Expr) -> Option<(ModuleId, &'a [Param])> {
        function(self.spec.block(self.block_of(callee, COPIES)?).members.get("fn")?)
    }

    /// The block whose name an expression is.
    fn block_named(&self, expr: &Expr) -> Option<BlockId> {
        let ExprKind::Name(name) = &expr.kind else { return None };
        match self.spec.module(self.module).scope.get(name) {
            Some(Binding::Block(id)) if !self.is_nearer(name) => Some(*id),
            _ => None,
        }
    }

    /// The block of which an expression makes or names an instance.
    fn block_of(&self, expr: &Expr, copies: usize) -> Option<BlockId> {
        let copies = copies.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Call(callee, _) => self.block_named(callee),
            ExprKind::Placed(inner, ..) | ExprKind::Copy(inner) => self.block_of(inner, copies),
            ExprKind::Name(name) if self.locals.iter().all(|local| local.name != *name) => {
                let (_, member) = self.block?.members.get(name)?;
                let MemberKind::Part(def) = &member.kind else { return None };
                self.block_of(&def.value, copies)
            }
            _ => None,
        }
    }
}

/// The parameters of a member that is a function, and the module that knows their types.
fn function((module, member): &(ModuleId, Member)) -> Option<(ModuleId, &[Param])> {
    match &member.kind {
        MemberKind::Fn(def) => Some((*module, def.params.as_slice())),
        MemberKind::Objective(def) => Some((*module, def.function.params.as_slice())),
        MemberKind::Param(_) | MemberKind::Let(_) | MemberKind::Part(_) | MemberKind::Section(_) => None,
    }
}
