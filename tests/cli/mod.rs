//! The program as a user meets it: commands, results, mistakes.

mod arrays;
mod bench;
mod call;
mod checkpoints;
mod compare;
mod data;
mod draws;
mod fits;
mod fmt;
mod harness;
mod hostile;
mod memory;
pub(crate) mod metrics;
mod mistakes;
mod neovim;
mod new;
mod pages;
mod params;
mod predict;
mod provenance;
mod runs;
mod sweep;
mod tensorboard;
mod threads;
mod trainings;
mod threshold;
mod views;
mod watch;
mod weights;
mod words;

pub(crate) use harness::{RANDOM, SMALL};
