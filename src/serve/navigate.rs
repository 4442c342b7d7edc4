//! From a word to its definition and to all places where it is used; what files define.

use std::collections::BTreeSet;

use lsp_types::{DocumentSymbol, SymbolInformation};

use diadc_core::span::Span;
use diadc_lang::resolve::{Definition, Location};

use super::place;
use super::symbol::Symbol;
use super::workspace::{Known, Workspace};

/// Where the word at a byte is defined.
pub(super) fn definition(workspace: &Workspace, location: &Location, byte: usize) -> Option<lsp_types::Location> {
    if let Some(file) = used_file(workspace, location, byte) {
        return Some(lsp_types::Location::new(workspace.url(&file)?, lsp_types::Range::default()));
    }
    match workspace.word_at(location, byte)?.1 {
        Definition::Name(span) => workspace.place(span),
        Definition::Builtin(_) => None,
    }
}

/// The file that a `use` at a byte names.
fn used_file(workspace: &Workspace, location: &Location, byte: usize) -> Option<Location> {
    let ast = workspace.library.ast(location)?;
    ast.items.iter().find_map(|item| match &item.kind {
        diadc_lang::parse::ast::ItemKind::Use(item) => {
            let span = item.from.span;
            ((span.start as usize)..(span.end as usize)).contains(&byte).then(|| location.relative(&item.from.node))
        }
        _ => None,
    })
}

/// All places that name what is defined at a place, with the definitions. A member that replaces one of a base counts
/// as the same.
pub(super) fn uses(workspace: &mut Workspace, definition: Span) -> BTreeSet<Span> {
    let others = workspace.everything();
    let open = workspace.analyses.values();
    let known: Vec<&Known> = open
        .chain(others.iter().map(|(_, analysis)| analysis))
        .filter_map(|analysis| analysis.known.as_ref())
        .collect();
    let mut family = BTreeSet::from([definition]);
    // The search can reach a base later than a block that descends from it.
    loop {
        let count = family.len();
        for known in &known {
            relatives(known, &mut family);
        }
        if family.len() == count {
            break;
        }
    }
    let mut places = family.clone();
    for known in known {
        for (at, definition) in known.index.iter().chain(known.record.index.iter()) {
            if matches!(definition, Definition::Name(span) if family.contains(&span)) {
                places.insert(at);
            }
        }
    }
    places
}

/// Adds the members that replace each other in blocks and their bases.
fn relatives(known: &Known, family: &mut BTreeSet<Span>) {
    for block in &known.spec.blocks {
        for base in &block.lineage[1..] {
            for (name, (_, member)) in &known.spec.block(*base).members {
                let Some((_, own)) = block.members.get(name) else { continue };
                let pair = [member, own].map(|member| diadc_lang::resolve::spec::member_name(member).1);
                if pair.iter().any(|span| family.contains(span)) {
                    family.extend(pair);
                }
            }
        }
    }
}

/// The places in the form of the protocol.
pub(super) fn places(workspace: &Workspace, spans: BTreeSet<Span>) -> Vec<lsp_types::Location> {
    spans.into_iter().filter_map(|span| workspace.place(span)).collect()
}

/// What a file defines, as a tree.
pub(super) fn outline(workspace: &Workspace, location: &Location) -> Vec<DocumentSymbol> {
    let Some(text) = workspace.text(location) else { return Vec::new() };
    workspace.symbols(location).iter().map(|symbol| outlined(symbol, &text)).collect()
}

#[allow(deprecated, reason = "the field that says so must be given")]
fn outlined(symbol: &Symbol, text: &str) -> DocumentSymbol {
    DocumentSymbol {
        name: symbol.name.clone(),
        detail: symbol.head.lines().next().map(str::to_owned),
        kind: symbol.kind,
        tags: None,
        deprecated: None,
        range: place::range_of(text, symbol.whole),
        selection_range: place::range_of(text, symbol.span),
        children: Some(symbol.inner.iter().map(|inner| outlined(inner, text)).collect()),
    }
}

/// All definitions whose name contains these letters.
#[allow(deprecated, reason = "the field that says so must be given")]
pub(super) fn search(workspace: &mut Workspace, query: &str) -> Vec<SymbolInformation> {
    let others = workspace.everything().into_iter().map(|(location, _)| location);
    let mut locations: Vec<Location> = workspace.analyses.keys().cloned().chain(others).collect();
    locations.dedup();
    let query = query.to_lowercase();
    let mut found = Vec::new();
    for location in locations {
        for symbol in workspace.symbols(&location).iter().flat_map(Symbol::each) {
            let Some(place) = workspace.place(symbol.span) else { continue };
            if symbol.name.to_lowercase().contains(&query) {
                found.push(SymbolInformation {
                    name: symbol.name.clone(),
                    kind: symbol.kind,
                    tags: None,
                    deprecated: None,
                    location: place,
                    container_name: None,
                });
            }
        }
    }
    found
}
