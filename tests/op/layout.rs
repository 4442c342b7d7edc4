//! Operations that move elements, for each element type.

use diadc::fact::Shape;
use diadc::op::{Op, PadMode};

use super::Case;
use super::fixture::agree;

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
