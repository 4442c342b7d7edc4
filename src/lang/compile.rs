//! The whole compiler on one screen: where a spec lies, to a program that can run.
//!
//! [`analyse`] is the one pipeline, for command line and editor alike: it goes as far as it can and says what it found.
//! Mistakes of syntax, names and meaning are found together; warnings come with them as far as a mistake does not make
//! them guesses ([`lint`]). [`compile`] is the same for those who only want a program.

use diadc_core::fact::Fact;
use diadc_core::graph::Function;

use crate::check::condition::{Condition, may_depend_on_values, remedy};
use crate::check::{Record, check, check_query, check_recorded};
use crate::diagnostic::{Code, Diagnostic, in_order};
use crate::lint::lint;
use crate::parse::ast::Expr;
use crate::program::Program;
use crate::resolve::spec::Spec;
use crate::resolve::{Index, Library, Location, no_model, query, resolve};
use crate::source::{Disk, Files, SourceMap};

/// A program, the texts it was made from, and warnings about them.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The program, checked and not yet optimised.
    pub program: Program,
    /// What it was made from.
    pub spec: Spec,
    /// All texts that took part.
    pub sources: SourceMap,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// What is wrong with a spec, and the texts to show it in.
#[derive(Clone, Debug)]
pub struct Failed {
    /// All mistakes, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
    /// What is probably not meant, as far as that is certain in spite of the mistakes.
    pub warnings: Vec<Diagnostic>,
    /// All texts that took part.
    pub sources: SourceMap,
    /// What could be read.
    pub spec: Option<Spec>,
}

/// What the compiler finds out about a spec, be it right or wrong.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The spec, unless its file can't be read.
    pub spec: Option<Spec>,
    /// The program, if nothing is wrong and there is a model.
    pub program: Option<Program>,
    /// All mistakes, in the order of the source.
    pub errors: Vec<Diagnostic>,
    /// What is probably not meant, in the order of the source.
    pub warnings: Vec<Diagnostic>,
}

/// What an editor wants to know of the words of a spec.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// What each word stands for.
    pub index: Index,
    /// The values and shapes that things had.
    pub record: Record,
}

/// Finds out everything about the spec at a place, with `name=value` pairs from outside for its `param`s. A file without
/// a model may be used by others, so that is no mistake here. The library keeps texts and trees for the next time.
pub fn analyse(
    location: &Location,
    settings: &[(String, String)],
    files: &dyn Files,
    library: &mut Library,
    notes: Option<&mut Notes>,
) -> Analysis {
    let (index, record) = notes.map(|notes| (&mut notes.index, &mut notes.record)).unzip();
    let spec = match resolve(location, settings, files, library, index) {
        Ok(spec) => spec,
        Err(errors) => return Analysis { spec: None, program: None, errors, warnings: Vec::new() },
    };
    let checked = match (spec.model, record) {
        (None, _) => Err(spec.diagnostics.clone()),
        (Some(_), None) => check(&spec),
        (Some(_), Some(record)) => {
            let (checked, seen) = check_recorded(&spec);
            *record = seen;
            checked
        }
    };
    let (program, found) = match checked {
        Ok((program, found)) => (Some(program), found),
        Err(found) => (None, found),
    };
    let (errors, mut warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(Diagnostic::is_error);
    warnings.extend(lint(&spec, program.as_ref()));
    Analysis { spec: Some(spec), program, errors, warnings: in_order(warnings) }
}

/// Compiles the spec at a place on disk, with `name=value` pairs from outside for its `param`s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile(location: &Location, settings: &[(String, String)]) -> Result<Compiled, Box<Failed>> {
    compile_from(&Disk, location, settings)
}

