//! [`Ast`] to [`Spec`]: every file loaded, every name known.
//!
//! In: the location of an experiment's file and the settings from outside. Out: modules with scopes, and blocks with
//! the members that they inherit. Every name is then known or reported, except the fields of values, which depend on
//! the value. Blocks are not expanded here: how often a loop in a block runs can depend on shapes, which only `check`
//! knows.

pub mod builtin;
mod error;
mod foreign;
mod import;
mod index;
mod library;
mod load;
mod location;
mod names;
mod query;
mod reads;
mod scope;
pub mod spec;
mod variable;

use std::sync::Arc;

use diadc_core::span::{Span, Spanned};

use crate::diagnostic::{Allow, Code, Diagnostic, in_order};
use crate::parse;
use crate::parse::ast::{Ast, ExprKind, ItemKind, MemberKind, Name, TypeKind};
use crate::parse::divisions;
use crate::source::{Files, SourceMap};

pub(crate) use foreign::of_tensor;
pub use index::{Definition, Index};
pub use library::Library;
pub use location::{Location, embedded_specs, std_modules};
pub use query::{Query, query};
pub(crate) use reads::effective_members;
use spec::Spec;

/// Loads a spec and everything it uses, and looks up all names.
///
/// `settings` are the `name=value` pairs from outside. A library keeps texts and trees for the next time. An index gets
/// a note of what each word stands for.
///
/// Errors in syntax and names are kept in [`Spec::diagnostics`] beside what could be read, so that `check` can find
/// further errors.
///
/// # Errors
/// If the file can't be read.
pub fn resolve(
    root: &Location,
    settings: &[(String, String)],
    files: &dyn Files,
    library: &mut Library,
    mut index: Option<&mut Index>,
) -> Result<Spec, Vec<Diagnostic>> {
    let (files, mut diagnostics) = load::load(root, files, library)?;
    let (mut spec, more) = scope::bind(&files, index.as_deref_mut());
    diagnostics.extend(more);
    let (wrong, reads) = names::check(&spec, &files, index);
    diagnostics.extend(wrong);
    let is_std = |file: &File| library.sources().get(file.source).name.starts_with("std::");
    let is_std: Vec<bool> = files.iter().map(is_std).collect();
    reads.finish(&mut spec, &files, &is_std);
    for (file, _) in files.iter().zip(&is_std).filter(|(_, is_std)| !**is_std) {
        spec.divisions.extend(divisions(file.source, &library.sources().get(file.source).text));
    }
    spec.allows = allows(&files, &mut diagnostics);
    spec.settings = read_settings(&spec, settings, library.sources_mut(), &mut diagnostics);
    spec.diagnostics = in_order(diagnostics);
    Ok(spec)
}

/// All files that a spec uses, also those that are missing.
pub fn files(root: &Location, files: &dyn Files, library: &mut Library) -> Vec<Location> {
    // Errors in them do not matter here.
    let _ = load::load(root, files, library);
    library.asked().to_vec()
}

/// The error that a file has no model, for commands that need one.
#[must_use]
pub fn no_model(spec: &Spec) -> Diagnostic {
    error::no_model(Span { source: spec.modules[0].source, start: 0, end: 0 })
}

/// A loaded file, and the numbers of the files that its `use` items name, in order.
struct File {
    source: diadc_core::span::SourceId,
    ast: Arc<Ast>,
    uses: Vec<Option<usize>>,
    /// The byte at which the first item begins.
    top: u32,
}

/// The `allow` lines of all files.
fn allows(files: &[File], diagnostics: &mut Vec<Diagnostic>) -> Vec<Allow> {
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        for item in &file.ast.items {
            let members = match &item.kind {
                ItemKind::Block(def) => def.members.as_slice(),
                ItemKind::Use(_) | ItemKind::Enum(_) | ItemKind::Fn(_) | ItemKind::Let(_) => &[],
            };
            for written in members.iter().flat_map(|member| &member.allows).chain(&item.allows) {
                let span = written.code.span;
                match Code::warnings().find(|code| code.name() == &*written.code.node) {
                    Some(warning) => found.push(Allow {
                        warning,
                        span,
                        whole: written.span,
                        covers: written.covers,
                        is_own: index == 0,
                    }),
                    None => diagnostics.push(error::unknown_warning(&written.code)),
                }
            }
        }
    }
    found
}

fn read_settings(
    spec: &Spec,
    settings: &[(String, String)],
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(Name, crate::parse::ast::Expr)> {
    let mut read: Vec<(Name, crate::parse::ast::Expr)> = Vec::new();
    let Some(model) = spec.model else { return read };
    let params: Vec<&str> = spec
        .block(model)
        .members
        .iter()
        .filter(|(_, (_, member))| matches!(member.kind, MemberKind::Param(_)))
        .map(|(name, _)| &**name)
        .collect();
    for (key, value) in settings {
        let id = sources.add(format!("--set {key}"), format!("{key}={value}"));
        let end = u32::try_from(key.len()).unwrap_or(u32::MAX);
        let name = Spanned::new(key.as_str().into(), Span { source: id, start: 0, end });
        if !params.contains(&key.as_str()) {
            diagnostics.push(error::unknown_setting(&name, params.iter().copied()));
            continue;
        }
        if let Some((first, _)) = read.iter().find(|(read, _)| read.node == name.node) {
            diagnostics.push(error::set_twice(&name, first.span));
            continue;
        }
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        let whole = Span { source: id, start: end + 1, end: (end + 1).saturating_add(length) };
        match parse::parse_expression(id, key.len() + 1, sources) {
            Ok(expr) => {
                diagnostics.extend(names::check_setting(spec, spec.block(model), key, &expr));
                read.push((name, expr));
            }
            Err(more) => match unbracketed(spec, &name, value, sources) {
                Some(written) => diagnostics.push(error::unbracketed(&name, whole, &written)),
                None => diagnostics.extend(more),
            },
        }
    }
    read
}

/// The value of a setting with the brackets that it lacks, if the `param` holds several values and it lacks nothing else.
fn unbracketed(spec: &Spec, name: &Name, value: &str, sources: &mut SourceMap) -> Option<String> {
    let (_, member) = spec.block(spec.model?).members.get(&name.node)?;
    let MemberKind::Param(def) = &member.kind else { return None };
    let is_set = match (def.ty.as_ref().map(|ty| &ty.kind), &def.default.kind) {
        (Some(TypeKind::Generic(kind, _)), _) => &*kind.node == "set",
        (Some(TypeKind::Name(kind)), _) if &**kind == "pair" => false,
        (Some(TypeKind::Repeat(..)), _) | (None, ExprKind::List(_)) => false,
        (None, ExprKind::Set(_)) => true,
        (Some(_) | None, _) => return None,
    };
    let words = value.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let words = words.collect::<Vec<_>>().join(", ");
    let written = if is_set { format!("{{{words}}}") } else { format!("[{words}]") };
    let id = sources.add(format!("--set {}", name.node), written.as_str());
    parse::parse_expression(id, 0, sources).is_ok().then_some(written)
}
