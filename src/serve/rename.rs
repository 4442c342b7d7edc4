//! Another name for something, wherever it is used.

use std::collections::HashMap;

use lsp_types::{Range, TextEdit, Url, WorkspaceEdit};

use diadc_core::span::Span;
use diadc_lang::parse::keyword::Keyword;
use diadc_lang::resolve::{Definition, Location};

use super::navigate::uses;
use super::workspace::Workspace;

/// The word at a byte, if it can get another name.
pub(super) fn prepare(workspace: &Workspace, location: &Location, byte: usize) -> Result<Range, String> {
    let (at, _) = renamed(workspace, location, byte)?;
    workspace.place(at).map(|place| place.range).ok_or_else(|| "this has no place".to_owned())
}

/// The word and where it is defined.
fn renamed(workspace: &Workspace, location: &Location, byte: usize) -> Result<(Span, Span), String> {
    let (at, definition) = workspace.word_at(location, byte).ok_or("there is no name here")?;
    let Definition::Name(span) = definition else {
        return Err("this is a word of the language".to_owned());
    };
    if let Some(Location::Embedded(_)) = workspace.library.location(span.source) {
        return Err("this belongs to the standard library".to_owned());
    }
    let name = workspace.library.sources().slice(span);
    if Keyword::named(name).is_some() || !is_name(name) {
        return Err(format!("`{name}` is a word of the language"));
    }
    Ok((at, span))
}

fn is_name(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// All edits that give the word at a byte another name.
pub(super) fn rename(
    workspace: &mut Workspace,
    location: &Location,
    byte: usize,
    name: &str,
) -> Result<WorkspaceEdit, String> {
    // Only some keywords can't be names; the others would still be read as what they begin.
    if !is_name(name) || name == "_" || Keyword::named(name).is_some() {
        return Err(format!("`{name}` can't be a name"));
    }
    let (at, definition) = renamed(workspace, location, byte)?;
    let word = workspace.library.sources().slice(at).to_owned();
    let is_alias = workspace.library.sources().slice(definition) != word;
    let mut edits: HashMap<Url, Vec<TextEdit>> = HashMap::new();
    for span in uses(workspace, definition) {
        // A `use` with `as` gave it a name in one file, which stays as it is.
        if workspace.library.sources().slice(span) != word || is_alias && span.source != at.source {
            continue;
        }
        if let Some(Location::Embedded(_)) = workspace.library.location(span.source) {
            return Err("the standard library uses this name".to_owned());
        }
        if let Some(place) = workspace.place(span) {
            edits.entry(place.uri).or_default().push(TextEdit { range: place.range, new_text: name.to_owned() });
        }
    }
    Ok(WorkspaceEdit::new(edits))
}
