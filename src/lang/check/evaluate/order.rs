//! Built-in functions of the order of numbers, of neighbours among rows, and of square matrices.

use diadc_core::fact::{DType, Shape};
use diadc_core::op::{Comparison, Coreset, Elements, Op, Quantile, Rank, Ranking};

use crate::resolve::builtin::OrderWord;

use super::argument::{Arguments, as_int};
use crate::check::Expander;
use crate::check::report::Outcome;
use crate::check::value::{Tensor, Value};

impl Expander<'_> {
    pub(crate) fn order(&mut self, word: OrderWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        let (op, inputs) = match word {
            OrderWord::Top => {
                let count = Some(self.size_argument(arguments, "count", 1)?);
                let (x, axis) = self.along(arguments)?;
                return self.ranked(arguments, x, Rank { axis, count, ranking: Ranking::Descending });
            }
            OrderWord::Sort => {
                let (x, axis) = self.along(arguments)?;
                return self.ranked(arguments, x, Rank { axis, count: None, ranking: Ranking::Ascending });
            }
            OrderWord::ArgMax => return self.extreme_place(arguments, Ranking::Descending),
            OrderWord::ArgMin => return self.extreme_place(arguments, Ranking::Least),
            OrderWord::Quantile => {
                let x = self.float_tensor_argument(arguments, "x")?;
                let q = self.float_argument(arguments, "q")?;
                let axes = self.axes_argument(arguments, &x)?;
                (Op::Quantile(Quantile { q, axes, keep: self.bool_argument(arguments, "keep")? }), vec![x])
            }
            OrderWord::CumSum => {
                let (x, axis) = self.along(arguments)?;
                (Op::Cumulate { axis, from_end: false }, vec![x])
            }
            OrderWord::Take => return self.take(arguments),
            OrderWord::Coreset => {
                let rows = self.float_tensor_argument(arguments, "rows")?;
                let count = self.size_argument(arguments, "count", 1)?;
                let project = match arguments.get("project").0.present() {
                    None => None,
                    Some(_) => Some(self.size_argument(arguments, "project", 1)?),
                };
                let at_most = self.size_argument(arguments, "at_most", 1)?;
                let purpose = self.builder.purpose(arguments.site.env.scope);
                (Op::Coreset(Coreset { count, project, at_most, purpose }), vec![rows])
            }
            OrderWord::Nearest | OrderWord::NearestIndex => {
                let inputs = vec![self.tensor_argument(arguments, "x")?, self.tensor_argument(arguments, "rows")?];
                let count = self.size_argument(arguments, "count", 1)?;
                let op = if word == OrderWord::Nearest { Op::Nearest { count } } else { Op::NearestIndex { count } };
                (op, inputs)
            }
            OrderWord::Inverse => (Op::Inverse, vec![self.tensor_argument(arguments, "x")?]),
            OrderWord::Eye => return self.eye(arguments),
        };
        self.emit(&arguments.site, op, &inputs).map(Value::Tensor)
    }

    /// The tensor that a function works on, and the axis along which it does.
    fn along(&mut self, arguments: &Arguments<'_>) -> Outcome<(Tensor, usize)> {
        let x = self.float_tensor_argument(arguments, "x")?;
        let axis = self.axis_argument(arguments, &x)?;
        Ok((x, axis))
    }

    /// The numbers of a ranking.
    fn ranked(&mut self, arguments: &Arguments<'_>, x: Tensor, rank: Rank) -> Outcome<Value> {
        let places = self.emit(&arguments.site, Op::Rank(rank), std::slice::from_ref(&x))?;
        self.emit(&arguments.site, Op::Take { axis: rank.axis }, &[x, places]).map(Value::Tensor)
    }

    /// The place of the first number of a ranking, without the axis.
    fn extreme_place(&mut self, arguments: &Arguments<'_>, ranking: Ranking) -> Outcome<Value> {
        let (x, axis) = self.along(arguments)?;
        let mut shape = x.fact.shape.clone();
        shape.0.remove(axis);
        let place = self.emit(&arguments.site, Op::Rank(Rank { axis, count: Some(1), ranking }), &[x])?;
        self.emit(&arguments.site, Op::Reshape(shape), &[place]).map(Value::Tensor)
    }

    /// Elements by their places. On the other axes, extents of 1 are repeated.
    fn take(&mut self, arguments: &Arguments<'_>) -> Outcome<Value> {
        let (x, index) = (self.tensor_argument(arguments, "x")?, self.tensor_argument(arguments, "index")?);
        let axis = self.axis_argument(arguments, &x)?;
        let [mut of_x, mut of_index] = [x.fact.shape.clone(), index.fact.shape.clone()];
        let others = of_x.0.iter_mut().zip(&mut of_index.0).enumerate().filter(|(at, _)| *at != axis);
        for (_, (a, b)) in others {
            if a.known() == Some(1) {
                a.clone_from(b);
            } else if b.known() == Some(1) {
                b.clone_from(a);
            }
        }
        let repeated = [(x, of_x), (index, of_index)].map(|(tensor, shape)| {
            if tensor.fact.shape == shape {
                return Ok(tensor);
            }
            self.emit(&arguments.site, Op::Expand(shape), &[tensor])
        });
        let [x, index] = repeated;
        self.emit(&arguments.site, Op::Take { axis }, &[x?, index?]).map(Value::Tensor)
    }

    /// Row and column numbers, where they are equal.
    fn eye(&mut self, arguments: &Arguments<'_>) -> Outcome<Value> {
        let size = self.size_argument(arguments, "size", 1)?;
        self.has_room(size, arguments.site.span)?;
        let places = Elements::Int((0..as_int(size)).collect());
        let column = self.constant_tensor(&arguments.site, places, Shape::of(&[as_int(size), 1]))?;
        let row =
            self.emit(&arguments.site, Op::Reshape(Shape::of(&[1, as_int(size)])), std::slice::from_ref(&column))?;
        let equal = self.emit(&arguments.site, Op::Compare(Comparison::Equal), &[column, row])?;
        self.emit(&arguments.site, Op::Cast(DType::Float), &[equal]).map(Value::Tensor)
    }
}
