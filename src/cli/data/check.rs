//! `diadc data check`: what a data set holds and what is wrong with it, before anything runs on it.

use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;
use image::RgbImage;

use crate::cli::arguments::{DataArguments, TextFormat};
use crate::cli::failure::Failure;
use crate::cli::terminal::{self, Screen};
use crate::dataset::audit::{Audit, Severity, audit, sheet};
use crate::experiment::{Config, write_file};
use crate::report::picture;

use super::text::{Listing, text};

/// The side of an image on the contact sheet.
const SIDE: u32 = 128;

/// Looks at every image and mask of a data set
///
/// Decodes all files and lists the number of images beside the published number, their sizes and colours, and what is
/// wrong: files that can't be read, masks that are missing, empty, blurred or of another size, images that are there
/// twice (by their decoded pixels) or both in training and in testing, files that nothing uses. Ends with status 1 if a run
/// would fail or its numbers would be wrong; warnings alone end with 0.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc data check --dataset mvtec --data /data/mvtec
  diadc data check --dataset visa --data /data/VisA --classes candle,pcb1 --sheet visa.png
  diadc data check --dataset realiad --data DIR --all         each of many findings of a kind
  diadc data check --dataset folder --data photos --format json > photos.json")]
pub(super) struct Check {
    #[command(flatten)]
    data: DataArguments,

    /// Draws a contact sheet into this PNG file: a row per class, images to train on, good and defective ones to test
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,

    /// Lists each finding, also where there are many of a kind
    #[arg(long)]
    all: bool,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "text")]
    format: TextFormat,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = Config::find(None)?;
        let request = self.data.request(&config);
        let screen = Mutex::new(Screen::new());
        let audit = audit(&request, &|done, all| {
            // Progress that is shown late is better than looking that waits for the terminal.
            if let Ok(mut screen) = screen.try_lock() {
                screen.looked(done, all);
            }
        });
        if let Ok(mut screen) = screen.lock() {
            screen.clear();
        }
        let audit = audit?;
        terminal::result(&match self.format {
            TextFormat::Text => text(&audit, if self.all { Listing::Each } else { Listing::Short }),
            TextFormat::Json => serde_json::to_string_pretty(&audit).expect("it holds texts and numbers") + "\n",
        });
        if let Some(path) = &self.sheet {
            write_file(path, &picture::png(&drawn(&audit)))?;
            terminal::note(&format!("contact sheet: {}", path.display()));
        }
        match audit.count(Severity::Error) {
            0 => Ok(()),
            1 => Err(Failure::Findings("something is wrong with the data set".to_owned())),
            count => Err(Failure::Findings(format!("{count} things are wrong with the data set"))),
        }
    }
}

/// The contact sheet, with defects outlined.
fn drawn(audit: &Audit) -> RgbImage {
    let rows: Vec<Vec<RgbImage>> = sheet(&audit.images, SIDE)
        .into_iter()
        .map(|row| {
            let outlined = row.into_iter().map(|(image, mask)| match mask {
                Some(mask) => picture::mask_outline(&image, &mask.anomalous()),
                None => image,
            });
            outlined.collect()
        })
        .collect();
    picture::sheet(&rows, 4)
}
