//! Memory that is taken and given back: how much is held now, how much was held at the peak, and by what.

use diadc_core::graph::Origin;

/// Number of a piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece(usize);

/// What a piece is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Purpose {
    /// The operation that made it.
    pub(super) what: String,
    pub(super) origin: Option<Origin>,
    /// Whether it is the gradient of a weight.
    pub(super) is_gradient: bool,
}

#[derive(Clone, Debug)]
struct Record {
    bytes: u64,
    users: usize,
    purpose: Purpose,
}

/// All pieces, and the moment at which most was held.
#[derive(Debug, Default)]
pub(super) struct Pool {
    records: Vec<Record>,
    held: u64,
    peak: u64,
    /// The pieces that were there then.
    at_peak: Vec<usize>,
    /// Those that are there now.
    alive: std::collections::BTreeSet<usize>,
}

impl Pool {
    /// Takes memory, which has one user then.
    pub(super) fn take(&mut self, bytes: u64, purpose: Purpose) -> Piece {
        self.records.push(Record { bytes, users: 1, purpose });
        let number = self.records.len() - 1;
        self.alive.insert(number);
        self.held += bytes;
        if self.held > self.peak {
            self.peak = self.held;
            self.at_peak = self.alive.iter().copied().collect();
        }
        Piece(number)
    }

    /// Takes memory and gives it back at once.
    pub(super) fn touch(&mut self, bytes: u64, purpose: Purpose) {
        let piece = self.take(bytes, purpose);
        self.leave(piece);
    }

    /// One more user.
    pub(super) fn share(&mut self, piece: Piece) {
        self.records[piece.0].users += 1;
    }

    /// One user less; without users it is given back.
    pub(super) fn leave(&mut self, piece: Piece) {
        let record = &mut self.records[piece.0];
        record.users -= 1;
        if record.users == 0 {
            self.held -= record.bytes;
            self.alive.remove(&piece.0);
        }
    }

    /// Whether a piece has one user only.
    pub(super) fn is_sole(&self, piece: Piece) -> bool {
        self.records[piece.0].users == 1
    }

    /// From now on a piece is for something else.
    pub(super) fn rename(&mut self, piece: Piece, purpose: Purpose) {
        self.records[piece.0].purpose = purpose;
    }

    /// From now on a piece is the gradient of a weight.
    pub(super) fn call_gradient(&mut self, piece: Piece) {
        self.records[piece.0].purpose.is_gradient = true;
    }

    /// The most that was held at once.
    pub(super) fn peak(&self) -> u64 {
        self.peak
    }

    /// What was held then.
    pub(super) fn at_peak(&self) -> impl Iterator<Item = (u64, &Purpose)> {
        self.at_peak.iter().map(|&number| (self.records[number].bytes, &self.records[number].purpose))
    }
}
