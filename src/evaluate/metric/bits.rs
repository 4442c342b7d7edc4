//! Labels of many pixels in an eighth of a byte each.
//!
//! In come slices of `bool`, appended; out comes the label at an index. Bits past the end are always zero.

/// A growing list of labels, one bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// Appends `labels` in order.
    pub fn extend_from_slice(&mut self, labels: &[bool]) {
        self.words.reserve((self.len + labels.len()).div_ceil(64) - self.words.len());
        for &label in labels {
            let shift = self.len % 64;
            if shift == 0 {
                self.words.push(0);
            }
            if let Some(last) = self.words.last_mut() {
                *last |= u64::from(label) << shift;
            }
            self.len += 1;
        }
    }

    /// The label at `index`.
    ///
    /// # Panics
    /// If there are not that many labels.
    #[must_use]
    pub fn get(&self, index: usize) -> bool {
        assert!(index < self.len, "label {index} of {}", self.len);
        self.words[index / 64] >> (index % 64) & 1 == 1
    }

    /// The number of labels.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no label.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(labels: I) -> Self {
        let mut bits = Self::default();
        for label in labels {
            bits.extend_from_slice(&[label]);
        }
        bits
    }
}
