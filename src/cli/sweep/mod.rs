//! `diadc sweep`: runs of one spec with settings, seeds or classes that vary, in one table.

mod preview;
mod slurm;
mod work;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::compile::compile;
use crate::diagnostic::{bytes as written, count};
use crate::experiment::sweep::{Axis, Plan, SweepDirectory, SweepRequest, plan, read_sweep, seeds, table, write_table};
use crate::experiment::{ExperimentError, RunDirectory, Setup, memory_left, owner};
use crate::report;

use super::arguments::{
    DataArguments, DeviceArguments, DrawArguments, MeasureArguments, Setting, SpecArguments, bytes, command, setting,
};
use super::failure::Failure;
use super::finish::check_images;
use super::terminal;

/// Runs a spec with settings, seeds or classes that vary, and gathers all results in one table
///
/// Its points are all combinations of the values that `--over` names, the seeds and, with `--each-class`, the classes. All of
/// them are checked before one runs. Each is a run of its own under `points/`; stages of training that several have in
/// common, program and predecessors, are trained once. The table lists points that fail; they do not end the sweep. A
/// sweep that was ended, in whatever way, goes on with `diadc sweep DIR`.
///
/// A TOML file says the same: `spec`, `dataset`, `data`, `classes`, `weights`, `protocols`, `[set]`, `[over]` with a list of
/// values for each name, `[[points]]` with settings that go together, `seeds`, `each_class`, and in `[published]` what a
/// publication prints for the points. `specs/sweeps/` has those of the tables of DiAD's paper.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc sweep tiny --over 'scales=[1,2],[2,3],[1,2,3]' --over fusion=off,in_silu --seeds 1..=3
  diadc sweep tiny --over steps=5,10,20 --dry-run       what all points cost, and what they share
  diadc sweep my.diad --dataset mvtec --data DIR --each-class --jobs 2
  diadc sweep my.diad --over rebuilding.lr=1e-3,1e-4 --memory 8GB --out runs/rates
  diadc sweep ablation.toml                             what a file says
  diadc sweep specs/sweeps/table9.toml --spec tiny --dataset toy --out runs/scales
  diadc sweep runs/rates                                goes on with a sweep, and shows its table
  diadc sweep runs/rates --point 3                      one point alone, as a task of a cluster runs it
  diadc sweep my.diad --over width=16,32 --out runs/widths --slurm --slurm-option=--partition=gpu
  diadc sweep runs/widths --collect                     the table of what has been measured so far")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Sweep {
    /// A .diad file, one that comes with diadc, a TOML file, or the directory of a sweep to go on with
    what: String,

    /// The spec that is swept in place of that of a TOML file
    #[arg(long, value_name = "SPEC")]
    spec: Option<String>,

    /// Sets a param for all points, as in --set size=64
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<Setting>,

    /// A param and the values that it takes, separated by commas
    #[arg(long, value_name = "NAME=A,B", value_parser = Axis::parse)]
    over: Vec<Axis>,

    /// Seeds, as in 1..=3 or 1,2,5 [default: 1]
    #[arg(long, value_name = "SEEDS", value_parser = seed_list)]
    seeds: Option<SeedList>,

    /// A model for each class of the data set, in place of one for all
    #[arg(long)]
    each_class: bool,

    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    measure: MeasureArguments,
    #[command(flatten)]
    draws: DrawArguments,

    /// Weights to start from: safetensors, or what PyTorch writes
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME", requires = "weights")]
    within: Option<String>,

    /// The most memory that a point may take, as in 8GB; a sweep with one that needs more is refused before it begins
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,

    /// Points that run at a time
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,

    /// Shows what the points cost and share, and runs none
    #[arg(long)]
    dry_run: bool,

    /// Submits the points that have no result yet to Slurm, a task each, in place of running them; `--jobs` says how many run
    /// at a time. Every node must see the directory of the sweep, the data and the weights
    #[arg(long, conflicts_with_all = ["dry_run", "point"])]
    slurm: bool,

    /// An option of `sbatch` for the jobs, as in --slurm-option=--partition=gpu
    #[arg(long, value_name = "OPTION", requires = "slurm", allow_hyphen_values = true, value_parser = slurm_option)]
    slurm_option: Vec<String>,

    /// Shows the table of what has been measured so far, and runs nothing
    #[arg(long, conflicts_with_all = ["dry_run", "point", "slurm"])]
    collect: bool,

    /// Runs the point of this number alone, of the directory of a sweep
    #[arg(long, value_name = "N")]
    point: Option<usize>,

    /// The directory of the sweep [default: a new one under runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: SweepFormat,
}

