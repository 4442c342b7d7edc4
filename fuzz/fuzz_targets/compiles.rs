//! A spec from its text to its plans. What it uses comes from the specs within the program: nothing is read from disk.

use std::cell::RefCell;
use std::path::PathBuf;

use diadc::check::check;
use diadc::diagnostic::{Style, render};
use diadc::graph::verify;
use diadc::lint::lint;
use diadc::optimize::optimize;
use diadc::plan::plan;
use diadc::resolve::{Library, Location, resolve_in};

/// Texts that share a library, so that the prelude is parsed once for all of them.
const SHARED: usize = 200;

thread_local! {
    static SHELF: RefCell<(Library, usize)> = RefCell::default();
}

/// Compiles a text; what comes of it must be sound, or be refused with something that can be drawn.
pub fn compiles(text: &str) {
    SHELF.with_borrow_mut(|(library, count)| {
        if *count % SHARED == 0 {
            *library = Library::default();
        }
        // A file that comes with the program never changes, so each text has a name of its own.
        let location = Location::Embedded(PathBuf::from(format!("text{count}.diad")));
        *count += 1;
        library.open(location.clone(), text.to_owned());
        let wrong = match resolve_in(&location, &[], library).and_then(|spec| check(&spec)) {
            Ok((program, mut warnings)) => {
                warnings.extend(lint(&program));
                for function in &program.functions {
                    assert_eq!(verify(&function.graph), Ok(()));
                    let better = optimize(function);
                    assert_eq!(verify(&better.graph), Ok(()));
                    let objective = program.objectives.iter().find(|objective| objective.name == function.name);
                    let _ = plan(&better, objective.map_or(&[], |objective| &objective.trains));
                }
                warnings
            }
            Err(wrong) => {
                assert!(!wrong.is_empty(), "it was refused without a word");
                wrong
            }
        };
        let _ = render(&wrong, library.sources(), Style::Plain);
        library.close(&location);
    });
}
