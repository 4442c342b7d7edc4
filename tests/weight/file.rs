//! Files of weights, good and bad.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use diadc::execute::HostTensor;
use diadc::weight::{Expected, File, WeightError, expected, init, load, save, write};
use half::{bf16, f16};
use proptest::prelude::*;

use crate::train::toy::program;

fn notes() -> BTreeMap<String, String> {
    [("spec", "abc"), ("seed", "1")].map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn expect(names: &[(&str, &[usize])]) -> Vec<Expected> {
    names.iter().map(|(path, shape)| Expected { path: (*path).to_owned(), shape: shape.to_vec() }).collect()
}

/// A file with one tensor of raw bytes.
fn raw(path: &Path, dtype: &str, shape: &[usize], bytes: &[u8]) {
    let header =
        serde_json::json!({ "a": { "dtype": dtype, "shape": shape, "data_offsets": [0, bytes.len()] } }).to_string();
    let size = (header.len() as u64).to_le_bytes();
    fs::write(path, [&size[..], header.as_bytes(), bytes].concat()).expect("it can be written");
}

#[test]
fn weights_come_back_with_their_notes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let (program, weights) = (program(), init(&program(), 1));
    save(&path, &program, &weights, &notes()).expect("it can be written");
    assert_eq!(load(&path, &expected(&program)).expect("it fits"), weights);
    assert_eq!(File::open(&path).expect("it is there").notes(), notes());
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1);
}

#[test]
fn half_precision_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let values = [1.5_f32, -0.25, 1024.0];
    let halves = values.map(|x| f16::from_f32(x).to_le_bytes()).concat();
    let brains = values.map(|x| bf16::from_f32(x).to_le_bytes()).concat();
    for (dtype, bytes) in [("F16", halves), ("BF16", brains)] {
        raw(&path, dtype, &[3], &bytes);
        let weights = load(&path, &expect(&[("a", &[3])])).expect("it fits");
        assert_eq!(weights, [HostTensor::floats(&[3], values.to_vec())]);
    }
}

#[test]
fn other_element_types_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    raw(&path, "F64", &[1], &[0; 8]);
    let error = load(&path, &expect(&[("a", &[1])])).expect_err("it is F64").to_string();
    assert!(error.contains("1 not floating point:\n    a is F64"), "{error}");
}

#[test]
fn a_file_with_other_weights_says_which() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    write(&path, &[("one.wieght", &HostTensor::floats(&[2], vec![0.0; 2]))], &notes()).expect("it can be written");
    let error = load(&path, &expect(&[("one.weight", &[2])])).expect_err("it does not fit").to_string();
    assert!(
        error.contains(
            "w.safetensors` are not those of this spec\n  1 missing:\n    one.weight [2]   (the file has `one.wieght`)"
        ),
        "{error}"
    );
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let [good, bad] = [[1.0, 2.0], [1.0, f32::NAN]].map(|v| HostTensor::floats(&[2], v.to_vec()));
    write(&path, &[("a", &good), ("b", &bad)], &notes()).expect("it can be written");
    let error = load(&path, &expect(&[("a", &[2]), ("b", &[2])])).expect_err("one is not a number").to_string();
    assert!(error.ends_with("holds numbers that are not finite, in `b`"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = load(Path::new("/nowhere/w.safetensors"), &[]).expect_err("it is not there").to_string();
    assert!(error.starts_with("can't read `/nowhere/w.safetensors`: "), "{error}");
}

#[test]
fn what_cannot_be_written_leaves_what_was_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    fs::create_dir(&path).expect("a folder in the way");
    let error = write(&path, &[], &notes()).expect_err("a folder is in the way");
    assert!(matches!(error, WeightError::Write { .. }), "{error}");
    assert!(path.is_dir());
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1, "the remains are gone");
}

#[test]
fn the_same_tensors_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second] = ["a", "b"].map(|name| {
        let path = folder.path().join(name);
        save(&path, &program(), &init(&program(), 1), &notes()).expect("it can be written");
        fs::read(path).expect("it is there")
    });
    assert_eq!(first, second);
}

#[test]
fn a_header_that_promises_more_than_there_is_takes_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let header = r#"{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#;
    fs::write(&path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat())
        .expect("it can be written");
    let error = File::open(&path).expect_err("it is too short").to_string();
    assert!(error.contains("it should have 4398046511190 bytes, it has 86"), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..120_usize) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        write(&path, &[("a", &HostTensor::floats(&[2], vec![1.0, 2.0]))], &notes()).expect("it can be written");
        let mut damaged = fs::read(&path).expect("it is there");
        let at = at.min(damaged.len());
        let end = damaged.len().min(at + bytes.len() / 20);
        damaged.splice(at..end, bytes.iter().copied().take(bytes.len() / 20));
        for content in [damaged, bytes] {
            fs::write(&path, content).expect("it can be written");
            if let Ok(file) = File::open(&path) {
                for tensor in file.found() {
                    // Whether it can be read does not matter, only that nothing panics.
                    let _ = file.read(&tensor.name);
                }
            }
        }
    }
}
