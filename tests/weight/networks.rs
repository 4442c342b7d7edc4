//! Checkpoints with several networks, or with something beside them (`tests/oracle/checkpoints.py`).

use std::collections::BTreeMap;
use std::path::Path;

use diadc::execute::HostTensor;
use diadc::graph::program::Program;
use diadc::weight::{Assembly, Comparison, File, Lacking, Place, WeightError};

use super::{all, fixture, part, zeros};

/// The weights of the network in the fixtures, below this path.
fn network(path: &str) -> Vec<(String, Vec<usize>)> {
    let own: [(&str, &[usize]); 6] = [
        ("conv.weight", &[4, 3, 3, 3]),
        ("conv.bias", &[4]),
        ("bn.weight", &[4]),
        ("bn.bias", &[4]),
        ("bn.running_mean", &[4]),
        ("bn.running_var", &[4]),
    ];
    own.map(|(name, shape)| (format!("{path}.{name}"), shape.to_vec())).to_vec()
}

/// A program with such a network in each of these parts.
fn program(parts: &[&str]) -> Program {
    let weights: Vec<_> = parts.iter().flat_map(|path| network(path)).collect();
    let named: Vec<(&str, &[usize])> = weights.iter().map(|(path, shape)| (path.as_str(), shape.as_slice())).collect();
    let mut program = zeros(&named);
    for weight in &mut program.weights {
        weight.is_statistic = weight.path.contains("running");
    }
    program.parts = parts.iter().map(|path| part(path, path, false)).collect();
    program
}

fn load(program: &Program, name: &str, within: Option<&str>) -> Result<(f32, Comparison), WeightError> {
    let path = fixture(&format!("others-{name}.pth"));
    let (assembly, comparison) = Assembly::load(program, Place { path: &path, within }, Lacking::AtStart(&[]))?;
    let weights = all(&assembly, 1).expect("they can be read");
    let first = weights[0].as_floats().expect("floats")[0];
    Ok((first, comparison))
}

/// The value of all weights of the network that is read.
#[track_caller]
fn value(program: &Program, name: &str, within: Option<&str>) -> f32 {
    load(program, name, within).unwrap_or_else(|error| panic!("`{name}` fits: {error}")).0
}

#[test]
fn a_network_is_found_some_steps_deeper_and_beside_whatever_else_there_is() {
    let net = program(&["net"]);
    for (name, expected, naming) in [
        ("parts", 1.0, "as they are"),
        ("deep", 3.0, "as they are, of `run.best.generator`"),
        ("averaged", 1.0, "as they are, of `state_dict`"),
        ("only-averaged", 2.0, "as they are, of `model_ema`"),
        ("beside", 1.0, "as they are, of `state_dict`"),
        ("list", 1.0, "as they are, of `0`"),
        ("prefix", 1.0, "without `model.`, of `state_dict`"),
        ("twice", 1.0, "without `model._orig_mod.`, within the part `net`"),
    ] {
        let (first, comparison) = load(&net, name, None).unwrap_or_else(|error| panic!("`{name}` fits: {error}"));
        assert_eq!((first, comparison.naming.as_str()), (expected, naming), "{name}");
    }
    let (_, comparison) = load(&net, "beside", None).expect("it fits");
    let extras: Vec<(&str, usize)> = comparison.extras.iter().map(|e| (e.name.as_str(), e.tensors)).collect();
    assert_eq!(
        extras,
        [
            ("center", 1),
            ("memory_bank", 1),
            ("discriminator", 1),
            ("rng", 1),
            ("history", 0),
            ("counts", 0),
            ("schedule", 0),
            ("optimizer", 2),
            ("recent", 0),
        ]
    );
}

#[test]
fn several_networks_are_the_parts_that_their_names_say() {
    let both = program(&["bn", "decoder"]);
    let (first, comparison) = load(&both, "two", None).expect("each dict is a part");
    assert_eq!((first, comparison.naming.as_str()), (1.0, "as they are"));
    assert_eq!(comparison.matched.len(), 12);
    // A part may be called otherwise than its dict.
    let one = program(&["encoder"]);
    assert_eq!([value(&one, "two", Some("bn")), value(&one, "two", Some("decoder"))], [1.0, 2.0]);
}

