//! Arguments that several commands share.

mod data;
mod device;
mod measure;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::compile::{Compiled, Failed, compile};
use crate::dataset::Dataset;
use crate::experiment::{Config, RunDirectory, Setup, check_purpose};
use crate::resolve::{Location, embedded_specs};
use crate::weight::Format;

use super::failure::Failure;
use super::terminal;

pub(super) use data::{DataArguments, Names, UnmarkedRule, flat, names};
pub(super) use device::DeviceArguments;
pub(super) use measure::{DrawArguments, MeasureArguments, finite, protocol};

use data::open_data;

/// What the help of a command says of the argument that names a spec.
pub(super) fn spec_help() -> String {
    format!("A .diad file, or one that comes with diadc ({})", embedded_specs().join(", "))
}

/// The same where a run will do.
fn run_help() -> String {
    let own = embedded_specs().join(", ");
    format!(
        "A .diad file, one that comes with diadc ({own}), or the directory of a run, which stands for its spec and settings"
    )
}

/// The spec, and the values of its params that are set from outside.
#[derive(Args, Clone, Debug)]
pub(super) struct SpecArguments {
    #[arg(default_value = "tiny", help = run_help(), value_parser = spec)]
    pub(super) spec: String,

    /// Sets a param of the model, as in --set fusion=off or --set 'scales=[2, 3]'
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub(super) settings: Vec<Setting>,
}

/// The name of a param and its value.
pub(super) type Setting = (String, String);

pub(super) fn setting(text: &str) -> Result<Setting, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// The name of a spec, which no file of weights has.
pub(super) fn spec(name: &str) -> Result<String, String> {
    let path = Path::new(name);
    if Format::is_known(path) && path.is_file() {
        return Err("it is a file of weights: name the spec first, or the directory of a run".to_owned());
    }
    Ok(name.to_owned())
}

/// The path of a file of weights that is to be written.
pub(super) fn weights_out(path: &str) -> Result<PathBuf, String> {
    if Format::is_known(Path::new(path)) {
        return Ok(path.into());
    }
    Err("diadc writes no such format: give a name that ends in .safetensors, .pth, .pt, .ckpt or .bin".to_owned())
}

/// The path of a safetensors file that is to be written.
pub(super) fn safetensors_out(path: &str) -> Result<PathBuf, String> {
    if path.to_lowercase().ends_with(".safetensors") {
        return Ok(path.into());
    }
    Err("tensors are written as safetensors: give a name that ends in .safetensors".to_owned())
}

impl SpecArguments {
    pub(super) fn location(&self) -> Location {
        Location::of(&self.spec)
    }

    /// Compiles the spec and shows its warnings.
    pub(super) fn compile(&self) -> Result<Compiled, Failure> {
        let compiled = self.open()?.compiled;
        terminal::diagnostics(&compiled.warnings, &compiled.sources);
        Ok(compiled)
    }

    /// Compiles a spec that is no run. A mistake that other values of `param`s would mend names those values.
    pub(super) fn compiled(&self) -> Result<Compiled, Box<Failed>> {
        compile(&self.location(), &self.settings).map_err(|mut failed| {
            failed.advise();
            failed
        })
    }

    /// Compiles the spec, or that of a run under the settings of the run, of which those given here replace some.
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        let path = Path::new(&self.spec);
        if !path.is_dir() {
            let setup = Setup { spec: self.spec.clone(), settings: self.settings.clone(), ..Setup::default() };
            return Ok(Opened { compiled: self.compiled()?, setup, run: None });
        }
        let (directory, record) = RunDirectory::open(path)?;
        let is_kept = |(name, _): &&Setting| self.settings.iter().all(|(own, _)| own != name);
        let kept = record.setup.settings.iter().filter(is_kept).cloned();
        let settings: Vec<Setting> = kept.chain(self.settings.iter().cloned()).collect();
        let compiled = directory.compile(&record, &settings)?;
        let spec = path.join(&record.spec).display().to_string();
        Ok(Opened { compiled, setup: Setup { spec, settings, ..record.setup }, run: Some(directory) })
    }

    /// The settings file that belongs to it.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let location = self.location();
        let path = match &location {
            Location::File(path) => Some(path.as_path()),
            Location::Embedded(_) => None,
        };
        Ok(Config::find(path)?)
    }
}

