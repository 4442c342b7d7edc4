//! Sums and extremes over the units of a cube, in a fixed order. All units have to call them; a unit that works alone gets
//! its own number back.

use cubecl::prelude::*;

/// A sum of many numbers, with what its additions have rounded away (Neumaier, 1974).
#[derive(CubeType)]
pub(super) struct Exact {
    sum: f32,
    lost: f32,
}

#[cube]
impl Exact {
    pub(super) fn nothing() -> Exact {
        Exact { sum: 0f32.runtime(), lost: 0f32.runtime() }
    }

    pub(super) fn add(&mut self, value: f32) {
        let next = self.sum + value;
        self.lost += select(f32::abs(self.sum) >= f32::abs(value), self.sum - next + value, value - next + self.sum);
        self.sum = next;
    }

    pub(super) fn whole(&self) -> f32 {
        // Beside infinity nothing is lost that would be a number.
        select(f32::is_nan(self.lost), self.sum, self.sum + self.lost)
    }
}

/// The sum of what each unit gives.
#[cube]
pub(super) fn total(own: f32, shared: &mut SharedMemory<f32>, #[comptime] units: usize) -> f32 {
    gathered(own, shared, units, false)
}

/// The largest of what each unit gives, or NaN if one of them is.
#[cube]
pub(super) fn largest(own: f32, shared: &mut SharedMemory<f32>, #[comptime] units: usize) -> f32 {
    gathered(own, shared, units, true)
}

#[cube]
fn gathered(own: f32, shared: &mut SharedMemory<f32>, #[comptime] units: usize, #[comptime] is_largest: bool) -> f32 {
    if comptime!(units == 1) {
        own
    } else {
        let unit = UNIT_POS as usize;
        // What an earlier call has left may still be read.
        sync_cube();
        shared[unit] = own;
        sync_cube();
        let mut active = comptime!(units / 2).runtime();
        while active > 0 {
            if unit < active {
                let (a, b) = (shared[unit], shared[unit + active]);
                shared[unit] = if comptime!(is_largest) { larger(a, b) } else { a + b };
            }
            sync_cube();
            active /= 2;
        }
        shared[0]
    }
}

/// The larger of two numbers, or NaN if one of them is.
#[cube]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    select(b > a || f32::is_nan(b), b, a)
}
