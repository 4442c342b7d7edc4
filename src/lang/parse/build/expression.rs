//! pest's pairs to the tree: types, statements and expressions.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::Rule;
use crate::parse::ast::{
    Argument, BinaryOp, Body, DimPattern, Expr, ExprKind, For, If, Lambda, Loop, Name, Pattern, Statement, StringPart,
    Type, TypeKind, UnaryOp,
};
use crate::parse::climb::{Binding, Chain, climb};
use crate::parse::error::misplaced_operator;

use super::{Build, P, first, meaningful};

impl Build {
    pub(super) fn ty(&mut self, pair: P<'_>) -> Type {
        let pair = first(pair);
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::ty_list => {
                let mut inner = pair.into_inner();
                let element = self.ty(inner.next().expect("a list type has an element type"));
                let count = self.expr(inner.next().expect("a list type has a count"));
                TypeKind::Repeat(Box::new(element), Box::new(count))
            }
            Rule::ty_shape => {
                let (mut dtype, mut dims) = (None, Vec::new());
                for pair in pair.into_inner() {
                    match pair.as_rule() {
                        Rule::dtype => dtype = Some(Arc::from(pair.as_str())),
                        _ => dims.push(self.dim(pair)),
                    }
                }
                TypeKind::Shape(dtype, dims)
            }
            Rule::ty_generic => {
                let mut inner = pair.into_inner();
                let name = self.name(&inner.next().expect("a generic type has a name"));
                TypeKind::Generic(name, Box::new(self.ty(inner.next().expect("a generic type has an argument"))))
            }
            Rule::ty_tuple => TypeKind::Tuple(pair.into_inner().map(|pair| self.ty(pair)).collect()),
            _ => TypeKind::Name(pair.as_str().trim().into()),
        };
        Type { kind, span }
    }

    fn dim(&mut self, pair: P<'_>) -> DimPattern {
        let pair = first(pair);
        match pair.as_rule() {
            Rule::any_dim => DimPattern::Any(self.span(&pair)),
            _ => DimPattern::Is(self.expr(pair)),
        }
    }

    pub(super) fn statement(&mut self, pair: P<'_>) -> Statement {
        let rule = pair.as_rule();
        if rule == Rule::expr {
            return Statement::Expr(self.expr(pair));
        }
        let mut inner = meaningful(pair);
        let target = inner.next().expect("a statement names something");
        let value = self.expr(inner.next().expect("a statement has a value"));
        match rule {
            Rule::let_stmt => Statement::Let(self.pattern(target), value),
            Rule::var_stmt => Statement::Var(self.name(&target), value),
            _ => Statement::Assign(self.name(&target), value),
        }
    }

    fn pattern(&mut self, pair: P<'_>) -> Pattern {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().peekable();
        match inner.peek().map(P::as_rule) {
            Some(Rule::name) => Pattern::Name(self.name(&inner.next().expect("peeked"))),
            Some(Rule::any_pattern) => Pattern::Any,
            _ => Pattern::Tuple(inner.map(|pair| self.pattern(pair)).collect(), span),
        }
    }

    /// An expression of any kind.
    pub(super) fn expr(&mut self, pair: P<'_>) -> Expr {
        match pair.as_rule() {
            Rule::expr | Rule::inner_expr => self.expr(first(pair)),
            Rule::if_expr => self.deeper(1, pair, Build::plain_expr),
            Rule::postfix => {
                let count = pair.clone().into_inner().count();
                self.deeper(count, pair, Build::postfix)
            }
            // A chain of operators is a tree as deep as it is long.
            Rule::chain => {
                let is_operator = |rule| matches!(rule, Rule::operator | Rule::prefix | Rule::range_op);
                let count = pair.clone().into_inner().filter(|pair| is_operator(pair.as_rule())).count();
                self.deeper(count, pair, Build::chain)
            }
            _ => self.plain_expr(pair),
        }
    }

    fn chain(&mut self, pair: P<'_>) -> Expr {
        let mut misplaced = Vec::new();
        let chain = climb(pair, &mut misplaced);
        for operator in misplaced {
            self.diagnostics.push(misplaced_operator(operator.as_str(), self.span(&operator)));
        }
        self.joined(chain)
    }

    fn joined(&mut self, chain: Chain<'_>) -> Expr {
        match chain {
            Chain::Operand(pair) => self.expr(pair),
            Chain::Placed(layer, place) => {
                let layer = self.joined(*layer);
                let path = first(place);
                let at = self.span(&path);
                Expr { span: layer.span.to(at), kind: ExprKind::Placed(Box::new(layer), self.string(path), at) }
            }
            Chain::Prefixed(binding, sign, operand) => {
                let op = if binding == Binding::Not { UnaryOp::Not } else { UnaryOp::Neg };
                let operand = self.joined(*operand);
                Expr { span: self.span(&sign).to(operand.span), kind: ExprKind::Unary(op, Box::new(operand)) }
            }
            Chain::Joined(binding, left, sign, right) => {
                let (left, right) = (Box::new(self.joined(*left)), Box::new(self.joined(*right)));
                let span = left.span.to(right.span);
                let kind = match binding {
                    Binding::Pipe => ExprKind::Pipe(left, right),
                    _ => ExprKind::Binary(binary(sign.as_str()), left, right),
                };
                Expr { kind, span }
            }
            Chain::Range(low, sign, high) => {
                let mut end = |end: Option<Box<Chain<'_>>>| end.map(|end| Box::new(self.joined(*end)));
                let (low, high) = (end(low), end(high));
                let sign_span = self.span(&sign);
                let start = low.as_ref().map_or(sign_span, |low| low.span);
                let span = start.to(high.as_ref().map_or(sign_span, |high| high.span));
                Expr { kind: ExprKind::Range { low, high, inclusive: sign.as_str() == "..=" }, span }
            }
        }
    }

    fn plain_expr(&mut self, pair: P<'_>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::lambda => self.lambda(pair),
            Rule::number => self.number(&pair),
            Rule::string => ExprKind::String(self.string(pair)),
            Rule::k_true => ExprKind::Bool(true),
            Rule::k_false => ExprKind::Bool(false),
            Rule::k_none => ExprKind::None,
            Rule::copy_expr => ExprKind::Copy(Box::new(self.expr(first(pair)))),
            Rule::if_expr => self.if_expr(pair),
            Rule::for_expr => self.for_expr(pair),
            Rule::loop_expr => self.loop_expr(pair),
            Rule::tuple => {
                let mut items: Vec<Expr> = pair.clone().into_inner().map(|pair| self.expr(pair)).collect();
                let is_tuple = items.len() > 1 || pair.as_str().trim_end_matches(')').trim_end().ends_with(',');
                match items.pop() {
                    Some(only) if !is_tuple => return Expr { kind: only.kind, span },
                    last => ExprKind::Tuple(items.into_iter().chain(last).collect()),
                }
            }
            Rule::list => ExprKind::List(pair.into_inner().map(|pair| self.expr(pair)).collect()),
            Rule::set => ExprKind::Set(pair.into_inner().map(|pair| self.expr(pair)).collect()),
            Rule::record => {
                let entries = pair.into_inner().map(|entry| {
                    let mut inner = entry.into_inner();
                    let name = self.name(&inner.next().expect("an entry has a name"));
                    (name, self.expr(inner.next().expect("an entry has a value")))
                });
                ExprKind::Record(entries.collect())
            }
            Rule::path => {
                let mut names = pair.into_inner().map(|pair| self.name(&pair));
                let owner = names.next().expect("a path has two names");
                ExprKind::Path(owner, names.next().expect("a path has two names"))
            }
            _ => ExprKind::Name(pair.as_str().trim().into()),
        };
        Expr { kind, span }
    }

    fn postfix(&mut self, pair: P<'_>) -> Expr {
        let mut inner = pair.into_inner();
        let mut value = self.expr(inner.next().expect("a postfix follows an expression"));
        for pair in inner {
            let span = value.span.to(self.span(&pair));
            let kind = match pair.as_rule() {
                Rule::call => {
                    let arguments = pair.into_inner().map(|pair| self.argument(pair)).collect();
                    ExprKind::Call(Box::new(value), arguments)
                }
                Rule::index => ExprKind::Index(Box::new(value), Box::new(self.expr(first(pair)))),
                _ => ExprKind::Field(Box::new(value), self.name(&first(pair))),
            };
            value = Expr { kind, span };
        }
        value
    }

    fn argument(&mut self, pair: P<'_>) -> Argument {
        let mut inner = pair.into_inner();
        let head = inner.next().expect("an argument has a value");
        match inner.next() {
            Some(value) => Argument { name: Some(self.name(&head)), value: self.expr(value) },
            None => Argument { name: None, value: self.expr(head) },
        }
    }

    fn number(&mut self, pair: &P<'_>) -> ExprKind {
        let text = pair.as_str().replace('_', "");
        if let Some(hundredths) = text.strip_suffix('%') {
            return ExprKind::Float(share(hundredths));
        }
        if text.contains(['.', 'e', 'E']) {
            let value: f64 = text.parse().unwrap_or(f64::INFINITY);
            if value.is_infinite() {
                let headline = format!("`{text}` is too large for a float");
                self.diagnostics.push(Diagnostic::new(Code::NumberTooLarge, headline, self.span(pair)));
            }
            return ExprKind::Float(value);
        }
        text.parse().map_or_else(
            |_| {
                let span = self.span(pair);
                self.diagnostics.push(
                    Diagnostic::new(Code::NumberTooLarge, format!("`{text}` is too large for an integer"), span)
                        .help(format!("integers go up to {}; write `{text}.0` for a float", i64::MAX)),
                );
                ExprKind::Int(0)
            },
            ExprKind::Int,
        )
    }

    fn string(&mut self, pair: P<'_>) -> Vec<StringPart> {
        pair.into_inner()
            .map(|pair| match pair.as_rule() {
                Rule::string_text => StringPart::Text(pair.as_str().to_owned()),
                _ => StringPart::Value(self.expr(first(pair))),
            })
            .collect()
    }

    /// A string that can't hold values in braces.
    pub(super) fn plain_string(&mut self, pair: P<'_>, what: &str) -> String {
        let span = self.span(&pair);
        let mut text = String::new();
        for part in self.string(pair) {
            match part {
                StringPart::Text(part) => text.push_str(&part),
                StringPart::Value(_) => self.diagnostics.push(Diagnostic::new(
                    Code::ValueInPath,
                    format!("{what} can't have values put in"),
                    span,
                )),
            }
        }
        text
    }

    fn lambda(&mut self, pair: P<'_>) -> ExprKind {
        let mut params: Vec<Name> = Vec::new();
        let mut body = None;
        for pair in pair.into_inner() {
            match pair.as_rule() {
                Rule::name => params.push(self.name(&pair)),
                Rule::body => body = Some(self.body(pair)),
                _ => {
                    let value = self.expr(pair);
                    let span = value.span;
                    body = Some(Body { statements: vec![Statement::Expr(value)], span });
                }
            }
        }
        ExprKind::Lambda(Arc::new(Lambda { params, body: body.expect("a function has a body") }))
    }

    fn if_expr(&mut self, pair: P<'_>) -> ExprKind {
        let mut inner = meaningful(pair);
        let condition = self.expr(inner.next().expect("an `if` has a condition"));
        let then = self.body(inner.next().expect("an `if` has a body"));
        let otherwise = inner.next().map(|pair| match pair.as_rule() {
            Rule::body => self.body(pair),
            _ => {
                let choice = self.expr(pair);
                let span = choice.span;
                Body { statements: vec![Statement::Expr(choice)], span }
            }
        });
        ExprKind::If(Box::new(If { condition, then, otherwise }))
    }

    fn for_expr(&mut self, pair: P<'_>) -> ExprKind {
        let (mut patterns, mut list, mut body) = (Vec::new(), None, None);
        for pair in meaningful(pair) {
            match pair.as_rule() {
                Rule::pattern => patterns.push(self.pattern(pair)),
                Rule::body => body = Some(self.body(pair)),
                _ => list = Some(self.expr(pair)),
            }
        }
        let element = patterns.pop().expect("a `for` names its element");
        ExprKind::For(Box::new(For {
            index: patterns.pop(),
            element,
            list: list.expect("a `for` has a list"),
            body: body.expect("a `for` has a body"),
        }))
    }

    fn loop_expr(&mut self, pair: P<'_>) -> ExprKind {
        let (mut carried, mut stepped, mut body) = (Vec::new(), Vec::new(), None);
        for pair in meaningful(pair) {
            let rule = pair.as_rule();
            if rule == Rule::body {
                body = Some(self.body(pair));
                continue;
            }
            let mut inner = meaningful(pair);
            let name = self.name(&inner.next().expect("a loop value has a name"));
            let value = self.expr(inner.next().expect("a loop value has a start"));
            if rule == Rule::carried { &mut carried } else { &mut stepped }.push((name, value));
        }
        ExprKind::Loop(Arc::new(Loop { carried, stepped, body: body.expect("a loop has a body") }))
    }
}

fn binary(symbol: &str) -> BinaryOp {
    match symbol {
        "or" => BinaryOp::Or,
        "and" => BinaryOp::And,
        "^" => BinaryOp::Pow,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        "==" => BinaryOp::Equal,
        "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterEqual,
        "in" => BinaryOp::In,
        _ => BinaryOp::NotIn,
    }
}

/// The number that a percentage stands for: 0.125 for `12.5`, rounded once.
fn share(hundredths: &str) -> f64 {
    let written = if hundredths.contains(['e', 'E']) { None } else { format!("{hundredths}e-2").parse().ok() };
    written.or_else(|| Some(hundredths.parse::<f64>().ok()? / 100.0)).unwrap_or(f64::INFINITY)
}
