//! The specs and examples that come with diadc: they compile, and this is what they compute.

use std::collections::BTreeMap;
use std::fmt::Write;

use diadc_lang::inspect::{ChangeKind, Detail, difference, text};
use diadc_lang::program::Program;

use super::{Spec, compiled, files, graph, stem};

/// The functions of a program, down to the calls of the first blocks, but for those that a base has just so.
fn snapshot(program: &Program, base: Option<&Program>) -> String {
    let mut all = String::new();
    for function in &program.functions {
        let own = text(program, function, Detail::Depth(1));
        let inherited = base.and_then(|base| Some(text(base, base.function(&function.name)?, Detail::Depth(1))));
        if inherited.as_ref() == Some(&own) {
            writeln!(all, "{} as its base\n", function.name)
        } else {
            writeln!(all, "{own}")
        }
        .expect("writing to a string can't fail");
    }
    all
}

#[test]
fn every_spec_and_example_compiles_to_the_same_graph() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    let tiny = compiled("specs/tiny.diad", &[]);
    for path in files("specs", "diad") {
        insta::assert_snapshot!(stem(&path), snapshot(&compiled(&path, &[]), None));
    }
    for path in files("examples", "diad") {
        insta::assert_snapshot!(stem(&path), snapshot(&compiled(&path, &[]), Some(&tiny)));
    }
}

/// The weights of the published checkpoint, without those of the extractor, which it does not hold.
fn published() -> BTreeMap<String, Vec<usize>> {
    let extents = |text: &str| match text {
        "" => Vec::new(),
        text => text.split('x').map(|n| n.parse().expect("an extent is a number")).collect(),
    };
    include_str!("diad_state_dict.tsv")
        .lines()
        .skip(1)
        .map(|line| line.split_once('\t').expect("a line is a key and a shape"))
        .map(|(key, shape)| (key.to_owned(), extents(shape)))
        .collect()
}

#[test]
fn the_weights_of_diad_are_those_of_its_checkpoint() {
    let program = compiled("specs/diad.diad", &[]);
    let declared: BTreeMap<String, Vec<usize>> = program
        .weights
        .iter()
        .filter(|weight| !weight.path.starts_with("extractor."))
        .map(|weight| (weight.path.clone(), weight.shape.clone()))
        .collect();
    let published = published();
    let missing: Vec<_> = published.iter().filter(|(key, shape)| declared.get(*key) != Some(shape)).collect();
    let unknown: Vec<_> = declared.iter().filter(|(key, shape)| published.get(*key) != Some(shape)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}\nunknown {unknown:?}");
    assert!(declared.len() > 1000, "there are only {} weights", declared.len());
}

fn elements(program: &Program, prefix: &str) -> usize {
    let weights = program.weights.iter().filter(|weight| weight.path.starts_with(prefix));
    weights.map(|weight| weight.shape.iter().product::<usize>()).sum()
}

#[test]
fn the_parts_of_diad_have_as_many_weights_as_published() {
    let program = compiled("specs/diad.diad", &[]);
    assert_eq!(elements(&program, "model.diffusion_model."), 859_520_964);
    assert_eq!(elements(&program, "control_model."), 471_871_120);
    assert_eq!(elements(&program, "first_stage_model."), 83_653_863);
    assert_eq!(elements(&program, "cond_stage_model."), 123_060_480);
    let objective = program.objectives.iter().find(|objective| objective.name == "denoising").expect("it is trained");
    let trained: usize = objective.trains.iter().map(|&id| program.weight(id).shape.iter().product::<usize>()).sum();
    assert_eq!(trained, 982_679_124);
}

#[test]
fn what_is_set_changes_the_graph() {
    let score = |settings: &[(&str, &str)]| graph(&compiled("specs/tiny.diad", settings), "score");
    let plain = score(&[]);
    let variants = [
        score(&[("fusion", "off")]),
        score(&[("fusion", "bn_relu")]),
        score(&[("fusion", "released")]),
        score(&[("join", "{middle}")]),
        score(&[("join", "{block1, block2, block3, block4}")]),
        score(&[("scales", "[1]")]),
        score(&[("steps", "5")]),
    ];
    for (i, variant) in variants.iter().enumerate() {
        assert_ne!(&plain, variant);
        assert!(!variants[..i].contains(variant), "variant {i} is the same as one before it");
    }
    assert_eq!(plain, score(&[("fusion", "in_silu")]), "the default, said aloud, changes nothing");
    let steps = |count: &str| score(&[("start", "400"), ("steps", count)]);
    assert!(steps("20").contains("loop 8 times") && steps("5").contains("loop 2 times"));
}

