//! Experiments as a user of the library runs them: without the command line, watched and stopped by an observer.

mod names;
mod sweeps;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use diadc::compile::compile;
use diadc::dataset;
use diadc::execute::{DeviceChoice, HostTensor};
use diadc::experiment::{
    Excess, Experiment, ExperimentError, Listed, Model, Observer, Remedy, Results, Room, Row, Run, RunDirectory, Saved,
    Saving, ScoredImage, Setup, Target, predict, shortage, write_report,
};
use diadc::fact::Precision;
use diadc::plan::memory::inference;
use diadc::plan::{Limit, Ways};
use diadc::report::Report;
use diadc::train::{self, Progress};
use diadc::weight::{self, Place};

use crate::cli::SMALL;

/// Counts what it hears, and asks for a stop after so many steps.
struct Listener<'a> {
    stop: &'a AtomicBool,
    stop_after: Option<u64>,
    steps: u64,
    weights: usize,
    scored: usize,
}

impl Listener<'_> {
    fn new(stop: &AtomicBool) -> Listener<'_> {
        Listener { stop, stop_after: None, steps: 0, weights: 0, scored: 0 }
    }
}

impl train::Observer for Listener<'_> {
    fn on_step(&mut self, progress: &Progress<'_>) {
        self.steps += 1;
        if self.stop_after == Some(progress.step) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Observer for Listener<'_> {
    fn on_weights(&mut self, done: usize, all: usize) {
        assert!(done <= all);
        self.weights = done;
    }

    fn on_scored(&mut self, done: usize, all: usize) {
        assert!(done <= all);
        self.scored = done;
    }
}

/// The small autoencoder on two classes of the toy data set.
fn small(folder: &Path) -> Setup {
    let spec = folder.join("small.diad");
    fs::write(&spec, SMALL).expect("a file can be written");
    Setup {
        spec: spec.display().to_string(),
        classes: Some(vec!["tile".to_owned(), "wood".to_owned()]),
        ..Setup::default()
    }
}

fn experiment(setup: Setup) -> Experiment {
    let compiled = compile(&setup.location(), &setup.settings).expect("the spec is right");
    let dataset = dataset::open(&setup.request()).expect("the toy data set is always there");
    Experiment::new(setup, compiled, dataset).expect("it can train and score")
}

/// Runs it into a new directory of this path and writes the report.
fn whole(experiment: &Experiment, path: &Path) -> Report {
    let directory = RunDirectory::create(path).expect("nothing is there");
    let mut run = Run::start(experiment, &mut ()).expect("the CPU is always there");
    let report = run.finish(&directory, &mut (), &AtomicBool::new(false)).expect("it runs").expect("it is scored");
    write_report(&directory, &report).expect("the disk has room");
    report
}

#[test]
fn an_observer_hears_of_each_step_and_image_and_the_report_lies_in_the_directory() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let experiment = experiment(small(folder.path()));
    let stop = AtomicBool::new(false);
    let mut listener = Listener::new(&stop);
    let directory = RunDirectory::create(&folder.path().join("run")).expect("nothing is there");
    let mut run = Run::start(&experiment, &mut listener).expect("the CPU is always there");
    let report = run.finish(&directory, &mut listener, &stop).expect("it runs").expect("it is scored");
    let page = write_report(&directory, &report).expect("the disk has room");
    assert_eq!(listener.steps, 30);
    assert_eq!(listener.weights, experiment.compiled.program.weights.len());
    assert_eq!(listener.scored, experiment.dataset.test.len());
    assert_eq!(report.evaluations[0].classes.len(), 2);
    assert!(page.exists() && directory.weights().exists() && directory.path().join("metrics.json").exists());
}

#[test]
fn trained_weights_are_worth_what_the_run_has_found() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let experiment = experiment(small(folder.path()));
    let found = whole(&experiment, &folder.path().join("run"));
    let weights = folder.path().join("run/weights.safetensors");
    let mut run = Run::of_weights(&experiment, Place::of(&weights), &mut ()).expect("the weights fit");
    let report = run.evaluate(&mut (), &AtomicBool::new(false)).expect("it runs").expect("nobody stops it");
    assert_eq!(report.evaluations, found.evaluations);
    assert!(report.losses.is_empty());
    let stopped = run.evaluate(&mut (), &AtomicBool::new(true)).expect("it runs");
    assert!(stopped.is_none(), "it was stopped before the first image");
}

