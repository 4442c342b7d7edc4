//! Windows of a convolution, unfolded: the numbers that lie at the same place of their windows, one after the other.

use std::ops::Range;

use diadc_core::op::Conv2d;

/// What is known of a convolution without groups: its input, its kernel and its output.
pub(super) struct Layout {
    pub(super) conv: Conv2d,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) kernel: [usize; 2],
    pub(super) out: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Layout {
    /// Numbers of a window.
    pub(super) fn inner(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Numbers of a channel of the output.
    pub(super) fn positions(&self) -> usize {
        self.rows * self.columns
    }

    pub(super) fn image<'a>(&self, pixels: &'a [f32], sample: usize) -> &'a [f32] {
        let size = self.channels * self.height * self.width;
        &pixels[sample * size..][..size]
    }
}

/// Windows of an image up to which it is written down where each number comes from: rows would be too short to be copied.
const FEW: usize = 32;

/// The windows that belong to some rows of the output.
pub(super) struct Unfolding<'a> {
    pub(super) layout: &'a Layout,
    pub(super) rows: Range<usize>,
    /// If there are few windows, for each place in a window where in a plane its numbers lie; outside of it for zeros.
    places: Vec<Vec<usize>>,
}

impl Unfolding<'_> {
    /// Those of some rows.
    pub(super) fn new(layout: &Layout, rows: Range<usize>) -> Unfolding<'_> {
        let mut own = Unfolding { layout, rows, places: Vec::new() };
        if own.positions() <= FEW {
            own.places = (0..layout.kernel[0] * layout.kernel[1]).map(|tap| own.places_of(tap)).collect();
        }
        own
    }

    /// Windows of an image.
    pub(super) fn positions(&self) -> usize {
        self.rows.len() * self.layout.columns
    }

    /// Where the numbers at one place of the windows lie.
    fn places_of(&self, tap: usize) -> Vec<usize> {
        let Layout { conv, height, width, columns, .. } = *self.layout;
        let within = |at: usize, axis: usize, extent: usize| {
            let place = (at * conv.stride[axis]) as isize + self.offset(tap)[axis];
            usize::try_from(place).ok().filter(|place| *place < extent)
        };
        let place = |row, column| Some(within(row, 0, height)? * width + within(column, 1, width)?);
        let rows = self.rows.clone();
        rows.flat_map(|row| (0..columns).map(move |column| (row, column)))
            .map(|(row, column)| place(row, column).unwrap_or(usize::MAX))
            .collect()
    }

    /// How far a place of a window is from the place in the image where the output's would be, by axis.
    fn offset(&self, tap: usize) -> [isize; 2] {
        let Layout { conv, kernel, .. } = self.layout;
        let at = [tap / kernel[1], tap % kernel[1]];
        [0, 1].map(|axis| (at[axis] * conv.dilation[axis]) as isize - conv.padding[axis] as isize)
    }

    /// The numbers of some images at one place of their windows, counted over all channels; zeros outside of the image.
    pub(super) fn unfold(&self, pixels: &[f32], samples: Range<usize>, line: usize, windows: &mut [f32]) {
        let Layout { conv, kernel, height, width, columns, .. } = *self.layout;
        let taps = kernel[0] * kernel[1];
        let (channel, tap) = (line / taps, line % taps);
        let planes =
            samples.map(|sample| &self.layout.image(pixels, sample)[channel * height * width..][..height * width]);
        let planes = planes.zip(windows.chunks_exact_mut(self.positions()));
        if let Some(places) = self.places.get(tap) {
            for (plane, windows) in planes {
                windows.iter_mut().zip(places).for_each(|(to, place)| *to = plane.get(*place).copied().unwrap_or(0.0));
            }
            return;
        }
        let [down, left] = self.offset(tap);
        let top = (self.rows.start * conv.stride[0]) as isize + down;
        for (plane, windows) in planes {
            if conv.stride == [1, 1] && columns == width {
                shift(plane, width, top, left, windows);
                continue;
            }
            for (row, line) in windows.chunks_exact_mut(columns).enumerate() {
                let y = top + (row * conv.stride[0]) as isize;
                if y >= 0 && y < height as isize {
                    fill(line, &plane[y as usize * width..][..width], left, conv.stride[1]);
                } else {
                    line.fill(0.0);
                }
            }
        }
    }
}

/// Rows of a plane from `top` on, each from `left` on, in one piece: rows without a gap stay so, and what belongs to the
/// row beside is then cleared.
fn shift(plane: &[f32], width: usize, top: isize, left: isize, windows: &mut [f32]) {
    let (rows, height) = ((windows.len() / width) as isize, (plane.len() / width) as isize);
    let begin = (-top).clamp(0, rows);
    let end = (height - top).clamp(begin, rows);
    let (before, rest) = windows.split_at_mut(begin as usize * width);
    let (within, after) = rest.split_at_mut((end - begin) as usize * width);
    before.fill(0.0);
    after.fill(0.0);
    fill(within, plane, (begin + top) * width as isize + left, 1);
    let cleared = left.unsigned_abs().min(width);
    let first = if left < 0 { 0 } else { width - cleared };
    for column in first..first + cleared {
        within.iter_mut().skip(column).step_by(width).for_each(|number| *number = 0.0);
    }
}

/// Fills a line with numbers of a row that begin at `left` and lie `stride` apart, and with zeros where the row has none.
fn fill(line: &mut [f32], row: &[f32], left: isize, stride: usize) {
    if stride == 1 {
        let skip = left.min(0).unsigned_abs().min(line.len());
        let from = (left.max(0) as usize).min(row.len());
        let count = (row.len() - from).min(line.len() - skip);
        let (before, rest) = line.split_at_mut(skip);
        let (within, after) = rest.split_at_mut(count);
        before.fill(0.0);
        copy(within, &row[from..][..count]);
        after.fill(0.0);
        return;
    }
    for (column, number) in line.iter_mut().enumerate() {
        let x = (column * stride) as isize + left;
        *number = usize::try_from(x).ok().and_then(|x| row.get(x)).copied().unwrap_or(0.0);
    }
}

/// Numbers that are copied without a call.
const AT_ONCE: usize = 16;

/// Copies as many numbers, which are often few: calling the function that copies many takes as long as copying a hundred.
fn copy(to: &mut [f32], from: &[f32]) {
    let count = to.len();
    if !(AT_ONCE..=AT_ONCE * AT_ONCE).contains(&count) {
        return to.copy_from_slice(from);
    }
    // The last of them may be copied twice.
    to.as_chunks_mut().0.iter_mut().zip(from.as_chunks::<AT_ONCE>().0).for_each(|(to, from)| *to = *from);
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<AT_ONCE>(), from.last_chunk()) {
        *to = *from;
    }
}
