//! Decodes every image and mask before a run depends on it, so that what is wrong is known before anything is trained.

use crate::dataset::audit::{Finding, Severity, audit, lines};
use crate::dataset::{DatasetError, Request};

/// What a run should know of its data set.
#[derive(Debug, Default)]
pub struct DataCheck {
    /// What a run would fail on, one line each or one for many of a kind; empty if nothing is.
    pub errors: Vec<String>,
    /// What changes the meaning of its metrics, likewise.
    pub warnings: Vec<String>,
}

/// Opens all files of a data set, as `diadc data check` does, and tells `progress` how many images of how many are done. A
/// data set that lies in no folder is drawn anew each time, and has nothing to look at.
///
/// # Errors
/// If the data set can't be found.
pub fn check_data(request: &Request, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<DataCheck, DatasetError> {
    let Some(root) = &request.root else { return Ok(DataCheck::default()) };
    let audit = audit(request, progress)?;
    let see_all = format!("`diadc data check --dataset {} --data {} --all` lists each", request.name, root.display());
    let stops = |finding: &Finding| finding.severity == Severity::Error && finding.kind.stops_a_run();
    let (errors, others): (Vec<&Finding>, Vec<&Finding>) = audit.findings.iter().partition(|finding| stops(finding));
    let told: Vec<&Finding> = others.into_iter().filter(|finding| finding.kind.concerns_metrics()).collect();
    Ok(DataCheck { errors: lines(&errors, Some(&see_all)), warnings: lines(&told, Some(&see_all)) })
}
