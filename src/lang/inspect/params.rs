//! What of a spec can be set from outside: the `param`s of its model and the settings of its trainings, each with its type,
//! its legal values, its default and its present value, as the spec has them.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::check::variant::{IntParam, Others, int_params};
use crate::check::{LARGEST_BATCH, MOST_STEPS};
use crate::parse::ast::{Expr, ExprKind, Member, MemberKind, ParamDef, SectionDef, Type, TypeKind};
use crate::parse::section::{Known, LEARNING_RATE, Section};
use crate::program::{Length, Phase, Program};
use crate::resolve::spec::{Enum, Spec};
use crate::source::SourceMap;

/// Something that can be set from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settable {
    /// Its name, as `--set NAME=VALUE` takes it.
    pub name: String,
    /// The type of its values.
    #[serde(rename = "type")]
    pub ty: String,
    /// Its legal values, if it does not take all of its type.
    pub range: Option<String>,
    /// What it is if nobody sets it; none where the spec says nothing and nothing is meant.
    pub default: Option<String>,
    /// What it is now; none where there is nothing.
    pub value: Option<String>,
    /// What it means.
    pub doc: String,
}

/// All that can be set: first the `param`s in the order of the spec, then the settings of each training.
#[must_use]
pub fn settable(spec: &Spec, program: &Program, sources: &SourceMap) -> Vec<Settable> {
    let ints = int_params(spec);
    let members = spec.model.into_iter().flat_map(|model| spec.block(model).members.values());
    let params = members.filter_map(|(_, member)| match &member.kind {
        MemberKind::Param(def) => Some(of_param(spec, member, def, &ints, program, sources)),
        MemberKind::Let(_)
        | MemberKind::Part(_)
        | MemberKind::Fn(_)
        | MemberKind::Objective(_)
        | MemberKind::Section(_) => None,
    });
    let trainings = spec.trainings_of_model().zip(program.phases());
    params.chain(trainings.flat_map(|(def, phase)| of_training(def, phase, sources))).collect()
}

fn of_param(
    spec: &Spec,
    member: &Member,
    def: &ParamDef,
    ints: &[IntParam],
    program: &Program,
    sources: &SourceMap,
) -> Settable {
    let name = def.name.node.to_string();
    let ty = def.ty.as_ref();
    let range = def.within.as_ref().map(|rule| match (&rule.kind, ints.iter().find(|own| own.name == def.name.node)) {
        // What a name stands for is elsewhere.
        (ExprKind::Name(_), Some(IntParam { now, others: Others::Few(others), .. })) => {
            let all: BTreeSet<i64> = others.iter().chain([now]).copied().collect();
            all.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
        }
        _ => sources.slice(rule.span).to_owned(),
    });
    let cases = || {
        ty.and_then(|ty| cases(spec, ty))
            .map(|own| own.cases.iter().map(|case| &*case.node).collect::<Vec<_>>().join(", "))
    };
    Settable {
        ty: ty.map_or_else(|| kind(&def.default).to_owned(), |ty| sources.slice(ty.span).to_owned()),
        range: range.or_else(cases),
        default: Some(sources.slice(def.default.span).to_owned()),
        value: program.params.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone()),
        doc: said(member, def, sources),
        name,
    }
}

/// What the doc comment says, or else the comment behind it on its line.
fn said(member: &Member, def: &ParamDef, sources: &SourceMap) -> String {
    if !member.doc.trim().is_empty() {
        return member.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let text = sources.get(def.default.span.source).text.get(def.default.span.end as usize..).unwrap_or_default();
    let comment = text.lines().next().and_then(|line| line.trim().strip_prefix("//"));
    comment.unwrap_or_default().trim().to_owned()
}

/// The enumeration that a type names, alone or as what a set or list holds.
fn cases<'a>(spec: &'a Spec, ty: &Type) -> Option<&'a Enum> {
    match &ty.kind {
        TypeKind::Name(name) => spec.enums.iter().find(|known| known.name.node == *name),
        TypeKind::Generic(_, inner) => cases(spec, inner),
        TypeKind::Tuple(_) | TypeKind::Shape(..) | TypeKind::Repeat(..) => None,
    }
}

/// The type of a `param` for which none is written.
fn kind(default: &Expr) -> &'static str {
    match default.kind {
        ExprKind::Int(_) => "int",
        ExprKind::Float(_) => "float",
        ExprKind::Bool(_) => "bool",
        ExprKind::String(_) => "string",
        ExprKind::List(_) => "list",
        ExprKind::Set(_) => "set",
        _ => "as its default",
    }
}

fn of_training(def: &SectionDef, phase: &Phase, sources: &SourceMap) -> Vec<Settable> {
    let objective = phase.objectives.first().map_or("", String::as_str);
    let written = |name: &str| {
        let setting = def.settings().iter().find(|setting| *setting.name.node == *name);
        setting.map(|setting| sources.slice(setting.value.span).to_owned())
    };
    let (steps, epochs) = match phase.length {
        Length::Steps(n) => (Some(n), None),
        Length::Epochs(n) => (None, Some(n)),
    };
    let row = |known: &Known| {
        let count = |most: i64| ("int", Some(format!("1..={most}")));
        let (ty, range) = match known.name {
            "batch" | "accumulate" | "inner" => count(LARGEST_BATCH),
            "optimizer" => ("an optimizer", None),
            "optimizers" => ("optimizers of parts", None),
            "schedule" => ("a schedule", None),
            "keep" => ("a choice of weights", None),
            "recompute" => ("bool", None),
            "average" => ("float", Some("from 0 to below 1".to_owned())),
            "steps" | "epochs" => count(MOST_STEPS),
            "clip_norm" | "lr" => ("float", Some("above 0".to_owned())),
            other => (other, None),
        };
        let value = match known.name {
            "batch" => Some(phase.batch.to_string()),
            "accumulate" => Some(phase.accumulate.to_string()),
            "steps" => steps.map(|n| n.to_string()),
            "epochs" => epochs.map(|n| n.to_string()),
            "clip_norm" => phase.clip_norm.map(|norm| norm.to_string()),
            "lr" => Some(phase.optimizer.lr().to_string()),
            "inner" => Some(phase.inner.to_string()),
            "recompute" => Some(phase.recompute.to_string()),
            "average" => phase.average.map(|share| share.to_string()),
            other => written(other),
        };
        Settable {
            name: format!("{objective}.{}", known.name),
            ty: ty.to_owned(),
            range,
            default: written(known.name),
            value,
            doc: known.doc.to_owned(),
        }
    };
    [&LEARNING_RATE].into_iter().chain(Section::Training.settings()).map(row).collect()
}
