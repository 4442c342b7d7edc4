//! Runs the points of a sweep, each in a process of its own: one that the system ends for want of memory ends no other.

use std::fs::File;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::execute::threads;
use crate::experiment::sweep::{News, Point, SweepDirectory, is_done, note_failure, run_all, run_point};
use crate::experiment::{ExperimentError, SweepError};

use crate::cli::failure::Failure;
use crate::cli::terminal::{self, Screen};

/// Lines of what a point has said that are kept as the reason of its failure.
const KEPT: usize = 12;

/// Runs one point in this process.
pub(super) fn alone(sweep: &SweepDirectory, number: usize) -> Result<(), Failure> {
    let count = sweep.points().len();
    let point = number.checked_sub(1).and_then(|number| sweep.points().get(number));
    let point = point.ok_or_else(|| Failure::Run(SweepError::NoPoint { number, count }.into()))?;
    terminal::note(&format!("{}: {}", point.name, point.title()));
    let stop = terminal::stop_flag();
    let page = match Screen::new().during(|screen| run_point(sweep, point, screen, &stop)) {
        Ok(page) => page,
        Err(error) => {
            if !stop.load(Ordering::Relaxed) && !matches!(error, ExperimentError::Sweep(SweepError::Busy(_))) {
                note_failure(sweep, point, Some(&format!("error: {error}")))?;
            }
            return Err(error.into());
        }
    };
    note_failure(sweep, point, None)?;
    terminal::note(&format!("report: {}", page.display()));
    Ok(())
}

/// Runs all points that have no result yet.
pub(super) fn all(sweep: &SweepDirectory, jobs: usize, stop: &AtomicBool) -> Result<(), Failure> {
    let done = Mutex::new(sweep.points().iter().filter(|point| is_done(sweep, point)).count());
    let count = sweep.points().len();
    let tell = |news: &News<'_>| {
        let words = match news {
            News::Begins(point) => format!("begins: {} (log: {})", point.title(), sweep.log(point).display()),
            News::Done(point, time) => format!("done: {} in {:.1} s", point.title(), time.as_secs_f64()),
            News::Failed(point, reason) => {
                format!("failed: {}: {}", point.title(), reason.lines().next().unwrap_or_default())
            }
        };
        let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *done += usize::from(!matches!(news, News::Begins(_)));
        terminal::note(&format!("[{done}/{count}] {words}"));
    };
    // Points that run at a time divide the cores among them; numbers do not depend on how many threads compute.
    let threads = (threads() / jobs.max(1)).max(1);
    let work = |point: &Point| in_a_process(sweep, point, threads, stop);
    Ok(run_all(sweep, jobs, &work, &tell, stop)?)
}

/// Runs a point in a new process, and returns why it failed, if it did. What it says goes into its log.
fn in_a_process(sweep: &SweepDirectory, point: &Point, threads: usize, stop: &AtomicBool) -> Result<(), String> {
    let number = sweep.points().iter().position(|own| own == point).map_or(0, |place| place + 1);
    let log = sweep.log(point);
    let said = |error: std::io::Error| format!("can't start it: {error}");
    let program = std::env::current_exe().map_err(said)?;
    let file = File::create(&log).map_err(said)?;
    let mut command = Command::new(program);
    command.arg("sweep").arg(sweep.path()).args(["--point", &number.to_string()]);
    command.env("RAYON_NUM_THREADS", threads.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    let status = command.status().map_err(said)?;
    if status.success() {
        return Ok(());
    }
    if stop.load(Ordering::Relaxed) {
        return Err("stopped".to_owned());
    }
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    Err(reason(&text, status))
}

/// Why a process failed: the last that it said from its error on, and how it ended if it said none.
fn reason(log: &str, status: ExitStatus) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.iter().rposition(|line| line.starts_with("error"));
    match from {
        Some(from) => lines[from..].iter().take(KEPT).copied().collect::<Vec<_>>().join("\n"),
        None => {
            let last = &lines[lines.len().saturating_sub(KEPT)..];
            let words = format!("it ended without a word ({status}); the system may have been out of memory");
            std::iter::once(words.as_str()).chain(last.iter().copied()).collect::<Vec<_>>().join("\n")
        }
    }
}
