//! Safetensors files, good and bad.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use diadc::execute::{DeviceChoice, HostTensor, open};
use diadc::fact::Precision;
use diadc::graph::program::Program;
use diadc::weight::{Assembly, Doubt, File, Lacking, Place, Stored, Suspicion, WeightError, doubts, save, write};
use half::{bf16, f16};
use proptest::prelude::*;

use super::{all, first_values, zeros};
use crate::skip;
use crate::train::toy::program;

fn notes() -> BTreeMap<String, String> {
    [("spec", "abc"), ("seed", "1")].map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn load(program: &Program, path: &Path) -> Result<Vec<HostTensor>, WeightError> {
    all(&Assembly::load(program, Place::of(path), Lacking::AtStart(&[]))?.0, 1)
}

fn save_first_values(path: &Path) -> Result<(), WeightError> {
    let mut weights = first_values(&program(), 1).into_iter();
    save(path, &program(), |_| true, &notes(), |_| Ok(weights.next().expect("there are as many")))
}

/// A file with one tensor of raw bytes.
fn raw(path: &Path, dtype: &str, shape: &[usize], bytes: &[u8]) {
    let header =
        serde_json::json!({ "a": { "dtype": dtype, "shape": shape, "data_offsets": [0, bytes.len()] } }).to_string();
    with_header(path, &header, bytes);
}

fn with_header(path: &Path, header: &str, bytes: &[u8]) {
    let size = (header.len() as u64).to_le_bytes();
    fs::write(path, [&size[..], header.as_bytes(), bytes].concat()).expect("it can be written");
}

#[test]
fn weights_come_back_with_their_notes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    save_first_values(&path).expect("it can be written");
    assert_eq!(load(&program(), &path).expect("it fits"), first_values(&program(), 1));
    assert_eq!(File::open(&path).expect("it is there").notes(), &notes());
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1);
}

#[test]
fn other_precisions_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let values = [1.5_f32, -0.25, 1024.0];
    let halves = values.map(|x| f16::from_f32(x).to_le_bytes()).concat();
    let brains = values.map(|x| bf16::from_f32(x).to_le_bytes()).concat();
    let doubles = values.map(|x| f64::from(x).to_le_bytes()).concat();
    for (dtype, bytes) in [("F16", halves), ("BF16", brains), ("F64", doubles)] {
        raw(&path, dtype, &[3], &bytes);
        let weights = load(&zeros(&[("a", &[3])]), &path).expect("it fits");
        assert_eq!(weights, [HostTensor::floats(&[3], values.to_vec())]);
    }
}

#[test]
fn other_element_types_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    raw(&path, "I32", &[1], &[0; 4]);
    let error = load(&zeros(&[("a", &[1])]), &path).expect_err("it is I32").to_string();
    assert!(error.contains("1 not floating point:\n    a is I32"), "{error}");
}

#[test]
fn a_file_with_other_weights_says_which() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    write(&path, &[("one.wieght", &HostTensor::floats(&[2], vec![0.0; 2]))], &notes()).expect("it can be written");
    let error = load(&zeros(&[("one.weight", &[2])]), &path).expect_err("it does not fit").to_string();
    assert!(
        error.contains(
            "w.safetensors` are not those of this spec\n  1 missing:\n    one.weight [2]   (the file has `one.wieght`)"
        ),
        "{error}"
    );
}

#[test]
fn all_weights_that_no_sound_training_gives_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let [good, nan, infinite] =
        [2.0, f32::NAN, f32::NEG_INFINITY].map(|last| HostTensor::floats(&[2], vec![1.0, last]));
    write(&path, &[("a", &good), ("b", &nan), ("c", &good), ("d", &infinite)], &notes()).expect("it can be written");
    let suspicions = |program: &Program, path: &Path| -> Vec<Suspicion> {
        let (assembly, _) = Assembly::load(program, Place::of(path), Lacking::AtStart(&[])).expect("it fits");
        let mut engine = open(DeviceChoice::Cpu, Precision::F32).expect("there is always a processor");
        assembly.hand_over(1, engine.as_mut(), &mut |_, _| {}).expect("it can be read")
    };
    let program = zeros(&[("a", &[2]), ("b", &[2]), ("c", &[2]), ("d", &[2])]);
    let found = suspicions(&program, &path);
    assert!(found.iter().all(|found| found.doubt == Doubt::NotFinite && found.path == path));
    let sentences = doubts(&found);
    assert_eq!(sentences.len(), 1);
    assert!(sentences[0].contains("holds numbers that are not finite, in `b`, `d`"), "{sentences:?}");
    // A variance below zero is suspicious where it is one, and not in a weight that is only called so.
    let below = HostTensor::floats(&[2], vec![1.0, -0.5]);
    write(&path, &[("bn.running_mean", &below), ("bn.running_var", &below)], &notes()).expect("it can be written");
    let mut program = zeros(&[("bn.running_mean", &[2]), ("bn.running_var", &[2])]);
    assert_eq!(suspicions(&program, &path), []);
    program.weights.iter_mut().for_each(|weight| weight.is_statistic = true);
    let found = suspicions(&program, &path);
    assert_eq!(
        found.iter().map(|found| (found.weight.as_str(), found.doubt)).collect::<Vec<_>>(),
        [("bn.running_var", Doubt::NegativeVariance)]
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = File::open(Path::new("/nowhere/w.safetensors")).expect_err("it is not there").to_string();
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
fn a_weight_that_cannot_be_given_leaves_what_was_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    fs::write(&path, b"before").expect("it can be written");
    let error = save(
        &path,
        &program(),
        |_| true,
        &notes(),
        |id| Err(WeightError::NoTensor { path: path.clone(), name: format!("{id:?}") }),
    );
    assert!(error.is_err());
    assert_eq!(fs::read(&path).expect("it is there"), b"before");
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1, "the remains are gone");
}