/// Compiles the spec at a place among these files, with `name=value` pairs from outside for its `param`s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile_from(
    files: &dyn Files,
    location: &Location,
    settings: &[(String, String)],
) -> Result<Compiled, Box<Failed>> {
    let mut library = Library::default();
    let Analysis { spec, program, mut errors, warnings } = analyse(location, settings, files, &mut library, None);
    let sources = library.into_sources();
    match (spec, program) {
        (Some(spec), Some(program)) => Ok(Compiled { program, spec, sources, warnings }),
        (spec, _) => {
            let without = spec.as_ref().filter(|spec| spec.model.is_none() && !spec.lost_model).map(no_model);
            // One error is enough: a setting for a file without a model is reported before.
            let is_told = |missing: &Diagnostic| {
                errors.iter().any(|known| known.span() == missing.span() || known.code == Code::UnknownSetting)
            };
            let without = without.filter(|missing| !is_told(missing));
            errors.extend(without);
            Err(Box::new(Failed { diagnostics: in_order(errors), warnings, sources, spec }))
        }
    }
}

/// Compiles the spec at a place on disk and, in the scope of its model, an expression such as `denoise`, `ae.encode` or
/// `sd.encode(z, sd.time(t), prompt)` for tensors with these names and facts. The function is not among those of the
/// program, whose weights it may use.
///
/// # Errors
/// Everything that is wrong with the spec or the expression; also an input that nothing takes.
pub fn compile_call(
    location: &Location,
    settings: &[(String, String)],
    text: &str,
    inputs: &[(String, Fact)],
) -> Result<(Compiled, Function), Box<Failed>> {
    let mut library = Library::default();
    let spec = match resolve(location, settings, &Disk, &mut library, None) {
        Ok(spec) => spec,
        Err(diagnostics) => return Err(failed(diagnostics, library, None)),
    };
    let checked = match query(&spec, text, inputs, library.sources_mut()) {
        Ok(query) => check_query(&spec, &query),
        Err(more) => Err(in_order([spec.diagnostics.clone(), more].concat())),
    };
    match checked {
        Ok(((program, function), warnings)) => {
            Ok((Compiled { program, spec, sources: library.into_sources(), warnings }, function))
        }
        Err(diagnostics) => Err(failed(diagnostics, library, Some(spec))),
    }
}

fn failed(found: Vec<Diagnostic>, library: Library, spec: Option<Spec>) -> Box<Failed> {
    let (diagnostics, warnings) = found.into_iter().partition(Diagnostic::is_error);
    Box::new(Failed { diagnostics, warnings, sources: library.into_sources(), spec })
}

impl Failed {
    /// Adds to the first mistake that a `param` may have caused which values of it work, if that alone would help. If the
    /// value was set from outside, it is the cause of all mistakes, and one about it takes their place. The spec is
    /// checked many times for it.
    pub fn advise(&mut self) {
        let (Some(mut mistake), Some(spec)) = (self.diagnostics.iter().position(may_depend_on_values), &self.spec)
        else {
            return;
        };
        let conditions = remedy(spec);
        let param = conditions.first().map(|condition| &condition.param);
        if let Some((name, value)) = spec.settings.iter().find(|(name, _)| Some(&name.node) == param) {
            let first = self.diagnostics.swap_remove(mistake);
            self.diagnostics = vec![unfit(&name.node, value, first, &conditions, &self.sources)];
            mistake = 0;
        }
        let notes = conditions.iter().map(|condition| condition.words(&self.sources));
        self.diagnostics[mistake].notes.extend(notes);
    }

    /// The spec, if nothing is wrong with it but that it has no model: blocks, functions, values and enums for others.
    #[must_use]
    pub fn library(&self) -> Option<&Spec> {
        let spec = self.spec.as_ref()?;
        let is_alone = self.diagnostics.iter().all(|found| found.code == Code::NoModel);
        (is_alone && spec.defines_something()).then_some(spec)
    }
}

/// That a value set from outside is the cause of a mistake, with the values near it that work.
fn unfit(name: &str, value: &Expr, first: Diagnostic, conditions: &[Condition], sources: &SourceMap) -> Diagnostic {
    let text = format!("`{name}` can't be {}", sources.slice(value.span));
    let mut diagnostic = Diagnostic::new(Code::NotWithin, text, value.span);
    let mut near: Vec<String> = conditions.iter().flat_map(|condition| condition.near(value)).collect();
    near.dedup();
    if !near.is_empty() {
        diagnostic = diagnostic.help(format!("{} would do", near.join(" and ")));
    }
    diagnostic = diagnostic.also(first.span(), first.headline);
    diagnostic.trace = first.trace;
    diagnostic
}
