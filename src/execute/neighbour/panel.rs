//! Rows in panels: 32 rows side by side, so that their distances from another row are computed together.
//!
//! [`compare`] finds, for the rows of a panel, which of other rows may be nearer than a limit. It computes in single
//! precision, and passes on each pair whose squared distance may lie below the limit of the row, given the largest error
//! that so many terms can have. [`squared_distance`] then says what it is.
#![expect(clippy::inline_always, reason = "a function that is called and not inlined is not compiled for wide vectors")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Rows of a panel.
pub(super) const LANES: usize = 32;

/// Rows of one width, in panels. Within a panel, the first numbers of all rows come first.
pub(super) struct Panels {
    numbers: Vec<f32>,
    width: usize,
    count: usize,
}

impl Panels {
    /// So many rows. `fill` writes rows one after the other, and is given the place of the first of them.
    pub(super) fn new(width: usize, count: usize, fill: impl Fn(usize, &mut [f32]) + Sync) -> Panels {
        let mut numbers = vec![0.0; count.div_ceil(LANES) * LANES * width];
        numbers.par_chunks_mut((LANES * width).max(1)).enumerate().for_each(|(at, panel)| {
            let mut rows = vec![0.0; LANES.min(count - at * LANES) * width];
            fill(at * LANES, &mut rows);
            for (lane, row) in rows.chunks_exact(width).enumerate() {
                row.iter().enumerate().for_each(|(i, x)| panel[i * LANES + lane] = *x);
            }
        });
        Panels { numbers, width, count }
    }

    /// Some rows of others, in this order.
    pub(super) fn of(from: &Panels, rows: &[u32]) -> Panels {
        let width = from.width;
        Panels::new(width, rows.len(), |first, part| {
            for (row, part) in rows[first..].iter().zip(part.chunks_exact_mut(width)) {
                from.copy(*row as usize, part);
            }
        })
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Numbers of a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Neighbouring panels; those after the last have no rows.
    pub(super) fn panels<const P: usize>(&self, first: usize) -> [Panel<'_>; P] {
        std::array::from_fn(|i| self.panel(first + i))
    }

    fn panel(&self, at: usize) -> Panel<'_> {
        let rows = self.count.saturating_sub(at * LANES).min(LANES);
        let begin = if rows > 0 { at * LANES * self.width } else { 0 };
        Panel { numbers: &self.numbers[begin..][..LANES * self.width], width: self.width, rows }
    }

    /// Copies a row.
    pub(super) fn copy(&self, row: usize, to: &mut [f32]) {
        let panel = self.panel(row / LANES);
        to.iter_mut().enumerate().for_each(|(i, x)| *x = panel.numbers[i * LANES + row % LANES]);
    }
}

/// The rows of one panel.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    numbers: &'a [f32],
    width: usize,
    rows: usize,
}

impl Panel<'_> {
    /// How many rows it has.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers of a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The squared distance of one of its rows from another row, in double precision.
    pub(super) fn squared_distance(&self, lane: usize, other: &[f32]) -> f64 {
        let mut sums = [0.0; 4];
        for (i, x) in other.iter().enumerate() {
            let difference = f64::from(self.numbers[i * LANES + lane]) - f64::from(*x);
            sums[i % 4] += difference * difference;
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    }
}

/// The number from which on a squared distance in single precision is certainly not below `bound`.
///
/// Each term of a sum of `width` terms has a relative error of at most `width + 3` roundings, and what is too small for
/// single precision is lost.
pub(super) fn limit(bound: f64, width: usize) -> f32 {
    let roundings = (width + 8) as f64 * f64::from(f32::EPSILON) / 2.0;
    let limit = bound * (1.0 + 2.0 * roundings) + 1e-37;
    let rounded = limit as f32;
    if f64::from(rounded) < limit { rounded.next_up() } else { rounded }
}

