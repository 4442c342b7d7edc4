//! Curves as a file for other programs: JSON, or CSV with a row per point.
//!
//! In come the [`ClassCurves`] of each protocol; out comes text. The file itself says what its axes are.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::csv::{csv_lines, csv_rows};
use crate::evaluate::curve::{ClassCurves, Point, REGION_STEP, RegionOverlap, STEP};
use crate::measure::ProtocolName;

/// The version of the layouts below: it grows when a key or column changes its meaning.
const FORMAT: u32 = 1;
const COLUMNS: &str = "protocol,class,curve,image,left,top,right,bottom,area,threshold,x,y";
/// The column of the threshold, before those of the point.
const THRESHOLD: usize = 9;

/// The curves of each protocol as JSON that ends in a line break. A point is `[threshold, x, y]`.
#[must_use]
pub fn curves_json<C: AsRef<[ClassCurves]>>(curves: &[(ProtocolName, C)]) -> String {
    let protocols: Vec<Value> = curves
        .iter()
        .map(|(protocol, classes)| {
            json!({"protocol": protocol.name(), "classes": classes.as_ref().iter().map(class).collect::<Vec<_>>()})
        })
        .collect();
    let value = json!({
        "format": FORMAT,
        "points": "threshold, x, y: what scores at least the threshold is called anomalous; null calls nothing so at the \
                   beginning of a curve and everything at its end",
        "axes": {
            "roc": ["false-positive rate", "true-positive rate"],
            "pr": ["recall", "precision"],
            "pro": ["false-positive rate over good pixels", "mean overlap with the regions"],
            "regions": ["false-positive rate over good pixels", "share of the region"],
        },
        "step": {"curves": STEP, "regions": REGION_STEP},
        "curves": protocols,
    });
    format!("{value}\n")
}

fn class(class: &ClassCurves) -> Value {
    json!({
        "class": class.class,
        "images": {"roc": points(&class.image_roc), "pr": points(&class.image_pr)},
        "pixels": {"roc": points(&class.pixel_roc), "pr": points(&class.pixel_pr), "pro": points(&class.pro)},
        "regions": class.regions.iter().map(region).collect::<Vec<_>>(),
    })
}

fn region(region: &RegionOverlap) -> Value {
    let RegionOverlap { image, area, bounds, points: curve } = region;
    json!({"image": image, "bounds": bounds, "area": area, "points": points(curve)})
}

fn points(points: &[Point]) -> Vec<Value> {
    points.iter().map(|point| json!([point.threshold, point.x, point.y])).collect()
}

/// The curves of each protocol as CSV: image, bounds and area are those of a region, and empty for other curves.
#[must_use]
pub fn curves_csv<C: AsRef<[ClassCurves]>>(curves: &[(ProtocolName, C)]) -> String {
    let header = COLUMNS.split(',').map(str::to_owned).collect();
    let rows = curves
        .iter()
        .flat_map(|(protocol, classes)| classes.as_ref().iter().flat_map(move |class| of_class(*protocol, class)));
    csv_lines(std::iter::once(header).chain(rows))
}

/// Reads back the curves of the first protocol that [`curves_csv`] has written, without those of regions.
///
/// # Errors
/// Why they can't be read, in words.
pub fn read_curves(text: &str) -> Result<Vec<ClassCurves>, String> {
    let header: Vec<&str> = COLUMNS.split(',').collect();
    let rows = csv_rows(text, &header)?;
    let mut curves: IndexMap<&str, ClassCurves> = IndexMap::new();
    for row in rows.iter().take_while(|row| row[0] == rows[0][0]) {
        let number = |place: usize| row[place].parse::<f64>().map_err(|_| format!("`{}` is no number", row[place]));
        let threshold = if row[THRESHOLD].is_empty() { None } else { Some(number(THRESHOLD)?) };
        let point = Point { threshold, x: number(THRESHOLD + 1)?, y: number(THRESHOLD + 2)? };
        let class = curves.entry(&row[1]).or_insert_with(|| ClassCurves::empty(&row[1]));
        if let Some((_, points)) = named(class).into_iter().find(|(name, _)| *name == row[2]) {
            points.push(point);
        }
    }
    Ok(curves.into_values().collect())
}

/// The curves of a class by their names.
fn named(class: &mut ClassCurves) -> [(&'static str, &mut Vec<Point>); 5] {
    let ClassCurves { image_roc, image_pr, pixel_roc, pixel_pr, pro, .. } = class;
    [("image_roc", image_roc), ("image_pr", image_pr), ("pixel_roc", pixel_roc), ("pixel_pr", pixel_pr), ("pro", pro)]
}

/// The rows of a class.
fn of_class(protocol: ProtocolName, class: &ClassCurves) -> impl Iterator<Item = Vec<String>> + '_ {
    let whole = [
        ("image_roc", &class.image_roc),
        ("image_pr", &class.image_pr),
        ("pixel_roc", &class.pixel_roc),
        ("pixel_pr", &class.pixel_pr),
        ("pro", &class.pro),
    ];
    let whole = whole.into_iter().map(|(curve, points)| (curve, vec![String::new(); 6], points));
    let regions = class.regions.iter().map(|RegionOverlap { image, area, bounds, points }| {
        let numbers = bounds.iter().chain([area]).map(ToString::to_string);
        ("region", std::iter::once(image.clone()).chain(numbers).collect(), points)
    });
    whole.chain(regions).flat_map(move |(curve, of, points)| {
        points.iter().map(move |Point { threshold, x, y }| {
            let threshold = threshold.map(|threshold| threshold.to_string()).unwrap_or_default();
            let mut row = vec![protocol.name().to_owned(), class.class.clone(), curve.to_owned()];
            row.extend(of.iter().cloned().chain([threshold, x.to_string(), y.to_string()]));
            row
        })
    })
}
