//! Functions of single elements, at their kinks and far out as well.

use diadc::execute::{HostData, HostTensor};
use diadc::fact::DType;
use diadc::op::{Binary, Comparison, Op, Unary};

use super::Case;
use super::device::{GRADIENT_TOLERANCE, OUTPUT_TOLERANCE};
use super::fixture::{agree, difference, find};

#[test]
fn elementwise_operations_agree_with_torch() {
    agree(cases());
}

/// What folds constants and computes numbers of a spec, and what the lints read, is what the kernels do.
#[test]
fn records_of_elementwise_operations_agree_with_torch() {
    let all = unary().into_iter().chain(binary());
    let wrong: Vec<String> = all.flat_map(|(name, op)| differences(name, &op)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differences(name: &str, op: &Op) -> Vec<String> {
    let part = |part: &str| find(&format!("{name}/{part}"));
    let (x, expected) = (part("in0").expect("the case has an input"), part("out").expect("the case has an output"));
    let shape = &expected.shape;
    let mut pairs: Vec<(HostTensor, HostTensor, f32)> = Vec::new();
    let Some(y) = part("in1").or(Some(x.clone())).filter(|y| y.shape == x.shape) else { return Vec::new() };
    match (op, &x.data, &y.data) {
        (Op::Unary(unary), HostData::Float(x), _) => {
            let record = unary.record();
            let of = |function: &dyn Fn(f64) -> f64| x.iter().map(|&x| function(f64::from(x)) as f32).collect();
            pairs.push((HostTensor::floats(shape, of(&record.value)), expected.clone(), OUTPUT_TOLERANCE));
            if let Some(exact) = record.exact {
                let exact = x.iter().map(|&x| exact(x)).collect();
                pairs.push((HostTensor::floats(shape, exact), expected.clone(), 0.0));
            }
            // Its gradient is another one.
            if *unary == Unary::GuidedRelu {
                return wrong(name, pairs);
            }
            let weights = part("weights").expect("a float case has weights of its outputs");
            let HostData::Float(weights) = weights.data else { panic!("{name}: weights are floats") };
            let slopes = x.iter().zip(weights).map(|(&x, w)| (record.derivative)(f64::from(x)) as f32 * w);
            let gradient = part("grad0").expect("a float case has a gradient");
            pairs.push((HostTensor::floats(shape, slopes.collect()), gradient, GRADIENT_TOLERANCE));
        }
        (Op::Unary(unary), HostData::Int(x), _) => {
            let integer = unary.record().integer.expect("the case has integers");
            let values = x.iter().map(|&n| integer(n).expect("no case overflows")).collect();
            pairs.push((HostTensor::new(shape.clone(), HostData::Int(values)), expected, 0.0));
        }
        (Op::Binary(binary), HostData::Float(x), HostData::Float(y)) => {
            let record = binary.record();
            let value = |(&x, &y): (&f32, &f32)| (record.value)(f64::from(x), f64::from(y)) as f32;
            let values = x.iter().zip(y).map(value).collect();
            pairs.push((HostTensor::floats(shape, values), expected.clone(), OUTPUT_TOLERANCE));
            if let Some(exact) = record.exact {
                let exact = x.iter().zip(y).map(|(&x, &y)| exact(x, y)).collect();
                pairs.push((HostTensor::floats(shape, exact), expected, 0.0));
            }
        }
        (Op::Binary(binary), HostData::Int(x), HostData::Int(y)) => {
            let integer = binary.record().integer.expect("the case has integers");
            let values = x.iter().zip(y).map(|(&x, &y)| integer(x, y).expect("no case overflows")).collect();
            pairs.push((HostTensor::new(shape.clone(), HostData::Int(values)), expected, 0.0));
        }
        other => panic!("{name} is no function of elements: {other:?}"),
    }
    wrong(name, pairs)
}

fn wrong(name: &str, pairs: Vec<(HostTensor, HostTensor, f32)>) -> Vec<String> {
    let wrong = pairs.iter().filter_map(|(found, expected, tolerance)| difference(found, expected, *tolerance));
    wrong.map(|text| format!("{name}: {text}")).collect()
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
        ("guided_relu", Unary::GuidedRelu),
        ("leaky_relu", Unary::LeakyRelu(0.2)),
        ("silu", Unary::Silu),
        ("silu_extreme", Unary::Silu),
        ("silu_number", Unary::Silu),
        ("gelu", Unary::Gelu),
        ("gelu_extreme", Unary::Gelu),
        ("gelu_tanh", Unary::GeluTanh),
        ("gelu_tanh_extreme", Unary::GeluTanh),
        ("softplus", Unary::Softplus),
        ("softplus_extreme", Unary::Softplus),
        ("floor", Unary::Floor),
        ("round", Unary::Round),
        ("round_halves", Unary::Round),
        ("sign", Unary::Sign),
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
        ("int_floor", Unary::Floor),
        ("int_round", Unary::Round),
        ("int_sign", Unary::Sign),
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
        ("rem", Op::Binary(Binary::Rem)),
        ("int_rem", Op::Binary(Binary::Rem)),
        ("power", Op::Binary(Binary::Pow)),
        ("power_whole", Op::Binary(Binary::Pow)),
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