/// An option of `sbatch`, which stands on a line of its own in a script.
fn slurm_option(text: &str) -> Result<String, String> {
    if text.starts_with('-') && !text.contains(['\n', '\r']) {
        return Ok(text.to_owned());
    }
    Err("write an option as sbatch takes it, as in --partition=gpu".to_owned())
}

/// How the table of a sweep is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SweepFormat {
    Table,
    Csv,
    Json,
}

/// Seeds in the order in which they were written.
#[derive(Clone, Debug)]
struct SeedList(Vec<u64>);

fn seed_list(text: &str) -> Result<SeedList, String> {
    seeds(text).map(SeedList)
}

impl Sweep {
    pub(super) fn run(self) -> Result<(), Failure> {
        let path = Path::new(&self.what);
        if path.is_dir() {
            refuse("a sweep that has begun", &[self.of_points(), self.of_setup()].concat())?;
            let sweep = SweepDirectory::open(path)?;
            return match self.point {
                Some(number) => work::alone(&sweep, number),
                None => self.go_on(&sweep),
            };
        }
        if self.collect {
            return Err(Failure::Usage("`--collect` needs the directory of a sweep".to_owned()));
        }
        if self.point.is_some() {
            return Err(Failure::Usage("`--point` needs the directory of a sweep".to_owned()));
        }
        let (request, setup) = self.request()?;
        let location = setup.location();
        let plan = plan(&request, &setup, self.memory, &|settings| {
            compile(&location, settings).map_err(|mut failed| {
                failed.advise();
                ExperimentError::Spec(failed)
            })
        })?;
        terminal::diagnostics(&plan.compiled.warnings, &plan.compiled.sources);
        self.warn_of_memory(&plan, &setup)?;
        if self.dry_run {
            terminal::result(&match self.format {
                SweepFormat::Table => preview::table(&plan) + "\n",
                SweepFormat::Json => preview::json(&plan),
                SweepFormat::Csv => return Err(Failure::Usage("`--dry-run` prints a table or JSON".to_owned())),
            });
            return Ok(());
        }
        check_images(&setup)?;
        let sweep = SweepDirectory::create(&self.directory(&plan, &setup)?, &plan, &setup)?;
        self.go_on(&sweep)
    }

    /// Runs what has no result yet, here or elsewhere, or only shows what has one.
    fn go_on(&self, sweep: &SweepDirectory) -> Result<(), Failure> {
        if self.slurm {
            let at_a_time = (self.jobs > 1).then_some(usize::from(self.jobs));
            return slurm::submit(sweep, &self.slurm_option, at_a_time);
        }
        if !self.collect {
            let stop = terminal::stop_flag();
            work::all(sweep, usize::from(self.jobs), &stop)?;
        }
        self.show(sweep)
    }

    /// Warns if the points that run at a time need more memory than the machine has left.
    fn warn_of_memory(&self, plan: &Plan, setup: &Setup) -> Result<(), Failure> {
        let most = plan.previews.iter().filter_map(|preview| preview.memory).max().unwrap_or(0);
        let need = most.saturating_mul(u64::from(self.jobs));
        let device = setup.target()?.device;
        if let Some(left) = memory_left(device).filter(|left| need > *left) {
            let (need, left) = (written(need), written(left));
            let jobs = count(usize::from(self.jobs), "point");
            terminal::note(&format!(
                "warning: {jobs} at a time may need {need}, and {} has {left} of memory left",
                owner(device)
            ));
        }
        Ok(())
    }

    /// What the arguments, or the file that they name, ask for: what varies, and what all points have in common.
    fn request(&self) -> Result<(SweepRequest, Setup), Failure> {
        let is_file = Path::new(&self.what).extension().is_some_and(|ending| ending == "toml");
        let (request, setup) = if is_file {
            // Settings that are the same for all points are added to those of the file.
            let of_points = self.of_points().into_iter().filter(|(name, _)| *name != "--set").collect::<Vec<_>>();
            refuse("a TOML file, which says that itself", &of_points)?;
            let (request, setup) = read_sweep(Path::new(&self.what))?;
            self.cited(request, setup)
        } else if self.spec.is_some() {
            return Err(Failure::Usage("`--spec` needs a TOML file whose spec it replaces".to_owned()));
        } else {
            let seeds = self.seeds.clone().map_or_else(|| vec![Setup::default().seed], |SeedList(seeds)| seeds);
            let axes = self.over.clone();
            let request = SweepRequest { axes, rows: Vec::new(), seeds, each_class: self.each_class, citation: None };
            (request, Setup { spec: self.what.clone(), settings: self.settings.clone(), ..Setup::default() })
        };
        let config = SpecArguments { spec: setup.spec.clone(), settings: Vec::new() }.config()?;
        let setup = self.device.over(setup, false, &config)?;
        let setup = self.measure.over(self.data.over(setup, &config));
        let setup = Setup {
            draws: self.draws.draws.unwrap_or(setup.draws),
            weights: self.weights.clone().or(setup.weights),
            within: self.within.clone().or(setup.within),
            command: command(),
            ..setup
        };
        Ok((request, setup))
    }

