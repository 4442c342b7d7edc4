//! Reads the file of an experiment and, one after the other, all files that it uses.

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{Ast, ItemKind, UseFrom};
use crate::parse::lex::{Lexer, Token, TokenKind};
use crate::source::Files;

use super::library::Library;
use super::location::{Location, embedded_specs, std_modules};
use super::{File, error};

/// Loads `root`, what it uses, and the prelude, with what is wrong with them. The root is the first file, the prelude the
/// last. Where the syntax is wrong a file has what can be read of it.
///
/// # Errors
/// If the root can't be read.
pub(super) fn load(
    root: &Location,
    files: &dyn Files,
    library: &mut Library,
) -> Result<(Vec<File>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let prelude = Location::Embedded("std/prelude.diad".into());
    library.begin();
    library.prepare(files, [root.clone(), prelude.clone()]);
    let mut loader =
        Loader { on: files, library, files: Vec::new(), known: Vec::new(), open: Vec::new(), diagnostics: Vec::new() };
    if let Err(why) = loader.file(root) {
        let id = loader.library.sources_mut().add_file(root.name(), "");
        let span = Span { source: id, start: 0, end: 0 };
        let mut diagnostic =
            Diagnostic::new(Code::UnreadableFile, format!("`{}` can't be read: {why}", root.name()), span);
        if root.read(files).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            diagnostic = diagnostic.help(format!(
                "give the path of a `.diad` file, or one that comes with diadc: {}",
                embedded_specs().join(", ")
            ));
        }
        return Err(vec![diagnostic]);
    }
    loader.file(&prelude).expect("the prelude comes with the program");
    let files =
        loader.files.into_iter().map(|file| file.expect("each file was put there when all it uses had been read"));
    Ok((files.collect(), loader.diagnostics))
}

struct Loader<'a> {
    /// Where the texts come from.
    on: &'a dyn Files,
    library: &'a mut Library,
    /// None while what it uses is being read.
    files: Vec<Option<File>>,
    known: Vec<Location>,
    open: Vec<Location>,
    diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    /// The number of a file, which is loaded if it is not yet.
    fn file(&mut self, location: &Location) -> Result<usize, String> {
        if let Some(index) = self.known.iter().position(|known| known == location) {
            return Ok(index);
        }
        let (source, ast, wrong) = self.library.read(self.on, location)?;
        self.diagnostics.extend(wrong);
        let index = self.files.len();
        self.files.push(None);
        self.known.push(location.clone());
        self.open.push(location.clone());
        let uses = self.uses(location, &ast);
        self.open.pop();
        let top = top(&self.library.sources().get(source).text);
        self.files[index] = Some(File { source, ast, uses, top });
        Ok(index)
    }

    fn uses(&mut self, here: &Location, ast: &Ast) -> Vec<Option<usize>> {
        let mut uses = Vec::new();
        let used = ast.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Use(item) => Some(here.relative(&item.from.node)),
            _ => None,
        });
        self.library.prepare(self.on, used);
        for item in &ast.items {
            let ItemKind::Use(item) = &item.kind else { continue };
            let (from, span) = (&item.from.node, item.from.span);
            let location = here.relative(from);
            if self.open.contains(&location) {
                self.diagnostics.push(error::import_cycle(&location.name(), span));
                uses.push(None);
                continue;
            }
            match self.file(&location) {
                Ok(index) => uses.push(Some(index)),
                Err(why) => {
                    self.diagnostics.push(match from {
                        UseFrom::Std(module) => {
                            error::unknown_module(module, span, std_modules().iter().map(String::as_str))
                        }
                        UseFrom::File(path) => error::unreadable_file(path, span, &why),
                    });
                    uses.push(None);
                }
            }
        }
        uses
    }
}

/// The byte at which the first item of a text begins, behind the lines about the whole file. Comments that stand directly
/// above an item belong to it.
fn top(text: &str) -> u32 {
    let mut comments: Option<Token> = None;
    for token in Lexer::new(text) {
        match token.kind {
            TokenKind::Space if token.of(text).matches('\n').count() < 2 => {}
            TokenKind::Space | TokenKind::FileDoc => comments = None,
            TokenKind::Comment => comments = comments.or(Some(token)),
            _ => return u32::try_from(comments.unwrap_or(token).start).unwrap_or(0),
        }
    }
    0
}
