//! The tests of operations, of networks and of optimisers, run on lavapipe. They are the files of the main suite; `device` here takes the
//! place of theirs.

extern crate diadc_lavapipe as diadc;

mod device;
#[path = "../golden/mod.rs"]
mod golden;
#[path = "../op/mod.rs"]
mod op;
#[path = "../train/optimizer.rs"]
mod optimizer;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod run;
mod sharing;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../skip.rs"]
mod skip;
