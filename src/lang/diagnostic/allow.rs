//! A reason in a spec for which a warning is not shown.

use diadc_core::span::Span;

use super::Code;

/// Why a warning is no mistake.
#[derive(Clone, Copy, Debug)]
pub struct Allow {
    /// The warning.
    pub warning: Code,
    /// Where it is named.
    pub span: Span,
    /// The whole `allow`, with its reason.
    pub whole: Span,
    /// The item or member for which it is meant.
    pub covers: Span,
    /// Whether it stands in the file of the model.
    pub is_own: bool,
}
