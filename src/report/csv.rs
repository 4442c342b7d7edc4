//! Tables as CSV (RFC 4180).

use crate::evaluate::evaluation::Evaluation;

/// Rows as lines of CSV; a field that holds a comma, a quote or a line break is in quotes.
///
/// # Panics
/// Never: a text in memory can always be written to.
#[must_use]
pub fn csv_lines<R>(rows: impl IntoIterator<Item = R>) -> String
where
    R: IntoIterator,
    R::Item: AsRef<str>,
{
    const TEXT: &str = "fields are text, and a text in memory can always be written to";
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        for field in row {
            writer.write_field(field.as_ref()).expect(TEXT);
        }
        writer.write_record(None::<&[u8]>).expect(TEXT);
    }
    String::from_utf8(writer.into_inner().expect(TEXT)).expect(TEXT)
}

/// The rows of CSV below its header, each with as many fields as the header, which must be this one.
///
/// # Errors
/// What is wrong with it, in words.
pub fn csv_rows(text: &str, header: &[&str]) -> Result<Vec<Vec<String>>, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let found = reader.headers().map_err(|error| error.to_string())?;
    if found.iter().ne(header.iter().copied()) {
        let found: Vec<&str> = found.iter().collect();
        return Err(format!("its first line is `{}`: expected `{}`", found.join(","), header.join(",")));
    }
    let fields = |row: csv::Result<csv::StringRecord>| Ok(row?.iter().map(str::to_owned).collect());
    reader.records().map(fields).collect::<csv::Result<_>>().map_err(|error| error.to_string())
}

/// The fields of one line of CSV.
///
/// # Errors
/// If there is another line.
pub fn csv_fields(line: &str) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let rows = reader.records().collect::<csv::Result<Vec<_>>>().map_err(|error| error.to_string())?;
    match rows.as_slice() {
        [] => Ok(Vec::new()),
        [row] => Ok(row.iter().map(str::to_owned).collect()),
        _ => Err("it has several lines".to_owned()),
    }
}

/// The metrics of each class and their means as CSV with a header, one value in a line: protocol, class (`mean` for the mean),
/// metric, and the value as a fraction in full precision, empty where it is not defined.
#[must_use]
pub fn metrics_csv(evaluations: &[Evaluation]) -> String {
    let header = ["protocol", "class", "metric", "value"].map(str::to_owned);
    let rows = evaluations.iter().flat_map(|evaluation| {
        let classes = evaluation.classes.iter().flat_map(|class| {
            class.metrics.iter().map(|(metric, value)| (class.class.as_str(), *metric, value.value()))
        });
        let means = evaluation.mean.iter().map(|(metric, mean)| ("mean", *metric, mean.value.value()));
        classes.chain(means).map(|(class, metric, value)| {
            let value = value.map(|value| value.to_string()).unwrap_or_default();
            [evaluation.protocol.name().to_owned(), class.to_owned(), metric.name().to_owned(), value]
        })
    });
    csv_lines(std::iter::once(header).chain(rows))
}
