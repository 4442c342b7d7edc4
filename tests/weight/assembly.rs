//! Weights put together from files and first values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diadc::execute::{DeviceChoice, HostTensor, open};
use diadc::fact::Precision;
use diadc::graph::program::{Init, Program};
use diadc::op::WeightId;
use diadc::weight::{Assembly, File, Lacking, Origin, Place, Table, Wanted, WeightError, compare_file, write};

use super::{all, first_values, part, with, zeros};

fn stored(path: &Path, tensors: &[(&str, &[usize], f32)]) {
    let made: Vec<(&str, HostTensor)> = tensors
        .iter()
        .map(|(name, shape, value)| (*name, HostTensor::floats(shape, vec![*value; shape.iter().product()])))
        .collect();
    let named: Vec<(&str, &HostTensor)> = made.iter().map(|(name, tensor)| (*name, tensor)).collect();
    write(path, &named, &BTreeMap::new()).expect("it can be written");
}

/// An encoder, a copy of it, and something of its own behind the copy.
fn copied() -> Program {
    let normal = Init::Normal { mean: 0.0, std: 1.0 };
    let mut program = with(&[
        ("guide.w", &[2], Init::CopyOf("base.w".to_owned())),
        ("guide.zero", &[2], Init::Constant(0.0)),
        ("base.w", &[2], normal.clone()),
        ("rest.w", &[2], normal),
    ]);
    program.parts = vec![part("base", "base", false), part("guide", "guide", true), part("rest", "rest", false)];
    program
}

#[test]
fn a_copy_that_a_file_lacks_follows_what_the_file_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    stored(&path, &[("base.w", &[2], 5.0), ("rest.w", &[2], 6.0)]);
    let program = copied();
    let (assembly, comparison) = Assembly::load(&program, Place::of(&path), Lacking::AtStart(&[&program.parts[1]]))
        .expect("only what is fresh lacks");
    assert_eq!((comparison.matched.len(), comparison.fresh.len()), (2, 2));
    let floats: Vec<_> =
        all(&assembly, 1).expect("it can be read").into_iter().map(|w| w.as_floats().map(<[f32]>::to_vec)).collect();
    assert_eq!(floats, [[5.0; 2], [0.0; 2], [5.0; 2], [6.0; 2]].map(|v| Some(v.to_vec())));
    let error =
        Assembly::load(&program, Place::of(&path), Lacking::AtStart(&[])).expect_err("nothing is fresh").to_string();
    assert!(error.contains("2 missing:\n    guide.w [2]\n    guide.zero [2]"), "{error}");
}

#[test]
fn a_copy_that_a_file_has_is_taken_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    stored(&path, &[("base.w", &[2], 5.0), ("rest.w", &[2], 6.0), ("guide.w", &[2], 7.0), ("guide.zero", &[2], 8.0)]);
    let program = copied();
    let (assembly, _) =
        Assembly::load(&program, Place::of(&path), Lacking::AtStart(&[&program.parts[1]])).expect("all is there");
    assert_eq!(all(&assembly, 1).expect("it can be read")[0], HostTensor::floats(&[2], vec![7.0; 2]));
}

#[test]
fn only_what_is_needed_and_the_originals_of_copies_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    stored(&path, &[("base.w", &[2], 5.0), ("guide.zero", &[2], 8.0)]);
    let program = copied();
    let (assembly, _) = Assembly::load(&program, Place::of(&path), Lacking::AllBut(&BTreeSet::from(["base.w"])))
        .expect("what is needed is there");
    let read = |needed: u32| all(&assembly.only(&BTreeSet::from([WeightId(needed)])), 1).expect("it can be read");
    let (none, base) = (HostTensor::floats(&[0], Vec::new()), HostTensor::floats(&[2], vec![5.0; 2]));
    assert_eq!(read(0), [base.clone(), none.clone(), base, none]);
}

#[test]
fn a_file_of_one_part_is_found_to_be_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    stored(&path, &[("w", &[2], 5.0)]);
    let mut program = zeros(&[("a.b.w", &[2]), ("c.w", &[2])]);
    program.parts = vec![part("first", "a.b", false), part("second", "c", false)];
    let mut file = File::open(&path).expect("it can be read");
    let wanted = Wanted { part: Some(&program.parts[1]), ..Wanted::default() };
    let comparison = compare_file(&program, &mut file, wanted, Lacking::AtStart(&[])).expect("no name stands twice");
    assert!(comparison.fits());
    assert_eq!(comparison.naming, "as they are, within the part `second`");
    let mut assembly = Assembly::first(&program);
    assembly.take(file, &comparison);
    assert_eq!(assembly.origins()[0], Origin::First);
    assert!(matches!(&assembly.origins()[1], Origin::Stored { name, .. } if name == "w"));
}

