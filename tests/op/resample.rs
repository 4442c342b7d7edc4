//! Resizing by each rule, and the blur of scipy at its borders.

use diadc::fact::Dim;
use diadc::op::{Interpolation, Op, Resize};

use super::Case;
use super::fixture::agree;

#[test]
fn resizes_agree_with_torch_and_blurs_with_scipy() {
    agree(cases());
}

pub(super) fn cases() -> Vec<Case> {
    let sizes = [
        (["nearest_up", "bilinear_up", "aligned_up", "bicubic_up", "cubic_aligned_up", "average_up"], [10, 14]),
        (
            [
                "nearest_mixed",
                "bilinear_mixed",
                "aligned_mixed",
                "bicubic_mixed",
                "cubic_aligned_mixed",
                "average_mixed",
            ],
            [8, 3],
        ),
        (
            ["nearest_down", "bilinear_down", "aligned_down", "bicubic_down", "cubic_aligned_down", "average_down"],
            [5, 3],
        ),
        (
            [
                "nearest_to_one",
                "bilinear_to_one",
                "aligned_to_one",
                "bicubic_to_one",
                "cubic_aligned_to_one",
                "average_to_one",
            ],
            [1, 1],
        ),
        (
            [
                "nearest_from_one",
                "bilinear_from_one",
                "aligned_from_one",
                "bicubic_from_one",
                "cubic_aligned_from_one",
                "average_from_one",
            ],
            [3, 4],
        ),
        (
            [
                "nearest_triple",
                "bilinear_triple",
                "aligned_triple",
                "bicubic_triple",
                "cubic_aligned_triple",
                "average_triple",
            ],
            [12, 6],
        ),
    ];
    let rules = [
        Interpolation::Nearest,
        Interpolation::Bilinear,
        Interpolation::BilinearAligned,
        Interpolation::Bicubic,
        Interpolation::BicubicAligned,
        Interpolation::Average,
    ];
    let resizes = sizes.into_iter().flat_map(|(names, size)| {
        let resize = move |interpolation| Op::Resize(Resize { size: size.map(Dim::from), interpolation });
        names.into_iter().zip(rules).map(move |(name, rule)| (name, resize(rule)))
    });
    let int = Resize { size: [5, 5].map(Dim::from), interpolation: Interpolation::Nearest };
    let blurs = [
        ("blur_1", 1.0, 4.0),
        ("blur_4", 4.0, 4.0),
        ("blur_0_3", 0.3, 4.0),
        ("blur_0_1", 0.1, 4.0),
        ("blur_truncated", 1.7, 2.5),
        ("blur_small_image", 4.0, 4.0),
        ("blur_one_pixel", 2.0, 4.0),
    ];
    let blurs = blurs.map(|(name, sigma, truncate)| (name, Op::GaussianBlur { sigma, truncate }));
    resizes.chain([("nearest_int", Op::Resize(int))]).chain(blurs).collect()
}
