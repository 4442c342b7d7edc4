//! Where boxes and lines go: a layered drawing from top to bottom (after Sugiyama, Tagawa and Toda, 1981).
//!
//! In: sizes of boxes, each after those it depends on, and wires between them. Out: layers, the order and the place
//! of each box in its layer, and for each wire its way down. A wire that passes layers has one lane in each of them,
//! however many boxes it leads to. The order is that with the fewest crossings that sweeps of barycentres find; places
//! are, for that order, as near below and above their neighbours as can be, in the sense of least squares.

use std::collections::HashMap;

use super::scene::{Frame, Kind};

/// Space between two boxes of a layer, and around a lane.
const BESIDE: f64 = 26.0;
const LANE: f64 = 13.0;
/// Space between two layers: for a label that lies, and for labels that stand.
const BELOW: f64 = 52.0;
const FAR_BELOW: f64 = 124.0;
/// How much of it lines go straight down.
const STRAIGHT: f64 = 16.0;
const STRAIGHT_FAR: f64 = 88.0;
/// Width of a letter of a label.
const LETTER: f64 = 5.6;
/// Sweeps down and up.
const SWEEPS: usize = 12;

/// Width and height.
pub(super) type Size = [f64; 2];

/// Boxes and lanes in their places.
#[derive(Debug)]
pub(super) struct Arrangement {
    /// First a spot for each node of the frame, then the lanes.
    pub(super) spots: Vec<Spot>,
    /// The spots of each layer, from left to right.
    pub(super) layers: Vec<Layer>,
    pub(super) links: Vec<Link>,
    pub(super) size: Size,
}

/// A box from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    pub(super) size: Size,
    /// How far to the right of the middle lines come in above, and go out below.
    pub(super) inputs: Vec<f64>,
    pub(super) outputs: Vec<f64>,
}

/// Something that takes room in a layer.
#[derive(Debug)]
pub(super) struct Spot {
    /// Horizontal middle.
    pub(super) x: f64,
    pub(super) outline: Outline,
    layer: usize,
}

/// A layer.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) spots: Vec<usize>,
    /// Upper edge and height.
    pub(super) y: f64,
    pub(super) height: f64,
    /// Whether labels below it stand upright, since there is no room to lie.
    pub(super) stands: bool,
}

impl Layer {
    /// How far below it lines go straight down, so that they do not cross their labels.
    pub(super) fn bend(&self) -> f64 {
        if self.stands { STRAIGHT_FAR } else { STRAIGHT }
    }
}

/// A piece of a wire, from one layer to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) wire: usize,
    /// Spot and output.
    pub(super) from: [usize; 2],
    /// Spot and input.
    pub(super) to: [usize; 2],
}

impl Outline {
    /// A folded box, whose lines are spread evenly over its width.
    pub(super) fn folded(size: Size, inputs: usize, outputs: usize) -> Outline {
        let spread =
            |count: usize| (1..=count).map(|port| size[0] * (port as f64 / (count + 1) as f64 - 0.5)).collect();
        Outline { size, inputs: spread(inputs), outputs: spread(outputs) }
    }

    fn lane() -> Outline {
        Outline { size: [0.0, 0.0], inputs: vec![0.0], outputs: vec![0.0] }
    }
}

impl Spot {
    fn is_lane(&self) -> bool {
        self.outline.size[0] == 0.0
    }

    /// Where an output is.
    pub(super) fn output(&self, port: usize) -> f64 {
        self.x + self.outline.outputs[port]
    }

    /// Where an input is.
    pub(super) fn input(&self, port: usize) -> f64 {
        self.x + self.outline.inputs[port]
    }
}

/// Places the nodes of a frame, which look like this from outside.
pub(super) fn arrange(frame: &Frame, outlines: Vec<Outline>) -> Arrangement {
    let layer_of = layers(frame);
    let mut spots: Vec<Spot> =
        outlines.into_iter().zip(&layer_of).map(|(outline, layer)| Spot { x: 0.0, outline, layer: *layer }).collect();
    let links = route(frame, &mut spots);
    let count = spots.iter().map(|spot| spot.layer + 1).max().unwrap_or(0);
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (number, spot) in spots.iter().enumerate() {
        order[spot.layer].push(number);
    }
    let neighbours = Neighbours::new(spots.len(), &links);
    let order = untangle(order, &spots, &links, &neighbours);
    place(&order, &mut spots, &links, &neighbours);
    finish(frame, order, spots, links)
}

