//! What is open in the editor, and what the compiler knows of it.
//!
//! Each open file is compiled as if it were the experiment. While its text is wrong, what was known before stays, with
//! its places moved to where they are in the new text.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use lsp_types::{InitializeParams, Url};

use diadc_core::span::{SourceId, Span};
use diadc_lang::check::Record;
use diadc_lang::compile::{self, Notes};
use diadc_lang::diagnostic::Diagnostic;
use diadc_lang::inspect::{Cost, cost};
use diadc_lang::program::Program;
use diadc_lang::resolve::spec::Spec;
use diadc_lang::resolve::{Definition, Index, Library, Location};

use super::overlay::Overlay;
use super::place;
use super::symbol::{Symbol, symbols};

/// How many files of a folder the server reads at most.
const FILES: usize = 500;

/// What is known of one open file and all it uses.
#[derive(Default)]
pub(super) struct Analysis {
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) known: Option<Known>,
    /// The files that took part, and those that were missing.
    files: Vec<Location>,
}

/// What the compiler found.
pub(super) struct Known {
    pub(super) spec: Spec,
    pub(super) index: Index,
    pub(super) record: Record,
    pub(super) program: Option<Program>,
    cost: Option<Cost>,
    /// The texts to which the places above belong.
    texts: HashMap<SourceId, String>,
}

impl Known {
    /// The word at a span.
    pub(super) fn name_at(&self, span: Span) -> &str {
        let text = self.texts.get(&span.source).map_or("", String::as_str);
        text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// What the program costs, counted when it is first asked for.
    pub(super) fn cost(&mut self) -> Option<&Cost> {
        if self.cost.is_none() {
            self.cost = self.program.as_ref().map(cost);
        }
        self.cost.as_ref()
    }
}

/// All open files and what is known of them.
pub(super) struct Workspace {
    pub(super) library: Library,
    pub(super) files: Overlay,
    folders: Vec<PathBuf>,
    /// Open files with the addresses under which the editor knows them.
    open: IndexMap<Location, Url>,
    pub(super) analyses: IndexMap<Location, Analysis>,
    /// Files whose text has changed since the last compilation.
    changed: Vec<Location>,
    /// Files with mistakes that the editor shows.
    pub(super) published: BTreeSet<Url>,
}

impl Workspace {
    pub(super) fn new(params: &InitializeParams) -> Workspace {
        let given = params.workspace_folders.iter().flatten().map(|folder| &folder.uri);
        #[allow(deprecated, reason = "older editors give only this")]
        let root = params.root_uri.as_ref();
        let mut folders: Vec<PathBuf> = given.chain(root).filter_map(|url| url.to_file_path().ok()).collect();
        folders.dedup();
        Workspace {
            library: Library::default(),
            files: Overlay::default(),
            folders,
            open: IndexMap::new(),
            analyses: IndexMap::new(),
            changed: Vec::new(),
            published: BTreeSet::new(),
        }
    }

    pub(super) fn open(&mut self, url: Url, text: String) {
        let location = place::location(&url);
        // What comes with the program never changes.
        if let Location::File(path) = &location {
            self.files.open(path.clone(), text);
        }
        self.changed.push(location.clone());
        self.open.insert(location, url);
    }

    pub(super) fn close(&mut self, url: &Url) {
        let location = place::location(url);
        if let Location::File(path) = &location {
            self.files.close(path);
        }
        self.open.shift_remove(&location);
        self.analyses.shift_remove(&location);
        self.changed.push(location);
    }

    /// A file on disk may have changed: whatever uses files that are not open is compiled again.
    pub(super) fn touch(&mut self) {
        let files = self.analyses.values().flat_map(|analysis| &analysis.files);
        let on_disk = files.filter(|file| matches!(file, Location::File(_)) && !self.open.contains_key(*file));
        let on_disk: Vec<Location> = on_disk.cloned().collect();
        self.changed.extend(on_disk);
    }

    /// Forgets what is known, but keeps the open texts.
    pub(super) fn forget(&mut self) {
        self.library = Library::default();
        self.analyses.clear();
    }

    /// Compiles every open file that a change concerns.
    pub(super) fn compile(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        for location in self.open.keys().cloned().collect::<Vec<_>>() {
            let known = self.analyses.get(&location);
            if known.is_some_and(|analysis| !analysis.files.iter().any(|file| changed.contains(file))) {
                continue;
            }
            let before = self.analyses.shift_remove(&location).and_then(|analysis| analysis.known);
            let analysis = analyse(&location, &self.files, &mut self.library, before);
            self.analyses.insert(location, analysis);
        }
    }

    /// The text of a file.
    pub(super) fn text(&self, location: &Location) -> Option<String> {
        let source = self.library.source(location)?;
        Some(self.library.sources().get(source).text.clone())
    }

    pub(super) fn text_of(&self, source: SourceId) -> &str {
        &self.library.sources().get(source).text
    }

    /// The address of a file.
    pub(super) fn url(&self, location: &Location) -> Option<Url> {
        self.open.get(location).cloned().or_else(|| place::url(location))
    }

    /// Where a span lies, as editors say it.
    pub(super) fn place(&self, span: Span) -> Option<lsp_types::Location> {
        let location = self.library.location(span.source)?;
        let url = self.url(location)?;
        Some(lsp_types::Location::new(url, place::range_of(self.text_of(span.source), span)))
    }

    /// What is open, its own analysis first.
    pub(super) fn known(&self, first: &Location) -> impl Iterator<Item = &Known> {
        let own = self.analyses.get(first);
        let others = self.analyses.iter().filter(move |(location, _)| *location != first).map(|(_, analysis)| analysis);
        own.into_iter().chain(others).filter_map(|analysis| analysis.known.as_ref())
    }

