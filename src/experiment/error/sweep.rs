//! What can go wrong with many runs that belong together: a sweep, or a comparison.

use std::path::PathBuf;

use crate::diagnostic::bytes;
use crate::experiment::memory::Shortage;

/// Runs that belong together can't be made, or can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A sweep of one point.
    #[error(
        "there is nothing to vary; name values with `--over NAME=A,B`, seeds with `--seeds 1..=3`, or `--each-class`"
    )]
    NothingToVary,
    /// A setting in two places.
    #[error("`{name}` is set twice; a setting is either the same for all points, one of a row, or an axis")]
    Twice {
        /// Its name.
        name: String,
    },
    /// Two points that would compute the same.
    #[error("two points are the same, since nothing in which they differ changes what is computed: {}; and {}", .titles[0], .titles[1])]
    SamePoints {
        /// The settings of both.
        titles: [String; 2],
    },
    /// A point that needs more memory than it may take.
    #[error("the point {title} needs more memory than {}\n{shortage}", bytes(.shortage.limit))]
    Memory {
        /// Its settings.
        title: String,
        /// What needs more.
        shortage: Shortage,
    },
    /// Published figures for what is no point of the sweep, or is there already.
    #[error("the published figures for {title} {}", if *.is_twice { "are there twice" } else { "are of no point of the sweep" })]
    Cited {
        /// The settings.
        title: String,
        /// Whether they are cited twice.
        is_twice: bool,
    },
    /// A file that describes no sweep.
    #[error("`{}`: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A directory that holds no sweep.
    #[error("`{}` holds no sweep: {reason}", .path.display())]
    NoSweep {
        /// The directory.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A directory that is taken.
    #[error("`{}` is already there; choose another directory with `--out`, or continue the sweep that it holds with `diadc sweep {}`", .0.display(), .0.display())]
    Taken(PathBuf),
    /// A sweep or a point of it on which another process works.
    #[error("another process works in `{}`; wait for its end, or end it", .0.display())]
    Busy(PathBuf),
    /// A point that the sweep does not have.
    #[error("the sweep has no point {number}; its points are numbered from 1 to {count}")]
    NoPoint {
        /// What was asked for.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// A point whose program is no longer what it was.
    #[error(
        "the point {0} would compute something else than when the sweep began; the version of diadc or the data has changed: start a new sweep"
    )]
    Changed(String),
    /// The user stopped it.
    #[error("stopped; continue with `diadc sweep {}`", .0.display())]
    Stopped(PathBuf),
    /// Fewer than two runs.
    #[error("a comparison needs two runs or more")]
    OneRun,
    /// Runs of different data sets.
    #[error("`{}` is of the data set `{}` and `{}` of `{}`: their metrics can't be compared", .runs[0].0, .runs[0].1, .runs[1].0, .runs[1].1)]
    OtherData {
        /// Two runs, each with its data set.
        runs: [(String, String); 2],
    },
    /// Runs that have no class in common.
    #[error("`{}` and `{}` have no class in common", .runs[0], .runs[1])]
    NoClass {
        /// Two of the runs.
        runs: [String; 2],
    },
    /// A run that has not been measured.
    #[error("`{}` has no metrics that can be read: {reason}", .path.display())]
    NotMeasured {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}