#[test]
fn where_two_networks_fit_alike_the_error_names_them_and_an_option_chooses() {
    let net = program(&["net"]);
    let error = load(&net, "teacher", None).expect_err("both fit").to_string();
    let words =
        "holds 2 networks that fit equally well: `student` (7 tensors), `teacher` (7 tensors); name one with --within";
    assert!(error.ends_with(words), "{error}");
    let error = load(&net, "two", None).expect_err("both fit").to_string();
    assert!(error.contains("`bn` (7 tensors), `decoder` (7 tensors)"), "{error}");
    assert_eq!([value(&net, "teacher", Some("student")), value(&net, "teacher", Some("teacher"))], [1.0, 2.0]);
    let error = load(&net, "teacher", Some("teachr")).expect_err("there is none").to_string();
    assert!(error.contains("has no one dict `teachr`; it has `student` (7 tensors), `teacher` (7 tensors)"), "{error}");
}

#[test]
fn averages_are_read_only_if_they_are_named_or_alone() {
    let net = program(&["net"]);
    assert_eq!(value(&net, "averaged", Some("state_dict_ema")), 2.0);
    // They are no substitute for a network that does not fit.
    let mut larger = program(&["net"]);
    larger.weights[0].shape = vec![8, 3, 3, 3];
    let error = load(&larger, "averaged", None).expect_err("a shape differs").to_string();
    assert!(error.contains("net.conv.weight [8, 3, 3, 3], the file has [4, 3, 3, 3]"), "{error}");
    let missing = program(&["net", "more"]);
    let error = load(&missing, "averaged", None).expect_err("a part is missing").to_string();
    assert!(error.contains("`state_dict_ema` (7 tensors); --within NAME reads one of them"), "{error}");
}

#[test]
fn a_name_chooses_dicts_at_any_depth_and_beginnings_of_names() {
    let net = program(&["net"]);
    for within in ["run.best.generator", "generator", "best.generator", "run.best.generator."] {
        assert_eq!(value(&net, "deep", Some(within)), 3.0, "{within}");
    }
    for within in ["model", "state_dict.model"] {
        assert_eq!(value(&net, "prefix", Some(within)), 1.0, "{within}");
    }
    assert_eq!(value(&net, "twice", Some("model._orig_mod")), 1.0);
}

#[test]
fn what_stands_before_all_names_is_taken_off_only_if_no_name_fits_with_it() {
    // The published names of a part may begin with `model.` themselves.
    let own = program(&["model.net"]);
    let (_, comparison) = load(&own, "prefix", None).expect("it fits as it stands");
    assert_eq!((comparison.naming.as_str(), comparison.renamed()), ("as they are, of `state_dict`", 0));
    // One name that fits as it stands is enough to leave the others alone.
    let mut mixed = program(&["net"]);
    mixed.weights[1].path = "model.net.conv.bias".to_owned();
    let error = load(&mixed, "prefix", None).expect_err("most are missing").to_string();
    assert!(error.contains("5 missing"), "{error}");
    assert!(error.contains("net.conv.weight [4, 3, 3, 3]   (the file has `model.net.conv.weight`)"), "{error}");
    // A network that lacks a weight is not guessed at.
    let error = load(&program(&["net", "more"]), "prefix", None).expect_err("a part is missing").to_string();
    assert!(error.contains("12 missing"), "{error}");
}

#[test]
fn tensors_of_other_kinds_are_named_for_what_they_are() {
    let error = load(&program(&["net"]), "quantised", None).expect_err("it is quantised").to_string();
    assert!(error.contains("net.conv.weight is QI8, which is quantised"), "{error}");
    let file = File::open(&fixture("others-conjugate.pth")).expect("it can be read");
    assert!(file.read("w").is_ok());
    let error = file.bytes("c").expect_err("its numbers would be wrong").to_string();
    assert!(error.contains("`c` is a conjugate view of C64, which is not read; save `.resolve_conj()`"), "{error}");
    assert!(file.bytes("plain").is_ok());
    let error = Assembly::load(&zeros(&[("plain", &[3])]), Place::of(file.path()), Lacking::AtStart(&[]))
        .expect_err("it is complex");
    assert!(error.to_string().contains("plain is C64, complex numbers"), "{error}");
    let file = File::open(&fixture("others-odd.pth")).expect("it can be read");
    let extras: Vec<String> = file.extras().iter().map(|extra| format!("{} {}", extra.name, extra.what)).collect();
    assert_eq!(extras, ["sparse a sparse tensor", "meta a tensor without numbers, of the device `meta`"]);
    let error = File::open(&fixture("others-script.pt")).expect_err("it is a program").to_string();
    assert!(error.contains("it is a TorchScript model: save its `state_dict()` instead"), "{error}");
}

