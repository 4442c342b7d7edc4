//! How the windows of a convolution are unfolded: how many at once, and whether as rows or as columns.

use crate::op::{Conv2d, ConvTranspose2d};

/// Columns that a product should have at least: with fewer, preparing the weight takes longer than multiplying.
const WIDE: usize = 256;

/// Numbers of unfolded windows for each core: what its second-level cache holds.
const TILE: usize = 512 * 1024;

/// With fewer windows than this in all samples, the gradient of a weight is one product of all of them. It is a sum over
/// samples, so that their number may decide.
pub const FEW_WINDOWS: usize = 384;

/// Otherwise, windows that are multiplied at once, unless one row of the output has more. The first-level cache holds a few
/// rows, each with one number of all these windows.
pub const PIECE: usize = 512;

/// The most numbers of each of those windows that a core unfolds at once.
pub const LINES: usize = 48;

/// How a convolution and its gradients are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionChoice {
    /// Its output.
    pub forward: Windows,
    /// The gradient of its input, which is a convolution too.
    pub input_gradient: Windows,
}

/// How the windows of a convolution are multiplied by its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// By the backend's own kernel: there are groups of channels.
    Groups,
    /// The windows of so many samples are unfolded as columns.
    Columns(usize),
    /// The windows are single pixels, which lie in memory as columns already.
    Pixels,
    /// The windows of some rows of a sample at a time are unfolded as columns.
    Bands(Band),
    /// The way back through windows that lie apart: those of some rows of pixels at a time are added where they lie.
    Added(Band),
}

/// Rows of a sample that are unfolded at once, by all cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Windows for each core.
    windows: usize,
}

impl Band {
    /// How many rows, of an output with so many rows and columns.
    #[must_use]
    pub fn rows(self, [rows, columns]: [usize; 2], cores: usize) -> usize {
        (self.windows * cores / columns.max(1)).clamp(1, rows.max(1))
    }
}

/// How many groups of samples are worked on at once: one on each core if there are enough groups to keep all cores
/// busy, else one after the other, each on all cores.
#[must_use]
pub fn side_by_side(groups: usize, cores: usize) -> usize {
    if groups >= cores { cores } else { 1 }
}

impl ConvolutionChoice {
    /// What is chosen for a convolution with an input, a weight and an output of these extents.
    pub(super) fn of(conv: Conv2d, x: &[usize], weight: &[usize], y: &[usize]) -> ConvolutionChoice {
        let taps = weight[2] * weight[3];
        let is_pointwise = taps == 1 && conv.stride == [1, 1] && conv.padding == [0, 0];
        let forward = Unfolding::new(conv.groups, weight[1] * taps, y);
        let back = || Unfolding::new(conv.groups, y[1] / conv.groups * taps, x).windows(taps == 1);
        let input_gradient = added(conv.groups, conv.stride, x[1].saturating_mul(taps)).unwrap_or_else(back);
        ConvolutionChoice { forward: forward.windows(is_pointwise), input_gradient }
    }

    /// The same for a transposed convolution, whose way forward is a convolution's way back.
    pub(super) fn of_transposed(
        conv: ConvTranspose2d,
        x: &[usize],
        weight: &[usize],
        y: &[usize],
    ) -> ConvolutionChoice {
        let taps = weight[2] * weight[3];
        let forward = || Unfolding::new(conv.groups, x[1] / conv.groups * taps, y).windows(taps == 1);
        let forward = added(conv.groups, conv.stride, y[1].saturating_mul(taps)).unwrap_or_else(forward);
        let back = Unfolding::new(conv.groups, weight[1] * taps, x);
        ConvolutionChoice { forward, input_gradient: back.windows(taps == 1) }
    }

    /// The choice for the convolution that computes the input's gradient.
    #[must_use]
    pub fn reversed(self) -> ConvolutionChoice {
        ConvolutionChoice { forward: self.input_gradient, input_gradient: self.forward }
    }
}

/// The choice of adding windows, each of `window` numbers, to the result. There is none without a stride: each number of the
/// result then lies in many windows, and unfolding is faster.
fn added(groups: usize, stride: [usize; 2], window: usize) -> Option<Windows> {
    let band = Band { windows: (TILE / window.max(1)).max(1) };
    (groups == 1 && stride != [1, 1]).then_some(Windows::Added(band))
}

/// A convolution as a product of its windows with its weight.
struct Unfolding {
    groups: usize,
    /// Numbers of a window.
    inner: usize,
    /// Windows of a sample.
    positions: usize,
}

impl Unfolding {
    fn new(groups: usize, inner: usize, output: &[usize]) -> Unfolding {
        Unfolding { groups, inner, positions: output[2].saturating_mul(output[3]) }
    }

    fn windows(&self, is_pointwise: bool) -> Windows {
        let size = self.inner.saturating_mul(self.positions);
        if self.groups != 1 {
            Windows::Groups
        } else if size <= TILE {
            Windows::Columns(WIDE.div_ceil(self.positions.max(1)))
        } else if is_pointwise {
            Windows::Pixels
        } else {
            Windows::Bands(Band { windows: (TILE / self.inner.max(1)).max(1) })
        }
    }
}
