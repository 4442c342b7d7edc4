//! Convolutions in the shapes that take different ways through a backend.

use diadc::op::{Conv2d, ConvTranspose2d, Op};

use super::Case;
use super::fixture::{agree, agree_in_bf16};

#[test]
fn convolutions_agree_with_torch() {
    agree(cases());
}

/// These are made of matrix products, as on devices without kernels of their own.
#[test]
fn convolutions_in_bf16_agree_with_torch() {
    agree_in_bf16(cases());
}

pub(super) fn cases() -> Vec<Case> {
    [plain(), transposed()].concat()
}

fn plain() -> Vec<Case> {
    let plain = Conv2d { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
    let cases = [
        ("conv2d_plain", plain),
        ("conv2d_same", Conv2d { padding: [1, 1], ..plain }),
        ("conv2d_without_bias", Conv2d { padding: [1, 1], ..plain }),
        ("conv2d_1x1", plain),
        ("conv2d_1x1_one_image", plain),
        ("conv2d_1x1_stride", Conv2d { stride: [2, 2], ..plain }),
        ("conv2d_1x1_padded", Conv2d { padding: [1, 1], ..plain }),
        ("conv2d_stride", Conv2d { stride: [2, 2], padding: [1, 1], ..plain }),
        ("conv2d_uneven", Conv2d { stride: [2, 3], padding: [1, 2], dilation: [2, 1], groups: 1 }),
        ("conv2d_groups", Conv2d { padding: [1, 1], groups: 2, ..plain }),
        ("conv2d_depthwise", Conv2d { padding: [1, 1], groups: 6, ..plain }),
        ("conv2d_groups_1x1", Conv2d { groups: 2, ..plain }),
        ("conv2d_patches", Conv2d { stride: [4, 4], ..plain }),
        ("conv2d_one_pixel", plain),
        ("conv2d_few_pixels", Conv2d { padding: [1, 1], ..plain }),
        ("conv2d_dilated", Conv2d { padding: [2, 2], dilation: [2, 2], ..plain }),
        ("conv2d_wide_border", Conv2d { padding: [3, 3], ..plain }),
    ];
    cases.map(|(name, conv)| (name, Op::Conv2d(conv))).to_vec()
}

fn transposed() -> Vec<Case> {
    let plain =
        ConvTranspose2d { stride: [1, 1], padding: [0, 0], output_padding: [0, 0], dilation: [1, 1], groups: 1 };
    let double = ConvTranspose2d { stride: [2, 2], ..plain };
    let cases = [
        ("conv_transpose2d_plain", plain),
        ("conv_transpose2d_double", ConvTranspose2d { padding: [1, 1], ..double }),
        ("conv_transpose2d_patches", double),
        (
            "conv_transpose2d_uneven",
            ConvTranspose2d { stride: [2, 3], padding: [1, 0], output_padding: [1, 2], ..plain },
        ),
        ("conv_transpose2d_groups", ConvTranspose2d { padding: [1, 1], output_padding: [1, 1], groups: 2, ..double }),
        ("conv_transpose2d_dilated", ConvTranspose2d { padding: [1, 1], dilation: [2, 2], ..plain }),
    ];
    cases.map(|(name, conv)| (name, Op::ConvTranspose2d(conv))).to_vec()
}
