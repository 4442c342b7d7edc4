//! What the language and the execution of diadc both speak. It is small and seldom changes, since everything is built
//! on it; it knows neither a spec nor a device. A [`mod@file`] is written in the same way by all of them.
//!
//! In reading order: a [`span`] is a place in a text, a [`fact`] is what is known of a value, an [`op`] is an operation
//! with its shape rule, a [`graph`] is operations with values between them, a [`stream`] is such a graph
//! cut into passes over the training set, a [`plan`] is a graph in the order in which
//! it runs, and an [`engine`] is what runs plans.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod file;
pub mod span;
pub mod fact;
pub mod op;
pub mod graph;
pub mod stream;
pub mod plan;
pub mod engine;
