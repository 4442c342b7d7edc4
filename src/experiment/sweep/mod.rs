//! Many runs of one spec that belong together: its settings, seeds or classes vary, and one table holds all results.
//!
//! In: a [`SweepRequest`] and the setup that all points have in common. [`plan()`] checks every point before one of them runs;
//! a [`SweepDirectory`] keeps the plan and the runs. [`run_point`] runs a point: the results of stages that several points
//! have in common are made once. A point that fails keeps its directory, and the table says why. A sweep that was ended, in
//! whatever way, goes on where it was.

mod citation;
mod directory;
mod plan;
mod point;
mod preview;
mod request;
mod results;
mod schedule;
mod slurm;

pub use citation::{Citation, CitedRow};
pub use directory::SweepDirectory;
pub use plan::{Compile, Plan, Point, plan};
pub use point::run_point;
pub use preview::Preview;
pub use request::{Axis, SweepRequest, read_sweep, seeds};
pub use results::{State, is_done, table, write_table};
pub use schedule::{News, note_failure, run_all};
pub use slurm::{ArrayJob, JobSettings, array_jobs};
