//! Slots, constants, and when weights are stepped by their gradients.

use diadc::execute::{Engine, HostTensor, NamedTensors};
use diadc::graph::program::Function;
use diadc::graph::{Loop, Rules, differentiate};
use diadc::op::{Binary, Op, State, Unary, WeightId};
use diadc::plan::{Operand, Plan, Target, Work, plan};

use super::net::{Net, draw, engine, floats, inputs, sgd, stepped, stepped_by};

fn chain(length: usize) -> Function {
    let mut net = Net::default();
    let mut x = net.input("x", "B 4");
    for _ in 0..length {
        x = net.unary(Unary::Tanh, x);
    }
    net.function(&[("y", x)])
}

#[test]
fn a_long_chain_needs_one_slot() {
    let plan = plan(&chain(100));
    assert_eq!(plan.steps.steps.len(), 100);
    assert_eq!(plan.steps.slots, 1);
}

#[test]
fn a_value_used_late_keeps_its_slot_until_then() {
    let mut net = Net::default();
    let x = net.input("x", "B 4");
    let a = net.unary(Unary::Tanh, x);
    let b = net.unary(Unary::Exp, a);
    let c = net.unary(Unary::Abs, b);
    let sum = net.binary(Binary::Add, c, a);
    let twice = net.binary(Binary::Mul, sum, sum);
    let function = net.function(&[("y", twice), ("z", twice)]);
    let plan = plan(&function);
    assert_eq!(plan.steps.slots, 2);
    let mut engine = engine(&[]);
    let id = engine.add(plan);
    let outputs = engine.evaluate(id, &inputs([("x", floats(&[2, 4], 1))]), &draw(2)).expect("it runs");
    assert_eq!(outputs[0].1, outputs[1].1);
}

fn encoder() -> Function {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let fixed = net.constant(0.5, "1 3");
    let weight = net.weight(0, "3 3");
    let encoded = net.linear(fixed, weight);
    let encoded = net.unary(Unary::Tanh, encoded);
    let head = net.weight(1, "3 3");
    let y = net.linear(x, head);
    let y = net.binary(Binary::Mul, y, encoded);
    let loss = net.mean(y);
    net.function(&[("loss", loss)])
}

fn names(plan: &Plan) -> Vec<String> {
    plan.steps
        .steps
        .iter()
        .map(|step| match &step.work {
            Work::Op(op) => op.to_string(),
            Work::Loop(_) => "loop".to_owned(),
        })
        .collect()
}

#[test]
fn what_depends_on_still_weights_only_is_computed_once() {
    let evaluation = plan(&encoder());
    assert_eq!(evaluation.constants.steps.len(), 3);
    assert_eq!(evaluation.constant_weights, [WeightId(0)]);
    assert_eq!(names(&evaluation), ["linear", "mul", "mean axes=[0, 1]"]);
    let training = plan(&differentiate(&encoder(), &[WeightId(0)]));
    assert_eq!(training.constant_weights, [], "only constants and what is made of them");
}

#[test]
fn constants_are_computed_again_when_their_weight_changes() {
    let weights = [floats(&[3, 3], 1), floats(&[3, 3], 2)];
    let mut first = engine(&weights);
    let id = first.add(plan(&encoder()));
    let x = inputs([("x", floats(&[2, 3], 3))]);
    let before = first.evaluate(id, &x, &draw(2)).expect("it runs");
    assert_eq!(first.evaluate(id, &x, &draw(2)).expect("it runs"), before);
    first.set_weight(WeightId(0), floats(&[3, 3], 9));
    let after = first.evaluate(id, &x, &draw(2)).expect("it runs");
    assert_ne!(after, before);
    let mut second = engine(&[floats(&[3, 3], 9), floats(&[3, 3], 2)]);
    let id = second.add(plan(&encoder()));
    assert_eq!(second.evaluate(id, &x, &draw(2)).expect("it runs"), after);
}

