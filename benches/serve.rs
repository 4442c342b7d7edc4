//! How long the language server takes to check again after a key stroke, and what kept trees save.
//!
//! An edit changes a number in the model; the server parses that file, looks up all names, expands the model and keeps a
//! record of what it saw. `from_nothing` does the same with nothing kept.

use diadc::check::check_recorded;
use diadc::lint::lint;
use diadc::resolve::{Library, Location, look_up};

fn main() {
    divan::main();
}

/// A spec of this repository as an open file, in the state before or after an edit.
fn edited(library: &mut Library, spec: &str, state: usize) -> Location {
    let path = format!("specs/{spec}.diad");
    let text = std::fs::read_to_string(&path).expect("the spec lies there");
    let location = Location::File(path.into());
    let text = if state.is_multiple_of(2) { text } else { text.replace("batch", "batch ").replace("= 10 ", "= 20 ") };
    library.open(location.clone(), text);
    location
}

fn checked(location: &Location, library: &mut Library) -> usize {
    let (spec, index) = look_up(location, library).expect("the file is there");
    assert!(spec.diagnostics.is_empty(), "the syntax and the names are right");
    let (program, record) = check_recorded(&spec);
    let (program, _) = program.expect("the shapes are right");
    lint(&program).len() + index.iter().count() + record.values.len()
}

#[divan::bench(args = ["tiny", "diad"])]
fn recheck_after_an_edit(bencher: divan::Bencher<'_, '_>, spec: &str) {
    let mut library = Library::default();
    let location = edited(&mut library, spec, 0);
    checked(&location, &mut library);
    let mut state = 0;
    bencher.bench_local(|| {
        state += 1;
        edited(&mut library, spec, state);
        checked(&location, &mut library)
    });
}

#[divan::bench(args = ["tiny", "diad"])]
fn from_nothing(bencher: divan::Bencher<'_, '_>, spec: &str) {
    bencher.bench_local(|| {
        let mut library = Library::default();
        let location = edited(&mut library, spec, 0);
        checked(&location, &mut library)
    });
}

#[divan::bench(args = ["tiny", "diad"])]
fn format(bencher: divan::Bencher<'_, '_>, spec: &str) {
    let text = std::fs::read_to_string(format!("specs/{spec}.diad")).expect("the spec lies there");
    bencher.bench(|| diadc::format::format(&text).expect("the syntax is right"));
}
