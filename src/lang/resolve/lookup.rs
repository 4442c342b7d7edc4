//! Names of arguments and fields that what is called or asked does not have: what was probably meant.
//!
//! In: what is called or asked, as far as the spec tells it, and the name. Out: the mistake. Names are looked up here where
//! the spec alone says what that is; where it takes a value, `check` asks for the same mistake.

use std::mem::discriminant;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{MemberKind, SectionContent};

use super::builtin::Builtin;
use super::spec::Block;

/// A call that gives an argument by a name which none of these parameters has.
pub(crate) fn unknown_argument(callee: &str, parameters: &[&str], name: &str, span: Span) -> Diagnostic {
    let text = format!("{} has no parameter `{name}`", quoted(callee));
    let unknown = Diagnostic::new(Code::UnknownArgument, text, span).one_of(name, parameters.iter().copied());
    if name == "betas" && parameters.contains(&"beta1") {
        return Diagnostic { fixes: Vec::new(), ..unknown }.help("each has its name: `beta1: 0.9, beta2: 0.999`");
    }
    let has = |builtin: &Builtin| builtin.parameters().iter().any(|parameter| parameter.name == name);
    if let Some(schedule) = Builtin::named(&format!("{callee}_schedule")).filter(has) {
        return unknown.help(format!("the schedule of a learning rate is `{}(..)`", schedule.word()));
    }
    let owners = if unknown.fixes.is_empty() { owners(callee, parameters, name) } else { Vec::new() };
    elsewhere(unknown, &owners)
}

/// A field that something does not have.
pub(crate) fn unknown_field<'a>(
    name: &str,
    owner: &str,
    known: impl IntoIterator<Item = &'a str>,
    span: Span,
) -> Diagnostic {
    Diagnostic::new(Code::UnknownField, format!("{owner} has no `{name}`"), span).one_of(name, known)
}

/// A member that an instance of a block does not have.
pub(crate) fn unknown_member(block: &Block, name: &str, span: Span) -> Diagnostic {
    let owner = format!("a `{}`", block.name.node);
    if matches!(name, "forward" | "__call__") {
        let unknown = unknown_field(name, &owner, [], span);
        return unknown.help("a part is called by its own name, as in `net(x)`");
    }
    let known = block.params.iter().map(|param| &*param.name.node).chain(block.members.keys().map(|key| &**key));
    unknown_field(name, &owner, known.filter(|key| *key != "fn"), span)
}

/// Whether instances of a block have a member.
pub(super) fn has_member(block: &Block, name: &str) -> bool {
    let is_value = |kind: &MemberKind| match kind {
        MemberKind::Section(def) => matches!(def.content, SectionContent::Function(_)),
        MemberKind::Param(_)
        | MemberKind::Let(_)
        | MemberKind::Part(_)
        | MemberKind::Fn(_)
        | MemberKind::Objective(_) => true,
    };
    block.params.iter().any(|param| &*param.name.node == name)
        || block.members.get(name).is_some_and(|(_, member)| is_value(&member.kind))
}

/// The name of what is called in backticks; words without.
pub(crate) fn quoted(callee: &str) -> String {
    if callee.contains(' ') { callee.to_owned() } else { format!("`{callee}`") }
}

/// The built-in functions of the same family as one that a call names, which have a parameter that it lacks.
fn owners(callee: &str, parameters: &[&str], name: &str) -> Vec<&'static str> {
    let has = |builtin: &Builtin, name: &str| builtin.parameters().iter().any(|parameter| parameter.name == name);
    let Some(called) = Builtin::named(callee).filter(|called| parameters.iter().all(|own| has(called, own))) else {
        return Vec::new();
    };
    let is_alike = |other: &&Builtin| {
        discriminant(*other) == discriminant(&called) && called.parameters().iter().any(|own| has(other, own.name))
    };
    let found = Builtin::ALL.iter().filter(is_alike).filter(|other| has(other, name));
    found.map(|builtin| builtin.word()).collect()
}

/// An error about an unknown parameter, with the functions that have it.
fn elsewhere(diagnostic: Diagnostic, owners: &[&str]) -> Diagnostic {
    if owners.is_empty() {
        return diagnostic;
    }
    let list: Vec<String> = owners.iter().map(|owner| format!("`{owner}`")).collect();
    let has = format!("{} {} it", list.join(" and "), if owners.len() == 1 { "has" } else { "have" });
    let own = diagnostic.help.as_ref().map(|own| format!("; here {own}")).unwrap_or_default();
    diagnostic.help(has + &own)
}