#[test]
fn constants_are_computed_again_when_their_weight_was_trained() {
    let weights = [floats(&[3, 3], 1), floats(&[3, 3], 2)];
    let x = inputs([("x", floats(&[2, 3], 3))]);
    let mut first = engine(&weights);
    let evaluation = first.add(plan(&encoder()));
    let before = first.evaluate(evaluation, &x, &draw(2)).expect("it runs");
    let training = first.add(stepped(&encoder(), &[WeightId(0)], sgd(1.0)));
    first.step(training, &x, &draw(2), 1.0).expect("it runs");
    let after = first.evaluate(evaluation, &x, &draw(2)).expect("it runs");
    assert_ne!(after, before);
    let trained = first.weight(WeightId(0)).expect("the processor answers");
    let mut second = engine(&[trained, floats(&[3, 3], 2)]);
    let fresh = second.add(plan(&encoder()));
    assert_eq!(second.evaluate(fresh, &x, &draw(2)).expect("it runs"), after);
}

/// A loop that needs nothing from outside but a weight, and draws random numbers if asked to.
fn rolling(is_random: bool) -> Function {
    let mut body = Net::default();
    let x = body.input("x", "3 3");
    let weight = body.weight(0, "3 3");
    let other = if is_random { body.normal("roll", "3 3") } else { body.constant(0.5, "3 3") };
    let y = body.linear(x, weight);
    let y = body.binary(Binary::Add, y, other);
    body.graph.set_output("x", y);
    let mut net = Net::default();
    let start = net.constant(1.0, "3 3");
    let run = Loop { body: body.graph, carried: 1, stepped: Vec::new(), steps: 2 };
    let end = net.run_loop(run, &[start])[0];
    let loss = net.mean(end);
    net.function(&[("loss", loss)])
}

#[test]
fn a_loop_is_constant_if_nothing_in_it_changes() {
    let varying = |is_random| plan(&rolling(is_random)).steps.steps.len();
    assert_eq!(varying(false), 0);
    assert_eq!(varying(true), 2, "the loop and the mean");
    let trained = |id| plan(&differentiate(&rolling(false), &[WeightId(id)])).steps.steps.len();
    assert_eq!(trained(1), 0);
    assert!(trained(0) > 0, "the loop changes with its weight");
}

#[test]
fn gradients_are_computed_only_between_a_trained_weight_and_the_loss() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let frozen = net.weight(0, "3 3");
    let trained = net.weight(1, "3 3");
    let before = net.linear(x, frozen);
    let y = net.linear(before, trained);
    let stopped = net.add(Op::StopGradient, &[y]);
    let beside = net.unary(Unary::Exp, stopped);
    let report = net.mean(y);
    let sum = net.binary(Binary::Add, y, beside);
    let loss = net.mean(sum);
    let function = net.function(&[("loss", loss), ("report", report)]);
    let differentiated = diadc::optimize::optimize(&differentiate(&function, &[WeightId(1)]));
    let products = |function: &diadc::graph::program::Function| {
        let steps = plan(function).steps.steps.into_iter();
        steps.filter(|step| matches!(&step.work, Work::Op(op) if op.is_product())).count()
    };
    assert_eq!(products(&function), 2);
    assert_eq!(products(&differentiated), 3, "that of the trained weight, and none of what stands before it");
    assert_eq!(plan(&differentiated).gradients, [WeightId(1)]);
    assert!(plan(&function).trained.is_empty());
}

/// The places in a plan at which weights get new values.
fn changes(plan: &Plan) -> Vec<(usize, WeightId)> {
    let steps = plan.steps.steps.iter().enumerate();
    let targets = steps.flat_map(|(place, step)| step.outputs.iter().map(move |target| (place, target)));
    let change = |(place, target): (usize, &Target)| match target {
        Target::State(State::Weight(id)) => Some((place, *id)),
        Target::State(_) | Target::Slot(_) | Target::Nothing => None,
    };
    targets.filter_map(change).collect()
}