/// Calls `found` for each pair of a row of the panels and one of `others` whose squared distance may lie below the limit of
/// the row, in the order of the others. It is given the panel, the row in it, and the other row; what it returns is the
/// row's limit from then on. Each tile of `P` panels and `Q` others is computed at once; eight of both are as many sums as
/// the registers hold, if `P` times `Q` is 4.
pub(super) fn compare<const P: usize, const Q: usize>(
    panels: [Panel<'_>; P],
    others: &[f32],
    limits: &mut [[f32; LANES]; P],
    found: impl FnMut(usize, usize, usize) -> f32,
) {
    Arch::new().dispatch(Comparison::<'_, _, P, Q> { panels, others, limits, found });
}

struct Comparison<'a, F, const P: usize, const Q: usize> {
    panels: [Panel<'a>; P],
    others: &'a [f32],
    limits: &'a mut [[f32; LANES]; P],
    found: F,
}

impl<F: FnMut(usize, usize, usize) -> f32, const P: usize, const Q: usize> WithSimd for Comparison<'_, F, P, Q> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let width = self.panels[0].width;
        let count = self.others.len() / width;
        for first in (0..count).step_by(Q) {
            let rows: [&[f32]; Q] =
                std::array::from_fn(|i| &self.others[(first + i).min(count - 1) * width..][..width]);
            let distances = squared_distances(simd, self.panels.map(|panel| panel.numbers), rows);
            for (at, distances) in distances.iter().enumerate() {
                for (i, distances) in distances.iter().enumerate().take(count - first) {
                    self.pass_on(at, first + i, distances);
                }
            }
        }
    }
}

impl<F: FnMut(usize, usize, usize) -> f32, const P: usize, const Q: usize> Comparison<'_, F, P, Q> {
    #[inline(always)]
    fn pass_on(&mut self, panel: usize, other: usize, distances: &[f32; LANES]) {
        let limits = &mut self.limits[panel];
        // What is too large for single precision may still be smaller than a limit that is.
        let is_near = |x: f32, limit: f32| x < limit || x == f32::INFINITY;
        if distances.iter().zip(&*limits).fold(false, |any, (x, limit)| any | is_near(*x, *limit)) {
            for lane in 0..self.panels[panel].rows {
                if is_near(distances[lane], limits[lane]) {
                    limits[lane] = (self.found)(panel, lane, other);
                }
            }
        }
    }
}

/// The squared distances of all rows of some panels from some others, in single precision.
#[inline(always)]
fn squared_distances<S: Simd, const P: usize, const Q: usize>(
    simd: S,
    panels: [&[f32]; P],
    others: [&[f32]; Q],
) -> [[[f32; LANES]; Q]; P] {
    let mut distances = [[[0.0; LANES]; Q]; P];
    let vectors = LANES / S::F32_LANES;
    let mut rows: [&[S::f32s]; P] = [&[]; P];
    for p in 0..P {
        rows[p] = &S::as_simd_f32s(panels[p]).0[..others[0].len() * vectors];
    }
    for pair in 0..vectors / 2 {
        let mut sums = [[[simd.splat_f32s(0.0); 2]; Q]; P];
        for i in 0..others[0].len() {
            let mut numbers = [simd.splat_f32s(0.0); Q];
            for q in 0..Q {
                numbers[q] = simd.splat_f32s(others[q][i]);
            }
            for p in 0..P {
                for half in 0..2 {
                    let own = rows[p][i * vectors + 2 * pair + half];
                    for q in 0..Q {
                        let difference = simd.sub_f32s(own, numbers[q]);
                        sums[p][q][half] = simd.mul_add_e_f32s(difference, difference, sums[p][q][half]);
                    }
                }
            }
        }
        for p in 0..P {
            for q in 0..Q {
                let to = S::as_mut_simd_f32s(&mut distances[p][q]).0;
                to[2 * pair..][..2].copy_from_slice(&sums[p][q]);
            }
        }
    }
    distances
}
