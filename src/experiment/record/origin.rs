//! What a file of trained weights knows of the run that made it: its spec, its settings, its data.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::experiment::error::ExperimentError;
use crate::graph::program::Program;
use crate::report::Provenance;
use crate::weight::File;

use super::identity::score_hash;

/// The run that made a file of weights, as far as the file says.
pub(in crate::experiment) struct Origin {
    model: String,
    params: IndexMap<String, String>,
    score: String,
}

impl Origin {
    /// What is written into a file of weights. Two runs that are the same write the same.
    pub(in crate::experiment) fn notes(of: &Provenance) -> BTreeMap<String, String> {
        let json = |map: &IndexMap<String, String>| serde_json::json!(map).to_string();
        let mut notes = vec![
            ("diadc", of.version.clone()),
            ("model", of.spec.model.clone()),
            ("params", json(&of.params)),
            ("settings", json(&of.settings)),
            ("spec_sha256", of.spec.text_sha256.clone()),
            ("program_sha256", of.spec.program_sha256.clone()),
            ("score_sha256", of.spec.score_sha256.clone()),
            ("seed", of.seed.to_string()),
            ("precision", of.precision.to_string()),
        ];
        if let Some(data) = &of.data {
            notes.push(("dataset", data.name.clone()));
            notes.push(("classes", serde_json::json!(data.classes).to_string()));
            notes.push(("data_list_sha256", data.list_sha256.clone()));
        }
        notes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What a file says; none if no run of this program has written it.
    pub(in crate::experiment) fn of(file: &File) -> Option<Origin> {
        let note = |name: &str| file.notes().get(name);
        let params = serde_json::from_str(note("params")?).ok()?;
        Some(Origin { model: note("model")?.clone(), params, score: note("score_sha256")?.clone() })
    }

    /// The params whose values differ: name, value in the file, value in the program. Params that only one of them has say
    /// nothing of the other.
    fn differences<'a>(&'a self, program: &'a Program) -> Vec<(&'a str, &'a str, &'a str)> {
        let pairs = program.params.iter().filter_map(|(name, here)| {
            let there = self.params.get(name)?;
            (there != here).then_some((name.as_str(), there.as_str(), here.as_str()))
        });
        pairs.collect()
    }

    /// Refuses trained weights whose settings differ from those of a program, unless the user has `given` the other value.
    /// Returns what is to be said of those that do.
    pub(in crate::experiment) fn check(
        &self,
        file: &File,
        program: &Program,
        given: &[(String, String)],
    ) -> Result<Option<String>, ExperimentError> {
        let (meant, forgotten): (Vec<_>, Vec<_>) =
            self.differences(program).into_iter().partition(|(name, ..)| given.iter().any(|(own, _)| own == name));
        if !forgotten.is_empty() {
            let differences = forgotten.iter().map(|(name, there, here)| [*name, *there, *here].map(str::to_owned));
            return Err(ExperimentError::OtherSettings {
                path: file.path().to_path_buf(),
                differences: differences.collect(),
            });
        }
        Ok((!meant.is_empty()).then(|| self.told(file, &meant)))
    }

    /// What is to be said if a program with the same params scores otherwise than the one that trained the weights.
    pub(in crate::experiment) fn told_of_score(&self, file: &File, program: &Program) -> Option<String> {
        let is_other = self.differences(program).is_empty() && self.score != score_hash(program);
        is_other.then(|| {
            let path = file.path().display();
            format!("`{path}` was trained with a spec that scores otherwise than this one; its run keeps that spec")
        })
    }

    /// What is to be said of weights that training starts from.
    pub(in crate::experiment) fn told_at_start(&self, file: &File, program: &Program) -> Option<String> {
        let differences = self.differences(program);
        (!differences.is_empty()).then(|| self.told(file, &differences))
    }

    fn told(&self, file: &File, differences: &[(&str, &str, &str)]) -> String {
        let pairs = differences.iter().map(|(name, there, here)| format!("`{name}={there}`, here `{name}={here}`"));
        let pairs = pairs.collect::<Vec<_>>().join("; ");
        format!("`{}` holds weights of `{}` that were trained with {pairs}", file.path().display(), self.model)
    }
}