#[test]
fn a_score_needs_no_weights_that_only_a_training_reads() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let spec = folder.path().join("spare.diad");
    let text = "
        model Spare {
            data { size = 8 }
            part map   = Map()
            part judge = Map()
            objective training(image) trains map, judge { mean(map(image) + judge(image)) }
            training training { optimizer = adamw(lr: 1e-3)  batch = 2  steps = 1 }
            score(image) { let map = map(image)  {map: map, value: max(map, axis: [1, 2, 3])} }
        }
        block Map() { fn (x: [B, 3, H, W]) { conv(x, 1, out: 1) @ \"conv\" } }";
    fs::write(&spec, text).expect("it can be written");
    let experiment = experiment(Setup { spec: spec.display().to_string(), ..small(folder.path()) });
    let found = whole(&experiment, &folder.path().join("run"));
    let whole = weight::File::open(&folder.path().join("run/weights.safetensors")).expect("the run has written it");
    let kept: Vec<(String, HostTensor)> = whole
        .found()
        .into_iter()
        .filter(|own| own.name.starts_with("map."))
        .map(|own| (own.name.clone(), whole.read(&own.name).expect("it can be read")))
        .collect();
    let named: Vec<(&str, &HostTensor)> = kept.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let part = folder.path().join("part.safetensors");
    weight::write(&part, &named, &BTreeMap::new()).expect("it can be written");
    let mut run = Run::of_weights(&experiment, Place::of(&part), &mut ()).expect("the score needs no more");
    let report = run.evaluate(&mut (), &AtomicBool::new(false)).expect("it runs").expect("nobody stops it");
    assert_eq!(report.evaluations, found.evaluations);
}

#[test]
fn a_model_scores_images_of_no_data_set() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let setup = small(folder.path());
    let target = setup.target().expect("the CPU is always known");
    let compiled = compile(&setup.location(), &[]).expect("the spec is right");
    let engine = target.open(&mut ()).expect("the CPU is always there");
    let mut model = Model::start(&compiled, None, engine, target, 1, &mut ()).expect("the weights are its own");
    let photo = folder.path().join("photo.png");
    image::RgbImage::from_pixel(31, 31, image::Rgb([90; 3])).save(&photo).expect("a picture can be written");
    let directory = RunDirectory::create(&folder.path().join("maps")).expect("nothing is there");
    let saving = Saving { saved: vec![Saved::HeatMap], colours: None, colours_of: 64, threshold: Some(-1.0) };
    let mut rows = Vec::new();
    let mut tell = |row: &Row, image: Option<&ScoredImage>| {
        assert_eq!(image.expect("the image is sound").scored.size, [16, 16]);
        rows.push(row.clone());
        Ok(())
    };
    let results = Results { saving: &saving, directory: Some(&directory), tell: &mut tell };
    let (mut source, stop) = (Listed::new(vec![photo]), AtomicBool::new(false));
    let summary = predict(&mut model, &mut source, NonZeroU64::MIN, results, &mut (), &stop).expect("it runs");
    assert_eq!((summary.scored, summary.failed, summary.anomalous), (1, 0, 1));
    assert!(rows.len() == 1 && directory.path().join(&rows[0].files[0]).exists(), "{rows:?}");
}

#[test]
fn an_experiment_that_was_stopped_ends_with_the_same_weights() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let experiment = experiment(small(folder.path()));
    let found = whole(&experiment, &folder.path().join("whole"));

    let path = folder.path().join("stopped");
    let directory = RunDirectory::create(&path).expect("nothing is there");
    directory.write_record(&experiment.record, &experiment.compiled).expect("the disk has room");
    let stop = AtomicBool::new(false);
    let mut listener = Listener { stop_after: Some(11), ..Listener::new(&stop) };
    let mut run = Run::start(&experiment, &mut listener).expect("the CPU is always there");
    let stopped = run.finish(&directory, &mut listener, &stop).expect_err("it is stopped");
    assert!(matches!(stopped, ExperimentError::Stopped(at) if at == path));
    assert!(!directory.weights().exists());

    let (experiment, directory) = Experiment::reopen(&path).expect("nothing has changed");
    let mut run = Run::start(&experiment, &mut ()).expect("the CPU is always there");
    let report = run.finish(&directory, &mut (), &AtomicBool::new(false)).expect("it runs").expect("it is scored");
    assert_eq!(report.evaluations, found.evaluations);
    let read = |path: &Path| fs::read(path).expect("the run wrote it");
    assert_eq!(read(&directory.weights()), read(&folder.path().join("whole/weights.safetensors")));
}

#[test]
fn an_experiment_that_needs_too_much_memory_says_what_does() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let experiment = experiment(small(folder.path()));
    let Err(ExperimentError::Memory(shortage)) = experiment.check_memory(Some(1_000_000)) else {
        panic!("a megabyte is enough for nothing")
    };
    assert!(matches!(&shortage.excesses[..], [Excess::Training { batch: 8, .. }, Excess::Scoring { .. }]));
}