    /// The word at a byte of a file and what it stands for.
    pub(super) fn word_at(&self, location: &Location, byte: usize) -> Option<(Span, Definition)> {
        let source = self.library.source(location)?;
        let holds = |span: Span| {
            span.source == source && (span.start as usize..=span.end as usize).contains(&byte) && span.start < span.end
        };
        for known in self.known(location) {
            let uses = || known.record.index.iter().chain(known.index.iter());
            if let Some((at, definition)) = uses().filter(|(at, _)| holds(*at)).min_by_key(|(at, _)| at.end - at.start)
            {
                return Some((at, definition));
            }
            let defined = uses().find_map(|(_, definition)| match definition {
                Definition::Name(span) if holds(span) => Some(span),
                Definition::Name(_) | Definition::Builtin(_) => None,
            });
            let seen = || known.record.values.keys().copied().find(|span| holds(*span));
            if let Some(span) = defined.or_else(seen) {
                return Some((span, Definition::Name(span)));
            }
        }
        let symbols = self.symbols(location);
        let symbol = symbols.iter().flat_map(Symbol::each).find(|symbol| holds(symbol.span))?;
        Some((symbol.span, Definition::Name(symbol.span)))
    }

    /// What a file defines.
    pub(super) fn symbols(&self, location: &Location) -> Vec<Symbol> {
        match (self.library.ast(location), self.library.source(location)) {
            (Some(ast), Some(source)) => symbols(ast, self.text_of(source)),
            _ => Vec::new(),
        }
    }

    /// The symbol whose name stands at a place.
    pub(super) fn symbol(&self, span: Span) -> Option<Symbol> {
        let location = self.library.location(span.source)?;
        let symbols = self.symbols(location);
        symbols.iter().flat_map(Symbol::each).find(|symbol| symbol.span == span).cloned()
    }

    /// Compiles the files of all folders too, for questions about everything.
    pub(super) fn everything(&mut self) -> Vec<(Location, Analysis)> {
        let mut paths = Vec::new();
        for folder in &self.folders {
            collect(folder, &mut paths);
        }
        let mut analyses = Vec::new();
        for path in paths {
            let location = Location::File(path);
            if !self.open.contains_key(&location) {
                let analysis = analyse(&location, &self.files, &mut self.library, None);
                analyses.push((location, analysis));
            }
        }
        analyses
    }
}

/// All `.diad` files below a folder, up to a number.
fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if into.len() >= FILES || name.starts_with('.') || matches!(name.as_str(), "target" | "node_modules") {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            collect(&path, into);
        } else if path.to_string_lossy().ends_with(".diad") {
            into.push(path);
        }
    }
}

fn analyse(location: &Location, overlay: &Overlay, library: &mut Library, before: Option<Known>) -> Analysis {
    let mut notes = Notes::default();
    let found = compile::analyse(location, &[], overlay, library, Some(&mut notes));
    let files = library.asked().to_vec();
    let diagnostics = [found.errors, found.warnings].concat();
    let Some(spec) = found.spec else {
        return Analysis { diagnostics, known: before.map(|known| moved(known, library)), files };
    };
    let Notes { index, mut record } = notes;
    // Where a name or the syntax is wrong, the compilation before saw more.
    if !spec.diagnostics.is_empty()
        && let Some(before) = before
    {
        let before = moved(before, library);
        if library.is_partial() {
            return Analysis { diagnostics, known: Some(before), files };
        }
        record = before.record;
    }
    let texts = texts(&spec, library);
    Analysis {
        diagnostics,
        known: Some(Known { spec, index, record, program: found.program, cost: None, texts }),
        files,
    }
}

fn texts(spec: &Spec, library: &Library) -> HashMap<SourceId, String> {
    let text = |source: SourceId| (source, library.sources().get(source).text.clone());
    spec.modules.iter().map(|module| text(module.source)).collect()
}

/// What is known, with the places that the names have in the present texts.
fn moved(mut known: Known, library: &Library) -> Known {
    let mut shifts: BTreeMap<SourceId, Shift> = BTreeMap::new();
    for module in &known.spec.modules {
        let Some(old) = known.texts.get(&module.source) else { continue };
        let new = &library.sources().get(module.source).text;
        if old != new {
            shifts.insert(module.source, Shift::between(old, new));
        }
    }
    if shifts.is_empty() {
        return known;
    }
    let to = |span: Span| match shifts.get(&span.source) {
        Some(shift) => shift.moved(span),
        None => Some(span),
    };
    known.index = known.index.moved(&to);
    known.record = known.record.moved(&to);
    known.texts = texts(&known.spec, library);
    known
}

/// What changed between two texts: all that lies between their common beginning and their common end.
struct Shift {
    /// Where the old text begins to differ.
    start: usize,
    /// Where it is the same again.
    end: usize,
    /// How much longer the new one is.
    longer: i64,
}

impl Shift {
    fn between(old: &str, new: &str) -> Shift {
        let alike = |(a, b): &(u8, u8)| a == b;
        let start = old.bytes().zip(new.bytes()).take_while(alike).count();
        let most = old.len().min(new.len()) - start;
        let tail = old.bytes().rev().zip(new.bytes().rev()).take(most).take_while(alike).count();
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        Shift { start, end: old.len() - tail, longer: length(new) - length(old) }
    }

    /// The place in the new text; none for a place within the change.
    fn moved(&self, span: Span) -> Option<Span> {
        if span.end as usize <= self.start {
            return Some(span);
        }
        if (span.start as usize) < self.end {
            return None;
        }
        let to = |at: u32| u32::try_from(i64::from(at) + self.longer).ok();
        Some(Span { source: span.source, start: to(span.start)?, end: to(span.end)? })
    }
}
