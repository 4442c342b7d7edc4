//! Test images: each a row of panels with its name, its defect and its score. The worst mistakes of all classes, and
//! examples of each class.

use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;
use rayon::prelude::*;

use super::escape::{Escaped, Path};
use crate::diagnostic::significant;
use crate::report::colour::heat;
use crate::report::picture::png;
use crate::report::{Example, Panel, SameImage};

/// A side shorter than this is enlarged as squares, so that its pixels can be told apart.
const TINY: u32 = 96;
const LEGEND_STOPS: u16 = 16;

/// All examples, those of one class under one heading.
pub(super) fn gallery(page: &mut String, examples: &[Example]) -> fmt::Result {
    let panels = || examples.iter().flat_map(|example| &example.panels);
    if panels().any(|panel| panel.label.contains("map")) {
        legend(page)?;
    }
    let images: Vec<&RgbImage> = panels().map(|panel| &panel.image).collect();
    let mut images = images.into_par_iter().map(data_uri).collect::<Vec<_>>().into_iter();
    let classes = examples.chunk_by(|a, b| a.class == b.class);
    if examples.iter().any(|example| example.class != examples[0].class) {
        contents(page, classes.clone().map(|class| class[0].class.as_str()))?;
    }
    for (number, class) in classes.enumerate() {
        writeln!(page, "<h3 class=\"class\" id=\"class-{number}\">{}</h3>", Escaped(&class[0].class))?;
        for example in class {
            row(page, example, &mut images)?;
        }
    }
    Ok(())
}

/// Images whose scores are on the wrong side of others, the worst first.
pub(super) fn mistakes(page: &mut String, mistakes: &[Example]) -> fmt::Result {
    writeln!(
        page,
        "<p class=\"note\">Test images whose scores are on the wrong side of the largest share of the other kind in their class, \
         the worst first. No threshold gets both sides right.</p>"
    )?;
    let images: Vec<&RgbImage> = mistakes.iter().flat_map(|own| &own.panels).map(|panel| &panel.image).collect();
    let mut images = images.into_par_iter().map(data_uri).collect::<Vec<_>>().into_iter();
    mistakes.iter().try_for_each(|mistake| row(page, mistake, &mut images))
}

fn contents<'a>(page: &mut String, classes: impl Iterator<Item = &'a str>) -> fmt::Result {
    write!(page, "<nav>")?;
    for (number, class) in classes.enumerate() {
        write!(page, "<a href=\"#class-{number}\">{}</a> ", Escaped(class))?;
    }
    writeln!(page, "</nav>")
}

fn row(page: &mut String, example: &Example, images: &mut impl Iterator<Item = String>) -> fmt::Result {
    writeln!(page, "<figure class=\"example\">\n<figcaption>")?;
    caption(page, example)?;
    writeln!(page, "<span class=\"score\">score <b>{}</b></span>", significant(example.score.into()))?;
    if let Some(remark) = &example.remark {
        writeln!(page, "<span class=\"score\">{}: {}</span>", Escaped(&example.class), Escaped(remark))?;
    }
    writeln!(page, "</figcaption>")?;
    panels(page, "", example, images)?;
    writeln!(page, "</figure>")
}

/// The panels of an example, each label after `prefix`.
fn panels(
    page: &mut String,
    prefix: &str,
    example: &Example,
    images: &mut impl Iterator<Item = String>,
) -> fmt::Result {
    let id = Escaped(&example.id);
    writeln!(page, "<div class=\"panels\" style=\"--panels:{}\">", example.panels.len().max(1))?;
    for (panel, image) in example.panels.iter().zip(images) {
        let (width, height) = panel.image.dimensions();
        let label = format!("{prefix}{}", Escaped(&panel.label));
        let tiny = if width.max(height) < TINY { " class=\"tiny\"" } else { "" };
        writeln!(
            page,
            "<figure><img{tiny} width=\"{width}\" height=\"{height}\" alt=\"{label} of {id}\" src=\"{image}\">"
        )?;
        writeln!(page, "<figcaption>{label}</figcaption></figure>")?;
    }
    writeln!(page, "</div>")
}

/// Images that several runs have scored: for each run a row of panels with its score. What is the same as in the first run, such
/// as the image itself, is shown once.
pub(super) fn beside(page: &mut String, images: &[SameImage], names: &[String]) -> fmt::Result {
    let rows: Vec<Vec<Example>> = images.iter().map(|image| without_repetition(&image.columns)).collect();
    let all = || rows.iter().flatten().flat_map(|example| &example.panels);
    let pictures: Vec<&RgbImage> = all().map(|panel| &panel.image).collect();
    let mut pictures = pictures.into_par_iter().map(data_uri).collect::<Vec<_>>().into_iter();
    for columns in &rows {
        writeln!(page, "<figure class=\"example\">\n<figcaption>")?;
        caption(page, &columns[0])?;
        writeln!(page, "<span class=\"score\">{}</span>", Escaped(&columns[0].class))?;
        for (name, example) in names.iter().zip(columns) {
            writeln!(page, "<span class=\"score\">{name}: score <b>{}</b></span>", significant(example.score.into()))?;
        }
        writeln!(page, "</figcaption>\n<div>")?;
        for (name, example) in names.iter().zip(columns) {
            panels(page, &format!("{name}: "), example, &mut pictures)?;
        }
        writeln!(page, "</div>\n</figure>")?;
    }
    Ok(())
}

/// The examples, the later ones without the panels that the first has as well.
fn without_repetition(columns: &[Example]) -> Vec<Example> {
    let is_new = |panel: &&Panel| {
        let alike = |first: &Panel| first.label == panel.label && first.image == panel.image;
        !columns[0].panels.iter().any(alike)
    };
    let later = columns.iter().skip(1);
    let later = later.map(|own| Example { panels: own.panels.iter().filter(is_new).cloned().collect(), ..own.clone() });
    std::iter::once(columns[0].clone()).chain(later).collect()
}

/// The kind and the name of an image.
fn caption(page: &mut String, example: &Example) -> fmt::Result {
    let (kind, name) = example.defect.as_deref().map_or(("good", "good"), |defect| ("defect", defect));
    writeln!(page, "<span class=\"badge {kind}\">{}</span>", Escaped(name))?;
    writeln!(page, "<span class=\"id\">{}</span>", Path(&example.id))
}

/// What the colours of heat maps mean.
fn legend(page: &mut String) -> fmt::Result {
    write!(page, "<p class=\"legend note\">normal <i style=\"background:linear-gradient(to right")?;
    for stop in 0..LEGEND_STOPS {
        let [red, green, blue] = heat(f32::from(stop) / f32::from(LEGEND_STOPS - 1)).0;
        write!(page, ",#{red:02x}{green:02x}{blue:02x}")?;
    }
    writeln!(page, ")\"></i> anomalous</p>")
}

fn data_uri(image: &RgbImage) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png(image)))
}
