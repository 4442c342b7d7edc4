//! Runs the points of a sweep, a few at a time, and remembers why some have failed.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::experiment::directory::write_file;
use crate::experiment::error::ExperimentError;

use super::directory::SweepDirectory;
use super::plan::Point;
use super::results::is_done;

/// What happens to a point.
pub enum News<'a> {
    /// It begins, or goes on.
    Begins(&'a Point),
    /// It has been measured, and took so long.
    Done(&'a Point, Duration),
    /// It has failed, for this reason.
    Failed(&'a Point, &'a str),
}

/// Runs all points that have no result yet, `jobs` at a time; those that failed before are tried again. `work` runs one and
/// says why it failed, if it does. `tell` hears of each; when `stop` is set, no further point begins.
///
/// # Errors
/// If another process runs the sweep, or why a point failed can't be written.
pub fn run_all(
    sweep: &SweepDirectory,
    jobs: usize,
    work: &(dyn Fn(&Point) -> Result<(), String> + Sync),
    tell: &(dyn Fn(&News<'_>) + Sync),
    stop: &AtomicBool,
) -> Result<(), ExperimentError> {
    let _lock = sweep.take(None)?;
    let waiting = sweep.points().iter().filter(|point| !is_done(sweep, point));
    let waiting: Mutex<VecDeque<&Point>> = Mutex::new(waiting.collect());
    let next = || waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop_front();
    let one = || {
        while !stop.load(Ordering::Relaxed) {
            let Some(point) = next() else { break };
            tell(&News::Begins(point));
            let begun = Instant::now();
            match work(point) {
                Ok(()) => {
                    note_failure(sweep, point, None)?;
                    tell(&News::Done(point, begun.elapsed()));
                }
                Err(_) if stop.load(Ordering::Relaxed) => break,
                Err(reason) => {
                    note_failure(sweep, point, Some(&reason))?;
                    tell(&News::Failed(point, &reason));
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(one)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })
}

/// Keeps why a point has failed, for the table; none if it has not, or no longer.
///
/// # Errors
/// If that can't be written.
pub fn note_failure(sweep: &SweepDirectory, point: &Point, reason: Option<&str>) -> Result<(), ExperimentError> {
    let path = sweep.failure(point);
    match reason {
        Some(reason) => write_file(&path, format!("{}\n", reason.trim_end()).as_bytes()),
        None => {
            let _ = std::fs::remove_file(path);
            Ok(())
        }
    }
}
