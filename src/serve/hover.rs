//! What a word means: its definition, what is written about it, the shapes it had, and what it costs.

use lsp_types::{Hover, HoverContents, InlayHint, InlayHintKind, InlayHintLabel, MarkupContent, MarkupKind, Url};

use diadc_core::span::Span;
use diadc_lang::inspect::Cost;
use diadc_lang::parse::ast::{ItemKind, MemberKind};
use diadc_lang::resolve::builtin::{Builtin, Default};
use diadc_lang::resolve::{Definition, Location};

use super::place;
use super::workspace::Workspace;

/// What is shown for the word at a byte.
pub(super) fn hover(workspace: &mut Workspace, location: &Location, byte: usize) -> Option<Hover> {
    let (at, text) = match of_section(workspace, location, byte) {
        Some((at, word, doc)) => (at, fenced(word) + doc),
        None => match workspace.word_at(location, byte)? {
            (at, Definition::Builtin(builtin)) => (at, fenced(&signature(builtin)) + builtin.doc()),
            (at, Definition::Name(span)) => (at, named(workspace, location, at, span)),
        },
    };
    let range = workspace.place(at).map(|place| place.range);
    Some(Hover { contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text }), range })
}

/// The word of a section, or the name of a setting, at a byte: its place, itself, and what it means.
fn of_section(workspace: &Workspace, location: &Location, byte: usize) -> Option<(Span, &'static str, &'static str)> {
    let holds = |span: Span| (span.start as usize..=span.end as usize).contains(&byte);
    let blocks = workspace.library.ast(location)?.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Block(def) => Some(def),
        ItemKind::Use(_) | ItemKind::Enum(_) | ItemKind::Fn(_) | ItemKind::Let(_) => None,
    });
    let sections = blocks.flat_map(|block| &block.members).filter_map(|member| match &member.kind {
        MemberKind::Section(def) => Some(def),
        MemberKind::Param(_)
        | MemberKind::Let(_)
        | MemberKind::Part(_)
        | MemberKind::Fn(_)
        | MemberKind::Objective(_) => None,
    });
    let def = sections.into_iter().find(|def| holds(def.span))?;
    let row = def.section.row();
    let word = Span { end: def.span.start + u32::try_from(row.word.len()).ok()?, ..def.span };
    if holds(word) {
        return Some((word, row.word, row.doc));
    }
    let setting = def.settings().iter().find(|setting| holds(setting.name.span))?;
    let known = def.section.setting(&setting.name.node)?;
    Some((setting.name.span, known.name, known.doc))
}

fn named(workspace: &mut Workspace, location: &Location, at: Span, span: Span) -> String {
    let name = workspace.library.sources().slice(span).to_owned();
    let symbol = workspace.symbol(span);
    let mut text = fenced(symbol.as_ref().map_or(name.as_str(), |symbol| symbol.head.as_str()));
    if let Some(symbol) = symbol.filter(|symbol| !symbol.doc.is_empty()) {
        text += &symbol.doc;
        text += "\n\n";
    }
    for known in workspace.known(location) {
        let seen = |span: &Span| known.record.values.get(span).map(|values| values.join("`, `"));
        // A `var` has another value at each place; the one at this place is shown.
        if let Some(values) = seen(&at).or_else(|| seen(&span)) {
            text += &format!("`{values}`\n\n");
        }
        if let Some(results) = known.record.results.get(&span) {
            text += &format!("gives `{}`\n\n", results.join("`, `"));
        }
        if known.record.values.contains_key(&span) || known.record.results.contains_key(&span) {
            break;
        }
    }
    let own = workspace.analyses.get_mut(location).and_then(|analysis| analysis.known.as_mut());
    if let Some(cost) = own.and_then(|known| known.cost()) {
        text += &costs(cost, &name);
    }
    text.trim_end().to_owned()
}

/// The parameters of a part and the multiply-adds of a function of the model.
fn costs(cost: &Cost, name: &str) -> String {
    let mut text = String::new();
    if let Some(part) = cost.parts.iter().find(|part| part.part.name == name) {
        text += &format!("{} parameters, {} trained\n\n", part.parameters, part.trained);
    }
    let function = cost.functions.iter().find(|function| function.name == name);
    if let Some(count) = function.and_then(|function| function.written) {
        text += &format!("{:.3} G multiply-adds for an image\n\n", count as f64 / 1e9);
    }
    text
}

fn fenced(code: &str) -> String {
    format!("```diad\n{code}\n```\n\n")
}

/// A builtin with its parameters.
pub(super) fn signature(builtin: Builtin) -> String {
    let params = builtin.parameters().iter().map(|param| match param.default {
        Default::Required => param.name.to_owned(),
        Default::None => format!("{} = none", param.name),
        Default::Int(n) => format!("{} = {n}", param.name),
        Default::Float(x) => format!("{} = {x:?}", param.name),
        Default::Bool(b) => format!("{} = {b}", param.name),
        Default::Str(s) => format!("{} = \"{s}\"", param.name),
    });
    format!("{}({})", builtin.word(), params.collect::<Vec<_>>().join(", "))
}

/// The shapes of what `let` and `var` name in a file.
pub(super) fn inlays(workspace: &Workspace, url: &Url) -> Vec<InlayHint> {
    let location = place::location(url);
    let Some(source) = workspace.library.source(&location) else { return Vec::new() };
    let text = workspace.text_of(source);
    let mut hints = Vec::new();
    let Some(known) =
        workspace.known(&location).find(|known| known.record.values.keys().any(|span| span.source == source))
    else {
        return hints;
    };
    for (span, values) in known.record.values.iter().filter(|(span, _)| span.source == source) {
        let Some(first) = values.first().filter(|value| value.contains('[')) else { continue };
        let (Some(before), Some(behind)) = (text.get(..span.start as usize), text.get(span.end as usize..)) else {
            continue;
        };
        let line = before.rsplit('\n').next().unwrap_or_default().trim_start();
        let is_new = (line.starts_with("let ") || line.starts_with("var ")) && !line.contains('=');
        // No hint for a shape that the text states.
        let value = behind.split_once('=').map_or("", |(_, value)| value.trim_start());
        if !is_new || value.starts_with(first.as_str()) {
            continue;
        }
        let more = if values.len() > 1 { " .." } else { "" };
        hints.push(InlayHint {
            position: place::position(text, span.end as usize),
            label: InlayHintLabel::String(format!(": {first}{more}")),
            kind: Some(InlayHintKind::TYPE),
            text_edits: None,
            tooltip: None,
            padding_left: None,
            padding_right: None,
            data: None,
        });
    }
    hints
}
