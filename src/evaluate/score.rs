//! Runs the `score` of a model: images go in, anomaly maps, image scores and pictures come out.

use image::RgbImage;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::dataset::transform::Transform;
use crate::execute::{Draw, Engine, HostTensor, NamedTensors, PlanId, RunError};
use crate::graph::program::Program;

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
    /// The anomaly map, row by row.
    pub map: Vec<f32>,
    /// Height and width of the map.
    pub size: [usize; 2],
    /// Further images that `score` returns, such as the reconstruction, by name.
    pub pictures: Vec<(String, RgbImage)>,
}

/// A model on a device, ready to score.
pub struct Scorer<'a> {
    engine: &'a mut dyn Engine,
    plan: PlanId,
    transform: Transform,
    seed: u64,
}

impl<'a> Scorer<'a> {
    /// Plans the `score` of a program whose weights are on the engine.
    ///
    /// # Errors
    /// If the program has no score.
    pub fn new(program: &Program, engine: &'a mut dyn Engine, seed: u64) -> Result<Scorer<'a>, ScoreError> {
        let (Some(plan), Some(transform)) = (program.plan("score", &[]), transform(program)) else {
            return Err(ScoreError::NoScore(program.name.clone()));
        };
        let plan = engine.add(plan);
        Ok(Scorer { engine, plan, transform, seed })
    }

    /// The transform that images go through before the model sees them.
    #[must_use]
    pub fn transform(&self) -> &Transform {
        &self.transform
    }

    /// Scores images. The random numbers of an image follow from its id, so that order and batches do not matter.
    ///
    /// # Errors
    /// If the device fails, or a result is not finite.
    pub fn score(&mut self, images: &[RgbImage], ids: &[&str]) -> Result<Vec<Scored>, ScoreError> {
        let count = images.len();
        let pixels: Vec<Vec<f32>> = images.par_iter().map(|image| self.transform.to_chw(image)).collect();
        let shape = vec![count, 3, self.transform.height as usize, self.transform.width as usize];
        let inputs = NamedTensors::from([("image".to_owned(), HostTensor::floats(&shape, pixels.concat()))]);
        let samples = ids.iter().map(|id| stream(id)).collect();
        let draw = Draw { seed: self.seed, step: 0, samples };
        let outputs = self.engine.evaluate(self.plan, &inputs, &draw)?;
        let mut scored = vec![Scored { value: 0.0, map: Vec::new(), size: [0, 0], pictures: Vec::new() }; count];
        for (name, tensor) in &outputs {
            let Some(floats) = tensor.as_floats() else { continue };
            let each = floats.len() / count.max(1);
            for (i, result) in scored.iter_mut().enumerate() {
                let own = &floats[i * each..(i + 1) * each];
                if own.iter().any(|x| !x.is_finite()) {
                    return Err(ScoreError::NotFinite { output: name.clone(), id: ids[i].to_owned() });
                }
                let [height, width] = [tensor.shape.len() - 2, tensor.shape.len() - 1]
                    .map(|axis| tensor.shape.get(axis).copied().unwrap_or(1));
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

/// The transform that a program asks for; none if it takes no images.
#[must_use]
pub fn transform(program: &Program) -> Option<Transform> {
    program.data.map(Transform::from)
}

/// The key of the random numbers of an image: the first eight bytes of the SHA-256 of its id.
fn stream(id: &str) -> u64 {
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().take(8).fold(0, |number, &byte| (number << 8) | u64::from(byte))
}
