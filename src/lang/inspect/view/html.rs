//! Functions as one page in which boxes open: it needs nothing beside it and fetches nothing.
//!
//! Each frame is arranged here as if all boxes in it were folded. The script of the page only makes room: when a
//! box opens, what is below moves down and what is beside moves aside, so that nothing else changes its place.

use serde_json::{Value, json};

use diadc_core::graph::Function;

use crate::program::Program;
use crate::source::SourceMap;

use super::layered::arrange;
use super::scene::{Frame, Node, frame};
use super::svg::{STYLE, escaped};

const PAGE_STYLE: &str = include_str!("page.css");
const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");

/// Functions of a program as a page.
#[must_use]
pub fn html(program: &Program, functions: &[Function], sources: &SourceMap) -> String {
    let functions: Vec<Value> = functions
        .iter()
        .map(|function| {
            let trained = program.objectives.iter().any(|objective| objective.name == function.name);
            let root = inside(frame(program, function, sources));
            json!({ "name": function.name, "operations": operations(&function.graph), "objective": trained, "root": root })
        })
        .collect();
    let texts: Vec<Value> = sources.iter().map(|source| json!([source.name, source.text])).collect();
    let data = json!({ "model": program.name, "functions": functions, "sources": texts }).to_string();
    // No text can end the script that holds the data.
    let data = data.replace('<', "\\u003c");
    PAGE.replace("{TITLE}", &escaped(&program.name))
        .replace("{STYLE}", &format!("{STYLE}{PAGE_STYLE}"))
        .replace("{SCRIPT}", SCRIPT)
        .replace("{DATA}", &data)
}

/// Operations, also those within loops, each once.
fn operations(graph: &diadc_core::graph::Graph) -> usize {
    let inner = graph.nodes().map(|(_, node)| match &node.task {
        diadc_core::graph::Task::Loop(run) => 1 + operations(&run.body),
        diadc_core::graph::Task::Op(op) => {
            usize::from(op.stored().is_none() && !matches!(op, diadc_core::op::Op::Input { .. }))
        }
    });
    inner.sum()
}

/// A frame with its places, as the script reads it.
fn inside(frame: Frame) -> Value {
    let arrangement = arrange(&frame, frame.nodes.iter().map(Node::folded).collect());
    let layers: Vec<Value> = arrangement
        .layers
        .iter()
        .map(|layer| json!({ "y": tenth(layer.y), "h": tenth(layer.height), "bend": layer.bend(), "stands": layer.stands, "spots": layer.spots }))
        .collect();
    let spots: Vec<Value> = arrangement.spots.iter().map(|spot| json!(tenth(spot.x))).collect();
    let links: Vec<Value> = arrangement.links.iter().map(|link| json!([link.wire, link.from, link.to])).collect();
    let shapes: Vec<&str> = frame.wires.iter().map(|wire| wire.shape.as_str()).collect();
    let [width, height] = arrangement.size.map(tenth);
    json!({
        "w": width, "h": height, "layers": layers, "spots": spots, "links": links, "shapes": shapes,
        "nodes": frame.nodes.into_iter().map(node).collect::<Vec<_>>(),
    })
}

fn node(mut node: Node) -> Value {
    let frame = node.inside.take();
    let [width, height] = node.folded().size.map(tenth);
    let (classes, heading, detail) = (node.classes(), node.heading(), node.detail());
    let mut value = serde_json::to_value(node).expect("a node is plain data");
    let fields = value.as_object_mut().expect("a node has fields");
    for (name, extra) in
        [("w", json!(width)), ("h", json!(height)), ("class", json!(classes)), ("detail", json!(detail))]
    {
        fields.insert(name.to_owned(), extra);
    }
    if fields.get("title") != Some(&json!(heading)) {
        fields.insert("heading".to_owned(), json!(heading));
    }
    if let Some(frame) = frame {
        fields.insert("inside".to_owned(), inside(frame));
    }
    value
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
