//! What each code means, with a wrong and a right spec: the files of `docs/diagnostics`, which come with the program.
//!
//! A file is named after its code. Its first line, `# ..`, says in a few words what is wrong; a block `diad,wrong` is a
//! whole spec that gives this code and no other, a block `diad,right` one without it.

use include_dir::{Dir, include_dir};

use super::Code;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/diagnostics");

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// What is wrong, in a line.
    pub title: &'static str,
    /// All of the file, as Markdown.
    pub text: &'static str,
}

impl Explanation {
    /// The explanation of a code.
    ///
    /// # Panics
    /// Never: a test finds the file of each code.
    #[must_use]
    pub fn of(code: Code) -> Explanation {
        let file = FILES.get_file(format!("{code}.md")).and_then(|file| file.contents_utf8());
        let text = file.expect("each code has a file in `docs/diagnostics`");
        let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
        Explanation { code, title: title.expect("the first line of each file is its title"), text }
    }

    /// All explanations, by the names of their codes.
    #[must_use]
    pub fn all() -> Vec<Explanation> {
        let mut all: Vec<Explanation> = Code::ALL.iter().copied().map(Explanation::of).collect();
        all.sort_unstable_by_key(|explanation| explanation.code.name());
        all
    }

    /// The words between the title and the examples.
    #[must_use]
    pub fn words(&self) -> &'static str {
        let after_title = self.text.split_once('\n').map_or("", |(_, rest)| rest);
        after_title.split_once("```").map_or(after_title, |(words, _)| words).trim()
    }

    /// A spec that gives this code.
    #[must_use]
    pub fn wrong(&self) -> &'static str {
        self.block("```diad,wrong\n")
    }

    /// The same spec without the mistake.
    #[must_use]
    pub fn right(&self) -> &'static str {
        self.block("```diad,right\n")
    }

    fn block(&self, fence: &str) -> &'static str {
        let after = self.text.split_once(fence).map_or("", |(_, after)| after);
        after.split_once("```").map_or("", |(spec, _)| spec)
    }
}
