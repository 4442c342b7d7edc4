//! Functions that are applied to each element.
//!
//! Comparisons and masks get operands of equal shape, arithmetic broadcasts.

use burn::tensor::Scalar;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{BoolTensorOps, Device, FloatTensor, FloatTensorOps, IntTensor, IntTensorOps};

use diadc_core::fact::DType;
use diadc_core::op::{Binary, Comparison, Unary};

use super::kernels::{Activation, Arithmetic, Floats, Kernels};
use super::layout::{expand, with_rank};
use super::tensor::{Tensor, bool_type, float_type, int_type};

pub(super) fn unary<K: Kernels>(
    unary: Unary,
    x: Tensor<K::Backend>,
    device: &Device<K::Backend>,
) -> Tensor<K::Backend> {
    match x {
        Tensor::Float(x) => Tensor::Float(float_unary::<K>(unary, x, device)),
        Tensor::Int(x) => Tensor::Int(int_unary::<K::Backend>(unary, x)),
        Tensor::Bool(_) => unreachable!("the shape rule refuses truth values"),
    }
}

fn float_unary<K: Kernels>(unary: Unary, x: Floats<K>, device: &Device<K::Backend>) -> Floats<K> {
    match unary {
        Unary::Neg => K::Backend::float_neg(x),
        Unary::Exp => K::Backend::float_exp(x),
        Unary::Log => K::Backend::float_log(x),
        Unary::Sqrt => K::Backend::float_sqrt(x),
        Unary::Abs => K::Backend::float_abs(x),
        Unary::Sin => K::Backend::float_sin(x),
        Unary::Cos => K::Backend::float_cos(x),
        Unary::Tanh => K::Backend::float_tanh(x),
        Unary::Sigmoid
        | Unary::Relu
        | Unary::GuidedRelu
        | Unary::LeakyRelu(_)
        | Unary::Silu
        | Unary::Gelu
        | Unary::GeluTanh => K::activate(Activation::of_value(unary).expect("these are activations"), x),
        Unary::Softplus => softplus::<K::Backend>(x, device),
        Unary::Floor => K::Backend::float_floor(x),
        Unary::Round => K::Backend::float_round(x),
        Unary::Sign => K::Backend::float_sign(x),
        Unary::AddScalar(c) => K::Backend::float_add_scalar(x, c.into()),
        Unary::MulScalar(c) => K::Backend::float_mul_scalar(x, c.into()),
        Unary::PowScalar(c) => power::<K::Backend>(x, c),
        Unary::Clamp(low, high) => clamp::<K::Backend>(x, low, high, device),
    }
}

fn int_unary<B: Backend>(unary: Unary, x: IntTensor<B>) -> IntTensor<B> {
    let whole = |c: f64| Scalar::Int(c as i64);
    match unary {
        Unary::Neg => B::int_neg(x),
        Unary::Abs => B::int_abs(x),
        Unary::Floor | Unary::Round => x,
        Unary::Sign => B::int_sign(x),
        Unary::AddScalar(c) => B::int_add_scalar(x, whole(c)),
        Unary::MulScalar(c) => B::int_mul_scalar(x, whole(c)),
        Unary::Clamp(low, high) => B::int_clamp(x, whole(low), whole(high)),
        Unary::Exp
        | Unary::Log
        | Unary::Sqrt
        | Unary::Sin
        | Unary::Cos
        | Unary::Tanh
        | Unary::Sigmoid
        | Unary::Relu
        | Unary::GuidedRelu
        | Unary::LeakyRelu(_)
        | Unary::Silu
        | Unary::Gelu
        | Unary::GeluTanh
        | Unary::Softplus
        | Unary::PowScalar(_) => {
            unreachable!("the shape rule refuses integers")
        }
    }
}

/// `log(1 + e^min(x, 20)) + max(x - 20, 0)`: above 20 the 1 is lost in single precision, and the power would overflow.
fn softplus<B: Backend>(x: FloatTensor<B>, device: &Device<B>) -> FloatTensor<B> {
    let exponent = clamp::<B>(x.clone(), f64::NEG_INFINITY, 20.0, device);
    let above = B::float_add_scalar(clamp::<B>(x, 20.0, f64::INFINITY, device), (-20.0).into());
    B::float_add(B::float_log1p(B::float_exp(exponent)), above)
}

