//! Settings of a model: its `param`s, and the settings of `training`.

use std::rc::Rc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{BinaryOp, Expr, ExprKind, MemberKind, ParamDef, SectionDef, Setting, TypeKind};
use crate::parse::section::{LEARNING_RATE, Section};
use crate::program::{Length, Optimizer, Phase, Schedule};
use crate::resolve::spec::ModuleId;

use super::training::Training;
use crate::check::evaluate::operator::within;
use crate::check::report::{Outcome, Reported};
use crate::check::value::{Choice, InstanceId, Value};
use crate::check::{Expander, error};

/// Names that other tools have for choosing a checkpoint by a metric.
const CHOOSING: &[&str] = &[
    "best",
    "checkpoint",
    "early_stop",
    "early_stopping",
    "keep_best",
    "monitor",
    "patience",
    "save_best",
    "select",
    "validate",
    "validation",
];

/// What an optimizer is given.
const OF_OPTIMIZERS: &[&str] =
    &["lr", "learning_rate", "weight_decay", "momentum", "betas", "beta1", "beta2", "eps", "epsilon"];

/// Names that other tools have for what `mean` and `std` say.
const NORMALISING: &[&str] = &["normalize", "normalise", "normalization", "normalisation", "norm", "standardize"];

/// The most images in a batch, and the most batches in a step. No sum of images or passes of a training overflows.
pub(crate) const LARGEST_BATCH: i64 = 1 << 16;
/// The most steps or epochs of a training.
pub(crate) const MOST_STEPS: i64 = i32::MAX as i64;

