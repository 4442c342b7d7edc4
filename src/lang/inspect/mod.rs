//! What can be said of a program without running it: how its graphs look, what they cost, how much memory they take,
//! what changed from another program, and what stays the same however it is written.

mod cost;
mod difference;
mod essence;
pub mod memory;
mod operation;
mod params;
mod settings;
mod view;

pub use cost::{CallCost, Cost, FunctionCost, PartCost, cost};
pub use difference::{CallChange, Change, Difference, Kind as ChangeKind, WeightChange, difference};
pub use essence::{essence_of_score, essence_of_stage};
pub use params::{Settable, settable};
pub use view::{Detail, dot, html, json, svg, text};
