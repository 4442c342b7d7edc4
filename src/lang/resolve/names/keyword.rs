//! Words that were meant as keywords, and are read as a name that is a statement of its own: `if c { a } esle { b }`,
//! `lte y = f(x)`, `a adn b`, `foreach x in xs { x }`.

use crate::diagnostic::{Diagnostic, Fix, is_misspelt};
use crate::parse::ast::{BinaryOp, Body, Expr, ExprKind, Statement};
use crate::parse::foreign::foreign_word;
use crate::parse::keyword::{Begins, Keyword};

use super::Names;
use super::misread::last_value;
use crate::resolve::builtin::TYPES;
use crate::resolve::error;
use crate::resolve::spec::Meaning;

impl Names<'_> {
    /// Reports a statement that was meant as a keyword, if it is one. What stands beside it is then read in another way than
    /// is meant.
    pub(super) fn misspelt_keyword(&mut self, body: &Body, at: usize) -> bool {
        let Some(told) = self.meant_as_keyword(body, at) else { return false };
        self.diagnostics.push(told);
        let before = at.checked_sub(1).and_then(|before| open_if(last_value(&body.statements[before])));
        for expr in body.statements[at + 1..].iter().map(last_value).chain(before) {
            self.reads.meanings.insert(expr.span, Meaning::Reported);
        }
        true
    }

    /// That a statement was meant as a keyword: an unknown word which together with the statements beside it would be one.
    pub(super) fn meant_as_keyword(&self, body: &Body, at: usize) -> Option<Diagnostic> {
        let Some(Statement::Expr(Expr { kind: ExprKind::Name(word), span })) = body.statements.get(at) else {
            return None;
        };
        let after = body.statements.get(at + 1).filter(|_| !self.knows(word))?;
        let unknown = error::unknown_name(word, *span, []);
        if let Some(known) = foreign_word(word) {
            let keyword = known
                .keyword
                .filter(|keyword| Keyword::named(keyword).is_none_or(|keyword| keyword.begins(Begins::Statement)))?;
            return Some(unknown.help(known.help).fix(Fix::write(keyword, *span)));
        }
        if matches!(after, Statement::Assign(..)) && (TYPES.contains(&&**word) || matches!(&**word, "double" | "auto"))
        {
            let help = "a value begins with `let` and states no type, as in `let n = 3`";
            return Some(unknown.help(help).fix(Fix::write("let", *span)));
        }
        let before = at.checked_sub(1).map(|before| last_value(&body.statements[before]));
        let begins_branch = |expr: &Expr| matches!(expr.kind, ExprKind::Set(_) | ExprKind::Record(_) | ExprKind::If(_));
        let is_beside =
            |before: &Expr, after: &Expr| before.span.end + 1 == span.start && span.end + 1 == after.span.start;
        let near: &[&'static str] = match (before, after) {
            (_, Statement::Assign(..)) => &["let", "var"],
            (Some(before), Statement::Expr(after)) if open_if(before).is_some() && begins_branch(after) => &["else"],
            (_, Statement::Expr(Expr { kind: ExprKind::Binary(BinaryOp::In, ..), .. })) => &["for"],
            (Some(before), Statement::Expr(after)) if is_beside(before, after) => &["and", "or", "in"],
            (_, Statement::Let(..) | Statement::Var(..) | Statement::Expr(_)) => &[],
        };
        let keyword = near.iter().find(|keyword| is_misspelt(word, keyword))?;
        Some(unknown.did_you_mean(Some(keyword)))
    }
}

/// The `if` with which an expression ends, if it has no `else` yet.
fn open_if(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::If(choice) => match &choice.otherwise {
            None => Some(expr),
            Some(otherwise) => {
                open_if(last_value(otherwise.statements.last()?)).filter(|inner| inner.span.end == expr.span.end)
            }
        },
        ExprKind::Unary(_, last) | ExprKind::Binary(_, _, last) | ExprKind::Pipe(_, last) => open_if(last),
        _ => None,
    }
}
