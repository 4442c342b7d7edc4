//! A run's own numbers beside published ones, as tables for the terminal.

use super::published::Published;
use super::table::{Charset, lines, percent};
use crate::evaluate::evaluation::Evaluation;

/// The means beside those of every method, then each class beside the paper's own method; no line break at the end.
#[must_use]
pub fn compare(evaluation: &Evaluation, published: &Published, charset: Charset) -> String {
    let metrics = published.metrics(evaluation);
    let beside = |own: Option<f64>, theirs: Option<f64>| match (own, theirs) {
        (Some(own), Some(theirs)) => format!("{theirs:.1} ({:+.1})", 100.0 * own - theirs),
        (None, Some(theirs)) => format!("{theirs:.1}"),
        (_, None) => charset.missing().to_owned(),
    };
    let mut header = vec!["mean".to_owned(), "this run".to_owned()];
    header.extend(published.methods.iter().cloned());
    let rows = metrics.iter().map(|&metric| {
        let own = &evaluation.mean[&metric].value;
        let methods = published.methods.iter().map(|method| beside(own.value(), published.mean(metric, method)));
        [metric.title().to_owned(), percent(own, charset)].into_iter().chain(methods).collect()
    });
    let mut text = lines(header, rows.collect(), charset);
    let own_method = &published.methods[0];
    let of_class = |class: &str| metrics.iter().any(|&metric| published.value(class, metric, own_method).is_some());
    let classes: Vec<_> = evaluation.classes.iter().filter(|class| of_class(&class.class)).collect();
    if !classes.is_empty() {
        let mut header = vec![own_method.clone()];
        header.extend(metrics.iter().map(|metric| metric.title().replace(' ', "\n")));
        let rows = classes.iter().map(|class| {
            let values = metrics.iter().map(|&metric| {
                beside(class.metrics[&metric].value(), published.value(&class.class, metric, own_method))
            });
            std::iter::once(class.class.clone()).chain(values).collect()
        });
        text.push(String::new());
        text.extend(lines(header, rows.collect(), charset));
    }
    text.push(String::new());
    text.extend(published.caveats(evaluation));
    text.join("\n")
}
