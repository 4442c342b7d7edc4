//! `diadc resume`, and what it shares with `run`: training, scoring and the report of one run directory.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use crate::compile::{Compiled, compile};
use crate::dataset::{self, Dataset, Request};
use crate::execute::{Engine, threads};
use crate::experiment::{Assessment, ExperimentError, Record, RunDirectory, Target, assess, train};
use crate::report::{self, LossCurve, Published, Report, picture};
use crate::resolve::Location;

use super::arguments::{measures, published};
use super::budget::{bytes, keep};
use super::failure::Failure;
use super::start::{hand_over, start};
use super::terminal::{self, Screen};

/// Goes on with a run that was stopped
#[derive(Args)]
#[command(after_help = "Example:\n  diadc resume runs/tiny-toy-seed1")]
pub(super) struct Resume {
    /// The directory of the run
    dir: PathBuf,

    /// Memory that it may take, as in 8GB: a run that needs more does not go on
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,
}

impl Resume {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (directory, record) = RunDirectory::open(&self.dir)?;
        let setup = &record.setup;
        let compiled = compile(&Location::of(&setup.spec), &setup.settings)?;
        let request = Request { name: setup.dataset.clone(), root: setup.data.clone(), classes: setup.classes.clone() };
        let dataset = dataset::open(&request)?;
        let now = Record::new(setup.clone(), &compiled, &dataset);
        let changed = [
            ("the version of diadc", now.version != record.version),
            ("the spec", now.spec_hash != record.spec_hash),
            ("the list of images", now.data_hash != record.data_hash),
        ];
        if let Some((what, _)) = changed.iter().find(|(_, changed)| *changed) {
            return Err(ExperimentError::Changed { path: self.dir, what: (*what).to_owned() }.into());
        }
        let target = Target { device: setup.device.parse()?, precision: setup.precision, threads: threads() };
        keep(&compiled.program, target, self.memory, setup.scores)?;
        let weights = start(&compiled.program, setup.weights.as_deref())?;
        let mut engine = target.open()?;
        hand_over(&weights, setup.seed, engine.as_mut(), &mut Screen::new())?;
        drop(weights);
        go(Job { compiled, dataset, record, directory, engine })
    }
}

/// A run that has been checked and can start.
pub(super) struct Job {
    pub(super) compiled: Compiled,
    pub(super) dataset: Dataset,
    pub(super) record: Record,
    pub(super) directory: RunDirectory,
    /// It holds the weights to begin with.
    pub(super) engine: Box<dyn Engine>,
}

/// Trains, or goes on with training; then scores and reports.
pub(super) fn go(mut job: Job) -> Result<(), Failure> {
    let stop = terminal::stop_flag();
    let mut screen = Screen::new();
    let setup = &job.record.setup;
    let program = &job.compiled.program;
    terminal::note(&format!(
        "{} on {} ({} classes, {} training and {} test images), device {}; run directory {}",
        program.name,
        job.dataset.name,
        job.dataset.classes.len(),
        job.dataset.train.len(),
        job.dataset.test.len(),
        job.engine.device(),
        job.directory.path().display(),
    ));
    let started = Instant::now();
    let trained = train(program, job.engine.as_mut(), &job.dataset, &job.record, &job.directory, &mut screen, &stop);
    screen.clear();
    let losses = trained?;
    let training = started.elapsed().as_secs_f64();
    let mut timings = vec![("training".to_owned(), training)];
    if !setup.scores {
        terminal::result(&format!("the weights lie in {}\n", job.directory.weights().display()));
        return Ok(());
    }
    let measures = measures(&program.measure, &setup.protocols);
    let published = published(setup.compare.as_deref(), &setup.dataset)?;
    let started = Instant::now();
    let assessment = assess(program, job.engine.as_mut(), &job.dataset, setup.seed, &measures, &mut screen, &stop)?;
    screen.clear();
    let Some(assessment) = assessment else {
        return Err(ExperimentError::Stopped(job.directory.path().to_path_buf()).into());
    };
    timings.push(("scoring".to_owned(), started.elapsed().as_secs_f64()));
    let findings = Findings {
        compiled: &job.compiled,
        spec: &setup.spec,
        dataset: &setup.dataset,
        seed: setup.seed,
        device: job.engine.device(),
        losses,
        timings,
        hashes: vec![
            ("spec SHA-256".to_owned(), job.record.spec_hash.clone()),
            ("data list SHA-256".to_owned(), job.record.data_hash.clone()),
        ],
        published,
    };
    let report = findings.report(assessment);
    super::eval::show(&report);
    write_report(&job.directory, &report)
}

/// What a report is made of besides the assessment.
pub(super) struct Findings<'a> {
    pub(super) compiled: &'a Compiled,
    pub(super) spec: &'a str,
    pub(super) dataset: &'a str,
    pub(super) seed: u64,
    pub(super) device: String,
    pub(super) losses: Vec<LossCurve>,
    pub(super) timings: Vec<(String, f64)>,
    pub(super) hashes: Vec<(String, String)>,
    pub(super) published: Option<Published>,
}

impl Findings<'_> {
    pub(super) fn report(self, assessment: Assessment) -> Report {
        let program = &self.compiled.program;
        let mut facts = vec![("diadc".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
        facts.extend(self.hashes);
        let name = PathBuf::from(self.spec).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Report {
            spec: name.unwrap_or_else(|| self.spec.to_owned()),
            spec_path: Location::of(self.spec).name(),
            model: program.name.clone(),
            dataset: self.dataset.to_owned(),
            seed: self.seed,
            device: self.device,
            parameters: program.params.clone(),
            evaluations: assessment.evaluations,
            published: self.published,
            losses: self.losses,
            examples: assessment.examples,
            timings: self.timings,
            facts,
        }
    }
}

/// Writes the metrics, the pictures and the page of a run, and says where they are.
pub(super) fn write_report(directory: &RunDirectory, report: &Report) -> Result<(), Failure> {
    directory.write("metrics.json", (report::json(report) + "\n").as_bytes())?;
    let mut classes: Vec<&str> = report.examples.iter().map(|example| example.class.as_str()).collect();
    classes.dedup();
    for class in classes {
        let rows: Vec<_> = report
            .examples
            .iter()
            .filter(|example| example.class == class)
            .map(|example| example.panels.iter().map(|panel| panel.image.clone()).collect())
            .collect();
        directory.write(&format!("examples/{class}.png"), &picture::png(&picture::sheet(&rows, 4)))?;
    }
    directory.write("report.html", report::html(report).as_bytes())?;
    terminal::note(&format!("report: {}", directory.path().join("report.html").display()));
    Ok(())
}
