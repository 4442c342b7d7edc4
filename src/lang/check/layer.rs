//! Built-in functions with weights of their own.

use std::sync::Arc;

use diadc_core::fact::{Dim, Fact, Shape};
use diadc_core::op::{Binary, Conv2d, ConvTranspose2d, Op, Reduction, Unary, WeightId};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::program::{Init, Weight};
use crate::resolve::builtin::{Builtin, LayerWord};

use super::argument::Arguments;
use super::environment::{Environment, join};
use super::value::{InitRule, Place, Tensor, Value};
use super::{Checker, Declared, error};

/// A weight that a layer wants.
struct Wanted<'a> {
    path: &'a Arc<str>,
    dims: &'a [i64],
    init: InitRule,
    is_statistic: bool,
}

/// What both convolutions are given.
struct Windows {
    x: Tensor,
    channels: i64,
    out: i64,
    /// Height and width of the kernel.
    extents: [i64; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
    /// The number of groups once more.
    count: i64,
}

impl Checker<'_> {
    pub(super) fn layer(
        &mut self,
        env: &Environment,
        word: LayerWord,
        arguments: &Arguments,
        place: &mut Option<Place>,
    ) -> Option<Value> {
        let Some(place) = place.take() else {
            self.report(error::no_place(arguments.callee, arguments.span));
            return None;
        };
        let path = join(&env.prefix, &place.path);
        if !self.reach(env, &path, arguments.span, false) {
            return None;
        }
        match word {
            LayerWord::Weight => {
                let shape = self.shape_argument(arguments, "shape", None)?;
                let dims = self.known(&shape, arguments)?;
                let init = self.init_argument(arguments)?.unwrap_or(InitRule::KaimingUniform);
                let wanted = Wanted { path: &path, dims: &dims, init, is_statistic: false };
                self.weight(env, wanted, arguments.span).map(Value::Tensor)
            }
            LayerWord::Conv => self.conv(env, arguments, &path),
            LayerWord::ConvTranspose => self.conv_transpose(env, arguments, &path),
            LayerWord::Linear => self.linear(env, arguments, &path),
            LayerWord::Embedding => {
                let x = self.tensor_argument(arguments, "x")?;
                let dims = [self.int_argument(arguments, "count", 1)?, self.int_argument(arguments, "width", 1)?];
                let init = self.init_argument(arguments)?.unwrap_or(InitRule::Is(Init::Normal { mean: 0.0, std: 1.0 }));
                let path = join(&path, "weight");
                let table =
                    self.weight(env, Wanted { path: &path, dims: &dims, init, is_statistic: false }, arguments.span)?;
                Some(self.emit(env, Op::Gather, &[table, x], arguments.callee, arguments.span))
            }
            LayerWord::BatchNorm => self.batch_norm(env, arguments, &path),
            LayerWord::GroupNorm => {
                let (inputs, epsilon) = self.normalization(env, arguments, &path, |_| 1)?;
                let op = Op::GroupNorm { groups: self.size_argument(arguments, "groups", 1)?, epsilon };
                Some(self.emit(env, op, &inputs, arguments.callee, arguments.span))
            }
            LayerWord::LayerNorm => {
                let (inputs, epsilon) = self.normalization(env, arguments, &path, |rank| rank.saturating_sub(1))?;
                Some(self.emit(env, Op::LayerNorm { epsilon }, &inputs, arguments.callee, arguments.span))
            }
        }
    }

    /// The inputs of a normalisation, with a scale and an offset for each element of an axis, and its epsilon.
    fn normalization(
        &mut self,
        env: &Environment,
        arguments: &Arguments,
        path: &str,
        axis: impl Fn(usize) -> usize,
    ) -> Option<([Tensor; 3], f64)> {
        let x = self.tensor_argument(arguments, "x")?;
        let channels = self.channels(&x, axis(x.fact.shape.rank()), arguments)?;
        let (weight, bias) = self.scale(env, path, channels, arguments.span)?;
        Some(([x, weight, bias], self.float_argument(arguments, "epsilon")?))
    }

    fn conv(&mut self, env: &Environment, arguments: &Arguments, path: &str) -> Option<Value> {
        let Windows { x, channels, out, extents: [kh, kw], stride, padding, dilation, groups, count } =
            self.windows(arguments)?;
        let op = Op::Conv2d(Conv2d { stride, padding, dilation, groups });
        self.weighted(env, op, x, &[out, channels / count, kh, kw], out, arguments, path)
    }

