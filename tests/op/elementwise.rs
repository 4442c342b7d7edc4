//! Functions of single elements, at their kinks and far out as well.

use diadc::fact::DType;
use diadc::op::{Binary, Comparison, Op, Unary};

use super::Case;
use super::fixture::agree;

#[test]
fn elementwise_operations_agree_with_torch() {
    agree(cases());
}

pub(super) fn cases() -> Vec<Case> {
    [unary(), binary(), choices()].concat()
}

fn unary() -> Vec<Case> {
    let cases = [
        ("neg", Unary::Neg),
        ("exp", Unary::Exp),
        ("log", Unary::Log),
        ("sqrt", Unary::Sqrt),
        ("abs", Unary::Abs),
        ("sin", Unary::Sin),
        ("cos", Unary::Cos),
        ("tanh", Unary::Tanh),
        ("tanh_extreme", Unary::Tanh),
        ("sigmoid", Unary::Sigmoid),
        ("sigmoid_extreme", Unary::Sigmoid),
        ("relu", Unary::Relu),
        ("leaky_relu", Unary::LeakyRelu(0.2)),
        ("silu", Unary::Silu),
        ("silu_extreme", Unary::Silu),
        ("silu_number", Unary::Silu),
        ("gelu", Unary::Gelu),
        ("gelu_extreme", Unary::Gelu),
        ("gelu_tanh", Unary::GeluTanh),
        ("gelu_tanh_extreme", Unary::GeluTanh),
        ("add_scalar", Unary::AddScalar(1.5)),
        ("mul_scalar", Unary::MulScalar(-2.5)),
        ("pow_0", Unary::PowScalar(0.0)),
        ("pow_1", Unary::PowScalar(1.0)),
        ("pow_2", Unary::PowScalar(2.0)),
        ("pow_3", Unary::PowScalar(3.0)),
        ("pow_5", Unary::PowScalar(5.0)),
        ("pow_minus_1", Unary::PowScalar(-1.0)),
        ("pow_minus_3", Unary::PowScalar(-3.0)),
        ("pow_half", Unary::PowScalar(0.5)),
        ("pow_1_7", Unary::PowScalar(1.7)),
        ("clamp", Unary::Clamp(-1.0, 2.0)),
        ("clamp_low", Unary::Clamp(1.0, f64::INFINITY)),
        ("clamp_high", Unary::Clamp(f64::NEG_INFINITY, -1.0)),
        ("int_neg", Unary::Neg),
        ("int_abs", Unary::Abs),
        ("int_add_scalar", Unary::AddScalar(3.0)),
        ("int_mul_scalar", Unary::MulScalar(-2.0)),
        ("int_clamp", Unary::Clamp(-4.0, 5.0)),
    ];
    cases.map(|(name, unary)| (name, Op::Unary(unary))).to_vec()
}

fn binary() -> Vec<Case> {
    let names = [
        (Binary::Add, ["add_same", "add_broadcast", "add_row", "add_channel", "add_number", "add_numbers", "add_ties"]),
        (Binary::Sub, ["sub_same", "sub_broadcast", "sub_row", "sub_channel", "sub_number", "sub_numbers", "sub_ties"]),
        (Binary::Mul, ["mul_same", "mul_broadcast", "mul_row", "mul_channel", "mul_number", "mul_numbers", "mul_ties"]),
        (Binary::Div, ["div_same", "div_broadcast", "div_row", "div_channel", "div_number", "div_numbers", "div_ties"]),
        (Binary::Max, ["max_same", "max_broadcast", "max_row", "max_channel", "max_number", "max_numbers", "max_ties"]),
        (Binary::Min, ["min_same", "min_broadcast", "min_row", "min_channel", "min_number", "min_numbers", "min_ties"]),
    ];
    let ints = [
        ("int_add", Op::Binary(Binary::Add)),
        ("int_sub", Op::Binary(Binary::Sub)),
        ("int_mul", Op::Binary(Binary::Mul)),
        ("int_max", Op::Binary(Binary::Max)),
        ("int_min", Op::Binary(Binary::Min)),
    ];
    names.into_iter().flat_map(|(binary, names)| names.map(|name| (name, Op::Binary(binary)))).chain(ints).collect()
}

fn choices() -> Vec<Case> {
    vec![
        ("less_float", Op::Compare(Comparison::Less)),
        ("less_int", Op::Compare(Comparison::Less)),
        ("less_bool", Op::Compare(Comparison::Less)),
        ("less_equal_float", Op::Compare(Comparison::LessEqual)),
        ("less_equal_int", Op::Compare(Comparison::LessEqual)),
        ("less_equal_bool", Op::Compare(Comparison::LessEqual)),
        ("equal_float", Op::Compare(Comparison::Equal)),
        ("equal_int", Op::Compare(Comparison::Equal)),
        ("equal_bool", Op::Compare(Comparison::Equal)),
        ("select_float", Op::Select),
        ("select_int", Op::Select),
        ("select_bool", Op::Select),
        ("cast_float_float", Op::Cast(DType::Float)),
        ("cast_float_int", Op::Cast(DType::Int)),
        ("cast_float_bool", Op::Cast(DType::Bool)),
        ("cast_int_float", Op::Cast(DType::Float)),
        ("cast_int_int", Op::Cast(DType::Int)),
        ("cast_int_bool", Op::Cast(DType::Bool)),
        ("cast_bool_float", Op::Cast(DType::Float)),
        ("cast_bool_int", Op::Cast(DType::Int)),
        ("cast_bool_bool", Op::Cast(DType::Bool)),
        ("stop_gradient", Op::StopGradient),
    ]
}
