//! Tests of the language server.

mod serve;
