//! Runs the `score` of a model: images go in, anomaly maps, image scores and pictures come out.
//!
//! The random numbers of an image follow from the seed, from its pixels as the model sees them and from the number of the
//! draw. So an image has the same score under any name, in any order and in any batch, and two images whose pixels are
//! equal score the same.

use std::collections::BTreeSet;

use image::RgbImage;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::dataset::transform::Transform;
use crate::execute::{Draw, Engine, HostTensor, NamedTensors, PlanId, RunError};
use crate::graph::program::{Program, Separated, plan_function, separate};

/// The inputs of a score.
const IMAGE: &str = "image";
const CLASS: &str = "class";

/// Images that are scored at once.
pub const IMAGES_AT_ONCE: usize = 8;

/// Scoring failed.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The model can't score.
    #[error("the model `{0}` has no `score`; add `score(image) {{ .. }}` to it")]
    NoScore(String),
    /// The device failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The class of an image is not known, and the score is told it.
    #[error(
        "the `score` of this model is told the class of each image, and that of `{0}` is not known: leave `class` out of it, or \
         evaluate a data set, whose classes are known"
    )]
    NoClass(String),
    /// A result is not finite.
    #[error(
        "`{output}` of `score` is not finite for image `{id}`; check the weights, or train with a smaller learning rate"
    )]
    NotFinite {
        /// The output.
        output: String,
        /// The image.
        id: String,
    },
}

/// The results of `score` for one image.
#[derive(Clone, Debug)]
pub struct Scored {
    /// The image score: higher is more anomalous.
    pub value: f32,
    /// The standard deviation of the image score over draws; none if there was one draw.
    pub deviation: Option<f32>,
    /// The anomaly map, row by row.
    pub map: Vec<f32>,
    /// Height and width of the map.
    pub size: [usize; 2],
    /// Further images that `score` returns, such as the reconstruction, by name.
    pub pictures: Vec<(String, RgbImage)>,
}

/// An image as a model takes it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The pixels, in the size in which the model takes them.
    pub image: RgbImage,
    /// What messages call the image. Nothing else depends on it.
    id: String,
    /// Which stream of random numbers the image has.
    stream: u64,
    /// The number of its class, if it is known.
    class: Option<usize>,
}

impl Prepared {
    /// Brings an image to the size in which the model takes it. `id` is what messages call it.
    #[must_use]
    pub fn new(image: &RgbImage, id: String, transform: &Transform) -> Prepared {
        let image = transform.resize_u8(image);
        let stream = stream(&image);
        Prepared { image, id, stream, class: None }
    }

    /// The same image, of a class that is known.
    #[must_use]
    pub fn of_class(self, class: usize) -> Prepared {
        Prepared { class: Some(class), ..self }
    }
}

/// A model on a device, ready to score.
pub struct Scorer<'a> {
    engine: &'a mut dyn Engine,
    plan: PlanId,
    common: Option<Common>,
    transform: Transform,
    seed: u64,
    is_random: bool,
    /// Whether the score is told the class of an image.
    needs_class: bool,
}

/// What all draws of a score have in common, such as features of frozen parts: computed once for the images of a batch.
struct Common {
    plan: PlanId,
    /// What the rest of the score calls its outputs.
    names: Vec<String>,
    /// Whether the rest needs the image too.
    needs_image: bool,
    /// The images whose values are there, by their streams.
    images: Vec<u64>,
    values: NamedTensors,
}

