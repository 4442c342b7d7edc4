//! Functions of one number, each with all that the compiler knows of it in one record.
//!
//! In: a [`Unary`]. Out: its [`UnaryRecord`], which the shape rule, the optimiser, the checker, the lints and the
//! views read. A new function is a variant and a record here, a word in the table of builtins, a kernel in `execute`,
//! and a line on its memory in `inspect`. It counts no multiply-adds, like all elementwise functions.

use std::f64::consts::{FRAC_1_SQRT_2, PI};
use std::fmt;

use crate::fact::{DType, Fact};

use super::super::error::one;
use super::super::source::held;
use super::super::{Identity, OpRecord, ShapeError, Zero};

/// A function of one number. Float in, float out, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `-x`; also of integers.
    Neg,
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
    /// `|x|`; also of integers.
    Abs,
    /// Sine of radians.
    Sin,
    /// Cosine of radians.
    Cos,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `max(x, 0)`.
    Relu,
    /// `max(x, 0)`, whose gradient is cut where it is negative itself (guided backpropagation, Springenberg et al., 2015).
    GuidedRelu,
    /// `x` if positive, else `slope * x`.
    LeakyRelu(f64),
    /// `x * sigmoid(x)` (Elfwing et al., 2018).
    Silu,
    /// `x * Phi(x)` with the exact error function (Hendrycks and Gimpel, 2016).
    Gelu,
    /// The tanh approximation of GELU, as torch's `approximate="tanh"`.
    GeluTanh,
    /// `log(1 + e^x)` (Dugas et al., 2001).
    Softplus,
    /// The largest whole number that is not larger; also of integers.
    Floor,
    /// The nearest whole number, of two equally near ones the even one; also of integers.
    Round,
    /// 1, 0 or -1; also of integers.
    Sign,
    /// `x + c`; also of integers.
    AddScalar(f64),
    /// `x * c`; also of integers.
    MulScalar(f64),
    /// `x ^ c`.
    PowScalar(f64),
    /// `x` limited to `low..=high`; also of integers.
    Clamp(f64, f64),
}

