//! What can be wrong with names and files, as diagnostics.

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Fix, meant, nearest};
use crate::parse::ast::{Expr, ExprKind, Name};

use super::builtin::GENERIC_TYPES;
use super::foreign::in_other_words;
use super::location::modules_with;

pub(super) fn duplicate(name: &Name, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, format!("`{}` is defined twice", name.node), name.span)
        .here("again here")
        .also(first, "first here")
        .help("give one of them another name")
}

/// A second section of a kind of which a model has one.
pub(super) fn second_section(word: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, format!("a model has one `{word}`"), span)
        .here("the second")
        .also(first, "the first")
        .help("put both together, or leave one out")
}

pub(super) fn unknown_name<'a>(word: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::new(Code::UnknownName, format!("there is no `{word}` here"), span)
        .here("not known")
        .did_you_mean(nearest(word, known))
}

/// A name that nothing defines: perhaps a shape variable that no parameter binds, or a word of another language.
pub(super) fn unknown_word<'a>(word: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    if word == "return" {
        return unknown_name(word, span, []).help("the last expression of a body is its value, without `return`");
    }
    if let Some(help) = in_other_words(word) {
        return unknown_name(word, span, []).help(help);
    }
    let diagnostic = unknown_name(word, span, known);
    let is_extent = super::variable::is_variable(word) && word.starts_with(|c: char| c.is_ascii_uppercase());
    if is_extent && diagnostic.help.is_none() {
        return diagnostic.help("an extent gets its name in the shape of a parameter, as in `x: [B, C, H, W]`");
    }
    diagnostic
}

pub(super) fn unknown_type<'a>(word: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    if GENERIC_TYPES.contains(&word) {
        let unknown = Diagnostic::new(Code::UnknownName, format!("`{word}` alone is no type"), span);
        return unknown.help(format!("say what it holds, as in `{word}<int>`"));
    }
    Diagnostic::new(Code::UnknownName, format!("there is no type `{word}`"), span)
        .help(
            "a type is `int`, `float`, `bool`, `string`, `pair`, `tensor`, `fn`, a shape, `list<..>`, `set<..>`, an enum \
             or a block",
        )
        .did_you_mean(meant(word, &known.into_iter().collect::<Vec<_>>()))
}

pub(super) fn unknown_module<'a>(word: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::new(Code::UnknownModule, format!("the standard library has no module `{word}`"), span).one_of_written(
        word,
        known,
        |name| format!("std::{name}"),
    )
}

pub(super) fn unreadable_file(path: &str, span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::UnreadableFile, format!("`{path}` can't be read: {why}"), span)
        .help("paths are relative to the file that uses them; the standard library is `std::NAME`")
}

pub(super) fn unknown_import<'a>(name: &Name, from: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::UnknownImport, format!("`{from}` has no `{}`", name.node), name.span);
    let found: Vec<String> = modules_with(&name.node).iter().map(|module| format!("`std::{module}`")).collect();
    if found.is_empty() {
        return diagnostic.one_of(&name.node, known);
    }
    diagnostic.help(format!("`{}` is in {}", name.node, found.join(" and in ")))
}

pub(super) fn import_cycle(path: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::ImportCycle, format!("`{path}` uses this file, directly or through other files"), span)
        .help("move what both need into a third file")
}

pub(super) fn base_cycle(name: &Name) -> Diagnostic {
    Diagnostic::new(Code::BaseCycle, format!("`{}` descends from itself", name.node), name.span)
        .here("through this base")
}

pub(super) fn base_is_no_block(name: &Name, what: &str) -> Diagnostic {
    Diagnostic::new(Code::BaseIsNoBlock, format!("`{}` is {what}, not a block", name.node), name.span)
        .help("only a `block` or `model` can stand after `from`")
}

pub(super) fn base_with_params(name: &Name) -> Diagnostic {
    Diagnostic::new(
        Code::ModelFromBlock,
        format!("`{}` is a block with parameters, and a model has none", name.node),
        name.span,
    )
    .help("use the block as a `part` of the model")
}

pub(super) fn other_kind(name: &str, span: Span, first: Span, kind: &str, base_kind: &str) -> Diagnostic {
    Diagnostic::new(Code::OtherKind, format!("`{name}` is a {base_kind} in the base, and a {kind} here"), span)
        .here(format!("a {kind}"))
        .also(first, format!("a {base_kind}"))
        .help("a member is replaced by one of the same kind; give this one another name")
}

pub(super) fn two_models(name: &Name, first: &Name) -> Diagnostic {
    Diagnostic::new(Code::TwoModels, format!("a file describes one experiment, `{}` is a second", name.node), name.span)
        .also(first.span, "the first")
        .help("move one into a file of its own")
}

pub(super) fn only_in_models(what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::OnlyInModels, format!("`{what}` belongs to a model, this is a block"), span)
        .help("write `model` instead of `block`, or move it into the model")
}

pub(super) fn ambiguous_case(word: &str, span: Span, owners: &[&str]) -> Diagnostic {
    let paths: Vec<String> = owners.iter().map(|owner| format!("{owner}::{word}")).collect();
    let diagnostic = Diagnostic::new(Code::AmbiguousCase, format!("several enums have a case `{word}`"), span)
        .help(format!("write `{}`", paths.join("` or `")));
    paths.into_iter().fold(diagnostic, |diagnostic, path| diagnostic.fix(Fix::write(path, span)))
}

pub(super) fn not_a_var(name: &Name, defined: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::NotAVar, format!("`{}` can't be given another value", name.node), name.span);
    match defined {
        Some(span) => diagnostic.also(span, "defined here").help(format!("write `var {}` there", name.node)),
        None => diagnostic.help("only a `var` of the same function can change"),
    }
}

