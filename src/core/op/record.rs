//! What the compiler knows of an operation besides its shape rule; [`Op::record`](super::Op::record) has it for each.

use crate::fact::{Dim, Fact};

/// What is known of an operation with its settings.
#[derive(Clone, Copy, Debug)]
pub struct OpRecord {
    /// Counts its multiply-adds from the facts of its inputs and its output; none if they are not counted. The rule:
    /// one for each product that is summed in a convolution, a matrix product or attention, one for each square that is summed to
    /// a distance, and for an inverse as many as for a product of two such matrices. Bias, activations and
    /// normalisations are left out, as in the published figures.
    pub multiply_adds: Option<fn(&[Fact], &Fact) -> Dim>,
    /// When it returns its first input unchanged.
    pub identity: Identity,
    /// Whether its output holds elements of its first input and nothing else.
    pub moves: Moves,
    /// When its output is zero everywhere.
    pub zero: Zero,
    /// Whether the host computes it on every device, exactly.
    pub on_host: bool,
}

/// When an operation returns its first input unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Never.
    Never,
    /// With these settings, always.
    Always,
    /// If element type and shape stay what they are.
    SameFact,
    /// If that is the only input.
    OneInput,
    /// If no gradient could flow back from it anyway.
    NoGradient,
}

/// What an operation does with the elements of its first input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// It computes with them.
    None,
    /// It gives all of them in the same order.
    InOrder,
    /// It gives some of them, in any order, perhaps several times.
    Chosen,
}

/// When the output of an operation is zero everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zero {
    /// Always, whatever the inputs are.
    Always,
    /// Never, as far as is known.
    Never,
    /// If all inputs are zero.
    AllInputs,
    /// If each of these products of inputs has a factor that is zero: the output is their sum. An input that is not
    /// given counts as zero.
    Products(&'static [&'static [usize]]),
    /// The same of each of several outputs.
    Outputs(&'static [Zero]),
}

impl Zero {
    /// Whether the output with this number may differ from zero somewhere, if `differs` says so of each of some inputs.
    #[must_use]
    pub fn may_differ(self, slot: usize, inputs: usize, differs: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Zero::Always => false,
            Zero::Never => true,
            Zero::AllInputs => (0..inputs).any(differs),
            Zero::Products(products) => {
                let is_given = |factor: &usize| *factor < inputs && differs(*factor);
                products.iter().any(|factors| factors.iter().all(is_given))
            }
            Zero::Outputs(outputs) => outputs[slot].may_differ(0, inputs, differs),
        }
    }
}

impl OpRecord {
    /// The record of an operation that is zero if its first input is, and of which nothing else is known.
    pub(super) const PLAIN: OpRecord = OpRecord {
        multiply_adds: None,
        identity: Identity::Never,
        moves: Moves::None,
        zero: Zero::Products(&[&[0]]),
        on_host: false,
    };

    /// The record of a product of two inputs, plus a third if it is given.
    pub(super) const PRODUCT: OpRecord = OpRecord { zero: Zero::Products(&[&[0, 1], &[2]]), ..OpRecord::PLAIN };
}
