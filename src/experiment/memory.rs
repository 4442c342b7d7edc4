//! Estimates before a run begins whether it needs more memory than there is.
//!
//! In: a program, what it runs on, a limit of memory or of what lies in one tensor. Out: nothing, or a [`Shortage`]: each
//! step of training and the scoring that would need more, with a change of the spec or of the precision that would help.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use crate::check::variant::{int_params, with_ints};
use crate::diagnostic::bytes;
use crate::evaluate::score::IMAGES_AT_ONCE;
use crate::execute::{DeviceChoice, cuda_memory_left};
use crate::fact::{Precision, batch_of};
use crate::graph::program::{CHUNK, Fit, Phase, Program, plan_function};
use crate::op::Op;
use crate::plan::memory::{Circumstances, fitting, inference, training};
use crate::plan::{Limit, Plan, largest};
use crate::resolve::spec::Spec;

use super::target::Target;

/// What a run may need more of than there is.
#[derive(Clone, Copy, Debug)]
pub enum Room<'a> {
    /// So many bytes of memory.
    Memory(u64),
    /// What a device holds in one tensor.
    Tensor(&'a Limit),
}

impl Room<'_> {
    /// How many bytes there are.
    fn bytes(self) -> u64 {
        match self {
            Room::Memory(bytes) => bytes,
            Room::Tensor(limit) => limit.bytes as u64,
        }
    }

    /// How many bytes a plan without gradients needs; none if an extent is open besides the batch.
    fn of_plan(self, program: &Program, plan: &Plan, circumstances: Circumstances) -> Option<u64> {
        match self {
            Room::Memory(_) => inference(program, plan, circumstances).map(|own| own.total()),
            Room::Tensor(limit) => {
                let weights = |id| program.weight(id).shape.clone();
                let Circumstances { batch, precision, .. } = circumstances;
                largest(plan, &weights, &batch_of(batch), limit.ways, precision).map(|own| own.bytes as u64)
            }
        }
    }

    /// How many bytes a step of training needs.
    fn of_step(self, program: &Program, plan: &Plan, phase: &Phase, target: Target) -> Option<u64> {
        let circumstances = target.circumstances(phase.batch);
        match self {
            Room::Memory(_) => training(program, plan, phase, circumstances).map(|own| own.total()),
            Room::Tensor(_) => self.of_plan(program, plan, circumstances),
        }
    }

    /// How many bytes a fit needs that sees this number of images.
    fn of_fit(self, program: &Program, fit: &Fit, images: usize, target: Target) -> Option<u64> {
        let circumstances = target.circumstances(CHUNK);
        match self {
            Room::Memory(_) => fitting(program, fit, Some(images), circumstances).map(|own| own.total()),
            Room::Tensor(_) => {
                let passes = fit.passes.iter();
                passes.filter_map(|pass| self.of_plan(program, &plan_function(&pass.each, &[]), circumstances)).max()
            }
        }
    }
}

/// A run needs more memory than there is for it, or more in one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// How many bytes there are.
    pub limit: u64,
    /// What needs more than that.
    pub excesses: Vec<Excess>,
    /// Settings, as a command line says them, each of which alone would be enough; looked for where something that needs
    /// more has no remedy of its own.
    pub settings: Vec<String>,
}

/// A part of a run that needs more memory than there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excess {
    /// A step of training.
    Training {
        /// The objective.
        objective: String,
        /// Images of a batch.
        batch: usize,
        /// How many bytes it needs.
        need: u64,
        /// What would help.
        remedy: Remedy,
    },
    /// A fit.
    Fitting {
        /// The part whose tensors it computes.
        part: String,
        /// How many bytes it needs.
        need: u64,
        /// From how many rows a coreset could be chosen, as a spec or a command line says it, if fewer would be enough.
        at_most: Option<String>,
    },
    /// Scoring of a batch of images.
    Scoring {
        /// How many bytes it needs.
        need: u64,
    },
    /// A run of a function or objective whose time is to be measured.
    Measuring {
        /// The function or objective.
        name: String,
        /// Images of a batch.
        batch: usize,
        /// How many bytes it needs.
        need: u64,
    },
}

