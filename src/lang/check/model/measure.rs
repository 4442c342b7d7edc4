//! `measure { .. }`: the protocol by which a run is measured, and the metrics that it shows.
//!
//! Protocols, metrics and image scores are words of this member alone, so a spec may use them as names elsewhere.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::measure::{ImageScore, Measure, Metric, ProtocolName};
use crate::parse::ast::{Expr, ExprKind, MemberKind, Setting, StringPart};
use crate::parse::section::Section;

use crate::check::Expander;
use crate::check::report::{Outcome, Reported};
use crate::check::value::Value;
use crate::check::value::environment::Environment;

const SCORES: &[&str] = &["model", "max", "pool", "top"];
/// How those are written that take numbers.
const WRITTEN: &str = "write `pool(8, 8)` for 8 rounds of 8x8 average pools, `top(100)` for a mean of the 100 highest values, \
                       `top(1%)` for one of the highest hundredth";

impl Expander<'_> {
    /// The settings of `measure`; those that the model omits are those of the exact protocol.
    pub(crate) fn measure(&mut self) -> Outcome<Measure> {
        let mut measure = Measure::default();
        let block = self.model_block();
        let Some((module, def)) = block.section(Section::Measure) else { return Ok(measure) };
        let mut env = self.model_environment("measure", module);
        let mut outcome = Ok(());
        for setting in def.settings() {
            outcome = outcome.and(self.measure_setting(&mut env, setting, &mut measure));
        }
        outcome.map(|()| measure)
    }

    fn measure_setting(&mut self, env: &mut Environment, setting: &Setting, measure: &mut Measure) -> Outcome<()> {
        match &*setting.name.node {
            "protocol" => {
                let held = self.held_word(env, &setting.value);
                let protocol = held.as_deref().or(word(&setting.value)).and_then(ProtocolName::named);
                measure.protocol = protocol.ok_or_else(|| {
                    self.no_such_word("protocol", &setting.value, ProtocolName::ALL.map(ProtocolName::name))
                })?;
            }
            "metrics" => measure.metrics = self.metrics(setting)?,
            "score" => measure.image_score = Some(self.image_score(env, &setting.value)?),
            "pro_limit" => {
                let value = self.value(env, &setting.value);
                let limit = value.number().filter(|&limit| limit > 0.0 && limit <= 1.0);
                measure.pro_limit = limit.ok_or_else(|| {
                    self.refuse_setting(setting, &value, "a false-positive rate above 0 and at most 1")
                })?;
            }
            _ => return Err(self.unknown_setting(setting, Section::Measure)),
        }
        Ok(())
    }

    fn metrics(&mut self, setting: &Setting) -> Outcome<Vec<Metric>> {
        let ExprKind::List(items) = &setting.value.kind else {
            if self.is_wrong_within(setting.value.span) {
                return Err(Reported::before());
            }
            return Err(self.report(no_list(&setting.value)));
        };
        if items.is_empty() {
            let diagnostic = Diagnostic::new(Code::EmptyList, "`metrics` lists no metric", setting.value.span);
            return Err(self.report(diagnostic.help("leave it out for the usual ones")));
        }
        let mut found: Vec<(Metric, Span)> = Vec::new();
        let mut outcome = Ok(());
        for item in items {
            let Some(metric) = word(item).and_then(Metric::named) else {
                outcome = Err(self.no_such_word("metric", item, Metric::ALL.map(Metric::name)));
                continue;
            };
            if let Some((_, first)) = found.iter().find(|(other, _)| *other == metric) {
                let text = format!("the metric `{}` is listed twice", metric.name());
                let diagnostic = Diagnostic::new(Code::DuplicateName, text, item.span).also(*first, "first here");
                outcome = Err(self.report(diagnostic));
                continue;
            }
            found.push((metric, item.span));
        }
        outcome.map(|()| found.into_iter().map(|(metric, _)| metric).collect())
    }

    /// The word that a `param` of the model holds as a string, if it is named where a word may stand.
    fn held_word(&mut self, env: &mut Environment, expr: &Expr) -> Option<Arc<str>> {
        let ExprKind::Name(name) = &expr.kind else { return None };
        let (_, member) = self.model_block().members.get(name)?;
        if !matches!(member.kind, MemberKind::Param(_)) {
            return None;
        }
        if let Value::Str(text) = self.value(env, expr) { Some(text) } else { None }
    }

    fn image_score(&mut self, env: &mut Environment, expr: &Expr) -> Outcome<ImageScore> {
        let held = self.held_word(env, expr);
        let (name, numbers) = if let ExprKind::Call(callee, arguments) = &expr.kind {
            if let Some(named) = arguments.iter().find_map(|argument| argument.name.as_ref()) {
                let text = format!("an image score takes its numbers without names, and has no `{}`", named.node);
                let diagnostic = Diagnostic::new(Code::UnknownArgument, text, named.span).help(WRITTEN);
                return Err(self.report(diagnostic));
            }
            let values = arguments.iter().map(|argument| self.value(env, &argument.value).sound());
            (word(callee), Some(values.collect::<Outcome<Vec<Value>>>()?))
        } else {
            (held.as_deref().or(word(expr)), None)
        };
        let count = |value: &Value| usize::try_from(value.int()?).ok().filter(|&count| count > 0);
        let counts: Option<Vec<usize>> = numbers.as_ref().and_then(|values| values.iter().map(count).collect());
        match (name, numbers.as_deref(), counts.as_deref()) {
            (Some("model"), None, _) => Ok(ImageScore::Model),
            (Some("max"), None, _) => Ok(ImageScore::Max),
            (Some("pool"), _, Some(&[window, rounds])) => Ok(ImageScore::Pool { window, rounds }),
            (Some("top"), _, Some(&[k])) => Ok(ImageScore::Top { k }),
            (Some("top"), Some(&[Value::Float(share)]), _) if share > 0.0 && share <= 1.0 => {
                Ok(ImageScore::TopShare { share })
            }
            (Some(word), ..) if SCORES.contains(&word) => {
                let text = match word {
                    "model" | "max" => format!("the image score `{word}` takes no numbers"),
                    _ => "an image score takes whole numbers above 0, or `top` a share up to 1.0".to_owned(),
                };
                let whole = numbers.iter().flatten().find_map(|value| {
                    let Value::Float(x) = value else { return None };
                    (x.fract() == 0.0 && *x > 1.0).then(|| format!("`{x:.0}` is an int, `{x:?}` a float"))
                });
                let help = whole.unwrap_or_else(|| WRITTEN.to_owned());
                Err(self.report(Diagnostic::new(Code::WrongArgument, text, expr.span).help(help)))
            }
            (_, None, _) if held.is_some() => {
                let text = format!("there is no image score `{}`", held.unwrap_or_default());
                Err(self.report(Diagnostic::new(Code::UnknownName, text, expr.span).one_of("", SCORES.iter().copied())))
            }
            _ => Err(self.no_such_word("image score", expr, SCORES.iter().copied())),
        }
    }

    /// Reports that an expression is not one of the words of a setting.
    fn no_such_word(&mut self, what: &str, expr: &Expr, known: impl IntoIterator<Item = &'static str>) -> Reported {
        self.report(not_one_of(what, expr, known))
    }
}

