//! A spec from its text to its plans. What it uses comes from the specs within the program: nothing is read from disk.

use std::cell::RefCell;

use diadc::compile::analyse;
use diadc::diagnostic::{Style, render};
use diadc::source::Memory;
use diadc::graph::program::with_gradients;
use diadc::graph::verify;
use diadc::optimize::optimize;
use diadc::plan::plan;
use diadc::resolve::{Library, Location};

/// Texts that share a library, so that the prelude is parsed once for all of them.
const SHARED: usize = 200;

thread_local! {
    static SHELF: RefCell<(Memory, Library, usize)> = RefCell::default();
}

/// Compiles a text; what comes of it must be sound, or be refused with something that can be drawn.
pub fn compiles(text: &str) {
    SHELF.with_borrow_mut(|(files, library, count)| {
        if *count % SHARED == 0 {
            *library = Library::default();
        }
        *count += 1;
        files.write("text.diad", text);
        let found = analyse(&Location::File("text.diad".into()), &[], files, library, None);
        if let Some(program) = &found.program {
            for function in &program.functions {
                assert_eq!(verify(&function.graph), Ok(()));
                let better = optimize(function);
                assert_eq!(verify(&better.graph), Ok(()));
                let objective = program.objectives.iter().find(|objective| objective.name == function.name);
                let _ = plan(&better);
                if let Some(objective) = objective {
                    let trained = with_gradients(function, &objective.trains);
                    assert_eq!(verify(&trained.graph), Ok(()));
                    let _ = plan(&trained);
                }
            }
        }
        let has_model = found.spec.is_some_and(|spec| spec.model.is_some());
        assert!(found.program.is_some() || !found.errors.is_empty() || !has_model, "it was refused without a word");
        let _ = render(&[found.errors, found.warnings].concat(), library.sources(), Style::Plain);
    });
}
