//! `measure { .. }`: the protocol by which a run is measured, and the metrics that it shows.
//!
//! Protocols, metrics and image scores are words of this member alone, so a spec may use them as names elsewhere.

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::measure::{ImageScore, Measure, Metric, ProtocolName};
use crate::parse::ast::{Expr, ExprKind, Setting};
use crate::parse::section::Section;

use crate::check::Expander;
use crate::check::value::InstanceId;

const SCORES: &[&str] = &["model", "max", "pool", "top"];

impl Expander<'_> {
    /// The settings of `measure`; those that the model omits are those of the exact protocol.
    pub(crate) fn measure(&mut self, model: InstanceId) -> Measure {
        let spec = self.spec;
        let mut measure = Measure::default();
        let Some((module, def)) = spec.block(self.instances[model.0].block).section(Section::Measure) else {
            return measure;
        };
        let scope = self.builder.scope(None, "measure", None);
        let mut env = self.environment_of(model, module, scope);
        for setting in def.settings() {
            match &*setting.name.node {
                "protocol" => self.protocol(setting, &mut measure),
                "metrics" => self.metrics(setting, &mut measure),
                "score" => self.image_score(setting, &mut measure),
                "pro_limit" => {
                    let value = self.value(&mut env, &setting.value);
                    match value.number().filter(|&limit| limit > 0.0 && limit <= 1.0) {
                        Some(limit) => measure.pro_limit = limit,
                        None => {
                            self.refuse_setting(setting, &value, "a false-positive rate above 0 and at most 1");
                        }
                    }
                }
                _ => {
                    self.unknown_setting(setting, Section::Measure);
                }
            }
        }
        measure
    }

    fn protocol(&mut self, setting: &Setting, measure: &mut Measure) {
        match word(&setting.value).map(ProtocolName::named) {
            Some(Some(protocol)) => measure.protocol = protocol,
            _ => self.no_such_word("protocol", &setting.value, ProtocolName::ALL.map(ProtocolName::name)),
        }
    }

    fn metrics(&mut self, setting: &Setting, measure: &mut Measure) {
        let ExprKind::List(items) = &setting.value.kind else {
            let text = "`metrics` is no list of metrics";
            let help = "write it as in `metrics = [image_auroc, pro]`";
            self.report(Diagnostic::new(Code::WrongType, text, setting.value.span).help(help));
            return;
        };
        let mut found: Vec<(Metric, Span)> = Vec::new();
        for item in items {
            let Some(Some(metric)) = word(item).map(Metric::named) else {
                self.no_such_word("metric", item, Metric::ALL.map(Metric::name));
                continue;
            };
            if let Some((_, first)) = found.iter().find(|(other, _)| *other == metric) {
                let text = format!("the metric `{}` is listed twice", metric.name());
                self.report(Diagnostic::new(Code::DuplicateName, text, item.span).also(*first, "first here"));
                continue;
            }
            found.push((metric, item.span));
        }
        if items.is_empty() {
            let text = "`metrics` lists no metric";
            self.report(
                Diagnostic::new(Code::EmptyList, text, setting.value.span).help("leave it out for the usual ones"),
            );
        }
        measure.metrics = found.into_iter().map(|(metric, _)| metric).collect();
    }

    fn image_score(&mut self, setting: &Setting, measure: &mut Measure) {
        let expr = &setting.value;
        let rule = match &expr.kind {
            ExprKind::Name(name) => match &**name {
                "model" => Some(ImageScore::Model),
                "max" => Some(ImageScore::Max),
                _ => None,
            },
            ExprKind::Call(callee, arguments) => {
                let numbers: Option<Vec<usize>> = arguments.iter().map(|argument| size(&argument.value)).collect();
                match (word(callee), numbers.as_deref()) {
                    (Some("pool"), Some(&[window, rounds])) => Some(ImageScore::Pool { window, rounds }),
                    (Some("top"), Some(&[k])) => Some(ImageScore::Top { k }),
                    (Some("pool" | "top"), _) => {
                        let text = "an image score takes whole numbers above 0";
                        let help = "write `pool(8, 8)` for 8 rounds of 8x8 average pools, `top(100)` for a mean of 100";
                        self.report(Diagnostic::new(Code::WrongArgument, text, expr.span).help(help));
                        return;
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        match rule {
            Some(rule) => measure.image_score = Some(rule),
            None => self.no_such_word("image score", expr, SCORES.iter().copied()),
        }
    }

    fn no_such_word(&mut self, what: &str, expr: &Expr, known: impl IntoIterator<Item = &'static str>) {
        let (name, span) = match &expr.kind {
            ExprKind::Call(callee, _) => (word(callee), callee.span),
            _ => (word(expr), expr.span),
        };
        let text = name.map_or_else(|| format!("this is no {what}"), |name| format!("there is no {what} `{name}`"));
        let diagnostic = Diagnostic::new(Code::UnknownName, text, span).one_of(name.unwrap_or_default(), known);
        self.report(diagnostic);
    }
}

fn word(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

fn size(expr: &Expr) -> Option<usize> {
    match &expr.kind {
        ExprKind::Int(number) if *number > 0 => usize::try_from(*number).ok(),
        _ => None,
    }
}
