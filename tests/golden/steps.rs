//! Twenty steps of training of three systems: losses as PyTorch has them from the same weights, images and noise. The numbers
//! are those of `tests/oracle/systems_steps.py`, which says why single precision leaves double precision here.

use std::path::{Path, PathBuf};

use diadc::execute::NamedTensors;
use diadc::graph::program::Phase;

use super::system::LOSS;
use super::{Reference, draw, formula, inputs, prepare};
use crate::skip::repository;

/// A training, and what stands for its images and noise.
struct Training<'a> {
    case: &'a str,
    spec: PathBuf,
    settings: &'a [(&'a str, &'a str)],
    text: &'a str,
    image: [usize; 4],
    noise: Option<[usize; 3]>,
}

const STEPS: usize = 20;

impl Training<'_> {
    fn batch(&self, step: usize) -> NamedTensors {
        let mut batch = inputs([("image", formula::tensor(&format!("input.image.{step}"), &self.image))]);
        if let Some(shape) = self.noise {
            batch.insert("noise".to_owned(), formula::tensor(&format!("input.noise.{step}"), &shape));
        }
        batch
    }

    /// The loss of each step.
    fn losses(&self) -> Vec<f32> {
        let mut called = prepare(self.spec.to_str().expect("it is UTF-8"), self.settings, self.text, &self.batch(0));
        let program = &called.compiled.program;
        let phases: Vec<&Phase> = program.phases().collect();
        let [phase] = phases.as_slice() else { panic!("it has one training") };
        let trained = program.objectives[0].trains.clone();
        let id = called.engine.add(program.plan_in(phase, &called.function, &trained));
        let mut step = |k| called.engine.step(id, &self.batch(k), &draw(), 1.0).expect("it runs").loss;
        (0..STEPS).map(&mut step).collect()
    }

    /// Compares losses with those of PyTorch: to 1e-4, or three times as far from double precision as PyTorch's own single
    /// precision has been until then, where that is more.
    #[track_caller]
    fn agrees(&self) {
        let reference = Reference::new(include_bytes!("systems/steps.safetensors"));
        let known = |name: &str| reference.tensor(&format!("{}/{name}#1", self.case));
        let (double, single) = (known("losses"), known("single"));
        let [double, single] = [&double, &single].map(|x| x.as_floats().expect("losses are floats"));
        let mut allowed = LOSS;
        for (step, (found, (double, single))) in self.losses().iter().zip(double.iter().zip(single)).enumerate() {
            let away = |x: &f32| f64::from((x - double).abs() / double.abs());
            allowed = allowed.max(3.0 * away(single));
            assert!(away(found) <= allowed, "{}, step {step}: {found}, expected {double}", self.case);
        }
    }
}

/// A spec with SiLU in the place of ReLU and means in that of maxima, in the library as well.
fn without_kinks(folder: &Path, name: &str) -> PathBuf {
    for from in ["specs/std", "specs/systems"] {
        let to = folder.join(from);
        std::fs::create_dir_all(&to).expect("a folder can be made");
        for entry in std::fs::read_dir(repository().join(from)).expect("it is there").flatten() {
            let file = entry.file_name();
            let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
            if file.to_string_lossy() == "prelude.diad" {
                continue;
            }
            let words = text.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_');
            let calm = words.map(|word| match word.strip_prefix("relu") {
                Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') => format!("silu{rest}"),
                Some(_) | None => word.to_owned(),
            });
            let text = calm.collect::<String>().replace("max_pool(", "avg_pool(");
            let mut lines = text.lines().map(|line| match line.strip_prefix("use std::") {
                Some(rest) => {
                    let (module, names) = rest.split_once("::").expect("it imports names");
                    format!("use \"../std/{module}.diad\"::{names}\n")
                }
                None => format!("{line}\n"),
            });
            std::fs::write(to.join(file), lines.by_ref().collect::<String>()).expect("it can be written");
        }
    }
    folder.join(format!("specs/systems/{name}.diad"))
}

#[test]
fn stfpm_takes_twenty_steps_as_torch_does() {
    let settings = [("size", "64"), ("width", "16")];
    let training =
        |case, spec| Training { case, spec, settings: &settings, text: "matching", image: [4, 3, 64, 64], noise: None };
    training("stfpm", PathBuf::from("specs/systems/stfpm.diad")).agrees();
    let folder = tempfile::tempdir().expect("a folder");
    training("stfpm.smooth", without_kinks(folder.path(), "stfpm")).agrees();
}

#[test]
fn rd4ad_takes_twenty_steps_as_torch_does() {
    let spec = PathBuf::from("specs/systems/rd4ad.diad");
    let settings = &[("size", "64"), ("width", "8"), ("depth", "18"), ("inner", "1")];
    let image = [4, 3, 64, 64];
    Training { case: "rd4ad", spec, settings, text: "returning", image, noise: None }.agrees();
}

#[test]
fn uniad_takes_twenty_steps_as_torch_does() {
    let settings = [("size", "[96, 160]"), ("dropout", "0.0")];
    let training = |case, spec| Training {
        case,
        spec,
        settings: &settings,
        text: "loss(tokens(image), noise)",
        image: [2, 3, 96, 160],
        noise: Some([2, 60, 272]),
    };
    training("uniad", PathBuf::from("specs/systems/uniad.diad")).agrees();
    let folder = tempfile::tempdir().expect("a folder");
    training("uniad.smooth", without_kinks(folder.path(), "uniad")).agrees();
}
