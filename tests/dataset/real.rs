//! Published images, where they are at hand: `../shared/data/mvtec_mini` beside the repository.

use super::tree::open_at;
use crate::skip;

#[test]
fn published_images_are_read_if_they_are_there() {
    let Some(root) = skip::shared("data/mvtec_mini") else { return };
    let dataset = open_at("mvtec", &root, None).expect("the layout is the published one");
    assert_eq!(dataset.classes, ["hazelnut", "screw"]);
    let count = |class: usize, anomalous: bool| {
        dataset.test.iter().filter(|sample| sample.class == class && sample.is_anomalous() == anomalous).count()
    };
    assert_eq!((count(0, false), count(0, true), count(1, false), count(1, true)), (6, 17, 41, 119));
    assert_eq!(dataset.train.len(), 28 + 320);
    let odd = dataset.train.iter().filter(|sample| sample.class == 0).map(|sample| sample.image().expect("it decodes"));
    assert_eq!(odd.filter(|image| image.dimensions() == (512, 522)).count(), 1);
    for sample in dataset.test.iter().filter(|sample| sample.is_anomalous()) {
        let mask = sample.mask(None).expect("it is sound").expect("it is defective");
        let share = mask.area() as f64 / f64::from(mask.width * mask.height);
        assert!(share > 0.0 && share < 0.2, "{}: {share}", sample.id);
    }
}
