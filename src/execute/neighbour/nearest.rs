//! The rows that are nearest to others, by their Euclidean distances.
//!
//! All distances are computed in single precision, as they are compared with the farthest of the rows found so far; those
//! that may be nearer, again in double precision. No more than a few distances of each row are kept.

use rayon::prelude::*;

use super::panel::{LANES, Panel, Panels, compare, limit};

/// Rows and what is looked for among them.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// The rows for which neighbours are looked for, one after the other.
    pub(crate) x: &'a [f32],
    /// The rows among which they are.
    pub(crate) among: &'a [f32],
    /// Numbers of a row.
    pub(crate) width: usize,
}

/// For each row the nearest ones.
pub(crate) struct Neighbours {
    /// Their distances, ascending.
    pub(crate) distances: Vec<f32>,
    /// Which rows they are; of equally near ones the first comes first.
    pub(crate) places: Vec<i64>,
}

/// The `count` nearest neighbours of each row. A distance that is not a number is the largest of all.
pub(crate) fn nearest(rows: Rows<'_>, count: usize) -> Neighbours {
    let Rows { x, among, width } = rows;
    let panels = Panels::new(width, x.len() / width, |first, part| {
        part.copy_from_slice(&x[first * width..][..part.len()]);
    });
    let found: Vec<Vec<Found>> = (0..panels.count().div_ceil(LANES))
        .into_par_iter()
        .flat_map_iter(|at| of_panel(panels.panels::<1>(at), among, count))
        .collect();
    let all = || found.iter().flatten();
    Neighbours {
        distances: all().map(|found| found.squared.sqrt() as f32).collect(),
        places: all().map(|found| found.place as i64).collect(),
    }
}

/// A neighbour of a row.
#[derive(Clone, Copy)]
struct Found {
    squared: f64,
    place: usize,
}

/// The neighbours of each row of a panel, the nearest first.
fn of_panel(panel: [Panel<'_>; 1], among: &[f32], count: usize) -> Vec<Vec<Found>> {
    let [rows] = panel;
    let width = rows.width();
    let mut found: Vec<Vec<Found>> = (0..rows.rows()).map(|_| Vec::with_capacity(count + 1)).collect();
    let mut limits = [[f32::INFINITY; LANES]];
    compare::<1, 4>(panel, among, &mut limits, |_, lane, place| {
        let found = &mut found[lane];
        let squared = rows.squared_distance(lane, &among[place * width..][..width]);
        let at = found.partition_point(|other| other.squared <= squared);
        if at < count {
            found.insert(at, Found { squared, place });
            found.truncate(count);
        }
        if found.len() < count { f32::INFINITY } else { limit(found[count - 1].squared, width) }
    });
    for found in &mut found {
        // What has no distance is not found, and comes last.
        for place in 0.. {
            if found.len() == count {
                break;
            }
            if !found.iter().any(|found| found.place == place) {
                found.push(Found { squared: f64::NAN, place });
            }
        }
    }
    found
}

/// The gradients of both kinds of rows, from that of the distances of [`nearest`]. A row that equals its neighbour gets none.
pub(crate) fn gradients(rows: Rows<'_>, neighbours: &Neighbours, gradient: &[f32], count: usize) -> [Vec<f32>; 2] {
    let Rows { x, among, width } = rows;
    let slope = |at: usize| {
        let distance = f64::from(neighbours.distances[at]);
        if distance == 0.0 { 0.0 } else { f64::from(gradient[at]) / distance }
    };
    let neighbour = |at: usize| &among[neighbours.places[at] as usize * width..][..width];
    let mut of_x = vec![0.0; x.len()];
    of_x.par_chunks_mut(width.max(1)).zip(x.par_chunks(width.max(1))).enumerate().for_each(|(row, (to, x))| {
        let mut sums = vec![0.0_f64; width];
        for at in row * count..(row + 1) * count {
            let slope = slope(at);
            for ((sum, x), other) in sums.iter_mut().zip(x).zip(neighbour(at)) {
                *sum += slope * (f64::from(*x) - f64::from(*other));
            }
        }
        to.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum as f32);
    });
    let mut of_rows = vec![0.0_f64; among.len()];
    for at in 0..neighbours.places.len() {
        let (slope, x) = (slope(at), &x[at / count * width..][..width]);
        let to = &mut of_rows[neighbours.places[at] as usize * width..][..width];
        for ((to, x), other) in to.iter_mut().zip(x).zip(neighbour(at)) {
            *to += slope * (f64::from(*other) - f64::from(*x));
        }
    }
    [of_x, of_rows.into_iter().map(|x| x as f32).collect()]
}