    fn conv_transpose(&mut self, env: &Environment, arguments: &Arguments, path: &str) -> Option<Value> {
        let Windows { x, channels, out, extents: [kh, kw], stride, padding, dilation, groups, count } =
            self.windows(arguments)?;
        let output_padding = self.pair_argument(arguments, "output_padding", 0)?;
        let op = Op::ConvTranspose2d(ConvTranspose2d { stride, padding, output_padding, dilation, groups });
        self.weighted(env, op, x, &[channels, out / count, kh, kw], out, arguments, path)
    }

    /// What both convolutions are given.
    fn windows(&mut self, arguments: &Arguments) -> Option<Windows> {
        let x = self.tensor_argument(arguments, "x")?;
        let channels = self.channels(&x, 1, arguments)?;
        let kernel = self.pair_argument(arguments, "kernel", 1)?;
        let out = match arguments.get("out").0 {
            Value::None => channels,
            _ => self.int_argument(arguments, "out", 1)?,
        };
        let stride = self.pair_argument(arguments, "stride", 1)?;
        let dilation = self.pair_argument(arguments, "dilation", 1)?;
        let groups = self.size_argument(arguments, "groups", 1)?;
        let count = i64::try_from(groups).unwrap_or(i64::MAX);
        if channels % count != 0 || out % count != 0 {
            let text = format!("{channels} to {out} channels can't be made in {groups} groups");
            self.report(Diagnostic::new(Code::ShapeMismatch, text, arguments.get("groups").1));
            return None;
        }
        let padding = match arguments.get("padding").0 {
            Value::None => [0, 1].map(|i| (kernel[i] - 1) * dilation[i] / 2),
            _ => self.pair_argument(arguments, "padding", 0)?,
        };
        let extents = kernel.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        Some(Windows { x, channels, out, extents, stride, padding, dilation, groups, count })
    }

    fn linear(&mut self, env: &Environment, arguments: &Arguments, path: &str) -> Option<Value> {
        let x = self.tensor_argument(arguments, "x")?;
        let features = self.channels(&x, x.fact.shape.rank().saturating_sub(1), arguments)?;
        let out = self.int_argument(arguments, "out", 1)?;
        self.weighted(env, Op::Linear, x, &[out, features], out, arguments, path)
    }

    /// An operation with a weight of these extents and, unless `bias` is false, a bias.
    #[allow(clippy::too_many_arguments, reason = "all layers with weight and bias share this")]
    fn weighted(
        &mut self,
        env: &Environment,
        op: Op,
        x: Tensor,
        dims: &[i64],
        out: i64,
        arguments: &Arguments,
        path: &str,
    ) -> Option<Value> {
        let given = self.init_argument(arguments)?;
        let init = given.clone().unwrap_or(InitRule::KaimingUniform);
        let (weight_path, bias_path) = (join(path, "weight"), join(path, "bias"));
        let wanted = Wanted { path: &weight_path, dims, init, is_statistic: false };
        let mut inputs = vec![x, self.weight(env, wanted, arguments.span)?];
        if self.bool_argument(arguments, "bias")? {
            let fan_in = dims[1..].iter().copied().fold(1, i64::saturating_mul);
            #[allow(clippy::cast_precision_loss, reason = "the number of inputs of a layer is small")]
            let init = match given {
                // torch draws the bias of a layer that says nothing; a layer that says something starts without one.
                None => InitRule::Is(Init::Uniform { bound: 1.0 / (fan_in as f64).sqrt() }),
                Some(_) => InitRule::Is(Init::Constant(0.0)),
            };
            inputs.push(self.weight(
                env,
                Wanted { path: &bias_path, dims: &[out], init, is_statistic: false },
                arguments.span,
            )?);
        }
        Some(self.emit(env, op, &inputs, arguments.callee, arguments.span))
    }

