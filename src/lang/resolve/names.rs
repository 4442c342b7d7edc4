//! Checks that every name that is used is defined, in every body, also in those that are never expanded.
//!
//! In: a [`Spec`] whose top-level names are bound. Out: diagnostics, and which names are read. Of fields and
//! arguments, only those are checked here of which the spec alone says what they belong to.

mod asked;
mod choice;
mod keyword;
mod member;
mod misread;
mod outside;
mod unknown;
mod wanted;

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::Diagnostic;
use crate::parse::ast::{
    Body, DimPattern, Expr, ExprKind, FnDef, ItemKind, MemberKind, Name, Param, Pattern, Statement, StringPart, Type,
    TypeKind,
};

use super::builtin::{Builtin, GENERIC_TYPES, TYPES};
use super::index::{Definition, Index};
use super::reads::Reads;
use super::spec::{Binding, Block, EnumId, Meaning, Meanings, ModuleId, Reader, Spec, member_name};
use super::variable::variables;
use super::{File, error, foreign, import};
use misread::{begins_foreign, prefix, root};
use outside::Left;
use wanted::Wanted;
pub(super) use wanted::check_setting;

/// All errors in the names of all files, and which names are read.
pub(super) fn check(spec: &Spec, files: &[File], mut noted: Option<&mut Index>) -> (Vec<Diagnostic>, Reads) {
    let (mut diagnostics, mut reads) = (Vec::new(), Reads::default());
    for (index, file) in files.iter().enumerate() {
        for item in &file.ast.items {
            let mut names = Names::new(spec, ModuleId(index), None).noting(noted.as_deref_mut());
            match &item.kind {
                ItemKind::Use(_) | ItemKind::Enum(_) => {}
                ItemKind::Block(def) => def.base.iter().for_each(|base| names.read_top(&base.node)),
                ItemKind::Fn(def) => names.function(def),
                ItemKind::Let(def) => names.expr(&def.value),
            }
            diagnostics.append(&mut names.diagnostics);
            reads.join(&mut names.reads);
        }
    }
    let model = spec.model.map(|model| &spec.block(model).name);
    for block in &spec.blocks {
        let is_model = model.is_some_and(|model| model.span == block.name.span);
        let mut names = Names::new(spec, block.module, Some(block)).noting(noted.as_deref_mut());
        names.params(&block.params);
        diagnostics.append(&mut names.diagnostics);
        reads.join(&mut names.reads);
        let base = block.lineage.get(1).map(|base| spec.block(*base));
        for (name, (module, member)) in &block.members {
            let mut names = Names::new(spec, *module, Some(block)).noting(noted.as_deref_mut());
            names.member = is_model.then(|| name.clone());
            let of_base = base.and_then(|base| base.members.get(name));
            names.is_inherited = of_base.is_some_and(|(_, other)| member_name(other).1 == member_name(member).1);
            match &member.kind {
                MemberKind::Param(def) if names.choice(def) => {}
                MemberKind::Param(def) => {
                    def.ty.iter().for_each(|ty| names.ty(ty));
                    let is_typed = names.diagnostics.is_empty();
                    def.within.iter().for_each(|expr| names.expr(expr));
                    // A case of a type that is not known is no mistake of its own.
                    names.expr_of(&def.default, is_typed);
                }
                MemberKind::Let(def) | MemberKind::Part(def) => names.expr(&def.value),
                MemberKind::Fn(def) => names.function(def),
                MemberKind::Objective(def) => {
                    names.function(&def.function);
                    for path in def.trains.iter().chain(&def.freezes) {
                        names.part(path, "part", |kind| matches!(kind, MemberKind::Part(_)));
                    }
                }
                MemberKind::Section(def) => names.section(def),
            }
            diagnostics.append(&mut names.diagnostics);
            reads.join(&mut names.reads);
        }
    }
    (diagnostics, reads)
}

/// The errors in the names of an expression from outside, and what names in it mean that no scope says. Its inputs hide
/// members of the model with the same name.
pub(super) fn check_query<'a>(
    spec: &Spec,
    model: &Block,
    expr: &Expr,
    inputs: impl Iterator<Item = &'a Name>,
) -> (Vec<Diagnostic>, Meanings) {
    let mut names = Names::new(spec, ModuleId(0), Some(model));
    inputs.for_each(|input| names.local(input, LocalKind::Given));
    names.expr(expr);
    (names.diagnostics, names.reads.meanings)
}

