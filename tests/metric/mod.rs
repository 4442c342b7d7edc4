//! Metrics: against scikit-learn, against their definitions, and as properties.

mod collect;
mod oracle;
mod property;
mod ranking;
