//! A program of two objectives that train on made-up images, and somebody who watches.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use diadc::execute::{Engine, HostTensor};
use diadc::graph::program::{
    Decay, Function, ImageFormat, Init, Length, Objective, Optimizer, Phase, Point, Program, Schedule, Scope, Stage,
    Weight,
};
use diadc::graph::written::Written;
use diadc::op::{Binary, Op, Unary, WeightId};
use diadc::train::{
    Every, FitProgress, Keep, LossPoint, Observer, Outcome, Progress, Samples, Settings, TrainError, Trainer,
};

use crate::run::net::{Net, dims, engine, origin};
use crate::weight::first_values;

/// Images of two by two pixels; `broken` is one that can't be read.
pub(crate) struct Images {
    pub(crate) count: usize,
    pub(crate) broken: Option<usize>,
}

impl Samples for Images {
    fn len(&self) -> usize {
        self.count
    }

    fn image(&self, index: usize, _pass: Option<u64>) -> Result<Vec<f32>, Box<dyn Error + Send + Sync>> {
        if self.broken == Some(index) {
            return Err("the file is empty".into());
        }
        Ok((0..12).map(|i| ((index * 12 + i) as f32 * 0.37).sin()).collect())
    }

    fn class(&self, index: usize) -> usize {
        index % 3
    }
}

/// The error of rebuilding noisy images, or of telling the class from them.
fn objective(name: &str, weight: u32, takes_class: bool) -> Function {
    let mut net = Net::default();
    let image = net.input("image", "B 3 2 2");
    let noise = net.normal(name, "B 3 2 2");
    let noise = net.unary(Unary::MulScalar(0.1), noise);
    let noisy = net.binary(Binary::Add, image, noise);
    let flat = net.add(Op::Reshape(dims("B 12")), &[noisy]);
    let shared = net.weight(0, "12 12");
    let inner = net.linear(flat, shared);
    let inner = net.unary(Unary::Tanh, inner);
    let own = net.weight(weight, "12 12");
    let out = net.linear(inner, own);
    let target = if takes_class {
        let fact = diadc::fact::Fact::int(dims("B"));
        let class = net.add(Op::Input { name: "class".to_owned(), fact }, &[]);
        let class = net.add(Op::Cast(diadc::fact::DType::Float), &[class]);
        net.add(Op::Reshape(dims("B 1")), &[class])
    } else {
        net.add(Op::Reshape(dims("B 12")), &[image])
    };
    let error = net.binary(Binary::Sub, out, target);
    let square = net.binary(Binary::Mul, error, error);
    let loss = net.mean(square);
    let mean = net.mean(inner);
    let mut function = net.function(&[("loss", loss)]);
    name.clone_into(&mut function.name);
    function.updates.push((WeightId(3), mean));
    function
}

pub(crate) fn adam(lr: f64) -> Optimizer {
    Optimizer::Adam { lr, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: Decay::OfWeight(0.01), amsgrad: false }
}

/// Both objectives in turns, then the first alone.
pub(crate) fn program() -> Program {
    let weight = |path: &str, shape: &[usize], init: Init| Weight {
        path: path.to_owned(),
        shape: shape.to_vec(),
        init,
        is_statistic: shape.is_empty(),
        span: origin().span,
    };
    let normal = Init::Normal { mean: 0.0, std: 0.3 };
    let phase = |objectives: &[&str], optimizer, schedule, length| {
        let objectives = objectives.iter().map(|&name| name.to_owned()).collect();
        Phase { schedule, accumulate: 2, clip_norm: Some(1.0), ..Phase::new(objectives, optimizer, 2, length) }
    };
    let sgd = Optimizer::Sgd { lr: 0.05, momentum: 0.9, weight_decay: 0.0, nesterov: false };
    Program {
        name: "toy".to_owned(),
        doc: String::new(),
        params: Vec::new(),
        parts: Vec::new(),
        ignored: Vec::new(),
        weights: vec![
            weight("shared", &[12, 12], normal.clone()),
            weight("rebuild", &[12, 12], normal),
            weight("tell", &[12, 12], Init::CopyOf("rebuild".to_owned())),
            weight("mean", &[], Init::Constant(0.0)),
        ],
        functions: vec![objective("rebuild", 1, false), objective("tell", 2, true)],
        objectives: vec![
            Objective { name: "rebuild".to_owned(), trains: vec![WeightId(0), WeightId(1)] },
            Objective { name: "tell".to_owned(), trains: vec![WeightId(0), WeightId(2)] },
        ],
        stages: [
            phase(
                &["rebuild", "tell"],
                adam(0.01),
                Schedule::Cosine { warmup: Point::Step(2), end: 0.1 },
                Length::Steps(8),
            ),
            phase(&["rebuild"], sgd, Schedule::Constant { warmup: Point::Step(0) }, Length::Epochs(2)),
        ]
        .map(Stage::Training)
        .into(),
        data: Some(ImageFormat::plain(2, 2)),
        sources: Vec::new(),
        measure: diadc::measure::Measure::default(),
        scopes: vec![Scope { parent: None, label: "toy".into(), block: None, part: None, span: None }],
        written: Written::default(),
    }
}