    /// Batch normalisation (Ioffe and Szegedy, 2015): statistics of the batch where the part is trained, which also
    /// move the running ones, and running statistics where it is not.
    fn batch_norm(&mut self, env: &Environment, arguments: &Arguments, path: &str) -> Option<Value> {
        let span = arguments.span;
        let x = self.float_tensor_argument(arguments, "x")?;
        let channels = self.channels(&x, 1, arguments)?;
        let rank = x.fact.shape.rank();
        let epsilon = self.float_argument(arguments, "epsilon")?;
        let momentum = self.float_argument(arguments, "momentum")?;
        let (weight, bias) = self.scale(env, path, channels, span)?;
        let mut statistic = |name: &str, value: f64| {
            let path = join(path, name);
            let init = InitRule::Is(Init::Constant(value));
            let tensor = self.weight(env, Wanted { path: &path, dims: &[channels], init, is_statistic: true }, span)?;
            let id = self.weights.get_index_of(&path).expect("it was just declared");
            Some((tensor, WeightId(u32::try_from(id).expect("there are fewer than 2^32 weights"))))
        };
        let (mean, mean_id) = statistic("running_mean", 0.0)?;
        let (var, var_id) = statistic("running_var", 1.0)?;
        let mut wide = vec![Dim::from(1); rank];
        wide[1] = Dim::from(channels);
        let spread = |this: &mut Self, tensor: &Tensor| {
            this.sure(env, Op::Reshape(Shape(wide.clone())), std::slice::from_ref(tensor), span)
        };
        let (weight, bias) = (spread(self, &weight), spread(self, &bias));
        let (mean, var) = if self.function.is_objective && self.is_trained(env.owner()) {
            let axes: Vec<usize> = (0..rank).filter(|&axis| axis != 1).collect();
            let reduce = Op::Reduce { kind: Reduction::Mean, axes, keep: true };
            let batch_mean = self.sure(env, reduce.clone(), std::slice::from_ref(&x), span);
            let centred = self.binary(env, Binary::Sub, &x, &batch_mean, span);
            let squared = self.binary(env, Binary::Mul, &centred, &centred, span);
            let batch_var = self.sure(env, reduce, &[squared], span);
            if self.builders.len() == 1 {
                let unbiased = self.unbiased(env, &batch_var, &x, span);
                for (id, old, new) in [(mean_id, &mean, &batch_mean), (var_id, &var, &unbiased)] {
                    let flat = Op::Reshape(Shape::of(&[channels]));
                    let new = self.sure(env, flat, std::slice::from_ref(new), span);
                    let kept = self.unary(env, Unary::MulScalar(1.0 - momentum), old, span);
                    let moved = self.unary(env, Unary::MulScalar(momentum), &new, span);
                    let next = self.binary(env, Binary::Add, &kept, &moved, span);
                    let next = self.sure(env, Op::StopGradient, &[next], span);
                    self.function.updates.push((id, next));
                }
            }
            (batch_mean, batch_var)
        } else {
            (spread(self, &mean), spread(self, &var))
        };
        let shifted = self.unary(env, Unary::AddScalar(epsilon), &var, span);
        let inverse = self.unary(env, Unary::PowScalar(-0.5), &shifted, span);
        let factor = self.binary(env, Binary::Mul, &weight, &inverse, span);
        let offset = self.binary(env, Binary::Mul, &mean, &factor, span);
        let offset = self.binary(env, Binary::Sub, &bias, &offset, span);
        let scaled = self.binary(env, Binary::Mul, &x, &factor, span);
        Some(Value::Tensor(self.binary(env, Binary::Add, &scaled, &offset, span)))
    }

    /// The variance with `n - 1` in the denominator, which is what torch keeps as the running one.
    fn unbiased(&mut self, env: &Environment, var: &Tensor, x: &Tensor, span: Span) -> Tensor {
        let mut reduced = x.fact.shape.0.clone();
        reduced.remove(1);
        let axes = (0..reduced.len()).collect();
        let one = self.scalar(env, 1.0, &var.fact, span);
        let ones = self.sure(env, Op::Expand(Shape(reduced)), &[one], span);
        let count = self.sure(env, Op::Reduce { kind: Reduction::Sum, axes, keep: false }, &[ones], span);
        let less = self.unary(env, Unary::AddScalar(-1.0), &count, span);
        let less = self.unary(env, Unary::Clamp(1.0, f64::from(f32::MAX)), &less, span);
        let inverse = self.unary(env, Unary::PowScalar(-1.0), &less, span);
        let factor = self.binary(env, Binary::Mul, &count, &inverse, span);
        self.binary(env, Binary::Mul, var, &factor, span)
    }

    /// Weight and bias of a normalisation.
    fn scale(&mut self, env: &Environment, path: &str, channels: i64, span: Span) -> Option<(Tensor, Tensor)> {
        let mut make = |name: &str, value: f64| {
            let path = join(path, name);
            let init = InitRule::Is(Init::Constant(value));
            self.weight(env, Wanted { path: &path, dims: &[channels], init, is_statistic: false }, span)
        };
        Some((make("weight", 1.0)?, make("bias", 0.0)?))
    }

    /// The extent of an axis that a weight depends on, which must be known.
    fn channels(&mut self, x: &Tensor, axis: usize, arguments: &Arguments) -> Option<i64> {
        match x.fact.shape.0.get(axis).map(Dim::known) {
            Some(Some(n)) if n > 0 => Some(n),
            Some(_) => {
                let text = format!("`{}` needs to know axis {axis} of its input", arguments.callee);
                let diagnostic = Diagnostic::new(Code::UnknownChannels, text, arguments.span);
                let help =
                    "its weights depend on it: write the number where the input is declared, as in `x: [B, 3, H, W]`";
                self.report(diagnostic.here(format!("this is {}", x.fact)).help(help));
                None
            }
            None => {
                let text = format!("`{}` needs an input with an axis {axis}", arguments.callee);
                let diagnostic = Diagnostic::new(Code::ShapeMismatch, text, arguments.span);
                self.report(diagnostic.here(format!("this is {}", x.fact)));
                None
            }
        }
    }

