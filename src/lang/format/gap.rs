//! What is decided about a text before its columns are known: the [`Draft`].
//!
//! Each token has a gap before it, which says whether a line breaks there and where the next one would begin; beside
//! the gaps stand the constructs that can be broken and the rows that share columns.

use crate::parse::tree::Token;

/// Where a line begins. Tokens are named by their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Indent {
    /// In the first column.
    Top,
    /// Where another token stands.
    Same(usize),
    /// Where another token stands, or one step deeper if that begins a line too.
    Under(usize),
    /// What is in a round or square bracket: one step in, or below the first thing behind the bracket.
    Inside(usize),
    /// The end of such a bracket.
    Close(usize),
    /// What is in the braces of a body: one step in from the line on which that begins whose body it is.
    Body(usize),
    /// The end of a body.
    End(usize),
    /// An `else`, so that the `if` behind it stands below the first one where there is room for that.
    Else(usize),
    /// The `@` behind something.
    Place(usize),
}

/// What stands between a token and the one before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    /// Spaces, if it is on the same line.
    pub(super) space: usize,
    /// Whether a line break of the author stays.
    pub(super) keeps: bool,
    /// Whether a blank line of the author stays.
    pub(super) blank: bool,
    /// Whether a line begins here.
    pub(super) breaks: bool,
    /// Where it begins.
    pub(super) indent: Indent,
}

/// A bracket with what is separated by commas in it, or a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bracket {
    /// The opening token.
    pub(super) open: usize,
    /// The closing token.
    pub(super) close: usize,
    /// Whether a comma may stand before its end; it must where that begins a line.
    pub(super) commas: Commas,
}

/// The comma before the end of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Commas {
    /// Nothing is separated by commas; in round brackets one would make a tuple of the thing.
    None,
    /// There where the bracket ends on a line of its own.
    Loose,
    /// Always there: it makes a tuple of one thing.
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
    /// How deep it lies: what lies less deep is broken first.
    pub(super) depth: usize,
    /// How it is broken.
    pub(super) how: How,
    /// The tokens that can begin a line.
    pub(super) gaps: Vec<usize>,
}

/// What stands at the beginning of a column.
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
    /// New values of variables.
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
    /// Where its columns begin.
    pub(super) cells: Vec<(Cell, usize)>,
}

/// Everything that is decided.
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
    /// Chains of `|>`: where columns may begin, in their order.
    pub(super) chains: Vec<Vec<(Cell, usize)>>,
    /// The `if` or `else` and the `{` of each branch.
    pub(super) choices: Vec<Vec<(usize, usize)>>,
    /// Lists of lists of numbers: the numbers of each row.
    pub(super) matrices: Vec<Vec<Vec<usize>>>,
}

impl Draft {
    /// Whether a line breaks before one of the tokens behind `first`, up to `last`.
    pub(super) fn is_broken(&self, first: usize, last: usize) -> bool {
        (first + 1..=last).any(|token| self.gaps[token].breaks)
    }

    /// Whether a token must begin a line because a comment ends the one before.
    pub(super) fn is_forced(&self, token: usize) -> bool {
        !self.tokens[token].comments.is_empty()
    }

    /// Draws the conclusions from the line breaks there are: a body in which one is has lines of its own for all that
    /// is in it; a bracket ends on a line of its own if it begins with one, as braces do that are broken at all.
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
