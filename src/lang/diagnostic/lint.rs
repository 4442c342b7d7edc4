//! The warnings there are, by name. What each looks at is in the room `lint`; here are only their codes, which
//! an `allow` in a spec names.

use diadc_core::span::Span;

/// Why a warning is no mistake.
#[derive(Clone, Copy, Debug)]
pub struct Allow {
    /// The warning.
    pub lint: Lint,
    /// Where it is named.
    pub span: Span,
    /// The item or member for which it is meant.
    pub covers: Span,
    /// Whether it stands in the file of the model.
    pub is_own: bool,
}

/// A kind of warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lint {
    /// A trained weight that no objective depends on.
    UnreachedWeight,
    /// A trained weight between which and every objective the gradient is cut.
    CutGradient,
    /// A trained weight whose gradient is zero at every step.
    StuckWeight,
    /// A part that an objective trains and of which nothing is left to train.
    NothingToTrain,
    /// A `freezes` that takes nothing away.
    FreezesNothing,
    /// An objective that no training minimises.
    NoTraining,
    /// A part with which nothing is computed.
    UnusedPart,
    /// A name that nothing reads.
    UnusedName,
    /// A `param` that changes nothing.
    UnusedParam,
    /// The same call twice.
    RepeatedCall,
    /// A call in a loop that is the same in every step.
    CallInLoop,
    /// A value minus itself.
    EqualTerms,
    /// A normalisation over a single element.
    SingleElementNorm,
    /// Random numbers in `score` that change nothing.
    NeedlessRandom,
    /// Metrics without a protocol.
    NoProtocol,
    /// An `allow` that silences nothing.
    UnneededAllow,
}

impl Lint {
    /// All of them, in the order of the guide.
    pub const ALL: [Lint; 16] = [
        Lint::UnreachedWeight,
        Lint::CutGradient,
        Lint::StuckWeight,
        Lint::NothingToTrain,
        Lint::FreezesNothing,
        Lint::NoTraining,
        Lint::UnusedPart,
        Lint::UnusedName,
        Lint::UnusedParam,
        Lint::RepeatedCall,
        Lint::CallInLoop,
        Lint::EqualTerms,
        Lint::SingleElementNorm,
        Lint::NeedlessRandom,
        Lint::NoProtocol,
        Lint::UnneededAllow,
    ];

    /// Its stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Lint::UnreachedWeight => "unreached-weight",
            Lint::CutGradient => "cut-gradient",
            Lint::StuckWeight => "stuck-weight",
            Lint::NothingToTrain => "nothing-to-train",
            Lint::FreezesNothing => "freezes-nothing",
            Lint::NoTraining => "no-training",
            Lint::UnusedPart => "unused-part",
            Lint::UnusedName => "unused-name",
            Lint::UnusedParam => "unused-param",
            Lint::RepeatedCall => "repeated-call",
            Lint::CallInLoop => "call-in-loop",
            Lint::EqualTerms => "equal-terms",
            Lint::SingleElementNorm => "single-element-norm",
            Lint::NeedlessRandom => "needless-random",
            Lint::NoProtocol => "no-protocol",
            Lint::UnneededAllow => "unneeded-allow",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn named(code: &str) -> Option<Lint> {
        Lint::ALL.into_iter().find(|lint| lint.code() == code)
    }
}
