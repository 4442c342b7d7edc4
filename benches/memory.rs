//! How much memory functions and steps of training really take, beside what `diadc cost` says.
//!
//! Each line is measured in a process of its own, as the most memory that was resident, less the pages of the program
//! and less what it held before the weights came. Only Linux tells that. What the allocator and the threads hold back
//! is measured as well and not estimated, which weighs most with small models.
#![allow(clippy::print_stdout, reason = "what is measured is what it prints")]

use std::collections::BTreeMap;
use std::process::Command;

use diadc::compile::compile;
use diadc::execute::{Descent, DeviceChoice, Draw, Engine, HostTensor, NamedTensors, open};
use diadc::fact::{Bindings, Precision};
use diadc::graph::program::Program;
use diadc::optimize::optimize;
use diadc::plan::memory::{Circumstances, inference, training};
use diadc::plan::{Plan, plan};
use diadc::resolve::Location;
use diadc::weight::Assembly;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CASES: [(&str, &str); 7] = [
    ("tiny", "score"),
    ("tiny", "denoise"),
    ("tiny", "autoencoding"),
    ("tiny", "denoising"),
    ("tiny", "comparing"),
    ("small", "score"),
    ("small", "denoising"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [spec, function, batch] = arguments.as_slice() {
        return measure(spec, function, batch.parse().expect("a batch is a number"));
    }
    println!("{:<26}{:>6}{:>12}{:>12}{:>9}", "", "batch", "estimated", "measured", "off by");
    for (spec, function) in CASES {
        for batch in [1, 4, 8, 16] {
            let this = std::env::current_exe().expect("a program knows where it lies");
            let output =
                Command::new(this).args([spec, function, &batch.to_string()]).output().expect("it can be started");
            print!("{}", String::from_utf8_lossy(&output.stdout));
        }
    }
}

fn measure(spec: &str, function: &str, batch: usize) {
    let compiled = compile(&Location::of(spec), &[]).expect("the specs of this repository are right");
    let program = &compiled.program;
    let objective = program.objectives.iter().find(|objective| objective.name == function);
    let trained = objective.map(|objective| objective.trains.clone()).unwrap_or_default();
    let plan = plan(&optimize(program.function(function).expect("it is there")), &trained);
    let phase = program.phases.iter().find(|phase| phase.objectives.iter().any(|name| name == function));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let circumstances = Circumstances { batch, precision: Precision::F32, cores };
    let estimate = match phase {
        Some(phase) => training(program, &plan, phase, circumstances),
        None => inference(program, &plan, circumstances),
    };
    let estimate = estimate.expect("only the batch is open").total();
    let inputs = inputs(&plan, batch);
    // From here on the highest mark counts anew.
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux takes the mark back");
    let before = status("RssAnon:");
    let mut engine = open(DeviceChoice::Cpu, Precision::F32).expect("the CPU is always there");
    Assembly::first(program).hand_over(1, engine.as_mut(), &mut |_, _| {}).expect("first values can be made");
    run(program, plan, engine.as_mut(), &inputs, batch, function);
    let measured = status("VmHWM:").saturating_sub(status("RssFile:") + before);
    let off = 100.0 * (estimate as f64 / measured as f64 - 1.0);
    let mega = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    println!("{:<26}{batch:>6}{:>12}{:>12}{off:>+8.1}%", format!("{spec} {function}"), mega(estimate), mega(measured));
}

fn run(program: &Program, plan: Plan, engine: &mut dyn Engine, inputs: &NamedTensors, batch: usize, function: &str) {
    let phase = program.phases.iter().find(|phase| phase.objectives.iter().any(|name| name == function));
    let plan = engine.add(plan);
    for step in 0..3 {
        let draw = Draw { seed: 1, step, samples: (0..batch as u64).collect() };
        match phase {
            None => drop(engine.evaluate(plan, inputs, &draw).expect("it runs")),
            Some(phase) => {
                engine.accumulate(plan, inputs, &draw, 1.0).expect("it runs");
                engine.descend(plan, &Descent { optimizer: phase.optimizer, factor: 1.0, clip_norm: phase.clip_norm });
            }
        }
    }
}

fn inputs(plan: &Plan, batch: usize) -> NamedTensors {
    let bindings = Bindings::from([("B".into(), batch as i64)]);
    let made = plan.inputs.iter().map(|input| {
        let shape = input.fact.shape.value(&bindings).expect("only the batch is open");
        let count = shape.iter().product();
        let tensor = match input.fact.dtype {
            diadc::fact::DType::Int => HostTensor::ints(&shape, vec![1; count]),
            _ => HostTensor::floats(&shape, (0..count).map(|i| (i % 17) as f32 / 17.0).collect()),
        };
        (input.name.clone(), tensor)
    });
    made.collect::<BTreeMap<_, _>>()
}

fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("Linux tells");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("it is a number") * 1024
}
