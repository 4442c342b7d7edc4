//! Sums and extremes over the units of a cube, in a fixed order. All units have to call them; a unit that works alone gets
//! its own number back.

use cubecl::prelude::*;

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
