//! A function as one flat list of values, with loops unfolded into their bodies, so that a question about it is one
//! pass over the list.
//!
//! In: a graph. Out: a [`Cell`] for each value, after those it is computed from. One kind of cell is an exception: what a
//! loop carries from step to step has as inputs its start and the end of the step before, which comes later in the list.

use diadc_core::fact::Fact;
use diadc_core::graph::{Function, Graph, Loop, Origin, Task, ValueId};
use diadc_core::op::{Elements, Op, WeightId};
use diadc_core::span::Span;

/// Number of a cell in its flow.
pub(super) type CellId = usize;

/// Where a value comes from.
#[derive(Clone, Copy)]
pub(super) enum Producer<'a> {
    /// An operation on its inputs.
    Op(&'a Op),
    /// The constants of a loop's steps.
    Steps(&'a Elements),
    /// The same as its only input, on the other side of the edge of a loop.
    Passed,
    /// Either of its two inputs: what a loop carries.
    Carried,
}

/// One value.
pub(super) struct Cell<'a> {
    pub(super) producer: Producer<'a>,
    pub(super) fact: &'a Fact,
    pub(super) origin: Origin,
    /// The innermost loop in whose body it is computed.
    pub(super) within: Option<usize>,
    /// Which of the outputs of its operation it is.
    pub(super) slot: usize,
    first: usize,
    count: usize,
}

/// A loop of the function.
#[derive(Clone, Copy)]
pub(super) struct LoopAt {
    pub(super) origin: Origin,
    pub(super) within: Option<usize>,
}

/// All values of a function.
pub(super) struct Flow<'a> {
    pub(super) name: &'a str,
    pub(super) cells: Vec<Cell<'a>>,
    pub(super) outputs: Vec<CellId>,
    /// The weights that it trains, each with its gradient; none if there is none.
    pub(super) gradients: Vec<(WeightId, Option<CellId>)>,
    pub(super) loops: Vec<LoopAt>,
    inputs: Vec<CellId>,
}

/// The cells that use each cell.
pub(super) struct Users {
    first: Vec<usize>,
    users: Vec<(CellId, usize)>,
}

impl Users {
    /// The cells that use a cell, and as which of their inputs.
    pub(super) fn of(&self, cell: CellId) -> &[(CellId, usize)] {
        &self.users[self.first[cell]..self.first[cell + 1]]
    }
}

