//! Collects a folder of maps: of the test images of a data set, or beside a folder of masks.

use std::path::Path;
use std::time::Instant;

use crate::cli::arguments::DataArguments;
use crate::cli::failure::Failure;
use crate::cli::terminal::{self, Screen};
use crate::dataset::Dataset;
use crate::evaluate::metric::Score;
use crate::experiment::{Config, Maps, Pairs};
use crate::measure::ImageScore;

use super::{Metrics, Results, results};

impl Metrics {
    /// Measures maps of the images of a data set.
    pub(super) fn beside(&self, dataset: &str, screen: &mut Screen) -> Result<Results, Failure> {
        self.refuse_model_scores()?;
        let data = DataArguments {
            dataset: Some(dataset.to_owned()),
            data: self.data.clone(),
            classes: self.classes.clone(),
            unmarked: self.unmarked,
        };
        let dataset = data.open(&Config::find(None)?)?;
        let maps = Maps::find(&self.predictions, &dataset)?;
        if maps.are_wide() {
            self.beside_as::<f64>(&dataset, maps, screen)
        } else {
            self.beside_as::<f32>(&dataset, maps, screen)
        }
    }

    fn beside_as<S: Score>(
        &self,
        dataset: &Dataset,
        mut maps: Maps<'_>,
        screen: &mut Screen,
    ) -> Result<Results, Failure> {
        let mut collectors = self.collectors::<S>(&dataset.classes, false);
        let started = Instant::now();
        let measured = maps.measure(&mut collectors, &mut |done, all| screen.late("reading", started, [done, all]));
        screen.clear();
        measured?;
        tell(&maps.remarks);
        results(collectors, screen)
    }

    /// Measures a folder of maps by a folder of masks.
    pub(super) fn pairs(&self, masks: &Path, screen: &mut Screen) -> Result<Results, Failure> {
        self.refuse_model_scores()?;
        let pairs = Pairs::find(&self.predictions, masks, self.mask_above)?;
        tell(&pairs.remarks);
        if pairs.are_wide() { self.pairs_as::<f64>(&pairs, screen) } else { self.pairs_as::<f32>(&pairs, screen) }
    }

    fn pairs_as<S: Score>(&self, pairs: &Pairs, screen: &mut Screen) -> Result<Results, Failure> {
        let classes = self.chosen(["all".to_owned()].into())?;
        let mut collectors = self.collectors::<S>(&classes, false);
        let started = Instant::now();
        pairs.measure(&mut collectors, &mut |done, all| screen.late("reading", started, [done, all]))?;
        results(collectors, screen)
    }

    fn refuse_model_scores(&self) -> Result<(), Failure> {
        if self.score == Some(ImageScore::Model) {
            let words = "maps give no score of an image: use --score max, pool(8,8) or top(100)";
            return Err(Failure::Usage(words.to_owned()));
        }
        Ok(())
    }
}

/// Prints what a reader must know to judge the metrics.
pub(super) fn tell(remarks: &[String]) {
    for remark in remarks {
        terminal::note(&format!("note: {remark}"));
    }
}
