//! Lines and columns of a [`Draft`].
//!
//! Tokens are placed one after the other, each as its gap says. A table, chain or choice is aligned when its first
//! token is placed, because its column is known then.

use super::INDENT;
use super::WIDTH;
use super::align::{Aligner, else_offset};
use super::gap::{Commas, Draft, Indent};

/// The formatted text.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) lines: Vec<Line>,
    /// The column of each token.
    pub(super) columns: Vec<usize>,
}

/// A line of the page.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The text without the comment after it.
    pub(super) text: String,
    /// Whether a blank line precedes it.
    blank: bool,
    /// Its tokens; none if it is only a comment.
    pub(super) tokens: Option<(usize, usize)>,
    /// The table to which it belongs.
    table: Option<usize>,
    /// The comment after the text, and the lines by which it continues below.
    comments: Vec<String>,
}

impl Line {
    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    pub(super) fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl Page {
    /// Lines that are too long and are not only comments.
    pub(super) fn too_long(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.tokens.is_some() && line.width() > WIDTH)
    }

    /// The whole text, with the comments after neighbouring lines aligned.
    pub(super) fn text(&self) -> String {
        let columns = self.comment_columns();
        let mut text = String::new();
        for (line, column) in self.lines.iter().zip(columns) {
            if line.blank {
                text.push('\n');
            }
            text.push_str(&line.text);
            for (i, comment) in line.comments.iter().enumerate() {
                let at = if i == 0 { line.width() } else { 0 };
                if i > 0 {
                    text.push('\n');
                }
                text.push_str(&" ".repeat(column.saturating_sub(at)));
                text.push_str(comment);
            }
            text.push('\n');
        }
        text
    }

    /// For each line the column of its comment: two spaces after the longest text of the lines that are aligned with
    /// it. These are neighbouring lines with a comment and the same indentation, also with lines of the same table
    /// between them.
    fn comment_columns(&self) -> Vec<usize> {
        let mut columns = vec![0; self.lines.len()];
        let mut run: Vec<usize> = Vec::new();
        let mut close = |run: &mut Vec<usize>| {
            let widest = run.iter().map(|&i| self.lines[i].width()).max().unwrap_or(0);
            for i in run.drain(..) {
                columns[i] = widest + 2;
            }
        };
        // Whether only lines of the table of the run's last line lie between it and this one.
        let mut is_near = true;
        for (i, line) in self.lines.iter().enumerate() {
            let last = run.last().map(|&last| &self.lines[last]);
            if line.blank || last.is_some_and(|last| line.indent() != last.indent()) {
                close(&mut run);
            }
            if line.tokens.is_none() {
                continue;
            }
            let in_table = run.last().is_some_and(|&last| line.table.is_some() && line.table == self.lines[last].table);
            if run.is_empty() {
                is_near = true;
            }
            if line.comments.is_empty() {
                is_near = is_near && in_table;
                if !is_near {
                    close(&mut run);
                }
            } else {
                run.push(i);
            }
        }
        close(&mut run);
        columns
    }
}

/// Places all tokens.
pub(super) fn lay_out(draft: &Draft) -> Page {
    let mut setter = Setter {
        draft,
        aligner: Aligner::new(draft, commas(draft)),
        page: Page { lines: vec![Line::default()], columns: vec![0; draft.tokens.len()] },
        starts: vec![0; draft.tokens.len()],
        start: 0,
    };
    let end = draft.tokens.len() - 1;
    for token in 0..=end {
        setter.comments(token);
        if token < end {
            setter.token(token);
        }
    }
    let mut page = setter.page;
    page.lines.retain(|line| !line.text.is_empty());
    if let Some(first) = page.lines.first_mut() {
        first.blank = false;
    }
    page
}

/// The text of each token. Whether a comma precedes a closing bracket depends on whether the bracket begins a line.
fn commas(draft: &Draft) -> Vec<String> {
    let mut texts: Vec<String> = draft.tokens.iter().map(|token| token.text.clone()).collect();
    for bracket in draft.brackets.iter().filter(|bracket| bracket.commas == Commas::Loose) {
        let last = bracket.close - 1;
        match (texts[last] == ",", draft.gaps[bracket.close].breaks) {
            (true, false) => texts[last].clear(),
            (false, true) if last > bracket.open => texts[last].push(','),
            _ => {}
        }
    }
    texts
}

