//! Farthest-first traversal (Gonzalez, 1985): each chosen row is the one that lies farthest from those before it.
//!
//! The distance of a row from the nearest chosen one only falls, so an old one is an upper bound. A few rows with the
//! largest distances are followed at each choice; all others lie below a threshold and are left alone until the largest
//! distance falls to it. Then rows with the largest bounds are brought up to date, with all that was chosen meanwhile at
//! once, and the threshold sinks. The rows chosen are those of the plain algorithm in the same arithmetic, ties included:
//! of equal distances the first row's wins.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::panel::{LANES, Panel, Panels, compare, limit};

/// Numbers of the rows that are followed at each choice: they stay in the second-level cache.
const FOLLOWED_NUMBERS: usize = 1 << 18;

/// Rows that are followed at least.
const LEAST_FOLLOWED: usize = 512;

/// Numbers that are worth another core at each choice.
const SHARED_NUMBERS: usize = 1 << 18;

/// Panels of followed rows that are compared with a chosen one at once.
const GROUP: usize = 4;

/// The places of `count` of the rows in the order of their choice, beginning with `first`. Rows have `width` numbers.
///
/// # Panics
/// If there are fewer rows than `count`, or `first` is none of them.
#[must_use]
pub fn farthest_first(rows: &[f32], width: usize, first: usize, count: usize) -> Vec<usize> {
    let panels = Panels::new(width, rows.len() / width, |first, part| {
        part.copy_from_slice(&rows[first * width..][..part.len()]);
    });
    let chosen = traverse(&panels, first, count, &mut |_| ControlFlow::Continue(()));
    chosen.continue_value().expect("nobody breaks off")
}

/// The places of the chosen rows, unless `progress` breaks off, which is told after each choice how many are chosen.
pub(super) fn traverse(
    rows: &Panels,
    first: usize,
    count: usize,
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> ControlFlow<(), Vec<usize>> {
    assert!(count <= rows.count() && first < rows.count(), "there are as many rows");
    let mut traversal = Traversal::new(rows, count);
    if count > 0 {
        traversal.choose(first);
    }
    while traversal.chosen.len() < count {
        let mut followed = traversal.follow();
        while let Some(next) = followed.farthest()
            && traversal.chosen.len() < count
        {
            if followed.distances[next] == 0.0 {
                // All rows left equal chosen ones.
                traversal.choose_rest(count);
                break;
            }
            traversal.choose(followed.places[next] as usize);
            followed.choose(next, traversal.last());
            progress(traversal.chosen.len())?;
        }
        traversal.leave(followed);
    }
    ControlFlow::Continue(traversal.chosen)
}

/// The squared distance of a chosen row, so that it is not chosen again.
const CHOSEN: f64 = -1.0;

/// What is chosen so far, and how far all rows lie from it at most.
struct Traversal<'a> {
    rows: &'a Panels,
    chosen: Vec<usize>,
    /// The chosen rows, one after the other.
    numbers: Vec<f32>,
    /// For each row the squared distance from the nearest of the first chosen ones.
    bounds: Vec<f64>,
    /// How many chosen ones that were.
    compared: Vec<u32>,
}

