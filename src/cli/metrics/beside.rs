//! Collects a folder of maps of the test images of a data set.

use std::time::Instant;

use crate::cli::arguments::DataArguments;
use crate::cli::failure::Failure;
use crate::cli::terminal::{self, Screen};
use crate::evaluate::collect::Collector;
use crate::experiment::{Config, Maps};
use crate::measure::ImageScore;

use super::Metrics;

impl Metrics {
    pub(super) fn beside(&self, dataset: &str, screen: &mut Screen) -> Result<Vec<Collector>, Failure> {
        if self.score == Some(ImageScore::Model) {
            let words = "maps give no score of an image: use --score max, pool(8,8) or top(100)";
            return Err(Failure::Usage(words.to_owned()));
        }
        let data = DataArguments {
            dataset: dataset.to_owned(),
            data: self.data.clone(),
            classes: self.classes.clone(),
            unmarked: self.unmarked,
        };
        let dataset = data.open(&Config::find(None)?)?;
        let mut maps = Maps::find(&self.predictions, &dataset)?;
        let mut collectors = self.collectors(&dataset.classes, false);
        let started = Instant::now();
        let measured = maps.measure(&mut collectors, &mut |done, all| screen.late("reading", started, [done, all]));
        screen.clear();
        measured?;
        for remark in &maps.remarks {
            terminal::note(&format!("note: {remark}"));
        }
        Ok(collectors)
    }
}
