//! Any text is compiled or refused; what is compiled can be optimised and planned.
#![no_main]

mod compiles;

use compiles::compiles;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| compiles(text));
