//! The page of a sweep: one table, with the best mean of each column marked.

use std::fmt::{self, Write};

use super::escape::{Escaped, Sentence};
use super::{begin, end, section};
use crate::measure::Metric;
use crate::report::provenance::command_line;
use crate::report::sweep::{Column, SweepRow, SweepTable};

/// A sweep as a page that needs nothing beside it.
///
/// # Panics
/// Never: a page in memory can always be written to.
#[must_use]
pub fn sweep_html(table: &SweepTable) -> String {
    let mut page = String::new();
    write(&mut page, table).expect("writing to a string does not fail");
    page
}

fn write(page: &mut String, table: &SweepTable) -> fmt::Result {
    begin(page, "Sweep")?;
    writeln!(page, "<header>\n<p class=\"kicker\">Anomaly detection sweep</p>\n<h1>Sweep</h1>")?;
    writeln!(
        page,
        "<p class=\"lead\">Planned {}: <code>{}</code></p>",
        Escaped(&table.date),
        Escaped(&command_line(&table.command))
    )?;
    writeln!(page, "</header>")?;
    section(page, "results", "Results", |page| rows(page, table))?;
    if !table.failures.is_empty() {
        section(page, "failures", "Points that failed", |page| {
            table.failures.iter().try_for_each(|(point, reason)| {
                writeln!(page, "<p class=\"note\"><b>{}</b>: {}</p>", Escaped(point), Escaped(reason))
            })
        })?;
    }
    end(page)
}

fn rows(page: &mut String, table: &SweepTable) -> fmt::Result {
    let columns = table.columns();
    let titles = table.titles().into_iter().map(|title| Escaped(&title).to_string());
    super::table::open(page, titles.chain(columns.iter().map(|column| column.title().join("<br>"))))?;
    for row in &table.rows {
        write!(page, "<tr>")?;
        for (number, cell) in table.cells(row, "–").iter().enumerate() {
            match number {
                0 => write!(page, "<th scope=\"row\">{}</th>", Escaped(cell))?,
                _ => write!(page, "<td>{}</td>", Escaped(cell))?,
            }
        }
        for column in &columns {
            let cell = column.cell(row, "–", "±");
            match column {
                Column::Measured(metric) if is_best(table, row, *metric) => write!(page, "<td><b>{cell}</b></td>")?,
                Column::Measured(_) | Column::Published(_) => write!(page, "<td>{cell}</td>")?,
            }
        }
        writeln!(page, "</tr>")?;
    }
    super::table::close(page)?;
    let marked = "the best mean of a column is bold".to_owned();
    let notes = table.notes().into_iter().take(1).chain([marked]).chain(table.notes().into_iter().skip(1));
    notes.into_iter().try_for_each(|note| writeln!(page, "<p class=\"note\">{}</p>", Sentence(&note)))
}

/// Whether no other row of the same class and protocol has a higher mean.
fn is_best(table: &SweepTable, row: &SweepRow, metric: Metric) -> bool {
    let alike = table.rows.iter().filter(|other| (&other.class, other.protocol) == (&row.class, row.protocol));
    let others: Vec<f64> = alike.filter_map(|row| row.metrics.get(&metric)).map(|spread| spread.mean).collect();
    let own = row.metrics.get(&metric).map(|spread| spread.mean);
    others.len() > 1 && own.is_some_and(|own| others.iter().all(|other| own >= *other))
}
