//! `diadc lsp`: the language server for editors.

use clap::Args;

use crate::serve::serve_stdio;

use super::failure::Failure;

/// Answers an editor: mistakes while typing, shapes, definitions, completion, renaming
///
/// Editors start it themselves and speak the Language Server Protocol with it over stdin and stdout.
#[derive(Args)]
#[command(after_help = "docs/editors.md says what VS Code, Neovim and Helix need to start it.")]
pub(super) struct Lsp {
    /// Accepted because some editors add it; the server speaks over stdin and stdout in any case
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Bytes of stack, enough for deeply nested specs.
const STACK: usize = 64 << 20;

impl Lsp {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Lsp { stdio: _ } = self;
        let server = std::thread::Builder::new().stack_size(STACK).spawn(serve_stdio);
        let ended = server.map_err(|error| Failure::Findings(format!("no thread can be started: {error}")))?.join();
        ended.expect("panics are caught in the server").map_err(|error| Failure::Findings(error.to_string()))
    }
}
