//! `diadc completions`: lets a shell complete commands and options.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::terminal;

/// Prints a script that lets a shell complete commands and options
#[derive(Args)]
#[command(after_help = "Examples:
  diadc completions bash > ~/.local/share/bash-completion/completions/diadc
  diadc completions zsh > ~/.zfunc/_diadc                            a folder in `fpath`
  diadc completions fish > ~/.config/fish/completions/diadc.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) {
        let mut script = Vec::new();
        generate(self.shell, &mut super::Arguments::command(), "diadc", &mut script);
        terminal::result(&String::from_utf8_lossy(&script));
    }
}
