//! Files of weights in another format or type.

use std::fs;
use std::path::Path;

use diadc::execute::HostTensor;
use diadc::weight::{Conversion, File, Format, Stored, WeightError, convert, write};

use super::fixture;

const AS_IT_IS: Conversion = Conversion { stored: None, clamps: false };

fn to(stored: Stored) -> Conversion {
    Conversion { stored: Some(stored), clamps: false }
}

fn converted(file: &File, path: &Path, conversion: &Conversion) -> Result<usize, WeightError> {
    convert(file, path, conversion, &mut |_, _| ())
}

#[test]
fn a_pickle_becomes_safetensors_with_the_same_numbers_and_types() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    for name in ["types.ckpt", "views.legacy.ckpt", "lightning.ckpt"] {
        let before = File::open(&fixture(name)).expect("it can be read");
        converted(&before, &path, &AS_IT_IS).expect("it can be written");
        let after = File::open(&path).expect("it can be read");
        assert_eq!(after.found(), before.found());
        for tensor in before.found() {
            let [one, two] = [&before, &after].map(|file| file.bytes(&tensor.name).expect("it can be read"));
            assert_eq!(one, two, "{}", tensor.name);
        }
    }
}

#[test]
fn numbers_change_their_type_and_integers_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let before = File::open(&fixture("types.ckpt")).expect("it can be read");
    for target in [Stored::F16, Stored::Bf16, Stored::F32] {
        converted(&before, &path, &to(target.clone())).expect("it can be written");
        let after = File::open(&path).expect("it can be read");
        for (old, new) in before.found().iter().zip(after.found()) {
            assert_eq!(new.stored, if old.stored.is_float() { target.clone() } else { old.stored.clone() });
            let [one, two] = [&before, &after].map(|file| file.read(&old.name).expect("it can be read"));
            assert_eq!(one, two, "{}", old.name);
        }
    }
}

fn large(path: &Path) -> File {
    let tensor = |last: f32| HostTensor::floats(&[2], vec![1.0, last]);
    let all = [("fits", tensor(65_504.0)), ("large", tensor(-65_536.0)), ("larger", tensor(1e9))];
    let named: Vec<(&str, &HostTensor)> = all.iter().map(|(name, tensor)| (*name, tensor)).collect();
    write(path, &named, &std::collections::BTreeMap::new()).expect("it can be written");
    File::open(path).expect("it can be read")
}

#[test]
fn numbers_too_large_for_the_type_are_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = large(&folder.path().join("in.safetensors"));
    let path = folder.path().join("out.safetensors");
    fs::write(&path, b"before").expect("it can be written");
    let error = converted(&file, &path, &to(Stored::F16)).expect_err("two are too large").to_string();
    assert!(error.contains("holds numbers above 65504, the largest of F16, in `large`, `larger`;"), "{error}");
    assert_eq!(fs::read(&path).expect("it is there"), b"before");
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 2, "the remains are gone");
    converted(&file, &path, &to(Stored::Bf16)).expect("they fit into the range of bf16");
}

#[test]
fn numbers_too_large_are_cut_off_if_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = large(&folder.path().join("in.safetensors"));
    let path = folder.path().join("out.safetensors");
    let conversion = Conversion { stored: Some(Stored::F16), clamps: true };
    assert_eq!(converted(&file, &path, &conversion).expect("it can be written"), 2);
    let large = File::open(&path).expect("it can be read").read("large").expect("it can be read");
    assert_eq!(large, HostTensor::floats(&[2], vec![1.0, -65_504.0]));
}

#[test]
fn numbers_that_are_not_finite_are_not_converted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("in.safetensors");
    let tensor = HostTensor::floats(&[2], vec![1.0, f32::NAN]);
    write(&path, &[("bad", &tensor)], &std::collections::BTreeMap::new()).expect("it can be written");
    let file = File::open(&path).expect("it can be read");
    let error = converted(&file, &folder.path().join("out.safetensors"), &AS_IT_IS).expect_err("one is not a number");
    assert!(error.to_string().ends_with("not finite, in `bad`"), "{error}");
}

#[test]
fn a_file_can_be_converted_into_its_own_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let tensor = HostTensor::floats(&[2], vec![1.5, -2.0]);
    write(&path, &[("a", &tensor)], &std::collections::BTreeMap::new()).expect("it can be written");
    converted(&File::open(&path).expect("it can be read"), &path, &to(Stored::F16)).expect("it can be written");
    assert_eq!(File::open(&path).expect("it can be read").read("a").expect("it can be read"), tensor);
}

#[test]
fn a_file_with_the_name_of_a_checkpoint_is_written_as_pytorch_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.pth");
    for name in ["types.ckpt", "views.legacy.ckpt", "lightning.ckpt"] {
        let before = File::open(&fixture(name)).expect("it can be read");
        converted(&before, &path, &AS_IT_IS).expect("it can be written");
        let after = File::open(&path).expect("it can be read");
        assert_eq!(after.format(), Format::PytorchZip);
        assert!(after.extras().is_empty(), "{:?}", after.extras());
        assert_eq!(after.found(), before.found());
        for tensor in before.found() {
            let [one, two] = [&before, &after].map(|file| file.bytes(&tensor.name).expect("it can be read"));
            assert_eq!(one, two, "{}", tensor.name);
        }
        let bytes = fs::read(&path).expect("it is there");
        converted(&before, &path, &AS_IT_IS).expect("it can be written");
        assert_eq!(fs::read(&path).expect("it is there"), bytes, "the same tensors give the same bytes");
    }
}

#[test]
fn a_type_that_no_file_can_hold_leaves_what_was_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = File::open(&fixture("others-quantised.pth")).expect("it can be read");
    for name in ["out.safetensors", "out.pth"] {
        let path = folder.path().join(name);
        fs::write(&path, b"as it was").expect("it can be written");
        let error = converted(&source, &path, &AS_IT_IS).expect_err("no format has it").to_string();
        assert!(error.contains("net.conv.weight`: it is QI8, which is quantised: dequantise it first"), "{error}");
        assert_eq!(fs::read(&path).expect("it is there"), b"as it was");
    }
}

#[test]
fn a_type_that_pytorch_files_can_not_hold_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = br#"{"small":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}  "#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend([1, 2]);
    let path = folder.path().join("in.safetensors");
    fs::write(&path, bytes).expect("it can be written");
    let file = File::open(&path).expect("it can be read");
    let error = converted(&file, &folder.path().join("out.pt"), &AS_IT_IS).expect_err("PyTorch has no such storage");
    assert!(
        error.to_string().ends_with("can't hold `small`: files of PyTorch have no F8_E4M3; write safetensors"),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1, "nothing is left of it");
}
