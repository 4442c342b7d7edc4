//! The members of a model that are not tensors: parameters from outside and training settings.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, one_of};
use crate::parse::ast::{MemberKind, ParamDef, SectionDef, Setting};
use crate::parse::section::Section;
use crate::program::{Length, Optimizer, Phase, Schedule};
use crate::resolve::spec::ModuleId;

use super::environment::Environment;
use super::operator::within;
use super::value::{InstanceId, Value};
use super::{Checker, error};

/// What other tools call the choice of a checkpoint by a metric.
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

impl Checker<'_> {
    /// The value of a `param`: from outside if it is set, else its default.
    pub(super) fn param(&mut self, id: InstanceId, module: ModuleId, def: &ParamDef) -> Value {
        let spec = self.spec;
        let setting = spec.settings.iter().find(|(name, _)| name.node == def.name.node);
        let scope = self.scope(None, &def.name.node, None);
        let mut env = self.environment_of(id, module, scope);
        let probed = self.probed.clone().filter(|(name, _)| *name == def.name.node).map(|(_, expr)| expr);
        let expr = probed.as_ref().unwrap_or(setting.map_or(&def.default, |(_, expr)| expr));
        let mut value = self.expr(&mut env, expr);
        if let Some(ty) = &def.ty {
            let what = format!("`{}`", def.name.node);
            match self.matches(&mut env, ty, value, &what, expr.span) {
                Some(matched) => value = matched,
                None => return Value::Poison,
            }
        } else if setting.is_some() && !value.is_poison() {
            // A parameter without a type stays of the kind of its default.
            let default = self.expr(&mut env, &def.default);
            let same = std::mem::discriminant(&default) == std::mem::discriminant(&value);
            if let (Value::Float(_), Value::Int(n)) = (&default, &value) {
                #[allow(clippy::cast_precision_loss, reason = "a setting is a small number")]
                return Value::Float(*n as f64);
            }
            if !same && !default.is_poison() {
                let (wanted, kind) = (default.sort(spec), value.kind(spec));
                let diagnostic = error::wrong_type(&format!("`{}`", def.name.node), &wanted, &kind, expr.span);
                return self.report(diagnostic.also(def.default.span, "its default"));
            }
        }
        let Some(rule) = &def.within else { return value };
        let range = self.expr(&mut env, rule);
        if range.is_poison() || value.is_poison() {
            return Value::Poison;
        }
        let (verb, parts) = match &value {
            Value::List(items) | Value::Set(items) => ("hold", items.to_vec()),
            _ => ("be", vec![value.clone()]),
        };
        for part in &parts {
            if within(part, &range) != Some(true) {
                let (shown, range) = (part.shown(spec), range.shown(spec));
                return self.report(error::not_within(&def.name.node, verb, &shown, &range, expr.span, rule.span));
            }
        }
        value
    }

    pub(super) fn refuse_setting(&mut self, setting: &Setting, value: &Value, wanted: &str) -> bool {
        if !value.is_poison() {
            let kind = value.kind(self.spec);
            self.report(error::wrong_type(&format!("`{}`", setting.name.node), wanted, &kind, setting.value.span));
        }
        false
    }

    pub(super) fn unknown_setting(&mut self, setting: &Setting, section: Section) -> bool {
        let name = &*setting.name.node;
        let text = format!("`{}` has no setting `{name}`", section.word());
        let diagnostic = Diagnostic::new(Code::UnknownKey, text, setting.name.span);
        let diagnostic = match section {
            Section::Training if CHOOSING.contains(&name) => diagnostic.help(
                "a run keeps its last weights: what it measures is measured on test images, and weights that are \
                 chosen by that are chosen on test data",
            ),
            _ => diagnostic.help_if(one_of(name, section.settings().iter().map(|known| known.name))),
        };
        self.report(diagnostic);
        false
    }

    pub(super) fn missing_setting(&mut self, name: &str, section: &str, span: Span, example: &str) {
        let text = format!("`{section}` does not say {name}");
        self.report(Diagnostic::new(Code::MissingKey, text, span).help(format!("add `{example}`")));
    }

    /// `training objective { .. }`
    pub(super) fn phase(&mut self, model: InstanceId, module: ModuleId, def: &SectionDef) -> Option<Phase> {
        let scope = self.scope(None, "training", None);
        let mut env = self.environment_of(model, module, scope);
        let objectives: Vec<String> = def.names.iter().flatten().map(|name| name.node.to_string()).collect();
        let span = def.place();
        let mut found = Found::default();
        let mut fine = true;
        for setting in def.settings() {
            let value = self.expr(&mut env, &setting.value);
            fine &= self.phase_setting(setting, &value, &mut found);
        }
        if !fine {
            return None;
        }
        if found.optimizer.is_none() {
            self.missing_setting("`optimizer`", "training", span, "optimizer = adamw(lr: 1e-4)");
        }
        if found.batch.is_none() {
            self.missing_setting("`batch`", "training", span, "batch = 8");
        }
        let length = match (found.steps, found.epochs) {
            (Some((n, _)), None) => Some(Length::Steps(n)),
            (None, Some((n, _))) => Some(Length::Epochs(n)),
            (None, None) => {
                self.missing_setting("how long it lasts", "training", span, "epochs = 10` or `steps = 1000");
                None
            }
            (Some((_, first)), Some((_, second))) => {
                let text = "a training says `steps` or `epochs`, not both";
                self.report(Diagnostic::new(Code::StepsAndEpochs, text, second).also(first, "and here"));
                None
            }
        };
        Some(Phase {
            objectives,
            optimizer: found.optimizer?,
            schedule: found.schedule.unwrap_or(Schedule::Constant { warmup: 0 }),
            batch: found.batch?,
            accumulate: found.accumulate.unwrap_or(1),
            length: length?,
            clip_norm: found.clip_norm,
        })
    }

    fn phase_setting(&mut self, setting: &Setting, value: &Value, found: &mut Found) -> bool {
        let count = match value {
            Value::Int(n) if *n >= 1 => usize::try_from(*n).ok(),
            _ => None,
        };
        let name: &Arc<str> = &setting.name.node;
        match (&**name, value) {
            ("optimizer", Value::Optimizer(optimizer)) => found.optimizer = Some(*optimizer),
            ("optimizer", _) => return self.refuse_setting(setting, value, "an optimizer, as in `adamw(lr: 1e-4)`"),
            ("schedule", Value::Schedule(schedule)) => found.schedule = Some(*schedule),
            ("schedule", _) => {
                return self.refuse_setting(setting, value, "a schedule, as in `cosine_schedule(warmup: 100)`");
            }
            ("clip_norm", _) => match value.number().filter(|&x| x > 0.0) {
                Some(norm) => found.clip_norm = Some(norm),
                None => return self.refuse_setting(setting, value, "a number above 0"),
            },
            ("batch" | "accumulate" | "epochs" | "steps", _) => match (count, &**name) {
                (None, _) => return self.refuse_setting(setting, value, "an int of at least 1"),
                (_, "batch") => found.batch = count,
                (_, "accumulate") => found.accumulate = count,
                (Some(n), "epochs") => found.epochs = Some((n, setting.name.span)),
                (Some(n), _) => found.steps = Some((n, setting.name.span)),
            },
            _ => return self.unknown_setting(setting, Section::Training),
        }
        true
    }

    /// What a `param` may not be: names that nothing in the model has (for reports).
    pub(super) fn shown_params(&mut self, model: InstanceId) -> Vec<(String, String)> {
        let spec = self.spec;
        let scope = self.scope(None, "params", None);
        let env = Environment::new(ModuleId(0), Some(model), "".into(), scope);
        let mut shown = Vec::new();
        for (name, (_, member)) in &spec.block(self.instances[model.0].block).members {
            if let MemberKind::Param(def) = &member.kind
                && let Some(value) = self.member(model, name, def.name.span, &env)
            {
                shown.push((name.to_string(), value.shown(spec)));
            }
        }
        shown
    }
}

/// The settings of a phase as far as they have been read.
#[derive(Default)]
struct Found {
    optimizer: Option<Optimizer>,
    schedule: Option<Schedule>,
    batch: Option<usize>,
    accumulate: Option<usize>,
    epochs: Option<(usize, Span)>,
    steps: Option<(usize, Span)>,
    clip_norm: Option<f64>,
}
