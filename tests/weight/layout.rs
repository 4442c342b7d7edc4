//! Differences between a file and a spec, in words.

use diadc::weight::{Expected, Found, Stored, compare};

fn expected(path: &str, shape: &[usize]) -> Expected {
    Expected { path: path.to_owned(), shape: shape.to_vec() }
}

fn found(name: &str, shape: &[usize], stored: Stored) -> Found {
    Found { name: name.to_owned(), shape: shape.to_vec(), stored }
}

#[test]
fn every_kind_of_difference_is_listed() {
    let layout = compare(
        &[
            expected("in.weight", &[4, 3]),
            expected("out.weight", &[2]),
            expected("out.bias", &[2]),
            expected("far", &[1]),
        ],
        &[
            found("in.wieght", &[4, 3], Stored::F32),
            found("out.bias", &[2], Stored::I64),
            found("out.weight", &[3], Stored::F16),
        ],
    );
    assert!(!layout.fits());
    let text = "  2 missing:
    in.weight [4, 3]   (the file has `in.wieght`)
    far [1]
  1 not in the spec:
    in.wieght [4, 3]
  1 of another shape:
    out.weight [2], the file has [3]
  1 not floating point:
    out.bias is I64
";
    assert_eq!(layout.to_string(), text);
}

#[test]
fn long_lists_are_cut_and_counted() {
    let all: Vec<Expected> = (0..25).map(|i| expected(&format!("layer{i}"), &[1])).collect();
    let text = compare(&all, &[]).to_string();
    assert!(text.starts_with("  25 missing:\n    layer0 [1]\n"), "{text}");
    assert!(text.ends_with("    layer9 [1]\n    .. and 15 more\n"), "{text}");
}

#[test]
fn sixteen_bits_fit() {
    let layout = compare(&[expected("a", &[2])], &[found("a", &[2], Stored::Bf16)]);
    assert!(layout.fits());
    assert_eq!(layout.to_string(), "");
}
