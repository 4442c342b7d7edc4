//! Which images are held out: a share of each class, the same for the same seed, and never all.

use diadc::train::Split;

use super::fit::{program, weight};
use super::toy::{Images, train_on};

#[test]
fn a_share_of_each_class_is_held_out() {
    // 10 images of class 0, one by one among 5 of class 2; class 1 has none.
    let classes: Vec<usize> = (0..15).map(|i| if i % 3 == 2 { 2 } else { 0 }).collect();
    let split = Split::new(0.2, &classes, 1).expect("there are enough");
    let of = |class| split.held_out.iter().filter(|&&place| classes[place] == class).count();
    assert_eq!((of(0), of(2), split.held_out.len(), split.shown.len()), (2, 1, 3, 12));
    let mut all = [split.shown.clone(), split.held_out.clone()].concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..15));
    assert_eq!(Split::new(0.2, &classes, 1), Ok(split.clone()));
    assert!((2..12).any(|seed| Split::new(0.2, &classes, seed) != Ok(split.clone())));
    assert_eq!(Split::new(0.0, &classes, 1).expect("it takes none").shown.len(), 15);
}

#[test]
fn a_class_keeps_an_image_and_gives_one() {
    let split = Split::new(0.01, &[0, 0, 0], 1).expect("one of three can be held out");
    assert_eq!(split.held_out.len(), 1);
    let error = Split::new(0.5, &[0, 0, 0, 1], 1).expect_err("class 1 has one image");
    assert_eq!((error.class, error.images), (1, 1));
    assert!(error.to_string().contains("`hold_out = 0.5` of 1 training image"), "{error}");
    assert!(Split::new(0.95, &[0; 5], 1).is_err());
}

/// Two fits: the mean of what is shown, and that of what is held out.
const SPEC: &str = "
block Centre() { fn (x) { x - stored([3, 2, 2]) @ \"mean\" } }
model M {
    data { size = 2  hold_out = 0.25 }
    part shown = Centre()
    part held = Centre()
    fit shown(image) { {mean: mean(image, axis: 0)} }
    fit held(image) from held_out { {mean: mean(image, axis: 0)} }
    score(image) {
        let map = mean(shown(image) - held(image), axis: 1)
        {map: map, value: max(map, axis: [1, 2])}
    }
}";

#[test]
fn a_fit_sees_what_is_shown_or_what_is_held_out() {
    let program = program(SPEC);
    let images = Images { count: 12, broken: None };
    let run = train_on(&program, &images, None, false, None).expect("it fits");
    let told: Vec<String> = run.outcome.fits.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["fit of shown (9 images, one pass)", "fit of held (3 held-out images, one pass)"]);
    // Classes of 4 images each, of which one is held out; the seed of the run is 5.
    let split = Split::new(0.25, &(0..12).map(|i| i % 3).collect::<Vec<_>>(), 5).expect("there are enough");
    for (path, places) in [("shown.mean", &split.shown), ("held.mean", &split.held_out)] {
        for (i, found) in weight(&program, &run, path).iter().enumerate() {
            let sum: f64 = places.iter().map(|place| f64::from(((place * 12 + i) as f32 * 0.37).sin())).sum();
            assert!((f64::from(*found) - sum / places.len() as f64).abs() < 1e-6, "{path}");
        }
    }
}