struct Setter<'a> {
    draft: &'a Draft,
    aligner: Aligner<'a>,
    page: Page,
    /// For each token the column in which its line begins.
    starts: Vec<usize>,
    /// The column in which the current line begins.
    start: usize,
}

impl Setter<'_> {
    fn line(&mut self) -> &mut Line {
        self.page.lines.last_mut().expect("there is always a line")
    }

    /// Places the comments before a token.
    fn comments(&mut self, token: usize) {
        let gap = self.draft.gaps[token];
        let comments = &self.draft.tokens[token].comments;
        let mut trailing: Option<usize> = None;
        for (i, comment) in comments.iter().enumerate() {
            let has_line = token > 0;
            let goes_on = comment.breaks == 1 && trailing == Some(comment.column);
            if (comment.breaks == 0 && i == 0 && has_line) || goes_on {
                self.line().comments.push(comment.text.clone());
                trailing = Some(comment.column);
                continue;
            }
            trailing = None;
            let indent = match gap.indent {
                Indent::Close(open) => self.column(Indent::Inside(open)),
                Indent::End(head) => self.column(Indent::Body(head)),
                other => self.column(other),
            };
            let begins = i == 0 || comments[..i].iter().all(|comment| comment.breaks == 0);
            let blank = comment.breaks > 1 && gap.blank && !(begins && self.is_opened(token));
            let text = " ".repeat(indent) + &comment.text;
            self.page.lines.push(Line { text, blank, ..Line::default() });
        }
    }

    /// Whether a token is the first one in a bracket.
    fn is_opened(&self, token: usize) -> bool {
        token > 0 && matches!(self.draft.tokens[token - 1].text.as_str(), "{" | "(" | "[")
    }

    fn token(&mut self, token: usize) {
        let gap = self.draft.gaps[token];
        let has_comment = !self.draft.tokens[token].comments.is_empty();
        if gap.breaks || has_comment || token == 0 {
            let is_close = matches!(gap.indent, Indent::Close(_) | Indent::End(_));
            let begins = self.is_opened(token) && self.draft.tokens[token].comments.iter().all(|c| c.breaks == 0);
            let blank = self.draft.tokens[token].breaks > 1 && gap.blank && !is_close && !begins;
            self.start = self.column(gap.indent);
            self.aligner.reached(token, self.start, true);
            let table = self.aligner.table_of(token);
            let text = " ".repeat(self.start);
            self.page.lines.push(Line { text, blank, table, ..Line::default() });
        } else {
            let space = gap.space + self.aligner.pads[token];
            if self.aligner.texts[token].is_empty() {
                // The comma is left out.
            } else {
                let column = self.line().width() + space;
                self.page.columns[token] = column;
                self.aligner.reached(token, column, false);
                let space = gap.space + self.aligner.pads[token];
                self.line().text.push_str(&" ".repeat(space));
            }
        }
        self.page.columns[token] = self.line().width();
        self.starts[token] = self.start;
        let text = self.aligner.texts[token].clone();
        let line = self.line();
        line.text.push_str(&text);
        line.tokens = Some((line.tokens.map_or(token, |(first, _)| first), token));
    }

    /// The column of an indent.
    fn column(&self, indent: Indent) -> usize {
        let columns = &self.page.columns;
        let begins = |token: usize| token == 0 || self.draft.gaps[token].breaks;
        match indent {
            Indent::Top => 0,
            Indent::Same(token) => columns[token],
            Indent::Under(token) => columns[token] + if begins(token) { INDENT } else { 0 },
            Indent::Inside(open) if self.draft.gaps[open + 1].breaks => self.starts[open] + INDENT,
            Indent::Inside(open) => columns[open + 1],
            Indent::Body(head) => self.starts[head] + INDENT,
            Indent::End(head) => self.starts[head],
            Indent::Close(open) if self.draft.gaps[open + 1].breaks => self.starts[open],
            Indent::Close(open) => columns[open],
            Indent::Else(token) => columns[token] - self.else_offset(token),
            Indent::Place(token) if begins(token) => columns[token] + INDENT,
            Indent::Place(token) if self.draft.tokens[token - 1].text == "=" => columns[token - 1],
            Indent::Place(token) => columns[token],
        }
    }

    /// How many columns before its `if` an `else` begins.
    fn else_offset(&self, token: usize) -> usize {
        else_offset(self.page.columns[token], self.starts[token])
    }
}
