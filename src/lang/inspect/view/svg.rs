//! One function as a drawing: boxes within boxes down to a depth, in SVG, for light and dark.

use std::fmt::Write;

use diadc_core::graph::Function;

use crate::program::Program;
use crate::source::SourceMap;

use super::layered::{Arrangement, Link, Outline, arrange};
use super::scene::{Frame, Kind, Node, frame};

/// The look of boxes and lines, also that of the page.
pub(super) const STYLE: &str = include_str!("boxes.css");

/// Around the whole, around the inside of a box, and height of its heading.
const MARGIN: f64 = 20.0;
const INSET: f64 = 16.0;
const HEADING: f64 = 50.0;

/// One function as SVG, with calls and loops open down to a depth.
#[must_use]
pub fn svg(program: &Program, function: &Function, sources: &SourceMap, depth: usize) -> String {
    let drawing = Drawing::new(frame(program, function, sources), depth);
    let [width, height] = drawing.arrangement.size.map(|side| side + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\">\n<title>{} of {}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        escaped(&function.name),
        escaped(&program.name),
    );
    drawing.write(&mut out, [MARGIN, MARGIN]);
    out + "</svg>\n"
}

/// A frame in its place, with those of the boxes that are open.
struct Drawing {
    frame: Frame,
    inner: Vec<Option<Drawing>>,
    arrangement: Arrangement,
}

impl Drawing {
    fn new(mut frame: Frame, depth: usize) -> Drawing {
        let open =
            |node: &mut Node| node.inside.take().filter(|_| depth > 0).map(|inside| Drawing::new(inside, depth - 1));
        let inner: Vec<Option<Drawing>> = frame.nodes.iter_mut().map(open).collect();
        let outline = |(node, inner): (&Node, &Option<Drawing>)| match inner {
            Some(inner) => inner.outline(node),
            None => node.folded(),
        };
        let outlines = frame.nodes.iter().zip(&inner).map(outline).collect();
        let arrangement = arrange(&frame, outlines);
        Drawing { frame, inner, arrangement }
    }

    /// An open box from outside: lines go on where they do inside.
    fn outline(&self, node: &Node) -> Outline {
        let folded = node.folded();
        let [width, height] = self.arrangement.size;
        let outer = (width + 2.0 * INSET).max(folded.size[0]);
        let find = |kind: Kind, port: usize| {
            let place = self.frame.nodes.iter().position(|inner| inner.kind == kind && inner.port == Some(port));
            place.map_or(0.0, |place| self.arrangement.spots[place].x - width / 2.0)
        };
        Outline {
            size: [outer, height + HEADING + INSET],
            inputs: (0..node.inputs).map(|port| find(Kind::Input, port)).collect(),
            outputs: (0..node.outputs).map(|port| find(Kind::Output, port)).collect(),
        }
    }

    fn write(&self, out: &mut String, origin: [f64; 2]) {
        let mut labelled = vec![false; self.frame.wires.len()];
        let mut labels = String::new();
        for link in &self.arrangement.links {
            self.link(out, link, origin);
            let wire = &self.frame.wires[link.wire];
            if link.from == wire.from && !std::mem::replace(&mut labelled[link.wire], true) {
                self.label(&mut labels, link, &wire.shape, origin);
            }
        }
        for layer in &self.arrangement.layers {
            for &spot in layer.spots.iter().filter(|&&spot| spot < self.frame.nodes.len()) {
                let place = &self.arrangement.spots[spot];
                let [width, height] = place.outline.size;
                let at = [origin[0] + place.x - width / 2.0, origin[1] + layer.y + (layer.height - height) / 2.0];
                self.node(out, spot, at);
            }
        }
        out.push_str(&labels);
    }

    /// The lower edge of the spot that a link leaves, where it begins and ends to bend, and the upper edge of
    /// the spot that it reaches.
    fn edges(&self, link: &Link) -> [f64; 4] {
        let layer_of = |spot: usize| {
            let layers = &self.arrangement.layers;
            layers.iter().find(|layer| layer.spots.contains(&spot)).expect("each spot lies in a layer")
        };
        let (above, below) = (layer_of(link.from[0]), layer_of(link.to[0]));
        let height = |spot: usize| {
            let spot = &self.arrangement.spots[spot];
            spot.outline.size[1]
        };
        // A lane is as high as its layer.
        let is_lane = |spot: usize| spot >= self.frame.nodes.len();
        let bottom = above.y + above.height;
        let from = if is_lane(link.from[0]) { above.y } else { bottom - (above.height - height(link.from[0])) / 2.0 };
        let to = below.y + if is_lane(link.to[0]) { 0.0 } else { (below.height - height(link.to[0])) / 2.0 };
        [from, bottom + above.bend(), below.y, to]
    }

    fn link(&self, out: &mut String, link: &Link, [left, top]: [f64; 2]) {
        let [from, bottom, upper, to] = self.edges(link).map(|y| y + top);
        let x0 = left + self.arrangement.spots[link.from[0]].output(link.from[1]);
        let x1 = left + self.arrangement.spots[link.to[0]].input(link.to[1]);
        let middle = f64::midpoint(bottom, upper);
        writeln!(
            out,
            "<path class=\"wire\" d=\"M{x0:.1} {from:.1}V{bottom:.1}C{x0:.1} {middle:.1} {x1:.1} {middle:.1} \
             {x1:.1} {upper:.1}V{to:.1}\"/>"
        )
        .expect("writing to a string can't fail");
    }

    fn label(&self, out: &mut String, link: &Link, shape: &str, [left, top]: [f64; 2]) {
        let x = left + self.arrangement.spots[link.from[0]].output(link.from[1]);
        let [y, ..] = self.edges(link);
        let stands = self.arrangement.layers.iter().any(|layer| layer.stands && layer.spots.contains(&link.from[0]));
        let turn = if stands { "rotate(90) translate(7 -3)" } else { "translate(4 13)" };
        writeln!(
            out,
            "<text class=\"shape\" transform=\"translate({x:.1} {:.1}) {turn}\">{}</text>",
            y + top,
            escaped(shape)
        )
        .expect("writing to a string can't fail");
    }

    fn node(&self, out: &mut String, number: usize, [x, y]: [f64; 2]) {
        let (node, inner) = (&self.frame.nodes[number], &self.inner[number]);
        let [width, height] = self.arrangement.spots[number].outline.size;
        let open = if inner.is_some() { " open" } else { "" };
        let round = if node.kind == Kind::Operation { 5.0 } else { 8.0_f64.min(height / 2.0) };
        let (classes, heading, detail) = (node.classes(), escaped(&node.heading()), escaped(&node.detail()));
        let mut text = format!(
            "<g class=\"node {classes}{open}\"><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" rx=\"{round}\"/>"
        );
        let is_tall = !detail.is_empty();
        let line = match (is_tall, inner) {
            (true, _) => 19.0,
            (false, Some(_)) => 22.0,
            (false, None) => height / 2.0 + 4.0,
        };
        let middle = x + width / 2.0;
        text += &format!("<text class=\"title\" x=\"{middle:.1}\" y=\"{:.1}\">{heading}</text>", y + line);
        if is_tall {
            text += &format!("<text class=\"detail\" x=\"{middle:.1}\" y=\"{:.1}\">{detail}</text>", y + 35.0);
        }
        out.push_str(&text);
        out.push_str("</g>\n");
        if let Some(inner) = inner {
            let side = (width - inner.arrangement.size[0]) / 2.0;
            inner.write(out, [x + side, y + HEADING]);
        }
    }
}

/// A text as XML takes it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