#[test]
fn an_example_differs_from_its_base_in_what_it_says() {
    let weights = |path: &str| -> BTreeMap<String, Vec<usize>> {
        let program = compiled(path, &[]);
        program.weights.iter().map(|weight| (weight.path.clone(), weight.shape.clone())).collect()
    };
    let base = weights("specs/tiny.diad");
    for (example, prefixes) in [
        ("another_fusion", ["control_model.down", "control_model.fuse."]),
        ("another_extractor", ["extractor.", "judge."]),
        ("own_objective", ["", ""]),
    ] {
        let variant = weights(&format!("examples/{example}.diad"));
        let differs = |(key, shape): &(&String, &Vec<usize>), other: &BTreeMap<String, Vec<usize>>| {
            other.get(*key) != Some(*shape)
        };
        let other = variant
            .iter()
            .filter(|entry| differs(entry, &base))
            .chain(base.iter().filter(|entry| differs(entry, &variant)));
        let stray: Vec<_> = other
            .filter(|(key, _)| !prefixes.iter().any(|prefix| !prefix.is_empty() && key.starts_with(prefix)))
            .collect();
        assert!(stray.is_empty(), "{example} changes {stray:?}");
    }
}

#[test]
fn a_constant_that_changes_is_told_with_four_digits() {
    let [before, after] = ["constant([1, 2.5, 3])", "relu(x)"]
        .map(|term| Spec::model(&format!("fn f(x: [B, 3]) {{ x + {term} }}")).compiles());
    let found = difference(&before, &after);
    assert_eq!(found.structure[0].without, [("constant 1.000, ..".to_owned(), 1)]);
}

/// A model that trains these of its two parts.
fn trained(parts: &str, bend: &str) -> Program {
    let net = format!("block Net() {{ fn (x) {{ x |> conv(3, out: 3) @ \"c\" |> {bend} }} }}");
    let model = format!(
        "data {{ size = 16 }}\npart a = Net()\npart b = Net()\n\
         objective o(image) trains {parts} {{ mse(b(a(image)), image) }}\n\
         training o {{ optimizer = sgd(lr: 0.1)  batch = 2  steps = 1 }}"
    );
    Spec::with(&net, &model).compiles()
}

#[test]
fn what_is_no_longer_trained_is_told_by_the_gradients_that_are_gone() {
    let found = difference(&trained("a, b", "silu"), &trained("b", "silu"));
    assert!(found.structure.is_empty() && found.multiply_adds.is_empty(), "{found:?}");
    let [first, second] = found.gradients.as_slice() else { panic!("{:?}", found.gradients) };
    assert_eq!((first.call.as_slice(), first.kind), (["a : Net".to_owned()].as_slice(), ChangeKind::Removed));
    assert_eq!((second.call.as_slice(), second.kind), (["b : Net".to_owned()].as_slice(), ChangeKind::Changed));
    assert_eq!(second.without, [("conv2d_input_gradient".to_owned(), 1)]);
    let [work] = found.training.as_slice() else { panic!("{:?}", found.training) };
    assert_eq!(work.name, "o");
    assert!(work.before > work.after);
}

#[test]
fn another_activation_has_another_gradient() {
    let found = difference(&trained("b", "silu"), &trained("b", "tanh"));
    let [change] = found.gradients.as_slice() else { panic!("{:?}", found.gradients) };
    assert_eq!(change.call, ["b : Net"]);
    assert_eq!(change.without, [("silu_gradient".to_owned(), 1)]);
    assert!(change.with.iter().any(|(name, _)| name == "mul"), "{change:?}");
}

#[test]
fn a_call_that_is_added_is_not_told_again_by_its_gradients() {
    let found = difference(&compiled("specs/diad.diad", &[]), &compiled("specs/diad.diad", &[("fusion", "off")]));
    let is_told = |call: &[String]| {
        let removed = found.structure.iter().filter(|told| told.kind != ChangeKind::Changed);
        removed.into_iter().any(|told| call.ends_with(&told.call))
    };
    assert!(!found.gradients.is_empty() && found.gradients.iter().all(|change| !is_told(&change.call)));
}
