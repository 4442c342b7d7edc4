//! The text that `diadc data check` prints.

use crate::dataset::audit::{Audit, Counts, Finding, Severity, Tally, lines};
use crate::diagnostic::count;

/// How many sizes and colours are listed; of the others only the number is shown.
const TALLIES: usize = 5;

/// How findings are listed.
#[derive(Clone, Copy)]
pub(super) enum Listing {
    /// One line for each.
    Each,
    /// One line for many of a kind.
    Short,
}

/// A table of counts, then sizes and colours, then everything that is wrong.
pub(super) fn text(audit: &Audit, listing: Listing) -> String {
    let place = audit.directory.as_ref().map_or_else(String::new, |place| format!(" in {}", place.display()));
    let mut text = format!("{}{place}: {}\n\n", audit.dataset, count(audit.classes.len(), "class"));
    text += &table(audit);
    text += &format!("\nsizes    {}\ncolours  {}\n", tallies(&audit.sizes), tallies(&audit.colours));
    if let Some(source) = audit.source {
        text += &format!("published counts: {source}\n");
    }
    for note in &audit.notes {
        text += &format!("note: {note}\n");
    }
    if audit.findings.is_empty() {
        return text + "\nnothing is wrong\n";
    }
    let (errors, warnings) = (audit.count(Severity::Error), audit.count(Severity::Warning));
    text += &format!("\n{}, {}\n", counted(errors, "error"), counted(warnings, "warning"));
    let see_all = match listing {
        Listing::Each => None,
        Listing::Short => Some("`--all` lists each"),
    };
    let findings: Vec<&Finding> = audit.findings.iter().collect();
    text + &lines(&findings, see_all).join("\n") + "\n"
}

fn table(audit: &Audit) -> String {
    let has_validation = audit.all.validation > 0;
    let mut header = vec!["class", "train", "kept apart", "good", "defective", "published"];
    if !has_validation {
        header.remove(2);
    }
    let mut rows: Vec<Vec<String>> = vec![header.into_iter().map(str::to_owned).collect()];
    let cells = |name: &str, counts: Counts, last: String| {
        let mut row = vec![name.to_owned()];
        row.extend(numbers(counts, has_validation));
        row.push(last);
        row
    };
    for class in &audit.classes {
        let published = match class.published {
            None => "unknown".to_owned(),
            Some(published) if published == class.found => "the same".to_owned(),
            Some(published) => numbers(published, has_validation).join(" / "),
        };
        rows.push(cells(&class.class, class.found, published));
    }
    rows.push(cells("all", audit.all, String::new()));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Names and what was published begin at the left, numbers end at the right.
            let is_number = column > 0 && column + 1 < row.len();
            line += &if is_number { format!("  {cell:>width$}") } else { format!("  {cell:<width$}") };
        }
        text += &format!("{}\n", line.trim_end());
    }
    text
}

fn numbers(counts: Counts, has_validation: bool) -> Vec<String> {
    let Counts { train, validation, good, defective } = counts;
    let all = if has_validation { vec![train, validation, good, defective] } else { vec![train, good, defective] };
    all.iter().map(usize::to_string).collect()
}

fn tallies(tallies: &[Tally]) -> String {
    let shown = tallies.iter().take(TALLIES).map(|tally| format!("{} ({})", tally.what, tally.images));
    let mut shown: Vec<String> = shown.collect();
    match tallies.len().saturating_sub(TALLIES) {
        0 => {}
        more => shown.push(format!("{more} more")),
    }
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
