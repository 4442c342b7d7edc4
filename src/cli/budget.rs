//! Whether a run keeps within the memory that it may take, found out before it begins.

use crate::evaluate::score::IMAGES_AT_ONCE;
use crate::execute::DeviceChoice;
use crate::experiment::Target;
use crate::fact::Precision;
use crate::graph::program::{Phase, Program};
use crate::plan::memory::{inference, training};

use super::failure::Failure;
use super::terminal;

/// Bytes, as in `8GB`, `512MB`, `7.5GiB`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 6] =
        [("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("GB", 1e9), ("MB", 1e6), ("G", 1e9), ("M", 1e6)];
    let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)));
    let number = unit.and_then(|(number, size)| Some(number.trim().parse::<f64>().ok()? * size));
    match number {
        Some(number) if number.is_finite() && number > 0.0 => Ok(number as u64),
        _ => Err("write a number with GB, MB, GiB or MiB behind it, as in 8GB".to_owned()),
    }
}

/// Refuses a run that needs more than `budget`. Without one, on the CPU, warns of one that needs more than the machine
/// has left.
pub(super) fn keep(program: &Program, target: Target, budget: Option<u64>, scores: bool) -> Result<(), Failure> {
    let limit = match (budget, target.device) {
        (Some(budget), _) => Some(budget),
        (None, DeviceChoice::Cpu) => available(),
        (None, DeviceChoice::Cuda(_)) => None,
    };
    let Some(limit) = limit else { return Ok(()) };
    let too_much = excesses(program, target, limit, scores);
    if too_much.is_empty() {
        return Ok(());
    }
    let text = too_much.join("\n");
    match budget {
        Some(_) => Err(Failure::Findings(format!("this run does not keep within {}\n{text}", giga(limit)))),
        None => {
            terminal::note(&format!("warning: this machine has {} of memory left\n{text}", giga(limit)));
            Ok(())
        }
    }
}

/// What needs more than the limit, each with what would fit.
fn excesses(program: &Program, target: Target, limit: u64, scores: bool) -> Vec<String> {
    let mut found = Vec::new();
    for phase in &program.phases {
        for name in &phase.objectives {
            found.extend(excess(program, phase, name, target, limit));
        }
    }
    if let Some(plan) = program.plan("score", &[]).filter(|_| scores) {
        let need = inference(program, &plan, target.circumstances(IMAGES_AT_ONCE)).map(|own| own.total());
        if let Some(need) = need.filter(|need| *need > limit) {
            found.push(format!("  scoring {IMAGES_AT_ONCE} images at once needs {}", giga(need)));
        }
    }
    found
}

fn excess(program: &Program, phase: &Phase, name: &str, target: Target, limit: u64) -> Option<String> {
    let objective = program.objectives.iter().find(|objective| objective.name == name)?;
    let plan = program.plan(name, &objective.trains)?;
    let need = |phase: &Phase, target: Target| {
        training(program, &plan, phase, target.circumstances(phase.batch)).map(|own| own.total())
    };
    let own = need(phase, target).filter(|own| *own > limit)?;
    let samples = phase.batch * phase.accumulate.max(1);
    let smaller = (1..phase.batch).rev().filter(|batch| samples.is_multiple_of(*batch));
    let fitting = smaller
        .map(|batch| Phase { batch, accumulate: samples / batch, ..phase.clone() })
        .find_map(|phase| Some((need(&phase, target).filter(|need| *need <= limit)?, phase)));
    let rounded = need(phase, Target { precision: Precision::Bf16, ..target })?;
    let remedy = match fitting {
        Some((need, Phase { batch, accumulate, .. })) => {
            format!("`batch = {batch}  accumulate = {accumulate}` takes as large steps and needs {}", giga(need))
        }
        None if rounded <= limit => format!("with `--precision bf16` it needs {}", giga(rounded)),
        None => "no batch is small enough; choose a smaller model or image".to_owned(),
    };
    Some(format!("  training `{name}` with a batch of {} needs {}; {remedy}", phase.batch, giga(own)))
}

fn giga(bytes: u64) -> String {
    if bytes < 1_000_000_000 {
        format!("{:.0} MB", bytes as f64 / 1e6)
    } else {
        format!("{:.1} GB", bytes as f64 / 1e9)
    }
}

/// Memory that the machine has left; Linux tells it.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}
