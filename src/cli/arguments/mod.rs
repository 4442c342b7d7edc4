//! Arguments that several commands share.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::compile::{Compiled, Failed, compile};
use crate::dataset::{self, Dataset, Request, Unmarked};
use crate::diagnostic::one_of;
use crate::execute::threads;
use crate::experiment::{Config, Setup, Target, check_purpose};
use crate::fact::Precision;
use crate::measure::ProtocolName;
use crate::resolve::Location;

use super::failure::Failure;
use super::terminal;

/// The spec, and the values of its params that are set from outside.
#[derive(Args, Clone, Debug)]
pub(super) struct SpecArguments {
    /// A .diad file, or one that comes with diadc: tiny, small, diad, padim, patchcore
    #[arg(default_value = "tiny")]
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

impl SpecArguments {
    pub(super) fn location(&self) -> Location {
        Location::of(&self.spec)
    }

    /// Compiles the spec and shows its warnings.
    pub(super) fn compile(&self) -> Result<Compiled, Failure> {
        let compiled = self.compiled()?;
        terminal::diagnostics(&compiled.warnings, &compiled.sources);
        Ok(compiled)
    }

    /// Compiles the spec. A mistake that other values of `param`s would mend names those values.
    pub(super) fn compiled(&self) -> Result<Compiled, Box<Failed>> {
        compile(&self.location(), &self.settings).map_err(|mut failed| {
            failed.advise();
            failed
        })
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

/// An experiment: the spec, the images and the device.
#[derive(Args, Clone, Debug)]
pub(super) struct ExperimentArguments {
    #[command(flatten)]
    pub(super) spec: SpecArguments,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

impl ExperimentArguments {
    /// Compiles the spec and opens the data set, for a run that is measured, or one that ends with training. The setup
    /// has defaults for what these arguments do not say.
    pub(super) fn open(&self, measure: Option<&MeasureArguments>) -> Result<(Setup, Compiled, Dataset), Failure> {
        let compiled = self.spec.compile()?;
        check_purpose(&compiled.program, measure.is_some())?;
        let config = self.spec.config()?;
        let target = self.device.choose(&config)?;
        let dataset = self.data.open(&config)?;
        let setup = Setup {
            spec: self.spec.spec.clone(),
            settings: self.spec.settings.clone(),
            dataset: dataset.name.clone(),
            data: self.data.directory(&config),
            classes: self.data.classes.clone(),
            unmarked: self.data.unmarked.map(Unmarked::from),
            device: target.device.to_string(),
            precision: target.precision,
            scores: measure.is_some(),
            protocols: measure.map(|measure| measure.protocols.clone()).unwrap_or_default(),
            compare: measure.and_then(|measure| measure.compare.clone()),
            ..Setup::default()
        };
        Ok((setup, compiled, dataset))
    }
}

/// The data set, its classes and what it leaves open.
#[derive(Args, Clone, Debug)]
pub(super) struct DataArguments {
    /// Name of the data set, or of the list that its images are in: toy, mvtec, loco, visa, mvtec3d, medical, realiad, btad, mpdd,
    /// uniad, ader, folder
    #[arg(long, default_value = "toy")]
    pub(super) dataset: String,

    /// The directory of the data set; diadc.toml can name it once for all commands
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,

    /// Only these classes
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(super) classes: Option<Vec<String>>,

    /// Defective images without a mask, which most data sets refuse: `empty` counts them, and those with an empty mask, as
    /// images without anomalous pixels; `unknown` leaves their class without pixel metrics
    #[arg(long, value_enum, value_name = "RULE")]
    pub(super) unmarked: Option<UnmarkedRule>,
}

/// What defective images without a mask count as.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(super) enum UnmarkedRule {
    /// With an empty mask
    Empty,
    /// Not known
    Unknown,
}

impl From<UnmarkedRule> for Unmarked {
    fn from(rule: UnmarkedRule) -> Unmarked {
        match rule {
            UnmarkedRule::Empty => Unmarked::Empty,
            UnmarkedRule::Unknown => Unmarked::Unknown,
        }
    }
}

impl DataArguments {
    /// The directory of the data set: the one that the command names, or else the settings file.
    pub(super) fn directory(&self, config: &Config) -> Option<PathBuf> {
        self.data.clone().or_else(|| config.data.get(&self.dataset).cloned())
    }

    /// Which images are asked for.
    pub(super) fn request(&self, config: &Config) -> Request {
        Request {
            name: self.dataset.clone(),
            root: self.directory(config),
            classes: self.classes.clone(),
            unmarked: self.unmarked.map(Unmarked::from),
        }
    }

    /// Opens the data set, and warns if it looks like one of another name.
    pub(super) fn open(&self, config: &Config) -> Result<Dataset, Failure> {
        let dataset = dataset::open(&self.request(config))?;
        if let Some(words) = dataset::audit::mistaken(&dataset.name, &dataset.classes) {
            terminal::note(&format!("warning: {words}"));
        }
        Ok(dataset)
    }
}

/// How the result is measured.
#[derive(Args, Clone, Debug)]
pub(super) struct MeasureArguments {
    /// Protocols to measure by, side by side: exact, diad, ader [default: the protocol of the spec]
    #[arg(long = "protocol", value_delimiter = ',', value_name = "A,B", value_parser = protocol)]
    pub(super) protocols: Vec<ProtocolName>,

    /// Shows published numbers beside those of the run: paper
    #[arg(long, value_name = "SOURCE")]
    pub(super) compare: Option<String>,
}

/// A protocol by its name.
pub(super) fn protocol(text: &str) -> Result<ProtocolName, String> {
    ProtocolName::named(text).ok_or_else(|| {
        let help = one_of(text, ProtocolName::ALL.map(ProtocolName::name)).unwrap_or_default();
        format!("there is no protocol `{text}`; {help}")
    })
}

/// How many draws are averaged.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct DrawArguments {
    /// Scores each image with N draws of the random numbers of its score, and takes the means of scores and maps
    #[arg(long, value_name = "N", default_value = "1", value_parser = draws)]
    pub(super) draws: NonZeroU64,
}

fn draws(text: &str) -> Result<NonZeroU64, String> {
    text.parse().map_err(|_| "write a whole number of draws, 1 or more".to_owned())
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

/// The device, and the precision of products on it.
#[derive(Args, Clone, Debug)]
pub(super) struct DeviceArguments {
    /// Device: cpu, cuda, cuda:1
    #[arg(long, value_name = "DEVICE")]
    pub(super) device: Option<String>,

    /// Precision of products: f32 (on NVIDIA devices TF32), or bf16, as automatic mixed precision [default: f32]
    #[arg(long, value_name = "PRECISION")]
    pub(super) precision: Option<Precision>,
}

impl DeviceArguments {
    pub(super) fn choose(&self, config: &Config) -> Result<Target, Failure> {
        let name = self.device.clone().or_else(|| config.device.clone());
        let device = name.as_deref().unwrap_or("cpu").parse()?;
        let precision = self.precision.or(config.precision).unwrap_or_default();
        Ok(Target { device, precision, threads: threads() })
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