/// A spec that has been compiled, or that of a run.
pub(super) struct Opened {
    pub(super) compiled: Compiled,
    /// The setup of the run, or else the default one, with the spec and all settings.
    pub(super) setup: Setup,
    /// The run, if it is one.
    pub(super) run: Option<RunDirectory>,
}

/// The file of trained weights: the one that is named, or that of the run.
pub(super) fn trained(named: Option<&PathBuf>, run: Option<&RunDirectory>) -> Result<PathBuf, Failure> {
    match (named, run.map(RunDirectory::weights)) {
        (Some(named), _) if RunDirectory::open(named).is_ok() => {
            let (run, weights) = (named.display(), named.join("weights.safetensors"));
            Err(Failure::Usage(format!(
                "`{run}` is the directory of a run: name it in place of the spec, or its weights with `--weights {}`",
                weights.display()
            )))
        }
        (Some(named), _) => Ok(named.clone()),
        (None, Some(weights)) if weights.is_file() => Ok(weights),
        (None, Some(weights)) => {
            let words = "the run has not trained its weights to the end; `diadc resume` continues it";
            Err(Failure::Findings(format!("`{}` is not there: {words}", weights.display())))
        }
        (None, None) => Err(Failure::Usage(
            "name the weights with `--weights FILE`, or the directory of a run in place of the spec".to_owned(),
        )),
    }
}

/// The words of the command line.
pub(super) fn command() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// An experiment: the spec, the images and the device.
#[derive(Args, Clone, Debug)]
pub(super) struct ExperimentArguments {
    #[command(flatten)]
    pub(super) spec: SpecArguments,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    device: DeviceArguments,

    /// Seed of all random numbers [default: 1, or that of the run]
    #[arg(long)]
    seed: Option<u64>,
}

impl ExperimentArguments {
    /// Compiles the spec and opens the data set, for a run that is measured, or one that ends with training. What these
    /// arguments do not say is as in the run that is named in place of a spec, or else as usual.
    pub(super) fn open(&self, measure: Option<&MeasureArguments>) -> Result<(Opened, Dataset), Failure> {
        let opened = self.spec.open()?;
        let Opened { compiled, .. } = &opened;
        terminal::diagnostics(&compiled.warnings, &compiled.sources);
        check_purpose(&compiled.program, measure.is_some())?;
        let config = self.spec.config()?;
        let setup = self.device.over(opened.setup.clone(), opened.run.is_some(), &config)?;
        let setup = self.data.over(setup, &config);
        let dataset = open_data(&setup.request())?;
        let setup = Setup {
            dataset: dataset.name.clone(),
            seed: self.seed.unwrap_or(setup.seed),
            scores: measure.is_some(),
            command: command(),
            ..setup
        };
        let setup = measure.map_or_else(|| setup.clone(), |measure| measure.over(setup.clone()));
        Ok((Opened { setup, ..opened }, dataset))
    }
}

/// Bytes, as in `8GB`, `512MB`, `7.5GiB`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 6] =
        [("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("GB", 1e9), ("MB", 1e6), ("G", 1e9), ("M", 1e6)];
    let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)));
    let number = unit.and_then(|(number, size)| Some(number.trim().parse::<f64>().ok()? * size));
    match number {
        Some(number) if number.is_finite() && number > 0.0 => Ok(number as u64),
        _ => Err("write a number followed by GB, MB, GiB or MiB, as in 8GB".to_owned()),
    }
}

/// How a result is printed that is a table for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    Table,
    Json,
}

/// How a result is printed that is a text for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TextFormat {
    Text,
    Json,
}
