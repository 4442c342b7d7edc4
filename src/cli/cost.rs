//! `diadc cost`: parameters and multiply-adds.

use clap::{Args, ValueEnum};

use crate::plan::{Cost as Costs, cost};

use super::arguments::SpecArguments;
use super::check::grouped;
use super::failure::Failure;
use super::terminal;

/// Groups of weights and calls of parts that are shown of each.
const SHOWN: usize = 6;

const RULE: &str = "one multiply-add for each product that is summed in a convolution, a matrix product or attention; \
                    nothing for biases, activations, normalisations, resizing and sums; one image";

/// Counts parameters by part and multiply-adds by function
///
/// A function is counted as it is written and as it runs after optimisation; what is the same in every run is
/// computed once and set apart.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc cost specs/diad.diad
  diadc cost specs/diad.diad --set fusion=off --set steps=5 --format json")]
pub(super) struct Cost {
    #[command(flatten)]
    spec: SpecArguments,

    /// Format
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

impl Cost {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let costs = cost(&compiled.program);
        terminal::result(&match self.format {
            Format::Table => table(&costs),
            Format::Json => json(&costs),
        });
        Ok(())
    }
}

fn table(costs: &Costs) -> String {
    let count = |n: u64| grouped(n as usize);
    let mut text = format!("{:<34}{:>16}{:>16}\n", "parameters", "all", "trained");
    for part in &costs.parts {
        let name = format!("{} ({})", part.part.name, part.part.block);
        text += &format!("{name:<34}{:>16}{:>16}\n", count(part.parameters), count(part.trained));
        for (name, parameters) in part.largest.iter().take(SHOWN) {
            text += &format!("    {name:<30}{:>16}\n", count(*parameters));
        }
    }
    let sum = |of: &dyn Fn(&crate::plan::PartCost) -> u64| count(costs.parts.iter().map(of).sum());
    text += &format!("{:<34}{:>16}{:>16}\n", "all parts", sum(&|part| part.parameters), sum(&|part| part.trained));
    text += &format!("\n{:<34}{:>16}{:>16}{:>16}\n", "multiply-adds in G", "as written", "as it runs", "once");
    for function in &costs.functions {
        let [written, optimized, once] = [function.written, function.optimized, function.once].map(giga);
        text += &format!("{:<34}{written:>16}{optimized:>16}{once:>16}\n", function.name);
        for call in function.calls.iter().take(SHOWN) {
            let (each, times) = (giga(Some(call.total / call.runs.max(1))), call.runs);
            let name = if times == 1 { call.name.clone() } else { format!("{} {times} x {each}", call.name) };
            text += &format!("    {name:<30}{:>16}\n", giga(Some(call.total)));
        }
    }
    text + &format!("\nCounted: {RULE}.\n")
}

fn giga(count: Option<u64>) -> String {
    count.map_or_else(|| "open".to_owned(), |count| format!("{:.2}", count as f64 / 1e9))
}

fn json(costs: &Costs) -> String {
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
                "once": function.once, "calls": calls.collect::<Vec<_>>(),
            })
        })
        .collect();
    format!("{}\n", serde_json::json!({ "rule": RULE, "parts": parts, "functions": functions }))
}
