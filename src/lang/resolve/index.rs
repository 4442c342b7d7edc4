//! What each word of a spec stands for, and where that is defined.

use std::collections::BTreeMap;

use diadc_core::span::Span;

use super::builtin::Builtin;

/// What a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// The thing whose name stands at this place where it is defined.
    Name(Span),
    /// A word of the language.
    Builtin(Builtin),
}

/// The meaning of words by their places.
#[derive(Clone, Debug, Default)]
pub struct Index {
    uses: BTreeMap<Span, (Definition, usize)>,
}

impl Index {
    /// Notes what a word stands for. The body of a block is read again for each block that descends from it, at a larger
    /// `distance`; the note with the smallest distance stays.
    pub(crate) fn note(&mut self, at: Span, definition: Definition, distance: usize) {
        let nearest = self.uses.get(&at).is_none_or(|(_, known)| distance <= *known);
        if nearest {
            self.uses.insert(at, (definition, distance));
        }
    }

    /// The same index for a changed text: `to` gives the new place of each span. Notes without a new place are left out.
    #[must_use]
    pub fn moved(&self, to: &impl Fn(Span) -> Option<Span>) -> Index {
        let moved = self.uses.iter().filter_map(|(at, (definition, distance))| {
            let definition = match definition {
                Definition::Name(span) => Definition::Name(to(*span)?),
                Definition::Builtin(builtin) => Definition::Builtin(*builtin),
            };
            Some((to(*at)?, (definition, *distance)))
        });
        Index { uses: moved.collect() }
    }

    /// All places with what the words there stand for.
    pub fn iter(&self) -> impl Iterator<Item = (Span, Definition)> {
        self.uses.iter().map(|(at, (definition, _))| (*at, *definition))
    }
}