/// Nine layers, the first of which is called again at the end.
fn deep() -> Function {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let weights: Vec<_> = (0..9).map(|id| net.weight(id, "3 3")).collect();
    let y = weights.iter().chain([&weights[0]]).fold(x, |x, weight| net.linear(x, *weight));
    let loss = net.mean(y);
    net.function(&[("loss", loss)])
}

#[test]
fn a_weight_is_not_read_after_its_step() {
    let ids: Vec<WeightId> = (0..9).map(WeightId).collect();
    for clip_norm in [None, Some(1.0)] {
        let plan = stepped_by(&deep(), &ids, &Rules { of: &|_| sgd(1.0), clip_norm, passes: 1 });
        let mut changed: Vec<WeightId> = Vec::new();
        for step in &plan.steps.steps {
            for operand in &step.inputs {
                assert!(!matches!(operand, Operand::Weight(id) if changed.contains(id)), "{step:?}");
            }
            let targets = step.outputs.iter();
            changed.extend(targets.filter_map(|target| match target {
                Target::State(state) => Some(state.weight()),
                Target::Slot(_) | Target::Nothing => None,
            }));
        }
        changed.sort_unstable();
        assert_eq!(changed, ids);
    }
}

#[test]
fn weights_are_stepped_a_few_at_a_time_as_their_gradients_arrive() {
    let ids: Vec<WeightId> = (0..9).map(WeightId).collect();
    let places = |clip_norm| {
        let rules = Rules { of: &|id| sgd(if id == WeightId(8) { 2.0 } else { 1.0 }), clip_norm, passes: 1 };
        let plan = stepped_by(&deep(), &ids, &rules);
        let places = changes(&plan).into_iter().map(|(place, _)| place);
        let products = plan.steps.steps.iter().rposition(|step| matches!(&step.work, Work::Op(op) if op.is_product()));
        (places.collect::<Vec<_>>(), products.expect("there are products"))
    };
    let (early, last) = places(None);
    // The last layer has a rule of its own; the first two come when all others have had their step.
    assert!(early[0] < early[1] && early[1] == early[6] && early[6] < last && last < early[7], "{early:?}, {last}");
    let (late, last) = places(Some(1.0));
    assert!(late.iter().all(|place| *place > last), "{late:?}, {last}");
}

/// A loss that is a weight itself, and gradients that are weights: they are those from before the step.
#[test]
fn what_a_step_reads_is_what_was_there_before_it() {
    let mut net = Net::default();
    let (a, b, c) = (net.weight(0, ""), net.weight(1, ""), net.weight(2, ""));
    let product = net.binary(Binary::Mul, a, b);
    let loss = net.binary(Binary::Add, product, c);
    let function = net.function(&[("loss", loss)]);
    let ids = [0, 1, 2].map(WeightId);
    let numbers =
        |engine: &mut dyn Engine| ids.map(|id| engine.weight(id).expect("it is there").as_floats().expect("floats")[0]);
    let first = [2.0, 3.0, 5.0].map(|number| HostTensor::floats(&[], vec![number]));
    let mut own = engine(&first);
    let id = own.add(stepped(&diadc::optimize::optimize(&function), &ids, sgd(1.0)));
    assert_eq!(own.step(id, &NamedTensors::new(), &draw(1), 1.0).expect("it runs").loss, 11.0);
    assert_eq!(numbers(own.as_mut()), [-1.0, 1.0, 4.0]);

    let mut net = Net::default();
    let weight = net.weight(0, "");
    let mut own = engine(&first[..1]);
    let id = own.add(stepped(&net.function(&[("loss", weight)]), &ids[..1], sgd(1.0)));
    let found = [(); 2].map(|()| own.step(id, &NamedTensors::new(), &draw(1), 1.0).expect("it runs"));
    assert_eq!(found.map(|stepped| (stepped.loss, stepped.gradient_norm)), [(2.0, Some(1.0)), (1.0, Some(1.0))]);
}
