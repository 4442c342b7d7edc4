//! The words that have a meaning in the grammar, each with the places in which it can begin something.
//!
//! This is the only list of keywords. The grammar file and the editor's highlighting spell them out again, because other
//! programs read those; tests compare both with this list. The words of sections stand in the table of sections.

use super::section::Section;

/// A word that has a meaning in the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// The word.
    pub word: &'static str,
    /// Whether it can't be a name. The others have a meaning only where the grammar asks for them.
    pub is_reserved: bool,
    /// What it can begin; nothing if it stands within something.
    pub begins: &'static [Begins],
}

/// What a keyword can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// An item of a file.
    Item,
    /// A member of a block or model.
    Member,
    /// What stands before an item or member and belongs to it.
    Ahead,
    /// A statement, or an expression that is no operator.
    Statement,
}

const WORDS: &[Keyword] = &[
    reserved("use", &[Begins::Item]),
    free("allow", &[Begins::Ahead]),
    reserved("as", &[]),
    reserved("enum", &[Begins::Item]),
    reserved("param", &[Begins::Member]),
    reserved("let", &[Begins::Item, Begins::Member, Begins::Statement]),
    reserved("var", &[Begins::Statement]),
    reserved("part", &[Begins::Member]),
    free("fresh", &[Begins::Ahead]),
    reserved("fn", &[Begins::Item, Begins::Member]),
    reserved("block", &[Begins::Item]),
    reserved("model", &[Begins::Item]),
    reserved("from", &[]),
    free("ignores", &[]),
    free("objective", &[Begins::Member]),
    free("trains", &[]),
    free("freezes", &[]),
    free("held_out", &[]),
    reserved("for", &[Begins::Statement]),
    reserved("in", &[]),
    reserved("if", &[Begins::Statement]),
    reserved("else", &[]),
    reserved("loop", &[Begins::Statement]),
    reserved("over", &[]),
    reserved("copy", &[Begins::Statement]),
    reserved("true", &[Begins::Statement]),
    reserved("false", &[Begins::Statement]),
    reserved("none", &[Begins::Statement]),
    reserved("and", &[]),
    reserved("or", &[]),
    reserved("not", &[]),
];

const fn reserved(word: &'static str, begins: &'static [Begins]) -> Keyword {
    Keyword { word, is_reserved: true, begins }
}

const fn free(word: &'static str, begins: &'static [Begins]) -> Keyword {
    Keyword { word, is_reserved: false, begins }
}

impl Keyword {
    /// All keywords, in the order in which messages list them.
    pub fn all() -> impl Iterator<Item = Keyword> {
        let sections = Section::ALL.into_iter().map(|section| free(section.word(), &[Begins::Member]));
        WORDS.iter().copied().chain(sections)
    }

    /// The keyword with a word.
    #[must_use]
    pub fn named(word: &str) -> Option<Keyword> {
        Keyword::all().find(|keyword| keyword.word == word)
    }

    /// The words that can begin something.
    pub fn beginning(what: Begins) -> impl Iterator<Item = &'static str> {
        Keyword::all().filter(move |keyword| keyword.begins(what)).map(|keyword| keyword.word)
    }

    /// Whether it can begin something.
    #[must_use]
    pub fn begins(self, what: Begins) -> bool {
        self.begins.contains(&what)
    }
}
