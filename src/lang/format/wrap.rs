//! Breaks lines that are too long: in each the outermost construct that can be broken.
//!
//! In: the draft, and the page that it gives. Out: the draft with more line breaks.

use super::WIDTH;
use super::gap::{Breakable, Draft, How};
use super::layout::{Line, Page};

/// Breaks every line that is too long and can be broken. Returns whether there was one.
pub(super) fn break_lines(draft: &mut Draft, page: &Page) -> bool {
    let mut has_changed = false;
    for line in page.too_long() {
        has_changed |= break_line(draft, page, line);
    }
    if has_changed {
        draft.settle();
    }
    has_changed
}

fn break_line(draft: &mut Draft, page: &Page, line: &Line) -> bool {
    let Some((first, last)) = line.tokens else { return false };
    let in_line = |token: &&usize| (first + 1..=last).contains(*token) && !draft.gaps[**token].breaks;
    let found = draft
        .breakables
        .iter()
        .filter_map(|breakable| gaps(breakable, page, &in_line).map(|gaps| (breakable, gaps)))
        .min_by_key(|(breakable, _)| (breakable.how == How::AtLast, breakable.depth, breakable.how));
    let Some((_, gaps)) = found else { return false };
    for token in gaps {
        draft.gaps[token].breaks = true;
    }
    true
}

/// The tokens that begin a line when a construct is broken.
fn gaps(breakable: &Breakable, page: &Page, in_line: &impl Fn(&&usize) -> bool) -> Option<Vec<usize>> {
    let mut inside = breakable.gaps.iter().filter(in_line);
    match breakable.how {
        How::Everywhere | How::AtLast => {
            inside.next()?;
            Some(breakable.gaps.clone())
        }
        How::Filled => {
            let candidates: Vec<usize> = inside.copied().collect();
            // The text before a token ends at least one character before it.
            let fits = candidates.iter().rev().find(|&&token| page.columns[token] <= WIDTH + 1);
            fits.or(candidates.first()).map(|&token| vec![token])
        }
    }
}
