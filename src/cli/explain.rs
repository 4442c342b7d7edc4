//! `diadc explain`: what the code of a mistake means.

use clap::Args;

use crate::diagnostic::{Code, Explanation, nearest};

use super::failure::Failure;
use super::terminal;

/// Explains a code such as shape-mismatch, with a wrong and a right example
///
/// Every mistake that diadc finds in a spec has a code, which stands in brackets: `error[shape-mismatch]`.
/// Without CODE, lists all codes.
#[derive(Args)]
#[command(after_help = "Examples:\n  diadc explain shape-mismatch\n  diadc explain                 all codes")]
pub(super) struct Explain {
    /// The code, without the brackets
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(self) -> Result<(), Failure> {
        let text = match &self.code {
            None => list(),
            Some(code) => {
                let code =
                    code.trim().trim_start_matches("error[").trim_start_matches("warning[").trim_end_matches(']');
                explained(&Explanation::of(Code::named(code).ok_or_else(|| unknown(code))?))
            }
        };
        terminal::result(&text);
        Ok(())
    }
}

/// The title, the explanation, and the wrong and the right example, each with a heading.
fn explained(explanation: &Explanation) -> String {
    let indented =
        |spec: &str| spec.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect::<String>();
    format!(
        "{}: {}\n\n{}\n\nWrong:\n\n{}\nRight:\n\n{}",
        explanation.code,
        explanation.title,
        explanation.words(),
        indented(explanation.wrong()),
        indented(explanation.right())
    )
}

fn list() -> String {
    let all = Explanation::all();
    let width = all.iter().map(|explanation| explanation.code.name().len()).max().unwrap_or(0);
    all.iter().map(|explanation| format!("{:width$}  {}\n", explanation.code, explanation.title)).collect()
}

fn unknown(code: &str) -> Failure {
    let help = match nearest(code, Code::ALL.iter().map(|code| code.name())) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "`diadc explain` lists all codes".to_owned(),
    };
    Failure::Usage(format!("there is no code `{code}`; {help}"))
}
