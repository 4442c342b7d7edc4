//! The order of images.

use std::collections::BTreeSet;

use diadc::train::Sampler;
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_epoch_shows_every_image_once(seed: u64, count in 1..60_usize, epoch in 0..50_u64) {
        let mut sampler = Sampler::new(seed, 0, count);
        let shown = sampler.images(epoch * count as u64, count);
        prop_assert_eq!(shown.iter().copied().collect::<BTreeSet<_>>(), (0..count).collect::<BTreeSet<_>>());
    }

    #[test]
    fn the_order_does_not_depend_on_where_one_begins(seed: u64, count in 1..40_usize, from in 0..200_u64) {
        let all = Sampler::new(seed, 1, count).images(0, 300);
        let some = Sampler::new(seed, 1, count).images(from, 70);
        prop_assert_eq!(&all[from as usize..from as usize + 70], some.as_slice());
    }
}

#[test]
fn epochs_phases_and_seeds_differ() {
    let order = |seed, phase, from| Sampler::new(seed, phase, 50).images(from, 50);
    let first = order(1, 0, 0);
    assert_ne!(first, order(1, 0, 50));
    assert_ne!(first, order(1, 1, 0));
    assert_ne!(first, order(2, 0, 0));
    assert_eq!(first, order(1, 0, 0));
}