impl Unary {
    /// All that the compiler knows of the function.
    #[must_use]
    pub fn record(self) -> UnaryRecord {
        match self {
            Unary::Neg => record("neg", |x| -x, |_| -1.0).multiplies_by(-1.0).exact(|x| -x).of_ints(i64::checked_neg),
            Unary::Exp => record("exp", f64::exp, f64::exp),
            Unary::Log => record("log", f64::ln, |x| 1.0 / x),
            Unary::Sqrt => record("sqrt", f64::sqrt, |x| 0.5 / x.sqrt()).exact(f32::sqrt),
            Unary::Abs => record("abs", f64::abs, sign).exact(f32::abs).of_ints(i64::checked_abs),
            Unary::Sin => record("sin", f64::sin, f64::cos),
            Unary::Cos => record("cos", f64::cos, |x| -x.sin()),
            Unary::Tanh => record("tanh", f64::tanh, |x| 1.0 - x.tanh().powi(2)),
            Unary::Sigmoid => record("sigmoid", sigmoid, |x| sigmoid(x) * sigmoid(-x)),
            Unary::Relu => record("relu", |x| x.max(0.0), |x| above(x, 0.0)).exact(|x| x.max(0.0)),
            Unary::GuidedRelu => record("guided_relu", |x| x.max(0.0), |x| above(x, 0.0)).exact(|x| x.max(0.0)),
            Unary::LeakyRelu(slope) => {
                let derivative = move |x| if x > 0.0 { 1.0 } else { slope };
                record("leaky_relu", move |x| x * derivative(x), derivative).with(Settings::Number(slope))
            }
            Unary::Silu => record("silu", |x| x * sigmoid(x), |x| sigmoid(x) * (1.0 + x * sigmoid(-x))),
            Unary::Gelu => record("gelu", |x| x * normal(x), |x| normal(x) + x * normal_density(x)),
            Unary::GeluTanh => {
                let steepness = |x: f64| 2.0 * (2.0 / PI).sqrt() * (1.0 + 3.0 * 0.044_715 * x * x);
                let inner = |x: f64| 2.0 * (2.0 / PI).sqrt() * (x + 0.044_715 * x * x * x);
                record(
                    "gelu_tanh",
                    move |x| x * sigmoid(inner(x)),
                    move |x| sigmoid(inner(x)) * (1.0 + x * sigmoid(-inner(x)) * steepness(x)),
                )
            }
            Unary::Softplus => record("softplus", |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), sigmoid),
            Unary::Floor => record("floor", f64::floor, |_| 0.0).exact(f32::floor).of_ints(Some),
            Unary::Round => record("round", f64::round_ties_even, |_| 0.0).exact(f32::round_ties_even).of_ints(Some),
            Unary::Sign => record("sign", |x| if x.is_nan() { x } else { sign(x) }, |_| 0.0)
                .exact(|x| sign(f64::from(x)) as f32)
                .of_ints(|n| Some(n.signum())),
            Unary::AddScalar(c) => record("add", move |x| x + c, |_| 1.0)
                .with(Settings::Number(c))
                .identity_if(c == 0.0)
                .exact(move |x| x + c as f32)
                .of_ints(move |n| n.checked_add(c as i64)),
            Unary::MulScalar(c) => record("mul", move |x| x * c, move |_| c)
                .with(Settings::Number(c))
                .multiplies_by(c)
                .identity_if(c == 1.0)
                .exact(move |x| x * c as f32)
                .of_ints(move |n| n.checked_mul(c as i64)),
            Unary::PowScalar(c) => record("pow", move |x| x.powf(c), move |x| c * x.powf(c - 1.0))
                .with(Settings::Number(c))
                .identity_if(c == 1.0),
            Unary::Clamp(low, high) => {
                let record = record("clamp", move |x| x.max(low).min(high), move |x| above(x, low) * above(high, x))
                    .with(Settings::Range(low, high))
                    .identity_if(low == f64::NEG_INFINITY && high == f64::INFINITY)
                    .of_ints(move |n| (low <= high).then(|| n.clamp(low as i64, high as i64)));
                if low <= high { record.exact(move |x| x.clamp(low as f32, high as f32)) } else { record }
            }
        }
    }

    /// Whether its derivative is 0 wherever it has one.
    #[must_use]
    pub fn is_step(self) -> bool {
        matches!(self, Unary::Floor | Unary::Round | Unary::Sign)
    }

    /// Its record as an operation. A function that is 0 at 0 keeps zeros.
    pub(in crate::op) fn as_op(self) -> OpRecord {
        let record = self.record();
        let zero = if record.factor == Some(0.0) {
            Zero::Always
        } else if (record.value)(0.0) == 0.0 {
            Zero::Products(&[&[0]])
        } else {
            Zero::Never
        };
        let identity = if record.is_identity { Identity::Always } else { Identity::Never };
        OpRecord { identity, zero, ..OpRecord::PLAIN }
    }

    /// When its gradient is zero, from `x` and the gradient of its result: also where `x` is, if its derivative is 0 at 0.
    pub(in crate::op) fn gradient_zero(self) -> Zero {
        let is_flat = (self.record().derivative)(0.0) == 0.0;
        if is_flat { Zero::Products(&[&[0, 1]]) } else { Zero::Products(&[&[1]]) }
    }

    pub(in crate::op) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let x = one(inputs)?;
        match x.dtype {
            DType::Float => Ok(x.clone()),
            DType::Int if self.record().integer.is_some() => {
                self.record().settings.numbers().try_for_each(|setting| held(setting as i64))?;
                Ok(x.clone())
            }
            DType::Int | DType::Bool => Err(ShapeError::new(format!("a float tensor is expected, this is {x}"))
                .help("convert it with `to_float(..)`")),
        }
    }
}

