//! What a training says of parts and of held-out images: the optimisers of parts, and which weights are the best.
//!
//! The function by which weights are chosen is built with the others. When all weights are known, the weights of parts with
//! an optimiser of their own are found among those that the objectives train.

use std::rc::Rc;

use diadc_core::fact::{BATCH, DType, Dim};
use diadc_core::graph::Function;
use diadc_core::op::WeightId;
use diadc_core::span::{Span, Spanned};

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::PartPath;
use crate::program::{Best, ImageFormat, Objective, Optimizer, Own, Phase};
use crate::resolve::spec::ModuleId;

use super::function::image_fact;
use crate::check::Expander;
use crate::check::evaluate::call::Applied;
use crate::check::report::{Outcome, Reported};
use crate::check::trace::Callee;
use crate::check::value::{Choice, Given, InstanceId, Value};

/// A training whose weights are not known yet.
pub(super) struct Training {
    pub(super) phase: Phase,
    /// The optimisers of parts, with the place where they stand.
    pub(super) optimizers: Option<(Vec<(String, Optimizer)>, Span)>,
    pub(super) keep: Option<(Rc<Choice>, Span)>,
}

impl Expander<'_> {
    /// Builds the function by which the weights of a training are chosen, if they are.
    pub(super) fn chosen_by(
        &mut self,
        training: &mut Training,
        data: Outcome<Option<ImageFormat>>,
    ) -> Outcome<Option<Function>> {
        let Some((choice, span)) = training.keep.take() else { return Ok(None) };
        let Some(data) = data? else {
            let text = "`best` takes images, and the model does not say how they come";
            let help = "add `data { size = 256 hold_out = 0.2 }` to the model";
            return Err(self.report(Diagnostic::new(Code::NoData, text, span).help(help)));
        };
        if data.hold_out == 0.0 {
            return Err(self.nothing_held_out(span));
        }
        let name = format!("best of {}", training.phase.objectives.join(", "));
        let scope = self.begin(&name);
        let env = self.environment_of(InstanceId::MODEL, ModuleId(0), scope);
        self.function.batch = Some(Dim::symbol(BATCH));
        let image = Value::Tensor(self.input("image", image_fact(data), env.origin(span))?);
        let entered = self.enter_call(span)?;
        let given = vec![Given { name: None, value: image, span }];
        let value = self.applied(&env, Applied { value: &choice.of, written: None }, given, span);
        self.leave(entered, Callee::Words("in `best`"), &[]);
        let value = value?;
        if value.holds_poison() {
            return Err(Reported::before());
        }
        let Value::Tensor(tensor) = &value else { return Err(self.no_number_for_each(&value, span)) };
        if tensor.depth != 0 || tensor.fact.dtype != DType::Float || tensor.fact.shape.0 != [Dim::symbol(BATCH)] {
            return Err(self.no_number_for_each(&value, span));
        }
        let function = self.builder.finish(&name, &[("value".to_owned(), tensor.clone())]);
        training.phase.best = Some(Best { function: name, every: choice.every, patience: choice.patience });
        Ok(Some(function))
    }

    /// Reports that held-out images are needed and there are none.
    pub(super) fn nothing_held_out(&mut self, span: Span) -> Reported {
        let text = "no training images are held out";
        let help = "say which share of them is, in `data`: `hold_out = 0.2`";
        self.report(Diagnostic::new(Code::NoHoldOut, text, span).help(help))
    }

    fn no_number_for_each(&mut self, value: &Value, span: Span) -> Reported {
        let kind = value.shown(self.spec);
        let text = format!("the function of `best` gives {kind}, and must give a number for each image, [B]");
        let help = "as in `fn held_out_error(image) { mean(map_of(image), axis: [1, 2, 3]) }`";
        self.report(Diagnostic::new(Code::WrongType, text, span).help(help))
    }

    /// The phase of a training, now that all weights are known.
    pub(super) fn phase_of(&mut self, training: Training, objectives: &[Objective]) -> Outcome<Phase> {
        let Training { mut phase, optimizers, .. } = training;
        let Some((optimizers, span)) = optimizers else { return Ok(phase) };
        let own = objectives.iter().filter(|objective| phase.objectives.contains(&objective.name));
        let trained: Vec<WeightId> = own.flat_map(|objective| objective.trains.iter().copied()).collect();
        for (part, optimizer) in optimizers {
            let env = self.model_environment("optimizers", ModuleId(0));
            let path: PartPath = part.split('.').map(|name| Spanned { node: name.into(), span }).collect();
            self.function.freezes.clear();
            self.function.trains = self.parts(&env, &[path])?;
            let weights: Vec<WeightId> = self.trained().into_iter().filter(|id| trained.contains(id)).collect();
            if weights.is_empty() && self.reports.is_empty() {
                let text = format!("`{part}` has an optimizer, and nothing in it is trained here");
                let objectives: Vec<String> = phase.objectives.iter().map(|name| format!("`{name}`")).collect();
                let help = format!("its weights must be among those that {} trains", objectives.join(" or "));
                return Err(self.report(Diagnostic::new(Code::NothingToOptimize, text, span).help(help)));
            }
            let twice = phase.optimizers.iter().find(|own| own.weights.iter().any(|id| weights.contains(id)));
            if let Some(other) = twice {
                let text = format!("`{part}` and `{}` have weights in common, and an optimizer each", other.part);
                return Err(self.report(Diagnostic::new(Code::NothingToOptimize, text, span)));
            }
            phase.optimizers.push(Own { part, optimizer, weights });
        }
        Ok(phase)
    }
}