/// Small whole powers are products, which are exact for negative numbers on every backend.
fn power<B: Backend>(x: FloatTensor<B>, exponent: f64) -> FloatTensor<B> {
    if (exponent - 0.5).abs() < f64::EPSILON {
        return B::float_sqrt(x);
    }
    if exponent.fract() != 0.0 || exponent == 0.0 || exponent.abs() > 64.0 {
        return B::float_powf_scalar(x, exponent.into());
    }
    let mut left = exponent.abs() as u32;
    let mut square = x;
    let mut product: Option<FloatTensor<B>> = None;
    loop {
        if left % 2 == 1 {
            product = Some(match product {
                Some(product) => B::float_mul(product, square.clone()),
                None => square.clone(),
            });
        }
        left /= 2;
        if left == 0 {
            break;
        }
        square = B::float_mul(square.clone(), square);
    }
    let product = product.expect("a whole number above 0 has a bit set");
    if exponent < 0.0 { B::float_recip(product) } else { product }
}

fn clamp<B: Backend>(x: FloatTensor<B>, low: f64, high: f64, device: &Device<B>) -> FloatTensor<B> {
    let dtype = bool_type::<B>(device);
    let mut x = x;
    if low.is_finite() {
        let below = B::float_lower_equal_elem(x.clone(), low.into(), dtype);
        x = B::float_mask_fill(x, below, low.into());
    }
    if high.is_finite() {
        let above = B::float_greater_equal_elem(x.clone(), high.into(), dtype);
        x = B::float_mask_fill(x, above, high.into());
    }
    x
}

pub(super) fn binary<K: Kernels>(
    binary: Binary,
    a: Tensor<K::Backend>,
    b: Tensor<K::Backend>,
    shape: &[usize],
    device: &Device<K::Backend>,
) -> Tensor<K::Backend> {
    let rank = shape.len().max(1);
    match (binary, with_rank(a, rank), with_rank(b, rank)) {
        (Binary::Add, Tensor::Float(a), Tensor::Float(b)) => Tensor::Float(K::arithmetic(Arithmetic::Add, a, b)),
        (Binary::Sub, Tensor::Float(a), Tensor::Float(b)) => Tensor::Float(K::arithmetic(Arithmetic::Sub, a, b)),
        (Binary::Mul, Tensor::Float(a), Tensor::Float(b)) => Tensor::Float(K::arithmetic(Arithmetic::Mul, a, b)),
        (Binary::Div, Tensor::Float(a), Tensor::Float(b)) => Tensor::Float(K::arithmetic(Arithmetic::Div, a, b)),
        (Binary::Add, Tensor::Int(a), Tensor::Int(b)) => Tensor::Int(K::Backend::int_add(a, b)),
        (Binary::Sub, Tensor::Int(a), Tensor::Int(b)) => Tensor::Int(K::Backend::int_sub(a, b)),
        (Binary::Mul, Tensor::Int(a), Tensor::Int(b)) => Tensor::Int(K::Backend::int_mul(a, b)),
        (Binary::Max | Binary::Min, Tensor::Float(a), Tensor::Float(b)) => {
            let [a, b] = [a, b].map(|x| expand::<K::Backend>(Tensor::Float(x), shape).float());
            Tensor::Float(K::extreme(binary == Binary::Max, a, b))
        }
        (Binary::Rem | Binary::Pow, Tensor::Float(a), Tensor::Float(b)) => {
            let [a, b] = [a, b].map(|x| expand::<K::Backend>(Tensor::Float(x), shape).float());
            let is_power = binary == Binary::Pow;
            Tensor::Float(if is_power { K::Backend::float_powf(a, b) } else { K::Backend::float_remainder(a, b) })
        }
        (Binary::Rem, Tensor::Int(a), Tensor::Int(b)) => {
            let [a, b] = [a, b].map(|x| expand::<K::Backend>(Tensor::Int(x), shape).int());
            Tensor::Int(K::Backend::int_remainder(a, b))
        }
        (Binary::Max, a, b) => {
            let second_wins = compare::<K>(Comparison::Less, a.clone(), b.clone(), shape, device);
            select::<K>(second_wins, b, a, shape)
        }
        (Binary::Min, a, b) => {
            let second_wins = compare::<K>(Comparison::Less, b.clone(), a.clone(), shape, device);
            select::<K>(second_wins, b, a, shape)
        }
        (
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Rem | Binary::Pow,
            Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_),
            Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_),
        ) => unreachable!("the shape rule wants two operands of one type, and divides only floats"),
    }
}

