//! Built-in functions that have weights.

use diadc_core::fact::{Dim, Shape};
use diadc_core::graph::Origin;
use diadc_core::op::{Binary, Conv2d, ConvTranspose2d, Op, Reduction, Unary};

use crate::diagnostic::{Code, Diagnostic};
use crate::program::Init;
use crate::resolve::builtin::LayerWord;

use super::argument::{Arguments, as_int};
use super::site::CallSite;
use super::weight::Wanted;
use crate::check::build::Builder;
use crate::check::report::Outcome;
use crate::check::value::environment::join;
use crate::check::value::{Fan, InitRule, Tensor, Value};
use crate::check::{Expander, error};

/// The arguments of a convolution.
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
}

/// An affine operation on `x`: its weight has the extents `dims`, its bias `out` numbers.
struct Affine<'a> {
    op: Op,
    x: Tensor,
    dims: &'a [i64],
    out: i64,
}

impl Expander<'_> {
    pub(crate) fn layer(&mut self, word: LayerWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        let site = &arguments.site;
        let Some(place) = site.place else { return Err(self.report(error::no_place(site.callee, site.span))) };
        let path = join(&site.env.prefix, &place.path);
        self.reach(site.env, &path, site.span, false)?;
        let tensor = match word {
            LayerWord::Weight => {
                let dims = self.extents(arguments)?;
                let init = self.init_argument(arguments, "init")?.unwrap_or(InitRule::KaimingUniform(Fan::In));
                self.weight(site, Wanted { path: &path, dims: &dims, init, is_statistic: false })
            }
            LayerWord::Stored => {
                let dims = self.extents(arguments)?;
                let init = InitRule::Is(Init::Fitted);
                self.weight(site, Wanted { path: &path, dims: &dims, init, is_statistic: true })
            }
            LayerWord::Fixed => {
                let dims = self.extents(arguments)?;
                let init = self
                    .init_argument(arguments, "init")?
                    .unwrap_or(InitRule::Is(Init::Normal { mean: 0.0, std: 1.0 }));
                self.weight(site, Wanted { path: &path, dims: &dims, init, is_statistic: true })
            }
            LayerWord::Conv => self.conv(arguments, &path),
            LayerWord::ConvTranspose => self.conv_transpose(arguments, &path),
            LayerWord::Linear => self.linear(arguments, &path),
            LayerWord::Embedding => {
                let x = self.tensor_argument(arguments, "x")?;
                let dims = [self.int_argument(arguments, "count", 1)?, self.int_argument(arguments, "width", 1)?];
                let init = self
                    .init_argument(arguments, "init")?
                    .unwrap_or(InitRule::Is(Init::Normal { mean: 0.0, std: 1.0 }));
                let path = join(&path, "weight");
                let table = self.weight(site, Wanted { path: &path, dims: &dims, init, is_statistic: false })?;
                self.emit(site, Op::Gather, &[table, x])
            }
            LayerWord::BatchNorm => self.batch_norm(arguments, &path),
            LayerWord::GroupNorm => {
                let (inputs, epsilon) = self.normalization(arguments, &path, |_| 1)?;
                let op = Op::GroupNorm { groups: self.size_argument(arguments, "groups", 1)?, epsilon };
                self.emit(site, op, &inputs)
            }
            LayerWord::LayerNorm => {
                let (inputs, epsilon) = self.normalization(arguments, &path, |rank| rank.saturating_sub(1))?;
                self.emit(site, Op::LayerNorm { epsilon }, &inputs)
            }
        };
        tensor.map(Value::Tensor)
    }

    /// The extents of a tensor that lives as long as the model.
    fn extents(&mut self, arguments: &Arguments<'_>) -> Outcome<Vec<i64>> {
        let shape = self.shape_argument(arguments, "shape", None)?;
        self.known(&shape, arguments)
    }

    /// The inputs of a normalisation, with a scale and an offset for each element of an axis, and its epsilon.
    fn normalization(
        &mut self,
        arguments: &Arguments<'_>,
        path: &str,
        axis: impl Fn(usize) -> usize,
    ) -> Outcome<([Tensor; 3], f64)> {
        let x = self.tensor_argument(arguments, "x")?;
        let channels = self.channels(&x, axis(x.fact.shape.rank()), arguments)?;
        let (weight, bias) = self.scale(arguments, path, channels)?;
        Ok(([x, weight, bias], self.epsilon(arguments)?))
    }

    /// The epsilon of a normalisation, where torch's layers have the channels.
    pub(crate) fn epsilon(&mut self, arguments: &Arguments<'_>) -> Outcome<f64> {
        let epsilon = self.float_argument(arguments, "epsilon")?;
        if epsilon < 1.0 {
            return Ok(epsilon);
        }
        let (value, span) = arguments.get("epsilon");
        let (callee, shown) = (arguments.site.callee, value.shown(self.spec));
        let text = format!("`epsilon` of `{callee}` must be below 1, this is {shown}");
        let groups = arguments.values.iter().find(|(name, ..)| *name == "groups");
        let groups = groups.map(|(_, groups, _)| groups.shown(self.spec)).unwrap_or_default();
        let help = value.int().map(|_| format!("it takes its channels from its input: write `{callee}({groups})`"));
        Err(self.report(Diagnostic::new(Code::TooSmall, text, span).help_if(help)))
    }

    fn conv(&mut self, arguments: &Arguments<'_>, path: &str) -> Outcome<Tensor> {
        let Windows { x, channels, out, extents: [kh, kw], stride, padding, dilation, groups } =
            self.windows(arguments)?;
        let op = Op::Conv2d(Conv2d { stride, padding, dilation, groups });
        self.weighted(Affine { op, x, dims: &[out, channels / as_int(groups), kh, kw], out }, arguments, path)
    }

    fn conv_transpose(&mut self, arguments: &Arguments<'_>, path: &str) -> Outcome<Tensor> {
        let Windows { x, channels, out, extents: [kh, kw], stride, padding, dilation, groups } =
            self.windows(arguments)?;
        let output_padding = self.pair_argument(arguments, "output_padding", 0)?;
        let op = Op::ConvTranspose2d(ConvTranspose2d { stride, padding, output_padding, dilation, groups });
        self.weighted(Affine { op, x, dims: &[channels, out / as_int(groups), kh, kw], out }, arguments, path)
    }

    /// The arguments that both convolutions have.
    fn windows(&mut self, arguments: &Arguments<'_>) -> Outcome<Windows> {
        let x = self.tensor_argument(arguments, "x")?;
        let channels = self.channels(&x, 1, arguments)?;
        let kernel = self.pair_argument(arguments, "kernel", 1)?;
        let out = match arguments.get("out").0.present() {
            None => channels,
            Some(_) => self.int_argument(arguments, "out", 1)?,
        };
        let stride = self.pair_argument(arguments, "stride", 1)?;
        let dilation = self.pair_argument(arguments, "dilation", 1)?;
        let groups = self.size_argument(arguments, "groups", 1)?;
        if channels % as_int(groups) != 0 || out % as_int(groups) != 0 {
            let text = format!("{channels} to {out} channels can't be made in {groups} groups");
            return Err(self.report(Diagnostic::new(Code::ShapeMismatch, text, arguments.get("groups").1)));
        }
        let padding = match arguments.get("padding").0.present() {
            None => [0, 1].map(|i| (kernel[i] - 1).saturating_mul(dilation[i]) / 2),
            Some(_) => self.pair_argument(arguments, "padding", 0)?,
        };
        Ok(Windows { x, channels, out, extents: kernel.map(as_int), stride, padding, dilation, groups })
    }

    fn linear(&mut self, arguments: &Arguments<'_>, path: &str) -> Outcome<Tensor> {
        let x = self.tensor_argument(arguments, "x")?;
        let features = self.channels(&x, x.fact.shape.rank().saturating_sub(1), arguments)?;
        let out = self.int_argument(arguments, "out", 1)?;
        self.weighted(Affine { op: Op::Linear, x, dims: &[out, features], out }, arguments, path)
    }

    /// An operation with a weight and, unless `bias` is false, a bias.
    fn weighted(&mut self, affine: Affine<'_>, arguments: &Arguments<'_>, path: &str) -> Outcome<Tensor> {
        let Affine { op, x, dims, out } = affine;
        let given = self.init_argument(arguments, "init")?;
        let init = given.clone().unwrap_or(InitRule::KaimingUniform(Fan::In));
        let site = &arguments.site;
        let (weight_path, bias_path) = (join(path, "weight"), join(path, "bias"));
        let wanted = Wanted { path: &weight_path, dims, init, is_statistic: false };
        let mut inputs = vec![x, self.weight(site, wanted)?];
        let of_bias = self.init_argument(arguments, "bias_init")?;
        let has_bias = self.bool_argument(arguments, "bias")?;
        if of_bias.is_some() && !has_bias {
            return Err(self.refuse_argument(arguments, "bias_init", "left out: there is no bias"));
        }
        if has_bias {
            let init = match (of_bias, given) {
                (Some(rule), _) => rule,
                // torch draws the bias of a layer that says nothing; a layer that says something starts without one.
                (None, None) => {
                    let fan_in = dims[1..].iter().fold(1_i64, |product, &n| product.saturating_mul(n));
                    let bound = 1.0 / (fan_in as f64).sqrt();
                    InitRule::Is(Init::Uniform { low: -bound, high: bound })
                }
                (None, Some(_)) => InitRule::Is(Init::Constant(0.0)),
            };
            let wanted = Wanted { path: &bias_path, dims: &[out], init, is_statistic: false };
            inputs.push(self.weight(site, wanted)?);
        }
        self.emit(site, op, &inputs)
    }

    /// Batch normalisation (Ioffe and Szegedy, 2015). Where the part is trained, it uses the statistics of the batch and
    /// updates the running ones, at each call once more; elsewhere it uses the running ones. The mean is taken away first:
    /// multiplied by a large factor and then subtracted, it would leave a rounded difference of large numbers.
    fn batch_norm(&mut self, arguments: &Arguments<'_>, path: &str) -> Outcome<Tensor> {
        let site = &arguments.site;
        let x = self.float_tensor_argument(arguments, "x")?;
        let channels = self.channels(&x, 1, arguments)?;
        let rank = x.fact.shape.rank();
        let epsilon = self.epsilon(arguments)?;
        let momentum = self.float_argument(arguments, "momentum")?;
        let (weight, bias) = self.scale(arguments, path, channels)?;
        let mut statistic = |name: &str, value: f64| {
            let path = join(path, name);
            let init = InitRule::Is(Init::Constant(value));
            let tensor = self.weight(site, Wanted { path: &path, dims: &[channels], init, is_statistic: true })?;
            Ok((tensor, self.builder.weight_id(&path)))
        };
        let (mean, mean_id) = statistic("running_mean", 0.0)?;
        let (var, var_id) = statistic("running_var", 1.0)?;
        let in_training = self.function.is_objective && self.is_trained(site.env.owner());
        if in_training && !self.builder.is_outside_loops() {
            return Err(self.report(error::statistics_in_loop(site.callee, site.span)));
        }
        let (builder, at) = (&mut self.builder, site.origin());
        let mut wide = vec![Dim::from(1); rank];
        wide[1] = Dim::from(channels);
        let spread = |builder: &mut Builder, tensor: &Tensor| {
            builder.sure(Op::Reshape(Shape(wide.clone())), std::slice::from_ref(tensor), at)
        };
        let (weight, bias) = (spread(builder, &weight), spread(builder, &bias));
        let (centred, var) = if in_training {
            let axes: Vec<usize> = (0..rank).filter(|&axis| axis != 1).collect();
            let reduce = Op::Reduce { kind: Reduction::Mean, axes, keep: true };
            let batch_mean = builder.sure(reduce.clone(), std::slice::from_ref(&x), at);
            let centred = builder.binary(Binary::Sub, &x, &batch_mean, at);
            let squared = builder.binary(Binary::Mul, &centred, &centred, at);
            let batch_var = builder.sure(reduce, &[squared], at);
            let unbiased = unbiased(builder, &batch_var, &x, at);
            for (id, stored, new) in [(mean_id, &mean, &batch_mean), (var_id, &var, &unbiased)] {
                let old = builder.updated(id).unwrap_or(stored).clone();
                let flat = Op::Reshape(Shape::of(&[channels]));
                let new = builder.sure(flat, std::slice::from_ref(new), at);
                let kept = builder.unary(Unary::MulScalar(1.0 - momentum), &old, at);
                let moved = builder.unary(Unary::MulScalar(momentum), &new, at);
                let next = builder.binary(Binary::Add, &kept, &moved, at);
                let next = builder.sure(Op::StopGradient, &[next], at);
                builder.update(id, next);
            }
            (centred, batch_var)
        } else {
            let mean = spread(builder, &mean);
            (builder.binary(Binary::Sub, &x, &mean, at), spread(builder, &var))
        };
        let shifted = builder.unary(Unary::AddScalar(epsilon), &var, at);
        let inverse = builder.unary(Unary::PowScalar(-0.5), &shifted, at);
        let factor = builder.binary(Binary::Mul, &weight, &inverse, at);
        let scaled = builder.binary(Binary::Mul, &centred, &factor, at);
        Ok(builder.binary(Binary::Add, &scaled, &bias, at))
    }

    /// Weight and bias of a normalisation.
    fn scale(&mut self, arguments: &Arguments<'_>, path: &str, channels: i64) -> Outcome<(Tensor, Tensor)> {
        let mut make = |name: &str, argument: &str, value: f64| {
            let path = join(path, name);
            let init = self.init_argument(arguments, argument)?.unwrap_or(InitRule::Is(Init::Constant(value)));
            self.weight(&arguments.site, Wanted { path: &path, dims: &[channels], init, is_statistic: false })
        };
        Ok((make("weight", "init", 1.0)?, make("bias", "bias_init", 0.0)?))
    }

    /// The extent of an axis that a weight depends on, which must be known.
    fn channels(&mut self, x: &Tensor, axis: usize, arguments: &Arguments<'_>) -> Outcome<i64> {
        let CallSite { callee, span, .. } = arguments.site;
        let diagnostic = match x.fact.shape.0.get(axis).map(Dim::known) {
            Some(Some(n)) if n > 0 => return Ok(n),
            Some(_) => {
                let text = format!("`{callee}` needs to know axis {axis} of its input");
                let help =
                    "its weights depend on it: write the number where the input is declared, as in `x: [B, 3, H, W]`";
                Diagnostic::new(Code::UnknownChannels, text, span).help(help)
            }
            None => {
                let text = format!("`{callee}` needs an input with an axis {axis}");
                Diagnostic::new(Code::ShapeMismatch, text, span)
            }
        };
        Err(self.report(diagnostic.here(format!("this is {}", x.fact))))
    }

    fn known(&mut self, shape: &Shape, arguments: &Arguments<'_>) -> Outcome<Vec<i64>> {
        let dims: Option<Vec<i64>> = shape.0.iter().map(Dim::known).collect();
        dims.ok_or_else(|| {
            let text = format!("the shape of a weight must be known, this is {shape}");
            self.report(Diagnostic::new(Code::UnknownChannels, text, arguments.get("shape").1))
        })
    }
}

/// The variance with `n - 1` in the denominator. PyTorch keeps this one as the running variance.
fn unbiased(builder: &mut Builder, var: &Tensor, x: &Tensor, at: Origin) -> Tensor {
    let mut reduced = x.fact.shape.0.clone();
    reduced.remove(1);
    let axes = (0..reduced.len()).collect();
    let one = builder.scalar(1.0, at);
    let ones = builder.sure(Op::Expand(Shape(reduced)), &[one], at);
    let count = builder.sure(Op::Reduce { kind: Reduction::Sum, axes, keep: false }, &[ones], at);
    let less = builder.unary(Unary::AddScalar(-1.0), &count, at);
    let less = builder.unary(Unary::Clamp(1.0, f64::from(f32::MAX)), &less, at);
    let inverse = builder.unary(Unary::PowScalar(-1.0), &less, at);
    let factor = builder.binary(Binary::Mul, &count, &inverse, at);
    builder.binary(Binary::Mul, var, &factor, at)
}
