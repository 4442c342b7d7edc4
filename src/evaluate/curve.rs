//! The curves that the metrics of a class are computed from, to draw them or to choose a threshold.
//!
//! In come rankings; out come points, each with its threshold: what scores at least as high is called anomalous. All
//! thresholds are visited, whatever the protocol. Then points within a step, such as [`STEP`], of the last one kept are left
//! out, so that a file stays small. No point of the full curve is further than a step, along either axis, from the line through
//! the points that are kept.

use rayon::prelude::*;

use super::metric::{Key, Passed, Ranking, Regions, Score};

/// The smallest distance between two points of a curve.
pub const STEP: f64 = 1e-3;
/// The same where curves are only looked at.
pub const DRAWN_STEP: f64 = 4e-3;
/// The same along the curve of one region, of which there are many.
pub const REGION_STEP: f64 = 5e-3;

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Scores from here up are called anomalous, exactly; none where no score is, or every one.
    pub threshold: Option<f64>,
    /// The first axis, from 0 to 1.
    pub x: f64,
    /// The second axis, from 0 to 1.
    pub y: f64,
}

const START: Point = Point { threshold: None, x: 0.0, y: 0.0 };
const END: Point = Point { threshold: None, x: 1.0, y: 1.0 };

/// The curves of one class; a curve is empty if the class has no items for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassCurves {
    /// The name of the class.
    pub class: String,
    /// ROC over images: false-positive rate and true-positive rate.
    pub image_roc: Vec<Point>,
    /// Precision over recall of images, one point for each score of an anomalous image.
    pub image_pr: Vec<Point>,
    /// ROC over pixels.
    pub pixel_roc: Vec<Point>,
    /// Precision over recall of pixels.
    pub pixel_pr: Vec<Point>,
    /// False-positive rate over good pixels, and the mean overlap with the regions.
    pub pro: Vec<Point>,
    /// The overlap with each region; empty if it was not asked for.
    pub regions: Vec<RegionOverlap>,
}

/// How the overlap with one region grows as the threshold falls.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionOverlap {
    /// The name of its image.
    pub image: String,
    /// Its pixels, at the size of the map.
    pub area: usize,
    /// Its first column and row, and the column and row after its last.
    pub bounds: [usize; 4],
    /// False-positive rate over all good pixels of the class, and the share of the region that is found.
    pub points: Vec<Point>,
}

/// The scores of one region, kept until all pixels are ranked.
#[derive(Debug)]
pub(super) struct RegionScores<S: Score> {
    image: String,
    bounds: [usize; 4],
    keys: Vec<Key<S>>,
}

impl<S: Score> RegionScores<S> {
    /// Those of each region of a map with rows of `width` pixels.
    pub(super) fn of(image: &str, map: &[S], regions: &Regions, width: usize) -> Vec<Self> {
        let empty = |&area: &u32| Self {
            image: image.to_owned(),
            bounds: [usize::MAX, usize::MAX, 0, 0],
            keys: Vec::with_capacity(area as usize),
        };
        let mut found: Vec<Self> = regions.areas().iter().map(empty).collect();
        for (pixels, region) in regions.runs() {
            let (row, left) = (pixels.start / width, pixels.start % width);
            let [x, y, right, bottom] = found[region].bounds;
            found[region].bounds = [x.min(left), y.min(row), right.max(left + pixels.len()), bottom.max(row + 1)];
            found[region].keys.extend(map[pixels].iter().map(|&score| Key::of(score)));
        }
        found
    }

    fn overlap(mut self, passed: &Passed<'_, S>) -> RegionOverlap {
        self.keys.sort_unstable_by(|a, b| b.cmp(a));
        let area = self.keys.len();
        let mut curve = Thinned::new(REGION_STEP);
        curve.add(START);
        let (mut found, mut before) = (0, 0.0);
        for tie in self.keys.chunk_by(|a, b| a == b) {
            let [x_above, x] = passed.rates(tie[0]);
            if x_above > before {
                curve.add(Point { threshold: Some(above(tie[0]).into()), x: x_above, y: found as f64 / area as f64 });
            }
            (found, before) = (found + tie.len(), x);
            curve.add(Point { threshold: Some(tie[0].score().into()), x, y: found as f64 / area as f64 });
        }
        RegionOverlap { image: self.image, area, bounds: self.bounds, points: curve.finish() }
    }
}

