//! Graphs to look at: one view per file.
//!
//! In: a [`Program`](super::program::Program) and one of its functions. Out: text, dot, or boxes within boxes as the
//! spec has them: as JSON, as a drawing, and as a page in which boxes open. Nothing here changes a graph.

mod card;
mod dot;
mod fold;
mod html;
mod json;
mod layered;
mod scene;
mod svg;
mod text;

pub use dot::dot;
pub use html::html;
pub use json::json;
pub use svg::svg;
pub use text::{Detail, text};