/// The trainings of a program.
pub(crate) fn phases(program: &mut Program) -> Vec<&mut Phase> {
    let stages = program.stages.iter_mut().filter_map(|stage| match stage {
        Stage::Training(phase) => Some(phase),
        Stage::Fit(_) => None,
    });
    stages.collect()
}

/// Stops after a step, counted over all phases, and remembers what it was told.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) stop_after: Option<usize>,
    pub(crate) stop: AtomicBool,
}

/// What the watcher heard.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) lines: Vec<String>,
    pub(crate) checkpoints: usize,
}

struct Ear<'a> {
    watch: &'a Watch,
    heard: &'a mut Heard,
}

impl Observer for Ear<'_> {
    fn on_step(&mut self, progress: &Progress<'_>) {
        let Progress { phase, phases, objective, step, steps, .. } = progress;
        self.heard.lines.push(format!("{phase}/{phases} {objective} {step}/{steps}"));
        if self.watch.stop_after == Some(self.heard.lines.len()) {
            self.watch.stop.store(true, Ordering::Relaxed);
        }
    }

    fn on_fit(&mut self, progress: &FitProgress<'_>) {
        let FitProgress { part, pass, passes, done, images, .. } = progress;
        self.heard.lines.push(format!("fit {part} {pass}/{passes} {done}/{images}"));
        if self.watch.stop_after == Some(self.heard.lines.len()) {
            self.watch.stop.store(true, Ordering::Relaxed);
        }
    }

    fn on_checkpoint(&mut self, _path: &Path) {
        self.heard.checkpoints += 1;
    }
}

/// A run that ended.
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) weights: Vec<HostTensor>,
    pub(crate) heard: Heard,
}

/// Trains on 7 images, from the beginning or from the folder's checkpoint.
pub(crate) fn train(
    program: &Program,
    folder: Option<&Path>,
    resumes: bool,
    stop_after: Option<usize>,
) -> Result<Run, TrainError> {
    train_on(program, &Images { count: 7, broken: None }, folder, resumes, stop_after)
}

pub(crate) fn train_on(
    program: &Program,
    images: &dyn Samples,
    folder: Option<&Path>,
    resumes: bool,
    stop_after: Option<usize>,
) -> Result<Run, TrainError> {
    train_within(1 << 20, program, images, folder, resumes, stop_after)
}

/// The same with so many bytes for features.
pub(crate) fn train_within(
    room: u64,
    program: &Program,
    images: &dyn Samples,
    folder: Option<&Path>,
    resumes: bool,
    stop_after: Option<usize>,
) -> Result<Run, TrainError> {
    let watch = Watch { stop_after, ..Watch::default() };
    let mut engine: Box<dyn Engine> = engine(&first_values(program, 5));
    let keep = folder.map(|folder| Keep { folder: folder.to_owned(), every: Every::Steps(3) });
    let settings = Settings {
        seed: 5,
        keep,
        threads: 2,
        room,
        sources: &[],
        notes: [("spec".to_owned(), "abc".to_owned())].into(),
        stop: &watch.stop,
    };
    let mut heard = Heard::default();
    let mut trainer = Trainer::new(program, engine.as_mut(), images, settings);
    if resumes {
        trainer.resume()?;
    }
    let outcome = trainer.run(&mut Ear { watch: &watch, heard: &mut heard })?;
    let weights = program.weights().map(|(id, _)| engine.weight(id).expect("the processor answers")).collect();
    Ok(Run { outcome, weights, heard })
}

/// The losses of an objective.
pub(crate) fn losses(curve: &[LossPoint], objective: usize) -> Vec<f32> {
    curve.iter().filter(|point| point.objective == objective).map(|point| point.loss).collect()
}
