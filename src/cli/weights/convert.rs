//! `diadc weights convert`: a file of weights in the same format and type or others.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::diagnostic::{bytes, count, grouped};
use crate::weight::{Conversion, File, Format, Stored, convert};

use super::super::arguments::weights_out;
use super::super::failure::Failure;
use super::super::terminal::{self, Screen};

/// Writes a file of weights as safetensors or for PyTorch
///
/// A name that ends in .ckpt, .pt, .pth or .bin makes what `torch.save` writes: a zip archive with a dict of tensors.
/// One that ends in .safetensors makes safetensors, any other is refused. Names of tensors stay; what is beside the
/// weights, such as the state of an optimiser, is left out. Integers stay as they are. A number that the new type
/// can't hold is an error, unless --clamp is given.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc weights convert v1-5-pruned.ckpt v1-5.safetensors
  diadc weights convert my.safetensors my-f16.safetensors --dtype f16
  diadc weights convert runs/NAME/weights.safetensors my.pth       for torch.load")]
pub(super) struct Convert {
    /// A file of weights: safetensors, or what PyTorch writes
    input: PathBuf,

    /// The file to write
    #[arg(value_parser = weights_out)]
    output: PathBuf,

    /// Takes only what lies in this dict, or what has names that begin with this and a dot
    #[arg(long, value_name = "NAME")]
    within: Option<String>,

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
        let mut file = File::open(&self.input)?;
        if let Some(name) = &self.within {
            file.look_within(name)?;
        }
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
        if !file.notes().is_empty() && !Format::of_name(&self.output).takes_notes() {
            terminal::note("left out: the notes of the file, for which PyTorch's format has no place");
        }
        if cut > 0 {
            terminal::note(&format!("{} numbers were cut off", grouped(cut)));
        }
        let length = File::open(&self.output)?.length();
        let path = self.output.display();
        terminal::result(&format!("{path}: {}, {}\n", count(file.found().len(), "tensor"), bytes(length)));
        Ok(())
    }
}
