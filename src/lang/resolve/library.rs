//! Texts and their trees, kept from one compilation to the next.
//!
//! Each file keeps its number, so that places can be compared between compilations. It is parsed again only when its
//! text has changed.

use std::collections::VecDeque;
use std::sync::Arc;

use indexmap::IndexMap;
use rayon::prelude::*;

use diadc_core::span::SourceId;

use crate::diagnostic::Diagnostic;
use crate::parse::ast::Ast;
use crate::parse::parse_partly;
use crate::source::{Files, SourceMap, reason};

use super::Location;

/// The readable part of a text, and all its syntax errors.
type Parsed = (Arc<Ast>, Vec<Diagnostic>);

/// All files that were asked for.
#[derive(Debug, Default)]
pub struct Library {
    sources: SourceMap,
    files: IndexMap<Location, Entry>,
    /// The files that the last compilation asked for, also those that are missing.
    asked: Vec<Location>,
    parses: usize,
}

#[derive(Debug)]
struct Entry {
    source: SourceId,
    parsed: Parsed,
}

impl Library {
    /// All texts.
    #[must_use]
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    pub(crate) fn sources_mut(&mut self) -> &mut SourceMap {
        &mut self.sources
    }

    /// All texts, for when nothing more is compiled.
    #[must_use]
    pub fn into_sources(self) -> SourceMap {
        self.sources
    }

    /// The files that took part in the last compilation, and those that were missing.
    #[must_use]
    pub fn asked(&self) -> &[Location] {
        &self.asked
    }

    /// The file with a number.
    #[must_use]
    pub fn location(&self, id: SourceId) -> Option<&Location> {
        self.files.iter().find(|(_, entry)| entry.source == id).map(|(location, _)| location)
    }

    /// The number of a file, if it was asked for.
    #[must_use]
    pub fn source(&self, location: &Location) -> Option<SourceId> {
        self.files.get(location).map(|entry| entry.source)
    }

    /// The tree of a file, if it was asked for and its syntax is right.
    #[must_use]
    pub fn ast(&self, location: &Location) -> Option<&Ast> {
        let (ast, wrong) = &self.files.get(location)?.parsed;
        wrong.is_empty().then_some(ast)
    }

    /// How many texts were parsed.
    #[must_use]
    pub fn parses(&self) -> usize {
        self.parses
    }

    pub(super) fn begin(&mut self) {
        self.asked.clear();
    }

    /// Whether a file of the last compilation has a syntax error.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.asked.iter().any(|location| self.files.get(location).is_some_and(|entry| !entry.parsed.1.is_empty()))
    }

    /// The number of a file, its readable part, and its syntax errors.
    pub(super) fn read(
        &mut self,
        files: &dyn Files,
        location: &Location,
    ) -> Result<(SourceId, Arc<Ast>, Vec<Diagnostic>), String> {
        let (source, (ast, wrong)) = self.parsed(files, location)?;
        Ok((source, ast, wrong))
    }

    /// Parses new files in parallel, together with the modules of the standard library that they seem to use. A file that
    /// can't be read is reported later, by whoever asks for it.
    pub(super) fn prepare(&mut self, files: &dyn Files, locations: impl IntoIterator<Item = Location>) {
        let mut new: Vec<(Location, SourceId)> = Vec::new();
        let mut locations: VecDeque<Location> = locations.into_iter().collect();
        while let Some(location) = locations.pop_front() {
            if self.files.contains_key(&location) || new.iter().any(|(known, _)| *known == location) {
                continue;
            }
            if let Ok(text) = location.read(files) {
                locations.extend(modules(&text));
                let source = self.add(&location, text);
                new.push((location, source));
            }
        }
        let parsed: Vec<Parsed> = new.par_iter().map(|(_, source)| parse(*source, &self.sources)).collect();
        self.parses += new.len();
        let entries = new.into_iter().zip(parsed);
        self.files.extend(entries.map(|((location, source), parsed)| (location, Entry { source, parsed })));
    }

    fn add(&mut self, location: &Location, text: String) -> SourceId {
        match location {
            Location::File(_) => self.sources.add_file(location.name(), text),
            Location::Embedded(_) => self.sources.add(location.name(), text),
        }
    }

    fn parsed(&mut self, files: &dyn Files, location: &Location) -> Result<(SourceId, Parsed), String> {
        self.asked.push(location.clone());
        let known = self.files.get(location);
        // What comes with the program never changes.
        if let (Some(entry), Location::Embedded(_)) = (known, location) {
            return Ok((entry.source, entry.parsed.clone()));
        }
        let text = location.read(files).map_err(|error| reason(&error))?;
        let source = match known {
            Some(entry) if self.sources.get(entry.source).text == text => {
                return Ok((entry.source, entry.parsed.clone()));
            }
            Some(entry) => {
                let source = entry.source;
                self.sources.replace(source, text);
                source
            }
            None => self.add(location, text),
        };
        self.parses += 1;
        let parsed = parse(source, &self.sources);
        self.files.insert(location.clone(), Entry { source, parsed: parsed.clone() });
        Ok((source, parsed))
    }
}

/// The modules of the standard library that a text uses, as far as its lines begin with `use std::`.
fn modules(text: &str) -> impl Iterator<Item = Location> {
    text.lines().filter_map(|line| line.strip_prefix("use std::")?.split("::").next()).map(Location::module)
}

fn parse(source: SourceId, sources: &SourceMap) -> Parsed {
    let (ast, wrong) = parse_partly(source, sources);
    (Arc::new(ast), wrong)
}
