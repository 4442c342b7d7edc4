//! `fit part(image) { .. }`: which stored tensors it computes, and in which passes over the training images.
//!
//! The function of a fit is built like any other, with all images that it sees as its batch. When all functions are
//! known, the places in its result are found among the weights of the part that it names.

use std::collections::HashMap;
use std::sync::Arc;

use diadc_core::fact::{BATCH, Dim, Shape};
use diadc_core::graph::Function;
use diadc_core::op::WeightId;
use diadc_core::span::Span;
use diadc_core::stream::{MOST_PASSES, StreamError, stream};

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{FnDef, SectionDef};
use crate::program::{Fit, ImageFormat, Objective, Stage, below};
use crate::resolve::spec::ModuleId;

use super::function::collect;
use super::training::Training;
use crate::check::report::{Outcome, Reported};
use crate::check::value::environment::join;
use crate::check::value::{InstanceId, Value};
use crate::check::{Expander, error};

/// A fit whose function has been built.
pub(super) struct Fitting {
    part: InstanceId,
    name: String,
    held_out: bool,
    function: Function,
    /// Where the result of the function stands, and the part before it.
    result: Span,
    place: Span,
}

/// A stage whose weights are not known yet.
pub(super) enum Begun {
    Training(Training),
    Fit(Fitting),
}

impl Expander<'_> {
    /// Builds the function of a fit.
    pub(super) fn fitting(
        &mut self,
        module: ModuleId,
        section: &SectionDef,
        def: &Arc<FnDef>,
        data: Outcome<Option<ImageFormat>>,
    ) -> Outcome<Fitting> {
        let inputs = self.image_inputs(def, data, &["image", "class"])?;
        if let Some(span) = section.held_out
            && data.ok().flatten().is_some_and(|format| format.hold_out == 0.0)
        {
            return Err(self.nothing_held_out(span));
        }
        let name = section.names.iter().flatten().map(|name| &*name.node).collect::<Vec<_>>().join(".");
        let scope = self.begin(&function_name(&name));
        let env = self.environment_of(InstanceId::MODEL, module, scope);
        let named = self.parts(&env, &section.names)?;
        let place = section.place();
        let [part] = named.as_slice() else {
            let text = format!("a fit is for one part, `{name}` is a list of {}", named.len());
            return Err(self.report(Diagnostic::new(Code::WrongType, text, place)));
        };
        self.function.locals = vec![(BATCH.into(), Value::Dim(Dim::symbol(BATCH)))];
        let value = self.run(module, def, scope, inputs)?;
        let result = def.body.result_span();
        let mut outputs = Vec::new();
        if let Value::Record(_) = value {
            collect("", &value, &mut outputs);
        }
        if outputs.is_empty() && value.holds_poison() {
            return Err(Reported::before());
        }
        if outputs.is_empty() {
            let kind = value.kind(self.spec);
            let what = format!("the result of the fit of `{name}`");
            let diagnostic = error::wrong_type(&what, "a record of tensors", &kind, result);
            return Err(
                self.report(diagnostic.help("with the place of each stored tensor, as in `{mean: mean(x, axis: 0)}`"))
            );
        }
        let function = self.builder.finish(&function_name(&name), &outputs);
        Ok(Fitting { part: *part, name, held_out: section.held_out.is_some(), function, result, place })
    }

    /// The stages, now that all weights are known; the functions of fits are added to the others.
    pub(super) fn stages(
        &mut self,
        begun: Vec<Begun>,
        objectives: &[Objective],
        functions: &mut Vec<Function>,
    ) -> Vec<Stage> {
        let mut stages = Vec::new();
        let mut set: HashMap<WeightId, Span> = HashMap::new();
        let fitted: Vec<WeightId> = self.fitted();
        for begun in begun {
            let stage = match begun {
                Begun::Training(training) => match self.phase_of(training, objectives) {
                    Ok(phase) => Stage::Training(phase),
                    Err(_) => continue,
                },
                Begun::Fit(fitting) => {
                    let place = fitting.place;
                    let Ok((fit, function)) = self.fit(fitting, &set) else { continue };
                    set.extend(fit.sets.iter().map(|id| (*id, place)));
                    functions.push(function);
                    Stage::Fit(fit)
                }
            };
            stages.push(stage);
        }
        // A fit that could not be read may be the one that is missing.
        if self.reports.is_empty() {
            for id in fitted.iter().filter(|id| !set.contains_key(id)) {
                let weight = &self.builder.weights[id.0 as usize].weight;
                let text = format!("no fit computes the stored tensor `{}`", weight.path);
                let help = "add `fit` with the part that has it, and its place in the result";
                self.report(Diagnostic::new(Code::NeverFitted, text, weight.span).help(help));
            }
            self.fits_in_order(&stages, functions, &set);
        }
        stages
    }

    /// The stored tensors of the model.
    fn fitted(&self) -> Vec<WeightId> {
        let weights = (0..).map(WeightId).zip(self.builder.weights.values());
        weights.filter(|(_, declared)| declared.weight.awaits_fit()).map(|(id, _)| id).collect()
    }

    fn fit(&mut self, fitting: Fitting, set: &HashMap<WeightId, Span>) -> Outcome<(Fit, Function)> {
        let Fitting { part, name, held_out, function, result, place } = fitting;
        let passes = match stream(&function) {
            Ok(passes) => passes,
            Err(errors) => {
                let reported = errors.into_iter().map(|error| self.report(streamed(&name, error, result)));
                return Err(reported.last().unwrap_or(Reported::before()));
            }
        };
        let prefix = self.instances[part].prefix.clone();
        let mut sets = Vec::new();
        for (key, value) in function.graph.outputs() {
            let path = join(&prefix, key);
            let fact = function.graph.fact(*value);
            let Some(declared) = self.builder.weights.get(&path) else {
                // What could not be built may be what calls `stored`.
                if !self.reports.is_empty() {
                    return Err(Reported::before());
                }
                let stored: Vec<&str> = self
                    .builder
                    .weights
                    .values()
                    .filter(|declared| declared.weight.awaits_fit())
                    .filter_map(|declared| below(&prefix, &declared.weight.path))
                    .collect();
                let text = format!("`{name}` has no stored tensor `{key}`");
                let mut diagnostic = Diagnostic::new(Code::UnknownKey, text, result);
                diagnostic = if stored.is_empty() {
                    diagnostic.help(format!("nothing that runs calls `stored(..)` in `{name}`"))
                } else {
                    diagnostic.one_of(key, stored)
                };
                return Err(self.report(diagnostic));
            };
            let weight = declared.weight.clone();
            let id = self.builder.weight_id(&path);
            if !weight.awaits_fit() {
                let text = format!("`{path}` is no stored tensor, so no fit can compute it");
                let diagnostic = Diagnostic::new(Code::UnknownKey, text, result).also(weight.span, "declared here");
                return Err(self.report(diagnostic.help("only what `stored(..)` declares is computed by a fit")));
            }
            let declared = Shape(weight.shape.iter().map(|&n| Dim::from(n as i64)).collect());
            if fact.shape != declared || fact.dtype != diadc_core::fact::DType::Float {
                let text = format!("`{key}` of the fit of `{name}` is {fact}, the stored tensor is {declared}");
                return Err(
                    self.report(Diagnostic::new(Code::ShapeMismatch, text, result).also(weight.span, "stored here"))
                );
            }
            if let Some(first) = set.get(&id) {
                let text = format!("two fits compute `{path}`");
                return Err(self.report(Diagnostic::new(Code::FittedTwice, text, place).also(*first, "the first")));
            }
            sets.push(id);
        }
        let fit = Fit { part: name, held_out, function: function.name.clone(), sets, passes };
        Ok((fit, function))
    }

    /// Reports each stage that reads a stored tensor which is computed in it or after it.
    fn fits_in_order(&mut self, stages: &[Stage], functions: &[Function], set: &HashMap<WeightId, Span>) {
        let mut open = set.clone();
        for stage in stages {
            let names: Vec<&String> = match stage {
                Stage::Training(phase) => {
                    phase.objectives.iter().chain(phase.best.as_ref().map(|best| &best.function)).collect()
                }
                Stage::Fit(fit) => vec![&fit.function],
            };
            for name in names {
                let Some(function) = functions.iter().find(|function| function.name == *name) else { continue };
                for (id, span) in function.graph.weights() {
                    let Some(later) = open.get(&id) else { continue };
                    let path = self.builder.weights[id.0 as usize].weight.path.clone();
                    let text = format!("`{name}` reads `{path}`, which is not computed before it");
                    let diagnostic =
                        Diagnostic::new(Code::FittedLater, text, span).also(*later, "computed by this fit");
                    self.report_once(
                        diagnostic.help("stages run in the order in which they stand: move that fit before this one"),
                    );
                }
            }
            if let Stage::Fit(fit) = stage {
                open.retain(|id, _| !fit.sets.contains(id));
            }
        }
    }
}

