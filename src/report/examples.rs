//! The examples of a report as files: a sheet of pictures for each class, and what lies where on it.

use image::RgbImage;
use image::imageops;
use serde::{Deserialize, Serialize};

use super::picture::{places, sheet};
use super::{Example, Panel};

/// The version of the layout of the index: it grows when a key changes its meaning.
const FORMAT: u32 = 1;
/// Pixels between the pictures of a sheet.
const GAP: u32 = 4;

/// What the sheets show.
#[derive(Serialize, Deserialize)]
struct Index {
    format: u32,
    examples: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    class: String,
    image: String,
    defect: Option<String>,
    score: f32,
    panels: Vec<Place>,
}

/// A picture on the sheet of its class.
#[derive(Serialize, Deserialize)]
struct Place {
    label: String,
    /// First column and row, width and height.
    bounds: [u32; 4],
}

/// The sheets of the examples: for each class its name and its sheet, and the index as JSON that ends in a line break.
///
/// # Panics
/// Never: an index holds nothing that JSON can't.
#[must_use]
pub fn example_sheets(examples: &[Example]) -> (Vec<(String, RgbImage)>, String) {
    let (mut sheets, mut entries) = (Vec::new(), Vec::new());
    for class in examples.chunk_by(|a, b| a.class == b.class) {
        let pictures = |example: &Example| example.panels.iter().map(|panel| panel.image.clone()).collect();
        let rows: Vec<Vec<RgbImage>> = class.iter().map(pictures).collect();
        for (example, corners) in class.iter().zip(places(&rows, GAP)) {
            let place = |(panel, [x, y]): (&Panel, [u32; 2])| Place {
                label: panel.label.clone(),
                bounds: [x, y, panel.image.width(), panel.image.height()],
            };
            entries.push(Entry {
                class: example.class.clone(),
                image: example.id.clone(),
                defect: example.defect.clone(),
                score: example.score,
                panels: example.panels.iter().zip(corners).map(place).collect(),
            });
        }
        sheets.push((class[0].class.clone(), sheet(&rows, GAP)));
    }
    let index = serde_json::to_string_pretty(&Index { format: FORMAT, examples: entries });
    (sheets, index.expect("all keys are strings") + "\n")
}

/// Reads back what [`example_sheets`] has made; `sheet` gives the sheet of a class.
///
/// # Errors
/// Why the index can't be read, in words. Examples whose sheet is not there are left out.
pub fn read_examples(index: &str, mut sheet: impl FnMut(&str) -> Option<RgbImage>) -> Result<Vec<Example>, String> {
    let Index { format, examples } = serde_json::from_str(index).map_err(|error| error.to_string())?;
    if format != FORMAT {
        return Err(format!("it has the format {format}, and this version of diadc reads {FORMAT}"));
    }
    let mut read = Vec::new();
    for entries in examples.chunk_by(|a, b| a.class == b.class) {
        let Some(picture) = sheet(&entries[0].class) else { continue };
        let panel = |Place { label, bounds: [x, y, width, height] }: &Place| {
            let image = imageops::crop_imm(&picture, *x, *y, *width, *height).to_image();
            Panel { label: label.clone(), image }
        };
        read.extend(entries.iter().map(|entry| Example {
            class: entry.class.clone(),
            id: entry.image.clone(),
            defect: entry.defect.clone(),
            score: entry.score,
            remark: None,
            panels: entry.panels.iter().map(panel).collect(),
        }));
    }
    Ok(read)
}
