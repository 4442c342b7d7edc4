//! Built-in functions of tensors that have no weights.

use diadc_core::fact::{Dim, Fact, Shape};
use diadc_core::op::{
    Attention, Binary, Distribution, Elements, Interpolation, Op, PadMode, Pool, PoolKind, Random, Reduction, Resize,
    Unary,
};

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::BinaryOp;
use crate::resolve::builtin::Builtin;

use super::argument::Arguments;
use super::environment::Environment;
use super::value::{Tensor, Value};
use super::{Checker, error, list};

impl Checker<'_> {
    pub(super) fn elementwise(&mut self, env: &Environment, builtin: Builtin, arguments: &Arguments) -> Option<Value> {
        let span = arguments.span;
        let word = builtin.word();
        if let Builtin::Maximum | Builtin::Minimum = builtin {
            return self.extremum(env, builtin, arguments);
        }
        if builtin == Builtin::Where {
            let condition = self.tensor_argument(arguments, "condition")?;
            let (a, b) = (arguments.get("a").0, arguments.get("b").0);
            let like = match (a, b) {
                (Value::Tensor(x), _) | (_, Value::Tensor(x)) => Fact::clone(&x.fact),
                _ => Fact::float(Shape::default()),
            };
            let [a, b] = ["a", "b"].map(|name| self.tensor_or_number(env, arguments, name, &like));
            return Some(self.emit(env, Op::Select, &[condition, a?, b?], word, span));
        }
        if let Some(x) = arguments.get("x").0.number() {
            return self.number_function(builtin, x, arguments);
        }
        let x = self.tensor_argument(arguments, "x")?;
        let op = match builtin {
            Builtin::Exp => Op::Unary(Unary::Exp),
            Builtin::Log => Op::Unary(Unary::Log),
            Builtin::Sqrt => Op::Unary(Unary::Sqrt),
            Builtin::Abs => Op::Unary(Unary::Abs),
            Builtin::Sin => Op::Unary(Unary::Sin),
            Builtin::Cos => Op::Unary(Unary::Cos),
            Builtin::Tanh => Op::Unary(Unary::Tanh),
            Builtin::Sigmoid => Op::Unary(Unary::Sigmoid),
            Builtin::Relu => Op::Unary(Unary::Relu),
            Builtin::LeakyRelu => Op::Unary(Unary::LeakyRelu(self.float_argument(arguments, "slope")?)),
            Builtin::Silu => Op::Unary(Unary::Silu),
            Builtin::Gelu => Op::Unary(Unary::Gelu),
            Builtin::GeluTanh => Op::Unary(Unary::GeluTanh),
            Builtin::Clamp => {
                Op::Unary(Unary::Clamp(self.float_argument(arguments, "low")?, self.float_argument(arguments, "high")?))
            }
            Builtin::ToFloat => Op::Cast(diadc_core::fact::DType::Float),
            Builtin::ToInt => Op::Cast(diadc_core::fact::DType::Int),
            _ => Op::StopGradient,
        };
        Some(self.emit(env, op, &[x], word, span))
    }

    fn number_function(&mut self, builtin: Builtin, x: f64, arguments: &Arguments) -> Option<Value> {
        let value = match builtin {
            Builtin::Exp => x.exp(),
            Builtin::Log => x.ln(),
            Builtin::Sqrt => x.sqrt(),
            Builtin::Abs => match arguments.get("x").0 {
                Value::Int(n) => return Some(Value::Int(n.saturating_abs())),
                _ => x.abs(),
            },
            Builtin::Sin => x.sin(),
            Builtin::Cos => x.cos(),
            Builtin::Tanh => x.tanh(),
            Builtin::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Builtin::Relu => x.max(0.0),
            Builtin::ToFloat => x,
            #[allow(clippy::cast_possible_truncation, reason = "a float that is too large gives the largest int")]
            Builtin::ToInt => return Some(Value::Int(x as i64)),
            Builtin::Clamp => {
                let (low, high) = (self.float_argument(arguments, "low")?, self.float_argument(arguments, "high")?);
                x.max(low).min(high)
            }
            _ => {
                self.tensor_argument(arguments, "x");
                return None;
            }
        };
        if value.is_finite() {
            return Some(Value::Float(value));
        }
        let text = format!("`{}` of {x} is not a finite number", arguments.callee);
        Some(self.report(Diagnostic::new(Code::NotFinite, text, arguments.span)))
    }

    fn tensor_or_number(
        &mut self,
        env: &Environment,
        arguments: &Arguments,
        name: &str,
        like: &Fact,
    ) -> Option<Tensor> {
        match arguments.get(name).0.number() {
            Some(x) => Some(self.scalar(env, x, like, arguments.span)),
            None => self.tensor_argument(arguments, name),
        }
    }

    fn extremum(&mut self, env: &Environment, builtin: Builtin, arguments: &Arguments) -> Option<Value> {
        let (a, b) = (arguments.get("a").0, arguments.get("b").0);
        let takes_larger = builtin == Builtin::Maximum;
        if let (Some(x), Some(y)) = (a.number(), b.number()) {
            return Some(if (x >= y) == takes_larger { a.clone() } else { b.clone() });
        }
        let like = match (a, b) {
            (Value::Tensor(x), _) | (_, Value::Tensor(x)) => Fact::clone(&x.fact),
            _ => Fact::float(Shape::default()),
        };
        let [a, b] = ["a", "b"].map(|name| self.tensor_or_number(env, arguments, name, &like));
        let binary = if takes_larger { Binary::Max } else { Binary::Min };
        Some(self.emit(env, Op::Binary(binary), &[a?, b?], arguments.callee, arguments.span))
    }

    pub(super) fn reduction(&mut self, env: &Environment, builtin: Builtin, arguments: &Arguments) -> Option<Value> {
        let (value, span) = arguments.get("x");
        if let (Some(items), false) = (value.elements(), builtin == Builtin::Softmax) {
            return self.reduce_list(env, builtin, &items, arguments);
        }
        let x = self.tensor_argument(arguments, "x")?;
        let rank = x.fact.shape.rank();
        let (axis, at) = arguments.get("axis");
        if builtin == Builtin::Softmax {
            let axis = self.axis(axis, rank, arguments.callee, at)?;
            return Some(self.emit(env, Op::Softmax { axis }, &[x], arguments.callee, span));
        }
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
        let kind = match builtin {
            Builtin::Sum => Reduction::Sum,
            Builtin::Mean => Reduction::Mean,
            Builtin::Max => Reduction::Max,
            _ => Reduction::Min,
        };
        Some(self.emit(env, Op::Reduce { kind, axes, keep }, &[x], arguments.callee, arguments.span))
    }

    fn reduce_list(
        &mut self,
        env: &Environment,
        builtin: Builtin,
        items: &[Value],
        arguments: &Arguments,
    ) -> Option<Value> {
        let Some((first, rest)) = items.split_first() else {
            if builtin == Builtin::Sum {
                return Some(Value::Int(0));
            }
            let text = format!("`{}` of an empty list", arguments.callee);
            return Some(self.report(Diagnostic::new(Code::EmptyList, text, arguments.span)));
        };
        let mut result = first.clone();
        for item in rest {
            result = match builtin {
                Builtin::Sum | Builtin::Mean => {
                    self.binary_operator(env, BinaryOp::Add, result, item.clone(), arguments.span)
                }
                _ => {
                    let inner = Arguments {
                        callee: arguments.callee,
                        span: arguments.span,
                        values: vec![("a", result, arguments.span), ("b", item.clone(), arguments.span)],
                    };
                    let extremum = if builtin == Builtin::Max { Builtin::Maximum } else { Builtin::Minimum };
                    self.extremum(env, extremum, &inner)?
                }
            };
        }
        if builtin == Builtin::Mean {
            #[allow(clippy::cast_precision_loss, reason = "lists are short")]
            let count = Value::Float(items.len() as f64);
            result = self.binary_operator(env, BinaryOp::Div, result, count, arguments.span);
        }
        Some(result)
    }

    pub(super) fn layout(&mut self, env: &Environment, builtin: Builtin, arguments: &Arguments) -> Option<Value> {
        let (word, span) = (arguments.callee, arguments.span);
        match builtin {
            Builtin::Concat => {
                let tensors = self.tensors_argument(arguments, "list")?;
                let rank = tensors.first().map_or(0, |tensor| tensor.fact.shape.rank());
                let axis = self.axis(arguments.get("axis").0, rank, word, span)?;
                return Some(self.emit(env, Op::Concat { axis }, &tensors, word, span));
            }
            Builtin::Gather => {
                let table = match arguments.get("table").0 {
                    Value::Tensor(table) => table.clone(),
                    _ => self.table(env, arguments, "table")?,
                };
                let index = self.tensor_argument(arguments, "index")?;
                return Some(self.emit(env, Op::Gather, &[table, index], word, span));
            }
            Builtin::Constant => {
                return match arguments.get("values").0 {
                    Value::Int(n) => {
                        Some(Value::Tensor(self.constant(env, Elements::Int([*n].into()), Shape::default(), span)))
                    }
                    Value::Float(x) => {
                        Some(Value::Tensor(self.constant(env, Elements::Float([*x].into()), Shape::default(), span)))
                    }
                    _ => self.table(env, arguments, "values").map(Value::Tensor),
                };
            }
            Builtin::Full => {
                let shape = self.shape_argument(arguments, "shape", None)?;
                let value = self.float_argument(arguments, "value")?;
                let scalar = self.constant(env, Elements::Float([value].into()), Shape::default(), span);
                return Some(self.emit(env, Op::Expand(shape), &[scalar], word, span));
            }
            _ => {}
        }
        let x = self.tensor_argument(arguments, "x")?;
        let rank = x.fact.shape.rank();
        let op = match builtin {
            Builtin::Reshape => Op::Reshape(self.shape_argument(arguments, "shape", Some(&x.fact.shape.elements()))?),
            Builtin::Expand => Op::Expand(self.shape_argument(arguments, "shape", None)?),
            Builtin::Permute => {
                let (_, at) = arguments.get("order");
                let order = self.list_argument(arguments, "order")?;
                let order: Option<Vec<usize>> = order.iter().map(|axis| self.axis(axis, rank, word, at)).collect();
                Op::Permute(order?)
            }
            Builtin::Slice => {
                let (axis, at) = arguments.get("axis");
                let axis = self.axis(axis, rank, word, at)?;
                let start = self.int_argument(arguments, "from", 0)?;
                Op::Slice { axis, start, end: self.int_argument(arguments, "to", 0)? }
            }
            Builtin::Split => return self.split(env, &x, arguments),
            _ => {
                let sides = self.list_argument(arguments, "sides")?;
                let sides: Vec<usize> = sides
                    .iter()
                    .filter_map(|side| match side {
                        Value::Int(n) => usize::try_from(*n).ok(),
                        _ => None,
                    })
                    .collect();
                let Ok(sides) = <[usize; 4]>::try_from(sides) else {
                    let (value, at) = arguments.get("sides");
                    let kind = value.kind(self.spec);
                    let wanted = "`[left, right, top, bottom]`, all at least 0";
                    return Some(self.report(error::wrong_type("`sides` of `pad`", wanted, &kind, at)));
                };
                let mode = self.word_argument(arguments, "mode", &["zero", "reflect"])?;
                Op::Pad { sides, mode: if &*mode == "zero" { PadMode::Zero } else { PadMode::Reflect } }
            }
        };
        Some(self.emit(env, op, &[x], word, span))
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

    fn split(&mut self, env: &Environment, x: &Tensor, arguments: &Arguments) -> Option<Value> {
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
            self.emit(env, op, std::slice::from_ref(x), arguments.callee, arguments.span)
        });
        let parts: Vec<Value> = parts.collect();
        Some(list(parts))
    }

    pub(super) fn image(&mut self, env: &Environment, builtin: Builtin, arguments: &Arguments) -> Option<Value> {
        let (word, span) = (arguments.callee, arguments.span);
        match builtin {
            Builtin::MatMul => {
                let inputs = [self.tensor_argument(arguments, "a")?, self.tensor_argument(arguments, "b")?];
                return Some(self.emit(env, Op::MatMul, &inputs, word, span));
            }
            Builtin::Attention => {
                let [q, k, v] = ["q", "k", "v"].map(|name| self.tensor_argument(arguments, name));
                let (q, k, v) = (q?, k?, v?);
                let width = q.fact.shape.0.last().and_then(Dim::known).unwrap_or(1);
                let scale = match arguments.get("scale").0 {
                    #[allow(clippy::cast_precision_loss, reason = "the width of a head is small")]
                    Value::None => 1.0 / (width as f64).sqrt(),
                    _ => self.float_argument(arguments, "scale")?,
                };
                let causal = self.bool_argument(arguments, "causal")?;
                return Some(self.emit(env, Op::Attention(Attention { scale, causal }), &[q, k, v], word, span));
            }
            _ => {}
        }
        let x = self.tensor_argument(arguments, "x")?;
        let op = match builtin {
            Builtin::AvgPool | Builtin::MaxPool => {
                let window = self.pair_argument(arguments, "window", 1)?;
                let stride = match arguments.get("stride").0 {
                    Value::None => window,
                    _ => self.pair_argument(arguments, "stride", 1)?,
                };
                let kind = if builtin == Builtin::AvgPool { PoolKind::Average } else { PoolKind::Max };
                Op::Pool(Pool { kind, window, stride, padding: self.pair_argument(arguments, "padding", 0)? })
            }
            Builtin::GaussianBlur => Op::GaussianBlur {
                sigma: self.float_argument(arguments, "sigma")?,
                truncate: self.float_argument(arguments, "truncate")?,
            },
            Builtin::InstanceNorm => return self.instance_norm(env, &x, arguments),
            _ => {
                let [h, w] = self.pair_argument(arguments, "size", 1)?;
                let size = [h, w].map(|n| Dim::from(i64::try_from(n).unwrap_or(i64::MAX)));
                let mode = self.word_argument(arguments, "mode", &["bilinear", "nearest"])?;
                let interpolation = match (&*mode, self.bool_argument(arguments, "align_corners")?) {
                    ("nearest", _) => Interpolation::Nearest,
                    (_, true) => Interpolation::BilinearAligned,
                    (_, false) => Interpolation::Bilinear,
                };
                Op::Resize(Resize { size, interpolation })
            }
        };
        Some(self.emit(env, op, &[x], word, span))
    }

    /// Instance normalisation is group normalisation with one channel in a group and a scale of 1.
    fn instance_norm(&mut self, env: &Environment, x: &Tensor, arguments: &Arguments) -> Option<Value> {
        let channels = x.fact.shape.0.get(1).and_then(Dim::known).filter(|&n| n > 0);
        let Some(channels) = channels else {
            let text = format!("an image [B, C, H, W] is expected, this is {}", x.fact);
            return Some(self.report(Diagnostic::new(Code::ShapeMismatch, text, arguments.span)));
        };
        let shape = Shape::of(&[channels]);
        let one = self.constant(env, Elements::Float([1.0].into()), shape.clone(), arguments.span);
        let zero = self.constant(env, Elements::Float([0.0].into()), shape, arguments.span);
        let groups = usize::try_from(channels).unwrap_or(usize::MAX);
        let op = Op::GroupNorm { groups, epsilon: self.float_argument(arguments, "epsilon")? };
        Some(self.emit(env, op, &[x.clone(), one, zero], arguments.callee, arguments.span))
    }

    pub(super) fn random(&mut self, env: &Environment, builtin: Builtin, arguments: &Arguments) -> Option<Value> {
        let span = arguments.span;
        if builtin == Builtin::Dropout {
            return self.dropout(env, arguments);
        }
        let shape = match builtin {
            Builtin::RandomInt => None,
            _ => match arguments.get("like").0 {
                Value::None => None,
                _ => Some(self.tensor_argument(arguments, "like")?.fact.shape.clone()),
            },
        };
        let shape = match (shape, arguments.get("shape").0) {
            (Some(shape), Value::None) => shape,
            (None, Value::None) => match (&self.function.batch, builtin) {
                (Some(batch), Builtin::RandomInt) => Shape(vec![batch.clone()]),
                _ => {
                    self.report(error::missing_argument("shape", arguments.callee, span));
                    return None;
                }
            },
            (None, _) => self.shape_argument(arguments, "shape", None)?,
            (Some(_), _) => {
                self.report(error::argument_twice("shape", arguments.callee, arguments.get("shape").1));
                return None;
            }
        };
        let (distribution, fact) = match builtin {
            Builtin::RandomNormal => (Distribution::Normal, Fact::float(shape)),
            Builtin::RandomUniform => (Distribution::Uniform, Fact::float(shape)),
            _ => {
                let low = self.int_argument(arguments, "low", i64::MIN)?;
                let high = self.int_argument(arguments, "high", low.saturating_add(1))?;
                (Distribution::Int { low, high }, Fact::int(shape))
            }
        };
        self.draw(env, distribution, fact, arguments).map(Value::Tensor)
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
        let keep = self.sure(env, Op::Compare(diadc_core::op::Comparison::LessEqual), &[limit, uniform], span);
        let keep = self.sure(env, Op::Cast(diadc_core::fact::DType::Float), &[keep], span);
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