struct Local {
    name: Arc<str>,
    span: Span,
    kind: LocalKind,
    /// Whether something reads it. Names that need no reader, such as parameters, count as read.
    is_read: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LocalKind {
    /// A name that a `let` gives by itself, which could be a `var`.
    Let,
    /// Any other name of one value: a parameter, an element of a list or tuple, a value of a `loop`.
    Given,
    Var,
    /// A `var` outside of the `loop`, or of the function without a name, in which it is used.
    OuterVar,
}

struct Names<'a> {
    spec: &'a Spec,
    module: ModuleId,
    block: Option<&'a Block>,
    locals: Vec<Local>,
    /// The names that the bodies around this place define further down, innermost last.
    later: Vec<(Arc<str>, Span)>,
    /// The names of bodies that have ended, which are not seen any more.
    left: Vec<Left>,
    /// The enumeration that is asked for where an expression stands.
    asked: Option<EnumId>,
    /// What is taken by the `param` or setting whose value from outside is checked.
    wanted: Option<Wanted>,
    /// The member of the model that is checked.
    member: Option<Arc<str>>,
    /// Whether the member that is checked stands in the base of the block.
    is_inherited: bool,
    reads: Reads,
    /// What words stand for, if somebody asks.
    index: Option<&'a mut Index>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Names<'a> {
    fn new(spec: &'a Spec, module: ModuleId, block: Option<&'a Block>) -> Names<'a> {
        Names {
            spec,
            module,
            block,
            locals: Vec::new(),
            later: Vec::new(),
            left: Vec::new(),
            asked: None,
            wanted: None,
            member: None,
            is_inherited: false,
            reads: Reads::default(),
            index: None,
            diagnostics: Vec::new(),
        }
    }