/// The layer of each node: below all that it depends on; what depends on nothing right above its first use.
fn layers(frame: &Frame) -> Vec<usize> {
    let mut layers = vec![0; frame.nodes.len()];
    let mut taken = vec![false; frame.nodes.len()];
    let mut by_source: Vec<&super::scene::Wire> = frame.wires.iter().collect();
    by_source.sort_by_key(|wire| wire.from[0]);
    for wire in &by_source {
        for to in &wire.to {
            layers[to[0]] = layers[to[0]].max(layers[wire.from[0]] + 1);
            taken[to[0]] = true;
        }
    }
    for wire in by_source.iter().rev() {
        let from = wire.from[0];
        if !taken[from] && frame.nodes[from].kind != Kind::Input {
            let first = frame.wires.iter().filter(|wire| wire.from[0] == from).flat_map(|wire| &wire.to);
            layers[from] = first.map(|to| layers[to[0]] - 1).min().unwrap_or(0);
        }
    }
    let last = layers.iter().copied().max().unwrap_or(0);
    for (layer, node) in layers.iter_mut().zip(&frame.nodes) {
        if node.kind == Kind::Output {
            *layer = last;
        }
    }
    layers
}

/// Cuts wires into links, and adds a spot for each layer that a wire passes.
fn route(frame: &Frame, spots: &mut Vec<Spot>) -> Vec<Link> {
    let mut links = Vec::new();
    for (number, wire) in frame.wires.iter().enumerate() {
        let from = spots[wire.from[0]].layer;
        let mut lanes: Vec<[usize; 2]> = vec![wire.from];
        let last = wire.to.iter().map(|to| spots[to[0]].layer).max().unwrap_or(from);
        for layer in from + 1..last {
            spots.push(Spot { x: 0.0, outline: Outline::lane(), layer });
            let lane = [spots.len() - 1, 0];
            links.push(Link { wire: number, from: lanes[lanes.len() - 1], to: lane });
            lanes.push(lane);
        }
        for to in &wire.to {
            let before = spots[to[0]].layer - from - 1;
            links.push(Link { wire: number, from: lanes[before], to: *to });
        }
    }
    links
}

/// The links that lead to each spot and away from it.
struct Neighbours {
    above: Vec<Vec<Link>>,
    below: Vec<Vec<Link>>,
}

impl Neighbours {
    fn new(count: usize, links: &[Link]) -> Neighbours {
        let mut own = Neighbours { above: vec![Vec::new(); count], below: vec![Vec::new(); count] };
        for link in links {
            own.above[link.to[0]].push(*link);
            own.below[link.from[0]].push(*link);
        }
        own
    }
}

/// An order of each layer with few crossings.
fn untangle(mut order: Vec<Vec<usize>>, spots: &[Spot], links: &[Link], neighbours: &Neighbours) -> Vec<Vec<usize>> {
    let mut best = (crossings(&order, spots, links), order.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let down = sweep % 2 == 0;
        let mut rank = ranks(&order, spots.len());
        let layers: Vec<usize> = if down { (1..order.len()).collect() } else { (0..order.len() - 1).rev().collect() };
        for layer in layers {
            let key = |spot: usize| barycentre(spot, down, spots, &rank, neighbours).unwrap_or(rank[spot]);
            let mut keyed: Vec<(f64, usize)> = order[layer].iter().map(|&spot| (key(spot), spot)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            order[layer] = keyed.into_iter().map(|(_, spot)| spot).collect();
            order[layer].iter().enumerate().for_each(|(place, &spot)| rank[spot] = place as f64);
        }
        let count = crossings(&order, spots, links);
        if count < best.0 {
            best = (count, order.clone());
        }
    }
    best.1
}

fn ranks(order: &[Vec<usize>], count: usize) -> Vec<f64> {
    let mut ranks = vec![0.0; count];
    for layer in order {
        layer.iter().enumerate().for_each(|(place, &spot)| ranks[spot] = place as f64);
    }
    ranks
}

/// The mean place of the neighbours above or below, ports counted as parts of a place.
fn barycentre(spot: usize, down: bool, spots: &[Spot], rank: &[f64], neighbours: &Neighbours) -> Option<f64> {
    let links = if down { &neighbours.above[spot] } else { &neighbours.below[spot] };
    let port = |end: [usize; 2], count: usize| rank[end[0]] + (end[1] + 1) as f64 / (count + 1) as f64 - 0.5;
    let above = |link: &Link| port(link.from, spots[link.from[0]].outline.outputs.len());
    let below = |link: &Link| port(link.to, spots[link.to[0]].outline.inputs.len());
    let places = links.iter().map(|link| if down { above(link) } else { below(link) });
    (!links.is_empty()).then(|| places.sum::<f64>() / links.len() as f64)
}

/// How many pairs of links cross.
fn crossings(order: &[Vec<usize>], spots: &[Spot], links: &[Link]) -> usize {
    let rank = ranks(order, spots.len());
    let mut by_layer: HashMap<usize, Vec<(f64, f64)>> = HashMap::new();
    let part = |end: [usize; 2], count: usize| rank[end[0]] + (end[1] + 1) as f64 / (count + 1) as f64;
    for link in links {
        let from = part(link.from, spots[link.from[0]].outline.outputs.len());
        let to = part(link.to, spots[link.to[0]].outline.inputs.len());
        by_layer.entry(spots[link.from[0]].layer).or_default().push((from, to));
    }
    let crossed = |a: &(f64, f64), b: &(f64, f64)| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1);
    let of_layer = |links: &Vec<(f64, f64)>| -> usize {
        links.iter().enumerate().map(|(i, a)| links[i + 1..].iter().filter(|b| crossed(a, b)).count()).sum()
    };
    (0..order.len()).filter_map(|layer| by_layer.get(&layer)).map(of_layer).sum()
}

