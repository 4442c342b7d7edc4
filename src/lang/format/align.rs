//! The spaces that align neighbouring lines in columns, such as the `=` of `let` lines.
//!
//! In: the [`Draft`] with its tables, chains and choices. Out: for each token the spaces before it, besides those of
//! its gap.

use std::ops::Range;

use super::WIDTH;
use super::gap::{Cell, Draft, Row, Table};

/// Characters by which neighbouring lines may differ in width before a column and still share it.
const UNLIKE: usize = 8;

/// Tokens on one line that share columns with those of other lines.
struct Stretch<'a> {
    first: usize,
    /// The token after the last.
    end: usize,
    cells: &'a [(Cell, usize)],
    /// The column in which it begins, relative to that of the first stretch.
    offset: isize,
}

/// Computes the spaces.
pub(super) struct Aligner<'a> {
    draft: &'a Draft,
    /// What is written for each token.
    pub(super) texts: Vec<String>,
    /// Spaces before each token, besides those of its gap.
    pub(super) pads: Vec<usize>,
    /// The column in which the current line begins.
    start: usize,
}

impl<'a> Aligner<'a> {
    pub(super) fn new(draft: &'a Draft, texts: Vec<String>) -> Aligner<'a> {
        let mut aligner = Aligner { draft, texts, pads: vec![0; draft.tokens.len()], start: 0 };
        for rows in &draft.matrices {
            // The token before the first number of a row is its bracket.
            if rows.iter().all(|row| draft.gaps[row[0] - 1].breaks && !draft.is_broken(row[0] - 1, row[row.len() - 1]))
            {
                aligner.numbers(rows);
            }
        }
        aligner
    }

    /// Aligns numbers on the right.
    fn numbers(&mut self, rows: &[Vec<usize>]) {
        for k in 0..rows[0].len() {
            let widest = rows.iter().map(|row| self.texts[row[k]].len()).max().unwrap_or(0);
            for row in rows {
                self.pads[row[k]] = widest - self.texts[row[k]].len();
            }
        }
    }

    /// The index of the table of which a token begins a row.
    pub(super) fn table_of(&self, token: usize) -> Option<usize> {
        self.draft.tables.iter().position(|(_, rows)| rows.iter().any(|row| row.first == token))
    }

    /// Aligns the table, chain or choice that begins with a token, now that its column is known.
    pub(super) fn reached(&mut self, token: usize, column: usize, begins_line: bool) {
        let draft = self.draft;
        if begins_line {
            self.start = column;
            if let Some((table, rows)) = draft.tables.iter().find(|(_, rows)| rows[0].first == token) {
                self.table(*table, rows, column);
            }
        }
        if let Some(cells) = draft.chains.iter().find(|cells| cells[0].1 == token) {
            self.chain(cells, column);
        }
        if let Some(branches) = draft.choices.iter().find(|branches| branches[0].0 == token) {
            self.choice(branches, column);
        }
    }

    fn table(&mut self, table: Table, rows: &'a [Row], column: usize) {
        let draft = self.draft;
        let cut = |row: &'a Row| -> Stretch<'a> {
            let end = (row.first + 1..=row.last).find(|token| draft.gaps[*token].breaks).unwrap_or(row.last + 1);
            let count = row.cells.iter().take_while(|(_, token)| *token < end).count();
            // If a row continues on the next line, only its `=` is aligned with other rows.
            let is_whole = end > row.last || table != Table::Lets;
            let count = if is_whole { count } else { count.min(1) };
            Stretch { first: row.first, end, cells: &row.cells[..count], offset: 0 }
        };
        let begins = |row: &&Row| row.first == 0 || draft.gaps[row.first].breaks;
        let stretches: Vec<Stretch<'a>> = rows.iter().filter(begins).map(cut).collect();
        if stretches.len() < 2 {
            return;
        }
        match table {
            Table::Params => self.params(&stretches, column),
            Table::Parts => self.columns(&stretches, 0, column, usize::MAX),
            Table::Settings | Table::Entries | Table::Assigns => self.columns(&stretches, 0, column, UNLIKE),
            Table::Lets => self.lets(&stretches, column),
        }
    }

    /// Aligns `|>` and `@` on the lines of a chain.
    fn chain(&mut self, cells: &'a [(Cell, usize)], column: usize) {
        let breaks = |token: usize| self.draft.gaps[token].breaks;
        let mut stretches: Vec<Stretch<'a>> = Vec::new();
        for (i, (cell, token)) in cells.iter().enumerate() {
            if *cell == Cell::Pipe && (i == 0 || breaks(*token)) {
                let end = (*token + 1..self.draft.tokens.len()).find(|next| breaks(*next));
                let end = end.unwrap_or(self.draft.tokens.len() - 1);
                stretches.push(Stretch { first: *token, end, cells: &cells[i + 1..=i], offset: 0 });
            } else if let Some(last) = stretches.last_mut()
                && *token < last.end
            {
                last.cells = &cells[i - last.cells.len()..=i];
            }
        }
        if stretches.len() > 1 {
            self.columns(&stretches, 0, column, usize::MAX);
        }
    }

    /// Aligns the braces of the branches of a choice, if each branch has its own line.
    fn choice(&mut self, branches: &[(usize, usize)], column: usize) {
        let on_lines = branches.iter().enumerate().all(|(i, (head, open))| {
            (i == 0 || self.draft.gaps[*head].breaks)
                && !self.draft.is_broken(*head, *open)
                && self
                    .draft
                    .bodies
                    .iter()
                    .any(|(body, _)| body.open == *open && !self.draft.is_broken(body.open, body.close))
        });
        if branches.len() < 2 || !on_lines {
            return;
        }
        let before = isize::try_from(else_offset(column, self.start)).unwrap_or(0);
        let cells: Vec<[(Cell, usize); 1]> = branches.iter().map(|(_, open)| [(Cell::Open, *open)]).collect();
        let stretches: Vec<Stretch<'_>> = branches
            .iter()
            .zip(&cells)
            .enumerate()
            .map(|(i, ((head, open), cells))| {
                let body = self.draft.bodies.iter().find(|(body, _)| body.open == *open);
                let end = body.map_or(*open, |(body, _)| body.close) + 1;
                Stretch { first: *head, end, cells, offset: if i == 0 { 0 } else { -before } }
            })
            .collect();
        self.columns(&stretches, 0, column, usize::MAX);
    }

    /// Aligns the `=` of `let` lines, and after it the columns that neighbouring lines have in common.
    fn lets(&mut self, stretches: &[Stretch<'_>], column: usize) {
        let heads: Vec<Stretch<'_>> =
            stretches.iter().map(|row| Stretch { cells: &row.cells[..row.cells.len().min(1)], ..*row }).collect();
        self.columns(&heads, 0, column, UNLIKE);
        let kinds = |row: &Stretch<'_>| row.cells.iter().map(|(cell, _)| *cell).collect::<Vec<_>>();
        for alike in stretches.chunk_by(|a, b| kinds(a) == kinds(b)) {
            self.columns(alike, 1, column, UNLIKE);
        }
    }

    /// Aligns the columns from the `k`th on, as far as neighbouring lines have the same columns.
    fn columns(&mut self, stretches: &[Stretch<'_>], k: usize, column: usize, unlike: usize) {
        let kind = |row: &Stretch<'_>| row.cells.get(k).map(|(cell, _)| *cell);
        for run in stretches.chunk_by(|a, b| kind(a) == kind(b)) {
            if kind(&run[0]).is_none() {
                continue;
            }
            let widths: Vec<isize> = run.iter().map(|row| self.width(row, row.cells[k].1)).collect();
            for group in groups(&widths, unlike) {
                let widest = widths[group.clone()].iter().copied().max().unwrap_or(0);
                for i in group.clone() {
                    self.pad(&run[i], run[i].cells[k].1, widest.abs_diff(widths[i]), column);
                }
                self.columns(&run[group], k + 1, column, unlike);
            }
        }
    }

    /// Aligns `param` lines, which have four columns: name, type, range and value. Some may be empty.
    fn params(&mut self, stretches: &[Stretch<'_>], column: usize) {
        for wanted in [Cell::Type, Cell::Within, Cell::Equals] {
            let next = |row: &Stretch<'_>| row.cells.iter().find(|(cell, _)| *cell >= wanted).map(|(_, token)| *token);
            let widths: Vec<isize> =
                stretches.iter().map(|row| next(row).map_or(0, |at| self.width(row, at))).collect();
            if !stretches.iter().any(|row| row.cells.iter().any(|(cell, _)| *cell == wanted)) {
                continue;
            }
            let widest = widths.iter().copied().max().unwrap_or(0);
            for (row, width) in stretches.iter().zip(widths) {
                if let Some(token) = next(row) {
                    self.pad(row, token, widest.abs_diff(width), column);
                }
            }
        }
    }

    /// Puts spaces before a token, unless they make the line too long.
    fn pad(&mut self, row: &Stretch<'_>, token: usize, pad: usize, column: usize) {
        self.pads[token] = 0;
        if column.saturating_add_signed(row.offset) + self.length(row.first, row.end) + pad <= WIDTH {
            self.pads[token] = pad;
        }
    }

    /// The width of the row up to a token, from the column in which the first row begins.
    fn width(&self, row: &Stretch<'_>, token: usize) -> isize {
        self.length(row.first, token).cast_signed() + row.offset
    }

    /// The width of some tokens with the spaces between them.
    fn length(&self, first: usize, end: usize) -> usize {
        let mut length = 0;
        for token in first..end {
            let text = self.texts[token].chars().count();
            length += text;
            if token > first && text > 0 {
                length += self.draft.gaps[token].space + self.pads[token];
            }
        }
        length
    }
}

/// Groups of neighbouring lines that share a column: as few groups as possible in which widths differ by no more than
/// `unlike`; among these, the groups that need the fewest spaces.
fn groups(widths: &[isize], unlike: usize) -> Vec<Range<usize>> {
    // For the first n lines: the number of groups, of spaces, and the line where the last group begins.
    let mut best: Vec<(usize, usize, usize)> = vec![(0, 0, 0)];
    for end in 1..=widths.len() {
        let candidates = (0..end).rev().map_while(|from| {
            let group = &widths[from..end];
            let (low, high) = (group.iter().min()?, group.iter().max()?);
            let spaces: usize = group.iter().map(|width| high.abs_diff(*width)).sum();
            (high.abs_diff(*low) <= unlike).then(|| (best[from].0 + 1, best[from].1 + spaces, from))
        });
        best.push(candidates.min().expect("a line alone is a group"));
    }
    let mut groups = Vec::new();
    let mut end = widths.len();
    while end > 0 {
        let from = best[end].2;
        groups.push(from..end);
        end = from;
    }
    groups.reverse();
    groups
}

/// How many columns before its `if` an `else` begins: as many as `else ` has characters, so that the conditions are
/// aligned, if the statement begins far enough to the left.
pub(super) fn else_offset(column: usize, start: usize) -> usize {
    let before = "else ".len();
    if column > start + before { before } else { 0 }
}