    fn known(&mut self, shape: &Shape, arguments: &Arguments) -> Option<Vec<i64>> {
        let dims: Option<Vec<i64>> = shape.0.iter().map(Dim::known).collect();
        if dims.is_none() {
            let text = format!("the shape of a weight must be known, this is {shape}");
            self.report(Diagnostic::new(Code::UnknownChannels, text, arguments.get("shape").1));
        }
        dims
    }

    fn init_argument(&mut self, arguments: &Arguments) -> Option<Option<InitRule>> {
        let (value, span) = arguments.get("init");
        match value {
            Value::None => Some(None),
            Value::Init(rule) => Some(Some(rule.clone())),
            Value::Builtin(builtin @ Builtin::Initial(word)) if builtin.parameters().is_empty() => {
                let empty = Arguments { callee: builtin.word(), span, values: Vec::new() };
                self.initial(*word, &empty).map(Some)
            }
            other => {
                let kind = other.kind(self.spec);
                let what = format!("`init` of `{}`", arguments.callee);
                let help = "as in `init: zeros` or `init: normal(0.02)`";
                self.report(error::wrong_type(&what, "an initial value", &kind, span).help(help));
                None
            }
        }
    }

    /// Declares a weight, or finds it if an earlier call of the same part declared it.
    fn weight(&mut self, env: &Environment, wanted: Wanted<'_>, span: Span) -> Option<Tensor> {
        let shape: Vec<usize> = wanted.dims.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
        let too_many = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).is_none_or(|n| n > 1 << 40);
        if too_many {
            let text = format!("the weight `{}` would have more than 2^40 elements", wanted.path);
            self.report(Diagnostic::new(Code::WeightTooLarge, text, span).here(format!("{shape:?}")));
            return None;
        }
        let key = wanted.path;
        let index = if let Some((index, _, known)) = self.weights.get_full(key) {
            if known.weight.span != span {
                let first = known.weight.span;
                self.report(error::weight_twice(key, span, first));
                return None;
            }
            if known.weight.shape != shape {
                let (now, before) = (format!("{shape:?}"), format!("{:?}", known.weight.shape));
                self.report(error::weight_of_two_shapes(key, &now, &before, span));
                return None;
            }
            index
        } else {
            let init = match self.original(env, key) {
                Some(original) => Init::CopyOf(original),
                None => settle(&wanted.init, wanted.dims),
            };
            let weight = Weight { path: key.to_string(), shape, init, is_statistic: wanted.is_statistic, span };
            self.weights.insert_full(key.clone(), Declared { weight, owner: env.owner() }).0
        };
        let id = WeightId(u32::try_from(index).expect("there are fewer than 2^32 weights"));
        let fact = Fact::float(Shape::of(wanted.dims));
        Some(self.sure(env, Op::Weight { id, fact }, &[], span))
    }

    /// The weight that a weight of a copy starts from.
    fn original(&self, env: &Environment, path: &str) -> Option<String> {
        let mut at = env.owner();
        while let Some(id) = at {
            let instance = &self.instances[id.0];
            if let Some(of) = instance.copy_of {
                let rest = path.strip_prefix(&*instance.prefix)?.trim_start_matches('.');
                return Some(join(&self.instances[of.0].prefix, rest).to_string());
            }
            at = instance.owner;
        }
        None
    }
}

/// First values for a shape, with torch's notion of fan-in and fan-out.
#[allow(clippy::cast_precision_loss, reason = "extents of weights are small")]
fn settle(rule: &InitRule, dims: &[i64]) -> Init {
    let field: f64 = dims.iter().skip(2).map(|&n| n as f64).product();
    let fan_in = dims.get(1).map_or(1.0, |&n| n as f64) * field;
    let fan_out = dims.first().map_or(1.0, |&n| n as f64) * field;
    match rule {
        InitRule::Is(init) => init.clone(),
        InitRule::KaimingUniform => Init::Uniform { bound: (1.0 / fan_in).sqrt() },
        InitRule::KaimingNormal => Init::Normal { mean: 0.0, std: (2.0 / fan_in).sqrt() },
        InitRule::XavierUniform => Init::Uniform { bound: (6.0 / (fan_in + fan_out)).sqrt() },
    }
}
