//! The numbers of the run beside published ones: the means, and each metric class by class where that is printed.

use std::fmt::{self, Write};

use super::escape::{Escaped, Sentence};
use super::metrics::percent;
use super::table;
use crate::diagnostic::signed;
use crate::evaluate::evaluation::Evaluation;
use crate::report::published::Published;

/// A table of means, and one for each metric that is printed per class, folded away.
pub(super) fn tables(page: &mut String, evaluation: &Evaluation, published: &Published) -> fmt::Result {
    let metrics = published.metrics(evaluation);
    open(page, "mean", &published.methods)?;
    for &metric in &metrics {
        let theirs = published.methods.iter().map(|method| published.mean(metric, method));
        row(page, metric.title(), evaluation.mean[&metric].value.value(), theirs)?;
    }
    table::close(page)?;
    for &metric in &metrics {
        let printed = |class: &str| published.methods.iter().any(|m| published.value(class, metric, m).is_some());
        let classes: Vec<_> = evaluation.classes.iter().filter(|class| printed(&class.class)).collect();
        if classes.is_empty() {
            continue;
        }
        writeln!(page, "<details><summary>{}, class by class</summary>", metric.title())?;
        open(page, "class", &published.methods)?;
        for class in classes {
            let theirs = published.methods.iter().map(|method| published.value(&class.class, metric, method));
            row(page, &class.class, class.metrics[&metric].value(), theirs)?;
        }
        table::close(page)?;
        writeln!(page, "</details>")?;
    }
    published.caveats(evaluation).iter().try_for_each(|note| writeln!(page, "<p class=\"note\">{}</p>", Sentence(note)))
}

fn open(page: &mut String, corner: &str, methods: &[String]) -> fmt::Result {
    let own = [corner, "this run"].into_iter();
    table::open(page, own.chain(methods.iter().map(String::as_str)).map(Escaped))
}

fn row(page: &mut String, name: &str, own: Option<f64>, theirs: impl Iterator<Item = Option<f64>>) -> fmt::Result {
    let shown = own.map_or_else(|| "–".to_owned(), percent);
    write!(page, "<tr><th scope=\"row\">{}</th><td><b>{shown}</b></td>", Escaped(name))?;
    for theirs in theirs {
        match (theirs, own) {
            (Some(theirs), Some(own)) => {
                write!(page, "<td>{theirs:.1}<span class=\"apart\">{}</span></td>", signed(100.0 * own - theirs))?;
            }
            (Some(theirs), None) => write!(page, "<td>{theirs:.1}</td>")?,
            (None, _) => write!(page, "<td>–</td>")?,
        }
    }
    writeln!(page, "</tr>")
}
