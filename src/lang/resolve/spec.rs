//! The result of `resolve`: modules with their scopes, and blocks with all their members.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use diadc_core::span::{SourceId, Span};

use crate::diagnostic::{Allow, Diagnostic};
use crate::parse::ast::{
    Expr, FnDef, Ignores, LetDef, Member, MemberKind, Name, Param, PartPath, SectionContent, SectionDef, Setting, Use,
};
use crate::parse::section::Section;

/// Number of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ModuleId(pub(crate) usize);

/// Number of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockId(pub(crate) usize);

/// Number of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnumId(pub(crate) usize);

/// One experiment in which every name is known or reported.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// All files of the experiment; the first is that of the user.
    pub modules: Vec<Module>,
    /// All blocks, with the members that they inherit.
    pub blocks: Vec<Block>,
    /// All enumerations.
    pub enums: Vec<Enum>,
    /// The model of the user's file.
    pub model: Option<BlockId>,
    /// Values set from outside, by the name of a `param` of the model.
    pub settings: Vec<(Name, Expr)>,
    /// Settings of trainings that were set from outside, each with an objective of the training.
    pub trainings: Vec<(Arc<str>, Setting)>,
    /// The errors in syntax and names.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether there is no model because it could not be read.
    pub lost_model: bool,
    /// The `allow` lines, which silence warnings.
    pub allows: Vec<Allow>,
    /// Names outside of the standard library that nothing reads.
    pub unread: Vec<Unread>,
    /// Which members of the model read which.
    pub readers: Vec<Reader>,
    /// What names mean that their own scope does not say.
    pub meanings: Meanings,
    /// Comments outside of the standard library that would be the second half of a division in other languages.
    pub divisions: Vec<Span>,
}

/// What names mean that their own scope does not say, by their places.
pub type Meanings = FxHashMap<Span, Meaning>;

/// What a name means that its own scope does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A case of the enumeration that the parameter asks for whose argument it is.
    Case(EnumId, usize),
    /// Nothing, for a reason that has been reported elsewhere.
    Reported,
}

/// A name that nothing reads.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The name.
    pub name: Name,
    /// Whether it is imported from another file.
    pub is_import: bool,
    /// The text to remove if the name is to go, where that is certain.
    pub needless: Option<Span>,
}

/// A member of the model that reads another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The one that reads.
    pub member: Arc<str>,
    /// The one that is read.
    pub reads: Arc<str>,
}

/// Things by their names, in the order in which they were added.
pub type ByName<T> = IndexMap<Arc<str>, T, FxBuildHasher>;

/// A file.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its text.
    pub source: SourceId,
    /// The text of its `//!` lines.
    pub doc: String,
    /// What its top-level names mean.
    pub scope: ByName<Binding>,
    /// The byte at which its first item begins.
    pub top: u32,
    /// What it uses, with the module if that could be read.
    pub uses: Vec<(Use, Option<ModuleId>)>,
    /// Whether a `use` that could not be read may have brought any name.
    pub lost_use: bool,
}

/// What a top-level name means.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A function and the module in which its own names are looked up.
    Fn(ModuleId, Arc<FnDef>),
    /// A constant and its module.
    Let(ModuleId, Arc<LetDef>),
    /// A block or model.
    Block(BlockId),
    /// An enumeration.
    Enum(EnumId),
    /// A case of an enumeration.
    Case(EnumId, usize),
    /// A case that two visible enumerations have.
    Ambiguous(Vec<EnumId>),
    /// Something that could not be read, which has been reported.
    Broken,
}

/// An enumeration.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Its name.
    pub name: Name,
    /// Its cases.
    pub cases: Vec<Name>,
}

/// A block or model with all its members.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its name.
    pub name: Name,
    /// Whether it is the model of an experiment.
    pub is_model: bool,
    /// The module in which the names in its parameters are looked up.
    pub module: ModuleId,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Its members by name: first those of its base, unless it replaces them, then its own.
    pub members: ByName<(ModuleId, Member)>,
    /// What published weights of it hold besides: what it says itself, then its base.
    pub ignores: Vec<Ignores>,
    /// Itself, its base, the base of that, and so on.
    pub lineage: Vec<BlockId>,
    /// Whether it may have further members that could not be read.
    pub is_partial: bool,
}

impl Block {
    /// The section of a kind of which a block has one at most, and the module in which its names are looked up.
    #[must_use]
    pub fn section(&self, section: Section) -> Option<(ModuleId, &SectionDef)> {
        let (module, member) = self.members.get(section.word())?;
        match &member.kind {
            MemberKind::Section(def) => Some((*module, def)),
            MemberKind::Param(_)
            | MemberKind::Let(_)
            | MemberKind::Part(_)
            | MemberKind::Fn(_)
            | MemberKind::Objective(_) => None,
        }
    }
}

impl Spec {
    /// Whether the user's file defines a block, a function, a value or an enum.
    #[must_use]
    pub fn defines_something(&self) -> bool {
        self.defined().next().is_some()
    }

    /// The names that the user's file defines itself, with what each is, in words.
    pub fn defined(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let own = self.modules.first().map(|module| module.source);
        let scope = self.modules.first().into_iter().flat_map(|module| module.scope.values());
        scope.filter_map(move |binding| {
            let (what, name) = match binding {
                Binding::Fn(_, def) => ("function", &def.name),
                Binding::Let(_, def) => ("value", &def.name),
                Binding::Block(id) => ("block", &self.block(*id).name),
                Binding::Enum(id) => ("enum", &self.enumeration(*id).name),
                Binding::Case(..) | Binding::Ambiguous(_) | Binding::Broken => return None,
            };
            (Some(name.span.source) == own).then_some((what, &*name.node))
        })
    }

    /// A block.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0]
    }

    /// A module.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0]
    }

    /// The trainings of the model, in their order.
    pub fn trainings_of_model(&self) -> impl Iterator<Item = &Arc<SectionDef>> {
        let members = self.model.into_iter().flat_map(|model| self.block(model).members.values());
        members.filter_map(|(_, member)| match &member.kind {
            MemberKind::Section(def) if def.section == Section::Training => Some(def),
            MemberKind::Section(_)
            | MemberKind::Param(_)
            | MemberKind::Let(_)
            | MemberKind::Part(_)
            | MemberKind::Fn(_)
            | MemberKind::Objective(_) => None,
        })
    }

    /// An enumeration.
    #[must_use]
    pub fn enumeration(&self, id: EnumId) -> &Enum {
        &self.enums[id.0]
    }
}

/// The name of a member in its block, and the place of that name.
#[must_use]
pub fn member_name(member: &Member) -> (Arc<str>, Span) {
    let of = |name: &Name| (name.node.clone(), name.span);
    match &member.kind {
        MemberKind::Param(param) => of(&param.name),
        MemberKind::Let(def) | MemberKind::Part(def) => of(&def.name),
        MemberKind::Fn(def) => of(&def.name),
        MemberKind::Objective(def) => of(&def.function.name),
        MemberKind::Section(def) => match (&def.content, def.names.as_slice()) {
            (SectionContent::Function(def), []) => of(&def.name),
            (SectionContent::Settings(_), []) => (def.section.word().into(), def.place()),
            (SectionContent::Function(_) | SectionContent::Settings(_), names) => {
                let path = |path: &PartPath| path.iter().map(|name| &*name.node).collect::<Vec<_>>().join(".");
                let names: Vec<String> = names.iter().map(path).collect();
                (format!("{} {}", def.section.word(), names.join(", ")).into(), def.place())
            }
        },
    }
}