/// A function of one number of type `T`.
type Function<T, U = T> = Box<dyn Fn(T) -> U>;

/// What is known of a function of one number with its settings.
pub struct UnaryRecord {
    /// Its name in graphs, which is its word in the language if it has one.
    pub name: &'static str,
    /// The numbers that the spec sets.
    pub settings: Settings,
    /// Its value in double precision.
    pub value: Function<f64>,
    /// Its derivative in double precision; at a kink, the value that the kernels use.
    pub derivative: Function<f64>,
    /// Its value in single precision, where IEEE 754 defines that to the last bit, so that every device agrees. Not for
    /// NaN.
    pub exact: Option<Function<f32>>,
    /// Its value for integers, if it has one for them; none where that overflows.
    pub integer: Option<Function<i64, Option<i64>>>,
    /// Whether it returns its input unchanged.
    pub is_identity: bool,
    /// The factor, if the function is a product with a number.
    pub factor: Option<f64>,
}

impl UnaryRecord {
    fn with(self, settings: Settings) -> UnaryRecord {
        UnaryRecord { settings, ..self }
    }

    fn identity_if(self, is_identity: bool) -> UnaryRecord {
        UnaryRecord { is_identity, ..self }
    }

    fn multiplies_by(self, factor: f64) -> UnaryRecord {
        UnaryRecord { factor: Some(factor), ..self }
    }

    fn exact(self, single: impl Fn(f32) -> f32 + 'static) -> UnaryRecord {
        UnaryRecord { exact: Some(Box::new(single)), ..self }
    }

    /// Call it after [`UnaryRecord::with`]: integers stay whole only if the settings are.
    fn of_ints(self, integer: impl Fn(i64) -> Option<i64> + 'static) -> UnaryRecord {
        let is_whole = self.settings.numbers().all(|setting| setting.fract() == 0.0);
        UnaryRecord { integer: is_whole.then(|| Box::new(integer) as Function<i64, Option<i64>>), ..self }
    }
}

/// The record of a function without settings, of which no more is known than its value and its derivative.
fn record(
    name: &'static str,
    value: impl Fn(f64) -> f64 + 'static,
    derivative: impl Fn(f64) -> f64 + 'static,
) -> UnaryRecord {
    UnaryRecord {
        name,
        settings: Settings::None,
        value: Box::new(value),
        derivative: Box::new(derivative),
        exact: None,
        integer: None,
        is_identity: false,
        factor: None,
    }
}

/// The settings of a function: numbers that the spec gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Settings {
    /// There are none.
    None,
    /// One number.
    Number(f64),
    /// The lower and the upper end of a range.
    Range(f64, f64),
}

impl Settings {
    /// The numbers in order.
    pub fn numbers(self) -> impl Iterator<Item = f64> {
        let (first, second) = match self {
            Settings::None => (None, None),
            Settings::Number(c) => (Some(c), None),
            Settings::Range(low, high) => (Some(low), Some(high)),
        };
        first.into_iter().chain(second)
    }
}

impl fmt::Display for Unary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnaryRecord { name, settings, .. } = self.record();
        match settings {
            Settings::None => f.write_str(name),
            Settings::Number(c) => write!(f, "{name} {c}"),
            Settings::Range(low, high) => write!(f, "{name} {low}..{high}"),
        }
    }
}

/// 1 above a limit, else 0.
fn above(x: f64, limit: f64) -> f64 {
    f64::from(u8::from(x > limit))
}

/// 1, 0 or -1.
fn sign(x: f64) -> f64 {
    above(x, 0.0) - above(0.0, x)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The probability that a standard normal number is at most `x`.
fn normal(x: f64) -> f64 {
    0.5 * (1.0 + libm::erf(x * FRAC_1_SQRT_2))
}

fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}
