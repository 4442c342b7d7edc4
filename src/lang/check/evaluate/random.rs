//! Built-in functions that draw random numbers.

use diadc_core::fact::{DType, Dim, Fact, Shape};
use diadc_core::op::{Binary, Comparison, Distribution, Op, Random, Unary};

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::builtin::RandomWord;

use super::argument::Arguments;
use super::rows::Rows;
use super::site::CallSite;
use crate::check::report::{Outcome, Reported};
use crate::check::value::{Tensor, Value};
use crate::check::{Expander, error};

/// How samples lie along an axis of a shape.
struct Samples {
    axis: usize,
    /// The number of samples.
    batch: Dim,
    /// The number of rows of each.
    count: Dim,
}

impl Expander<'_> {
    pub(crate) fn random(&mut self, word: RandomWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        let mut rows = Rows::Together;
        let (distribution, fact) = match word {
            RandomWord::Dropout => return self.dropout(arguments),
            RandomWord::RandomNormal | RandomWord::RandomUniform => {
                let (shape, order) = self.drawn_shape(arguments)?;
                rows = order;
                let is_normal = word == RandomWord::RandomNormal;
                (if is_normal { Distribution::Normal } else { Distribution::Uniform }, Fact::float(shape))
            }
            RandomWord::RandomInt => {
                let shape = match (arguments.get("shape").0, &self.function.batch) {
                    (Value::None, Some(batch)) => Shape(vec![batch.clone()]),
                    (Value::None, None) => return Err(self.no_shape(arguments)),
                    _ => self.shape_argument(arguments, "shape", None)?,
                };
                let low = self.int_argument(arguments, "low", i64::MIN)?;
                let high = self.int_argument(arguments, "high", low.saturating_add(1))?;
                (Distribution::Int { low, high }, Fact::int(shape))
            }
        };
        self.draw(&arguments.site, distribution, fact, rows).map(Value::Tensor)
    }

    /// The shape of random numbers and the order of their rows: those of `like`, or the shape that is given.
    fn drawn_shape(&mut self, arguments: &Arguments<'_>) -> Outcome<(Shape, Rows)> {
        let (shape, at) = arguments.get("shape");
        match (arguments.get("like").0, shape) {
            (Value::None, Value::None) => Err(self.no_shape(arguments)),
            (Value::None, _) => Ok((self.shape_argument(arguments, "shape", None)?, Rows::Together)),
            (like @ Value::List(_), Value::None) => {
                let (what, kind) = (format!("`like` of `{}`", arguments.site.callee), like.kind(self.spec));
                let diagnostic = error::wrong_type(&what, "a tensor", &kind, arguments.get("like").1);
                let help = format!("a shape is given by name, as in `{}(shape: [B, 1])`", arguments.site.callee);
                Err(self.report(diagnostic.help(help)))
            }
            (_, Value::None) => {
                let like = self.tensor_argument(arguments, "like")?;
                Ok((like.fact.shape.clone(), self.rows(&like)))
            }
            _ => {
                self.tensor_argument(arguments, "like")?;
                Err(self.report(error::argument_twice("shape", arguments.site.callee, at)))
            }
        }
    }

    fn no_shape(&mut self, arguments: &Arguments<'_>) -> Reported {
        self.report(error::missing_argument("shape", arguments.site.callee, arguments.site.span))
    }

    fn rows(&self, tensor: &Tensor) -> Rows {
        let batch = self.function.batch.as_ref();
        batch.map_or(Rows::Together, |batch| Rows::of(self.builder.graph_of(tensor), tensor.id, batch))
    }

    /// A source of random numbers, under a purpose that no other source in the function has. It draws sample by sample, also
    /// where samples are not the first axis or each has several rows.
    fn draw(&mut self, site: &CallSite<'_>, distribution: Distribution, fact: Fact, rows: Rows) -> Outcome<Tensor> {
        let purpose = self.builder.purpose(site.env.scope);
        let Some(Samples { axis, batch, count }) = self.samples(&fact.shape) else {
            return self.emit(site, Op::Random(Random { distribution, fact, purpose, turn: 0 }), &[]);
        };
        let mut drawn = vec![batch, count];
        let mut order: Vec<usize> = (2..=fact.shape.rank()).collect();
        let own = match rows {
            Rows::Together => [0, 1],
            Rows::InTurns => [1, 0],
        };
        order.splice(axis..axis, own);
        drawn.extend(fact.shape.0.iter().enumerate().filter(|(at, _)| *at != axis).map(|(_, dim)| dim.clone()));
        let fact_of_draw = Fact { shape: Shape(drawn), ..fact.clone() };
        let source = Random { distribution, fact: fact_of_draw, purpose, turn: 0 };
        let mut numbers = self.emit(site, Op::Random(source), &[])?;
        if !order.is_sorted() {
            numbers = self.emit(site, Op::Permute(order), &[numbers])?;
        }
        self.emit(site, Op::Reshape(fact.shape), &[numbers])
    }

    /// The axis along which samples lie, unless it is the first one and each has one row, or there is none.
    fn samples(&self, shape: &Shape) -> Option<Samples> {
        let batch = self.function.batch.as_ref().filter(|batch| batch.known().is_none())?;
        let is_plain = shape.0.first() == Some(batch);
        let counts = shape.0.iter().map(|dim| dim.known().map_or_else(|| dim.divided_exactly(batch), |_| None));
        let (axis, count) = counts.enumerate().find_map(|(axis, count)| Some((axis, count?)))?;
        (!is_plain).then(|| Samples { axis, batch: batch.clone(), count })
    }

    fn dropout(&mut self, arguments: &Arguments<'_>) -> Outcome<Value> {
        let x = self.float_tensor_argument(arguments, "x")?;
        let p = self.float_argument(arguments, "p")?;
        if !(0.0..1.0).contains(&p) {
            let text = format!("`p` of `dropout` must be at least 0 and less than 1, this is {p}");
            let at = arguments.get("p").1;
            return Err(self.report(Diagnostic::new(Code::TooSmall, text, at)));
        }
        let site = &arguments.site;
        if p == 0.0 || !self.function.is_objective || !self.is_trained(site.env.owner()) {
            return Ok(Value::Tensor(x));
        }
        let uniform = self.draw(site, Distribution::Uniform, Fact::float(x.fact.shape.clone()), self.rows(&x))?;
        let (builder, at) = (&mut self.builder, site.origin());
        let limit = builder.scalar(p, at);
        let keep = builder.sure(Op::Compare(Comparison::LessEqual), &[limit, uniform], at);
        let keep = builder.sure(Op::Cast(DType::Float), &[keep], at);
        let keep = builder.unary(Unary::MulScalar(1.0 / (1.0 - p)), &keep, at);
        Ok(Value::Tensor(builder.binary(Binary::Mul, &x, &keep, at)))
    }
}