impl<'a> Flow<'a> {
    /// The flow of a function.
    pub(super) fn new(function: &'a Function) -> Flow<'a> {
        let mut flow = Flow {
            name: &function.name,
            cells: Vec::with_capacity(2 * function.graph.len()),
            outputs: Vec::new(),
            gradients: Vec::new(),
            loops: Vec::new(),
            inputs: Vec::with_capacity(4 * function.graph.len()),
        };
        let cells = flow.graph(&function.graph, &[], None);
        flow.outputs = outputs(&function.graph, &cells);
        let gradients = function.gradients.iter();
        flow.gradients = gradients.map(|(id, value)| (*id, value.map(|value| at(&cells, value)))).collect();
        flow
    }

    /// Adds the cells of a graph and gives the first one of each node. If it is the body of a loop, `inputs` are its inputs.
    fn graph(&mut self, graph: &'a Graph, inputs: &[CellId], within: Option<usize>) -> Vec<CellId> {
        let mut cells: Vec<CellId> = Vec::with_capacity(graph.len());
        let mut given = inputs.iter();
        for (id, node) in graph.nodes() {
            let is_input = matches!(node.task, Task::Op(Op::Input { .. }));
            if let (true, Some(&outer)) = (is_input, given.as_slice().first()) {
                given.next();
                cells.push(outer);
                continue;
            }
            let needs: Vec<CellId> = graph.inputs_of(id).into_iter().map(|value| at(&cells, value)).collect();
            match &node.task {
                Task::Op(op) => {
                    cells.push(self.cells.len());
                    for (slot, fact) in node.facts.iter().enumerate() {
                        let cell = self.cell(Producer::Op(op), fact, node.origin, within);
                        self.cells[cell].slot = slot;
                        self.connect(cell, &needs);
                    }
                }
                Task::Loop(run) => cells.push(self.run(run, &needs, node.origin, within)),
            }
        }
        cells
    }

    /// Adds the cells of a loop and gives that of its first output; the other outputs follow.
    fn run(&mut self, run: &'a Loop, needs: &[CellId], origin: Origin, around: Option<usize>) -> CellId {
        let within = Some(self.loops.len());
        self.loops.push(LoopAt { origin, within: around });
        let mut inner = Vec::with_capacity(run.body.inputs().len());
        for (i, id) in run.body.inputs().iter().enumerate() {
            let node = run.body.node(*id);
            let fact = &node.facts[0];
            let cell = if i < run.carried {
                let cell = self.cell(Producer::Carried, fact, node.origin, within);
                self.connect(cell, &[needs[i], cell]);
                cell
            } else if let Some(steps) = run.stepped.get(i - run.carried) {
                self.cell(Producer::Steps(steps), fact, node.origin, within)
            } else {
                let cell = self.cell(Producer::Passed, fact, node.origin, within);
                self.connect(cell, &[needs[i - run.stepped.len()]]);
                cell
            };
            inner.push(cell);
        }
        let cells = self.graph(&run.body, &inner, within);
        let ends = outputs(&run.body, &cells);
        for (carried, end) in inner.iter().zip(&ends) {
            let second = self.cells[*carried].first + 1;
            self.inputs[second] = *end;
        }
        let first = self.cells.len();
        for (end, (_, value)) in ends.iter().zip(run.body.outputs()) {
            let cell = self.cell(Producer::Passed, run.body.fact(*value), origin, around);
            self.connect(cell, &[*end]);
        }
        first
    }

    fn cell(&mut self, producer: Producer<'a>, fact: &'a Fact, origin: Origin, within: Option<usize>) -> CellId {
        self.cells.push(Cell { producer, fact, origin, within, slot: 0, first: self.inputs.len(), count: 0 });
        self.cells.len() - 1
    }

    /// Gives inputs to the cell that was made last.
    fn connect(&mut self, cell: CellId, inputs: &[CellId]) {
        self.cells[cell].count = inputs.len();
        self.inputs.extend_from_slice(inputs);
    }

    /// The inputs of a cell, in order.
    pub(super) fn inputs(&self, cell: CellId) -> &[CellId] {
        let Cell { first, count, .. } = self.cells[cell];
        &self.inputs[first..first + count]
    }

    /// The operation that computes a cell.
    pub(super) fn op(&self, cell: CellId) -> Option<&'a Op> {
        match self.cells[cell].producer {
            Producer::Op(op) => Some(op),
            Producer::Steps(_) | Producer::Passed | Producer::Carried => None,
        }
    }

    /// The cells that are weights.
    pub(super) fn weights(&self) -> impl Iterator<Item = (CellId, WeightId)> {
        self.cells.iter().enumerate().filter_map(|(cell, at)| match at.producer {
            Producer::Op(Op::Weight { id, .. }) => Some((cell, *id)),
            Producer::Op(_) | Producer::Steps(_) | Producer::Passed | Producer::Carried => None,
        })
    }

    /// Who uses each cell.
    pub(super) fn users(&self) -> Users {
        let mut first = vec![0; self.cells.len() + 1];
        for input in (0..self.cells.len()).flat_map(|cell| self.inputs(cell)) {
            first[input + 1] += 1;
        }
        for cell in 0..self.cells.len() {
            first[cell + 1] += first[cell];
        }
        let mut next = first.clone();
        let mut users = vec![(0, 0); self.inputs.len()];
        for cell in 0..self.cells.len() {
            for (port, input) in self.inputs(cell).iter().enumerate() {
                users[next[*input]] = (cell, port);
                next[*input] += 1;
            }
        }
        Users { first, users }
    }

    /// The cells that these depend on, and they themselves, along the edges that `follows` allows.
    pub(super) fn needed(&self, roots: &[CellId], follows: &dyn Fn(CellId, usize) -> bool) -> Vec<bool> {
        let mut needed = vec![false; self.cells.len()];
        let mut open = roots.to_vec();
        while let Some(cell) = open.pop() {
            if !std::mem::replace(&mut needed[cell], true) {
                let inputs = self.inputs(cell).iter().enumerate();
                open.extend(inputs.filter(|(port, _)| follows(cell, *port)).map(|(_, input)| *input));
            }
        }
        needed
    }

    /// The expression that computes a cell.
    pub(super) fn span(&self, cell: CellId) -> Span {
        self.cells[cell].origin.span
    }
}

fn outputs(graph: &Graph, cells: &[CellId]) -> Vec<CellId> {
    graph.outputs().iter().map(|(_, value)| at(cells, *value)).collect()
}

fn at(cells: &[CellId], value: ValueId) -> CellId {
    cells[value.node.index()] + value.slot as usize
}
