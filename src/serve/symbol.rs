//! What a file defines: names with their places, their heads and what is written about them.

use lsp_types::SymbolKind;

use diadc_core::span::Span;
use diadc_lang::parse::ast::{Ast, Item, ItemKind, Member, MemberKind, Name, Param, SectionContent};
use diadc_lang::parse::lex::{Lexer, TokenKind};
use diadc_lang::resolve::spec::member_name;

/// Something that a file defines.
#[derive(Clone, Debug)]
pub(super) struct Symbol {
    pub(super) name: String,
    /// Where its name stands.
    pub(super) span: Span,
    /// From its name to its end.
    pub(super) whole: Span,
    pub(super) kind: SymbolKind,
    /// Its doc comment.
    pub(super) doc: String,
    /// The first lines of its definition.
    pub(super) head: String,
    /// What is defined in it.
    pub(super) inner: Vec<Symbol>,
}

impl Symbol {
    /// Itself and everything in it.
    pub(super) fn each(&self) -> Vec<&Symbol> {
        let mut all = vec![self];
        all.extend(self.inner.iter().flat_map(Symbol::each));
        all
    }
}

/// Everything that a file defines, in its order.
pub(super) fn symbols(ast: &Ast, text: &str) -> Vec<Symbol> {
    ast.items.iter().filter_map(|item| of_item(item, text)).collect()
}

fn of_item(item: &Item, text: &str) -> Option<Symbol> {
    let make = |name: &Name, end: Span, kind, inner| symbol(name, end, kind, &item.doc, text, inner);
    match &item.kind {
        ItemKind::Use(_) => None,
        ItemKind::Enum(def) => {
            let cases =
                def.cases.iter().map(|case| symbol(case, case.span, SymbolKind::ENUM_MEMBER, "", text, Vec::new()));
            let end = def.cases.last().map_or(def.name.span, |case| case.span);
            Some(make(&def.name, end, SymbolKind::ENUM, cases.collect()))
        }
        ItemKind::Fn(def) => Some(make(&def.name, def.body.span, SymbolKind::FUNCTION, params(&def.params, text))),
        ItemKind::Let(def) => Some(make(&def.name, def.value.span, SymbolKind::CONSTANT, Vec::new())),
        ItemKind::Block(def) => {
            let mut inner = params(&def.params, text);
            inner.extend(def.members.iter().map(|member| of_member(member, text)));
            let end = inner.last().map_or(def.name.span, |last| last.whole);
            Some(make(&def.name, end, SymbolKind::CLASS, inner))
        }
    }
}

fn params(params: &[Param], text: &str) -> Vec<Symbol> {
    let one = |param: &Param| symbol(&param.name, param.name.span, SymbolKind::VARIABLE, "", text, Vec::new());
    params.iter().map(one).collect()
}

fn of_member(member: &Member, text: &str) -> Symbol {
    let (name, span) = member_name(member);
    let name = Name::new(name, span);
    let (kind, end, inner) = match &member.kind {
        MemberKind::Param(def) => (SymbolKind::PROPERTY, def.default.span, Vec::new()),
        MemberKind::Let(def) => (SymbolKind::CONSTANT, def.value.span, Vec::new()),
        MemberKind::Part(def) => (SymbolKind::FIELD, def.value.span, Vec::new()),
        MemberKind::Fn(def) => (SymbolKind::METHOD, def.body.span, params(&def.params, text)),
        MemberKind::Objective(def) => (SymbolKind::EVENT, def.function.body.span, params(&def.function.params, text)),
        MemberKind::Section(def) => match &def.content {
            SectionContent::Function(def) => (SymbolKind::METHOD, def.body.span, params(&def.params, text)),
            SectionContent::Settings(settings) => {
                (SymbolKind::OBJECT, settings.last().map_or(span, |last| last.value.span), Vec::new())
            }
        },
    };
    symbol(&name, end, kind, &member.doc, text, inner)
}

fn symbol(name: &Name, end: Span, kind: SymbolKind, doc: &str, text: &str, inner: Vec<Symbol>) -> Symbol {
    Symbol {
        name: name.node.to_string(),
        span: name.span,
        whole: name.span.to(end),
        kind,
        doc: doc.to_owned(),
        head: head(text, name.span),
        inner,
    }
}

/// Lines of a definition that are shown, at most.
const LINES: usize = 6;

/// The lines of a definition up to its body, a few at most.
fn head(text: &str, name: Span) -> String {
    let at = (name.start as usize).min(text.len());
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let Some(rest) = text.get(start..) else { return String::new() };
    let (mut head, mut lines) = (String::new(), 1);
    let mut lexer = Lexer::new(rest.trim_start());
    while let Some(token) = lexer.next() {
        let text = token.of(rest.trim_start());
        if token.kind == TokenKind::Comment {
            head.truncate(head.trim_end().len());
        } else if token.kind == TokenKind::Space && text.contains('\n') {
            let is_broken = lexer.open().iter().any(|bracket| bracket.sign != '{');
            if !is_broken || lines == LINES {
                break;
            }
            lines += 1;
            head += "\n    ";
        } else {
            head += text;
        }
    }
    head.strip_suffix('{').unwrap_or(&head).trim_end().to_owned()
}
