//! Regions of a mask: pixels that touch, also at corners (8-connectivity, as scikit-image labels by default).

use super::{Key, Ranking};

/// The anomalous pixels of one mask as runs in rows, each with its region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regions {
    runs: Vec<Run>,
    areas: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// First pixel and the one behind the last, counted over the whole mask.
    pixels: [u32; 2],
    region: u32,
}

/// How the overlap with one region grows as the threshold falls.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionCurve {
    /// Pixels of the region.
    pub area: u32,
    /// False-positive rate over all good pixels of the class, and the share of the region that is found, at each
    /// distinct score of the region, from the highest down.
    pub points: Vec<(f64, f64)>,
}

impl Regions {
    /// Finds the regions of a mask given row by row.
    ///
    /// # Panics
    /// If the mask has not whole rows of `width` pixels, or more than `u32` counts.
    #[must_use]
    pub fn of(mask: &[bool], width: usize) -> Self {
        assert!(width > 0 || mask.is_empty(), "a mask of {} pixels in rows of none", mask.len());
        assert!(width == 0 || mask.len().is_multiple_of(width), "a mask of {} pixels in rows of {width}", mask.len());
        assert!(u32::try_from(mask.len()).is_ok(), "a mask of {} pixels", mask.len());
        let mut runs: Vec<Run> = Vec::new();
        let mut parents: Vec<u32> = Vec::new();
        let mut above = 0..0;
        for (y, row) in mask.chunks(width.max(1)).enumerate() {
            let first = runs.len();
            let (mut x, mut candidate) = (0, above.start);
            while let Some(start) = row[x..].iter().position(|&marked| marked).map(|skipped| x + skipped) {
                let end = row[start..].iter().position(|&marked| !marked).map_or(row.len(), |length| start + length);
                let [from, to] = [start, end].map(|x| (y * width + x) as u32);
                let region = parents.len() as u32;
                parents.push(region);
                // The row above, one pixel wider on both sides: corners count as touching.
                let [reach_from, reach_to] =
                    [from - width.min(from as usize) as u32, to - width.min(to as usize) as u32];
                while candidate < above.end && runs[candidate].pixels[1] < reach_from {
                    candidate += 1;
                }
                let touching = runs[candidate..above.end].iter().take_while(|run| run.pixels[0] <= reach_to);
                for run in touching {
                    join(&mut parents, run.region, region);
                }
                runs.push(Run { pixels: [from, to], region });
                x = end;
            }
            above = first..runs.len();
        }
        number(runs, &mut parents)
    }

    /// The number of pixels of each region.
    #[must_use]
    pub fn areas(&self) -> &[u32] {
        &self.areas
    }

    /// The number of regions.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.areas.len()
    }

    /// Runs of anomalous pixels in order, each with the number of its region.
    pub fn runs(&self) -> impl Iterator<Item = (std::ops::Range<usize>, usize)> {
        self.runs.iter().map(|run| (run.pixels[0] as usize..run.pixels[1] as usize, run.region as usize))
    }
}

fn root(parents: &mut [u32], mut region: u32) -> u32 {
    while parents[region as usize] != region {
        let grandparent = parents[parents[region as usize] as usize];
        parents[region as usize] = grandparent;
        region = grandparent;
    }
    region
}

fn join(parents: &mut [u32], a: u32, b: u32) {
    let [a, b] = [root(parents, a), root(parents, b)];
    parents[a.max(b) as usize] = a.min(b);
}

/// Gives the regions numbers without gaps, in the order of their first pixels, and measures them.
fn number(mut runs: Vec<Run>, parents: &mut [u32]) -> Regions {
    let mut numbers = vec![u32::MAX; parents.len()];
    let mut areas = Vec::new();
    for run in &mut runs {
        let root = root(parents, run.region) as usize;
        if numbers[root] == u32::MAX {
            numbers[root] = areas.len() as u32;
            areas.push(0);
        }
        run.region = numbers[root];
        areas[run.region as usize] += run.pixels[1] - run.pixels[0];
    }
    Regions { runs, areas }
}

/// The curve of each region of one image, whose pixels must be among those of `ranking`.
///
/// # Panics
/// If map and mask differ in length, or a score of a region is not in the ranking.
#[must_use]
pub fn region_curves(ranking: &Ranking, map: &[f32], regions: &Regions) -> Vec<RegionCurve> {
    let mut keys: Vec<Vec<Key>> = regions.areas.iter().map(|&area| Vec::with_capacity(area as usize)).collect();
    for (pixels, region) in regions.runs() {
        keys[region].extend(map[pixels].iter().map(|&score| Key::of(score)));
    }
    let negatives = ranking.negatives().max(1) as f64;
    let curve = |(mut keys, &area): (Vec<Key>, &u32)| {
        keys.sort_unstable_by(|a, b| b.cmp(a));
        let mut found = 0;
        let points = keys.chunk_by(|a, b| a == b).map(|tie| {
            found += tie.len();
            (ranking.negatives_from(tie[0]) as f64 / negatives, found as f64 / f64::from(area))
        });
        RegionCurve { area, points: points.collect() }
    };
    keys.into_iter().zip(&regions.areas).map(curve).collect()
}