/// Moves spots to below, then above their neighbours, in turns; the order stays.
fn place(order: &[Vec<usize>], spots: &mut [Spot], links: &[Link], neighbours: &Neighbours) {
    for layer in order {
        let start = vec![0.0; layer.len()];
        settle(layer, spots, &start);
    }
    if links.is_empty() {
        return;
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let layers: Vec<usize> = if down { (0..order.len()).collect() } else { (0..order.len()).rev().collect() };
        for layer in layers {
            let wish = |&spot: &usize| wished(spot, down, spots, neighbours).unwrap_or(spots[spot].x);
            let wishes: Vec<f64> = order[layer].iter().map(wish).collect();
            settle(&order[layer], spots, &wishes);
        }
    }
}

/// Where a spot would hang straight, below or above its neighbours.
fn wished(spot: usize, down: bool, spots: &[Spot], neighbours: &Neighbours) -> Option<f64> {
    let at = |link: &Link, is_above: bool| {
        let (from, to) = (&spots[link.from[0]], &spots[link.to[0]]);
        if is_above {
            from.output(link.from[1]) - to.outline.inputs[link.to[1]]
        } else {
            to.input(link.to[1]) - from.outline.outputs[link.from[1]]
        }
    };
    let links = if down { &neighbours.above[spot] } else { &neighbours.below[spot] };
    let sum: f64 = links.iter().map(|link| at(link, down)).sum();
    (!links.is_empty()).then(|| sum / links.len() as f64)
}

/// Puts the spots of a layer as near as can be to where they wish to be (least squares), by pooling neighbours that
/// would overlap.
fn settle(layer: &[usize], spots: &mut [Spot], wishes: &[f64]) {
    // In places less the room that is needed on the left, the order is all that is left to keep.
    let mut needed = 0.0;
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    let mut rooms = Vec::new();
    for (i, &spot) in layer.iter().enumerate() {
        if i > 0 {
            needed += apart(&spots[layer[i - 1]], &spots[spot]);
        }
        rooms.push(needed);
        let weight = if spots[spot].is_lane() { 2.0 } else { 1.0 };
        pools.push((wishes[i] - needed, weight, 1));
        while let [.., left, right] = pools[..]
            && left.0 > right.0
        {
            let weight = left.1 + right.1;
            pools.truncate(pools.len() - 2);
            pools.push(((left.0 * left.1 + right.0 * right.1) / weight, weight, left.2 + right.2));
        }
    }
    let places = pools.iter().flat_map(|(place, _, count)| std::iter::repeat_n(*place, *count));
    for ((&spot, place), room) in layer.iter().zip(places).zip(rooms) {
        spots[spot].x = place + room;
    }
}

/// The distance of two middles.
fn apart(left: &Spot, right: &Spot) -> f64 {
    let gap = |spot: &Spot| if spot.is_lane() { LANE } else { BESIDE };
    f64::midpoint(left.outline.size[0], right.outline.size[0]) + gap(left).min(gap(right))
}

/// Heights of layers, and everything moved to the right of and below the origin.
fn finish(frame: &Frame, order: Vec<Vec<usize>>, mut spots: Vec<Spot>, links: Vec<Link>) -> Arrangement {
    let left = spots.iter().map(|spot| spot.x - spot.outline.size[0] / 2.0).fold(f64::INFINITY, f64::min);
    let left = if left.is_finite() { left } else { 0.0 };
    spots.iter_mut().for_each(|spot| spot.x -= left);
    let mut stands = vec![false; order.len()];
    for wire in &frame.wires {
        let from = &spots[wire.from[0]];
        let room = from.outline.size[0] / (from.outline.outputs.len() + 1) as f64;
        stands[from.layer] |= from.outline.outputs.len() > 1 && room < wire.shape.len() as f64 * LETTER;
    }
    let mut y = 0.0;
    let mut layers = Vec::new();
    for (spots_of_layer, stands) in order.into_iter().zip(stands) {
        let height = spots_of_layer.iter().map(|&spot| spots[spot].outline.size[1]).fold(0.0, f64::max);
        layers.push(Layer { spots: spots_of_layer, y, height, stands });
        y += height + if stands { FAR_BELOW } else { BELOW };
    }
    let bottom = layers.last().map_or(0.0, |layer| layer.y + layer.height);
    let right = spots.iter().map(|spot| spot.x + spot.outline.size[0] / 2.0).fold(0.0, f64::max);
    Arrangement { spots, layers, links, size: [right, bottom] }
}
