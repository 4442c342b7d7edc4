//! Built-in functions that draw random numbers.

use diadc_core::fact::{DType, Fact, Shape};
use diadc_core::op::{Binary, Comparison, Distribution, Op, Random, Unary};

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::builtin::RandomWord;

use super::argument::Arguments;
use super::site::CallSite;
use crate::check::report::{Outcome, Reported};
use crate::check::value::{Tensor, Value};
use crate::check::{Expander, error};

impl Expander<'_> {
    pub(crate) fn random(&mut self, word: RandomWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        let (distribution, fact) = match word {
            RandomWord::Dropout => return self.dropout(arguments),
            RandomWord::RandomNormal => (Distribution::Normal, Fact::float(self.drawn_shape(arguments)?)),
            RandomWord::RandomUniform => (Distribution::Uniform, Fact::float(self.drawn_shape(arguments)?)),
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
        self.draw(&arguments.site, distribution, fact).map(Value::Tensor)
    }

    /// The shape of random numbers: that of `like`, or the one that is given.
    fn drawn_shape(&mut self, arguments: &Arguments<'_>) -> Outcome<Shape> {
        let (shape, at) = arguments.get("shape");
        match (arguments.get("like").0, shape) {
            (Value::None, Value::None) => Err(self.no_shape(arguments)),
            (Value::None, _) => self.shape_argument(arguments, "shape", None),
            (_, Value::None) => Ok(self.tensor_argument(arguments, "like")?.fact.shape.clone()),
            _ => {
                self.tensor_argument(arguments, "like")?;
                Err(self.report(error::argument_twice("shape", arguments.site.callee, at)))
            }
        }
    }

    fn no_shape(&mut self, arguments: &Arguments<'_>) -> Reported {
        self.report(error::missing_argument("shape", arguments.site.callee, arguments.site.span))
    }

    /// A source of random numbers, under a purpose that no other source in the function has.
    fn draw(&mut self, site: &CallSite<'_>, distribution: Distribution, fact: Fact) -> Outcome<Tensor> {
        let purpose = self.builder.purpose(site.env.scope);
        self.emit(site, Op::Random(Random { distribution, fact, purpose }), &[])
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
        let uniform = self.draw(site, Distribution::Uniform, Fact::float(x.fact.shape.clone()))?;
        let (builder, at) = (&mut self.builder, site.origin());
        let limit = builder.scalar(p, &uniform.fact, at);
        let keep = builder.sure(Op::Compare(Comparison::LessEqual), &[limit, uniform], at);
        let keep = builder.sure(Op::Cast(DType::Float), &[keep], at);
        let keep = builder.unary(Unary::MulScalar(1.0 / (1.0 - p)), &keep, at);
        Ok(Value::Tensor(builder.binary(Binary::Mul, &x, &keep, at)))
    }
}
