//! Checks the inputs of a run against their facts. Symbols such as the batch size get their values here, and every shape
//! becomes numbers.

use std::collections::BTreeMap;

use diadc_core::engine::{Draw, HostTensor, NamedTensors, RunError};
use diadc_core::fact::{Bindings, Fact, Shape};
use diadc_core::op::{INTS, MOST_ELEMENTS};
use diadc_core::plan::{Block, Plan, PlanInput, Work};

/// The shapes of all outputs of the steps of a block, as numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shapes {
    pub(super) steps: Vec<Vec<Vec<usize>>>,
    /// The same for the bodies of loops, by the number of the step.
    pub(super) bodies: BTreeMap<usize, Shapes>,
}

/// The values of the symbols of a plan.
///
/// A symbol takes its value from an input that has an axis with this symbol as its whole extent. If there is none, it
/// takes the number of samples in `draw` where it is the first extent of a random source. All other extents must agree.
///
/// # Errors
/// If an input is missing, unknown, or of another type or shape, or holds an integer of more than 32 bits.
pub(super) fn bind(plan: &Plan, inputs: &NamedTensors, draw: &Draw) -> Result<Bindings, RunError> {
    let function = || plan.name.clone();
    for name in inputs.keys() {
        if !plan.inputs.iter().any(|input| input.name == *name) {
            let known: Vec<String> = plan.inputs.iter().map(|input| format!("`{}`", input.name)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(RunError::UnknownInput { function: function(), name: name.clone(), known });
        }
    }
    let mut bindings = Bindings::new();
    for input in &plan.inputs {
        let Some(given) = inputs.get(&input.name) else {
            let (name, fact) = (input.name.clone(), input.fact.to_string());
            return Err(RunError::MissingInput { function: function(), name, fact });
        };
        collect(&input.fact.shape, &given.shape, &mut bindings);
    }
    for fact in &plan.randoms {
        if let Some(symbol) = fact.shape.0.first().and_then(|dim| dim.as_symbol()) {
            bindings.entry(symbol.clone()).or_insert(draw.samples.len() as i64);
        }
    }
    for input in &plan.inputs {
        let given = &inputs[&input.name];
        let expected = concrete(&input.fact.shape, &bindings, plan)?;
        if expected != given.shape || input.fact.dtype != given.data.dtype() {
            return Err(wrong(plan, input, &expected, given));
        }
        if let Some(value) = given.as_ints().into_iter().flatten().find(|n| !INTS.contains(n)) {
            return Err(RunError::LargeInput { function: function(), name: input.name.clone(), value: *value });
        }
    }
    Ok(bindings)
}

fn collect(shape: &Shape, given: &[usize], bindings: &mut Bindings) {
    for (dim, extent) in shape.0.iter().zip(given) {
        if let Some(symbol) = dim.as_symbol() {
            bindings.entry(symbol.clone()).or_insert(*extent as i64);
        }
    }
}

fn concrete(shape: &Shape, bindings: &Bindings, plan: &Plan) -> Result<Vec<usize>, RunError> {
    let unknown = || RunError::UnknownExtent { function: plan.name.clone(), shape: shape.to_string() };
    let extents = shape.value(bindings).ok_or_else(unknown)?;
    let count = extents.iter().try_fold(1_usize, |count, &extent| count.checked_mul(extent));
    let fits = extents.contains(&0) || count.is_some_and(|count| count as u64 <= MOST_ELEMENTS.cast_unsigned());
    if fits {
        return Ok(extents);
    }
    Err(RunError::TooLarge { function: plan.name.clone(), shape: format!("{extents:?}") })
}

fn wrong(plan: &Plan, input: &PlanInput, expected: &[usize], given: &HostTensor) -> RunError {
    let of = |shape: &[usize]| Shape(shape.iter().map(|&n| (n as i64).into()).collect());
    let found = Fact { dtype: given.data.dtype(), shape: of(&given.shape) };
    let concrete = of(expected);
    let expected = if concrete == input.fact.shape || expected.len() != given.shape.len() {
        input.fact.to_string()
    } else {
        format!("{}, here {concrete}", input.fact)
    };
    RunError::WrongInput { function: plan.name.clone(), name: input.name.clone(), expected, found: found.to_string() }
}

/// All shapes of a block under `bindings`.
///
/// # Errors
/// If a symbol has no value, or a tensor would be too large for any machine.
pub(super) fn shapes(plan: &Plan, block: &Block, bindings: &Bindings) -> Result<Shapes, RunError> {
    let mut found = Shapes::default();
    for (i, step) in block.steps.iter().enumerate() {
        let outputs: Result<_, _> = step.facts.iter().map(|fact| concrete(&fact.shape, bindings, plan)).collect();
        found.steps.push(outputs?);
        if let Work::Loop(run) = &step.work {
            found.bodies.insert(i, shapes(plan, &run.block, bindings)?);
        }
    }
    Ok(found)
}
