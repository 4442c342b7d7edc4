//! Tests of the language: all that needs nothing to run a program.

mod format;
mod language;
mod lint;
