//! `diadc.toml`: the settings of a machine, such as the directories of data sets, which do not belong in a spec.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::fact::Precision;

use super::error::ExperimentError;

/// The name of the file.
const FILE: &str = "diadc.toml";

/// The settings file of a machine.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The directory of each data set, by its name.
    #[serde(default)]
    pub data: BTreeMap<String, PathBuf>,
    /// The directory of each source of a model, by its name.
    #[serde(default)]
    pub sources: BTreeMap<String, PathBuf>,
    /// The device, unless the command names another.
    pub device: Option<String>,
    /// The precision of products, unless the command names another.
    pub precision: Option<Precision>,
    /// The directory under which runs are put.
    pub runs: Option<PathBuf>,
}

impl Config {
    /// Reads the settings file in the current directory, or else the one beside the spec; an empty one if there is none.
    /// Relative paths in it are relative to it.
    ///
    /// # Errors
    /// If the file can't be read, or holds an unknown key or data set.
    pub fn find(spec: Option<&Path>) -> Result<Config, ExperimentError> {
        let beside = spec.and_then(Path::parent).map(|parent| parent.join(FILE));
        let found = [Some(PathBuf::from(FILE)), beside].into_iter().flatten().find(|path| path.exists());
        let Some(path) = found else { return Ok(Config::default()) };
        let fail = |reason: String| ExperimentError::Config { path: path.clone(), reason };
        let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
        let text = text.trim_start_matches('\u{feff}');
        let mut config: Config = toml::from_str(text).map_err(|error| fail(error.to_string().trim().to_owned()))?;
        let known = crate::dataset::names();
        for name in config.data.keys() {
            if !known.contains(&name.as_str()) {
                let help = crate::diagnostic::one_of(name, known.iter().copied()).unwrap_or_default();
                return Err(fail(format!("there is no data set `{name}`; {help}")));
            }
        }
        let home = path.parent().unwrap_or(Path::new("")).to_path_buf();
        config
            .data
            .values_mut()
            .chain(config.sources.values_mut())
            .chain(&mut config.runs)
            .for_each(|path| *path = home.join(&*path));
        Ok(config)
    }
}
