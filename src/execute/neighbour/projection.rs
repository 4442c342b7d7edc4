//! Rows made shorter by a random matrix, which keeps their distances nearly (Johnson and Lindenstrauss, 1984).
//!
//! Sums are kept in double precision and each in the order of its terms, so that results are the same on every machine.

use pulp::Arch;

use diadc_core::engine::random::{Key, normals};

/// Columns of the matrix that are summed side by side.
const COLUMNS: usize = 16;

/// Rows that are projected side by side.
const ROWS: usize = 4;

/// A matrix of normal numbers, divided by the root of the number of its columns.
pub(super) struct Projection {
    /// For each group of columns its rows.
    groups: Vec<Vec<[f64; COLUMNS]>>,
    from: usize,
    to: usize,
}

impl Projection {
    /// From rows of `from` numbers to rows of `to`.
    pub(super) fn new(from: usize, to: usize, key: &Key<'_>) -> Projection {
        let numbers = normals(key, from * to, |x| x);
        let factor = (to as f64).sqrt();
        let group = |first: usize| {
            let at = |row: usize, column: usize| {
                if column < to { f64::from(numbers[row * to + column]) / factor } else { 0.0 }
            };
            (0..from).map(|row| std::array::from_fn(|i| at(row, first + i))).collect()
        };
        Projection { groups: (0..to).step_by(COLUMNS).map(group).collect(), from, to }
    }

    /// Numbers of a projected row.
    pub(super) fn width(&self) -> usize {
        self.to
    }

    /// Projects rows, one after the other.
    pub(super) fn project(&self, rows: &[&[f32]], projected: &mut [f32]) {
        let arch = Arch::new();
        for (at, group) in self.groups.iter().enumerate() {
            for (rows, projected) in rows.chunks(ROWS).zip(projected.chunks_mut(ROWS * self.to)) {
                let last = rows.len() - 1;
                let sums = arch.dispatch(|| sums(std::array::from_fn(|i| &rows[i.min(last)][..self.from]), group));
                for (projected, sums) in projected.chunks_exact_mut(self.to).zip(sums) {
                    let columns = projected.iter_mut().skip(at * COLUMNS);
                    columns.zip(sums).for_each(|(to, sum)| *to = sum as f32);
                }
            }
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "a function that is called and not inlined is not compiled for wide vectors")]
fn sums(rows: [&[f32]; ROWS], group: &[[f64; COLUMNS]]) -> [[f64; COLUMNS]; ROWS] {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    for (i, factors) in group.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            let x = f64::from(row[i]);
            for (sum, factor) in sums.iter_mut().zip(factors) {
                *sum += x * factor;
            }
        }
    }
    sums
}