/// The name of the function of a fit.
fn function_name(part: &str) -> String {
    format!("fit {part}")
}

/// The report of a function that can't be computed a few images at a time.
fn streamed(name: &str, error: StreamError, result: Span) -> Diagnostic {
    match error {
        StreamError::Mixes { operation, inputs, origin } => {
            let list: Vec<String> = inputs.iter().map(ToString::to_string).collect();
            let text = format!("`{operation}` of {} needs all training images at once", list.join(" and "));
            let one = inputs.iter().filter_map(|fact| bytes_of_image(&fact.shape)).max().unwrap_or(0);
            let diagnostic = Diagnostic::new(Code::NeedsAllImages, text, origin.span);
            let diagnostic =
                diagnostic.note(format!("that is {one} bytes for each image; a fit sees a few images at a time"));
            diagnostic.help(
                "over images, `sum`, `mean`, `max`, `min`, `quantile`, `coreset` and products that are summed over them \
                 can be computed; other operations must keep each image apart",
            )
        }
        StreamError::Output { name: key, fact, .. } => {
            let text = format!("`{key}` of the fit of `{name}` is {fact}: it has a value for each image");
            let help = "reduce it over the images, as in `mean(x, axis: 0)`";
            Diagnostic::new(Code::NeedsAllImages, text, result).help(help)
        }
        StreamError::Passes(count) => {
            let text = format!("the fit of `{name}` takes {count} passes over the training images");
            let help = format!(
                "at most {MOST_PASSES} are possible: each value of images that needs a value of all images begins another"
            );
            Diagnostic::new(Code::TooManyPasses, text, result).help(help)
        }
    }
}

/// The bytes of a value for one image; none if its shape is not known then.
fn bytes_of_image(shape: &Shape) -> Option<i64> {
    let bindings = diadc_core::fact::batch_of(1);
    shape.elements().value(&bindings).map(|elements| elements.saturating_mul(4))
}
