//! The table of metrics, with a thin bar under each number, and the means in large figures.

use std::fmt::{self, Write};

use super::escape::{Escaped, Sentence};
use crate::evaluate::collect::{Evaluation, MeanEvaluation};
use crate::evaluate::metric::{Metric, MetricValue};
use crate::report::table::notes;

/// The mean of each metric, as the first thing a reader looks for.
pub(super) fn headline(page: &mut String, mean: &MeanEvaluation) -> fmt::Result {
    writeln!(page, "<div class=\"headline\">")?;
    for metric in Metric::ALL {
        let figure = mean.value(metric).value.value().map_or_else(|| "–".to_owned(), percent);
        writeln!(page, "<div><span class=\"figure\">{figure}</span><span>{}</span></div>", metric.title())?;
    }
    writeln!(page, "</div>")
}

/// A row per class, and the mean.
pub(super) fn table(page: &mut String, evaluation: &Evaluation) -> fmt::Result {
    writeln!(page, "<div class=\"wide\" tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">class</th>")?;
    for title in ["good", "anomalous"] {
        writeln!(page, "<th scope=\"col\" class=\"count\">{title}</th>")?;
    }
    for title in Metric::ALL.map(Metric::title) {
        writeln!(page, "<th scope=\"col\">{title}</th>")?;
    }
    writeln!(page, "</tr></thead>\n<tbody>")?;
    let (mut good, mut anomalous) = (0, 0);
    for class in &evaluation.classes {
        good += class.images.good;
        anomalous += class.images.anomalous;
        row(page, &class.class, [class.images.good, class.images.anomalous], |metric| class.value(metric))?;
    }
    writeln!(page, "</tbody>\n<tfoot>")?;
    row(page, "mean", [good, anomalous], |metric| &evaluation.mean.value(metric).value)?;
    writeln!(page, "</tfoot>\n</table>\n</div>")?;
    writeln!(page, "<p class=\"note\">In percent. The bars run from 0 to 100.</p>")?;
    for note in notes(evaluation) {
        writeln!(page, "<p class=\"note\">– {}</p>", Sentence(&note))?;
    }
    Ok(())
}

fn row<'a>(
    page: &mut String,
    name: &str,
    counts: [usize; 2],
    value: impl Fn(Metric) -> &'a MetricValue,
) -> fmt::Result {
    write!(page, "<tr><th scope=\"row\">{}</th>", Escaped(name))?;
    for count in counts {
        write!(page, "<td class=\"count\">{count}</td>")?;
    }
    for metric in Metric::ALL {
        match value(metric) {
            MetricValue::Value(value) => {
                let percent = percent(*value);
                write!(page, "<td>{percent}<i class=\"bar\" style=\"--share:{percent}%\"></i></td>")?;
            }
            MetricValue::Undefined { reason } => {
                write!(page, "<td title=\"{}\">–</td>", Escaped(reason))?;
            }
        }
    }
    writeln!(page, "</tr>")
}

fn percent(value: f64) -> String {
    format!("{:.1}", 100.0 * value)
}