impl<'a> Traversal<'a> {
    fn new(rows: &'a Panels, count: usize) -> Traversal<'a> {
        Traversal {
            rows,
            chosen: Vec::with_capacity(count),
            numbers: Vec::with_capacity(count * rows.width()),
            bounds: vec![f64::INFINITY; rows.count()],
            compared: vec![0; rows.count()],
        }
    }

    fn choose(&mut self, row: usize) {
        let end = self.numbers.len();
        self.numbers.resize(end + self.rows.width(), 0.0);
        self.rows.copy(row, &mut self.numbers[end..]);
        self.chosen.push(row);
        self.bounds[row] = CHOSEN;
    }

    fn choose_rest(&mut self, count: usize) {
        for row in 0..self.rows.count() {
            if self.bounds[row] != CHOSEN && self.chosen.len() < count {
                self.choose(row);
            }
        }
    }

    /// The row that was chosen last.
    fn last(&self) -> &[f32] {
        &self.numbers[self.numbers.len() - self.rows.width()..]
    }

    /// The rows with the largest distances, up to date.
    fn follow(&mut self) -> Followed {
        let wanted = (FOLLOWED_NUMBERS / self.rows.width()).max(LEAST_FOLLOWED);
        let mut depth = wanted;
        loop {
            let threshold = self.nth_largest(depth);
            let stale = self.above(threshold, |compared, now| compared < now);
            self.bring_up_to_date(stale);
            // Each row whose bound was above this threshold is up to date; if enough still are above it, the largest of all
            // are among them.
            if depth >= self.bounds.len() || self.above(threshold, |_, _| true).len() >= wanted {
                let threshold = self.nth_largest(wanted);
                let places = self.above(threshold, |_, _| true);
                let distances: Vec<f64> = places.iter().map(|place| self.bounds[*place as usize]).collect();
                return Followed::new(self.rows, places, distances, threshold);
            }
            depth *= 2;
        }
    }

    /// The `n`-th largest bound, or the smallest.
    fn nth_largest(&self, n: usize) -> f64 {
        let mut bounds = self.bounds.clone();
        let at = n.min(bounds.len()) - 1;
        let (_, found, _) = bounds.select_nth_unstable_by(at, |a, b| b.total_cmp(a));
        found.max(0.0)
    }

    /// Rows that are not chosen and whose bound is not below a threshold, and which were compared with so many.
    fn above(&self, threshold: f64, wanted: impl Fn(u32, u32) -> bool) -> Vec<u32> {
        let now = self.chosen.len() as u32;
        let rows = self.bounds.iter().zip(&self.compared).enumerate();
        let rows = rows.filter(|(_, (bound, compared))| **bound >= threshold && wanted(**compared, now));
        rows.map(|(row, _)| row as u32).collect()
    }

    /// Compares rows with all chosen ones with which they were not compared.
    fn bring_up_to_date(&mut self, mut rows: Vec<u32>) {
        // Rows of a panel are compared with what any of them lacks.
        rows.sort_by_key(|row| self.compared[*row as usize]);
        let distances: Vec<f64> = rows.par_chunks(LANES).flat_map_iter(|places| self.compared_panel(places)).collect();
        for (row, distance) in rows.into_iter().zip(distances) {
            self.bounds[row as usize] = distance;
            self.compared[row as usize] = self.chosen.len() as u32;
        }
    }

    fn compared_panel(&self, places: &[u32]) -> Vec<f64> {
        let panels = Panels::of(self.rows, places);
        let mut distances: Vec<f64> = places.iter().map(|place| self.bounds[*place as usize]).collect();
        let from = places.iter().map(|place| self.compared[*place as usize]).min().unwrap_or_default() as usize;
        nearer::<1, 4>(panels.panels(0), &self.numbers[from * self.rows.width()..], &mut distances);
        distances
    }

    /// Takes over what is known of rows that were followed.
    fn leave(&mut self, followed: Followed) {
        for (place, distance) in followed.places.into_iter().zip(followed.distances) {
            let row = place as usize;
            self.compared[row] = self.chosen.len() as u32;
            if self.bounds[row] != CHOSEN {
                self.bounds[row] = distance;
            }
        }
    }
}

/// Lowers the squared distances of the rows of some panels to those from others, where they are nearer.
fn nearer<const P: usize, const Q: usize>(panels: [Panel<'_>; P], others: &[f32], distances: &mut [f64]) {
    let width = panels[0].width();
    let mut limits = [[0.0; LANES]; P];
    for (limit_of, distance) in limits.as_flattened_mut().iter_mut().zip(&*distances) {
        *limit_of = limit(*distance, width);
    }
    compare::<P, Q>(panels, others, &mut limits, |panel, lane, other| {
        let nearest = &mut distances[panel * LANES + lane];
        *nearest = nearest.min(panels[panel].squared_distance(lane, &others[other * width..][..width]));
        limit(*nearest, width)
    });
}

/// Rows whose distances are known at each choice.
struct Followed {
    rows: Panels,
    /// Their places among all rows, in order.
    places: Vec<u32>,
    distances: Vec<f64>,
    /// All rows that are not followed lie below this.
    threshold: f64,
}

impl Followed {
    fn new(rows: &Panels, places: Vec<u32>, distances: Vec<f64>, threshold: f64) -> Followed {
        Followed { rows: Panels::of(rows, &places), places, distances, threshold }
    }

    /// The row that lies farthest, unless one that is not followed may lie farther.
    fn farthest(&self) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (at, distance) in self.distances.iter().enumerate() {
            if *distance >= self.threshold && best.is_none_or(|best| *distance > self.distances[best]) {
                best = Some(at);
            }
        }
        best
    }

    /// Marks a row as chosen, and lowers the distances of the others to those from it.
    fn choose(&mut self, row: usize, chosen: &[f32]) {
        self.distances[row] = CHOSEN;
        let (rows, of_group) = (&self.rows, GROUP * LANES * self.rows.width());
        let groups = self.distances.par_chunks_mut(GROUP * LANES).with_min_len(SHARED_NUMBERS.div_ceil(of_group));
        groups.enumerate().for_each(|(at, distances)| nearer::<GROUP, 1>(rows.panels(at * GROUP), chosen, distances));
    }
}
