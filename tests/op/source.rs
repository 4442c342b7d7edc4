//! Constants, and the way to a device and back.

use std::sync::Arc;

use diadc::execute::{HostTensor, Tensor};
use diadc::fact::Shape;
use diadc::op::{Constant, Elements, Op};

use super::device::{Own, Plain, device};
use super::fixture::run;

#[test]
fn a_single_element_fills_the_shape() {
    let op = Op::Constant(Constant { elements: Elements::Float(Arc::new([0.5])), shape: Shape::of(&[2, 3]) });
    assert_eq!(host(run::<Own>(&op, &[], &[2, 3])), HostTensor::floats(&[2, 3], vec![0.5; 6]));
}

#[test]
fn a_constant_keeps_the_order_of_its_elements() {
    let op = Op::Constant(Constant { elements: Elements::Int(Arc::new([1, 2, 3, 4])), shape: Shape::of(&[2, 2]) });
    assert_eq!(host(run::<Own>(&op, &[], &[2, 2])), HostTensor::ints(&[2, 2], vec![1, 2, 3, 4]));
}

#[test]
fn one_number_lies_on_the_device_with_one_axis() {
    let op = Op::Constant(Constant { elements: Elements::Float(Arc::new([2.0])), shape: Shape::of(&[]) });
    assert_eq!(host(run::<Own>(&op, &[], &[])), HostTensor::floats(&[1], vec![2.0]));
}

#[test]
fn tensors_of_each_type_come_back_from_the_device_unchanged() {
    let tensors = [
        HostTensor::floats(&[2, 2], vec![1.5, -0.0, f32::MIN_POSITIVE, 3e38]),
        HostTensor::ints(&[3], vec![-7, 0, i64::from(i32::MAX)]),
        HostTensor::bools(&[1, 2], vec![true, false]),
    ];
    for tensor in tensors {
        assert_eq!(host(Tensor::from_host(tensor.clone(), &device())), tensor);
    }
}

#[test]
#[should_panic(expected = "the elements of a tensor of shape [2, 3]")]
fn a_tensor_needs_as_many_elements_as_its_shape_says() {
    let _ = HostTensor::floats(&[2, 3], vec![0.0; 5]);
}

fn host(x: Tensor<Plain>) -> HostTensor {
    x.into_host().expect("the device works")
}
