//! Built-in functions of single elements, which take numbers and tensors alike, and reductions.

use diadc_core::fact::DType;
use diadc_core::op::{Binary, Op, Reduction, Settings, Unary};

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::BinaryOp;
use crate::resolve::builtin::{ElementWord, ReductionWord, UnaryWord};

use super::argument::Arguments;
use super::site::CallSite;
use crate::check::report::Outcome;
use crate::check::value::{Tensor, Value};
use crate::check::{Expander, error};

impl Expander<'_> {
    pub(crate) fn unary_function(&mut self, word: UnaryWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        let given = arguments.get("x").0;
        let Some(x) = given.number() else {
            let x = self.tensor_argument(arguments, "x")?;
            let unary = word.operation(|name| self.float_argument(arguments, name))?;
            return self.emit(&arguments.site, Op::Unary(unary), &[x]).map(Value::Tensor);
        };
        let unary = word.operation(|name| self.float_argument(arguments, name))?;
        let record = unary.record();
        if unary.is_step() {
            return self.whole(given.int().filter(|_| unary != Unary::Sign), (record.value)(x), arguments);
        }
        // Settings are floats, so that only a function without any makes an int of an int.
        if let (Value::Int(n), Settings::None, Some(integer)) = (given, record.settings, record.integer)
            && let Some(n) = integer(*n)
        {
            return Ok(Value::Int(n));
        }
        self.finite((record.value)(x), &x.to_string(), arguments)
    }

    pub(crate) fn binary_function(&mut self, binary: Binary, arguments: &Arguments<'_>) -> Outcome<Value> {
        let (a, b) = (arguments.get("a").0, arguments.get("b").0);
        let (Some(x), Some(y)) = (a.number(), b.number()) else {
            let inputs = self.two_alike(arguments)?;
            return self.emit(&arguments.site, Op::Binary(binary), &inputs).map(Value::Tensor);
        };
        let record = binary.record();
        if let (Value::Int(m), Value::Int(n), Some(integer)) = (a, b, record.integer)
            && let Some(n) = integer(*m, *n)
        {
            return Ok(Value::Int(n));
        }
        let value = (record.value)(x, y);
        // The larger of an int and a float is an int if it is the int.
        match [a, b].into_iter().find(|operand| operand.number() == Some(value)) {
            Some(operand) => Ok(operand.clone()),
            None => self.finite(value, &format!("{x} and {y}"), arguments),
        }
    }

    pub(crate) fn element_function(&mut self, word: ElementWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        let number = |arguments: &Arguments<'_>| arguments.get("x").0.number();
        let op = match word {
            ElementWord::Where => {
                let condition = self.tensor_argument(arguments, "condition")?;
                let [a, b] = self.two_alike(arguments)?;
                return self.emit(&arguments.site, Op::Select, &[condition, a, b]).map(Value::Tensor);
            }
            ElementWord::ToFloat => match number(arguments) {
                Some(x) => return self.finite(x, &x.to_string(), arguments),
                None => Op::Cast(DType::Float),
            },
            ElementWord::ToInt => match number(arguments) {
                Some(x) => return self.whole(arguments.get("x").0.int(), x.trunc(), arguments),
                None => Op::Cast(DType::Int),
            },
            ElementWord::StopGradient => Op::StopGradient,
        };
        let x = self.tensor_argument(arguments, "x")?;
        self.emit(&arguments.site, op, &[x]).map(Value::Tensor)
    }

    /// A float without a fraction as an int, unless it is too large for one; `exact` is the int that it stands for, if
    /// it was one.
    pub(crate) fn whole(&mut self, exact: Option<i64>, x: f64, arguments: &Arguments<'_>) -> Outcome<Value> {
        // The largest int is no float; the first float beyond it is its successor.
        let fits = x >= i64::MIN as f64 && x < -(i64::MIN as f64);
        exact.or_else(|| fits.then_some(x as i64)).map(Value::Int).ok_or_else(|| {
            let text = format!("`{}` gives {x}, which is too large for an int", arguments.site.callee);
            self.report(Diagnostic::new(Code::Overflow, text, arguments.site.span))
        })
    }

    /// A number that a function gives, unless it is infinite or none.
    pub(crate) fn finite(&mut self, value: f64, of: &str, arguments: &Arguments<'_>) -> Outcome<Value> {
        if value.is_finite() {
            return Ok(Value::Float(value));
        }
        let text = format!("`{}` of {of} is not a finite number", arguments.site.callee);
        Err(self.report(Diagnostic::new(Code::NotFinite, text, arguments.site.span)))
    }

    /// The tensors `a` and `b`; a number is made a tensor of the other's element type.
    fn two_alike(&mut self, arguments: &Arguments<'_>) -> Outcome<[Tensor; 2]> {
        let beside = match (arguments.get("a").0, arguments.get("b").0) {
            (Value::Tensor(x), _) | (_, Value::Tensor(x)) => x.fact.dtype,
            _ => DType::Float,
        };
        let [a, b] = ["a", "b"].map(|name| match self.scalar(&arguments.site, arguments.get(name).0, beside)? {
            Some(number) => Ok(number),
            None => self.tensor_argument(arguments, name),
        });
        Ok([a?, b?])
    }

    pub(crate) fn reduction(&mut self, word: ReductionWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        if let Some(items) = arguments.get("x").0.elements() {
            return self.reduce_list(word, &items, arguments);
        }
        let x = self.tensor_argument(arguments, "x")?;
        let axes = self.axes_argument(arguments, &x)?;
        let keep = self.bool_argument(arguments, "keep")?;
        let kind = match word {
            ReductionWord::Sum => Reduction::Sum,
            ReductionWord::Mean => Reduction::Mean,
            ReductionWord::Max => Reduction::Max,
            ReductionWord::Min => Reduction::Min,
        };
        self.emit(&arguments.site, Op::Reduce { kind, axes, keep }, &[x]).map(Value::Tensor)
    }

    fn reduce_list(&mut self, word: ReductionWord, items: &[Value], arguments: &Arguments<'_>) -> Outcome<Value> {
        let site = arguments.site;
        let Some((first, rest)) = items.split_first() else {
            if word == ReductionWord::Sum {
                return Ok(Value::Int(0));
            }
            return Err(self.report(error::empty_list(site.callee, site.span)));
        };
        let operator = |op: BinaryOp| CallSite { callee: op.symbol(), ..site };
        let mut result = first.clone().sound()?;
        for item in rest {
            let item = item.clone().sound()?;
            let pair = |a, b| Arguments { site, values: vec![("a", a, site.span), ("b", b, site.span)] };
            result = match word {
                ReductionWord::Sum | ReductionWord::Mean => {
                    self.binary_operator(&operator(BinaryOp::Add), BinaryOp::Add, result, item)?
                }
                ReductionWord::Max => self.binary_function(Binary::Max, &pair(result, item))?,
                ReductionWord::Min => self.binary_function(Binary::Min, &pair(result, item))?,
            };
        }
        if word == ReductionWord::Mean {
            let count = Value::Float(items.len() as f64);
            result = self.binary_operator(&operator(BinaryOp::Div), BinaryOp::Div, result, count)?;
        }
        Ok(result)
    }
}