impl Expander<'_> {
    /// The value of a `param`: the one that was set from outside, or else the default.
    pub(crate) fn param(&mut self, id: InstanceId, module: ModuleId, def: &ParamDef) -> Outcome<Value> {
        let spec = self.spec;
        let setting = spec.settings.iter().find(|(name, _)| name.node == def.name.node);
        let scope = self.builder.scope(None, &def.name.node, None);
        let mut env = self.environment_of(id, module, scope);
        let mut probed = self.probed.iter();
        let probed = probed.find(|(name, _)| *name == def.name.node).map(|(_, expr)| expr.clone());
        let expr = probed.as_ref().unwrap_or(setting.map_or(&def.default, |(_, expr)| expr));
        if let Some(told) = range_behind(def) {
            return Err(self.report(told));
        }
        let mut value = self.value(&mut env, expr);
        if let Some(ty) = &def.ty {
            let what = format!("`{}`", def.name.node);
            value = self.matches(&mut env, ty, value, &what, expr.span)?;
        } else if setting.is_some() && !value.is_poison() {
            // A parameter without a type stays of the kind of its default.
            let default = self.value(&mut env, &def.default);
            if let (Value::Float(_), Value::Int(n)) = (&default, &value) {
                return Ok(Value::Float(*n as f64));
            }
            let is_same = std::mem::discriminant(&default) == std::mem::discriminant(&value);
            if !is_same && !default.is_poison() {
                let (wanted, kind) = (default.sort(spec), value.kind(spec));
                let diagnostic = error::wrong_type(&format!("`{}`", def.name.node), &wanted, &kind, expr.span);
                return Err(self.report(diagnostic.also(def.default.span, "its default")));
            }
        }
        let Some(rule) = &def.within else { return value.sound() };
        let range = self.expr(&mut env, rule)?;
        let value = value.sound()?;
        let (verb, parts) = if let Value::List(items) | Value::Set(items) = &value {
            ("hold", items.as_slice())
        } else {
            ("be", std::slice::from_ref(&value))
        };
        for part in parts {
            if within(part, &range) != Some(true) {
                let help = error::of_range(part, &range);
                let (shown, range) = (part.shown(spec), range.shown(spec));
                let told = error::not_within(&def.name.node, verb, &shown, &range, expr.span, rule.span);
                return Err(self.report(told.help_if(help)));
            }
        }
        Ok(value)
    }

    /// Reports that the value of a setting is not what is wanted, unless it is missing because of a mistake.
    pub(crate) fn refuse_setting(&mut self, setting: &Setting, value: &Value, wanted: &str) -> Reported {
        self.refuse(&format!("`{}`", setting.name.node), wanted, value, setting.value.span)
    }

    pub(crate) fn unknown_setting(&mut self, setting: &Setting, section: Section) -> Reported {
        let name = &*setting.name.node;
        let text = format!("`{}` has no setting `{name}`", section.word());
        let diagnostic = Diagnostic::new(Code::UnknownKey, text, setting.name.span);
        if section == Section::Training && CHOOSING.contains(&name) {
            return self.report(diagnostic.help(
                "`keep = best(of: ..)` chooses weights by training images that are held out, never by what a run \
                 measures, which would be a choice on test data",
            ));
        }
        if section == Section::Training && OF_OPTIMIZERS.contains(&name) {
            return self.report(diagnostic.help("the optimizer has it, as in `optimizer = adamw(lr: 1e-4)`"));
        }
        if section == Section::Data && NORMALISING.contains(&name) {
            let help = "as in `mean = [0.485, 0.456, 0.406]` and `std = [0.229, 0.224, 0.225]`";
            return self.report(diagnostic.help(help));
        }
        if let Some(help) = Section::of_setting(name) {
            return self.report(diagnostic.help(help));
        }
        self.report(diagnostic.one_of(name, section.settings().iter().map(|known| known.name)))
    }

    pub(crate) fn missing_setting(&mut self, name: &str, section: &str, span: Span, example: &str) -> Reported {
        let text = format!("`{section}` does not say {name}");
        self.report(Diagnostic::new(Code::MissingKey, text, span).help(format!("add `{example}`")))
    }

    /// `training objective { .. }`
    pub(super) fn phase(&mut self, module: ModuleId, def: &SectionDef) -> Outcome<Training> {
        let mut env = self.model_environment("training", module);
        let objectives: Vec<String> = def.names.iter().flatten().map(|name| name.node.to_string()).collect();
        let span = def.place();
        let mut found = Found::default();
        let mut outcome = Ok(());
        for setting in def.settings() {
            if Section::Training.setting(&setting.name.node).is_none() {
                outcome = Err(self.unknown_setting(setting, Section::Training));
                continue;
            }
            let known = self.reports.all.len();
            let value = self.value(&mut env, &setting.value);
            if *setting.name.node == *"schedule" && calls(&setting.value, "cosine") {
                for told in &mut self.reports.all[known..] {
                    told.help = Some("the schedule is `cosine_schedule(warmup: 100)`".to_owned());
                }
            }
            outcome = outcome.and(self.phase_setting(setting, &value, &mut found));
        }
        outcome?;
        self.phase_from_outside(&objectives, &mut found)?;
        let optimizer = found
            .optimizer
            .ok_or_else(|| self.missing_setting("`optimizer`", "training", span, "optimizer = adamw(lr: 1e-4)"));
        let batch = found.batch.ok_or_else(|| self.missing_setting("`batch`", "training", span, "batch = 8"));
        let length = match (found.steps, found.epochs) {
            (Some((n, _)), None) => Ok(Length::Steps(n)),
            (None, Some((n, _))) => Ok(Length::Epochs(n)),
            (None, None) => {
                let example = "epochs = 10` or `steps = 1000";
                Err(self.missing_setting("how long it lasts", "training", span, example))
            }
            (Some((_, first)), Some((_, second))) => {
                let text = "a training says `steps` or `epochs`, not both";
                Err(self.report(Diagnostic::new(Code::StepsAndEpochs, text, second).also(first, "and here")))
            }
        };
        let (accumulate, inner) = (found.accumulate.unwrap_or(1), found.inner.unwrap_or(1));
        if accumulate > 1 && inner > 1 {
            let text = "a training has several batches for a step, or several steps on a batch, not both";
            let diagnostic = Diagnostic::new(Code::WrongArgument, text, span);
            return Err(self.report(diagnostic.help("leave out `accumulate` or `inner`")));
        }
        let plain = Phase::new(objectives, optimizer?, batch?, length?);
        let phase = Phase {
            schedule: found.schedule.unwrap_or(plain.schedule),
            accumulate,
            inner,
            clip_norm: found.clip_norm,
            recompute: found.recompute,
            average: found.average,
            ..plain
        };
        Ok(Training { phase, optimizers: found.optimizers, keep: found.keep })
    }

    /// The settings of a training that were set from outside, which take the place of its own.
    fn phase_from_outside(&mut self, objectives: &[String], found: &mut Found) -> Outcome<()> {
        let mut env = self.model_environment("training", ModuleId(0));
        let spec = self.spec;
        let all = spec.trainings.iter().filter(|(objective, _)| objectives.iter().any(|own| **own == **objective));
        let all: Vec<&Setting> = all.map(|(_, setting)| setting).collect();
        if all.iter().any(|setting| matches!(&*setting.name.node, "steps" | "epochs")) {
            (found.steps, found.epochs) = (None, None);
        }
        let mut rate = None;
        let mut seen: Vec<&Setting> = Vec::new();
        for setting in all {
            if let Some(first) = seen.iter().find(|first| first.name.node == setting.name.node) {
                let text = format!("`{}` of this training is set twice", setting.name.node);
                let diagnostic = Diagnostic::new(Code::SetTwice, text, setting.name.span);
                return Err(self.report(diagnostic.also(first.name.span, "first here")));
            }
            seen.push(setting);
            let value = self.value(&mut env, &setting.value);
            if *setting.name.node == *LEARNING_RATE.name {
                match value.number().filter(|&x| x > 0.0) {
                    Some(number) => rate = Some(number),
                    None => return Err(self.refuse_setting(setting, &value, "a number above 0")),
                }
            } else {
                self.phase_setting(setting, &value, found)?;
            }
        }
        if let (Some(rate), Some(optimizer)) = (rate, &mut found.optimizer) {
            *optimizer = optimizer.with_lr(rate);
        }
        Ok(())
    }

    fn phase_setting(&mut self, setting: &Setting, value: &Value, found: &mut Found) -> Outcome<()> {
        let most =
            if matches!(&*setting.name.node, "batch" | "accumulate" | "inner") { LARGEST_BATCH } else { MOST_STEPS };
        let count = value.int().filter(|n| (1..=most).contains(n)).and_then(|n| usize::try_from(n).ok());
        let at = setting.name.span;
        match (&*setting.name.node, value, count) {
            ("optimizer", Value::Optimizer(optimizer), _) => found.optimizer = Some(*optimizer),
            ("optimizer", ..) => {
                return Err(self.refuse_setting(setting, value, "an optimizer, as in `adamw(lr: 1e-4)`"));
            }
            ("optimizers", ..) => {
                let mut own = Vec::new();
                if !own_optimizers("", value, &mut own) {
                    let wanted = "a record of parts with their optimizers, as in `{ critic: adam(lr: 2e-4) }`";
                    return Err(self.refuse_setting(setting, value, wanted));
                }
                found.optimizers = Some((own, setting.value.span));
            }
            ("keep", Value::Choice(choice), _) => found.keep = Some((Rc::clone(choice), setting.value.span)),
            ("keep", ..) => {
                return Err(self.refuse_setting(
                    setting,
                    value,
                    "a choice of weights, as in `best(of: held_out_error)`",
                ));
            }
            ("average", ..) => match value.number().filter(|x| (0.0..1.0).contains(x)) {
                Some(share) => found.average = Some(share),
                None => return Err(self.refuse_setting(setting, value, "a number from 0 to below 1, as in `0.999`")),
            },
            ("inner", _, Some(n)) => found.inner = Some(n),
            ("schedule", Value::Schedule(schedule), _) => found.schedule = Some(Schedule::clone(schedule)),
            ("schedule", ..) => {
                return Err(self.refuse_setting(setting, value, "a schedule, as in `cosine_schedule(warmup: 100)`"));
            }
            ("clip_norm", ..) => match value.number().filter(|&x| x > 0.0) {
                Some(norm) => found.clip_norm = Some(norm),
                None => return Err(self.refuse_setting(setting, value, "a number above 0")),
            },
            ("recompute", Value::Bool(recompute), _) => found.recompute = *recompute,
            ("recompute", ..) => return Err(self.refuse_setting(setting, value, "`true` or `false`")),
            ("batch", _, Some(n)) => found.batch = Some(n),
            ("accumulate", _, Some(n)) => found.accumulate = Some(n),
            ("epochs", _, Some(n)) => found.epochs = Some((n, at)),
            ("steps", _, Some(n)) => found.steps = Some((n, at)),
            ("batch" | "accumulate" | "inner" | "epochs" | "steps", _, None) => {
                return Err(self.refuse_setting(setting, value, &format!("an int from 1 to {most}")));
            }
            _ => return Err(self.unknown_setting(setting, Section::Training)),
        }
        Ok(())
    }

    /// The `param`s of the model with their values in words, for reports.
    pub(crate) fn shown_params(&mut self) -> Vec<(String, String)> {
        let spec = self.spec;
        let env = self.model_environment("params", ModuleId(0));
        let mut shown = Vec::new();
        for (name, (_, member)) in &self.model_block().members {
            if let MemberKind::Param(def) = &member.kind
                && let Some(value) = self.member(InstanceId::MODEL, name, def.name.span, &env)
            {
                shown.push((name.to_string(), Value::or_poison(value).shown(spec)));
            }
        }
        shown
    }
}