    fn noting<'b>(self, index: Option<&'b mut Index>) -> Names<'b>
    where
        'a: 'b,
    {
        Names { index, ..self }
    }

    /// Notes the definition of a word, if it is known here.
    fn note(&mut self, name: &str, span: Span) {
        if self.index.is_none() {
            return;
        }
        let definition = self.definition(name);
        let distance = self.block.map_or(0, |block| block.lineage.len());
        if let (Some(index), Some(definition)) = (&mut self.index, definition) {
            index.note(span, definition, distance);
        }
    }

    fn note_at(&mut self, span: Span, definition: Span) {
        let distance = self.block.map_or(0, |block| block.lineage.len());
        if let Some(index) = &mut self.index {
            index.note(span, Definition::Name(definition), distance);
        }
    }

    fn definition(&self, name: &str) -> Option<Definition> {
        if let Some(local) = self.locals.iter().rev().find(|local| &*local.name == name) {
            return Some(Definition::Name(local.span));
        }
        if let Some(block) = self.block {
            let param = block.params.iter().find(|param| &*param.name.node == name).map(|param| param.name.span);
            let member = || block.members.get(name).map(|(_, member)| member_name(member).1);
            if let Some(span) = param.or_else(member) {
                return Some(Definition::Name(span));
            }
        }
        let Some(binding) = self.spec.module(self.module).scope.get(name) else {
            return Builtin::named(name).map(Definition::Builtin);
        };
        Some(Definition::Name(match binding {
            Binding::Fn(_, def) => def.name.span,
            Binding::Let(_, def) => def.name.span,
            Binding::Block(id) => self.spec.block(*id).name.span,
            Binding::Enum(id) => self.spec.enumeration(*id).name.span,
            Binding::Case(id, case) => self.spec.enumeration(*id).cases[*case].span,
            Binding::Ambiguous(_) | Binding::Broken => return None,
        }))
    }

    fn function(&mut self, def: &FnDef) {
        let depth = self.locals.len();
        self.params(&def.params);
        if let Some(ty) = &def.returns {
            self.shape_variables(ty);
            self.ty(ty);
        }
        self.body(&def.body);
        self.leave(depth);
    }

    fn params(&mut self, params: &[Param]) {
        for param in params {
            if let Some(ty) = &param.ty {
                self.shape_variables(ty);
            }
        }
        for (i, param) in params.iter().enumerate() {
            param.default.iter().for_each(|expr| self.expr(expr));
            if let Some(ty) = &param.ty {
                self.ty(ty);
            }
            if let Some(first) = params[..i].iter().find(|other| other.name.node == param.name.node) {
                self.diagnostics.push(error::duplicate(&param.name, first.name.span));
            }
        }
        for param in params {
            self.local(&param.name, LocalKind::Given);
        }
    }

    fn local(&mut self, name: &Name, kind: LocalKind) {
        self.locals.push(Local { name: name.node.clone(), span: name.span, kind, is_read: true });
    }

    /// Adds a local name that something should read, unless it begins with `_`.
    fn watched(&mut self, name: &Name, kind: LocalKind) {
        let is_read = name.node.starts_with('_');
        self.locals.push(Local { name: name.node.clone(), span: name.span, kind, is_read });
    }

    /// Removes the innermost local names, and notes those that nothing has read.
    fn leave(&mut self, depth: usize) {
        for local in self.locals.drain(depth..) {
            self.left.push(Left { name: local.name.clone(), span: local.span, within: None });
            if !local.is_read {
                self.reads.unread.push(Name::new(local.name, local.span));
            }
        }
    }

    /// Notes that a name is read.
    fn read(&mut self, name: &Arc<str>) {
        if let Some(local) = self.locals.iter_mut().rev().find(|local| local.name == *name) {
            local.is_read = true;
        } else if self.is_nearer(name) {
            self.read_member(name);
        } else {
            self.read_top(name);
        }
    }

    fn read_member(&mut self, name: &Arc<str>) {
        if let Some(member) = &self.member {
            self.reads.members.push(Reader { member: member.clone(), reads: name.clone() });
        }
    }

    fn read_top(&mut self, name: &Arc<str>) {
        self.reads.top.insert((self.module, name.clone()));
    }

    /// Adds the shape variables of a type: names of one letter that nothing else defines.
    fn shape_variables(&mut self, ty: &Type) {
        for (name, span) in variables(ty) {
            if !self.knows(&name) {
                self.locals.push(Local { name, span, kind: LocalKind::Given, is_read: true });
            }
        }
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Name(name) => self.type_name(name, ty.span),
            TypeKind::Generic(name, inner) => {
                if !GENERIC_TYPES.contains(&&*name.node) {
                    self.diagnostics.push(error::unknown_type(&name.node, name.span, GENERIC_TYPES.iter().copied()));
                }
                self.ty(inner);
            }
            TypeKind::Tuple(items) => items.iter().for_each(|item| self.ty(item)),
            TypeKind::Shape(_, dims) => {
                for dim in dims {
                    if let DimPattern::Is(expr) = dim {
                        self.expr(expr);
                    }
                }
            }
            TypeKind::Repeat(inner, count) => {
                self.ty(inner);
                self.expr(count);
            }
        }
    }

    /// Checks the name of a type.
    fn type_name(&mut self, name: &Arc<str>, span: Span) {
        self.read_top(name);
        let scope = &self.spec.module(self.module).scope;
        let known = matches!(scope.get(name), Some(Binding::Block(_) | Binding::Enum(_) | Binding::Broken));
        if known {
            self.note(name, span);
        }
        if !known && !self.spec.module(self.module).lost_use && !types().any(|word| word == &**name) {
            let own = scope
                .iter()
                .filter(|(_, binding)| matches!(binding, Binding::Block(_) | Binding::Enum(_)))
                .map(|(name, _)| &**name);
            let missing = import::missing(self.spec, self.module, name, span);
            let unknown = || error::unknown_type(name, span, own.chain(types()));
            self.diagnostics.push(
                missing.map_or_else(unknown, |missing| missing.headed(format!("there is no type `{name}` here"))),
            );
        }
    }

    fn body(&mut self, body: &Body) {
        let asked = self.asked.take();
        let (depth, outside) = (self.locals.len(), self.later.len());
        // The first name that is still to come is the last of the list.
        let defined: Vec<_> = body.statements.iter().flat_map(unknown::defined).collect();
        self.later.extend(defined.into_iter().rev());
        // What stands behind a word that begins a statement in another language is read in another way than is meant.
        let mut misread = None;
        for (i, statement) in body.statements.iter().enumerate() {
            let is_last = i + 1 == body.statements.len();
            match statement {
                Statement::Let(pattern, value) => {
                    self.expr(value);
                    self.later.truncate(self.later.len() - unknown::defined(statement).count());
                    let kind = if let Pattern::Name(_) = pattern { LocalKind::Let } else { LocalKind::Given };
                    self.pattern(pattern, kind);
                }
                Statement::Var(name, value) => {
                    self.expr(value);
                    self.later.pop();
                    self.watched(name, LocalKind::Var);
                }
                Statement::Assign(name, value) => {
                    self.expr(value);
                    self.assigned(name, body);
                }
                Statement::Expr(_) if self.misspelt_keyword(body, i) => {
                    misread.get_or_insert(self.diagnostics.len());
                }
                Statement::Expr(value) => {
                    let known = self.diagnostics.len();
                    self.asked = asked.filter(|_| is_last);
                    self.expr(value);
                    if let Some(prefix) = i.checked_sub(1).and_then(|before| prefix(&body.statements[before], value)) {
                        self.diagnostics.retain(|known| known.span() != prefix);
                        self.diagnostics.push(error::prefixed_string(prefix));
                    } else if !is_last
                        && !acts(value)
                        && self.diagnostics.len() == known
                        && self.meant_as_keyword(body, i + 1).is_none()
                    {
                        self.diagnostics.extend(self.unused(body, i, value));
                    }
                    if self.diagnostics.len() > known && begins_foreign(value) {
                        misread.get_or_insert(self.diagnostics.len());
                    }
                }
            }
        }
        if let Some(misread) = misread {
            for told in self.diagnostics.drain(misread..) {
                self.reads.meanings.insert(told.span(), Meaning::Reported);
            }
        }
        self.later.truncate(outside);
        self.leave(depth);
    }

    fn pattern(&mut self, pattern: &Pattern, kind: LocalKind) {
        match pattern {
            Pattern::Any => {}
            Pattern::Name(name) => self.watched(name, kind),
            Pattern::Tuple(items, _) => items.iter().for_each(|item| self.pattern(item, kind)),
        }
    }

    fn expr(&mut self, expr: &Expr) {
        let (asked, left) = (self.asked.take(), self.left.len());
        match &expr.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::None => {}
            ExprKind::String(parts) => self.string(parts),
            ExprKind::Name(name) => self.name(name, expr.span, asked),
            ExprKind::Path(owner, case) => self.path(owner, case),
            ExprKind::List(items) | ExprKind::Set(items) | ExprKind::Tuple(items) => {
                items.iter().for_each(|item| self.asking(asked, item));
            }
            ExprKind::Record(entries) => {
                for (i, (name, value)) in entries.iter().enumerate() {
                    if let Some((first, _)) = entries[..i].iter().find(|(other, _)| other.node == name.node) {
                        self.diagnostics.push(error::duplicate(name, first.span));
                    }
                    self.expr(value);
                }
            }
            ExprKind::Field(owner, name) if self.is_of_library(owner) => {
                let help = foreign::of_library(&name.node);
                self.diagnostics.push(error::unknown_member(owner, name).help(help));
                self.reads.meanings.insert(root(owner).1, Meaning::Reported);
            }
            ExprKind::Field(owner, name) => {
                self.expr(owner);
                self.field(owner, name);
            }
            ExprKind::Unary(_, x) | ExprKind::Copy(x) => self.expr(x),
            ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Pipe(value, stage) => {
                self.expr(value);
                self.stage(stage);
            }
            ExprKind::Range { low, high, .. } => low.iter().chain(high).for_each(|end| self.expr(end)),
            ExprKind::Call(callee, arguments) => self.call(callee, arguments, 0),
            ExprKind::Placed(layer, path, _) => {
                self.expr(layer);
                self.string(path);
            }
            ExprKind::Lambda(lambda) => self.within(|names| {
                lambda.params.iter().for_each(|name| names.local(name, LocalKind::Given));
                names.frozen_body(&lambda.body);
            }),
            ExprKind::If(choice) => {
                self.expr(&choice.condition);
                for body in [&choice.then].into_iter().chain(&choice.otherwise) {
                    self.asked = asked;
                    self.body(body);
                }
            }
            ExprKind::For(each) => {
                self.expr(&each.list);
                self.within(|names| {
                    each.index.iter().for_each(|pattern| names.pattern(pattern, LocalKind::Given));
                    names.pattern(&each.element, LocalKind::Given);
                    names.asked = asked;
                    names.body(&each.body);
                });
            }
            ExprKind::Loop(run) => {
                run.carried.iter().chain(&run.stepped).for_each(|(_, value)| self.expr(value));
                self.within(|names| {
                    run.carried.iter().chain(&run.stepped).for_each(|(name, _)| names.local(name, LocalKind::Given));
                    names.frozen_body(&run.body);
                });
            }
        }
        self.ended(left, expr);
    }

    /// A body that can't assign to the variables around it, because it may run at another time.
    fn frozen_body(&mut self, body: &Body) {
        let were: Vec<LocalKind> = self.locals.iter().map(|local| local.kind).collect();
        for local in self.locals.iter_mut().filter(|local| local.kind == LocalKind::Var) {
            local.kind = LocalKind::OuterVar;
        }
        self.body(body);
        self.locals.iter_mut().zip(were).for_each(|(local, was)| local.kind = was);
    }

    fn within(&mut self, inner: impl FnOnce(&mut Self)) {
        let depth = self.locals.len();
        inner(self);
        self.leave(depth);
    }

    fn string(&mut self, parts: &[StringPart]) {
        for part in parts {
            if let StringPart::Value(value) = part {
                self.expr(value);
            }
        }
    }

    fn path(&mut self, owner: &Name, case: &Name) {
        self.read_top(&owner.node);
        let scope = &self.spec.module(self.module).scope;
        match scope.get(&owner.node) {
            Some(Binding::Enum(id)) => {
                let cases = &self.spec.enumeration(*id).cases;
                self.note_at(owner.span, self.spec.enumeration(*id).name.span);
                if let Some(known) = cases.iter().find(|known| known.node == case.node) {
                    self.note_at(case.span, known.span);
                }
                if !cases.iter().any(|known| known.node == case.node) {
                    let known = cases.iter().map(|known| &*known.node);
                    self.diagnostics.push(error::unknown_name(&case.node, case.span, known));
                }
            }
            Some(Binding::Broken) => {}
            _ => {
                let enums =
                    scope.iter().filter(|(_, binding)| matches!(binding, Binding::Enum(_))).map(|(name, _)| &**name);
                self.diagnostics.push(error::unknown_name(&owner.node, owner.span, enums));
            }
        }
    }

    fn name(&mut self, name: &Arc<str>, span: Span, asked: Option<EnumId>) {
        self.read(name);
        self.note(name, span);
        if self.is_case_of(asked, name, span) {
            return;
        }
        if !self.knows(name) {
            self.unknown(name, span, asked);
        } else if let (Some(Binding::Ambiguous(owners)), false) =
            (self.spec.module(self.module).scope.get(name), self.is_nearer(name))
        {
            let owners: Vec<&str> = owners.iter().map(|id| &*self.spec.enumeration(*id).name.node).collect();
            self.diagnostics.push(error::ambiguous_case(name, span, &owners));
        }
    }

    /// Whether a name is local or a member.
    fn is_nearer(&self, name: &str) -> bool {
        self.locals.iter().any(|local| &*local.name == name)
            || self.block.is_some_and(|block| {
                block.params.iter().any(|param| &*param.name.node == name) || block.members.contains_key(name)
            })
    }

    fn knows(&self, name: &str) -> bool {
        self.is_nearer(name)
            || self.spec.module(self.module).scope.contains_key(name)
            || Builtin::named(name).is_some()
            || name == "pi"
    }
}

/// The names of types that need no definition.
fn types<'a>() -> impl Iterator<Item = &'a str> {
    TYPES.iter().copied().chain(["any", "fn"])
}

/// Whether an expression has an effect besides its value.
fn acts(expr: &Expr) -> bool {
    let body_acts = |body: &Body| {
        body.statements.iter().any(|statement| match statement {
            Statement::Assign(..) => true,
            Statement::Expr(expr) => acts(expr),
            Statement::Let(..) | Statement::Var(..) => false,
        })
    };
    match &expr.kind {
        ExprKind::If(choice) => body_acts(&choice.then) || choice.otherwise.as_ref().is_some_and(body_acts),
        ExprKind::For(each) => body_acts(&each.body),
        ExprKind::Call(callee, _) => matches!(&callee.kind, ExprKind::Name(name) if &**name == "fail"),
        _ => false,
    }
}
