//! What the text of a spec says besides what runs: where things stand, and what nobody reads. Warnings come from it.

use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::diagnostic::Allow;

/// What a spec says of its program besides what runs.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Reasons why warnings are no mistake.
    pub allows: Vec<Allow>,
    /// Names that nothing reads, outside of the standard library.
    pub unread: Vec<Unread>,
    /// The `param`s of the model.
    pub params: Vec<Param>,
    /// The parts that the model's own text makes, with the places of their names.
    pub parts: Vec<(String, Span)>,
    /// The objectives, in the order of the program's.
    pub objectives: Vec<Objective>,
    /// What is said of how a run is measured, if anything is.
    pub measure: Option<Measure>,
}

/// A name that nothing reads.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The name.
    pub name: String,
    /// Where it is given.
    pub span: Span,
    /// Whether it is taken from another file.
    pub is_import: bool,
}

/// A value that can be set from outside.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// Where it is set from outside.
    pub set: Option<Span>,
    /// Whether the file of the model declares it, and not that of a base.
    pub is_own: bool,
    /// Whether training, scoring, data or measuring depend on it; in a model without objective and score, whether any
    /// function does.
    pub is_effective: bool,
    /// The members that read it.
    pub readers: Vec<String>,
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

/// What is said of how a run is measured.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Where it begins.
    pub span: Span,
    /// Whether it says by which protocol.
    pub has_protocol: bool,
}
