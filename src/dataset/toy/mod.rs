//! The toy data set: eight classes of small colour images, drawn rather than photographed, the same on every machine.
//!
//! Four objects (`button`, `capsule`, `gear`, `board`) and four textures (`weave`, `wood`, `tile`, `leather`), 96x96
//! pixels. Each class has 40 good images to train on, 10 good ones to test, and 5 of each of its four kinds of defects.
//! Every image follows from its name alone: the random numbers are a hash of class, phase, kind and number, and
//! the arithmetic is add, multiply, divide, square root and floor, which every machine rounds alike.
//!
//! A defective image is drawn twice, with and without its defect; its mask is where the two differ by more than
//! [`VISIBLE`] of 255 in a channel. A defect that changes too few pixels, or too faintly, is drawn anew.

mod class;
mod colour;
mod damage;
mod defect;
mod geometry;
mod look;
mod noise;
mod object;
mod random;
mod scene;
mod texture;
mod write;

use std::sync::Arc;

use super::Dataset;
use super::error::DatasetError;
use super::request::choose;
use super::sample::{Sample, Source};
use class::Class;
use defect::Defect;
use scene::Scene;

pub use scene::{SIDE, VISIBLE};
pub use write::{Summary, write};

/// Good training images per class.
const TRAIN: u32 = 40;
/// Good test images per class.
const TEST_GOOD: u32 = 10;
/// Test images per kind of defect.
const TEST_EACH: u32 = 5;

/// The whole toy data set. Nothing is drawn before it is asked for: an image takes about a millisecond.
#[must_use]
pub fn generate() -> Dataset {
    of_classes(Class::all())
}

/// The good training images of its textures.
pub(super) fn textures() -> Vec<Sample> {
    of_classes(Class::all().into_iter().filter(|class| class.is_texture())).train
}

/// The toy data set with some of its classes.
pub(super) fn generate_classes(wanted: Option<&[String]>) -> Result<Dataset, DatasetError> {
    let names = Class::all().iter().map(|class| class.name().to_owned()).collect();
    let chosen = choose(names, wanted)?;
    Ok(of_classes(Class::all().into_iter().filter(|class| chosen.iter().any(|name| name == class.name()))))
}

fn of_classes(classes: impl IntoIterator<Item = Class>) -> Dataset {
    let mut dataset = Dataset { name: super::TOY.to_owned(), ..Dataset::default() };
    for (number, class) in classes.into_iter().enumerate() {
        for scene in scenes(class) {
            let phase = if scene.is_train { &mut dataset.train } else { &mut dataset.test };
            phase.push(Sample {
                id: scene.id(),
                class: number,
                defect: scene.defect.map(|kind| kind.name().to_owned()),
                source: Source::Drawn(Arc::new(scene)),
            });
        }
        dataset.classes.push(class.name().to_owned());
    }
    dataset
}

/// The pictures of a class, in the order that a listing of the written files has.
fn scenes(class: Class) -> Vec<Scene> {
    let some = |is_train, defect, count| (0..count).map(move |index| Scene { class, is_train, defect, index });
    let defective = Defect::of(class).into_iter().flat_map(|kind| some(false, Some(kind), TEST_EACH));
    let mut scenes: Vec<Scene> = some(true, None, TRAIN).chain(some(false, None, TEST_GOOD)).chain(defective).collect();
    scenes.sort_by_cached_key(|scene| scene.id());
    scenes
}
