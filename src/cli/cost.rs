//! `diadc cost`: parameters, multiply-adds and memory.

use clap::Args;

use crate::compile::Compiled;
use crate::diagnostic::{grouped, significant};
use crate::fact::Precision;
use crate::plan::memory::{Footprint, Held, Need, NeedKind, needs};
use crate::plan::{Cost as Costs, cost};

use crate::execute::{DeviceChoice, threads};
use crate::experiment::Target;

use super::arguments::{SpecArguments, TableFormat};
use super::failure::Failure;
use super::terminal;

/// How many groups of weights, and how many calls of parts, are shown for each part and function.
const SHOWN: usize = 6;

const RULE: &str = "one multiply-add for each product that is summed in a convolution, a matrix product or attention; \
                    nothing for biases, activations, normalisations, resizing and sums; one image";

/// Counts parameters by part, multiply-adds by function, and the memory that each needs
///
/// A function is counted as it is written and as it runs after optimisation; what is the same in every run is
/// computed only once and counted separately. Memory is the most that is resident at once, a number that a run prints
/// when it ends. What a run keeps of images, decoded ones and features of frozen parts, and the scores that metrics keep
/// come on top of it.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc cost specs/diad.diad
  diadc cost specs/diad.diad --batch 4 --device cuda --precision bf16
  diadc cost specs/diad.diad --set fusion=off --set steps=5 --format json")]
pub(super) struct Cost {
    #[command(flatten)]
    spec: SpecArguments,

    /// Images of a batch [default: 1 for functions, the batch of the spec for training]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,

    /// The device whose memory is estimated; on the CPU, convolutions take some more
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceChoice,

    /// Precision of products: f32 or bf16
    #[arg(long, value_name = "PRECISION", default_value_t)]
    precision: Precision,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

impl Cost {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let costs = cost(&compiled.program);
        let (batch, precision) = (self.batch.map(|batch| batch as usize), self.precision);
        let target = Target { device: self.device, precision, threads: threads() };
        let needs = needs(&compiled.program, batch, precision, target.cores());
        terminal::result(&match self.format {
            TableFormat::Table => {
                let heading = format!("memory in MB, {}, {}", self.device, precision);
                table(&costs) + &memory(&compiled, &needs, &heading)
            }
            TableFormat::Json => json(&costs, &memory_json(&compiled, &needs, self.device, precision)),
        });
        Ok(())
    }
}

fn memory(compiled: &Compiled, needs: &[Need], heading: &str) -> String {
    let mega = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    let columns = ["program", "weights", "gradients", "optimiser", "activations", "in all"];
    let titles: String = columns.iter().map(|title| format!("{title:>13}")).collect();
    let mut text = format!("\n{heading:<34}{:>7}{titles}\n", "batch");
    for need in needs {
        let name = match need.kind {
            NeedKind::Training => format!("training {}", need.name),
            NeedKind::Function | NeedKind::Fit => need.name.clone(),
        };
        let Some(footprint) = &need.footprint else {
            text += &format!("{name:<34}{:>7}{:>13}\n", need.batch, "open");
            continue;
        };
        let Footprint { program, weights, gradients, optimizer, activations, .. } = *footprint;
        let numbers = [program, weights, gradients, optimizer, activations];
        let numbers: String =
            numbers.into_iter().chain([footprint.total()]).map(|n| format!("{:>13}", mega(n))).collect();
        text += &format!("{name:<34}{:>7}{numbers}\n", need.batch);
        for held in footprint.largest.iter().take(if need.kind == NeedKind::Training { SHOWN } else { SHOWN / 2 }) {
            text += &format!("    {:>8}  {}\n", mega(held.bytes), description(compiled, held).join("  "));
        }
    }
    text + "\nActivations are all other values that are held at the peak; the largest of them are listed. The sum is the most \
                memory that is resident at once; what a run keeps of images and the scores that metrics keep come on top.\n"
}

/// The operation that made a value, the calls that it stands in, and its place in the spec.
fn description(compiled: &Compiled, held: &Held) -> Vec<String> {
    let Some(origin) = held.origin else { return vec![held.what.clone()] };
    let mut calls = Vec::new();
    let mut at = Some(origin.scope);
    while let Some(scope) = at.and_then(|id| compiled.program.scopes.get(id.0 as usize)) {
        calls.push(scope.label.to_string());
        at = scope.parent;
    }
    calls.pop();
    calls.reverse();
    calls.retain(|call| !call.is_empty());
    let calls = (!calls.is_empty()).then(|| format!("in {}", calls.join(" > ")));
    let place = compiled.sources.place(origin.span);
    std::iter::once(held.what.clone()).chain(calls).chain(std::iter::once(place)).collect()
}

