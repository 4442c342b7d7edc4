//! Batch normalisations that are called several times in a step, and those by running statistics far from zero, against
//! torch; the fixture is made by `tests/oracle/batch_norm.py`.

use diadc::execute::{Engine, HostTensor};
use diadc::graph::Rules;
use diadc::graph::program::{Init, Program, Weight};
use diadc::optimize::optimize;
use diadc::plan::Plan;
use serde_json::Value;

use crate::run::net::{draw, engine, evaluate, floats, inputs, is_exact, sgd, stepped_by};
use crate::spec::{Spec, named};

const STEPS: usize = 20;
/// Images of a pass, and their extents.
const SHAPE: [usize; 4] = [3, 3, 2, 2];

/// The loss of each case, as a spec writes it.
const LOSSES: &[(&str, &str)] = &[
    ("twice", "let a = net(image)  let b = net(image * image + 0.5)  mse(a * b, image)"),
    ("equal", "mse(net(image) + 2 * net(image), image * image)"),
    ("nested", "let a = net.rough(image * 2 - 1)  mse(net.fine(a, image), image)"),
    ("accumulated", "let a = net(image)  let b = net(image * image + 0.5)  mse(a * b, image)"),
];

/// A part with one normalisation, which its functions share with a part in it.
const NET: &str = "
block Norm(momentum: float) { fn (x: [B, 3, 2, 2]) { x |> batch_norm(momentum: momentum) @ \"\" } }
block Net(momentum: float) {
    part norm = Norm(momentum)
    fn (x: [B, 3, 2, 2]) { norm(x) }
    fn rough(x: [B, 3, 2, 2]) { norm(x) }
    fn fine(a: [B, 3, 2, 2], x: [B, 3, 2, 2]) { norm(rough(a) * x + rough(x)) }
}";

fn program(momentum: f64, members: &str) -> Program {
    let members = format!("data {{ size = 2 }}\npart net = Net({momentum:?}) @ \"\"\n{members}");
    Spec::with(NET, &members).compiles()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number") as f32).collect()
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("batch_norm.json")).expect("the fixture is JSON")
}

/// The first values of all weights, which are constants here.
fn started(program: &Program) -> Box<dyn Engine> {
    let first = program.weights.iter().map(|weight| {
        let Init::Constant(value) = weight.init else { panic!("`{}` is drawn", weight.path) };
        HostTensor::floats(&weight.shape, vec![value as f32; weight.shape.iter().product()])
    });
    engine(&first.collect::<Vec<_>>())
}

/// Twenty steps of a plan, each of so many passes.
fn train(engine: &mut dyn Engine, plan: Plan, images: &[f32], passes: usize) {
    let id = engine.add(plan);
    let mut batches = images.chunks(SHAPE.iter().product());
    for _ in 0..STEPS {
        for pass in 1..=passes {
            let batch = batches.next().expect("there are enough images").to_vec();
            let given = inputs([("image", HostTensor::floats(&SHAPE, batch))]);
            if pass < passes {
                engine.accumulate(id, &given, &draw(3)).expect("it runs");
            } else {
                engine.step(id, &given, &draw(3), 1.0).expect("it runs");
            }
        }
    }
}

#[test]
fn each_call_moves_the_running_statistics_in_order_as_in_torch() {
    let fixture = fixture();
    let images = numbers(&fixture["images"]);
    let near = if is_exact() { 1e-4 } else { 1e-2 };
    for (name, loss) in LOSSES {
        let case = &fixture["cases"][name];
        let momentum = case["momentum"].as_f64().expect("a number");
        let passes = case["passes"].as_u64().expect("a count") as usize;
        let program = program(momentum, &format!("objective o(image) trains net {{ {loss} }}"));
        let trained = &program.objectives[0].trains;
        let rules = Rules { of: &|_| sgd(0.05), clip_norm: None, passes };
        let plain = named(&program, "o");
        for function in [plain.clone(), optimize(plain)] {
            let plan = stepped_by(&function, trained, &rules);
            assert_eq!(plan.updates.len(), 2, "{name}: one value for each statistic");
            let mut engine = started(&program);
            train(engine.as_mut(), plan, &images, passes);
            for (id, weight) in program.weights() {
                let found = engine.weight(id).expect("the device answers");
                let expected = numbers(&case["after"][&weight.path]);
                let largest = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
                let found = found.as_floats().expect("weights are floats");
                assert_eq!(found.len(), expected.len(), "{name}: `{}`", weight.path);
                let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(off <= near * largest, "{name}: `{}` is {found:?}, expected {expected:?}", weight.path);
            }
        }
    }
}

#[test]
fn what_is_frozen_keeps_its_statistics_also_in_a_loop() {
    let members = "
        part other = Net(0.1) @ \"other\"
        objective o(image) trains other {
            let y = loop z = other(image) over t in 0..3 { net(z) }
            mse(net(y), image)
        }";
    let program = program(0.1, members);
    let rules = Rules { of: &|_| sgd(0.05), clip_norm: None, passes: 1 };
    let plan = stepped_by(&optimize(named(&program, "o")), &program.objectives[0].trains, &rules);
    let mut engine = started(&program);
    let before: Vec<_> = program.weights().map(|(id, _)| engine.weight(id).expect("the device answers")).collect();
    let images = floats(&[STEPS * 36], 3);
    train(engine.as_mut(), plan, images.as_floats().expect("they are floats"), 1);
    for ((id, weight), before) in program.weights().zip(before) {
        let is_same = engine.weight(id).expect("the device answers") == before;
        assert_eq!(is_same, !weight.path.starts_with("other"), "`{}`", weight.path);
    }
}

#[test]
fn numbers_far_from_zero_are_normalised_by_running_statistics_as_in_double_precision() {
    let shape = [2, 3, 4, 5];
    let program = Spec::with("", "fn f(x: [2, 3, 4, 5]) { x |> batch_norm() @ \"norm\" }").compiles();
    let function = named(&program, "f");
    for (number, case) in fixture()["far"].as_array().expect("a list").iter().enumerate() {
        let of = |weight: &Weight| {
            let name = weight.path.rsplit('.').next().expect("a path has a last word");
            HostTensor::floats(&weight.shape, numbers(&case[name]))
        };
        let weights: Vec<HostTensor> = program.weights.iter().map(of).collect();
        let given = inputs([("x", HostTensor::floats(&shape, numbers(&case["x"])))]);
        let expected = numbers(&case["out"]);
        let largest = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        for function in [function.clone(), optimize(function)] {
            let results = evaluate(&function, &weights, &given, 1);
            let found = results[0].1.as_floats().expect("floats");
            assert_eq!(found.len(), expected.len());
            let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off <= 1e-6 * largest, "case {number} is off by {:e} of the largest", off / largest);
        }
    }
}
