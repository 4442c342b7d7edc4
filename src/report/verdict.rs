//! What a threshold makes of the test images, class by class.

use super::csv::csv_lines;
use crate::evaluate::decision::Confusion;

/// The verdicts on the test images.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdicts {
    /// Where the threshold comes from, in words.
    pub origin: String,
    /// The classes for which there is one.
    pub classes: Vec<Verdict>,
}

/// The verdicts on the images of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The name of the class.
    pub class: String,
    /// The score above which an image is called anomalous.
    pub threshold: f32,
    /// How many images it gets right and wrong.
    pub confusion: Confusion,
}

/// The verdicts as CSV with a header: class, threshold, and the numbers of true positives, false negatives, true negatives and
/// false positives.
#[must_use]
pub fn verdicts_csv(verdicts: &Verdicts) -> String {
    let header = ["class", "threshold", "true_positives", "false_negatives", "true_negatives", "false_positives"]
        .map(str::to_owned);
    let row = |Verdict { class, threshold, confusion }: &Verdict| {
        let Confusion { found, missed, passed, false_alarms } = confusion;
        let [found, missed, passed, false_alarms] = [found, missed, passed, false_alarms].map(ToString::to_string);
        [class.clone(), threshold.to_string(), found, missed, passed, false_alarms]
    };
    csv_lines(std::iter::once(header).chain(verdicts.classes.iter().map(row)))
}
