//! How much image scores differ between draws of random numbers, and with them image AUROC.
//!
//! In come the scores of each image in one draw or in several, under the rules of one protocol. Out comes a
//! [`Variation`]. What is compared are the scores of single draws, not those of averaged maps.

use super::average::variance;
use super::collect::of_images;
use super::evaluation::{ClassVariation, Variation};
use super::metric::{MetricError, Scores};
use crate::measure::{Metric, Protocol};

/// The scores of images in single draws.
#[derive(Debug)]
pub struct DrawScores {
    classes: Vec<ClassDraws>,
}

/// An image of which scores are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageNumber {
    class: usize,
    image: usize,
}

#[derive(Debug)]
struct ClassDraws {
    class: String,
    images: Vec<ImageDraws>,
}

#[derive(Debug)]
struct ImageDraws {
    is_anomalous: bool,
    scores: Vec<f32>,
}

impl DrawScores {
    /// Starts with no image of these classes.
    pub fn new<S: Into<String>>(classes: impl IntoIterator<Item = S>) -> DrawScores {
        let classes = classes.into_iter().map(|class| ClassDraws { class: class.into(), images: Vec::new() });
        DrawScores { classes: classes.collect() }
    }

    /// Adds an image of a class, and its score in each draw so far.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn add(&mut self, class: usize, is_anomalous: bool, scores: Vec<f32>) -> ImageNumber {
        let images = &mut self.classes[class].images;
        images.push(ImageDraws { is_anomalous, scores });
        ImageNumber { class, image: images.len() - 1 }
    }

    /// Adds the score of an image in a further draw.
    ///
    /// # Panics
    /// If the image is of another gathering.
    pub fn again(&mut self, image: ImageNumber, score: f32) {
        self.classes[image.class].images[image.image].scores.push(score);
    }

    /// What the scores say; `draws` is the number of draws that were averaged.
    ///
    /// # Errors
    /// If a score is NaN or infinite.
    pub fn finish(self, draws: u64, rules: &Protocol) -> Result<Variation, MetricError> {
        let all: Vec<ClassVariation> = self.classes.iter().filter_map(ClassDraws::variation).collect();
        let share = |class: &ClassVariation| class.between_images.map(|between| class.over_draws / between);
        let shares: Vec<f64> = all.iter().filter_map(share).filter(|share| share.is_finite()).collect();
        Ok(Variation {
            draws,
            images: all.iter().map(|class| class.images).sum(),
            share: mean(&shares),
            image_auroc: self.image_auroc(rules)?,
            classes: all,
        })
    }

    /// Image AUROC of each draw that all images have, if there are several: the mean over classes.
    fn image_auroc(&self, rules: &Protocol) -> Result<Vec<f64>, MetricError> {
        let images = || self.classes.iter().flat_map(|class| &class.images);
        let common = images().map(|image| image.scores.len()).min().unwrap_or(0);
        let mut means = Vec::new();
        for draw in 0..if common > 1 { common } else { 0 } {
            let mut areas = Vec::new();
            for class in &self.classes {
                let mut scores = Scores::<f32>::default();
                class.images.iter().try_for_each(|image| scores.add(image.scores[draw], image.is_anomalous))?;
                areas.extend(of_images(Metric::ImageAuroc, &scores.rank(&[])?, rules));
            }
            means.extend(mean(&areas));
        }
        Ok(means)
    }
}

impl ClassDraws {
    /// None if no image of the class has several scores.
    fn variation(&self) -> Option<ClassVariation> {
        let double = |image: &ImageDraws| image.scores.iter().map(|&score| f64::from(score)).collect::<Vec<f64>>();
        let variances: Vec<f64> = self.images.iter().filter_map(|image| variance(&double(image))).collect();
        let means: Vec<f64> = self.images.iter().filter_map(|image| mean(&double(image))).collect();
        Some(ClassVariation {
            class: self.class.clone(),
            images: variances.len(),
            over_draws: mean(&variances)?.sqrt(),
            between_images: variance(&means).map(f64::sqrt),
        })
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