#[test]
fn settings_that_are_named_where_memory_is_short_are_enough() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let setup = Setup { spec: "small".to_owned(), ..small(folder.path()) };
    let own = [("size", "256"), ("denoising.batch", "1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let of = |more: &[(String, String)]| {
        let kept = own.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        experiment(Setup { settings: kept.chain(more).cloned().collect(), ..setup.clone() })
    };
    let short = |budget| match of(&[]).check_memory(Some(budget)) {
        Err(ExperimentError::Memory(shortage)) => Some(shortage),
        _ => None,
    };
    let need = |excess: &Excess| if let Excess::Scoring { need } = excess { Some(*need) } else { None };
    let nothing = short(1).expect("a byte is enough for nothing");
    assert!(nothing.settings.is_empty() && nothing.to_string().ends_with("would not be enough"), "{nothing}");
    let most = nothing.excesses.iter().find_map(need).expect("it scores");
    let shortage = short(most * 4 / 5).expect("it is too little");
    assert!(!shortage.settings.is_empty(), "{shortage}");
    for setting in &shortage.settings {
        let (name, value) = setting.strip_prefix("--set ").and_then(|own| own.split_once('=')).expect("it is one");
        let experiment = of(&[(name.to_owned(), value.to_owned())]);
        assert!(experiment.check_memory(Some(most * 4 / 5)).is_ok(), "{setting} of {shortage}");
    }
    assert!(shortage.to_string().ends_with(" would be enough"), "{shortage}");
}

#[test]
fn a_card_with_too_little_memory_is_told_with_what_would_fit() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let experiment = experiment(Setup { device: "cuda:3".to_owned(), ..small(folder.path()) });
    let of = |target, limit| shortage(&experiment.compiled.program, 8, target, Room::Memory(limit), false);
    let need = |target| match &of(target, 0).expect("nothing is enough for nothing").excesses[..] {
        [Excess::Training { need, .. }] => *need,
        excesses => panic!("{excesses:?}"),
    };
    let limit = need(experiment.target) - 1;
    let cpu = Target { device: DeviceChoice::Cpu, ..experiment.target };
    assert!(limit < need(cpu), "the program itself takes no memory of a card");
    let held = |precision| {
        let circumstances = Target { precision, ..experiment.target }.circumstances(1);
        let plan = experiment.compiled.program.plan("score", &[]).expect("the model has a score");
        inference(&experiment.compiled.program, &plan, circumstances).expect("its extents are known").weights
    };
    assert_eq!(2 * held(Precision::Bf16), 3 * held(Precision::F32), "weights have copies in bf16");
    let shortage = of(experiment.target, limit).expect("one byte is missing");
    let [Excess::Training { remedy: Remedy::SmallerBatch { batch, accumulate, need }, .. }] = shortage.excesses[..]
    else {
        panic!("{shortage:?}")
    };
    assert!(batch < 8 && batch * accumulate == 8 && need <= limit, "{shortage:?}");
    let warning = shortage.warning(experiment.target.device);
    let begins = warning.starts_with("warning: `cuda:3` has ");
    assert!(begins && warning.contains(&format!("`batch = {batch}  accumulate = {accumulate}`")), "{warning}");
}

#[test]
fn a_device_that_holds_too_little_in_one_tensor_is_told_with_what_would_fit() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let setup = Setup { spec: "small".to_owned(), ..small(folder.path()) };
    let of = |settings: &[(String, String)]| experiment(Setup { settings: settings.to_vec(), ..setup.clone() });
    let short = |experiment: &Experiment, bytes| {
        let limit = Limit { device: "a small device".to_owned(), bytes, ways: Ways::COMPOSED };
        match experiment.check_tensors(&limit) {
            Ok(()) => None,
            Err(ExperimentError::Tensor { shortage, .. }) => Some(shortage),
            Err(other) => panic!("{other}"),
        }
    };
    let own = of(&[]);
    let need = |excess: &Excess| match excess {
        Excess::Training { need, .. } | Excess::Scoring { need } => Some(*need as usize),
        Excess::Fitting { .. } | Excess::Measuring { .. } => None,
    };
    let nothing = short(&own, 1).expect("a byte is enough for nothing");
    let most = nothing.excesses.iter().filter_map(need).max().expect("it trains and scores");
    assert!(short(&own, most).is_none());
    let shortage = short(&own, most - 1).expect("a byte is missing");
    let [
        Excess::Training { batch: 8, remedy: Remedy::SmallerBatch { batch: 4, need, .. }, .. },
        Excess::Scoring { .. },
    ] = shortage.excesses[..]
    else {
        panic!("{shortage:?}")
    };
    assert!(need < most as u64 && !shortage.settings.is_empty(), "{shortage}");
    for setting in &shortage.settings {
        let (name, value) = setting.strip_prefix("--set ").and_then(|own| own.split_once('=')).expect("it is one");
        assert!(short(&of(&[(name.to_owned(), value.to_owned())]), most - 1).is_none(), "{setting} of {shortage}");
    }
}

#[test]
fn a_model_that_cannot_score_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let setup = small(folder.path());
    let text = SMALL.split("    score(image)").next().expect("there is a first part");
    fs::write(&setup.spec, format!("{text}}}\n")).expect("a file can be written");
    let compiled = compile(&setup.location(), &[]).expect("training alone is enough");
    let dataset = dataset::open(&setup.request()).expect("the toy data set is always there");
    let refused = Experiment::new(setup, compiled, dataset).err().expect("it can't score");
    assert!(matches!(refused, ExperimentError::NothingToScore(model) if model == "Small"));
}
