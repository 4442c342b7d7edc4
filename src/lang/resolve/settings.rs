//! The settings from outside: `name=value` for a `param` of the model, `objective.name=value` for a training.
//!
//! In: a spec and pairs of words. Out: expressions in the spec's own [`Settings`], and what is wrong with the words.

use std::sync::Arc;

use diadc_core::span::{SourceId, Span, Spanned};

use crate::diagnostic::Diagnostic;
use crate::parse;
use crate::parse::ast::{Expr, ExprKind, MemberKind, Name, Setting, Type, TypeKind};
use crate::parse::section::{LEARNING_RATE, Section};
use crate::source::SourceMap;

use super::spec::Spec;
use super::{error, names};

/// What was set from outside.
#[derive(Default)]
pub(super) struct Settings {
    /// Values of `param`s.
    pub(super) params: Vec<(Name, Expr)>,
    /// Settings of trainings, each with an objective of the training.
    pub(super) trainings: Vec<(Arc<str>, Setting)>,
}

/// What a setting sets.
enum Target {
    Param,
    /// A training, by one of its objectives, and the name of its setting.
    Training(Arc<str>, Name),
}

/// Reads the settings for the model of a spec. A file without one has nothing to set.
pub(super) fn read_settings(
    spec: &Spec,
    settings: &[(String, String)],
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Settings {
    let mut read = Settings::default();
    let Some(model) = spec.model else {
        if let Some((key, value)) = settings.first().filter(|_| !spec.lost_model) {
            let (_, name) = written(key, value, sources);
            diagnostics.push(error::set_without_model(&name));
        }
        return read;
    };
    let mut known: Vec<Name> = Vec::new();
    for (key, value) in settings {
        let (id, name) = written(key, value, sources);
        let end = name.span.end;
        let target = match target(spec, &name) {
            Ok(target) => target,
            Err(unknown) => {
                diagnostics.push(*unknown);
                continue;
            }
        };
        if let Some(first) = known.iter().find(|known| known.node == name.node) {
            diagnostics.push(error::set_twice(&name, first.span));
            continue;
        }
        known.push(name.clone());
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        let whole = Span { source: id, start: end + 1, end: (end + 1).saturating_add(length) };
        match parse::parse_expression(id, key.len() + 1, sources) {
            Ok(expr) => {
                diagnostics.extend(names::check_setting(spec, spec.block(model), key, &expr, sources));
                match target {
                    Target::Param => read.params.push((name, expr)),
                    Target::Training(objective, name) => {
                        read.trainings.push((objective, Setting { name, value: expr }));
                    }
                }
            }
            Err(more) => {
                diagnostics.extend(unreadable(spec, &name, value, whole, sources).map_or(more, |told| vec![told]));
            }
        }
    }
    read
}

/// What is wrong with a value that can't be read, where that is known: several settings, or several values.
fn unreadable(spec: &Spec, name: &Name, value: &str, whole: Span, sources: &mut SourceMap) -> Option<Diagnostic> {
    if let Some(written) = unbracketed(spec, name, value, sources) {
        return Some(error::unbracketed(name, whole, &written));
    }
    let mut parts = value.split(',');
    let first = format!("{}={}", name.node, parts.next()?);
    let each: Vec<&str> = std::iter::once(first.as_str()).chain(parts).collect();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let is_setting = |part: &&str| part.split_once('=').is_some_and(|(key, _)| key.chars().all(is_of_name));
    if each.len() > 1 && each.iter().all(is_setting) {
        return Some(error::joined(whole, &each));
    }
    let (_, member) = spec.block(spec.model?).members.get(&name.node)?;
    let MemberKind::Param(def) = &member.kind else { return None };
    let is_int = match (def.ty.as_ref().map(|ty| &ty.kind), &def.default.kind) {
        (Some(TypeKind::Name(ty)), _) => &**ty == "int",
        (None, ExprKind::Int(_)) => true,
        (Some(_) | None, _) => false,
    };
    (is_int && each.len() > 1).then(|| error::several(name, whole))
}

/// A setting as a text of its own, and the name in it.
fn written(key: &str, value: &str, sources: &mut SourceMap) -> (SourceId, Name) {
    let id = sources.add(format!("--set {key}"), format!("{key}={value}"));
    let end = u32::try_from(key.len()).unwrap_or(u32::MAX);
    (id, Spanned::new(key.into(), Span { source: id, start: 0, end }))
}

/// What a name sets.
fn target(spec: &Spec, name: &Name) -> Result<Target, Box<Diagnostic>> {
    let members = spec.model.map(|model| &spec.block(model).members);
    let params = members.into_iter().flatten().filter(|(_, (_, member))| matches!(member.kind, MemberKind::Param(_)));
    let params: Vec<&str> = params.map(|(name, _)| &**name).collect();
    let Some((objective, setting)) = name.node.split_once('.') else {
        return if params.contains(&&*name.node) { Ok(Target::Param) } else { Err(unknown(spec, name, params).into()) };
    };
    let trained = spec.trainings_of_model().flat_map(|def| &def.names).filter_map(|path| path.first());
    let trained: Vec<&str> = trained.map(|name| &*name.node).collect();
    let at = u32::try_from(objective.len()).unwrap_or(u32::MAX);
    if !trained.contains(&objective) {
        let span = Span { end: at, ..name.span };
        return Err(error::unknown_training(objective, span, trained).into());
    }
    let span = Span { start: at + 1, ..name.span };
    if Section::Training.setting(setting).is_none() && setting != LEARNING_RATE.name {
        let known = Section::Training.settings().iter().chain([&LEARNING_RATE]);
        return Err(error::unknown_training_setting(setting, span, known.map(|known| known.name)).into());
    }
    Ok(Target::Training(objective.into(), Spanned::new(setting.into(), span)))
}

/// The error that the model has no such `param`; a training may have a setting of this name.
fn unknown(spec: &Spec, name: &Name, params: Vec<&str>) -> Diagnostic {
    let unknown = error::unknown_setting(name, params);
    let objective = spec.trainings_of_model().flat_map(|def| &def.names).find_map(|path| path.first());
    let is_setting = Section::Training.setting(&name.node).is_some() || *name.node == *LEARNING_RATE.name;
    match objective.filter(|_| is_setting) {
        Some(objective) => {
            let written = format!("{}.{}", objective.node, name.node);
            unknown.help(format!("a training has it: `--set {written}=..`"))
        }
        None => unknown,
    }
}

/// The value of a setting with the brackets that it lacks, if the `param` holds several values and it lacks nothing else.
fn unbracketed(spec: &Spec, name: &Name, value: &str, sources: &mut SourceMap) -> Option<String> {
    let (_, member) = spec.block(spec.model?).members.get(&name.node)?;
    let MemberKind::Param(def) = &member.kind else { return None };
    let is_set = match (def.ty.as_ref().map(|ty| &ty.kind), &def.default.kind) {
        (Some(TypeKind::Generic(kind, _)), _) => &*kind.node == "set",
        (Some(TypeKind::Name(kind)), _) if &**kind == "pair" => false,
        (Some(TypeKind::Repeat(..)), _) | (None, ExprKind::List(_)) => false,
        (None, ExprKind::Set(_)) => true,
        (Some(_) | None, _) => return None,
    };
    let words = value.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let is_text = |of: &Type| matches!(&of.kind, TypeKind::Name(kind) if &**kind == "string");
    let holds_text = match def.ty.as_ref().map(|ty| &ty.kind) {
        Some(TypeKind::Generic(_, of) | TypeKind::Repeat(of, ..)) => is_text(of),
        _ => false,
    };
    let quoted =
        |word: &str| if holds_text && !word.starts_with('"') { format!("\"{word}\"") } else { word.to_owned() };
    let words = words.map(quoted).collect::<Vec<_>>().join(", ");
    let written = if is_set { format!("{{{words}}}") } else { format!("[{words}]") };
    let id = sources.add(format!("--set {}", name.node), written.as_str());
    parse::parse_expression(id, 0, sources).is_ok().then_some(written)
}
