//! What the text of a spec says besides what runs: where things stand, and what nobody reads. Warnings come from it.

use diadc_core::op::WeightId;
use diadc_core::span::Span;

/// What a spec says of its program besides what runs.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The parts that the model's own text makes, with the places of their names.
    pub parts: Vec<(String, Span)>,
    /// The objectives, in the order of the program's.
    pub objectives: Vec<Objective>,
}

/// What an objective says of parts.
#[derive(Clone, Debug)]
pub struct Objective {
    /// Its name.
    pub span: Span,
    /// The parts behind `trains`, with their weights that no `freezes` takes away.
    pub trains: Vec<Named>,
    /// The parts behind `freezes`, with the weights that would be trained without it.
    pub freezes: Vec<Named>,
}

/// A part that an objective names.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its path as it is written.
    pub path: String,
    /// Where.
    pub span: Span,
    /// All its weights that are no statistics.
    pub weights: Vec<WeightId>,
    /// Those of them that change because it is named.
    pub changed: Vec<WeightId>,
}
