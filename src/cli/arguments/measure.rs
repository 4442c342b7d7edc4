//! How often images are scored, and how the result is measured.

use std::num::NonZeroU64;

use clap::Args;

use crate::diagnostic::one_of;
use crate::experiment::Setup;
use crate::measure::ProtocolName;

/// How the result is measured.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct MeasureArguments {
    /// Protocols to measure by, side by side: exact, diad, ader [default: the protocol of the spec]
    #[arg(long = "protocol", value_delimiter = ',', value_name = "A,B", value_parser = protocol)]
    pub(in crate::cli) protocols: Vec<ProtocolName>,

    /// Shows published numbers beside those of the run: paper
    #[arg(long, value_name = "SOURCE")]
    pub(in crate::cli) compare: Option<String>,
}

impl MeasureArguments {
    /// A setup that is measured so.
    pub(in crate::cli) fn over(&self, setup: Setup) -> Setup {
        let protocols = if self.protocols.is_empty() { setup.protocols } else { self.protocols.clone() };
        Setup { protocols, compare: self.compare.clone().or(setup.compare), ..setup }
    }
}

/// A protocol by its name.
pub(in crate::cli) fn protocol(text: &str) -> Result<ProtocolName, String> {
    ProtocolName::named(text).ok_or_else(|| {
        let help = one_of(text, ProtocolName::ALL.map(ProtocolName::name)).unwrap_or_default();
        format!("there is no protocol `{text}`; {help}")
    })
}

/// How many draws are averaged.
#[derive(Args, Clone, Copy, Debug)]
pub(in crate::cli) struct DrawArguments {
    /// Scores each image with N draws of the random numbers of its score, and takes the means of scores and maps [default: 1,
    /// or as many as the run]
    #[arg(long, value_name = "N", value_parser = draws)]
    pub(in crate::cli) draws: Option<NonZeroU64>,
}

fn draws(text: &str) -> Result<NonZeroU64, String> {
    text.parse().map_err(|_| "write a whole number of draws, 1 or more".to_owned())
}

/// A number that is neither NaN nor infinite.
pub(in crate::cli) fn finite<T: std::str::FromStr + Copy + Into<f64>>(text: &str) -> Result<T, String> {
    let number = text.parse::<T>().ok().filter(|number| (*number).into().is_finite());
    number.ok_or_else(|| "write a number, such as 0 or 0.5".to_owned())
}