fn memory_json(compiled: &Compiled, needs: &[Need], device: DeviceChoice, precision: Precision) -> serde_json::Value {
    let rows = needs.iter().map(|need| {
        let footprint = need.footprint.as_ref().map(|footprint| {
            let largest = footprint.largest.iter().take(SHOWN).map(|held| {
                let place = held.origin.map(|origin| compiled.sources.place(origin.span));
                serde_json::json!({ "what": held.what, "place": place, "bytes": held.bytes })
            });
            serde_json::json!({
                "program": footprint.program, "weights": footprint.weights, "gradients": footprint.gradients, "optimizer": footprint.optimizer,
                "activations": footprint.activations, "total": footprint.total(),
                "largest": largest.collect::<Vec<_>>(),
            })
        });
        serde_json::json!({
            "name": need.name, "batch": need.batch, "training": need.kind == NeedKind::Training, "fit": need.kind == NeedKind::Fit,
            "bytes": footprint,
        })
    });
    serde_json::json!({
        "device": device.to_string(), "precision": precision.to_string(), "peaks": rows.collect::<Vec<_>>(),
    })
}

fn table(costs: &Costs) -> String {
    let mut text = format!("{:<34}{:>16}{:>16}\n", "parameters", "all", "trained");
    for part in &costs.parts {
        let name = format!("{} ({})", part.part.name, part.part.block);
        text += &format!("{name:<34}{:>16}{:>16}\n", grouped(part.parameters), grouped(part.trained));
        for (name, parameters) in part.largest.iter().take(SHOWN) {
            text += &format!("    {name:<30}{:>16}\n", grouped(parameters));
        }
    }
    let sum = |of: &dyn Fn(&crate::plan::PartCost) -> u64| grouped(costs.parts.iter().map(of).sum::<u64>());
    text += &format!("{:<34}{:>16}{:>16}\n", "all parts", sum(&|part| part.parameters), sum(&|part| part.trained));
    text += &format!("\n{:<34}{:>16}{:>16}{:>16}\n", "multiply-adds in G", "as written", "as it runs", "once");
    for function in &costs.functions {
        let [written, optimized, once] = [function.written, function.optimized, function.once].map(giga);
        let passes = match function.passes {
            None => String::new(),
            Some(1) => "   one pass".to_owned(),
            Some(passes) => format!("   {passes} passes"),
        };
        text += &format!("{:<34}{written:>16}{optimized:>16}{once:>16}{passes}\n", function.name);
        if let Some(trained) = function.trained {
            text += &format!("    {:<30}{:>16}{:>16}\n", "with its gradients", "", giga(Some(trained)));
        }
        for call in function.calls.iter().take(SHOWN) {
            let (each, times) = (giga(Some(call.total / call.runs.max(1))), call.runs);
            let name = if times == 1 { call.name.clone() } else { format!("{} {times} x {each}", call.name) };
            text += &format!("    {name:<30}{:>16}\n", giga(Some(call.total)));
        }
    }
    text + &format!("\nCounted: {RULE}.\n")
}

fn giga(count: Option<u64>) -> String {
    count.map_or_else(|| "open".to_owned(), |count| significant(count as f64 / 1e9))
}

fn json(costs: &Costs, memory: &serde_json::Value) -> String {
    let parts: Vec<serde_json::Value> = costs
        .parts
        .iter()
        .map(|part| {
            serde_json::json!({
                "name": part.part.name, "block": part.part.block, "path": part.part.path,
                "parameters": part.parameters, "trained": part.trained,
                "largest": part.largest.iter().take(SHOWN).collect::<Vec<_>>(),
            })
        })
        .collect();
    let functions: Vec<serde_json::Value> = costs
        .functions
        .iter()
        .map(|function| {
            let calls = function
                .calls
                .iter()
                .map(|call| serde_json::json!({ "name": call.name, "runs": call.runs, "multiply_adds": call.total }));
            serde_json::json!({
                "name": function.name, "written": function.written, "optimized": function.optimized,
                "once": function.once, "trained": function.trained, "passes": function.passes, "calls": calls.collect::<Vec<_>>(),
            })
        })
        .collect();
    format!("{}\n", serde_json::json!({ "rule": RULE, "parts": parts, "functions": functions, "memory": memory }))
}
