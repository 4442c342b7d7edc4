//! The language of diadc: from a text to a checked program, and everything that can be said of one without running it.
//!
//! ```text
//! text --parse--> Ast --resolve--> Spec --check--> Program --lint, differentiate, optimize, inspect
//! ```
//!
//! The rooms below are listed in the order in which a text passes through them; a room uses only those above its own.
//! [`compile::compile`] is the compiler on one screen. Texts are read through [`source::Files`], so that an editor, a test
//! or a browser can hand them in.

pub mod source;
pub mod diagnostic;
pub mod parse;
pub mod format;
pub mod measure;
pub mod resolve;
pub mod differentiate;
pub mod optimize;
pub mod program;
pub mod check;
pub mod lint;
pub mod inspect;
pub mod compile;
