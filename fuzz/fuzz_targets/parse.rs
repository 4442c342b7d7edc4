//! Any text is parsed or refused, and what is wrong with it can be drawn.
#![no_main]

use diadc::diagnostic::{Style, render};
use diadc::parse::{parse, parse_expression};
use diadc::source::SourceMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::default();
    let id = sources.add("text", text);
    for wrong in [parse(id, &sources).err(), parse_expression(id, 0, &sources).err()].into_iter().flatten() {
        assert!(render(&wrong, &sources, Style::Plain).contains("error["), "it was refused without a word");
    }
});
