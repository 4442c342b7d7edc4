//! What the formatter decides before it knows any column: the [`Draft`].
//!
//! Each token has a gap before it, which says whether a line breaks there and how far the next line would be indented.
//! The draft also lists the constructs that can be broken into lines, and the rows that share columns.

use crate::parse::tree::Token;

/// The column in which a line begins. Numbers are indices of tokens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Indent {
    /// In the first column.
    Top,
    /// The column of another token.
    Same(usize),
    /// The column of another token, one step deeper if that token begins a line.
    Under(usize),
    /// Inside a round or square bracket: one step deeper than its line, or the column of the first token after the
    /// bracket.
    Inside(usize),
    /// The closing token of such a bracket.
    Close(usize),
    /// Inside the braces of a body: one step deeper than the line of the token to which the body belongs.
    Body(usize),
    /// The closing brace of a body.
    End(usize),
    /// An `else`: so far to the left that the `if` after it is aligned with the first `if`, if there is room.
    Else(usize),
    /// The `@` after a layer or part.
    Place(usize),
}

/// The gap between a token and the one before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    /// Spaces, if both are on the same line.
    pub(super) space: usize,
    /// Whether a line break of the author is kept.
    pub(super) keeps: bool,
    /// Whether a blank line of the author is kept.
    pub(super) blank: bool,
    /// Whether a line begins here.
    pub(super) breaks: bool,
    /// The column of a line that begins here.
    pub(super) indent: Indent,
}

/// A bracket around things that commas separate, or a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bracket {
    /// The opening token.
    pub(super) open: usize,
    /// The closing token.
    pub(super) close: usize,
    /// Whether a comma stands before its closing token.
    pub(super) commas: Commas,
}

/// The comma before the end of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Commas {
    /// Never: there are no commas in it, or a comma would make a tuple of what is in it.
    None,
    /// Only where the closing token begins a line.
    Loose,
    /// Always: it makes a tuple of one thing.
    Fixed,
}

/// How a construct that is too long is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// At each of its gaps.
    Everywhere,
    /// At the last gap that fits.
    Filled,
    /// At each of its gaps, if nothing else is left.
    AtLast,
}

/// Something that can be broken into lines.
#[derive(Clone, Debug)]
pub(super) struct Breakable {
    /// How deep it is nested; outer constructs are broken first.
    pub(super) depth: usize,
    /// How it is broken.
    pub(super) how: How,
    /// The tokens that begin a line when it is broken.
    pub(super) gaps: Vec<usize>,
}

/// What begins a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    /// A type.
    Type,
    /// The range of a `param`.
    Within,
    /// `=`
    Equals,
    /// The value of an entry.
    Value,
    /// `|>`
    Pipe,
    /// `@`
    Place,
    /// `{`
    Open,
}

/// What a line of a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// `param`s.
    Params,
    /// `part`s.
    Parts,
    /// `let` and `var`.
    Lets,
    /// Assignments to variables.
    Assigns,
    /// Settings.
    Settings,
    /// Entries of a record.
    Entries,
}

/// One line of a table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its first token.
    pub(super) first: usize,
    /// Its last token.
    pub(super) last: usize,
    /// The tokens that begin its columns.
    pub(super) cells: Vec<(Cell, usize)>,
}

/// All decisions about a text.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) tokens: Vec<Token>,
    pub(super) gaps: Vec<Gap>,
    /// Round and square brackets, records and sets.
    pub(super) brackets: Vec<Bracket>,
    /// Bodies with their statements or members, inner ones first.
    pub(super) bodies: Vec<(Bracket, Vec<usize>)>,
    pub(super) breakables: Vec<Breakable>,
    pub(super) tables: Vec<(Table, Vec<Row>)>,
    /// Chains of `|>`: the tokens that can begin a column, in their order.
    pub(super) chains: Vec<Vec<(Cell, usize)>>,
    /// Choices: the `if` or `else` and the `{` of each branch.
    pub(super) choices: Vec<Vec<(usize, usize)>>,
    /// Lists of lists of numbers: the tokens of each row.
    pub(super) matrices: Vec<Vec<Vec<usize>>>,
}

impl Draft {
    /// Whether a line breaks before one of the tokens after `first`, up to `last`.
    pub(super) fn is_broken(&self, first: usize, last: usize) -> bool {
        (first + 1..=last).any(|token| self.gaps[token].breaks)
    }

    /// Whether a token must begin a line because a comment ends the line before.
    pub(super) fn is_forced(&self, token: usize) -> bool {
        !self.tokens[token].comments.is_empty()
    }

    /// Adds the line breaks that follow from others. If a line breaks anywhere in a body, each of its statements or
    /// members begins a line. If the first thing in a bracket begins a line, its closing token does too; in braces the
    /// first thing begins a line whenever a line breaks in them.
    pub(super) fn settle(&mut self) {
        for i in 0..self.bodies.len() {
            let (Bracket { open, close, .. }, _) = self.bodies[i];
            if self.is_broken(open, close) {
                for inner in 0..self.bodies[i].1.len() {
                    let token = self.bodies[i].1[inner];
                    self.gaps[token].breaks = true;
                }
                self.gaps[close].breaks = true;
            }
        }
        for i in 0..self.brackets.len() {
            let Bracket { open, close, .. } = self.brackets[i];
            if self.tokens[open].text == "{" && self.is_broken(open, close) {
                self.gaps[open + 1].breaks = true;
            }
            self.gaps[close].breaks = close > open + 1 && self.gaps[open + 1].breaks || self.is_forced(close);
        }
    }
}