#[test]
fn without_a_program_a_file_is_read_from_what_holds_all_its_networks() {
    let within = |name: &str| File::open(&fixture(name)).expect("it can be read").within().to_owned();
    for (name, expected) in [
        ("others-two.pth", ""),
        ("others-teacher.pth", ""),
        ("others-parts.pth", "net"),
        ("others-deep.pth", "run.best.generator"),
        ("others-averaged.pth", "state_dict"),
        ("others-only-averaged.pth", "model_ema"),
        ("others-list.pth", "0"),
        ("lightning.ckpt", "state_dict"),
        ("bad-nested.ckpt", "a"),
        ("zip.ckpt", ""),
    ] {
        assert_eq!(within(name), expected, "{name}");
    }
    let file = File::open(&fixture("others-two.pth")).expect("it can be read");
    assert!(file.has("bn.conv.weight") && file.has("decoder.conv.weight"));
    assert_eq!(file.networks(), ["`bn` (7 tensors)", "`decoder` (7 tensors)"]);
    let missing = File::open(Path::new("tests/weight/fixtures/none.pth"));
    assert!(matches!(missing, Err(WeightError::Read { .. })));
}

/// A file of safetensors whose names begin with these words.
fn flat(path: &Path, beginnings: &[(&str, f32)]) {
    let mut tensors = Vec::new();
    for (beginning, value) in beginnings {
        for (name, shape) in network(beginning) {
            let count = shape.iter().product();
            tensors.push((name, HostTensor::floats(&shape, vec![*value; count])));
        }
    }
    let named: Vec<(&str, &HostTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    diadc::weight::write(path, &named, &BTreeMap::new()).expect("it can be written");
}

#[test]
fn networks_whose_names_begin_otherwise_are_told_and_chosen_by_what_they_begin_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let net = program(&["net"]);
    let load = |within: Option<&str>| {
        let (assembly, _) = Assembly::load(&net, Place { path: &path, within }, Lacking::AtStart(&[]))?;
        let weights = all(&assembly, 1).expect("they can be read");
        Ok::<f32, WeightError>(weights[0].as_floats().expect("floats")[0])
    };
    flat(&path, &[("student", 1.0), ("wrapped.teacher", 2.0)]);
    let told = load(None).expect_err("it is not clear").to_string();
    let words = "names its weights within `student` (6 tensors), `wrapped.teacher` (6 tensors); name one with --within";
    assert!(told.ends_with(words), "{told}");
    assert_eq!(load(Some("student")).expect("it fits"), 1.0);
    assert_eq!(load(Some("wrapped.teacher")).expect("it fits"), 2.0);
    flat(&path, &[("net", 3.0), ("teacher", 4.0)]);
    assert_eq!(load(None).expect("one fits as it stands"), 3.0);
}

#[test]
fn a_dict_is_chosen_by_each_of_its_names_and_by_one_around_it() {
    let net = program(&["net"]);
    // The dict is the same one under both names.
    assert_eq!(value(&net, "same", Some("state_dict_ema")), 1.0);
    assert_eq!(value(&net, "same", None), 1.0);
    let (_, comparison) = load(&net, "same", None).expect("it fits");
    let extras: Vec<&str> = comparison.extras.iter().map(|extra| extra.what.as_str()).collect();
    assert_eq!(extras, ["the same as `state_dict`"]);
    assert_eq!(value(&net, "deep", Some("run.best")), 3.0);
    assert_eq!(value(&net, "deep", Some("run")), 3.0);
}
