//! What can be said of a program without running it: how its graphs look, what they cost, how much memory they take,
//! and what changed from another program.

mod cost;
mod difference;
pub mod memory;
mod settings;
mod view;

pub use cost::{CallCost, Cost, FunctionCost, PartCost, cost};
pub use difference::{CallChange, Change, Difference, Kind as ChangeKind, WeightChange, difference};
pub use view::{Detail, dot, html, json, svg, text};
