//! At most so many of all rows that come, chosen at random.
//!
//! Each row has a random number by its place among all. Those with the smallest numbers are kept, in their order, so the
//! choice does not depend on how the rows were put into portions.

use std::collections::BinaryHeap;

use diadc_core::engine::random::{Key, words};

/// Rows that lie in one piece of memory.
const PIECE: usize = 1024;

/// At most so many rows.
pub(super) struct Reservoir {
    width: usize,
    at_most: usize,
    pieces: Vec<Vec<f32>>,
    /// Random number, place among all rows, and place here, of each row that is kept: the largest first.
    kept: BinaryHeap<(u64, u64, usize)>,
    seen: u64,
}

impl Reservoir {
    /// An empty one.
    pub(super) fn new(width: usize, at_most: usize) -> Reservoir {
        Reservoir { width, at_most, pieces: Vec::new(), kept: BinaryHeap::new(), seen: 0 }
    }

    /// How many rows have come.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Takes the next rows.
    pub(super) fn push(&mut self, rows: &[f32], key: &Key<'_>) {
        let count = rows.len() / self.width;
        for (row, number) in rows.chunks_exact(self.width).zip(words(key, self.seen, count)) {
            let place = self.seen;
            self.seen += 1;
            if self.kept.len() < self.at_most {
                self.kept.push((number, place, self.kept.len()));
                self.append(row);
            } else if let Some(mut largest) = self.kept.peek_mut()
                && (number, place) < (largest.0, largest.1)
            {
                let slot = largest.2;
                *largest = (number, place, slot);
                drop(largest);
                let piece = &mut self.pieces[slot / PIECE];
                piece[slot % PIECE * self.width..][..self.width].copy_from_slice(row);
            }
        }
    }

    fn append(&mut self, row: &[f32]) {
        match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE * self.width => piece.extend_from_slice(row),
            Some(_) | None => {
                let mut piece = Vec::with_capacity(PIECE * self.width);
                piece.extend_from_slice(row);
                self.pieces.push(piece);
            }
        }
    }

    /// The rows that are kept, in the order in which they came.
    pub(super) fn rows(&self) -> Vec<&[f32]> {
        let mut order: Vec<(u64, usize)> = self.kept.iter().map(|(_, place, slot)| (*place, *slot)).collect();
        order.sort_unstable();
        let row = |slot: usize| &self.pieces[slot / PIECE][slot % PIECE * self.width..][..self.width];
        order.into_iter().map(|(_, slot)| row(slot)).collect()
    }
}
