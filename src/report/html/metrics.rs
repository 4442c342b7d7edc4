//! The table of metrics, with a thin bar under each number, and the means in large figures.

use std::fmt::{self, Write};

use super::escape::{Escaped, Sentence, Words};
use crate::evaluate::evaluation::{Count, Evaluation};
use crate::evaluate::metric::MetricValue;
use crate::report::table::notes;

/// The mean of each metric, as the first thing a reader looks for.
pub(super) fn headline(page: &mut String, evaluation: &Evaluation) -> fmt::Result {
    writeln!(page, "<div class=\"headline\">")?;
    for (metric, mean) in &evaluation.mean {
        let figure = mean.value.value().map_or_else(|| "–".to_owned(), percent);
        writeln!(page, "<div><span class=\"figure\">{figure}</span><span>{}</span></div>", metric.title())?;
    }
    writeln!(page, "</div>")?;
    let name = evaluation.protocol.name();
    writeln!(page, "<p class=\"note\">Means over classes under the protocol <a href=\"#protocol\">{name}</a>.</p>")
}

/// A row per class and protocol, and the mean.
pub(super) fn table(page: &mut String, evaluations: &[Evaluation]) -> fmt::Result {
    let Some(first) = evaluations.first() else { return Ok(()) };
    let several = evaluations.len() > 1;
    writeln!(page, "<div class=\"wide\" tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">class</th>")?;
    if several {
        writeln!(page, "<th scope=\"col\" class=\"protocol\">protocol</th>")?;
    }
    for title in ["good", "anomalous"] {
        writeln!(page, "<th scope=\"col\" class=\"count\">{title}</th>")?;
    }
    for metric in first.metrics() {
        writeln!(page, "<th scope=\"col\">{}</th>", metric.title().replacen(' ', "<br>", 1))?;
    }
    writeln!(page, "</tr></thead>\n<tbody>")?;
    for (index, class) in first.classes.iter().enumerate() {
        for evaluation in evaluations {
            let own = &evaluation.classes[index];
            let name = std::ptr::eq(evaluation, first).then_some(&*class.class);
            row(page, name, several.then_some(evaluation), own.images, own.metrics.values())?;
        }
    }
    writeln!(page, "</tbody>\n<tfoot>")?;
    for evaluation in evaluations {
        let name = std::ptr::eq(evaluation, first).then_some("mean");
        let values = evaluation.mean.values().map(|mean| &mean.value);
        row(page, name, several.then_some(evaluation), evaluation.images(), values)?;
    }
    writeln!(page, "</tfoot>\n</table>\n</div>")?;
    for Evaluation { protocol, image_score, pro_limit, .. } in evaluations {
        writeln!(
            page,
            "<p class=\"note\">Protocol {}: image score {}, PRO up to {pro_limit}. In percent; the bars run from 0 to 100.</p>",
            protocol.name(),
            Escaped(image_score)
        )?;
    }
    for evaluation in evaluations {
        let of = if several { format!("Protocol {}: ", evaluation.protocol.name()) } else { String::new() };
        for note in notes(evaluation) {
            writeln!(page, "<p class=\"note\">– {of}{}</p>", Words(&note))?;
        }
        if let Some(variation) = &evaluation.variation {
            writeln!(page, "<p class=\"note\">{}</p>", Sentence(&format!("{of}{}", variation.words())))?;
        }
    }
    Ok(())
}

fn row<'a>(
    page: &mut String,
    name: Option<&str>,
    protocol: Option<&Evaluation>,
    images: Count,
    values: impl Iterator<Item = &'a MetricValue>,
) -> fmt::Result {
    let beneath = if name.is_some() { "" } else { " class=\"beneath\"" };
    write!(page, "<tr{beneath}><th scope=\"row\">{}</th>", Escaped(name.unwrap_or_default()))?;
    if let Some(evaluation) = protocol {
        write!(page, "<td class=\"protocol\">{}</td>", evaluation.protocol.name())?;
    }
    for count in [images.good, images.anomalous] {
        write!(page, "<td class=\"count\">{count}</td>")?;
    }
    for value in values {
        match value {
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

pub(super) fn percent(value: f64) -> String {
    format!("{:.1}", 100.0 * value)
}
