//! Which images a command is about.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::terminal;
use crate::dataset::{self, Dataset, Request, Unmarked};
use crate::experiment::{Config, Setup};
use crate::report::csv_fields;

/// The data set, its classes and what it leaves open.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct DataArguments {
    /// Name of the data set, or of the list that its images are in: toy, mvtec, loco, visa, mvtec3d, medical, realiad, btad, mpdd,
    /// uniad, ader, folder [default: toy, or that of the run]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) dataset: Option<String>,

    /// The directory of the data set; diadc.toml can name it once for all commands
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) data: Option<PathBuf>,

    /// Only these classes; the name of one that has a comma stands in double quotes
    #[arg(long, value_name = "A,B", value_parser = names)]
    pub(in crate::cli) classes: Vec<Names>,

    /// Defective images without a mask, which most data sets refuse: `empty` counts them, and those with an empty mask, as
    /// images without anomalous pixels; `unknown` leaves their class without pixel metrics
    #[arg(long, value_enum, value_name = "RULE")]
    pub(in crate::cli) unmarked: Option<UnmarkedRule>,
}

/// What defective images without a mask count as.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(in crate::cli) enum UnmarkedRule {
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
    /// Which images are asked for.
    pub(in crate::cli) fn request(&self, config: &Config) -> Request {
        self.over(Setup::default(), config).request()
    }

    /// Opens the data set, and warns if it looks like one of another name.
    pub(in crate::cli) fn open(&self, config: &Config) -> Result<Dataset, Failure> {
        open_data(&self.request(config))
    }

    /// A setup with these images. Of another data set than its own, all is asked for anew.
    pub(in crate::cli) fn over(&self, setup: Setup, config: &Config) -> Setup {
        let dataset = self.dataset.clone().unwrap_or_else(|| setup.dataset.clone());
        let known = if dataset == setup.dataset { setup.clone() } else { Setup::default() };
        let data = self.data.clone().or(known.data).or_else(|| config.data.get(&dataset).cloned());
        Setup {
            dataset,
            data,
            classes: flat(&self.classes).or(known.classes),
            unmarked: self.unmarked.map(Unmarked::from).or(known.unmarked),
            ..setup
        }
    }
}

pub(in crate::cli) fn open_data(request: &Request) -> Result<Dataset, Failure> {
    let dataset = dataset::open(request)?;
    if let Some(words) = dataset::audit::mistaken(&dataset.name, &dataset.classes) {
        terminal::note(&format!("warning: {words}"));
    }
    Ok(dataset)
}

/// Names, as a line of CSV has them.
pub(in crate::cli) type Names = Arc<[String]>;

/// Reads names with commas between them.
pub(in crate::cli) fn names(text: &str) -> Result<Names, String> {
    csv_fields(text).map(Names::from)
}

/// All names of an option that may be given several times; none if it is not given.
pub(in crate::cli) fn flat(given: &[Names]) -> Option<Vec<String>> {
    (!given.is_empty()).then(|| given.iter().flat_map(|names| names.iter().cloned()).collect())
}
