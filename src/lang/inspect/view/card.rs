//! How a folded box looks: its lines of text, its size, its colour.

use crate::diagnostic::short;

use super::layered::{Outline, Size};
use super::scene::{Kind, Node};

/// Width of a letter of a title and of a line of details.
const TITLE: f64 = 6.9;
const DETAIL: f64 = 5.9;
/// Longer texts are cut off after this many letters.
const LONGEST: usize = 44;

impl Node {
    /// The line below the title: block, parameters, multiply-adds.
    pub(super) fn detail(&self) -> String {
        if matches!(self.kind, Kind::Input | Kind::Output | Kind::Operation) {
            return String::new();
        }
        let parameters = (self.parameters > 0).then(|| format!("{} parameters", short(self.parameters)));
        let work = self.multiply_adds.filter(|&n| n > 0).map(|n| format!("{} multiply-adds", short(n)));
        [self.block.clone(), parameters, work].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// The title, cut if it is very long.
    pub(super) fn heading(&self) -> String {
        match self.title.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}…", &self.title[..at]),
            None => self.title.clone(),
        }
    }

    /// Classes of its style: what it is, and whether its weights are trained.
    pub(super) fn classes(&self) -> String {
        let kind = match self.kind {
            Kind::Input | Kind::Output => "port",
            Kind::Operation => "operation",
            Kind::Call => "call",
            Kind::Loop => "loop",
        };
        let training = match (self.parameters, self.trained) {
            (0, _) => "",
            (_, 0) => " frozen",
            (all, trained) if all == trained => " trained",
            _ => " partly",
        };
        format!("{kind}{training}")
    }

    /// The box while it is folded.
    pub(super) fn folded(&self) -> Outline {
        Outline::folded(self.size(), self.inputs, self.outputs)
    }

    fn size(&self) -> Size {
        let width = |text: &str, letter: f64| text.chars().count() as f64 * letter;
        let title = width(&self.heading(), TITLE);
        match self.kind {
            Kind::Input | Kind::Output if self.title.is_empty() => [9.0, 9.0],
            Kind::Input | Kind::Output => [title + 22.0, 22.0],
            Kind::Operation => [(title + 24.0).max(64.0), 26.0],
            Kind::Call | Kind::Loop => {
                let detail = width(&self.detail(), DETAIL);
                [(title + 52.0).max(detail + 30.0).max(90.0), if detail > 0.0 { 46.0 } else { 32.0 }]
            }
        }
    }
}
