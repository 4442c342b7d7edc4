//! Submits the points of a sweep as array jobs of Slurm.

use std::process::{Command, Stdio};

use crate::diagnostic::count;
use crate::experiment::sweep::{ArrayJob, JobSettings, SweepDirectory, array_jobs, is_done};
use crate::experiment::write_file;

use crate::cli::failure::Failure;
use crate::cli::terminal;

/// Writes a script for each wave of points into the directory of the sweep, and submits them, each after the one before.
pub(super) fn submit(sweep: &SweepDirectory, options: &[String], at_a_time: Option<usize>) -> Result<(), Failure> {
    let path = sweep.path().canonicalize().unwrap_or_else(|_| sweep.path().to_path_buf());
    let program = std::env::current_exe().map_err(|error| cannot(&error.to_string()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if path.display().to_string().contains(char::is_whitespace) {
        return Err(Failure::Usage(
            "the directory of a sweep that Slurm runs must have no space in its path".to_owned(),
        ));
    }
    let settings = JobSettings {
        name,
        program: program.display().to_string(),
        sweep: path.display().to_string(),
        options: options.to_vec(),
        at_a_time,
    };
    let jobs = array_jobs(sweep.points(), |point| !is_done(sweep, point), &settings);
    let mut before: Option<String> = None;
    for (number, ArrayJob { points, script }) in jobs.iter().enumerate() {
        let file = path.join(format!("slurm-{}.sh", number + 1));
        write_file(&file, script.as_bytes())?;
        let mut command = Command::new("sbatch");
        command.arg("--parsable").args(before.iter().map(|id| format!("--dependency=afterany:{id}"))).arg(&file);
        let output = command.stdin(Stdio::null()).output().map_err(|error| cannot(&error.to_string()))?;
        if !output.status.success() {
            return Err(cannot(String::from_utf8_lossy(&output.stderr).trim()));
        }
        // `--parsable` prints the number of the job, and the cluster after a semicolon if there are several.
        let said = String::from_utf8_lossy(&output.stdout);
        let id = said.trim().split(';').next().unwrap_or_default().to_owned();
        let after = before.as_ref().map(|id| format!(", after job {id}")).unwrap_or_default();
        terminal::result(&format!("job {id}: {}{after} ({})\n", count(points.len(), "point"), file.display()));
        before = Some(id);
    }
    let shown = sweep.path().display();
    terminal::note(&match before {
        Some(_) => format!("`squeue` shows them; `diadc sweep {shown} --collect` gathers what they have measured"),
        None => format!("all points have results; `diadc sweep {shown} --collect` gathers them"),
    });
    Ok(())
}

fn cannot(reason: &str) -> Failure {
    Failure::Findings(format!("can't submit jobs with `sbatch`: {reason}"))
}
