//! How numbers are written in what people read, by diagnostics, views, the command line and reports alike.

use std::fmt::Display;

/// A whole number with its digits in groups: `-1,234,567`
#[must_use]
pub fn grouped(number: impl Display) -> String {
    let written = number.to_string();
    let digits = written.trim_start_matches('-');
    let mut text = written[..written.len() - digits.len()].to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 weight`, `2 weights`
#[must_use]
pub fn count(n: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// A number in three digits: `1.23 M`
#[must_use]
pub fn short(number: u64) -> String {
    match scaled(number, &[(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]) {
        Some(text) => text,
        None => number.to_string(),
    }
}

/// A size of memory or a file in three digits: `7.70 GB`
#[must_use]
pub fn bytes(number: u64) -> String {
    match scaled(number, &[(1e9, "GB"), (1e6, "MB"), (1e3, "kB")]) {
        Some(text) => text,
        None => format!("{number} B"),
    }
}

/// The number in the first unit that it reaches.
fn scaled(number: u64, units: &[(f64, &str)]) -> Option<String> {
    let (size, unit) = units.iter().find(|(size, _)| number as f64 >= *size)?;
    let number = number as f64 / size;
    let decimals = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    Some(format!("{number:.decimals$} {unit}"))
}