/// The error for a `param` whose range stands after its value. In `param k: int = 3 in 1..=4` the parser reads `3 in 1..=4` as
/// one value, which is true.
fn range_behind(def: &ParamDef) -> Option<Diagnostic> {
    let ExprKind::Binary(BinaryOp::In, value, range) = &def.default.kind else { return None };
    let is_bool = def.ty.as_ref().is_some_and(|ty| matches!(&ty.kind, TypeKind::Name(name) if &**name == "bool"));
    let text = "the values that a `param` may have stand before its `=`";
    let told = Diagnostic::new(Code::Syntax, text, range.span).also(value.span, "its value");
    (def.ty.is_some() && !is_bool).then(|| told.help("as in `param width: int in 1..=64 = 32`"))
}

/// The optimisers of parts in a record, whose keys are parts or parts of parts.
fn own_optimizers(path: &str, value: &Value, found: &mut Vec<(String, Optimizer)>) -> bool {
    if let Value::Record(entries) = value {
        let path = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        return !entries.is_empty() && entries.iter().all(|(key, inner)| own_optimizers(&path(key), inner, found));
    }
    let Value::Optimizer(optimizer) = value else { return false };
    found.push((path.to_owned(), *optimizer));
    !path.is_empty()
}

/// The settings of a phase that have been read so far.
#[derive(Default)]
struct Found {
    optimizer: Option<Optimizer>,
    optimizers: Option<(Vec<(String, Optimizer)>, Span)>,
    inner: Option<usize>,
    average: Option<f64>,
    keep: Option<(Rc<Choice>, Span)>,
    schedule: Option<Schedule>,
    batch: Option<usize>,
    accumulate: Option<usize>,
    epochs: Option<(usize, Span)>,
    steps: Option<(usize, Span)>,
    clip_norm: Option<f64>,
    recompute: bool,
}

/// Whether an expression calls what has a name.
fn calls(expr: &Expr, name: &str) -> bool {
    let ExprKind::Call(callee, _) = &expr.kind else { return false };
    matches!(&callee.kind, ExprKind::Name(called) if **called == *name)
}
