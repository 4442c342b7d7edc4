//! Arithmetic of two values, an axis of extent 1 of which is repeated, in one launch.

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use cubecl::std::tensor::layout::linear::{LinearView, LinearViewLaunch, LinearViewLayout, LinearViewLayoutLaunch};

use diadc_execute::Arithmetic;

use super::launch::{addresses, elements, fresh, is_empty, reshaped};

/// The functions, as a kernel is made for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Function {
    Add,
    Sub,
    Mul,
    Div,
}

pub(super) fn arithmetic<R: CubeRuntime>(kind: Arithmetic, a: CubeTensor<R>, b: CubeTensor<R>) -> CubeTensor<R> {
    let extents = a.shape().iter().zip(b.shape().iter()).map(|(&a, &b)| if a == 1 { b } else { a }).collect::<Vec<_>>();
    let shape = Shape::from(extents);
    let result = fresh(&a, shape.clone());
    if is_empty(&result) {
        return result;
    }
    let function = match kind {
        Arithmetic::Add => Function::Add,
        Arithmetic::Sub => Function::Sub,
        Arithmetic::Mul => Function::Mul,
        Arithmetic::Div => Function::Div,
    };
    let (at, dtype) = (addresses(&[&a, &b, &result]), result.dtype.into());
    let (count, dim) = elements(&result.client, shape.num_elements());
    arithmetic_each::launch::<R>(
        &result.client,
        count,
        dim,
        at,
        repeated(a, &shape),
        repeated(b, &shape),
        result.clone().into_array_arg(),
        function,
        dtype,
    );
    result
}

/// A product, what is added to each of its channels, and a rest whose elements are in the same order.
pub(super) fn added<R: CubeRuntime>(
    y: CubeTensor<R>,
    bias: Option<CubeTensor<R>>,
    rest: Option<CubeTensor<R>>,
) -> CubeTensor<R> {
    let (bias, rest) = match (bias, rest) {
        (Some(bias), Some(rest)) => (bias, rest),
        (Some(bias), None) => return arithmetic(Arithmetic::Add, y, bias),
        (None, Some(rest)) => {
            let rest = reshaped(rest, y.shape());
            return arithmetic(Arithmetic::Add, y, rest);
        }
        (None, None) => return y,
    };
    let shape = y.shape();
    let result = fresh(&y, shape.clone());
    if is_empty(&result) {
        return result;
    }
    let (at, dtype) = (addresses(&[&y, &rest, &result]), result.dtype.into());
    let (count, dim) = elements(&result.client, shape.num_elements());
    add_each::launch::<R>(
        &result.client,
        count,
        dim,
        at,
        y.into_linear_view(),
        repeated(bias, &shape),
        rest.into_linear_view(),
        result.clone().into_array_arg(),
        dtype,
    );
    result
}

/// A tensor as one of these extents.
fn repeated<R: CubeRuntime>(x: CubeTensor<R>, shape: &Shape) -> LinearViewLaunch<R> {
    let layout = LinearViewLayoutLaunch::from_reference_shape(shape.clone());
    LinearViewLaunch::new_tensor::<LinearViewLayout>(x.into_tensor_arg(), layout)
}

#[cube(launch, address_type = "dynamic")]
fn arithmetic_each<F: Numeric>(
    a: &LinearView<F>,
    b: &LinearView<F>,
    result: &mut Array<F>,
    #[comptime] function: Function,
    #[define(F)] _dtype: StorageType,
) {
    let place = ABSOLUTE_POS;
    if place >= result.len() {
        terminate!();
    }
    let (a, b) = (a[place], b[place]);
    result[place] = match comptime!(function) {
        Function::Add => a + b,
        Function::Sub => a - b,
        Function::Mul => a * b,
        Function::Div => a / b,
    };
}

#[cube(launch, address_type = "dynamic")]
fn add_each<F: Numeric>(
    y: &LinearView<F>,
    bias: &LinearView<F>,
    rest: &LinearView<F>,
    result: &mut Array<F>,
    #[define(F)] _dtype: StorageType,
) {
    let place = ABSOLUTE_POS;
    if place >= result.len() {
        terminate!();
    }
    result[place] = y[place] + bias[place] + rest[place];
}
