//! Passes keep the numbers, do what they promise, and end.

mod fold;
mod hoist;
mod property;
mod shrink;
