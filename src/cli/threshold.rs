//! `diadc threshold`: chooses the score above which an image is anomalous.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::dataset::{Sample, predict_inputs};
use crate::diagnostic::{count, significant};
use crate::experiment::{
    ChosenOn, Experiment, Model, Setup, Threshold, ThresholdImage, ThresholdRule, Trained, check_draws, check_purpose,
    provenance, scores, trained_on,
};
use crate::report::Provenance;
use crate::weight::Place;

use super::arguments::{DrawArguments, ExperimentArguments, MeasureArguments, Opened, TextFormat, trained};
use super::failure::Failure;
use super::terminal::{self, Screen};

/// Chooses the score above which an image is anomalous, and keeps it with the weights
///
/// It is chosen on good images that training has not seen: those that the spec holds out (`data { hold_out = 0.1 }`), those of
/// the data set's validation part, or those that `--images` names. With `--on test` it is chosen on test images, which makes it
/// optimistic: what it gives on them it will not give on others. Writes `threshold.json` beside the weights, from where
/// `predict` takes it. A spec that fits a `stored` number called `threshold` has its own, which wins.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc threshold runs/NAME                                  99 of 100 good images are below it
  diadc threshold runs/NAME --rule deviations=3              the mean of their scores and three standard deviations
  diadc threshold runs/NAME --images good/ --rule quantile=1 no image in good/ is above it
  diadc threshold runs/NAME --on test --rule f1              the highest F1 on the test images")]
pub(super) struct ThresholdCommand {
    #[command(flatten)]
    experiment: ExperimentArguments,

    /// quantile=SHARE or deviations=COUNT of good images; f1 of test images
    #[arg(long, value_name = "RULE", default_value = "quantile=0.99")]
    rule: ThresholdRule,

    /// Good images that training has not seen, and folders of them
    #[arg(long, num_args = 1.., value_name = "PATH")]
    images: Vec<PathBuf>,

    /// Which images of the data set it is chosen on [default: held-out ones, or else those of the validation part]
    #[arg(long, value_enum, conflicts_with = "images")]
    on: Option<OnArgument>,

    /// The weights: safetensors, or what PyTorch writes [default: those of the run]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    #[command(flatten)]
    draws: DrawArguments,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "text")]
    format: TextFormat,
}

/// Images of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnArgument {
    HeldOut,
    Validation,
    Test,
}

impl ThresholdCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        let measure = MeasureArguments { protocols: Vec::new(), compare: None };
        let (Opened { compiled, setup, run }, dataset) = self.experiment.open(Some(&measure))?;
        let weights = trained(self.weights.as_ref(), run.as_ref())?;
        let setup = Setup {
            draws: self.draws.draws.unwrap_or(setup.draws),
            weights: Some(weights.clone()),
            within: None,
            ..setup
        };
        check_purpose(&compiled.program, true)?;
        check_draws(&compiled.program, setup.draws)?;
        let experiment = Experiment::new(setup, compiled, dataset)?;
        let files = if self.images.is_empty() { Vec::new() } else { predict_inputs(&self.images)? };
        let (chosen_on, good, defective) = self.chosen(&experiment, &files)?;
        let Experiment { compiled, record, target, .. } = &experiment;
        let setup = &record.setup;
        let mut screen = Screen::new();
        let trained = Trained { place: Place::of(&weights), settings: &setup.settings };
        let load = |screen: &mut Screen| Model::to_score(compiled, trained, *target, setup.seed, screen);
        let mut model = screen.during(load)?;
        if let Some(own) = model.stored_threshold()? {
            let words = format!("the spec fits a threshold itself, {}, which `predict` takes", significant(own.into()));
            return Err(Failure::Findings(words));
        }
        let provenance = Provenance { device: model.device(), ..provenance(setup, compiled)? };
        let of = |images: &[ThresholdImage<'_>], model: &mut Model<'_>, screen: &mut Screen| {
            screen.during(|screen| scores(model, images, setup.draws, screen))
        };
        let (good, defective) = (of(&good, &mut model, &mut screen)?, of(&defective, &mut model, &mut screen)?);
        let chosen = Threshold::choose(self.rule, chosen_on, [&good, &defective], provenance).ok_or_else(|| {
            let images = count(good.len() + defective.len(), "image");
            Failure::Findings(format!("{images} {} are too few for {}", chosen_on.words(), self.rule))
        })?;
        chosen.write(&weights)?;
        terminal::result(&match self.format {
            TextFormat::Text => format!(
                "{}  {}; {:.1} % of the good ones are above it\n",
                significant(chosen.threshold.into()),
                chosen.words(),
                100.0 * chosen.false_alarms
            ),
            TextFormat::Json => serde_json::to_string_pretty(&chosen).expect("it has only strings and numbers") + "\n",
        });
        Ok(())
    }

    /// The images that it is chosen on: good ones, and defective ones.
    fn chosen<'a>(
        &self,
        experiment: &'a Experiment,
        files: &'a [PathBuf],
    ) -> Result<(ChosenOn, Vec<ThresholdImage<'a>>, Vec<ThresholdImage<'a>>), Failure> {
        if self.rule == ThresholdRule::F1 && self.on != Some(OnArgument::Test) {
            return Err(Failure::Usage("`f1` needs defective images too: add `--on test`".to_owned()));
        }
        if !files.is_empty() {
            let shown = experiment.split()?.shown;
            let seen = trained_on(shown.iter().map(|&place| &experiment.dataset.train[place]), files);
            if seen > 0 {
                terminal::note(&format!(
                    "warning: {seen} of the {} were trained on: their scores are lower than those of new good images, so \
                     that too many of those will be above the threshold; give images that training has not seen",
                    count(files.len(), "image")
                ));
            }
            let images = files.iter().map(|path| ThresholdImage::File(path)).collect();
            return Ok((ChosenOn::Given, images, Vec::new()));
        }
        let dataset = &experiment.dataset;
        let held_out: Vec<&Sample> = experiment.split()?.held_out.iter().map(|&place| &dataset.train[place]).collect();
        let validation: Vec<&Sample> = dataset.validation.iter().filter(|sample| !sample.is_anomalous()).collect();
        let all = |samples: Vec<&'a Sample>| samples.into_iter().map(ThresholdImage::Sample).collect::<Vec<_>>();
        match self.on {
            Some(OnArgument::Test) => {
                let (defective, good): (Vec<&Sample>, Vec<&Sample>) =
                    dataset.test.iter().partition(|sample| sample.is_anomalous());
                let defective = if self.rule == ThresholdRule::F1 { defective } else { Vec::new() };
                Ok((ChosenOn::Test, all(good), all(defective)))
            }
            Some(OnArgument::HeldOut) | None if !held_out.is_empty() => {
                Ok((ChosenOn::HeldOut, all(held_out), Vec::new()))
            }
            Some(OnArgument::Validation) | None if !validation.is_empty() => {
                Ok((ChosenOn::Validation, all(validation), Vec::new()))
            }
            Some(OnArgument::HeldOut | OnArgument::Validation) | None => Err(Failure::Findings(
                "there are no good images that training has not seen; name some with `--images`, let the spec hold some out \
                 (`data { hold_out = 0.1 }`) and train again, or choose on test images with `--on test`, which is optimistic"
                    .to_owned(),
            )),
        }
    }
}
