//! Training images: the same numbers whether they are kept in memory or decoded anew, and augmented by pass.

use diadc::dataset::transform::Transform;
use diadc::experiment::TrainingSet;
use diadc::graph::program::{Augmentation, ImageFormat};
use diadc::train::Samples;

use crate::dataset::tree::Tree;

#[test]
fn what_is_kept_changes_no_number() {
    let tree = Tree::of("mvtec");
    let dataset = tree.open("mvtec").expect("it is right");
    let transform = Transform::from(ImageFormat::plain(8, 8));
    let augmentation = Augmentation { flip_horizontal: true, rotate: 20.0, hue: 0.1, ..Augmentation::default() };
    let with_room = |room| TrainingSet::with_room(&dataset.train, transform, augmentation, 3, room);
    // Room for none, for two, and for all.
    let sets = [with_room(0), with_room(2 * 3 * 64), with_room(1 << 20)];
    for pass in [0, 1, 0] {
        for index in 0..dataset.train.len() {
            let images = sets.each_ref().map(|set| set.image(index, Some(pass)).expect("it is sound"));
            assert_eq!(images[0], images[1]);
            assert_eq!(images[0], images[2]);
        }
    }
    let shown = |pass| sets[2].image(0, Some(pass)).expect("it is sound");
    assert!((1..8).any(|pass| shown(pass) != shown(0)));
}

#[test]
fn kept_images_need_no_file() {
    let tree = Tree::of("mvtec");
    let dataset = tree.open("mvtec").expect("it is right");
    let transform = Transform::from(ImageFormat::plain(8, 8));
    let one_fits = TrainingSet::with_room(&dataset.train, transform, Augmentation::default(), 1, 3 * 64);
    let first = one_fits.image(0, Some(0)).expect("it is there");
    assert!(one_fits.image(1, Some(0)).is_ok());
    tree.remove("nut/train");
    assert_eq!(one_fits.image(0, Some(1)).expect("it was kept"), first);
    assert!(one_fits.image(1, Some(1)).is_err());
}
