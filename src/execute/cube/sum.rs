//! Sums and extremes over the units of a cube, in a fixed order.

use cubecl::prelude::*;

/// The sum of what each unit gives. All units of the cube have to call it.
#[cube]
pub(super) fn total(own: f32, shared: &mut SharedMemory<f32>, #[comptime] units: usize) -> f32 {
    let unit = UNIT_POS as usize;
    // What an earlier call has left may still be read.
    sync_cube();
    shared[unit] = own;
    sync_cube();
    let mut active = comptime!(units / 2).runtime();
    while active > 0 {
        if unit < active {
            let other = shared[unit + active];
            shared[unit] += other;
        }
        sync_cube();
        active /= 2;
    }
    shared[0]
}

/// The largest of what each unit gives, or NaN if one of them is. All units of the cube have to call it.
#[cube]
pub(super) fn largest(own: f32, shared: &mut SharedMemory<f32>, #[comptime] units: usize) -> f32 {
    let unit = UNIT_POS as usize;
    sync_cube();
    shared[unit] = own;
    sync_cube();
    let mut active = comptime!(units / 2).runtime();
    while active > 0 {
        if unit < active {
            let other = shared[unit + active];
            shared[unit] = larger(shared[unit], other);
        }
        sync_cube();
        active /= 2;
    }
    shared[0]
}

/// The larger of two numbers, or NaN if one of them is.
#[cube]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    select(b > a || f32::is_nan(b), b, a)
}
