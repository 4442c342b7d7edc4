//! Why a command ended badly, and with which exit status.

use crate::compile::Failed;
use crate::dataset::DatasetError;
use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::metric::MetricError;
use crate::evaluate::saved::SavedError;
use crate::evaluate::score::ScoreError;
use crate::execute::{DeviceChoiceError, RunError};
use crate::experiment::{BenchError, ExperimentError};
use crate::report::PublishedError;
use crate::source::SourceMap;
use crate::weight::WeightError;

/// A command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The spec is wrong.
    Spec(Box<Failed>),
    /// The run failed.
    Run(ExperimentError),
    /// A check found something wrong.
    Findings(String),
    /// The command was used the wrong way.
    Usage(String),
    /// An image is anomalous, and the command was asked to end badly then.
    Anomalous(String),
    /// What is wrong was printed as the result of the command.
    Printed,
}

impl Failure {
    /// The same with the place in the source, where it is an operation that fails on the numbers it is given.
    pub(super) fn at(self, sources: &SourceMap) -> Failure {
        let Failure::Run(error @ ExperimentError::Run(cause)) = &self else { return self };
        let (code, origin) = match cause {
            RunError::Integer { origin, .. } => (Code::Overflow, origin),
            RunError::NoInverse { origin, .. } | RunError::Coreset { origin, .. } => (Code::NotFinite, origin),
            RunError::MissingInput { .. }
            | RunError::UnknownInput { .. }
            | RunError::WrongInput { .. }
            | RunError::UnknownExtent { .. }
            | RunError::Samples { .. }
            | RunError::Index { .. }
            | RunError::LargeInput { .. }
            | RunError::TooLarge { .. }
            | RunError::BeyondDevice { .. }
            | RunError::NotFinite { .. }
            | RunError::Device(_) => return self,
        };
        let diagnostics = vec![Diagnostic::new(code, error.to_string(), origin.span)];
        let sources = sources.clone();
        Failure::Spec(Box::new(Failed { diagnostics, warnings: Vec::new(), sources, spec: None }))
    }

    pub(super) fn status(&self) -> u8 {
        match self {
            Failure::Spec(_) | Failure::Run(_) | Failure::Findings(_) | Failure::Printed => 1,
            Failure::Usage(_) => 2,
            Failure::Anomalous(_) => 3,
        }
    }
}

impl From<Box<Failed>> for Failure {
    fn from(failed: Box<Failed>) -> Failure {
        Failure::Spec(failed)
    }
}

impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Failure {
        match error {
            ExperimentError::Spec(failed) => Failure::Spec(failed),
            other => Failure::Run(other),
        }
    }
}

macro_rules! through_experiment {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Failure {
                Failure::Run(error.into())
            }
        }
    )*};
}

through_experiment!(
    SavedError,
    PublishedError,
    MetricError,
    DatasetError,
    DeviceChoiceError,
    RunError,
    ScoreError,
    WeightError,
    BenchError
);
