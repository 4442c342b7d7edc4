//! A text that can be parsed is laid out; it means the same then, keeps its comments, and stays as it is a second time.
#![no_main]

use diadc::format::format;
use diadc::parse::parse;
use diadc::parse::tree::tree;
use diadc::source::SourceMap;
use libfuzzer_sys::fuzz_target;

/// The tree of a text without places; none if its syntax is wrong.
fn meaning(text: &str) -> Option<String> {
    let mut sources = SourceMap::default();
    let id = sources.add("text", text);
    let shown = format!("{:?}", parse(id, &sources).ok()?);
    let pieces = shown.split("Span {").enumerate();
    Some(
        pieces
            .map(|(i, piece)| if i == 0 { piece } else { piece.split_once('}').map_or("", |(_, rest)| rest) })
            .collect(),
    )
}

/// The comments of a text in their order.
fn comments(text: &str) -> Vec<String> {
    let tokens = tree(text).map(|tree| tree.tokens).unwrap_or_default();
    tokens.into_iter().flat_map(|token| token.comments).map(|comment| comment.text).collect()
}

fuzz_target!(|text: &str| {
    let Some(new) = format(text) else { return };
    let Some(meant) = meaning(text) else { return };
    assert_eq!(meaning(&new).as_ref(), Some(&meant), "the meaning changed:\n{new}");
    assert_eq!(comments(&new), comments(text), "a comment was lost:\n{new}");
    assert_eq!(format(&new).as_ref(), Some(&new), "a second time changes more");
});