    /// The sweep of a file, of another spec if one is given, and under more settings. Published figures are of what the file
    /// itself names, and say nothing of others.
    fn cited(&self, request: SweepRequest, setup: Setup) -> (SweepRequest, Setup) {
        let is_other_data = self.data.dataset.as_ref().is_some_and(|name| *name != setup.dataset);
        let is_other =
            is_other_data || self.spec.is_some() || !self.data.classes.is_empty() || !self.settings.is_empty();
        let (spec, dataset) = (setup.spec.clone(), setup.dataset.clone());
        let settings = [setup.settings, self.settings.clone()].concat();
        let setup = Setup { spec: self.spec.clone().unwrap_or(setup.spec), settings, ..setup };
        let Some(citation) = request.citation.as_ref().filter(|_| is_other) else { return (request, setup) };
        terminal::note(&format!(
            "the figures of {} are of `{spec}` as it is, on all classes of `{dataset}`; they are left out",
            citation.source
        ));
        (SweepRequest { citation: None, ..request }, setup)
    }

    /// A new directory for a sweep.
    fn directory(&self, plan: &Plan, setup: &Setup) -> Result<PathBuf, Failure> {
        if let Some(out) = &self.out {
            return Ok(out.clone());
        }
        let config = SpecArguments { spec: setup.spec.clone(), settings: Vec::new() }.config()?;
        let runs = config.runs.unwrap_or_else(|| PathBuf::from("runs"));
        let name = format!("{}-{}-sweep", plan.compiled.program.name.to_lowercase(), setup.dataset);
        Ok(RunDirectory::create_under(&runs, &name)?.path().to_path_buf())
    }

    /// Shows the table, and writes it.
    fn show(&self, sweep: &SweepDirectory) -> Result<(), Failure> {
        let table = table(sweep);
        let page = write_table(sweep, &table)?;
        terminal::result(&match self.format {
            SweepFormat::Table => report::sweep_table(&table, terminal::charset()) + "\n",
            SweepFormat::Csv => report::sweep_csv(&table),
            SweepFormat::Json => report::sweep_json(&table),
        });
        terminal::note(&format!("table: {}", page.display()));
        let shown = sweep.path().display();
        match (table.failures.len(), table.waiting) {
            (0, 0) => Ok(()),
            (0, waiting) if self.collect => {
                terminal::note(&format!("{} without a result yet", count(waiting, "point")));
                Ok(())
            }
            (0, _) => Err(Failure::Findings(format!("stopped; continue with `diadc sweep {shown}`"))),
            (failed, _) => {
                let words = format!("{} failed; `diadc sweep {shown}` tries them again", count(failed, "point"));
                Err(Failure::Findings(words))
            }
        }
    }

    /// The arguments that say which points there are.
    fn of_points(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--set", !self.settings.is_empty()),
            ("--over", !self.over.is_empty()),
            ("--seeds", self.seeds.is_some()),
            ("--each-class", self.each_class),
        ]
    }

    /// The arguments that say what all points have in common, or are of no use once a sweep has begun.
    fn of_setup(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--dataset", self.data.dataset.is_some()),
            ("--data", self.data.data.is_some()),
            ("--classes", !self.data.classes.is_empty()),
            ("--unmarked", self.data.unmarked.is_some()),
            ("--device", self.device.device.is_some()),
            ("--precision", self.device.precision.is_some()),
            ("--protocol", !self.measure.protocols.is_empty()),
            ("--compare", self.measure.compare.is_some()),
            ("--draws", self.draws.draws.is_some()),
            ("--weights", self.weights.is_some()),
            ("--memory", self.memory.is_some()),
            ("--spec", self.spec.is_some()),
            ("--dry-run", self.dry_run),
            ("--out", self.out.is_some()),
        ]
    }
}

/// Refuses arguments where they would not be followed.
fn refuse(what: &str, arguments: &[(&str, bool)]) -> Result<(), Failure> {
    match arguments.iter().find(|(_, is_given)| *is_given) {
        Some((name, _)) => Err(Failure::Usage(format!("`{name}` does not go with {what}"))),
        None => Ok(()),
    }
}