/// A change with which a step of training needs less memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Smaller batches, of which several make a step of the same size.
    SmallerBatch {
        /// Images of a batch.
        batch: usize,
        /// Batches of a step.
        accumulate: usize,
        /// How many bytes it then needs.
        need: u64,
    },
    /// Products in bf16.
    Bf16 {
        /// How many bytes it then needs.
        need: u64,
    },
    /// A smaller model or image.
    SmallerModel,
}

/// The parts of a run that need more than there is; `None` if there are none. `images` is the number of training images, and
/// `scores` says whether the run ends with scoring.
#[must_use]
pub fn shortage(program: &Program, images: usize, target: Target, room: Room<'_>, scores: bool) -> Option<Shortage> {
    let limit = room.bytes();
    let mut excesses = Vec::new();
    for fit in program.fits() {
        let need = room.of_fit(program, fit, images, target);
        let Some(need) = need.filter(|need| *need > limit) else { continue };
        let at_most = match room {
            Room::Memory(_) => at_most(program, fit, images, need, limit),
            // Its images come a few at a time, whatever is gathered of them.
            Room::Tensor(_) => None,
        };
        excesses.push(Excess::Fitting { part: fit.part.clone(), need, at_most });
    }
    for phase in program.phases() {
        for name in &phase.objectives {
            excesses.extend(excess(program, phase, name, target, room));
        }
    }
    if let Some(plan) = program.plan("score", &[]).filter(|_| scores) {
        let need = room.of_plan(program, &plan, target.circumstances(IMAGES_AT_ONCE));
        excesses.extend(need.filter(|need| *need > limit).map(|need| Excess::Scoring { need }));
    }
    (!excesses.is_empty()).then_some(Shortage { limit, excesses, settings: Vec::new() })
}

impl Shortage {
    /// The same with smaller values of `param`s that would be enough, if something has no remedy of its own; `remains` is
    /// what would be short in another program.
    #[must_use]
    pub fn advised(self, spec: &Spec, remains: impl Fn(&Program) -> Option<Shortage> + Sync) -> Shortage {
        if !self.excesses.iter().any(Excess::lacks_remedy) {
            return self;
        }
        let is_enough =
            |name: &Arc<str>, value: i64| with_ints(spec, &[(name.clone(), value)]).map(|own| remains(&own).is_none());
        let settings = int_params(spec).into_par_iter().filter_map(|param| {
            let (name, smaller) = (&param.name, param.smaller());
            // Less is needed the smaller the value is: where the least that is legal is too much, all are.
            let least = smaller.iter().find_map(|&value| is_enough(name, value).map(|enough| (value, enough)));
            let (least, _) = least.filter(|(_, enough)| *enough)?;
            let larger = smaller.iter().rev().take_while(|value| **value > least);
            let value = larger.copied().find(|&value| is_enough(name, value) == Some(true)).unwrap_or(least);
            Some(format!("--set {name}={value}"))
        });
        Shortage { settings: settings.collect(), ..self }
    }

    /// What to tell a user who has set no limit: how much memory the device has left, and what needs more.
    #[must_use]
    pub fn warning(&self, device: DeviceChoice) -> String {
        format!("warning: {} has {} of memory left\n{self}", owner(device), bytes(self.limit))
    }
}

/// From how many rows the coreset of a fit could be chosen within the limit, if that leaves any choice.
fn at_most(program: &Program, fit: &Fit, images: usize, need: u64, limit: u64) -> Option<String> {
    let pairs = fit.passes.iter().flat_map(|pass| pass.gathers.iter().map(move |gather| (pass, gather)));
    let mut hoards = pairs.filter_map(|(pass, gather)| Some((pass.hoard(gather, Some(images))?, gather)));
    let (hoard, gather) = hoards.find(|(hoard, _)| hoard.is_choice)?;
    let rest = need.saturating_sub(hoard.bytes());
    let rows = limit.checked_sub(rest)? / hoard.bytes_of_row;
    let chosen = u64::try_from(gather.fact.shape.0[0].known()?).ok()?;
    let param =
        if let Op::Coreset(coreset) = &gather.op { program.only_param(&coreset.at_most.to_string()) } else { None };
    (rows >= chosen).then(|| match param {
        Some(param) => format!("--set {param}={rows}"),
        None => format!("at_most: {rows}"),
    })
}

