//! What a run does besides computing: it looks for numbers that are not finite, or measures how long its parts take.

use std::sync::{Mutex, MutexGuard, PoisonError};

use diadc_core::engine::{Grain, LoopTiming, OperationTiming, Timing};
use diadc_core::graph::Origin;
use diadc_core::op::Op;

/// What is watched while a plan runs.
#[derive(Clone, Copy)]
pub(super) enum Watch<'a> {
    /// Nothing.
    Nothing,
    /// Whether each output is finite, which is slow.
    Finite,
    /// How long the parts take.
    Time(&'a Clock),
}

/// The times of a run so far.
pub(super) struct Clock {
    grain: Grain,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The numbers of the loops that are running, outermost first.
    running: Vec<usize>,
    timing: Timing,
}

impl Clock {
    pub(super) fn new(grain: Grain) -> Clock {
        Clock { grain, state: Mutex::default() }
    }

    /// Whether single operations are measured.
    pub(super) fn reads_operations(&self) -> bool {
        match self.grain {
            Grain::Turns => false,
            Grain::Operations => true,
        }
    }

    /// A loop begins.
    pub(super) fn enter(&self, origin: Origin) {
        let state = &mut *self.state();
        let within = state.running.last().copied();
        let loops = &mut state.timing.loops;
        let known = loops.iter().position(|known| known.within == within && known.origin == origin);
        state.running.push(known.unwrap_or_else(|| {
            loops.push(LoopTiming { within, origin, turns: Vec::new() });
            loops.len() - 1
        }));
    }

    /// A turn of the innermost loop has taken so long.
    pub(super) fn turn(&self, seconds: f64) {
        let state = &mut *self.state();
        let innermost = *state.running.last().expect("a loop is running");
        state.timing.loops[innermost].turns.push(seconds);
    }

    /// The innermost loop ends.
    pub(super) fn leave(&self) {
        self.state().running.pop();
    }

    /// An operation has taken so long.
    pub(super) fn operation(&self, op: &Op, seconds: f64) {
        let state = &mut *self.state();
        let (within, kind) = (state.running.last().copied(), op.kind());
        let operations = &mut state.timing.operations;
        match operations.iter_mut().find(|known| known.within == within && known.kind == kind) {
            Some(known) => {
                known.count += 1;
                known.seconds += seconds;
            }
            None => operations.push(OperationTiming { within, kind, count: 1, seconds }),
        }
    }

    /// All times.
    pub(super) fn into_timing(self) -> Timing {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).timing
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