/// A parameter, or another name that is given one value, to which a statement gives another.
pub(super) fn given(name: &Name, defined: Span) -> Diagnostic {
    Diagnostic::new(Code::NotAVar, format!("`{}` can't be given another value", name.node), name.span)
        .also(defined, "it gets its value here")
        .help("give the new value a name with `let`, be it the same one")
        .fix(Fix::write(format!("let {}", name.node), name.span))
}

/// A statement that gives a name a value where nothing has that name; `word` is what would define it.
pub(super) fn not_defined(name: &Name, misspelt: Option<&str>, word: &str) -> Diagnostic {
    let unknown = unknown_name(&name.node, name.span, []);
    if misspelt.is_some() {
        return unknown.did_you_mean(misspelt);
    }
    let defined = format!("{word} {}", name.node);
    unknown
        .help(format!("a name gets its first value by `{word}`: write `{defined} = ..`"))
        .fix(Fix::write(defined, name.span))
}

/// A name within the statement that gives it its first value.
pub(super) fn used_within(word: &str, span: Span, defined: Span) -> Diagnostic {
    Diagnostic::new(Code::UnknownName, format!("`{word}` has no value yet"), span)
        .here("not known yet")
        .also(defined, "this gives it its first value")
        .help("its first value can't be made of itself: write another name here")
}

/// A name that a body defines further down.
pub(super) fn used_before(word: &str, span: Span, defined: Span) -> Diagnostic {
    Diagnostic::new(Code::UnknownName, format!("`{word}` is used before it gets its value"), span)
        .here("not known yet")
        .also(defined, "it gets its value here")
        .help("move its `let` up, before its first use")
}

pub(super) fn outer_var(name: &Name, defined: Span) -> Diagnostic {
    let text = format!("`{}` can't be given another value in here", name.node);
    Diagnostic::new(Code::NotAVar, text, name.span).also(defined, "a `var` outside").help(
        "a `loop` and a function given as a value see what is around them, and change nothing there; what a `loop` hands \
         from step to step stands in its head, as in `loop z = x, n = y over ..`",
    )
}

/// A letter before a string, as Python has it where the string holds values.
pub(super) fn prefixed_string(prefix: Span) -> Diagnostic {
    Diagnostic::new(Code::Syntax, "no letter stands before a string", prefix)
        .help("every string can hold values, as in `\"block{i}\"`: leave the letter out")
        .fix(Fix::leave_out(prefix))
}

/// Something of a library of another language, such as `torch.relu`.
pub(super) fn unknown_member(owner: &Expr, name: &Name) -> Diagnostic {
    let text = if let ExprKind::Name(owner) = &owner.kind {
        format!("there is no `{owner}.{}` here", name.node)
    } else {
        format!("there is no `{}` here", name.node)
    };
    Diagnostic::new(Code::UnknownName, text, owner.span.to(name.span)).here("not known")
}

pub(super) fn unused_value(span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnusedValue, "this value is not used", span).help(
        "only the last expression of a body is its value; give this one a name with `let`, or join it with an operator",
    )
}

pub(super) fn unknown_setting<'a>(name: &Name, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::new(Code::UnknownSetting, format!("the model has no `param {}`", name.node), name.span)
        .one_of(&name.node, known)
}

/// Several settings that are given as one, as in `size=32,w=3`.
pub(super) fn joined(value: Span, each: &[&str]) -> Diagnostic {
    let written: Vec<String> = each.iter().map(|setting| format!("--set {setting}")).collect();
    Diagnostic::new(Code::Syntax, "`--set` takes one setting", value).help(format!("write `{}`", written.join(" ")))
}

/// Several numbers for a `param` that takes one.
pub(super) fn several(name: &Name, value: Span) -> Diagnostic {
    Diagnostic::new(Code::Syntax, format!("`{}` takes one number", name.node), value)
}

/// A setting for a file that has no model.
pub(super) fn set_without_model(name: &Name) -> Diagnostic {
    let text = format!("`{}` can't be set: this file has no model", name.node);
    Diagnostic::new(Code::UnknownSetting, text, name.span)
        .help("what can be set are the params of a model; give the file that has it")
}

pub(super) fn unknown_training<'a>(
    objective: &str,
    span: Span,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    Diagnostic::new(Code::UnknownSetting, format!("the model has no training of `{objective}`"), span)
        .one_of(objective, known)
}

pub(super) fn unknown_training_setting<'a>(
    setting: &str,
    span: Span,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    Diagnostic::new(Code::UnknownSetting, format!("a training has no setting `{setting}`"), span).one_of(setting, known)
}

/// A value from outside that lacks the brackets of a list or set.
pub(super) fn unbracketed(name: &Name, value: Span, written: &str) -> Diagnostic {
    let text = format!("`{}` holds several values, which stand in brackets", name.node);
    Diagnostic::new(Code::Syntax, text, value).help(format!("write `--set '{}={written}'`", name.node))
}

pub(super) fn unknown_warning(name: &Name) -> Diagnostic {
    Diagnostic::new(Code::UnknownWarning, format!("there is no warning `{}`", name.node), name.span)
        .help("the code of a warning stands in brackets when it is shown, as in `warning[unused-part]`")
        .did_you_mean(nearest(&name.node, Code::warnings().map(Code::name)))
}

pub(super) fn set_twice(name: &Name, first: Span) -> Diagnostic {
    Diagnostic::new(Code::SetTwice, format!("`{}` is set twice", name.node), name.span).also(first, "first here")
}

pub(super) fn no_model(span: Span) -> Diagnostic {
    Diagnostic::new(Code::NoModel, "this file has no model", span)
        .help("an experiment is a `model NAME { .. }`; blocks and functions alone can be checked but not run")
}
