//! `diadc metrics`: scores predictions that any tool has saved, with no model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indexmap::IndexMap;

use crate::diagnostic::one_of;
use crate::evaluate::collect::Collector;
use crate::evaluate::evaluation::Evaluation;
use crate::evaluate::saved::{self, Array};
use crate::experiment::{Prediction, Predictions};
use crate::measure::{ImageScore, Measure, Metric, PRO_LIMIT};
use crate::report;

use super::arguments::{MeasureArguments, measures, published};
use super::eval::charset;
use super::failure::Failure;
use super::terminal;

/// Scores predictions that any tool has saved, with no model
///
/// The predictions are a .npz or .safetensors file with the arrays `maps` [N, H, W] and `masks` [N, H, W], and if there
/// are any `scores` [N], `labels` [N] and `classes` [N] (the names that UniAD, ADer and anomalib use are known too); a
/// .npy file of maps with the rest in files of their own; or a folder with one .npz per image, as UniAD and DiAD dump
/// them. Values of 64 bits are rounded to 32.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc metrics predictions.npz                             image and pixel metrics of each class
  diadc metrics maps.npy --masks masks.npy --score max      arrays in files of their own
  diadc metrics results/npz --protocol exact,diad           a folder of one .npz per image, by two protocols
  diadc metrics predictions.npz --metrics image_auroc,pro --format json
  diadc metrics predictions.npz --compare paper --dataset mvtec

From Python: np.savez('predictions.npz', maps=maps, masks=masks, scores=scores, classes=classes)")]
pub(super) struct Metrics {
    /// A .npz, .npy or .safetensors file, or a folder of .npz files
    predictions: PathBuf,

    /// Masks [N, H, W] as a .npy file; anomalous is what is above one half of the highest possible value
    #[arg(long, value_name = "FILE")]
    masks: Option<PathBuf>,

    /// Image scores [N] as a .npy file
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,

    /// Image labels [N] as a .npy file, 0 for good; without them an image is anomalous if its mask is not empty
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Names of the classes [N] as a .npy file; without them all images are one class
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,

    /// Image score: model (as given), max, pool(WINDOW,ROUNDS) or top(K); by default as given, or else max
    #[arg(long, value_name = "RULE", value_parser = image_score)]
    score: Option<ImageScore>,

    /// Metrics to show, in this order; by default the usual seven
    #[arg(long = "metrics", value_delimiter = ',', value_name = "A,B", value_parser = metric)]
    shown: Vec<Metric>,

    /// False-positive rate up to which PRO is integrated
    #[arg(long, value_name = "RATE", default_value_t = PRO_LIMIT, value_parser = rate)]
    pro_limit: f64,

    /// Name of the data set, for --compare
    #[arg(long, value_name = "NAME", requires = "compare")]
    dataset: Option<String>,

    #[command(flatten)]
    measure: MeasureArguments,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

fn metric(text: &str) -> Result<Metric, String> {
    Metric::named(text).ok_or_else(|| {
        let help = one_of(text, Metric::ALL.map(Metric::name)).unwrap_or_default();
        format!("there is no metric `{text}`; {help}")
    })
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|&rate| rate > 0.0 && rate <= 1.0);
    rate.ok_or_else(|| "a false-positive rate is above 0 and at most 1".to_owned())
}

fn image_score(text: &str) -> Result<ImageScore, String> {
    let (word, inner) = match text.split_once('(') {
        Some((word, rest)) => (word.trim(), rest.strip_suffix(')').unwrap_or_default()),
        None => (text.trim(), ""),
    };
    let numbers: Vec<usize> = inner.split(',').filter_map(|n| n.trim().parse().ok()).filter(|&n| n > 0).collect();
    match (word, numbers.as_slice()) {
        ("model", []) => Ok(ImageScore::Model),
        ("max", []) => Ok(ImageScore::Max),
        ("pool", &[window, rounds]) => Ok(ImageScore::Pool { window, rounds }),
        ("top", &[k]) => Ok(ImageScore::Top { k }),
        _ => Err("write model, max, pool(8,8) or top(100)".to_owned()),
    }
}