#[test]
fn the_same_tensors_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second] = ["a", "b"].map(|name| {
        let path = folder.path().join(name);
        save_first_values(&path).expect("it can be written");
        fs::read(path).expect("it is there")
    });
    assert_eq!(first, second);
}

/// What is said about a file with this header and this many bytes behind it.
#[track_caller]
fn damaged(header: &str, bytes: usize) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    with_header(&path, header, &vec![0; bytes]);
    let error = File::open(&path).expect_err("it is damaged");
    assert!(matches!(error, WeightError::Damaged { .. }), "{error}");
    error.to_string()
}

#[test]
fn a_header_that_promises_more_than_there_is_takes_no_memory() {
    let error = damaged(r#"{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#, 0);
    assert!(error.contains("it should have 4398046511190 bytes, it has 86"), "{error}");
}

#[test]
fn a_tensor_of_2_to_the_60_elements_is_refused() {
    let error = damaged(r#"{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,8]}}"#, 8);
    assert!(error.contains("its header can't be parsed: "), "{error}");
    let error = damaged(r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]}}"#, 8);
    assert!(error.contains("its header can't be parsed: "), "{error}");
}

#[test]
fn offsets_that_overlap_or_leave_gaps_are_refused() {
    let two = |from: usize| {
        format!(
            r#"{{"a":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}},"b":{{"dtype":"F32","shape":[2],"data_offsets":[{from},{}]}}}}"#,
            from + 8
        )
    };
    assert!(damaged(&two(4), 12).contains('b'));
    assert!(damaged(&two(12), 20).contains('b'));
    assert!(damaged(&two(8), 12).contains("it should have"));
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let entry = |from: usize| format!(r#""a":{{"dtype":"F32","shape":[1],"data_offsets":[{from},{}]}}"#, from + 4);
    damaged(&format!("{{{},{}}}", entry(0), entry(4)), 8);
}

#[test]
fn a_header_longer_than_the_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    for size in [100_u64, u64::MAX, 1 << 40] {
        fs::write(&path, [&size.to_le_bytes()[..], b"{\"a\":1}"].concat()).expect("it can be written");
        let error = File::open(&path).expect_err("its header is too long").to_string();
        assert!(error.contains(&format!("its header would have {size} bytes, the file has 15")), "{error}");
    }
}

#[test]
fn a_file_of_another_kind_is_told_by_its_beginning_under_any_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tar = vec![b'x'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let cases: &[(&[u8], &str)] = &[
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "`git lfs pull`"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\n  <html>", "web page"),
        (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "web page or XML"),
        (b"\xef\xbb\xbf<html>", "web page"),
        (b"\x1f\x8b\x08\x00 and so on, and so on", "gzip"),
        (b"\x1f\x8b", "gzip"),
        (b"\xfd7zXZ\0 and so on, and so on", "xz"),
        (b"\x28\xb5\x2f\xfd and so on, and so on", "zstd"),
        (b"BZh91AY&SY and so on, and so on", "bzip2"),
        (b"7z\xbc\xaf\x27\x1c and so on, and so on", "7z archive"),
        (&tar, "tar archive"),
        (b"\x89HDF\r\n\x1a\n and so on, and so on", "HDF5"),
        (b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'", "one array of NumPy"),
        (b"GGUF\x03\0\0\0 and so on, and so on", "GGUF"),
        (b"\x08\x07\x12\x07pytorch\x1a\x05 and so on", "ONNX"),
        (b"\x89PNG\r\n\x1a\n and so on, and so on", "PNG image"),
        (b"{\"error\": \"Repository not found\"}", "it is JSON"),
        (b"[1, 2, 3]", "it is JSON"),
        (b"just some text that is long enough", "it is a text that begins with \"just some text"),
        (b"too short", "it is a text"),
        (b"\x01\x02\x03", "too short"),
        (b"\x01\x02\x03 and so on, and so on", "it begins like neither of them"),
        (&[0; 64], "nothing but zeros"),
        (b"", "it is empty"),
    ];
    for (content, words) in cases {
        for name in ["w.safetensors", "w.ckpt", "w.pth", "w.pt", "w.bin", "w"] {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("it can be written");
            let error = File::open(&path).expect_err("it is no file of weights").to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
    }
    let directory = |name: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(name), b"").expect("it can be written");
        File::open(folder.path()).expect_err("it is a directory").to_string()
    };
    for (name, words) in [
        ("notes.txt", "it is a directory"),
        ("net.pth", "give a file in it, such as `net.pth`"),
        ("m.safetensors.index.json", "such as `m.safetensors.index.json`"),
        ("__0_0.distcp", "a distributed checkpoint"),
    ] {
        assert!(directory(name).contains(words), "{}", directory(name));
    }
}

