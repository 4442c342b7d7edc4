//! Which values of saved masks mark a pixel as anomalous: one rule for all types of arrays and all masks of a measurement.
//!
//! Masks come as truth values, as 0 and 255, as numbers of kinds of defects, as signed bytes in which 255 is -1, and as floats
//! of any of these, perhaps blended. In come the values of all of them; out comes a [`MarkRule`], and what a reader must know
//! where the values leave open what was meant.

use crate::diagnostic::significant;
use crate::measure::MaskResize;

/// A value that is no further from a whole number counts as that number.
const NEAR: f64 = 0.01;
/// The value above which a level of 0 to 255 is nearer to full than to nothing.
const HALF_OF_BYTE: f64 = 127.5;

/// What the values of all masks are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MaskValues {
    /// How many there are.
    all: u64,
    /// NaN and infinite ones.
    not_finite: u64,
    /// Those between two whole numbers, and one of them.
    fractions: (u64, f64),
    /// The highest whole number from 1 to 127, and the highest from 128 on; 0 if there is none.
    small: f64,
    large: f64,
    /// The lowest of all values and 0, and the highest.
    lowest: f64,
    highest: f64,
}

/// Which values mark a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MarkRule {
    /// Every whole number but 0.
    Whole,
    /// Of blended masks what is above one half of full.
    Blended {
        /// One half of full.
        half: f64,
    },
    /// What is above a number that the user gives.
    Above(f64),
}

impl MarkRule {
    /// Whether a value marks its pixel, under a protocol that brings masks to another size by `resize`: that of DiAD takes
    /// all of a blended edge.
    #[must_use]
    pub fn marks(self, value: f64, resize: MaskResize) -> bool {
        match (self, resize) {
            (MarkRule::Whole, _) => value.abs() >= 0.5,
            (MarkRule::Blended { .. }, MaskResize::AnyBlend) => value > 0.0,
            (MarkRule::Blended { half }, MaskResize::Nearest | MaskResize::HalfBlend) => value > half,
            (MarkRule::Above(limit), _) => value > limit,
        }
    }
}

impl MaskValues {
    /// Looks at the values of further masks.
    pub fn add(&mut self, values: impl Iterator<Item = f64>) {
        for value in values {
            self.all += 1;
            // Most are, and say nothing.
            if value == 0.0 {
                continue;
            }
            let whole = value.round();
            if !value.is_finite() {
                self.not_finite += 1;
                continue;
            }
            self.lowest = self.lowest.min(value);
            self.highest = self.highest.max(value);
            if (value - whole).abs() > NEAR {
                self.fractions = (self.fractions.0 + 1, value);
            } else if whole > HALF_OF_BYTE {
                self.large = self.large.max(whole);
            } else if whole >= 1.0 {
                self.small = self.small.max(whole);
            }
        }
    }

    /// Adds what was seen of other masks.
    pub fn join(&mut self, other: &MaskValues) {
        self.all += other.all;
        self.not_finite += other.not_finite;
        let fraction = if other.fractions.0 > 0 { other.fractions.1 } else { self.fractions.1 };
        self.fractions = (self.fractions.0 + other.fractions.0, fraction);
        self.small = self.small.max(other.small);
        self.large = self.large.max(other.large);
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
    }

    /// The rule for all of them, above `limit` if the user gives one, and a remark where it is not certain that it is meant.
    ///
    /// # Errors
    /// If some values are NaN or infinite; why, as a sentence.
    pub fn rule(&self, limit: Option<f64>) -> Result<(MarkRule, Option<String>), String> {
        if self.not_finite > 0 {
            return Err(format!(
                "{} of {} values of masks are NaN or infinite, so that it is not known which pixels are anomalous; save 0 \
                 and 1",
                self.not_finite, self.all
            ));
        }
        if let Some(limit) = limit {
            return Ok((MarkRule::Above(limit), None));
        }
        let (fractions, example) = self.fractions;
        if fractions > 0 {
            let half = match self.highest {
                highest if highest > HALF_OF_BYTE => HALF_OF_BYTE,
                // No pixel would be marked otherwise.
                highest if highest <= 0.5 => highest / 2.0,
                _ => 0.5,
            };
            let remark = format!(
                "{fractions} of {} values of masks are no whole numbers, such as {}: masks were blended, and pixels \
                 count as anomalous above {}, or above 0 where the protocol says so; `--mask-above` sets another \
                 limit",
                self.all,
                significant(example),
                significant(half),
            );
            return Ok((MarkRule::Blended { half }, Some(remark)));
        }
        let remark = if self.lowest <= -0.5 {
            Some(format!(
                "masks hold negative numbers, such as {}, as 255 is in a signed byte: every number but 0 marks a pixel; \
                 `--mask-above` sets a limit instead",
                self.lowest.round()
            ))
        } else if self.small > 0.0 && self.large > 0.0 {
            Some(format!(
                "masks hold small numbers, such as {}, and large ones, such as {}: every number but 0 marks a pixel, which \
                 is right for numbers of kinds and wrong for blurred masks; `--mask-above 127` counts the large ones alone",
                self.small, self.large
            ))
        } else {
            None
        };
        Ok((MarkRule::Whole, remark))
    }
}
