//! What `diadc bench` has measured, as tables for people.

use crate::diagnostic::{bytes, count, short};
use crate::experiment::bench::{BenchResult, Kind, Point, Ratios};

/// How many kinds of operations are shown for each point.
const SHOWN: usize = 12;

/// A number of multiply-adds in units of a thousand million.
fn giga(count: u64) -> String {
    format!("{:.2}", count as f64 / 1e9)
}

/// A time in seconds, with three or more digits.
fn time(seconds: f64) -> String {
    match seconds {
        long if long >= 100.0 => format!("{long:.0}"),
        long if long >= 1.0 => format!("{long:.2}"),
        short => format!("{short:.4}"),
    }
}

fn rate(per_second: f64) -> String {
    if per_second >= 100.0 { format!("{per_second:.0}") } else { format!("{per_second:.3}") }
}

/// The times, and where they go.
pub(super) fn table(result: &BenchResult) -> String {
    let own = &result.provenance;
    let processor = own.processor.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let threads = count(own.threads, "thread");
    let mut text = format!("{} on {}{processor}, {threads}, weights {}\n", own.spec, own.device, own.weights);
    for peak in &result.peaks {
        let speed = short(peak.multiply_adds_per_second as u64);
        text += &format!("large products in {}: {speed} multiply-adds a second\n", peak.precision);
    }
    let titles = ["first s", "steady s", "lower", "upper", "runs", "images/s", "G mul-adds", "of peak", "memory"];
    text += &format!("\n{:<34}{:>6}{:>6}", "", "batch", "in");
    text += &titles.map(|title| format!("{title:>11}")).concat();
    text += "\n";
    for point in &result.points {
        let name = match point.kind {
            Kind::Score => point.name.clone(),
            Kind::Training => format!("training {}", point.name),
            Kind::Loop => format!("a turn of {}", point.name),
        };
        let steady = point.steady;
        let cells = [
            time(point.first),
            time(steady.median),
            time(steady.lower),
            time(steady.upper),
            steady.runs.to_string(),
            point.images_per_second.map_or_else(|| "-".to_owned(), rate),
            giga(point.multiply_adds),
            format!("{:.1} %", 100.0 * point.share_of_peak),
            point.peak_memory.map_or_else(|| "-".to_owned(), bytes),
        ];
        text += &format!("{name:<34}{:>6}{:>6}", point.batch, point.precision.to_string());
        text += &cells.map(|cell| format!("{cell:>11}")).concat();
        text += "\n";
    }
    text += "\nMedian and quartiles of the runs after those that warm up; memory is the most that the process had held by then.\n";
    for point in result.points.iter().filter(|point| !point.operations.is_empty()) {
        text += &operations(point, result);
    }
    text
}

/// Where the time of a point goes.
fn operations(point: &Point, result: &BenchResult) -> String {
    let all: f64 = point.operations.iter().map(|own| own.seconds).sum();
    let peak = result.peaks.iter().find(|peak| peak.precision == point.precision);
    let heading = format!("{} with a batch of {} in {}", point.name, point.batch, point.precision);
    let mut text = format!("\n{heading}: {} of weights are read\n", bytes(point.weight_bytes));
    text += &format!("{:>16}", "");
    text += &["count", "seconds", "share", "G mul-adds", "of peak"].map(|title| format!("{title:>12}")).concat();
    text += "\n";
    let mut row = |kind: &str, count: f64, seconds: f64, multiply_adds: u64| {
        let at_peak = peak.map(|peak| multiply_adds as f64 / peak.multiply_adds_per_second / seconds);
        let share = at_peak
            .filter(|_| multiply_adds > 0)
            .map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share));
        let cells = [
            format!("{count:.0}"),
            format!("{seconds:.5}"),
            format!("{:.1} %", 100.0 * seconds / all),
            giga(multiply_adds),
            share,
        ];
        text += &format!("{kind:>16}{}\n", cells.map(|cell| format!("{cell:>12}")).concat());
    };
    for own in point.operations.iter().take(SHOWN) {
        row(&own.kind, own.count, own.seconds, own.multiply_adds);
    }
    let rest = point.operations.iter().skip(SHOWN);
    let [count, seconds] = [0, 1].map(|i| rest.clone().map(|own| [own.count, own.seconds][i]).sum::<f64>());
    if count > 0.0 {
        row("all others", count, seconds, rest.map(|own| own.multiply_adds).sum());
    }
    text
}

/// The times beside those of an earlier result.
pub(super) fn beside(ratios: &Ratios, date: &str) -> String {
    let mut text = format!(
        "\n{:<44}{:>10}{:>10}{:>14}\n",
        format!("beside the result of {date}"),
        "before s",
        "now s",
        "times as fast"
    );
    for ratio in &ratios.ratios {
        let name = format!("{} {}, batch {}, {}", ratio.kind, ratio.name, ratio.batch, ratio.precision);
        text += &format!("{name:<44}{:>10}{:>10}{:>14.3}\n", time(ratio.before), time(ratio.now), ratio.ratio);
    }
    for difference in &ratios.differences {
        text += &format!("  {difference}\n");
    }
    text
}