impl ClassCurves {
    /// No curve of a class.
    #[must_use]
    pub fn empty(class: &str) -> Self {
        let [image_roc, image_pr, pixel_roc, pixel_pr, pro] = [const { Vec::new() }; 5];
        Self { class: class.to_owned(), image_roc, image_pr, pixel_roc, pixel_pr, pro, regions: Vec::new() }
    }

    pub(super) fn of<I: Score, P: Score>(
        class: &str,
        images: &Ranking<I>,
        pixels: &Ranking<P>,
        regions: Vec<RegionScores<P>>,
        step: f64,
    ) -> Self {
        let [image_roc, image_pr, _] = curves(images, step);
        let [pixel_roc, pixel_pr, pro] = curves(pixels, step);
        let regions = match pixels.both_kinds() {
            Ok(()) => {
                let passed = pixels.passed();
                regions.into_par_iter().map(|region| region.overlap(&passed)).collect()
            }
            Err(_) => Vec::new(),
        };
        Self { class: class.to_owned(), image_roc, image_pr, pixel_roc, pixel_pr, pro, regions }
    }
}

/// ROC, precision over recall, and mean overlap, with points at least `step` apart.
fn curves<S: Score>(ranking: &Ranking<S>, step: f64) -> [Vec<Point>; 3] {
    if ranking.both_kinds().is_err() {
        return [const { Vec::new() }; 3];
    }
    let [positives, negatives, regions] =
        [ranking.positives(), ranking.negatives(), ranking.regions()].map(|n| n as f64);
    let [mut roc, mut precision, mut pro] = [step; 3].map(Thinned::new);
    let (mut hits, mut false_hits, mut overlap) = (0_u64, 0_u64, 0.0);
    roc.add(START);
    pro.add(START);
    for place in ranking.steps() {
        for (key, false_more, more, raise) in [
            (Key::of(above(place.key)), place.passed, 0, 0.0),
            (place.key, place.negatives, place.positives, place.overlap),
        ] {
            if false_more + more == 0 {
                continue;
            }
            (hits, false_hits, overlap) = (hits + more, false_hits + false_more, overlap + raise);
            let (threshold, x) = (Some(key.score().into()), false_hits as f64 / negatives);
            roc.add(Point { threshold, x, y: hits as f64 / positives });
            pro.add(Point { threshold, x, y: (overlap / regions).min(1.0) });
            if more > 0 {
                let y = hits as f64 / (hits + false_hits) as f64;
                precision.add(Point { threshold, x: hits as f64 / positives, y });
            }
        }
    }
    if false_hits < ranking.negatives() {
        roc.add(END);
        pro.add(END);
    }
    [roc, precision, pro].map(Thinned::finish)
}

/// The next score above that of a key: a threshold from which on the key does not count.
fn above<S: Score>(key: Key<S>) -> S {
    key.score().next_up()
}

/// Leaves out points that are close to the one before.
struct Thinned {
    step: f64,
    kept: Vec<Point>,
    last: Option<Point>,
}

impl Thinned {
    fn new(step: f64) -> Self {
        Self { step, kept: Vec::new(), last: None }
    }

    fn add(&mut self, point: Point) {
        let far = |from: &Point| (point.x - from.x).abs() >= self.step || (point.y - from.y).abs() >= self.step;
        if self.kept.last().is_none_or(far) {
            // The one before a jump is where the jump begins.
            self.kept.extend(self.last.take().filter(far));
            self.kept.push(point);
        } else {
            self.last = Some(point);
        }
    }

    fn finish(mut self) -> Vec<Point> {
        self.kept.extend(self.last);
        self.kept
    }
}
