//! Built-in functions of tensors that have no weights.

use diadc_core::fact::{DType, Dim, Fact, Shape};
use diadc_core::op::{
    Attention, Binary, Comparison, Distribution, Elements, Interpolation, Op, PadMode, Pool, PoolKind, Random,
    Reduction, Resize, Settings, Unary,
};

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::BinaryOp;
use crate::resolve::builtin::{ElementWord, LayoutWord, RandomWord, ReductionWord, TensorWord, UnaryWord};

use super::argument::{Arguments, as_int};
use super::site::CallSite;
use crate::check::report::{Outcome, Reported};
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
        let record = word.operation(|name| self.float_argument(arguments, name))?.record();
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
                // A float that is too large gives the largest int.
                Some(x) => return Ok(Value::Int(x as i64)),
                None => Op::Cast(DType::Int),
            },
            ElementWord::StopGradient => Op::StopGradient,
        };
        let x = self.tensor_argument(arguments, "x")?;
        self.emit(&arguments.site, op, &[x]).map(Value::Tensor)
    }

    /// A number that a function gives, unless it is infinite or none.
    fn finite(&mut self, value: f64, of: &str, arguments: &Arguments<'_>) -> Outcome<Value> {
        if value.is_finite() {
            return Ok(Value::Float(value));
        }
        let text = format!("`{}` of {of} is not a finite number", arguments.site.callee);
        Err(self.report(Diagnostic::new(Code::NotFinite, text, arguments.site.span)))
    }

    /// The tensors `a` and `b`; a number is made a tensor of the other's element type.
    fn two_alike(&mut self, arguments: &Arguments<'_>) -> Outcome<[Tensor; 2]> {
        let like = match (arguments.get("a").0, arguments.get("b").0) {
            (Value::Tensor(x), _) | (_, Value::Tensor(x)) => Fact::clone(&x.fact),
            _ => Fact::float(Shape::default()),
        };
        let [a, b] = ["a", "b"].map(|name| match arguments.get(name).0.number() {
            Some(x) => Ok(self.builder.scalar(x, &like, arguments.site.origin())),
            None => self.tensor_argument(arguments, name),
        });
        Ok([a?, b?])
    }

    pub(crate) fn reduction(&mut self, word: ReductionWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        if let Some(items) = arguments.get("x").0.elements() {
            return self.reduce_list(word, &items, arguments);
        }
        let x = self.tensor_argument(arguments, "x")?;
        let rank = x.fact.shape.rank();
        let (axis, at) = arguments.get("axis");
        let axes: Vec<usize> = match axis {
            Value::None => (0..rank).collect(),
            axis => {
                let given = axis.elements().unwrap_or_else(|| vec![axis.clone()]);
                let axes = given.iter().map(|axis| self.axis(axis, rank, arguments.site.callee, at));
                axes.collect::<Outcome<_>>()?
            }
        };
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
            let text = format!("`{}` of an empty list", site.callee);
            return Err(self.report(Diagnostic::new(Code::EmptyList, text, site.span)));
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

    pub(crate) fn layout(&mut self, word: LayoutWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        let CallSite { callee, span, .. } = arguments.site;
        let (op, inputs) = match word {
            LayoutWord::Reshape => {
                let x = self.tensor_argument(arguments, "x")?;
                let shape = self.shape_argument(arguments, "shape", Some(&x.fact.shape.elements()))?;
                (Op::Reshape(shape), vec![x])
            }
            LayoutWord::Permute => {
                let x = self.tensor_argument(arguments, "x")?;
                let (_, at) = arguments.get("order");
                let order = self.list_argument(arguments, "order")?;
                let rank = x.fact.shape.rank();
                let order = order.iter().map(|axis| self.axis(axis, rank, callee, at));
                (Op::Permute(order.collect::<Outcome<_>>()?), vec![x])
            }
            LayoutWord::Expand => {
                let x = self.tensor_argument(arguments, "x")?;
                (Op::Expand(self.shape_argument(arguments, "shape", None)?), vec![x])
            }
            LayoutWord::Concat => {
                let tensors = self.tensors_argument(arguments, "list")?;
                let rank = tensors.first().map_or(0, |tensor| tensor.fact.shape.rank());
                (Op::Concat { axis: self.axis(arguments.get("axis").0, rank, callee, span)? }, tensors)
            }
            LayoutWord::Split => return self.split(arguments),
            LayoutWord::Slice => {
                let x = self.tensor_argument(arguments, "x")?;
                let (axis, at) = arguments.get("axis");
                let axis = self.axis(axis, x.fact.shape.rank(), callee, at)?;
                let start = self.int_argument(arguments, "from", 0)?;
                (Op::Slice { axis, start, end: self.int_argument(arguments, "to", 0)? }, vec![x])
            }
            LayoutWord::Gather => {
                let table = match arguments.get("table").0 {
                    Value::Tensor(table) => table.clone(),
                    _ => self.table(arguments, "table")?,
                };
                (Op::Gather, vec![table, self.tensor_argument(arguments, "index")?])
            }
            LayoutWord::Pad => {
                let x = self.tensor_argument(arguments, "x")?;
                let sides = self.sides(arguments)?;
                let mode = self.word_argument(arguments, "mode", &["zero", "reflect"])?;
                let mode = if &*mode == "zero" { PadMode::Zero } else { PadMode::Reflect };
                (Op::Pad { sides, mode }, vec![x])
            }
            LayoutWord::Constant => {
                let elements = match arguments.get("values").0 {
                    Value::Int(n) => Elements::Int([*n].into()),
                    Value::Float(x) => Elements::Float([*x].into()),
                    _ => return self.table(arguments, "values").map(Value::Tensor),
                };
                return Ok(Value::Tensor(self.builder.constant(elements, Shape::default(), arguments.site.origin())));
            }
            LayoutWord::Full => {
                let shape = self.shape_argument(arguments, "shape", None)?;
                let value = self.float_argument(arguments, "value")?;
                let elements = Elements::Float([value].into());
                let scalar = self.builder.constant(elements, Shape::default(), arguments.site.origin());
                (Op::Expand(shape), vec![scalar])
            }
        };
        self.emit(&arguments.site, op, &inputs).map(Value::Tensor)
    }

    /// How many rows and columns `pad` adds: `[left, right, top, bottom]`.
    fn sides(&mut self, arguments: &Arguments<'_>) -> Outcome<[usize; 4]> {
        let sides = self.list_argument(arguments, "sides")?;
        let sides: Vec<usize> = sides
            .iter()
            .filter_map(|side| match side {
                Value::Int(n) => usize::try_from(*n).ok(),
                _ => None,
            })
            .collect();
        let wanted = "`[left, right, top, bottom]`, all at least 0";
        sides.try_into().map_err(|_| self.refuse_argument(arguments, "sides", wanted))
    }

    /// A list of numbers as a constant tensor.
    fn table(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<Tensor> {
        let items = self.list_argument(arguments, name)?;
        let elements = elements(&items).ok_or_else(|| self.refuse_argument(arguments, name, "a list of numbers"))?;
        let shape = Shape::of(&[as_int(items.len())]);
        Ok(self.builder.constant(elements, shape, arguments.site.origin()))
    }

    fn split(&mut self, arguments: &Arguments<'_>) -> Outcome<Value> {
        let x = self.tensor_argument(arguments, "x")?;
        let count = self.int_argument(arguments, "count", 1)?;
        let (axis, at) = arguments.get("axis");
        let axis = self.axis(axis, x.fact.shape.rank(), arguments.site.callee, at)?;
        let extent = x.fact.shape.0[axis].known().filter(|extent| extent % count == 0);
        let Some(extent) = extent else {
            let text = format!("axis {axis} of {} can't be split into {count} equal parts", x.fact);
            return Err(self.report(Diagnostic::new(Code::ShapeMismatch, text, arguments.site.span)));
        };
        self.has_room(usize::try_from(count).unwrap_or(usize::MAX), arguments.site.span)?;
        let width = extent / count;
        let parts = (0..count).map(|i| {
            let op = Op::Slice { axis, start: i * width, end: (i + 1) * width };
            self.emit(&arguments.site, op, std::slice::from_ref(&x)).map(Value::Tensor)
        });
        Ok(Value::list(parts.collect::<Outcome<_>>()?))
    }

    pub(crate) fn tensor_function(&mut self, word: TensorWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        let (op, inputs) = match word {
            TensorWord::Softmax => {
                let x = self.tensor_argument(arguments, "x")?;
                let (axis, at) = arguments.get("axis");
                let axis = self.axis(axis, x.fact.shape.rank(), arguments.site.callee, at)?;
                (Op::Softmax { axis }, vec![x])
            }
            TensorWord::MatMul => {
                let inputs = vec![self.tensor_argument(arguments, "a")?, self.tensor_argument(arguments, "b")?];
                (Op::MatMul, inputs)
            }
            TensorWord::Attention => {
                let [q, k, v] = ["q", "k", "v"].map(|name| self.tensor_argument(arguments, name));
                let (q, k, v) = (q?, k?, v?);
                let width = q.fact.shape.0.last().and_then(Dim::known).unwrap_or(1);
                let scale = match arguments.get("scale").0 {
                    Value::None => 1.0 / (width as f64).sqrt(),
                    _ => self.float_argument(arguments, "scale")?,
                };
                let causal = self.bool_argument(arguments, "causal")?;
                (Op::Attention(Attention { scale, causal }), vec![q, k, v])
            }
            TensorWord::AvgPool => self.pool(PoolKind::Average, arguments)?,
            TensorWord::MaxPool => self.pool(PoolKind::Max, arguments)?,
            TensorWord::Resize => {
                let x = self.tensor_argument(arguments, "x")?;
                let [h, w] = self.pair_argument(arguments, "size", 1)?;
                let size = [h, w].map(|n| Dim::from(as_int(n)));
                let mode = self.word_argument(arguments, "mode", &["bilinear", "nearest"])?;
                let interpolation = match (&*mode, self.bool_argument(arguments, "align_corners")?) {
                    ("nearest", _) => Interpolation::Nearest,
                    (_, true) => Interpolation::BilinearAligned,
                    (_, false) => Interpolation::Bilinear,
                };
                (Op::Resize(Resize { size, interpolation }), vec![x])
            }
            TensorWord::GaussianBlur => {
                let x = self.tensor_argument(arguments, "x")?;
                let sigma = self.float_argument(arguments, "sigma")?;
                (Op::GaussianBlur { sigma, truncate: self.float_argument(arguments, "truncate")? }, vec![x])
            }
            TensorWord::InstanceNorm => self.instance_norm(arguments)?,
        };
        self.emit(&arguments.site, op, &inputs).map(Value::Tensor)
    }

    fn pool(&mut self, kind: PoolKind, arguments: &Arguments<'_>) -> Outcome<(Op, Vec<Tensor>)> {
        let x = self.tensor_argument(arguments, "x")?;
        let window = self.pair_argument(arguments, "window", 1)?;
        let stride = match arguments.get("stride").0 {
            Value::None => window,
            _ => self.pair_argument(arguments, "stride", 1)?,
        };
        let padding = self.pair_argument(arguments, "padding", 0)?;
        Ok((Op::Pool(Pool { kind, window, stride, padding }), vec![x]))
    }

    /// Instance normalisation is group normalisation with one channel in a group and a scale of 1.
    fn instance_norm(&mut self, arguments: &Arguments<'_>) -> Outcome<(Op, Vec<Tensor>)> {
        let x = self.tensor_argument(arguments, "x")?;
        let channels = x.fact.shape.0.get(1).and_then(Dim::known).filter(|&n| n > 0);
        let Some(channels) = channels else {
            let text = format!("an image [B, C, H, W] is expected, this is {}", x.fact);
            return Err(self.report(Diagnostic::new(Code::ShapeMismatch, text, arguments.site.span)));
        };
        let shape = Shape::of(&[channels]);
        let origin = arguments.site.origin();
        let one = self.builder.constant(Elements::Float([1.0].into()), shape.clone(), origin);
        let zero = self.builder.constant(Elements::Float([0.0].into()), shape, origin);
        let groups = usize::try_from(channels).unwrap_or(usize::MAX);
        let op = Op::GroupNorm { groups, epsilon: self.float_argument(arguments, "epsilon")? };
        Ok((op, vec![x, one, zero]))
    }

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

/// Numbers as the elements of a constant: ints if all are.
pub(crate) fn elements(items: &[Value]) -> Option<Elements> {
    let ints: Option<Vec<i64>> = items
        .iter()
        .map(|item| match item {
            Value::Int(n) => Some(*n),
            _ => None,
        })
        .collect();
    match ints {
        Some(ints) if !ints.is_empty() => Some(Elements::Int(ints.into())),
        _ => {
            let floats: Option<Vec<f64>> = items.iter().map(Value::number).collect();
            floats.filter(|floats| !floats.is_empty()).map(|floats| Elements::Float(floats.into()))
        }
    }
}
