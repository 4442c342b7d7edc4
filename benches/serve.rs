//! How long the language server takes to check again after a key stroke, and what kept trees save.
//!
//! An edit changes a number in the model; the server parses that file, looks up all names, expands the model and keeps a
//! record of what it saw. `from_nothing` does the same with nothing kept.

use std::path::PathBuf;

use diadc::compile::{Notes, analyse};
use diadc::resolve::{Library, Location};
use diadc::source::Memory;

fn main() {
    divan::main();
}

/// A spec of this repository as an open file, in the state before or after an edit.
fn edited(files: &mut Memory, spec: &str, state: usize) -> Location {
    let path = PathBuf::from(format!("specs/{spec}.diad"));
    let text = std::fs::read_to_string(&path).expect("the spec lies there");
    let text = if state.is_multiple_of(2) { text } else { text.replace("batch", "batch ").replace("= 10 ", "= 20 ") };
    files.write(&path, text);
    Location::File(path)
}

fn checked(location: &Location, files: &Memory, library: &mut Library) -> usize {
    let mut notes = Notes::default();
    let found = analyse(location, &[], files, library, Some(&mut notes));
    assert!(found.program.is_some(), "the specs of this repository are right");
    found.warnings.len() + notes.index.iter().count() + notes.record.values.len()
}

#[divan::bench(args = ["tiny", "diad"])]
fn recheck_after_an_edit(bencher: divan::Bencher<'_, '_>, spec: &str) {
    let (mut files, mut library) = (Memory::default(), Library::default());
    let location = edited(&mut files, spec, 0);
    checked(&location, &files, &mut library);
    let mut state = 0;
    bencher.bench_local(|| {
        state += 1;
        edited(&mut files, spec, state);
        checked(&location, &files, &mut library)
    });
}

#[divan::bench(args = ["tiny", "diad"])]
fn from_nothing(bencher: divan::Bencher<'_, '_>, spec: &str) {
    bencher.bench_local(|| {
        let (mut files, mut library) = (Memory::default(), Library::default());
        let location = edited(&mut files, spec, 0);
        checked(&location, &files, &mut library)
    });
}

#[divan::bench(args = ["tiny", "diad"])]
fn format(bencher: divan::Bencher<'_, '_>, spec: &str) {
    let text = std::fs::read_to_string(format!("specs/{spec}.diad")).expect("the spec lies there");
    bencher.bench(|| diadc::format::format(&text).expect("the syntax is right"));
}