#[test]
fn a_checkpoint_in_several_files_is_read_by_its_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let tensor = |value: f32| HostTensor::floats(&[2], vec![value; 2]);
    let map = |pairs: &[(&str, &str)]| {
        let map: BTreeMap<&str, &str> = pairs.iter().copied().collect();
        let text = serde_json::json!({ "metadata": { "total_size": 24 }, "weight_map": map }).to_string();
        fs::write(path("m.safetensors.index.json"), text).expect("it can be written");
        File::open(&path("m.safetensors.index.json"))
    };
    let refused = |pairs: &[(&str, &str)]| map(pairs).expect_err("it is wrong").to_string();
    let [first, second] = ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"];
    let all = [("a", first), ("b", second), ("c", second)];
    assert!(refused(&all).contains("in 2 files, of which 2 are not beside it: `m-00001-of-00002.safetensors`"));
    write(&path(first), &[("a", &tensor(1.0)), ("more", &tensor(9.0))], &notes()).expect("it can be written");
    assert!(refused(&all).contains("of which 1 is not beside it: `m-00002-of-00002.safetensors`"));
    write(&path(second), &[("b", &tensor(2.0)), ("c", &tensor(3.0))], &notes()).expect("it can be written");
    let file = map(&all).expect("all is there");
    for (name, value) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        assert_eq!(file.read(name).expect("it is there"), tensor(value));
    }
    assert!(!file.has("more"));
    assert_eq!(file.extras().iter().map(|extra| extra.name.as_str()).collect::<Vec<_>>(), ["more"]);
    let weights = load(&zeros(&[("a", &[2]), ("c", &[2])]), &path("m.safetensors.index.json"));
    assert!(weights.is_ok(), "what lies outside of the spec is set aside: {weights:?}");
    assert!(
        refused(&[("a", first), ("b", first)]).contains("`b` lies in `m-00001-of-00002.safetensors`, where it is not")
    );
    assert!(refused(&[("a", "../a.safetensors")]).contains("does not lie beside it"));
    assert!(refused(&[]).contains("names 0 files"));
    // Files of PyTorch have such an index as well.
    fs::copy("tests/weight/fixtures/zip.ckpt", path("p-00001-of-00001.bin")).expect("it can be copied");
    let file = map(&[("in.weight", "p-00001-of-00001.bin"), ("in.bias", "p-00001-of-00001.bin")]);
    assert_eq!(file.expect("it can be read").found().len(), 2);
    let error = load(&zeros(&[("a", &[2]), ("b", &[2])]), &path(first)).expect_err("half is missing").to_string();
    assert!(error.contains("that of one of several files; give `m.safetensors.index.json`"), "{error}");
}

#[test]
fn a_header_of_any_length_is_a_header() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w");
    // 128 begins with the byte of a pickle, 19,280 with the letters of a zip archive.
    for length in [128_usize, 384, 19_280] {
        let header = format!("{:length$}", r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#);
        with_header(&path, &header, &[0; 4]);
        assert_eq!(File::open(&path).expect("it is right").found().len(), 1);
    }
}

#[test]
fn published_files_are_read() {
    for (name, count, stored, first) in [
        ("resnet50_v1_stem_layer1-3.safetensors", 215, Stored::F32, "bn1.bias"),
        ("taesd_encoder.safetensors", 67, Stored::Bf16, "0.bias"),
        ("taesd_decoder.safetensors", 67, Stored::Bf16, "1.bias"),
    ] {
        let Some(path) = skip::shared(&format!("weights/{name}")) else { return };
        let file = File::open(&path).expect("it can be read");
        let found = file.found();
        assert_eq!((found.len(), &found[0].stored, found[0].name.as_str()), (count, &stored, first), "{name}");
        for tensor in found {
            let tensor = file.read(&tensor.name).expect("it can be read");
            assert!(tensor.as_floats().is_some_and(|v| v.iter().all(|x| x.is_finite())), "{name}");
        }
    }
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

#[test]
fn indices_are_read_as_floats_if_they_are_exact() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let mut program = zeros(&[("idx", &[3])]);
    program.weights[0].is_statistic = true;
    let write = |numbers: Vec<i64>| {
        let tensor = HostTensor::ints(&[3], numbers);
        write(&path, &[("idx", &tensor)], &BTreeMap::new()).expect("it can be written");
    };
    write(vec![3, 0, 447]);
    assert_eq!(load(&program, &path).expect("they are exact"), [HostTensor::floats(&[3], vec![3.0, 0.0, 447.0])]);
    write(vec![3, 0, (1 << 24) + 1]);
    let error = load(&program, &path).expect_err("a float has 24 bits").to_string();
    assert!(error.contains("`idx` has integers that no 32-bit float can hold"), "{error}");
}
