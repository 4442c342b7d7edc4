//! Shape variables: names of one letter, with or without digits, that take their value where a shape first contains
//! them.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::parse::ast::{DimPattern, Expr, ExprKind, Type, TypeKind};

/// The names in the shapes of a type that look like shape variables.
pub(super) fn variables(ty: &Type) -> Vec<(Arc<str>, Span)> {
    let mut found = Vec::new();
    collect(ty, &mut found);
    found
}

fn collect(ty: &Type, found: &mut Vec<(Arc<str>, Span)>) {
    match &ty.kind {
        TypeKind::Name(_) | TypeKind::Generic(..) => {}
        TypeKind::Tuple(items) => items.iter().for_each(|item| collect(item, found)),
        TypeKind::Repeat(inner, _) => collect(inner, found),
        TypeKind::Shape(_, dims) => {
            for dim in dims {
                if let DimPattern::Is(Expr { kind: ExprKind::Name(name), span }) = dim
                    && is_variable(name)
                    && !found.iter().any(|(other, _)| other == name)
                {
                    found.push((name.clone(), *span));
                }
            }
        }
    }
}

/// Whether a name looks like a shape variable: one letter, with or without digits after it.
pub(super) fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.all(|c| c.is_ascii_digit())
}
