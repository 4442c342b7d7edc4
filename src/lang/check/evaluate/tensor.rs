//! Built-in functions of whole tensors that have no weights, and those that move elements to another shape.

use std::sync::Arc;

use diadc_core::fact::{Dim, Shape};
use diadc_core::op::{Attention, Elements, Interpolation, Op, PadMode, Pool, PoolKind, Resize, Sight};

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::builtin::{LayoutWord, TensorWord};

use super::argument::{Arguments, as_int};
use super::site::CallSite;
use crate::check::report::Outcome;
use crate::check::value::{Tensor, Value};
use crate::check::{Expander, error};

impl Expander<'_> {
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
                if tensors.is_empty() {
                    return Err(
                        self.report(error::empty_list(callee, arguments.get("list").1).help("as in `concat([a, b])`"))
                    );
                }
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
                let table = if let Value::Tensor(table) = arguments.get("table").0 {
                    table.clone()
                } else {
                    self.table(arguments, "table")?
                };
                (Op::Gather, vec![table, self.tensor_argument(arguments, "index")?])
            }
            LayoutWord::Pad => {
                let x = self.tensor_argument(arguments, "x")?;
                let sides = self.sides(arguments)?;
                let word = self.word_argument(arguments, "mode", &PadMode::ALL.map(PadMode::name))?;
                let mode = PadMode::ALL.into_iter().find(|mode| mode.name() == &*word).unwrap_or(PadMode::Zero);
                (Op::Pad { sides, mode }, vec![x])
            }
            LayoutWord::Constant => {
                let values = arguments.get("values").0;
                let elements = match (values.int(), values.number()) {
                    (Some(n), _) => Elements::Int([n].into()),
                    (None, Some(x)) => Elements::Float([x].into()),
                    (None, None) => return self.table(arguments, "values").map(Value::Tensor),
                };
                return self.constant_tensor(&arguments.site, elements, Shape::default()).map(Value::Tensor);
            }
            LayoutWord::Full => {
                let shape = self.shape_argument(arguments, "shape", None)?;
                let value = self.float_argument(arguments, "value")?;
                let elements = Elements::Float([value].into());
                let scalar = self.constant_tensor(&arguments.site, elements, Shape::default())?;
                (Op::Expand(shape), vec![scalar])
            }
        };
        self.emit(&arguments.site, op, &inputs).map(Value::Tensor)
    }

    /// How many rows and columns `pad` adds: `[left, right, top, bottom]`.
    fn sides(&mut self, arguments: &Arguments<'_>) -> Outcome<[usize; 4]> {
        let sides = self.list_argument(arguments, "sides")?;
        let sides: Vec<usize> = sides.iter().filter_map(|side| usize::try_from(side.int()?).ok()).collect();
        let wanted = "`[left, right, top, bottom]`, all at least 0";
        sides.try_into().map_err(|_| self.refuse_argument(arguments, "sides", wanted))
    }

    /// A list of numbers as a constant tensor.
    fn table(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<Tensor> {
        let items = self.list_argument(arguments, name)?;
        let elements = elements(&items).ok_or_else(|| self.refuse_argument(arguments, name, "a list of numbers"))?;
        let shape = Shape::of(&[as_int(items.len())]);
        self.constant_tensor(&arguments.site, elements, shape)
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
                let scale = match arguments.get("scale").0.present() {
                    None => 1.0 / (width as f64).sqrt(),
                    Some(_) => self.float_argument(arguments, "scale")?,
                };
                let causal = self.bool_argument(arguments, "causal")?;
                let (mask, at) = arguments.get("mask");
                if causal && mask.present().is_some() {
                    let text = "`attention` takes a mask or `causal`, not both";
                    let help = "a mask can leave out later keys as well";
                    return Err(self.report(Diagnostic::new(Code::WrongArgument, text, at).help(help)));
                }
                let mut inputs = vec![q, k, v];
                let mut sight = if causal { Sight::Earlier } else { Sight::All };
                if mask.present().is_some() {
                    inputs.push(self.tensor_argument(arguments, "mask")?);
                    sight = Sight::Chosen;
                }
                (Op::Attention(Attention { scale, sight }), inputs)
            }
            TensorWord::AvgPool => self.pool(PoolKind::Average, arguments)?,
            TensorWord::MaxPool => self.pool(PoolKind::Max, arguments)?,
            TensorWord::AdaptiveAvgPool => {
                let x = self.tensor_argument(arguments, "x")?;
                let size = self.pair_argument(arguments, "size", 1)?.map(|n| Dim::from(as_int(n)));
                (Op::Resize(Resize { size, interpolation: Interpolation::Average }), vec![x])
            }
            TensorWord::Resize => {
                let x = self.tensor_argument(arguments, "x")?;
                let [h, w] = self.pair_argument(arguments, "size", 1)?;
                let size = [h, w].map(|n| Dim::from(as_int(n)));
                let mode = self.word_argument(arguments, "mode", &["bilinear", "bicubic", "nearest"])?;
                let interpolation = match (&*mode, self.bool_argument(arguments, "align_corners")?) {
                    ("nearest", _) => Interpolation::Nearest,
                    ("bicubic", true) => Interpolation::BicubicAligned,
                    ("bicubic", false) => Interpolation::Bicubic,
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
            TensorWord::Gradient => return self.gradient(arguments).map(Value::Tensor),
        };
        self.emit(&arguments.site, op, &inputs).map(Value::Tensor)
    }

    fn gradient(&mut self, arguments: &Arguments<'_>) -> Outcome<Tensor> {
        let y = self.float_tensor_argument(arguments, "y")?;
        let (x, at) = arguments.get("x");
        let (found, name) = if let Value::Str(key) = x {
            if !self.builder.weights.contains_key(key) {
                let diagnostic = Diagnostic::new(Code::NoGradient, format!("there is no weight `{key}`"), at);
                let keys: Vec<Arc<str>> = self.builder.weights.keys().cloned().collect();
                return Err(self.report(
                    diagnostic.one_of_written(key, keys.iter().map(|key| &**key), |key| format!("\"{key}\"")),
                ));
            }
            let id = self.builder.weight_id(key);
            (self.builder.gradient_by_weight(&y, id, arguments.site.origin()), format!("the weight `{key}`"))
        } else {
            let x = self.float_tensor_argument(arguments, "x")?;
            (self.builder.gradient(&y, &x, arguments.site.origin()), "this tensor".to_owned())
        };
        self.has_room(1, arguments.site.span)?;
        found.ok_or_else(|| {
            let text = format!("what is differentiated does not depend on {name}, so there is no gradient");
            let help = "no gradient flows through `stop_gradient`, comparisons, whole numbers and places of numbers";
            self.report(Diagnostic::new(Code::NoGradient, text, at).help(help))
        })
    }

    fn pool(&mut self, kind: PoolKind, arguments: &Arguments<'_>) -> Outcome<(Op, Vec<Tensor>)> {
        let x = self.tensor_argument(arguments, "x")?;
        let window = self.pair_argument(arguments, "window", 1)?;
        let stride = match arguments.get("stride").0.present() {
            None => window,
            Some(_) => self.pair_argument(arguments, "stride", 1)?,
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
        let one = self.constant_tensor(&arguments.site, Elements::Float([1.0].into()), shape.clone())?;
        let zero = self.constant_tensor(&arguments.site, Elements::Float([0.0].into()), shape)?;
        let groups = usize::try_from(channels).unwrap_or(usize::MAX);
        let op = Op::GroupNorm { groups, epsilon: self.epsilon(arguments)? };
        Ok((op, vec![x, one, zero]))
    }
}

/// Numbers as the elements of a constant: ints if all are.
pub(crate) fn elements(items: &[Value]) -> Option<Elements> {
    let ints: Option<Vec<i64>> = items.iter().map(Value::int).collect();
    match ints {
        Some(ints) if !ints.is_empty() => Some(Elements::Int(ints.into())),
        _ => {
            let floats: Option<Vec<f64>> = items.iter().map(Value::number).collect();
            floats.filter(|floats| !floats.is_empty()).map(|floats| Elements::Float(floats.into()))
        }
    }
}
