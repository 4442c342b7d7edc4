//! What each code means, with a wrong and a right spec: the files of `docs/diagnostics`, which come with the program.
//!
//! A file is named after its code. Its first line, `# ..`, says in a few words what is wrong; a block `diad,wrong` is a
//! whole spec that gives this code and no other, a block `diad,right` one without it.

use include_dir::{Dir, include_dir};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/diagnostics");

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// What is wrong, in a line.
    pub title: &'static str,
    /// All of the file, as Markdown.
    pub text: &'static str,
}

impl Explanation {
    /// The explanation of a code, if there is such a code.
    #[must_use]
    pub fn of(code: &str) -> Option<Explanation> {
        Explanation::all().into_iter().find(|explanation| explanation.code == code)
    }

    /// All explanations, by code.
    #[must_use]
    pub fn all() -> Vec<Explanation> {
        let read = |file: &'static include_dir::File<'static>| {
            let text = file.contents_utf8()?;
            let title = text.lines().next()?.strip_prefix("# ")?;
            Some(Explanation { code: file.path().file_stem()?.to_str()?, title, text })
        };
        let mut all: Vec<Explanation> = FILES.files().filter_map(read).collect();
        all.sort_unstable_by_key(|explanation| explanation.code);
        all
    }

    /// The words between the title and the examples.
    #[must_use]
    pub fn words(&self) -> &'static str {
        let behind_title = self.text.split_once('\n').map_or("", |(_, rest)| rest);
        behind_title.split_once("```").map_or(behind_title, |(words, _)| words).trim()
    }

    /// A spec that gives this code.
    #[must_use]
    pub fn wrong(&self) -> &'static str {
        self.block("```diad,wrong\n")
    }

    /// The same spec put right.
    #[must_use]
    pub fn right(&self) -> &'static str {
        self.block("```diad,right\n")
    }

    fn block(&self, fence: &str) -> &'static str {
        let behind = self.text.split_once(fence).map_or("", |(_, behind)| behind);
        behind.split_once("```").map_or("", |(spec, _)| spec)
    }
}