fn excess(program: &Program, phase: &Phase, name: &str, target: Target, room: Room<'_>) -> Option<Excess> {
    let limit = room.bytes();
    let objective = program.objectives.iter().find(|objective| objective.name == name)?;
    let function = program.function(name)?;
    let plan = program.plan_in(phase, function, &objective.trains);
    let own = room.of_step(program, &plan, phase, target).filter(|own| *own > limit)?;
    let samples = phase.batch * phase.accumulate.max(1);
    let smaller = (1..phase.batch).rev().filter(|batch| samples.is_multiple_of(*batch));
    let several = program.plan_in(&Phase { accumulate: 2, ..phase.clone() }, function, &objective.trains);
    let fitting =
        smaller.map(|batch| Phase { batch, accumulate: samples / batch, ..phase.clone() }).find_map(|phase| {
            Some((room.of_step(program, &several, &phase, target).filter(|need| *need <= limit)?, phase))
        });
    let rounded = room.of_step(program, &plan, phase, Target { precision: Precision::Bf16, ..target })?;
    let remedy = match fitting {
        Some((need, Phase { batch, accumulate, .. })) => Remedy::SmallerBatch { batch, accumulate, need },
        None if rounded <= limit => Remedy::Bf16 { need: rounded },
        None => Remedy::SmallerModel,
    };
    Some(Excess::Training { objective: name.to_owned(), batch: phase.batch, need: own, remedy })
}

/// Bytes of memory that are left for a run: those of the machine on the CPU, or else the card's own; `None` if that is not
/// known.
#[must_use]
pub fn memory_left(device: DeviceChoice) -> Option<u64> {
    match device {
        DeviceChoice::Cpu => {
            let text = std::fs::read_to_string("/proc/meminfo").ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
        }
        DeviceChoice::Cuda(index) => cuda_memory_left(index),
    }
}

/// Whose memory a run on a device takes, in words.
#[must_use]
pub fn owner(device: DeviceChoice) -> String {
    match device {
        DeviceChoice::Cpu => "this machine".to_owned(),
        DeviceChoice::Cuda(_) => format!("`{device}`"),
    }
}

/// The most memory that this process has held, in bytes; known only on Linux.
#[must_use]
pub fn most_held() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = self.excesses.iter().map(|excess| format!("  {excess}")).collect();
        if self.settings.is_empty() && self.excesses.iter().any(Excess::lacks_remedy) {
            lines.push("  a smaller value of one `param` alone would not be enough".to_owned());
        } else if !self.settings.is_empty() {
            let settings: Vec<String> = self.settings.iter().map(|own| format!("`{own}`")).collect();
            lines.push(format!("  {} would be enough", settings.join(" or ")));
        }
        f.write_str(&lines.join("\n"))
    }
}

impl Excess {
    /// Whether it names no change that would help.
    fn lacks_remedy(&self) -> bool {
        match self {
            Excess::Training { remedy, .. } => *remedy == Remedy::SmallerModel,
            Excess::Fitting { at_most, .. } => at_most.is_none(),
            Excess::Scoring { .. } => true,
            Excess::Measuring { .. } => false,
        }
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Excess::Training { objective, batch, need, remedy } => {
                write!(f, "training `{objective}` with a batch of {batch} needs {}; {remedy}", bytes(*need))
            }
            Excess::Fitting { part, need, at_most: Some(rows) } => write!(
                f,
                "the fit of `{part}` needs {}; its `coreset` would do with `{rows}` rows to choose from",
                bytes(*need)
            ),
            Excess::Fitting { part, need, at_most: None } => {
                write!(f, "the fit of `{part}` needs {}", bytes(*need))
            }
            Excess::Scoring { need } => write!(f, "scoring {IMAGES_AT_ONCE} images at once needs {}", bytes(*need)),
            Excess::Measuring { name, batch, need } => write!(
                f,
                "measuring `{name}` with a batch of {batch} needs {}; choose smaller batches with `--batch`, or less work with `--phases`",
                bytes(*need)
            ),
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::SmallerBatch { batch, accumulate, need } => {
                let need = bytes(*need);
                write!(f, "`batch = {batch}  accumulate = {accumulate}` takes as large steps and needs {need}")
            }
            Remedy::Bf16 { need } => write!(f, "with `--precision bf16` it needs {}", bytes(*need)),
            Remedy::SmallerModel => f.write_str("no batch is small enough"),
        }
    }
}
