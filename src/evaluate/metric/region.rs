//! Regions of a mask: pixels that touch, also at corners (8-connectivity, as scikit-image labels by default).

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
