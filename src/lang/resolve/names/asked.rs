//! Calls and fields: the names of arguments and members, and arguments for which a parameter asks for an enumeration. A case
//! of it is known there by its name alone, also where nothing imports it.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::Fix;
use crate::parse::ast::{Argument, Expr, ExprKind, FnDef, Member, MemberKind, Name, Param, Type, TypeKind};

use super::Names;
use crate::resolve::builtin::{Builtin, Default};
use crate::resolve::error;
use crate::resolve::lookup::{has_member, unknown_argument, unknown_field, unknown_member};
use crate::resolve::of_tensor;
use crate::resolve::spec::{Binding, Block, BlockId, EnumId, Meaning, ModuleId};

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
        let called = self.called(callee);
        for (i, argument) in arguments.iter().enumerate() {
            let is_named = match (&argument.name, &called) {
                (Some(name), Some(called)) => self.names_argument(called, name),
                (Some(_), None) | (None, _) => true,
            };
            self.asked = called.as_ref().and_then(|called| {
                let param = match &argument.name {
                    Some(name) => called.params().iter().find(|param| param.name.node == name.node),
                    None => called.params().get(i + before),
                };
                self.enumeration(called.module(), param?.ty.as_ref()?)
            });
            if let (Some(Called::Builtin(builtin, _)), ExprKind::Name(word)) = (&called, &argument.value.kind)
                && !self.knows(word)
                && takes_word(*builtin, argument.name.as_ref(), i + before)
            {
                let unknown = error::unknown_name(word, argument.value.span, []);
                let written = format!("\"{word}\"");
                let help = format!("a word stands in quotes here: `{written}`");
                self.diagnostics.push(unknown.help(help).fix(Fix::write(written, argument.value.span)));
                continue;
            }
            let told = self.diagnostics.len();
            self.expr_of(&argument.value, is_known && is_named);
            if called.is_none() && self.diagnostics.len() > told {
                self.is_method(callee, told);
            }
        }
    }

    /// Tells of a method that tensors have in another program instead of what is told of its argument, as in `x.to(device)`.
    fn is_method(&mut self, callee: &Expr, told: usize) {
        let ExprKind::Field(_, name) = &callee.kind else { return };
        let Some(help) = of_tensor(&name.node) else { return };
        for told in self.diagnostics.drain(told..) {
            self.reads.meanings.insert(told.span(), Meaning::Reported);
        }
        self.diagnostics.push(unknown_field(&name.node, "a tensor", [], name.span).help(help));
    }

    /// Whether what is called has a parameter with the name of an argument; reports it if not. A member of a base is looked
    /// into where it stands, since a block that inherits it may replace what it calls.
    fn names_argument(&mut self, called: &Called<'a>, name: &Name) -> bool {
        let names = called.names();
        let is_one = names.contains(&&*name.node);
        if !is_one && !self.is_inherited {
            self.diagnostics.push(unknown_argument(called.word(), &names, &name.node, name.span));
        }
        is_one
    }

    /// The name of a field, where it can be told of which block the value is an instance.
    pub(super) fn field(&mut self, owner: &Expr, name: &Name) {
        let Some(id) = self.block_of(self.module, owner, COPIES).filter(|_| !self.is_inherited) else { return };
        let block = self.spec.block(id);
        if !block.is_partial && !has_member(block, &name.node) {
            self.diagnostics.push(unknown_member(block, &name.node, name.span));
        }
    }

    /// A stage of a pipe: the value before it is its first argument, unless it makes a block.
    pub(super) fn stage(&mut self, stage: &Expr) {
        match &stage.kind {
            ExprKind::Call(callee, arguments) => {
                let before = usize::from(self.block_named(self.module, callee).is_none());
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

    /// What is called, where that can be told without the value of the expression.
    fn called(&self, callee: &Expr) -> Option<Called<'a>> {
        if let Some(id) = self.block_named(self.module, callee) {
            return Some(Called::Block(self.spec.block(id)));
        }
        match &callee.kind {
            ExprKind::Name(name) if self.is_given(name) => None,
            ExprKind::Name(name) => match self.block.and_then(|block| block.members.get(name)) {
                Some(member) => function(member).or_else(|| self.main_function(callee)),
                None => match self.spec.module(self.module).scope.get(name) {
                    Some(Binding::Fn(module, def)) => Some(Called::Function(*module, def)),
                    Some(_) => None,
                    None => Builtin::named(name).map(|builtin| Called::Builtin(builtin, self.module)),
                },
            },
            ExprKind::Field(owner, name) => {
                let block = self.spec.block(self.block_of(self.module, owner, COPIES)?);
                function(block.members.get(&name.node)?)
            }
            _ => self.main_function(callee),
        }
    }

    /// Whether a name is local, or a parameter of the block: only a run says what it holds.
    fn is_given(&self, name: &str) -> bool {
        self.locals.iter().any(|local| &*local.name == name)
            || self.block.is_some_and(|block| block.params.iter().any(|param| &*param.name.node == name))
    }

    /// The main function of a part, or of a block that is made where it is called.
    fn main_function(&self, callee: &Expr) -> Option<Called<'a>> {
        function(self.spec.block(self.block_of(self.module, callee, COPIES)?).members.get("fn")?)
    }

    /// The block whose name an expression is, in a module.
    fn block_named(&self, module: ModuleId, expr: &Expr) -> Option<BlockId> {
        let ExprKind::Name(name) = &expr.kind else { return None };
        match self.spec.module(module).scope.get(name) {
            Some(Binding::Block(id)) if !self.is_nearer(name) => Some(*id),
            _ => None,
        }
    }

    /// The block of which an expression in a module makes or names an instance.
    fn block_of(&self, module: ModuleId, expr: &Expr, copies: usize) -> Option<BlockId> {
        let copies = copies.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Call(callee, _) => self.block_named(module, callee),
            ExprKind::Placed(inner, ..) | ExprKind::Copy(inner) => self.block_of(module, inner, copies),
            ExprKind::Name(name) if !self.is_given(name) => {
                let (module, member) = self.block?.members.get(name)?;
                let MemberKind::Part(def) = &member.kind else { return None };
                self.block_of(*module, &def.value, copies)
            }
            _ => None,
        }
    }
}

