//! Operations that move elements, for each element type.

use diadc::execute::{HostTensor, NamedTensors};
use diadc::fact::Shape;
use diadc::op::{Constant, Elements, Op, PadMode};

use super::Case;
use super::fixture::agree;
use crate::run::net::{self, Net};

#[test]
fn layout_operations_agree_with_torch() {
    agree(cases());
}

pub(super) fn cases() -> Vec<Case> {
    let reshape = |dims: &[i64]| Op::Reshape(Shape::of(dims));
    let expand = |dims: &[i64]| Op::Expand(Shape::of(dims));
    let pad = |sides, mode| Op::Pad { sides, mode };
    vec![
        ("reshape", reshape(&[3, 20])),
        ("reshape_of_permuted", reshape(&[3, 4, 5])),
        ("permute_3", Op::Permute(vec![2, 0, 1])),
        ("permute_4", Op::Permute(vec![0, 2, 3, 1])),
        ("permute_int", Op::Permute(vec![1, 2, 0])),
        ("expand", expand(&[2, 3, 4])),
        ("expand_number", expand(&[2, 3])),
        ("expand_bool", expand(&[2, 3, 4])),
        ("concat_1", Op::Concat { axis: 1 }),
        ("concat_last", Op::Concat { axis: 2 }),
        ("concat_int", Op::Concat { axis: 0 }),
        ("slice", Op::Slice { axis: 1, start: 2, end: 5 }),
        ("slice_bool", Op::Slice { axis: 1, start: 1, end: 6 }),
        ("gather_rows", Op::Gather),
        ("gather_number", Op::Gather),
        ("gather_list", Op::Gather),
        ("pad_zero", pad([1, 2, 0, 3], PadMode::Zero)),
        ("pad_zero_int", pad([1, 2, 0, 3], PadMode::Zero)),
        ("pad_reflect", pad([4, 2, 1, 3], PadMode::Reflect)),
        ("pad_edge", pad([7, 2, 1, 0], PadMode::Edge)),
        ("pad_edge_one", pad([0, 3, 2, 2], PadMode::Edge)),
        ("pad_reflect_rows", pad([0, 0, 2, 0], PadMode::Reflect)),
    ]
}

/// Tables and parts that are views of something else: what is taken of them is what would be taken of a copy.
#[test]
fn rows_of_a_table_in_any_order_are_taken_and_put_together() {
    let (height, width, channels, rows) = (3, 40, 7, 5);
    let weights = [net::floats(&[height, width, channels], 1), net::floats(&[channels, height, width], 2)];
    let places = [6_u8, 0, 3, 3, 5];
    let mut net = Net::default();
    let table = net.weight(0, "3 40 7");
    let other = net.weight(1, "7 3 40");
    let index = Constant { elements: Elements::Int(places.map(i64::from).into()), shape: net::dims("5") };
    let index = net.add(Op::Constant(index), &[]);
    let turned = net.add(Op::Permute(vec![2, 0, 1]), &[table]);
    let cut = net.add(Op::Slice { axis: 2, start: 4, end: 36 }, &[turned]);
    let taken = net.add(Op::Gather, &[cut, index]);
    let mirrored = net.add(Op::Permute(vec![2, 1, 0]), &[other]);
    let part = net.add(Op::Slice { axis: 0, start: 0, end: 5 }, &[mirrored]);
    let joined = net.add(Op::Concat { axis: 2 }, &[taken, part]);
    let found = net::evaluate(&net.function(&[("out", joined)]), &weights, &NamedTensors::new(), 1);

    let at = |x: usize, i: usize| weights[x].as_floats().expect("a weight has floats")[i];
    let mut expected = Vec::new();
    for (row, place) in places.into_iter().enumerate() {
        for y in 0..height {
            expected.extend((4..36).map(|x| at(0, (y * width + x) * channels + usize::from(place))));
            expected.extend((0..channels).map(|channel| at(1, (channel * height + y) * width + row)));
        }
    }
    assert_eq!(found[0].1, HostTensor::floats(&[rows, height, 32 + channels], expected));
}
