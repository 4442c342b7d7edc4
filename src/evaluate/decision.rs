//! Verdicts on images: what a threshold makes of their scores, and which images no threshold could get right.

/// The score of an image of a class, and whether it is anomalous.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Labelled {
    /// The number of its class.
    pub class: usize,
    /// Whether it is anomalous.
    pub anomalous: bool,
    /// Its score; higher means more anomalous.
    pub score: f32,
}

/// How many images a threshold gets right and wrong: one is called anomalous if its score is above the threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Anomalous images that are called so: true positives.
    pub found: usize,
    /// Anomalous images that are called good: false negatives.
    pub missed: usize,
    /// Good images that are called so: true negatives.
    pub passed: usize,
    /// Good images that are called anomalous: false positives.
    pub false_alarms: usize,
}

impl Confusion {
    /// What `threshold` makes of good and of anomalous images with these scores.
    #[must_use]
    pub fn at(threshold: f32, good: &[f32], anomalous: &[f32]) -> Self {
        let above = |scores: &[f32]| scores.iter().filter(|score| **score > threshold).count();
        let (found, false_alarms) = (above(anomalous), above(good));
        Self { found, missed: anomalous.len() - found, passed: good.len() - false_alarms, false_alarms }
    }
}

/// An image that lies on the wrong side of images of the other kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its place in the list of images.
    pub image: usize,
    /// How many images of its class it is on the wrong side of: for a good image, the anomalous ones that do not score
    /// higher; for an anomalous image, the good ones that do not score lower.
    pub wrong: usize,
    /// How many images of the other kind its class has.
    pub of: usize,
}

/// The images that are on the wrong side of any of the other kind, those of the largest share first; of equal shares first the
/// worst of each class, then the next. Only scores of one class are compared, and no threshold is needed: without ties, the mean share over the anomalous images is one less image AUROC.
#[must_use]
pub fn mistakes(images: &[Labelled]) -> Vec<Mistake> {
    let classes = images.iter().map(|own| own.class + 1).max().unwrap_or(0);
    let mut sorted: Vec<[Vec<f32>; 2]> = vec![[Vec::new(), Vec::new()]; classes];
    for own in images {
        sorted[own.class][usize::from(own.anomalous)].push(own.score);
    }
    for scores in sorted.iter_mut().flatten() {
        scores.sort_unstable_by(f32::total_cmp);
    }
    let mistake = |(image, own): (usize, &Labelled)| {
        let others = &sorted[own.class][usize::from(!own.anomalous)];
        let wrong = if own.anomalous {
            others.len() - others.partition_point(|&other| other < own.score)
        } else {
            others.partition_point(|&other| other <= own.score)
        };
        (wrong > 0).then_some(Mistake { image, wrong, of: others.len() })
    };
    let mut mistakes: Vec<Mistake> = images.iter().enumerate().filter_map(mistake).collect();
    let share = |own: &Mistake| own.wrong as f64 / own.of as f64;
    // How far a score is on the wrong side, for images of one class and kind.
    let depth =
        |own: &Mistake| if images[own.image].anomalous { -images[own.image].score } else { images[own.image].score };
    mistakes.sort_by(|a, b| {
        let classes = images[a.image].class.cmp(&images[b.image].class);
        share(b).total_cmp(&share(a)).then(classes).then(depth(b).total_cmp(&depth(a)))
    });
    let mut sorted = Vec::new();
    for equal in mistakes.chunk_by(|a, b| share(a) == share(b)) {
        let mut met = vec![0_usize; classes];
        let mut turns: Vec<(usize, Mistake)> = Vec::new();
        for own in equal {
            let turn = &mut met[images[own.image].class];
            turns.push((*turn, *own));
            *turn += 1;
        }
        turns.sort_by_key(|(turn, _)| *turn);
        sorted.extend(turns.into_iter().map(|(_, own)| own));
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::{Confusion, Labelled, Mistake, mistakes};

    const fn image(class: usize, anomalous: bool, score: f32) -> Labelled {
        Labelled { class, anomalous, score }
    }

    #[test]
    fn a_threshold_is_exceeded_not_reached() {
        let of = Confusion::at(0.5, &[0.1, 0.5, 0.6], &[0.5, 0.7, 0.9, 0.2]);
        assert_eq!(of, Confusion { found: 2, missed: 2, passed: 2, false_alarms: 1 });
    }

    #[test]
    fn the_worst_mistakes_come_first_and_only_one_class_is_compared() {
        let images = [
            image(0, false, 1.0),
            image(0, false, 4.0),
            image(0, true, 3.0),
            image(0, true, 5.0),
            image(0, true, 0.5),
            // A tie is a mistake on both sides.
            image(1, false, 2.0),
            image(1, true, 2.0),
            image(1, true, 9.0),
        ];
        let found: Vec<(usize, usize, usize)> =
            mistakes(&images).into_iter().map(|Mistake { image, wrong, of }| (image, wrong, of)).collect();
        assert_eq!(found, [(4, 2, 2), (6, 1, 1), (1, 2, 3), (2, 1, 2), (5, 1, 2), (0, 1, 3)]);
        // Of equal shares, the worst of each class come before the second of one.
        let images =
            [image(0, true, 0.2), image(0, true, 0.1), image(0, false, 0.5), image(1, false, 9.0), image(1, true, 8.0)];
        let places: Vec<usize> = mistakes(&images).into_iter().map(|own| own.image).collect();
        assert_eq!(places, [2, 3, 1, 4, 0]);
        assert!(mistakes(&[image(0, false, 1.0), image(0, true, 2.0)]).is_empty());
        assert!(mistakes(&[]).is_empty());
    }
}
