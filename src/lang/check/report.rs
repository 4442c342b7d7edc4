//! Mistakes, as they are found, and the one way in which a function of this room fails.
//!
//! A function that can't give its result has reported why, and returns [`Reported`] as the proof. What follows from a
//! reported mistake is not reported. Where expansion goes on after a mistake, [`Value::Poison`] is the missing value.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Diagnostic, in_order};
use crate::parse::ast::Body;

use super::value::Value;
use super::{Checked, Expander, error};

/// A mistake has been reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported(());

/// A result, unless a mistake stands in the way.
pub(super) type Outcome<T> = Result<T, Reported>;

impl Reported {
    /// For a result that is missing because of an earlier mistake: of this stage, or of one before it.
    pub(super) fn before() -> Reported {
        Reported(())
    }
}

impl Value {
    /// The value, unless it is missing because of a mistake.
    pub(super) fn sound(self) -> Outcome<Value> {
        if self.is_poison() { Err(Reported(())) } else { Ok(self) }
    }

    /// The value, or the one with which expansion goes on after a mistake.
    pub(super) fn or_poison(outcome: Outcome<Value>) -> Value {
        outcome.unwrap_or(Value::Poison)
    }
}

/// All mistakes and warnings so far.
pub(super) struct Reports {
    pub(super) all: Vec<Diagnostic>,
    /// This many, the first ones, come from the stages before this one.
    pub(super) earlier: usize,
    /// The part of the model with the first mistake of this stage, if it is in one.
    pub(super) first_part: Option<Arc<str>>,
}

impl Reports {
    /// Begins with the diagnostics of the stages before this one.
    pub(super) fn new(earlier: &[Diagnostic]) -> Reports {
        Reports { all: earlier.to_vec(), earlier: earlier.len(), first_part: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether this stage has found a mistake.
    pub(super) fn has_new(&self) -> bool {
        self.all.len() > self.earlier
    }

    /// The first error.
    pub(super) fn first_error(&self) -> Option<&Diagnostic> {
        self.all.iter().find(|diagnostic| diagnostic.is_error())
    }

    /// The result of the check: what was made, with warnings, if there is no error.
    pub(super) fn conclude<T>(self, made: Outcome<T>) -> Checked<T> {
        let diagnostics = in_order(self.all);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        match made {
            Ok(made) if !failed => Ok((made, diagnostics)),
            Ok(_) | Err(Reported(())) => Err(diagnostics),
        }
    }

    /// Whether a diagnostic says nothing new: it is there already, or an earlier stage has reported the same place.
    fn has(&self, new: &Diagnostic) -> bool {
        let says_it = |(i, known): (usize, &Diagnostic)| {
            known.span() == new.span() && (i < self.earlier || known.code == new.code)
        };
        self.all.iter().enumerate().any(says_it)
    }
}

impl Expander<'_> {
    /// Reports a mistake. The calls that led to it add their lines when they are left.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        if !self.reports.has(&diagnostic) {
            self.reports.all.push(diagnostic);
        }
        Reported(())
    }

    /// Reports that a value is not what is wanted, unless it is missing because of a mistake.
    pub(super) fn refuse(&mut self, what: &str, wanted: &str, found: &Value, span: Span) -> Reported {
        if found.holds_poison() {
            return Reported(());
        }
        let diagnostic = error::wrong_type(what, wanted, &found.kind(self.spec), span);
        let Value::Dim(dim) = found else {
            return self.report(diagnostic.help_if(error::int_of_float(wanted, found)));
        };
        let help = "state the size where it comes from, as in `x: [B, 3, 64, 64]`";
        self.report(diagnostic.note(format!("`{dim}` is known only when the model runs")).help(help))
    }

    /// Whether a mistake has been reported within a stretch of the source.
    pub(super) fn is_wrong_within(&self, whole: Span) -> bool {
        self.reports.all.iter().any(|known| is_error_within(known, whole))
    }

    /// Whether an earlier stage has reported a mistake within a stretch of the source, which may then mean something else.
    pub(super) fn is_misread_within(&self, whole: Span) -> bool {
        self.reports.all[..self.reports.earlier].iter().any(|known| is_error_within(known, whole))
    }

    /// Reports that the body of a function gives no value that can be used, unless a mistake in it is the cause.
    pub(super) fn refuse_result(
        &mut self,
        what: &str,
        wanted: &str,
        found: &Value,
        body: &Body,
        help: &str,
    ) -> Reported {
        let is_none = matches!(found, Value::None);
        let is_reported = self.is_misread_within(body.span) || is_none && self.is_wrong_within(body.span);
        if found.holds_poison() || is_reported {
            return Reported(());
        }
        let diagnostic = error::wrong_type(what, wanted, &found.kind(self.spec), body.result_span());
        let without = "the value of a body is its last expression, and here none comes last";
        let are_none = found
            .elements()
            .is_some_and(|items| !items.is_empty() && items.iter().all(|item| matches!(item, Value::None)));
        let help = if is_none && !body.ends_with_value() {
            without
        } else if are_none {
            "the value of the body of a `for` is its last expression, and here none comes last"
        } else if matches!(found, Value::List(_)) && help.is_empty() {
            "`.last` takes the last of a list, `concat(..)` joins them"
        } else {
            help
        };
        self.report(diagnostic.help_if((!help.is_empty()).then(|| help.to_owned())))
    }

    /// Reports a mistake, unless one with the same code has been reported.
    pub(super) fn report_once(&mut self, diagnostic: Diagnostic) -> Reported {
        let known = self.reports.all.iter().any(|known| known.code == diagnostic.code);
        if known { Reported(()) } else { self.report(diagnostic) }
    }
}

fn is_error_within(known: &Diagnostic, whole: Span) -> bool {
    let Span { source, start, end } = known.span();
    known.is_error() && source == whole.source && whole.start <= start && end <= whole.end
}
