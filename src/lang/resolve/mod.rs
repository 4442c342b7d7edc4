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
mod lookup;
mod names;
mod query;
mod reads;
mod scope;
mod settings;
pub mod spec;
mod variable;

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Allow, Code, Diagnostic, in_order};
use crate::parse::ast::{Ast, ItemKind};
use crate::parse::divisions;
use crate::source::Files;

pub(crate) use foreign::of_tensor;
pub use index::{Definition, Index};
pub use library::Library;
pub use location::{Location, embedded_specs, std_modules};
pub(crate) use lookup::{quoted, unknown_argument, unknown_field, unknown_member};
pub use query::{Query, query};
pub(crate) use reads::effective_members;
use settings::read_settings;
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
    let read = read_settings(&spec, settings, library.sources_mut(), &mut diagnostics);
    (spec.settings, spec.trainings) = (read.params, read.trainings);
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