pub(super) fn compare<K: Kernels>(
    comparison: Comparison,
    a: Tensor<K::Backend>,
    b: Tensor<K::Backend>,
    shape: &[usize],
    device: &Device<K::Backend>,
) -> Tensor<K::Backend> {
    let dtype = bool_type::<K::Backend>(device);
    Tensor::Bool(match (expand(a, shape), expand(b, shape)) {
        (Tensor::Float(a), Tensor::Float(b)) => match comparison {
            Comparison::Less => K::Backend::float_lower(a, b, dtype),
            Comparison::LessEqual => K::Backend::float_lower_equal(a, b, dtype),
            Comparison::Equal => K::Backend::float_equal(a, b, dtype),
        },
        (Tensor::Int(a), Tensor::Int(b)) => match comparison {
            Comparison::Less => K::Backend::int_lower(a, b, dtype),
            Comparison::LessEqual => K::Backend::int_lower_equal(a, b, dtype),
            Comparison::Equal => K::Backend::int_equal(a, b, dtype),
        },
        (Tensor::Bool(a), Tensor::Bool(b)) => match comparison {
            Comparison::Less => K::Backend::bool_and(K::Backend::bool_not(a), b),
            Comparison::LessEqual => K::Backend::bool_or(K::Backend::bool_not(a), b),
            Comparison::Equal => K::Backend::bool_equal(a, b),
        },
        (Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_), Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_)) => {
            unreachable!("the shape rule wants two operands of one type")
        }
    })
}

pub(super) fn select<K: Kernels>(
    condition: Tensor<K::Backend>,
    a: Tensor<K::Backend>,
    b: Tensor<K::Backend>,
    shape: &[usize],
) -> Tensor<K::Backend> {
    let condition = expand(condition, shape).bool();
    match (expand(a, shape), expand(b, shape)) {
        (Tensor::Float(a), Tensor::Float(b)) => Tensor::Float(K::Backend::float_mask_where(b, condition, a)),
        (Tensor::Int(a), Tensor::Int(b)) => Tensor::Int(K::Backend::int_mask_where(b, condition, a)),
        (Tensor::Bool(a), Tensor::Bool(b)) => {
            let chosen = K::Backend::bool_and(condition.clone(), a);
            Tensor::Bool(K::Backend::bool_or(chosen, K::Backend::bool_and(K::Backend::bool_not(condition), b)))
        }
        (Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_), Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_)) => {
            unreachable!("the shape rule wants two values of one type")
        }
    }
}

pub(super) fn cast<B: Backend>(dtype: DType, x: Tensor<B>, device: &Device<B>) -> Tensor<B> {
    match (dtype, x) {
        (DType::Float, Tensor::Int(x)) => Tensor::Float(B::int_into_float(x, float_type::<B>(device))),
        (DType::Float, Tensor::Bool(x)) => Tensor::Float(B::bool_into_float(x, float_type::<B>(device))),
        (DType::Int, Tensor::Float(x)) => Tensor::Int(B::float_into_int(x, int_type::<B>(device))),
        (DType::Int, Tensor::Bool(x)) => Tensor::Int(B::bool_into_int(x, int_type::<B>(device))),
        (DType::Bool, Tensor::Float(x)) => Tensor::Bool(B::float_not_equal_elem(x, 0.0.into(), bool_type::<B>(device))),
        (DType::Bool, Tensor::Int(x)) => Tensor::Bool(B::int_not_equal_elem(x, 0_i64.into(), bool_type::<B>(device))),
        (DType::Float, x @ Tensor::Float(_))
        | (DType::Int, x @ Tensor::Int(_))
        | (DType::Bool, x @ Tensor::Bool(_)) => x,
    }
}
