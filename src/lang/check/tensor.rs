//! Built-in functions of tensors that have no weights.

use diadc_core::fact::{DType, Dim, Fact, Shape};
use diadc_core::op::{
    Attention, Binary, Comparison, Distribution, Elements, Interpolation, Op, PadMode, Pool, PoolKind, Random,
    Reduction, Resize, Settings, Unary,
};

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::BinaryOp;
use crate::resolve::builtin::{ElementWord, LayoutWord, RandomWord, ReductionWord, TensorWord, UnaryWord};

use super::argument::Arguments;
use super::environment::Environment;
use super::value::{Tensor, Value};
use super::{Checker, error, list};

impl Checker<'_> {
    pub(super) fn unary_function(
        &mut self,
        env: &Environment,
        word: UnaryWord,
        arguments: &Arguments,
    ) -> Option<Value> {
        let given = arguments.get("x").0;
        let Some(x) = given.number() else {
            let x = self.tensor_argument(arguments, "x")?;
            let unary = word.operation(|name| self.float_argument(arguments, name))?;
            return Some(self.emit(env, Op::Unary(unary), &[x], arguments.callee, arguments.span));
        };
        let record = word.operation(|name| self.float_argument(arguments, name))?.record();
        // Settings are floats, so that only a function without any makes an int of an int.
        if let (Value::Int(n), Settings::None, Some(integer)) = (given, record.settings, record.integer)
            && let Some(n) = integer(*n)
        {
            return Some(Value::Int(n));
        }
        Some(self.finite((record.value)(x), &x.to_string(), arguments))
    }

    pub(super) fn binary_function(
        &mut self,
        env: &Environment,
        binary: Binary,
        arguments: &Arguments,
    ) -> Option<Value> {
        let (a, b) = (arguments.get("a").0, arguments.get("b").0);
        let (Some(x), Some(y)) = (a.number(), b.number()) else {
            let inputs = self.two_alike(env, arguments)?;
            return Some(self.emit(env, Op::Binary(binary), &inputs, arguments.callee, arguments.span));
        };
        let record = binary.record();
        if let (Value::Int(m), Value::Int(n), Some(integer)) = (a, b, record.integer)
            && let Some(n) = integer(*m, *n)
        {
            return Some(Value::Int(n));
        }
        let value = (record.value)(x, y);
        // The larger of an int and a float is an int if it is the int.
        match [a, b].into_iter().find(|operand| operand.number() == Some(value)) {
            Some(operand) => Some(operand.clone()),
            None => Some(self.finite(value, &format!("{x} and {y}"), arguments)),
        }
    }

    pub(super) fn element_function(
        &mut self,
        env: &Environment,
        word: ElementWord,
        arguments: &Arguments,
    ) -> Option<Value> {
        let number = |arguments: &Arguments| arguments.get("x").0.number();
        let op = match word {
            ElementWord::Where => {
                let condition = self.tensor_argument(arguments, "condition")?;
                let [a, b] = self.two_alike(env, arguments)?;
                return Some(self.emit(env, Op::Select, &[condition, a, b], arguments.callee, arguments.span));
            }
            ElementWord::ToFloat => match number(arguments) {
                Some(x) => return Some(self.finite(x, &x.to_string(), arguments)),
                None => Op::Cast(DType::Float),
            },
            ElementWord::ToInt => match number(arguments) {
                #[allow(clippy::cast_possible_truncation, reason = "a float that is too large gives the largest int")]
                Some(x) => return Some(Value::Int(x as i64)),
                None => Op::Cast(DType::Int),
            },
            ElementWord::StopGradient => Op::StopGradient,
        };
        let x = self.tensor_argument(arguments, "x")?;
        Some(self.emit(env, op, &[x], arguments.callee, arguments.span))
    }

    /// A number that a function gives, unless it is infinite or none.
    fn finite(&mut self, value: f64, of: &str, arguments: &Arguments) -> Value {
        if value.is_finite() {
            return Value::Float(value);
        }
        let text = format!("`{}` of {of} is not a finite number", arguments.callee);
        self.report(Diagnostic::new(Code::NotFinite, text, arguments.span))
    }

    /// The tensors `a` and `b`; a number is made a tensor of the other's element type.
    fn two_alike(&mut self, env: &Environment, arguments: &Arguments) -> Option<[Tensor; 2]> {
        let like = match (arguments.get("a").0, arguments.get("b").0) {
            (Value::Tensor(x), _) | (_, Value::Tensor(x)) => Fact::clone(&x.fact),
            _ => Fact::float(Shape::default()),
        };
        let [a, b] = ["a", "b"].map(|name| match arguments.get(name).0.number() {
            Some(x) => Some(self.scalar(env, x, &like, arguments.span)),
            None => self.tensor_argument(arguments, name),
        });
        Some([a?, b?])
    }

    pub(super) fn reduction(&mut self, env: &Environment, word: ReductionWord, arguments: &Arguments) -> Option<Value> {
        if let Some(items) = arguments.get("x").0.elements() {
            return self.reduce_list(env, word, &items, arguments);
        }
        let x = self.tensor_argument(arguments, "x")?;
        let rank = x.fact.shape.rank();
        let (axis, at) = arguments.get("axis");
        let axes: Vec<usize> = match axis {
            Value::None => (0..rank).collect(),
            axis => {
                let given = axis.elements().unwrap_or_else(|| vec![axis.clone()]);
                let axes: Option<Vec<usize>> =
                    given.iter().map(|axis| self.axis(axis, rank, arguments.callee, at)).collect();
                axes?
            }
        };
        let keep = self.bool_argument(arguments, "keep")?;
        let kind = match word {
            ReductionWord::Sum => Reduction::Sum,
            ReductionWord::Mean => Reduction::Mean,
            ReductionWord::Max => Reduction::Max,
            ReductionWord::Min => Reduction::Min,
        };
        Some(self.emit(env, Op::Reduce { kind, axes, keep }, &[x], arguments.callee, arguments.span))
    }

    fn reduce_list(
        &mut self,
        env: &Environment,
        word: ReductionWord,
        items: &[Value],
        arguments: &Arguments,
    ) -> Option<Value> {
        let (callee, span) = (arguments.callee, arguments.span);
        let Some((first, rest)) = items.split_first() else {
            if word == ReductionWord::Sum {
                return Some(Value::Int(0));
            }
            let text = format!("`{callee}` of an empty list");
            return Some(self.report(Diagnostic::new(Code::EmptyList, text, span)));
        };
        let mut result = first.clone();
        for item in rest {
            let pair = |result| vec![("a", result, span), ("b", item.clone(), span)];
            result = match word {
                ReductionWord::Sum | ReductionWord::Mean => {
                    self.binary_operator(env, BinaryOp::Add, result, item.clone(), span)
                }
                ReductionWord::Max => {
                    self.binary_function(env, Binary::Max, &Arguments { callee, span, values: pair(result) })?
                }
                ReductionWord::Min => {
                    self.binary_function(env, Binary::Min, &Arguments { callee, span, values: pair(result) })?
                }
            };
        }
        if word == ReductionWord::Mean {
            #[allow(clippy::cast_precision_loss, reason = "lists are short")]
            let count = Value::Float(items.len() as f64);
            result = self.binary_operator(env, BinaryOp::Div, result, count, span);
        }
        Some(result)
    }

    pub(super) fn layout(&mut self, env: &Environment, word: LayoutWord, arguments: &Arguments) -> Option<Value> {
        let (callee, span) = (arguments.callee, arguments.span);
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
                let order: Option<Vec<usize>> = order.iter().map(|axis| self.axis(axis, rank, callee, at)).collect();
                (Op::Permute(order?), vec![x])
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
            LayoutWord::Split => return self.split(env, arguments),
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
                    _ => self.table(env, arguments, "table")?,
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
                    _ => return self.table(env, arguments, "values").map(Value::Tensor),
                };
                return Some(Value::Tensor(self.constant(env, elements, Shape::default(), span)));
            }
            LayoutWord::Full => {
                let shape = self.shape_argument(arguments, "shape", None)?;
                let value = self.float_argument(arguments, "value")?;
                let scalar = self.constant(env, Elements::Float([value].into()), Shape::default(), span);
                (Op::Expand(shape), vec![scalar])
            }
        };
        Some(self.emit(env, op, &inputs, callee, span))
    }

    /// How many rows and columns `pad` adds: `[left, right, top, bottom]`.
    fn sides(&mut self, arguments: &Arguments) -> Option<[usize; 4]> {
        let sides = self.list_argument(arguments, "sides")?;
        let sides: Vec<usize> = sides
            .iter()
            .filter_map(|side| match side {
                Value::Int(n) => usize::try_from(*n).ok(),
                _ => None,
            })
            .collect();
        if let Ok(sides) = <[usize; 4]>::try_from(sides) {
            return Some(sides);
        }
        let (value, at) = arguments.get("sides");
        let kind = value.kind(self.spec);
        let wanted = "`[left, right, top, bottom]`, all at least 0";
        self.report(error::wrong_type("`sides` of `pad`", wanted, &kind, at));
        None
    }

    /// A list of numbers as a constant tensor.
    fn table(&mut self, env: &Environment, arguments: &Arguments, name: &str) -> Option<Tensor> {
        let items = self.list_argument(arguments, name)?;
        let Some(elements) = elements(&items) else {
            let (value, span) = arguments.get(name);
            let kind = value.kind(self.spec);
            let what = format!("`{name}` of `{}`", arguments.callee);
            self.report(error::wrong_type(&what, "a list of numbers", &kind, span));
            return None;
        };
        let shape = Shape::of(&[i64::try_from(items.len()).unwrap_or(i64::MAX)]);
        Some(self.constant(env, elements, shape, arguments.span))
    }

    fn split(&mut self, env: &Environment, arguments: &Arguments) -> Option<Value> {
        let x = self.tensor_argument(arguments, "x")?;
        let count = self.int_argument(arguments, "count", 1)?;
        let (axis, at) = arguments.get("axis");
        let axis = self.axis(axis, x.fact.shape.rank(), arguments.callee, at)?;
        let extent = x.fact.shape.0[axis].known().filter(|extent| extent % count == 0);
        let Some(extent) = extent else {
            let text = format!("axis {axis} of {} can't be split into {count} equal parts", x.fact);
            return Some(self.report(Diagnostic::new(Code::ShapeMismatch, text, arguments.span)));
        };
        if !self.has_room(usize::try_from(count).unwrap_or(usize::MAX), arguments.span) {
            return None;
        }
        let width = extent / count;
        let parts = (0..count).map(|i| {
            let op = Op::Slice { axis, start: i * width, end: (i + 1) * width };
            self.emit(env, op, std::slice::from_ref(&x), arguments.callee, arguments.span)
        });
        let parts: Vec<Value> = parts.collect();
        Some(list(parts))
    }

    pub(super) fn tensor_function(
        &mut self,
        env: &Environment,
        word: TensorWord,
        arguments: &Arguments,
    ) -> Option<Value> {
        let (op, inputs) = match word {
            TensorWord::Softmax => {
                let at = arguments.get("x").1;
                let x = self.tensor_argument(arguments, "x")?;
                let (axis, axis_at) = arguments.get("axis");
                let axis = self.axis(axis, x.fact.shape.rank(), arguments.callee, axis_at)?;
                return Some(self.emit(env, Op::Softmax { axis }, &[x], arguments.callee, at));
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
                    #[allow(clippy::cast_precision_loss, reason = "the width of a head is small")]
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
                let size = [h, w].map(|n| Dim::from(i64::try_from(n).unwrap_or(i64::MAX)));
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
            TensorWord::InstanceNorm => self.instance_norm(env, arguments)?,
        };
        Some(self.emit(env, op, &inputs, arguments.callee, arguments.span))
    }

    fn pool(&mut self, kind: PoolKind, arguments: &Arguments) -> Option<(Op, Vec<Tensor>)> {
        let x = self.tensor_argument(arguments, "x")?;
        let window = self.pair_argument(arguments, "window", 1)?;
        let stride = match arguments.get("stride").0 {
            Value::None => window,
            _ => self.pair_argument(arguments, "stride", 1)?,
        };
        let padding = self.pair_argument(arguments, "padding", 0)?;
        Some((Op::Pool(Pool { kind, window, stride, padding }), vec![x]))
    }

    /// Instance normalisation is group normalisation with one channel in a group and a scale of 1.
    fn instance_norm(&mut self, env: &Environment, arguments: &Arguments) -> Option<(Op, Vec<Tensor>)> {
        let x = self.tensor_argument(arguments, "x")?;
        let channels = x.fact.shape.0.get(1).and_then(Dim::known).filter(|&n| n > 0);
        let Some(channels) = channels else {
            let text = format!("an image [B, C, H, W] is expected, this is {}", x.fact);
            self.report(Diagnostic::new(Code::ShapeMismatch, text, arguments.span));
            return None;
        };
        let shape = Shape::of(&[channels]);
        let one = self.constant(env, Elements::Float([1.0].into()), shape.clone(), arguments.span);
        let zero = self.constant(env, Elements::Float([0.0].into()), shape, arguments.span);
        let groups = usize::try_from(channels).unwrap_or(usize::MAX);
        let op = Op::GroupNorm { groups, epsilon: self.float_argument(arguments, "epsilon")? };
        Some((op, vec![x, one, zero]))
    }

    pub(super) fn random(&mut self, env: &Environment, word: RandomWord, arguments: &Arguments) -> Option<Value> {
        let (distribution, fact) = match word {
            RandomWord::Dropout => return self.dropout(env, arguments),
            RandomWord::RandomNormal => (Distribution::Normal, Fact::float(self.drawn_shape(arguments)?)),
            RandomWord::RandomUniform => (Distribution::Uniform, Fact::float(self.drawn_shape(arguments)?)),
            RandomWord::RandomInt => {
                let shape = match (arguments.get("shape").0, &self.function.batch) {
                    (Value::None, Some(batch)) => Shape(vec![batch.clone()]),
                    (Value::None, None) => return self.no_shape(arguments),
                    _ => self.shape_argument(arguments, "shape", None)?,
                };
                let low = self.int_argument(arguments, "low", i64::MIN)?;
                let high = self.int_argument(arguments, "high", low.saturating_add(1))?;
                (Distribution::Int { low, high }, Fact::int(shape))
            }
        };
        self.draw(env, distribution, fact, arguments).map(Value::Tensor)
    }

    /// The shape of random numbers: that of `like`, or the one that is given.
    fn drawn_shape(&mut self, arguments: &Arguments) -> Option<Shape> {
        let (shape, at) = arguments.get("shape");
        match (arguments.get("like").0, shape) {
            (Value::None, Value::None) => self.no_shape(arguments),
            (Value::None, _) => self.shape_argument(arguments, "shape", None),
            (_, Value::None) => Some(self.tensor_argument(arguments, "like")?.fact.shape.clone()),
            _ => {
                self.tensor_argument(arguments, "like")?;
                self.report(error::argument_twice("shape", arguments.callee, at));
                None
            }
        }
    }

    fn no_shape<T>(&mut self, arguments: &Arguments) -> Option<T> {
        self.report(error::missing_argument("shape", arguments.callee, arguments.span));
        None
    }

    /// A source of random numbers under a name that no other one in the function has.
    fn draw(
        &mut self,
        env: &Environment,
        distribution: Distribution,
        fact: Fact,
        arguments: &Arguments,
    ) -> Option<Tensor> {
        let mut labels = Vec::new();
        let mut at = Some(env.scope);
        while let Some(id) = at {
            labels.push(self.scopes[id.0 as usize].label.clone());
            at = self.scopes[id.0 as usize].parent;
        }
        labels.reverse();
        let path = labels.iter().map(|label| &**label).collect::<Vec<_>>().join("/");
        let count = self.function.draws.entry(path.clone()).or_insert(0);
        let purpose = format!("{path}#{count}").into();
        *count += 1;
        match self.emit(env, Op::Random(Random { distribution, fact, purpose }), &[], arguments.callee, arguments.span)
        {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    fn dropout(&mut self, env: &Environment, arguments: &Arguments) -> Option<Value> {
        let x = self.float_tensor_argument(arguments, "x")?;
        let p = self.float_argument(arguments, "p")?;
        if !(0.0..1.0).contains(&p) {
            let text = format!("`p` of `dropout` must be at least 0 and less than 1, this is {p}");
            let at = arguments.get("p").1;
            return Some(self.report(Diagnostic::new(Code::TooSmall, text, at)));
        }
        if p == 0.0 || !self.function.is_objective || !self.is_trained(env.owner()) {
            return Some(Value::Tensor(x));
        }
        let span = arguments.span;
        let uniform = self.draw(env, Distribution::Uniform, Fact::float(x.fact.shape.clone()), arguments)?;
        let limit = self.scalar(env, p, &uniform.fact, span);
        let keep = self.sure(env, Op::Compare(Comparison::LessEqual), &[limit, uniform], span);
        let keep = self.sure(env, Op::Cast(DType::Float), &[keep], span);
        let keep = self.unary(env, Unary::MulScalar(1.0 / (1.0 - p)), &keep, span);
        Some(Value::Tensor(self.binary(env, Binary::Mul, &x, &keep, span)))
    }
}

/// Numbers as the elements of a constant: ints if all are.
pub(super) fn elements(items: &[Value]) -> Option<Elements> {
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
