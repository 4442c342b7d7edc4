//! STFPM, RD4AD and MKD: networks, maps, scores, losses and gradients. The numbers are those of
//! `tests/oracle/systems_distillation.py`, which says what an image has to be so that gradients can be compared.

use diadc::execute::NamedTensors;

use super::system::System;
use super::{formula, inputs};

/// A system with its settings, as in the oracle's `NARROW`, and which of its images was taken.
struct Case {
    spec: &'static str,
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    image: (&'static str, [usize; 4]),
}

const STFPM: [Case; 2] = [
    Case {
        spec: "specs/systems/stfpm.diad",
        name: "stfpm.a",
        settings: &[("size", "64"), ("width", "16")],
        image: ("input.stfpm.a.0", [2, 3, 64, 64]),
    },
    Case {
        spec: "specs/systems/stfpm.diad",
        name: "stfpm.b",
        settings: &[("size", "96"), ("width", "8"), ("depth", "34")],
        image: ("input.stfpm.b.0", [3, 3, 96, 96]),
    },
];

/// With bottlenecks, and without them at two sizes; gradients are compared without.
const RD4AD: [Case; 3] = [
    Case {
        spec: "specs/systems/rd4ad.diad",
        name: "rd4ad.a",
        settings: &[("size", "64"), ("width", "8")],
        image: ("input.rd4ad.a.0", [2, 3, 64, 64]),
    },
    Case {
        spec: "specs/systems/rd4ad.diad",
        name: "rd4ad.b",
        settings: &[("size", "96"), ("width", "16"), ("depth", "18"), ("inner", "1")],
        image: ("input.rd4ad.b.0", [3, 3, 96, 96]),
    },
    Case {
        spec: "specs/systems/rd4ad.diad",
        name: "rd4ad.c",
        settings: &[("size", "64"), ("width", "8"), ("depth", "18"), ("inner", "1")],
        image: ("input.rd4ad.c.0", [4, 3, 64, 64]),
    },
];

const MKD: [Case; 2] = [
    Case {
        spec: "specs/systems/mkd.diad",
        name: "mkd.a",
        settings: &[("size", "64"), ("width", "16")],
        image: ("input.mkd.a.0", [2, 3, 64, 64]),
    },
    Case {
        spec: "specs/systems/mkd.diad",
        name: "mkd.b",
        settings: &[("size", "96"), ("width", "8"), ("narrow", "12"), ("lamda", "0.01")],
        image: ("input.mkd.b.0", [3, 3, 96, 96]),
    },
];

impl Case {
    fn inputs(&self) -> NamedTensors {
        let (name, shape) = &self.image;
        inputs([("image", formula::tensor(name, shape))])
    }

    fn system(&self) -> System<'_> {
        let fixture = include_bytes!("systems/distillation.safetensors");
        System { spec: self.spec, settings: self.settings, fixture, case: self.name }
    }

    /// Compares results of an expression with the numbers of their names.
    #[track_caller]
    fn agrees(&self, text: &str, names: &[&str]) {
        self.system().agrees(text, &self.inputs(), names);
    }
}

#[test]
fn stfpm_gives_the_features_maps_loss_and_gradients_of_torch_at_two_sizes() {
    for case in &STFPM {
        let names = ["teacher.0", "teacher.1", "teacher.2", "student.0", "student.1", "student.2"];
        case.agrees("{teacher: teacher(image)[1..], student: student(image)[1..]}", &names);
        case.agrees("score", &["map", "value"]);
        case.system().gradients_agree("matching", &case.inputs());
    }
}

#[test]
fn rd4ad_gives_the_features_maps_loss_and_gradients_of_torch() {
    for case in &RD4AD {
        let names = ["pairs.0.0", "pairs.0.1", "pairs.1.0", "pairs.1.1", "pairs.2.0", "pairs.2.1", "embedding"];
        case.agrees("{pairs: pairs(image), embedding: bn(encoder(image)[1..])}", &names);
        case.agrees("score", &["map", "value"]);
    }
    for case in &RD4AD[1..] {
        case.system().gradients_agree("returning", &case.inputs());
    }
}

#[test]
fn mkd_gives_the_poolings_maps_loss_and_gradients_of_torch_at_two_sizes() {
    for case in &MKD {
        let names = (0..4).flat_map(|i| [format!("pairs.{i}.0"), format!("pairs.{i}.1")]);
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        case.agrees("{pairs: pairs(image, false)}", &names);
        case.agrees("{gbp: score(image).map, value: score(image).value}", &["gbp", "value"]);
        let system = System { settings: &[case.settings, &[("saliency", "gradients")]].concat(), ..case.system() };
        system.agrees("{gradients: score(image).map}", &case.inputs(), &["gradients"]);
        case.system().gradients_agree("cloning", &case.inputs());
    }
}