/// That an expression is not one of the words of a setting.
fn not_one_of(what: &str, expr: &Expr, known: impl IntoIterator<Item = &'static str>) -> Diagnostic {
    let named = if let ExprKind::Call(callee, _) = &expr.kind { callee } else { expr };
    let (name, span) = (word(named), named.span);
    let text = name.map_or_else(|| format!("this is no {what}"), |name| format!("there is no {what} `{name}`"));
    Diagnostic::new(Code::UnknownName, text, span).one_of(name.unwrap_or_default(), known)
}

/// The error for metrics outside of a list. If one of the words is no metric, the error is about that word.
fn no_list(expr: &Expr) -> Diagnostic {
    let items = if let ExprKind::Tuple(items) | ExprKind::Set(items) = &expr.kind {
        items.as_slice()
    } else {
        std::slice::from_ref(expr)
    };
    let words: Vec<&str> = items.iter().filter_map(word).collect();
    let wanted = "the metrics stand in a list, as in `metrics = [image_auroc, pro]`";
    if let Some(unknown) = items.iter().find(|item| word(item).is_some_and(|word| Metric::named(word).is_none())) {
        return not_one_of("metric", unknown, Metric::ALL.map(Metric::name)).note(wanted);
    }
    let told = Diagnostic::new(Code::WrongType, "`metrics` is no list of metrics", expr.span);
    if words.len() < items.len() {
        return told.help(wanted);
    }
    let list = format!("[{}]", words.join(", "));
    told.help(format!("write `metrics = {list}`")).fix(Fix::write(list, expr.span))
}

/// A word, bare or as a string.
fn word(expr: &Expr) -> Option<&str> {
    if let ExprKind::Name(name) = &expr.kind {
        return Some(name);
    }
    let ExprKind::String(parts) = &expr.kind else { return None };
    let [StringPart::Text(text)] = parts.as_slice() else { return None };
    Some(text)
}
