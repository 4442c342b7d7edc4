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

/// `1 weight`, `2 weights`, `2 classes`
#[must_use]
pub fn count(n: usize, thing: &str) -> String {
    let ending = match n {
        1 => "",
        _ if thing.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {thing}{ending}", grouped(n))
}

/// A number in four significant digits: `0.01234`, `12.34`, `6.613e29`; `0` without digits behind the point.
#[must_use]
pub fn significant(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return if number == 0.0 { "0".to_owned() } else { number.to_string() };
    }
    let scientific = format!("{number:.3e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok());
    match exponent.and_then(|exponent| usize::try_from(3 - exponent).ok()) {
        // From 0.0001 to 9999 the digits stand where they belong.
        Some(decimals) if decimals < 8 => format!("{number:.decimals$}"),
        Some(_) | None => scientific,
    }
}

/// A difference with its sign and one digit behind the point, which has no sign where it is 0: `+1.2`, `-0.3`, `0.0`
#[must_use]
pub fn signed(difference: f64) -> String {
    let text = format!("{difference:+.1}");
    if text.contains(|c: char| matches!(c, '1'..='9') || c.is_alphabetic()) { text } else { "0.0".to_owned() }
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

#[cfg(test)]
mod tests {
    use super::{count, signed, significant};

    #[test]
    fn a_number_has_four_significant_digits_whatever_its_size() {
        for (number, written) in [
            (0.0, "0"),
            (-0.0, "0"),
            (661_309_548_602_279_761_806_385_741_824.0, "6.613e29"),
            (1e-30, "1.000e-30"),
            (0.000_012_345, "1.234e-5"),
            (0.000_123_456, "0.0001235"),
            (0.5, "0.5000"),
            (-12.345, "-12.35"),
            (999.96, "1000"),
            (9999.4, "9999"),
            (9999.6, "1.000e4"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(significant(number), written);
        }
    }

    #[test]
    fn a_difference_of_nothing_has_no_sign_and_one_thing_no_plural() {
        assert_eq!([signed(0.04), signed(-0.04), signed(-0.06), signed(1.0)], ["0.0", "0.0", "-0.1", "+1.0"]);
        assert_eq!([count(1, "class"), count(2, "class"), count(0, "image")], ["1 class", "2 classes", "0 images"]);
    }
}
