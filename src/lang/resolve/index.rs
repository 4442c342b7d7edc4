//! For each place of a word: the definition to which the word refers.

use std::collections::BTreeMap;

use diadc_core::span::Span;

use super::builtin::Builtin;

/// The definition of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// Something whose name is defined at this place.
    Name(Span),
    /// A builtin of the language.
    Builtin(Builtin),
}

/// The definitions of words, by the places of the words.
#[derive(Clone, Debug, Default)]
pub struct Index {
    uses: BTreeMap<Span, (Definition, usize)>,
}

impl Index {
    /// Notes the definition of a word. The body of a block is visited again for each block that inherits it, with a
    /// larger `distance`; the definition with the smallest counts.
    pub(crate) fn note(&mut self, at: Span, definition: Definition, distance: usize) {
        let nearest = self.uses.get(&at).is_none_or(|(_, known)| distance <= *known);
        if nearest {
            self.uses.insert(at, (definition, distance));
        }
    }

    /// The index with all places moved; a word or definition without a new place is left out.
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

    /// All places of words, with the definitions.
    pub fn iter(&self) -> impl Iterator<Item = (Span, Definition)> {
        self.uses.iter().map(|(at, (definition, _))| (*at, *definition))
    }
}
