//! How much memory functions and steps of training really take, beside what `diadc cost` says.
//!
//! Each line is measured in a process of its own: the most memory that was resident, as Linux tells it, and the most that
//! was in use at once for tensors and by threads, as the allocator counts it. Both are shown beside the estimate, with and
//! without the program itself. An estimate may be off by 10 % for inference and by 15 % for training; otherwise this ends badly.
#![allow(clippy::print_stdout, reason = "what is measured is what it prints")]
#![allow(unsafe_code, reason = "an allocator that counts is an allocator")]

use std::alloc::{GlobalAlloc, Layout};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use diadc::allocator::{Allocator, take_single_pages};
use diadc::compile::compile;
use diadc::execute::{DeviceChoice, Draw, Engine, HostTensor, NamedTensors, open, threads};
use diadc::fact::{Bindings, Precision};
use diadc::graph::program::{Program, plan_function};
use diadc::plan::Plan;
use diadc::plan::memory::{Circumstances, PROGRAM, inference, training};
use diadc::resolve::Location;
use diadc::weight::Assembly;

/// The allocator of the program, with a count of the bytes in use.
struct Counted {
    blocks: Allocator,
    used: AtomicUsize,
    most: AtomicUsize,
}

#[global_allocator]
static ALLOCATOR: Counted = Counted { blocks: Allocator::new(), used: AtomicUsize::new(0), most: AtomicUsize::new(0) };

impl Counted {
    fn take(&self, bytes: usize) {
        self.most.fetch_max(self.used.fetch_add(bytes, Relaxed) + bytes, Relaxed);
    }
}

// SAFETY: all blocks are those of the allocator inside.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: as the caller promises.
        unsafe { self.blocks.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: as the caller promises.
        unsafe { self.blocks.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.used.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { self.blocks.dealloc(block, layout) }
    }
}

const CASES: [(&str, &str); 7] = [
    ("tiny", "score"),
    ("tiny", "denoise"),
    ("tiny", "autoencoding"),
    ("tiny", "denoising"),
    ("tiny", "comparing"),
    ("small", "score"),
    ("small", "denoising"),
];

fn main() -> ExitCode {
    take_single_pages();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [spec, function, batch] = arguments.as_slice() {
        return measure(spec, function, batch.parse().expect("a batch is a number"));
    }
    println!("{:<26}{:>6}{:^32}{:^32}", "", "", "in use", "resident");
    println!(
        "{:<26}{:>6}{:>12}{:>11}{:>9}{:>12}{:>11}{:>9}",
        "", "batch", "estimated", "counted", "off by", "estimated", "measured", "off by"
    );
    let mut is_right = true;
    for (spec, function) in CASES {
        for batch in [1, 4, 8, 16] {
            let this = std::env::current_exe().expect("a program knows where it lies");
            let output =
                Command::new(this).args([spec, function, &batch.to_string()]).output().expect("it can be started");
            print!("{}", String::from_utf8_lossy(&output.stdout));
            is_right &= output.status.success();
        }
    }
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(spec: &str, function: &str, batch: usize) -> ExitCode {
    let compiled = compile(&Location::of(spec), &[]).expect("the specs of this repository are right");
    let program = &compiled.program;
    let objective = program.objectives.iter().find(|objective| objective.name == function);
    let trained = objective.map(|objective| objective.trains.clone()).unwrap_or_default();
    let phase = program.phases().find(|phase| phase.objectives.iter().any(|name| name == function));
    let own = program.function(function).expect("the function is there");
    let plan = match phase {
        Some(phase) => program.plan_in(phase, own, &trained),
        None => plan_function(own, &[]),
    };
    let circumstances = Circumstances { batch, precision: Precision::F32, cores: threads() };
    let estimate = match phase {
        Some(phase) => training(program, &plan, phase, circumstances),
        None => inference(program, &plan, circumstances),
    };
    let estimate = estimate.expect("only the batch is open");
    let before = ALLOCATOR.used.load(Relaxed);
    ALLOCATOR.most.store(before, Relaxed);
    let inputs = inputs(&plan, batch);
    let mut engine = open(DeviceChoice::Cpu, Precision::F32).expect("the CPU is always there");
    Assembly::first(program).hand_over(1, engine.as_mut(), &mut |_, _| {}).expect("first values can be made");
    // Zeros that nobody has written yet are not resident; those of a file would be.
    for (id, _) in program.weights() {
        let weight = engine.weight(id).expect("the CPU does not fail");
        engine.set_weight(id, weight);
    }
    run(program, plan, engine.as_mut(), &inputs, batch, function);
    let counted = (ALLOCATOR.most.load(Relaxed) - before) as u64;
    let resident = resident();
    let off = |estimate: u64, measured: u64| 100.0 * (estimate as f64 / measured as f64 - 1.0);
    let mega = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let tensors = estimate.total() - PROGRAM;
    let (in_use, in_all) = (off(tensors, counted), off(estimate.total(), resident));
    let limit = if phase.is_some() { 15.0 } else { 10.0 };
    println!(
        "{:<26}{batch:>6}{:>12}{:>11}{in_use:>+8.1}%{:>12}{:>11}{in_all:>+8.1}%  {} {limit} %",
        format!("{spec} {function}"),
        mega(tensors),
        mega(counted),
        mega(estimate.total()),
        mega(resident),
        if in_all.abs() <= limit { "within" } else { "NOT WITHIN" },
    );
    if in_all.abs() <= limit { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(program: &Program, plan: Plan, engine: &mut dyn Engine, inputs: &NamedTensors, batch: usize, function: &str) {
    let phase = program.phases().find(|phase| phase.objectives.iter().any(|name| name == function));
    let plan = engine.add(plan);
    for step in 0..3 {
        let draw = Draw { seed: 1, step, samples: (0..batch as u64).collect() };
        match phase {
            None => drop(engine.evaluate(plan, inputs, &draw).expect("it runs")),
            Some(phase) => {
                if phase.accumulate > 1 {
                    engine.accumulate(plan, inputs, &draw).expect("it runs");
                }
                engine.step(plan, inputs, &draw, 1.0).expect("it runs");
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
    made.collect::<NamedTensors>()
}

/// The most bytes that this process has held, which a run prints when it ends.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("it is a number") * 1024
}
