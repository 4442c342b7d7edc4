//! The numbers of a run beside published ones, as tables for the terminal: each published value with its difference.

use super::published::Published;
use super::table::{Charset, lines, percent};
use crate::diagnostic::signed;
use crate::evaluate::evaluation::Evaluation;

/// The means beside those of every method, then each class beside the paper's own method; no line break at the end.
#[must_use]
pub fn beside_published(evaluation: &Evaluation, published: &Published, charset: Charset) -> String {
    let metrics = published.metrics(evaluation);
    let beside = |own: Option<f64>, theirs: Option<f64>| match (own, theirs) {
        (Some(own), Some(theirs)) => format!("{theirs:.1} {}", signed(100.0 * own - theirs)),
        (None, Some(theirs)) => format!("{theirs:.1}"),
        (_, None) => charset.missing().to_owned(),
    };
    let titles = metrics.iter().map(|metric| metric.title().replace(' ', "\n"));
    let header = std::iter::once("mean".to_owned()).chain(titles.clone()).collect();
    let own = metrics.iter().map(|metric| percent(&evaluation.mean[metric].value, charset));
    let mut rows = vec![std::iter::once("this run".to_owned()).chain(own).collect()];
    rows.extend(published.methods.iter().map(|method| {
        let values = metrics
            .iter()
            .map(|&metric| beside(evaluation.mean[&metric].value.value(), published.mean(metric, method)));
        std::iter::once(method.clone()).chain(values).collect::<Vec<_>>()
    }));
    let mut text = lines(header, rows, charset);
    let own_method = &published.methods[0];
    let of_class = |class: &str| metrics.iter().any(|&metric| published.value(class, metric, own_method).is_some());
    let classes: Vec<_> = evaluation.classes.iter().filter(|class| of_class(&class.class)).collect();
    if !classes.is_empty() {
        let header = std::iter::once(own_method.clone()).chain(titles).collect();
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
