//! Files as torch writes them (`tests/oracle/checkpoints.py`), and a real one.

use std::path::Path;

use diadc::execute::HostData;
use diadc::weight::{File, Format, Stored, WeightError};

use super::fixture;
use crate::skip;

/// The numbers of a tensor, whatever their type.
fn values(data: &HostData) -> Vec<f64> {
    match data {
        HostData::Float(v) => v.iter().map(|&x| x.into()).collect(),
        HostData::Int(v) => v.iter().map(|&x| x as f64).collect(),
        HostData::Bool(v) => v.iter().map(|&x| u8::from(x).into()).collect(),
    }
}

/// A file has exactly the tensors that torch says it has.
#[track_caller]
fn agrees(name: &str, content: &str) {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/checkpoints.json")).expect("the oracle writes JSON");
    let expected = all[content].as_object().expect("the oracle knows this file");
    let file = File::open(&fixture(name)).expect("it can be read");
    let mut names: Vec<&String> = expected.keys().collect();
    names.sort();
    assert_eq!(
        file.found().iter().map(|tensor| tensor.name.clone()).collect::<Vec<_>>().iter().collect::<Vec<_>>(),
        names
    );
    for (name, expected) in expected {
        if name == "repeated" {
            continue;
        }
        let tensor = file.read(name).expect("it can be read");
        let numbers = |key: &str| -> Vec<f64> {
            let list = expected[key].as_array().expect("a list");
            list.iter().map(|x| x.as_f64().expect("a number")).collect()
        };
        assert_eq!(tensor.shape.iter().map(|&n| n as f64).collect::<Vec<_>>(), numbers("shape"), "{name}");
        assert_eq!(values(&tensor.data), numbers("values"), "{name}");
    }
}

#[test]
fn archives_and_old_pickles_give_the_same_tensors() {
    for name in ["numpy.pth", "numpy4.pth", "numpy.legacy.pth"] {
        agrees(&format!("others-{name}"), "others-numpy");
    }
    agrees("others-views.pth", "others-views");
    for content in ["zip", "half", "views", "types", "parameters", "model", "lightning", "class_as_key"] {
        agrees(&format!("{content}.ckpt"), content);
        agrees(&format!("{content}.legacy.ckpt"), content);
    }
    agrees("protocol4.ckpt", "protocol4");
    let format = |name: &str| File::open(&fixture(name)).expect("it can be read").format();
    assert_eq!(format("zip.ckpt"), Format::PytorchZip);
    assert_eq!(format("zip.legacy.ckpt"), Format::PytorchLegacy);
}

#[test]
fn each_type_of_elements_is_known() {
    use Stored::{Bf16, Bool, F16, F32, F64, I8, I16, I32, I64, U8};
    let file = File::open(&fixture("types.ckpt")).expect("it can be read");
    let types: Vec<Stored> = file.found().into_iter().map(|tensor| tensor.stored).collect();
    assert_eq!(types, [Bf16, Bool, F16, F32, F64, I16, I32, I64, I8, U8]);
}

#[test]
fn a_tensor_that_repeats_a_few_numbers_is_read_if_the_file_is_as_long_as_it() {
    let file = File::open(&fixture("views.ckpt")).expect("it can be read");
    let tensor = file.read("repeated").expect("it is small");
    assert_eq!((tensor.shape.as_slice(), values(&tensor.data).len()), (&[3, 2][..], 6));
    let v = values(&tensor.data);
    assert!(v[0] == v[1] && v[2] == v[3] && v[4] == v[5] && v[0] < v[2]);
}

#[test]
fn what_lightning_keeps_beside_the_weights_is_listed() {
    for name in ["lightning.ckpt", "lightning.legacy.ckpt"] {
        let file = File::open(&fixture(name)).expect("it can be read");
        let extras: Vec<String> =
            file.extras().iter().map(|extra| format!("{} {} {}", extra.name, extra.what, extra.tensors)).collect();
        assert_eq!(
            extras,
            [
                "epoch 12 0",
                "global_step 470000 0",
                "pytorch-lightning_version \"1.4.2\" 0",
                "callbacks a dict of 1 1",
                "optimizer_states a list of 1 6",
                "lr_schedulers a list of 0 0",
                "hyper_parameters an object 0",
                "loops none 0",
            ]
        );
    }
}

#[test]
fn a_pickle_that_wants_to_run_something_is_refused_by_name() {
    let refused = |name: &str| match File::open(&fixture(name)) {
        Err(WeightError::Refused { global, .. }) => global,
        other => panic!("`{name}` gives {other:?}"),
    };
    assert_eq!(refused("bad-system.ckpt"), "posix.system");
    assert_eq!(refused("bad-system.legacy.ckpt"), "posix.system");
    assert_eq!(refused("bad-eval.ckpt"), "__builtin__.eval");
    assert_eq!(refused("bad-getattr.ckpt"), "__builtin__.getattr");
    assert_eq!(refused("bad-module.ckpt"), "torch.nn.modules.linear.Linear");
    assert!(!Path::new("/tmp/diadc-was-run").exists(), "it was run");
}

#[test]
fn what_holds_no_weights_by_name_says_what_it_holds() {
    let says = |name: &str| File::open(&fixture(name)).expect_err("there are no weights by name").to_string();
    assert!(says("bad-list.ckpt").ends_with("it holds a list of 1, not weights by name"));
    assert!(says("bad-plain.ckpt").contains("not one of PyTorch"));
}

#[test]
fn a_published_old_pickle_is_read() {
    let Some(path) = skip::shared("weights/lpips_vgg_lin_v0.1.pth") else { return };
    let file = File::open(&path).expect("it can be read");
    assert_eq!(file.format(), Format::PytorchLegacy);
    let found: Vec<(String, Vec<usize>)> = file.found().into_iter().map(|tensor| (tensor.name, tensor.shape)).collect();
    let channels = [64, 128, 256, 512, 512].into_iter().enumerate();
    assert_eq!(found, channels.map(|(i, n)| (format!("lin{i}.model.1.weight"), vec![1, n, 1, 1])).collect::<Vec<_>>());
    for (name, _) in found {
        let tensor = file.read(&name).expect("it can be read");
        // The published layers were trained to have no negative weight.
        assert!(tensor.as_floats().is_some_and(|v| v.iter().all(|x| (0.0..10.0).contains(x))));
    }
}