#[test]
fn a_table_is_chosen_by_what_fits_and_reshapes_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    stored(&path, &[("encoder.mid_block.attentions.0.query.weight", &[3, 2], 5.0), ("quant_conv.weight", &[1], 6.0)]);
    let mut program = zeros(&[("ae.encoder.mid.attn_1.q.weight", &[3, 2, 1, 1]), ("ae.quant_conv.weight", &[1])]);
    program.parts = vec![part("ae", "ae", false)];
    let (assembly, comparison) =
        Assembly::load(&program, Place::of(&path), Lacking::AtStart(&[])).expect("a table fits");
    assert_eq!(comparison.naming, "those of the layout diffusers-vae, within the part `ae`");
    assert_eq!(comparison.renamed(), 2);
    assert_eq!(all(&assembly, 1).expect("it can be read")[0].shape, [3, 2, 1, 1]);
    let wanted = Wanted { table: Some(Table::find("diffusers-unet").expect("it is known")), ..Wanted::default() };
    let mut file = File::open(&path).expect("it can be read");
    let comparison = compare_file(&program, &mut file, wanted, Lacking::AtStart(&[])).expect("no name stands twice");
    assert!(comparison.matched.is_empty() && comparison.missing.len() == 2);
}

#[test]
fn what_anomalib_keeps_beside_its_network_is_set_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let own = "model.feature_extractor.feature_extractor";
    let (conv, more) = (format!("{own}.conv1.weight"), format!("{own}.layer9.weight"));
    let there: [(&str, &[usize], f32); 5] = [
        (&conv, &[2, 3, 1, 1], 5.0),
        ("model.gaussian.mean", &[2], 6.0),
        ("model.idx", &[2], 1.0),
        ("post_processor._image_threshold", &[], 0.5),
        ("_is_fitted", &[1], 1.0),
    ];
    let mut program = zeros(&[("conv1.weight", &[2, 3, 1, 1]), ("gaussian.mean", &[2]), ("gaussian.idx", &[2])]);
    program.parts = vec![part("backbone", "", false), part("gaussian", "gaussian", true)];
    stored(&path, &there);
    let (_, comparison) = Assembly::load(&program, Place::of(&path), Lacking::AtStart(&[])).expect("it fits");
    assert_eq!((comparison.matched.len(), comparison.set_aside.len()), (3, 2));
    // What is no part of its layout is no business of it.
    stored(&path, &[&there[..], &[(&more, &[1], 0.0)]].concat());
    let error = Assembly::load(&program, Place::of(&path), Lacking::AtStart(&[])).expect_err("it has a layer more");
    assert!(
        error.to_string().contains("1 not in the spec:\n    model.feature_extractor.feature_extractor.layer9"),
        "{error}"
    );
}

#[test]
fn two_names_that_become_one_are_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let both = ["encoder.mid_block.attentions.0.query.bias", "encoder.mid_block.attentions.0.to_q.bias"];
    stored(&path, &both.map(|name| (name, &[2][..], 5.0)));
    let mut program = zeros(&[("ae.encoder.mid.attn_1.q.bias", &[2])]);
    program.parts = vec![part("ae", "ae", false)];
    let error = Assembly::load(&program, Place::of(&path), Lacking::AtStart(&[])).expect_err("two are one");
    assert!(matches!(error, WeightError::Duplicate { .. }), "{error}");
    let [first, second] = both;
    let words = format!("has two tensors for `ae.encoder.mid.attn_1.q.bias`: `{first}` and `{second}`");
    assert!(error.to_string().contains(&words), "{error}");
}

#[test]
fn an_engine_takes_the_weights_one_by_one() {
    let program = copied();
    let mut engine = open(DeviceChoice::Cpu, Precision::F32).expect("there is always a processor");
    let mut seen = Vec::new();
    Assembly::first(&program)
        .hand_over(3, engine.as_mut(), &mut |done, all| seen.push((done, all)))
        .expect("first values come from no file");
    assert_eq!(seen, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    let there: Vec<HostTensor> = (0..4).map(|i| engine.weight(WeightId(i)).expect("the processor answers")).collect();
    assert_eq!(there, first_values(&program, 3));
}

#[test]
fn what_is_put_around_a_model_while_it_trains_is_taken_off_its_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let mut program = zeros(&[("net.a.w", &[1]), ("net.b.w", &[1])]);
    program.parts = vec![part("net", "net", false)];
    for (around, naming) in [
        ("module.net", "without `module.`"),
        ("module", "without `module.`, within the part `net`"),
        ("_orig_mod.net", "without `_orig_mod.`"),
        ("model.net", "without `model.`"),
        ("model._orig_mod", "without `model._orig_mod.`, within the part `net`"),
    ] {
        let names = ["a", "b"].map(|name| format!("{around}.{name}.w"));
        stored(&path, &[(&names[0], &[1], 5.0), (&names[1], &[1], 6.0)]);
        let (assembly, comparison) =
            Assembly::load(&program, Place::of(&path), Lacking::AtStart(&[])).expect("it fits");
        assert_eq!(comparison.naming, naming);
        let floats = |i: usize| all(&assembly, 1).expect("it can be read")[i].as_floats().expect("floats")[0];
        assert_eq!([floats(0), floats(1)], [5.0, 6.0]);
    }
}
