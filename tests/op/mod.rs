//! Every operation against torch and scipy: outputs and gradients of `tests/oracle/ops.py`.
//!
//! A case is a name in the fixture and the operation it belongs to; each file of this folder lists those of its
//! family. `device` says where they run and how close they must come, `fixture` reads and compares.

mod choice;
mod company;
mod convolution;
mod descent;
mod device;
mod elementwise;
mod elsewhere;
mod fixture;
mod formula;
mod gradient;
mod layout;
mod kernels;
mod limit;
mod linear;
mod normalize;
mod order;
mod pool;
mod product;
mod property;
mod random;
mod reduce;
mod resample;
mod source;
mod special;
mod sums;

use diadc::op::Op;

/// A name in the fixture and the operation that must reproduce it.
type Case = (&'static str, Op);

#[test]
fn every_case_of_the_fixture_belongs_to_an_operation() {
    let tested: Vec<&str> = [
        elementwise::cases(),
        reduce::cases(),
        layout::cases(),
        linear::cases(),
        convolution::cases(),
        normalize::cases(),
        pool::cases(),
        resample::cases(),
        order::cases(),
    ]
    .concat()
    .iter()
    .map(|(name, _)| *name)
    .collect();
    let mut untested = fixture::names();
    untested.retain(|name| !tested.contains(&name.as_str()));
    assert_eq!(untested, Vec::<String>::new());
}
