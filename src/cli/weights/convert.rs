//! `diadc weights convert`: a file of weights as safetensors, in the same type or another.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::weight::{Conversion, File, Stored, convert};

use super::super::failure::Failure;
use super::super::terminal::{self, Screen};
use super::{bytes, thousands};

/// Writes a file of weights as safetensors
///
/// Names stay; what is beside the weights, such as the state of an optimiser, is left out. Integers stay as they are. A
/// number that the new type can't hold is an error, unless --clamp is given.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc weights convert v1-5-pruned.ckpt v1-5.safetensors
  diadc weights convert my.safetensors my-f16.safetensors --dtype f16")]
pub(super) struct Convert {
    /// A file of weights: safetensors, or what PyTorch writes
    input: PathBuf,

    /// The file to write
    output: PathBuf,

    /// Type of all floating-point numbers; by default each tensor keeps its own
    #[arg(long, value_enum, value_name = "TYPE")]
    dtype: Option<Dtype>,

    /// Makes numbers that are too large for the type the largest there is
    #[arg(long, requires = "dtype")]
    clamp: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Dtype {
    F32,
    F16,
    Bf16,
}

impl Convert {
    pub(super) fn run(self) -> Result<(), Failure> {
        let ending = self.output.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if ["ckpt", "pt", "pth", "bin", "pkl"].contains(&ending.as_str()) {
            let path = self.output.with_extension("safetensors");
            let text = format!("only safetensors is written; call the file `{}`", path.display());
            return Err(Failure::Usage(text));
        }
        let file = File::open(&self.input)?;
        let stored = self.dtype.map(|dtype| match dtype {
            Dtype::F32 => Stored::F32,
            Dtype::F16 => Stored::F16,
            Dtype::Bf16 => Stored::Bf16,
        });
        let conversion = Conversion { stored, clamps: self.clamp };
        let mut screen = Screen::new();
        let cut = convert(&file, &self.output, &conversion, &mut |done, all| screen.weights(done, all));
        screen.clear();
        let cut = cut?;
        for extra in file.extras() {
            terminal::note(&format!("left out: {} ({})", extra.name, extra.what));
        }
        if cut > 0 {
            terminal::note(&format!("{} numbers were cut off", thousands(cut)));
        }
        let length = File::open(&self.output)?.length();
        let path = self.output.display();
        terminal::result(&format!("{path}: {} tensors, {}\n", thousands(file.found().len()), bytes(length)));
        Ok(())
    }
}
