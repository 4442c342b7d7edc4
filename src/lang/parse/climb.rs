//! Which operands belong to which operator.
//!
//! In: the pairs of a chain, in which operands and operators alternate. Out: the chain as a tree, according to how
//! tightly each operator binds. It is used for the syntax tree and for the formatter's tree.

use std::iter::Peekable;

use pest::iterators::{Pair, Pairs};

use super::Rule;

type P<'a> = Pair<'a, Rule>;

/// How tightly an operator binds, from the loosest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    /// Nothing: the whole chain.
    Whole,
    Pipe,
    Or,
    And,
    Not,
    Compare,
    Range,
    Sum,
    Product,
    Minus,
    Power,
}

/// Operands with the operators between them.
pub(super) enum Chain<'a> {
    Operand(P<'a>),
    /// `layer @ "place"`
    Placed(Box<Chain<'a>>, P<'a>),
    /// `not x`, `-x`
    Prefixed(Binding, P<'a>, Box<Chain<'a>>),
    /// `a + b`, and every other operator between two operands but a range
    Joined(Binding, Box<Chain<'a>>, P<'a>, Box<Chain<'a>>),
    /// `a..b`, `a..`, `..b`
    Range(Option<Box<Chain<'a>>>, P<'a>, Option<Box<Chain<'a>>>),
}

/// The tree of a chain. Operators that can't stand where they do are added to `misplaced`.
pub(super) fn climb<'a>(chain: P<'a>, misplaced: &mut Vec<P<'a>>) -> Chain<'a> {
    Climber { pairs: chain.into_inner().peekable(), misplaced }.above(Binding::Whole)
}

struct Climber<'a, 'b> {
    pairs: Peekable<Pairs<'a, Rule>>,
    misplaced: &'b mut Vec<P<'a>>,
}

impl<'a> Climber<'a, '_> {
    /// Reads on as long as operators bind tighter than `outer`.
    fn above(&mut self, outer: Binding) -> Chain<'a> {
        let first = self.next();
        let mut left = match first.as_rule() {
            Rule::prefix => {
                let binding = if first.as_str() == "-" { Binding::Minus } else { Binding::Not };
                if binding == Binding::Not && outer >= Binding::Not {
                    self.misplaced.push(first.clone());
                }
                let inner = if binding == Binding::Not { Binding::And } else { Binding::Product };
                Chain::Prefixed(binding, first, Box::new(self.above(inner)))
            }
            Rule::range_op => Chain::Range(None, first, Some(Box::new(self.above(Binding::Range)))),
            _ => match self.pairs.next_if(|pair| pair.as_rule() == Rule::place) {
                Some(place) => Chain::Placed(Box::new(Chain::Operand(first)), place),
                None => Chain::Operand(first),
            },
        };
        while let Some(operator) = self.pairs.next_if(|pair| binding(pair) > outer) {
            let binding = binding(&operator);
            let is_second = match &left {
                Chain::Range(..) => binding == Binding::Range,
                Chain::Joined(before, ..) => *before == binding && binding == Binding::Compare,
                Chain::Operand(_) | Chain::Placed(..) | Chain::Prefixed(..) => false,
            };
            if is_second {
                self.misplaced.push(operator.clone());
            }
            left = match binding {
                Binding::Range => {
                    let high = self.pairs.peek().is_some().then(|| Box::new(self.above(Binding::Range)));
                    Chain::Range(Some(Box::new(left)), operator, high)
                }
                // The exponent may have a minus, and may be a power itself.
                Binding::Power => {
                    Chain::Joined(binding, Box::new(left), operator, Box::new(self.above(Binding::Product)))
                }
                _ => Chain::Joined(binding, Box::new(left), operator, Box::new(self.above(binding))),
            };
        }
        left
    }

    fn next(&mut self) -> P<'a> {
        self.pairs.next().expect("an operand follows each operator")
    }
}

fn binding(operator: &P<'_>) -> Binding {
    match operator.as_str() {
        "|>" => Binding::Pipe,
        "or" => Binding::Or,
        "and" => Binding::And,
        ".." | "..=" => Binding::Range,
        "+" | "-" => Binding::Sum,
        "*" | "/" | "%" => Binding::Product,
        "^" => Binding::Power,
        _ => Binding::Compare,
    }
}
