//! `diadc bench`: images and steps a second on a device.

mod table;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::experiment::bench::{Bench as Measurement, BenchRequest, Kind, Limit, compare, read};
use crate::experiment::{BenchError, ExperimentError, write_file};
use crate::fact::Precision;
use crate::file::NewFile;

use super::arguments::{DeviceArguments, SpecArguments, TableFormat, bytes};
use super::failure::Failure;
use super::terminal::{self, Screen};

use table::{beside, table};

/// The largest batch that can be asked for.
const MOST_IMAGES: usize = 1 << 16;

/// Measures images and steps a second of scoring, training and the turns of loops
///
/// Needs neither a data set nor weights: images are random, and weights are first values unless `--weights` names a file.
/// For each batch and precision it shows the first run, in which the device prepares what it keeps; the median and the
/// quartiles of later runs; and the share of the speed at which this device multiplies large matrices, measured in the
/// same process. A step of training is a forward and a backward pass and a step of the optimiser; weights stay as they
/// are. Multiply-adds are counted as in `diadc cost`, with those of gradients.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc bench tiny
  diadc bench my.diad --batch 1,8,32 --precision f32,bf16 --device cuda:0
  diadc bench my.diad --phases loop --by-operation --steps 3
  diadc bench my.diad --output before.json
  diadc bench my.diad --against before.json")]
pub(super) struct Bench {
    #[command(flatten)]
    spec: SpecArguments,

    /// What to measure: score, training, loop [default: all that the model has]
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = kind)]
    phases: Option<Vec<Kind>>,

    /// Images of a batch
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1", value_parser = batch)]
    batch: Vec<usize>,

    /// Device: cpu, cuda, cuda:1
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,

    /// Precisions of products: f32, bf16 [default: f32]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    precision: Option<Vec<Precision>>,

    /// Runs of each kind after those that warm up, in place of a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "seconds")]
    steps: Option<u32>,

    /// Seconds for each kind after the runs that warm up; at least one run is measured
    #[arg(long, value_name = "S", default_value = "4", value_parser = seconds)]
    seconds: f64,

    /// Also shows the time of each kind of operation
    #[arg(long)]
    by_operation: bool,

    /// The weights: safetensors, what PyTorch writes, or `init` for first values
    #[arg(long, value_name = "FILE", default_value = "init")]
    weights: PathBuf,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME")]
    within: Option<String>,

    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The most memory that it may take, as in 8GB; work that needs more is refused before it begins
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,

    /// Shows how many times as fast each kind of work is as in this earlier result
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,

    /// Writes the result as JSON into this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

fn kind(text: &str) -> Result<Kind, BenchError> {
    text.parse()
}

fn batch(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(images) if (1..=MOST_IMAGES).contains(&images) => Ok(images),
        _ => Err(format!("a batch has 1 to {MOST_IMAGES} images; write numbers, as in --batch 1,8,32")),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds.is_finite() => Ok(seconds),
        _ => Err("write a number of seconds that is more than 0, as in --seconds 10".to_owned()),
    }
}

impl Bench {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let config = self.spec.config()?;
        let earlier = self.against.as_deref().map(read).transpose()?;
        let device = DeviceArguments { device: self.device.clone(), precision: None };
        let target = device.choose(&config)?;
        let request = self.request(target.precision);
        let measurement = Measurement::new(&compiled, &self.spec.spec, request, target)?;
        if let Some(shortage) = measurement.check_memory()? {
            terminal::note(&shortage.warning(target.device));
        }
        if let Some(path) = &self.output {
            check_writable(path)?;
        }
        let stop = terminal::stop_flag();
        let result = Screen::new().during(|screen| measurement.run(screen, &stop))?;
        let json = serde_json::to_string(&result).expect("a result holds nothing that JSON can't") + "\n";
        if let Some(path) = &self.output {
            write_file(path, json.as_bytes())?;
        }
        let ratios = earlier.map(|earlier| compare(&result, &earlier).map(|ratios| (ratios, earlier))).transpose();
        terminal::result(&match (self.format, &ratios) {
            (TableFormat::Table, Ok(Some((ratios, earlier)))) => {
                table(&result) + &beside(ratios, &earlier.provenance.date)
            }
            (TableFormat::Table, Ok(None) | Err(_)) => table(&result),
            (TableFormat::Json, Ok(Some((ratios, _)))) => {
                format!("{}\n", serde_json::json!({ "result": result, "against": ratios }))
            }
            (TableFormat::Json, Ok(None) | Err(_)) => json,
        });
        ratios?;
        if result.is_complete { Ok(()) } else { Err(Failure::Findings("stopped before all was measured".to_owned())) }
    }

    fn request(&self, precision: Precision) -> BenchRequest {
        BenchRequest {
            kinds: self.phases.clone(),
            batches: once_each(&self.batch),
            precisions: self.precision.as_deref().map_or_else(|| vec![precision], once_each),
            limit: self.steps.map_or(Limit::Seconds(self.seconds), |steps| Limit::Runs(steps as usize)),
            by_operation: self.by_operation,
            weights: Some(self.weights.clone()).filter(|path| path.as_os_str() != "init"),
            within: self.within.clone(),
            seed: self.seed,
            memory: self.memory,
        }
    }
}

/// The items in their order, each only once.
fn once_each<T: Copy + PartialEq>(items: &[T]) -> Vec<T> {
    let mut found = Vec::new();
    for item in items {
        if !found.contains(item) {
            found.push(*item);
        }
    }
    found
}

/// Finds out before the first slow run whether a file can be written. It makes missing folders, and nothing else stays.
fn check_writable(path: &Path) -> Result<(), ExperimentError> {
    let fail = |source| ExperimentError::Write { path: path.to_path_buf(), source };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(fail)?;
    }
    NewFile::create(path).map(drop).map_err(fail)
}