impl<'a> Scorer<'a> {
    /// Plans the `score` of a program whose weights are on the engine.
    ///
    /// # Errors
    /// If the program has no score.
    pub fn new(program: &Program, engine: &'a mut dyn Engine, seed: u64) -> Result<Scorer<'a>, ScoreError> {
        let (Some(function), Some(transform)) = (program.function("score"), transform(program)) else {
            return Err(ScoreError::NoScore(program.name.clone()));
        };
        let whole = plan_function(function, &[]);
        let is_random = !whole.randoms.is_empty();
        let needs_class = whole.inputs.iter().any(|input| input.name == CLASS);
        let separated = is_random.then(|| separate(function, &BTreeSet::new())).flatten();
        let (plan, common) = match separated {
            None => (whole, None),
            Some(Separated { each, rest, names }) => {
                let rest = plan_function(&rest, &[]);
                let needs_image = rest.inputs.iter().any(|input| input.name == IMAGE);
                let plan = engine.add(plan_function(&each, &[]));
                (rest, Some(Common { plan, names, needs_image, images: Vec::new(), values: NamedTensors::new() }))
            }
        };
        let plan = engine.add(plan);
        Ok(Scorer { engine, plan, common, transform, seed, is_random, needs_class })
    }

    /// The transform that images go through before the model sees them.
    #[must_use]
    pub fn transform(&self) -> &Transform {
        &self.transform
    }

    /// Whether the score draws random numbers.
    #[must_use]
    pub const fn is_random(&self) -> bool {
        self.is_random
    }

    /// Scores images with the random numbers of a draw; the first draw is 0.
    ///
    /// # Errors
    /// If the device fails, or a result is not finite.
    ///
    /// # Panics
    /// If an image was prepared for a model of another size.
    pub fn score(&mut self, images: &[Prepared], draw: u64) -> Result<Vec<Scored>, ScoreError> {
        let count = images.len();
        let pixels: Vec<Vec<f32>> =
            images.par_iter().map(|prepared| self.transform.normalize(&prepared.image)).collect();
        let shape = vec![count, 3, self.transform.height as usize, self.transform.width as usize];
        let mut inputs = NamedTensors::from([(IMAGE.to_owned(), HostTensor::floats(&shape, pixels.concat()))]);
        let samples = images.iter().map(|prepared| prepared.stream).collect();
        let draw = Draw { seed: self.seed, step: draw, samples };
        if let Some(common) = &mut self.common {
            common.give(&mut inputs, &draw, self.engine)?;
        }
        if self.needs_class {
            let class =
                |image: &Prepared| image.class.map(|class| class as i64).ok_or(ScoreError::NoClass(image.id.clone()));
            let classes = images.iter().map(class).collect::<Result<_, _>>()?;
            inputs.insert(CLASS.to_owned(), HostTensor::ints(&[count], classes));
        }
        let outputs = self.engine.evaluate(self.plan, &inputs, &draw)?;
        let nothing = Scored { value: 0.0, deviation: None, map: Vec::new(), size: [0, 0], pictures: Vec::new() };
        let mut scored = vec![nothing; count];
        for (name, tensor) in &outputs {
            let Some(floats) = tensor.as_floats() else { continue };
            let each = floats.len() / count.max(1);
            for (i, result) in scored.iter_mut().enumerate() {
                let own = &floats[i * each..(i + 1) * each];
                if own.iter().any(|x| !x.is_finite()) {
                    return Err(ScoreError::NotFinite { output: name.clone(), id: images[i].id.clone() });
                }
                let mut ends = tensor.shape.iter().rev().copied();
                let (width, height) = (ends.next().unwrap_or(1), ends.next().unwrap_or(1));
                match name.as_str() {
                    "value" => result.value = own[0],
                    "map" => {
                        result.map = own.to_vec();
                        result.size = [height, width];
                    }
                    _ => {
                        let shown = Transform { height: height as u32, width: width as u32, ..self.transform };
                        result.pictures.push((name.clone(), shown.from_chw(own)));
                    }
                }
            }
        }
        Ok(scored)
    }
}

impl Common {
    /// Puts what is common to all draws of these images beside them, or in their place.
    fn give(&mut self, inputs: &mut NamedTensors, draw: &Draw, engine: &mut dyn Engine) -> Result<(), RunError> {
        if self.images != draw.samples {
            let outputs = engine.evaluate(self.plan, inputs, draw)?;
            self.values = self.names.iter().cloned().zip(outputs.into_iter().map(|(_, output)| output)).collect();
            self.images.clone_from(&draw.samples);
        }
        if !self.needs_image {
            inputs.clear();
        }
        inputs.extend(self.values.clone());
        Ok(())
    }
}

/// The transform that a program asks for; none if it takes no images.
#[must_use]
pub fn transform(program: &Program) -> Option<Transform> {
    program.data.map(Transform::from)
}

/// Whether the score of a program draws random numbers.
#[must_use]
pub fn is_random(program: &Program) -> bool {
    program.plan("score", &[]).is_some_and(|plan| !plan.randoms.is_empty())
}

/// The key of the random numbers of an image: the first eight bytes of the SHA-256 of its extents and pixels.
fn stream(image: &RgbImage) -> u64 {
    let mut hash = Sha256::new();
    hash.update(image.width().to_le_bytes());
    hash.update(image.height().to_le_bytes());
    hash.update(image.as_raw());
    hash.finalize().iter().take(8).fold(0, |number, &byte| (number << 8) | u64::from(byte))
}
