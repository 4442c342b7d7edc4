//! The loop over stages: trainings and fits, one after the other, with checkpoints on the way.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::execute::{Engine, PlanId};
use crate::graph::program::{Phase, Program, Stage};

use super::checkpoint::{Checkpoint, Position, TrainingState, save};
use super::choice::Judge;
use super::error::TrainError;
use super::features::Features;
use super::fit::Fitter;
use super::outcome::Outcome;
use super::settings::{Every, Settings};
use super::split::{Chosen, Split};
use super::turn::{Around, Pace, Turn};
use super::{Observer, Samples};

/// A run of training.
pub struct Trainer<'a> {
    pub(super) program: &'a Program,
    pub(super) engine: &'a mut dyn Engine,
    samples: &'a dyn Samples,
    pub(super) settings: Settings<'a>,
    /// How many images trainings see.
    pub(super) shown: usize,
    pub(super) state: TrainingState,
    /// The checkpoint that the run continues from, until the optimisers have taken their moments from it.
    checkpoint: Option<Checkpoint<'a>>,
}

/// The time between two checkpoints is at least this many times the time that writing the last one took.
const PAUSE: u32 = 10;

impl<'a> Trainer<'a> {
    /// A run from the beginning. `engine` holds the weights of `program`.
    #[must_use]
    pub fn new(
        program: &'a Program,
        engine: &'a mut dyn Engine,
        samples: &'a dyn Samples,
        settings: Settings<'a>,
    ) -> Trainer<'a> {
        let state = TrainingState { notes: settings.identity(samples.len()), ..TrainingState::default() };
        Trainer { program, engine, samples, settings, shown: samples.len(), state, checkpoint: None }
    }

    /// Continues from the checkpoint in the folder in which this run writes its own.
    ///
    /// # Errors
    /// If there is no checkpoint, it can't be read, or it belongs to another run.
    pub fn resume(&mut self) -> Result<(), TrainError> {
        let Some(keep) = &self.settings.keep else { return Ok(()) };
        let checkpoint = Checkpoint::open(&keep.folder, self.program)?;
        let path = Checkpoint::path(&keep.folder);
        for (what, expected) in &self.state.notes {
            let found = checkpoint.state.notes.get(what).cloned().unwrap_or_default();
            if found != *expected {
                return Err(TrainError::OtherRun { path, what: what.clone(), found, expected: expected.clone() });
            }
        }
        checkpoint.hand_over_weights(self.engine)?;
        self.state.position = checkpoint.state.position;
        self.state.best.clone_from(&checkpoint.state.best);
        self.state.curve.clone_from(&checkpoint.state.curve);
        self.checkpoint = Some(checkpoint);
        Ok(())
    }

    /// Trains to the end of the last phase, or until `stop` is set.
    ///
    /// # Errors
    /// If an image can't be read, a loss is not finite, a checkpoint can't be written, or the device fails.
    pub fn run(mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        if self.samples.is_empty() {
            return Err(TrainError::NoSamples);
        }
        for (place, source) in self.program.sources.iter().enumerate() {
            if self.settings.sources.get(place).is_none_or(|images| images.is_empty()) {
                return Err(TrainError::NoSource(source.name.clone()));
            }
        }
        let (program, all) = (self.program, self.samples);
        let classes: Vec<usize> = (0..all.len()).map(|index| all.class(index)).collect();
        let share = program.data.map_or(0.0, |format| format.hold_out);
        let split = Split::new(share, &classes, self.settings.seed)?;
        let (shown, held_out) = (Chosen::new(all, &split.shown), Chosen::new(all, &split.held_out));
        self.shown = split.shown.len();
        let mut features = Features::new(program, all, &split, self.settings.room);
        let mut pace = Pace { since: Instant::now(), images: 0, saved: Instant::now(), saving: Duration::ZERO };
        let (mut fits, mut remaining) = (Vec::new(), Vec::new());
        while let Some(stage) = program.stages.get(self.state.position.stage) {
            match stage {
                Stage::Training(phase) => {
                    let turns = self.turns(phase, &features)?;
                    let engine = &mut *self.engine;
                    let judge = Judge::of(phase, program, split.shown.len(), &held_out, &features, engine);
                    let images = &shown;
                    let around = Around { turns: &turns, judge: judge.as_ref(), images };
                    let is_done = self.phase(phase, &around, &mut features, &mut pace, observer)?;
                    if !is_done {
                        self.save(&turns, observer)?;
                        return Ok(Outcome { is_finished: false, curve: self.state.curve, fits, remaining });
                    }
                    remaining.extend(self.settle(phase));
                    for turn in turns {
                        self.engine.release(turn.plan);
                    }
                    if let Some(judge) = judge {
                        judge.release(self.engine);
                    }
                }
                Stage::Fit(fit) => {
                    self.checkpoint = None;
                    let samples = if fit.held_out { &held_out } else { &shown };
                    let (engine, settings) = (&mut *self.engine, &self.settings);
                    let fitter = Fitter { program, engine, samples, features: &mut features, settings };
                    let Some(fitted) = fitter.fit(fit, observer)? else {
                        self.save(&[], observer)?;
                        return Ok(Outcome { is_finished: false, curve: self.state.curve, fits, remaining });
                    };
                    fits.push(fitted);
                }
            }
            self.state.position = Position { stage: self.state.position.stage + 1, step: 0 };
            let is_stopped = self.settings.stop.load(Ordering::Relaxed);
            if self.state.position.stage < program.stages.len() && (is_stopped || matches!(stage, Stage::Fit(_))) {
                self.save(&[], observer)?;
                if is_stopped {
                    return Ok(Outcome { is_finished: false, curve: self.state.curve, fits, remaining });
                }
            }
        }
        features.release(self.engine);
        self.save(&[], observer)?;
        Ok(Outcome { is_finished: true, curve: self.state.curve, fits, remaining })
    }

    /// Plans the objectives of a phase; each has its own optimiser.
    fn turns(&mut self, phase: &Phase, features: &Features<'_>) -> Result<Vec<Turn>, TrainError> {
        let mut turns = Vec::new();
        for name in &phase.objectives {
            let number = self.program.objectives.iter().position(|objective| objective.name == *name);
            let number = number.expect("a phase names objectives of the program");
            let trains = &self.program.objectives[number].trains;
            let function = self.program.function(name).expect("each objective has a function");
            let has = |input: &str| match input {
                "class" | "step" | "progress" => true,
                "image" | "other" => self.program.data.is_some(),
                name => self.program.sources.iter().any(|source| source.name == name),
            };
            if let Some(input) = function.graph.input_names().find(|input| !has(input)) {
                return Err(TrainError::UnknownInput { objective: name.clone(), input: input.to_owned() });
            }
            let plan = self.program.plan_in(phase, features.rest(name).unwrap_or(function), trains);
            let inputs: Vec<String> = plan.inputs.iter().map(|input| input.name.clone()).collect();
            let plan = self.engine.add(plan);
            if let Some(checkpoint) = &self.checkpoint {
                checkpoint.hand_over_moments(number, self.engine, plan)?;
            }
            turns.push(Turn { number, name: name.clone(), plan, inputs });
        }
        self.checkpoint = None;
        Ok(turns)
    }

    pub(super) fn is_due(&self, pace: &Pace) -> bool {
        self.settings.keep.as_ref().is_some_and(|keep| match keep.every {
            Every::Steps(steps) => self.state.position.step.is_multiple_of(steps.max(1)),
            Every::Time(time) => pace.saved.elapsed() >= time.max(PAUSE * pace.saving),
        })
    }

    pub(super) fn save(&self, turns: &[Turn], observer: &mut dyn Observer) -> Result<(), TrainError> {
        let Some(keep) = &self.settings.keep else { return Ok(()) };
        let plans: Vec<(usize, PlanId)> = turns.iter().map(|turn| (turn.number, turn.plan)).collect();
        let watch = &mut |done, all| observer.on_saving(done, all);
        let file = save(&keep.folder, self.program, &self.state, self.engine, &plans, watch)?;
        observer.on_checkpoint(&file);
        Ok(())
    }
}
