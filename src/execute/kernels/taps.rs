//! Weighted sums along an axis: which numbers of the input each number of the output is made of.
//!
//! Resizing and blurring are such sums along columns and rows. Only what has a tap enters a sum, so that a number that is not
//! finite stays within reach of its taps, as in PyTorch and SciPy.

use std::sync::Arc;

/// For each place of the output the places of the input and their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    inputs: usize,
    outputs: Arc<[Vec<(usize, f32)>]>,
}

impl Taps {
    /// Taps on an input that has `inputs` places.
    ///
    /// # Panics
    /// If a tap lies outside.
    #[must_use]
    pub fn new(inputs: usize, outputs: Vec<Vec<(usize, f32)>>) -> Taps {
        assert!(outputs.iter().flatten().all(|(place, _)| *place < inputs), "taps lie on the input");
        Taps { inputs, outputs: outputs.into() }
    }

    /// Places of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The taps of each place of the output.
    #[must_use]
    pub fn outputs(&self) -> &[Vec<(usize, f32)>] {
        &self.outputs
    }

    /// Those of the gradient: from outputs to inputs.
    #[must_use]
    pub fn transposed(&self) -> Taps {
        let mut outputs = vec![Vec::new(); self.inputs];
        for (at, taps) in self.outputs.iter().enumerate() {
            taps.iter().for_each(|&(place, weight)| outputs[place].push((at, weight)));
        }
        Taps::new(self.outputs.len(), outputs)
    }
}
