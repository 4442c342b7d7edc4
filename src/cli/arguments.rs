//! Arguments that several commands share.

use std::path::PathBuf;

use clap::Args;

use crate::compile::{Compiled, Failed, compile};
use crate::dataset::{self, Dataset, Request};
use crate::diagnostic::one_of;
use crate::execute::threads;
use crate::experiment::{Config, Target};
use crate::fact::Precision;
use crate::measure::{Measure, ProtocolName};
use crate::report::Published;
use crate::resolve::Location;

use super::failure::Failure;
use super::terminal;

/// Which spec, and what is set in it.
#[derive(Args, Clone, Debug)]
pub(super) struct SpecArguments {
    /// A .diad file, or one that comes with diadc: tiny, small, diad
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

    /// Compiles the spec; warnings are shown.
    pub(super) fn compile(&self) -> Result<Compiled, Failure> {
        let compiled = self.compiled()?;
        terminal::diagnostics(&compiled.warnings, &compiled.sources);
        Ok(compiled)
    }

    /// Compiles the spec. What is wrong comes with the values of `param`s that would help.
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

/// Which images.
#[derive(Args, Clone, Debug)]
pub(super) struct DataArguments {
    /// Name of the data set, or of the list it comes with: toy, mvtec, visa, mvtec3d, medical, realiad, btad, mpdd,
    /// uniad, ader, folder
    #[arg(long, default_value = "toy")]
    pub(super) dataset: String,

    /// The directory in which it lies; diadc.toml can say it once and for all
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,

    /// Only these classes
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(super) classes: Option<Vec<String>>,
}

impl DataArguments {
    /// Where the data set lies: what the command says, or else the settings file.
    pub(super) fn directory(&self, config: &Config) -> Option<PathBuf> {
        self.data.clone().or_else(|| config.data.get(&self.dataset).cloned())
    }

    /// Opens it; that it looks like another one is told.
    pub(super) fn open(&self, config: &Config) -> Result<Dataset, Failure> {
        let root = self.directory(config);
        let request = Request { name: self.dataset.clone(), root, classes: self.classes.clone() };
        let dataset = dataset::open(&request)?;
        if let Some(words) = dataset::audit::mistaken(&dataset.name, &dataset.classes) {
            terminal::note(&format!("warning: {words}"));
        }
        Ok(dataset)
    }
}

/// How it is measured.
#[derive(Args, Clone, Debug)]
pub(super) struct MeasureArguments {
    /// Protocols to measure by, side by side: exact, diad, ader; by default that of the spec
    #[arg(long = "protocol", value_delimiter = ',', value_name = "A,B", value_parser = protocol)]
    pub(super) protocols: Vec<ProtocolName>,

    /// Puts published numbers beside the run's own: paper
    #[arg(long, value_name = "SOURCE")]
    pub(super) compare: Option<String>,
}

fn protocol(text: &str) -> Result<ProtocolName, String> {
    ProtocolName::named(text).ok_or_else(|| {
        let help = one_of(text, ProtocolName::ALL.map(ProtocolName::name)).unwrap_or_default();
        format!("there is no protocol `{text}`; {help}")
    })
}

/// What is measured: by each of the protocols named, or else as the spec says.
pub(super) fn measures(own: &Measure, protocols: &[ProtocolName]) -> Vec<Measure> {
    if protocols.is_empty() {
        return vec![own.clone()];
    }
    let mut measures: Vec<Measure> = Vec::new();
    for &protocol in protocols {
        if measures.iter().all(|measure| measure.protocol != protocol) {
            measures.push(own.under(protocol));
        }
    }
    measures
}

/// The published numbers that were asked for.
pub(super) fn published(compare: Option<&str>, dataset: &str) -> Result<Option<Published>, Failure> {
    Ok(compare.map(|source| Published::find(source, dataset)).transpose()?)
}

/// Where it runs.
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
