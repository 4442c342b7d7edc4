//! Curves as a file for other programs: JSON, or CSV with a row per point.
//!
//! In come the [`ClassCurves`] of each protocol; out comes text. The file itself says what its axes are.

use std::fmt::Write;

use serde_json::{Value, json};

use super::csv::csv_field;
use crate::evaluate::curve::{ClassCurves, Point, REGION_STEP, RegionOverlap, STEP};
use crate::measure::ProtocolName;

/// The version of the layouts below: it grows when a key or column changes its meaning.
const FORMAT: u32 = 1;
const COLUMNS: &str = "protocol,class,curve,image,left,top,right,bottom,area,threshold,x,y\n";

/// The curves of each protocol as JSON that ends in a line break. A point is `[threshold, x, y]`.
#[must_use]
pub fn curves_json(curves: &[(ProtocolName, Vec<ClassCurves>)]) -> String {
    let protocols: Vec<Value> = curves
        .iter()
        .map(|(protocol, classes)| {
            json!({"protocol": protocol.name(), "classes": classes.iter().map(class).collect::<Vec<_>>()})
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
pub fn curves_csv(curves: &[(ProtocolName, Vec<ClassCurves>)]) -> String {
    let mut text = COLUMNS.to_owned();
    for (protocol, classes) in curves {
        for class in classes {
            let mut add = |curve: &str, of: &str, points: &[Point]| {
                for Point { threshold, x, y } in points {
                    let threshold = threshold.map(|threshold| threshold.to_string()).unwrap_or_default();
                    let name = csv_field(&class.class);
                    writeln!(text, "{},{name},{curve},{of},{threshold},{x},{y}", protocol.name())
                        .expect("writing to a string does not fail");
                }
            };
            for (curve, points) in [
                ("image_roc", &class.image_roc),
                ("image_pr", &class.image_pr),
                ("pixel_roc", &class.pixel_roc),
                ("pixel_pr", &class.pixel_pr),
                ("pro", &class.pro),
            ] {
                add(curve, ",,,,,", points);
            }
            for region in &class.regions {
                let [left, top, right, bottom] = region.bounds;
                let of = format!("{},{left},{top},{right},{bottom},{}", csv_field(&region.image), region.area);
                add("region", &of, &region.points);
            }
        }
    }
    text
}
