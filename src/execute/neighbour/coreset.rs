//! A few rows that stand for many: each row lies near one of them (Sener and Savarese, 2018).
//!
//! In: rows, in portions of any size. Out: so many of them as were asked for. The first is drawn at random; each other is
//! the one that lies farthest from those before it. Distances may be taken after a random projection, and among a random
//! choice of the rows if there are too many. The result depends on the rows, their order and the key alone.

use std::ops::ControlFlow;

use diadc_core::engine::HostData;
use diadc_core::engine::random::{Key, draw};
use diadc_core::op::{self, Distribution};

use super::panel::Panels;
use super::projection::Projection;
use super::reservoir::Reservoir;
use super::traversal::traverse;

/// What a coreset is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoresetSettings {
    /// How many rows to choose.
    pub count: usize,
    /// How many numbers a row has while distances are computed; all of its own if none.
    pub project: Option<usize>,
    /// Rows to choose from; of more, a random choice of so many is kept.
    pub at_most: usize,
}

/// How many rows came, and how many of them it was chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// All rows.
    pub seen: u64,
    /// Those that were kept to choose from.
    pub kept: usize,
}

/// Why there is no coreset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoresetError {
    /// There are not enough rows.
    #[error("{count} rows are to be chosen, and there are only {rows}")]
    TooFew {
        /// The rows to choose from.
        rows: usize,
        /// How many are wanted.
        count: usize,
    },
    /// A row holds a number that is not finite.
    #[error("row {row} holds a number that is not finite")]
    NotFinite {
        /// Its place among all rows, counted from 0.
        row: u64,
    },
    /// The caller wanted no more.
    #[error("the choice was interrupted")]
    Stopped,
}

/// What the random numbers of a coreset are for; the last field of their keys.
const PROJECTION: u64 = 0;
const FIRST: u64 = 1;
const KEPT: u64 = 2;

/// Chooses rows that stand for many.
pub struct Coreset {
    settings: CoresetSettings,
    width: usize,
    reservoir: Reservoir,
    seed: u64,
    purpose: String,
    step: u64,
    sample: u64,
}

impl Coreset {
    /// One that has seen no row. Rows have `width` numbers; of the key, the turn of a loop is not used.
    ///
    /// # Panics
    /// If rows have no numbers, or are to have none.
    #[must_use]
    pub fn new(settings: CoresetSettings, width: usize, key: &Key<'_>) -> Coreset {
        assert!(width > 0 && settings.project != Some(0), "rows have numbers");
        Coreset {
            settings,
            width,
            reservoir: Reservoir::new(width, settings.at_most),
            seed: key.seed,
            purpose: key.purpose.to_owned(),
            step: key.step,
            sample: key.sample,
        }
    }

    /// One that has seen no row, for the operation of a program.
    ///
    /// # Panics
    /// If rows have no numbers, or are to have none.
    #[must_use]
    pub fn of(op: &op::Coreset, width: usize, seed: u64) -> Coreset {
        let op::Coreset { count, project, at_most, purpose } = op;
        let settings = CoresetSettings { count: *count, project: *project, at_most: *at_most };
        Coreset::new(settings, width, &Key { seed, purpose, step: 0, sample: 0, iteration: 0 })
    }

    /// Takes the next rows, one after the other.
    ///
    /// # Errors
    /// If a number is not finite; nothing is taken then.
    ///
    /// # Panics
    /// If the last row is not whole.
    pub fn push(&mut self, rows: &[f32]) -> Result<(), CoresetError> {
        assert!(rows.len().is_multiple_of(self.width), "rows have {} numbers", self.width);
        if let Some(at) = rows.iter().position(|x| !x.is_finite()) {
            return Err(CoresetError::NotFinite { row: self.reservoir.seen() + (at / self.width) as u64 });
        }
        let key =
            Key { seed: self.seed, purpose: &self.purpose, step: self.step, sample: self.sample, iteration: KEPT };
        self.reservoir.push(rows, &key);
        Ok(())
    }

    /// The chosen rows one after the other, in the order of the choice. `progress` is told how many are chosen.
    ///
    /// # Errors
    /// If there are fewer rows than are to be chosen, or `progress` breaks off.
    pub fn finish(self, progress: &mut dyn FnMut(usize) -> ControlFlow<()>) -> Result<(Vec<f32>, Seen), CoresetError> {
        let rows = self.reservoir.rows();
        let CoresetSettings { count, project, .. } = self.settings;
        if rows.len() < count {
            return Err(CoresetError::TooFew { rows: rows.len(), count });
        }
        let seen = Seen { seen: self.reservoir.seen(), kept: rows.len() };
        if count == 0 {
            return Ok((Vec::new(), seen));
        }
        let panels = match project {
            Some(to) => {
                let projection = Projection::new(self.width, to, &self.key(PROJECTION));
                Panels::new(projection.width(), rows.len(), |first, part| {
                    projection.project(&rows[first..][..part.len() / to], part);
                })
            }
            None => Panels::new(self.width, rows.len(), |first, part| {
                let rows = rows[first..].iter().zip(part.chunks_exact_mut(self.width));
                rows.for_each(|(row, part)| part.copy_from_slice(row));
            }),
        };
        let chosen = traverse(&panels, self.first(rows.len()), count, progress);
        let chosen = chosen.continue_value().ok_or(CoresetError::Stopped)?;
        Ok((chosen.into_iter().flat_map(|row| rows[row].iter().copied()).collect(), seen))
    }

    /// The row that is chosen first.
    fn first(&self, rows: usize) -> usize {
        let among = Distribution::Int { low: 0, high: rows as i64 };
        match draw(among, &self.key(FIRST), 1) {
            HostData::Int(drawn) => drawn[0] as usize,
            HostData::Float(_) | HostData::Bool(_) => unreachable!("integers are drawn"),
        }
    }

    fn key(&self, iteration: u64) -> Key<'_> {
        Key { seed: self.seed, purpose: &self.purpose, step: self.step, sample: self.sample, iteration }
    }
}