impl Metrics {
    pub(super) fn run(self) -> Result<(), Failure> {
        let beside = match (&self.measure.compare, &self.dataset) {
            (Some(_), None) => return Err(Failure::Usage("`--compare` needs `--dataset NAME`".to_owned())),
            (compare, dataset) => published(compare.as_deref(), dataset.as_deref().unwrap_or_default())?,
        };
        let evaluations = if self.predictions.is_dir() { self.of_folder()? } else { self.of_file()? };
        match self.format {
            Format::Table => {
                let mut text = report::table(&evaluations, charset());
                if let (Some(published), Some(evaluation)) = (&beside, evaluations.first()) {
                    text += &format!("\n\n{}", report::compare(evaluation, published, charset()));
                }
                terminal::result(&(text + "\n"));
            }
            Format::Json => terminal::result(&report::json::evaluations(&evaluations, beside.as_ref())),
        }
        Ok(())
    }

    /// One file of many predictions, and what is in files of its own.
    fn of_file(&self) -> Result<Vec<Evaluation>, Failure> {
        let mut all = arrays(&self.predictions, "maps")?;
        for (path, name) in
            [(&self.masks, "masks"), (&self.scores, "scores"), (&self.labels, "labels"), (&self.classes, "classes")]
        {
            if let Some(path) = path {
                all.extend(arrays(path, name)?);
            }
        }
        let predictions = Predictions::new(&self.predictions, all)?;
        let mut classes: IndexMap<String, usize> = IndexMap::new();
        let mut names: Vec<&str> = predictions.classes().collect();
        names.sort_unstable();
        for name in names {
            let next = classes.len();
            classes.entry(name.to_owned()).or_insert(next);
        }
        let mut collectors = self.collectors(&classes, predictions.have_scores());
        for index in 0..predictions.len() {
            add(&mut collectors, &classes, &predictions.get(index))?;
        }
        finish(collectors)
    }

    /// A folder of single predictions, of which only one is in memory at a time.
    fn of_folder(&self) -> Result<Vec<Evaluation>, Failure> {
        let fail = |source| Failure::from(saved::SavedError::Read { path: self.predictions.clone(), source });
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&self.predictions).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.extension().is_some_and(|ending| ending == "npz") {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() {
            let shown = self.predictions.display();
            return Err(Failure::Usage(format!("`{shown}` holds no .npz file; name a file of predictions instead")));
        }
        let open = |path: &PathBuf| Ok::<_, Failure>(Predictions::new(path, arrays(path, "maps")?)?);
        // Names first: which classes there are must be known before the first image counts.
        let mut names: BTreeSet<String> = BTreeSet::new();
        for path in &paths {
            names.extend(open(path)?.classes().map(str::to_owned));
        }
        let classes: IndexMap<String, usize> = names.into_iter().enumerate().map(|(n, name)| (name, n)).collect();
        let have_scores = open(&paths[0])?.have_scores();
        let mut collectors = self.collectors(&classes, have_scores);
        for path in &paths {
            let predictions = open(path)?;
            for index in 0..predictions.len() {
                add(&mut collectors, &classes, &predictions.get(index))?;
            }
        }
        finish(collectors)
    }

    fn collectors(&self, classes: &IndexMap<String, usize>, have_scores: bool) -> Vec<Collector> {
        let metrics = if self.shown.is_empty() { Metric::USUAL.to_vec() } else { self.shown.clone() };
        let own = if have_scores { ImageScore::Model } else { ImageScore::Max };
        let base = Measure { metrics, pro_limit: self.pro_limit, image_score: Some(own), ..Measure::default() };
        let measures = measures(&base, &self.measure.protocols)
            .into_iter()
            .map(|measure| Measure { image_score: self.score.or(measure.image_score), ..measure });
        measures.map(|measure| Collector::new(classes.keys().cloned(), measure)).collect()
    }
}

fn add(
    collectors: &mut [Collector],
    classes: &IndexMap<String, usize>,
    prediction: &Prediction<'_>,
) -> Result<(), Failure> {
    for collector in collectors {
        let mask = prediction.mask(collector.measure().protocol.rules().mask);
        collector.add(prediction.observation(classes[prediction.class], &mask))?;
    }
    Ok(())
}

fn finish(collectors: Vec<Collector>) -> Result<Vec<Evaluation>, Failure> {
    Ok(collectors.into_iter().map(Collector::finish).collect::<Result<_, _>>()?)
}

/// The arrays of a file; one without a name gets `unnamed`.
fn arrays(path: &Path, unnamed: &str) -> Result<BTreeMap<String, Array>, Failure> {
    let arrays = saved::read(path)?;
    let named = |(name, array)| (if name == saved::UNNAMED { unnamed.to_owned() } else { name }, array);
    Ok(arrays.into_iter().map(named).collect())
}