/// Whether an argument of a built-in function is for a parameter that takes a word.
fn takes_word(builtin: Builtin, name: Option<&Name>, at: usize) -> bool {
    let parameters = builtin.parameters();
    let parameter = match name {
        Some(name) => parameters.iter().find(|parameter| parameter.name == &*name.node),
        None => parameters.get(at),
    };
    parameter.is_some_and(|parameter| matches!(parameter.default, Default::Str(_)))
}

/// What a call names.
enum Called<'a> {
    /// A function of the spec, and the module that knows the types of its parameters.
    Function(ModuleId, &'a FnDef),
    /// A block, of which an instance is made.
    Block(&'a Block),
    /// A built-in function; where it is called.
    Builtin(Builtin, ModuleId),
}

impl<'a> Called<'a> {
    /// What messages call it.
    fn word(&self) -> &'a str {
        match self {
            Called::Function(_, def) => def.called(),
            Called::Block(block) => &block.name.node,
            Called::Builtin(builtin, _) => builtin.word(),
        }
    }

    /// The parameters that are written in a spec.
    fn params(&self) -> &'a [Param] {
        match self {
            Called::Function(_, def) => &def.params,
            Called::Block(block) => &block.params,
            Called::Builtin(..) => &[],
        }
    }

    /// The module that knows the types of its parameters.
    fn module(&self) -> ModuleId {
        match self {
            Called::Function(module, _) | Called::Builtin(_, module) => *module,
            Called::Block(block) => block.module,
        }
    }

    /// The names of its parameters.
    fn names(&self) -> Vec<&'a str> {
        match self {
            Called::Function(..) | Called::Block(_) => self.params().iter().map(|param| &*param.name.node).collect(),
            Called::Builtin(builtin, _) => builtin.parameters().iter().map(|param| param.name).collect(),
        }
    }
}

/// A member that is a function.
fn function((module, member): &(ModuleId, Member)) -> Option<Called<'_>> {
    match &member.kind {
        MemberKind::Fn(def) => Some(Called::Function(*module, def)),
        MemberKind::Objective(def) => Some(Called::Function(*module, &def.function)),
        MemberKind::Param(_) | MemberKind::Let(_) | MemberKind::Part(_) | MemberKind::Section(_) => None,
    }
}
