//! The figures that a publication prints for the points of a sweep, as its file has them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::measure::Metric;

/// Figures of a publication, for some combinations of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// The publication and its table.
    pub source: String,
    /// What a reader must know of the figures, a sentence each.
    pub notes: Vec<String>,
    /// The combinations that have any.
    pub rows: Vec<CitedRow>,
}

/// The figures for one combination of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CitedRow {
    /// The settings, in any order.
    pub settings: Vec<(String, String)>,
    /// Fractions, by their metrics.
    pub metrics: IndexMap<Metric, f64>,
}

impl CitedRow {
    /// Reads cells such as `97.2/-/96.5`: percents in the order of `metrics`, where `-` is a figure that is not known.
    ///
    /// # Errors
    /// Why they can't be read, in words.
    pub(super) fn parse(settings: Vec<(String, String)>, metrics: &[Metric], cells: &str) -> Result<CitedRow, String> {
        let parts: Vec<&str> = cells.split('/').map(str::trim).collect();
        if parts.len() != metrics.len() {
            return Err(format!("`{cells}` has {} figures for {} metrics", parts.len(), metrics.len()));
        }
        let figure = |part: &str| match part.parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
            _ => Err(format!("`{part}` in `{cells}` is no percentage; write `-` for one that is not known")),
        };
        let known = metrics.iter().zip(parts).filter(|(_, part)| *part != "-");
        let metrics = known.map(|(metric, part)| Ok((*metric, figure(part)?))).collect::<Result<_, String>>()?;
        Ok(CitedRow { settings, metrics })
    }

    /// Whether it is of the point with these settings.
    pub(super) fn is_of(&self, values: &[(String, String)]) -> bool {
        self.settings.len() == values.len() && self.settings.iter().all(|own| values.contains(own))
    }

    /// Its settings in words.
    pub(super) fn title(&self) -> String {
        self.settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    }
}

impl Citation {
    /// The figures for a combination of settings.
    pub(super) fn of(&self, values: &[(String, String)]) -> IndexMap<Metric, f64> {
        self.rows.iter().find(|row| row.is_of(values)).map(|row| row.metrics.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::CitedRow;
    use crate::measure::Metric;

    #[test]
    fn cells_are_percents_of_metrics_in_their_order() {
        let metrics = [Metric::ImageAuroc, Metric::ImageAp, Metric::Pro];
        let read = |cells: &str| CitedRow::parse(Vec::new(), &metrics, cells).map(|row| row.metrics);
        let row = read("97.2/-/91").expect("it is well formed");
        assert_eq!(row.into_iter().collect::<Vec<_>>(), [(Metric::ImageAuroc, 0.972), (Metric::Pro, 0.91)]);
        for wrong in ["97.2/91", "97.2/91/1/1", "97.2/91/x", "101/1/1", "", "1//1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
