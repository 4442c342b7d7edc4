//! `diadc metrics`: computes metrics of predictions that any tool has saved; no model is needed.

mod beside;
mod saved;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use crate::diagnostic::one_of;
use crate::evaluate::collect::{Collector, Measured};
use crate::evaluate::curve::ClassCurves;
use crate::evaluate::metric::Score;
use crate::evaluate::saved::SavedError;
use crate::experiment::{Role, write_file};
use crate::measure::{ImageScore, Measure, Metric, PRO_LIMIT, ProtocolName};
use crate::report::{self, Published};

use super::arguments::{Names, TableFormat, UnmarkedRule, finite, names, protocol};
use super::failure::Failure;
use super::terminal::{self, Screen};

/// Computes metrics of predictions that any tool has saved; no model is needed
///
/// The predictions are one of four things.
///
/// A folder of maps of the images of a data set (--dataset, --data): one file per test image, with the name that the image
/// has in the data set and the ending .npy, .tiff or .png (grey, 8 or 16 bits), such as MAPS/bottle/test/crack/000.npy.
/// Masks and labels are those of the data set. Only a few maps are in memory at a time.
///
/// A folder of maps and, with --masks, a folder of masks with the same names; a map without a mask is that of a good image.
///
/// A .npz or .safetensors file with the arrays `maps` [N, H, W] and `masks` [N, H, W], and optionally `scores`
/// [N], `labels` [N] and `classes` [N] (the names that UniAD, ADer and anomalib use are known too). Or a .npy file of
/// maps, with the other arrays in files of their own. All arrays are in memory at once.
///
/// A folder with one .npz per image, as UniAD and DiAD dump them.
///
/// Values of 64 bits are ranked as they are.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc metrics maps/ --dataset mvtec --data /data/mvtec    a folder of maps beside a data set
  diadc metrics maps/ --dataset visa --classes pcb1,candle  some classes; diadc.toml says where the data set lies
  diadc metrics predictions.npz                             image and pixel metrics of each class
  diadc metrics predictions.npz --keys maps=heat,masks=gt   arrays with other names
  diadc metrics maps.npy --masks masks.npy --score max      arrays in files of their own
  diadc metrics maps/ --masks masks/                        two folders, with files of the same names
  diadc metrics results/npz --protocol exact,diad           a folder of one .npz per image, by two protocols
  diadc metrics predictions.npz --metrics image_auroc,pro --format json
  diadc metrics predictions.npz --curves curves.json        ROC, precision-recall, PRO, and the overlap with each region
  diadc metrics predictions.npz --compare paper --dataset mvtec

From Python: np.savez('predictions.npz', maps=maps, masks=masks, scores=scores, classes=classes)")]
pub(super) struct Metrics {
    /// A folder of maps, a .npz, .npy or .safetensors file, or a folder of .npz files
    predictions: PathBuf,

    /// Name of the data set whose images the maps in a folder are of, or whose published numbers --compare shows
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,

    /// The directory of the data set; diadc.toml can name it once for all commands
    #[arg(long, value_name = "DIR", requires = "dataset")]
    data: Option<PathBuf>,

    /// Defective images of the data set without a mask: `empty` counts them, and those with an empty mask, as images
    /// without anomalous pixels; `unknown` leaves their class without pixel metrics
    #[arg(long, value_enum, value_name = "RULE", requires = "dataset")]
    unmarked: Option<UnmarkedRule>,

    /// Only these classes; the name of one that has a comma stands in double quotes
    #[arg(long, value_name = "A,B", value_parser = names)]
    classes: Vec<Names>,

    /// Masks [N, H, W] as a .npy file, or a folder of masks; every number but 0 marks a pixel, and in blended masks what is
    /// above one half
    #[arg(long, value_name = "FILE|DIR")]
    masks: Option<PathBuf>,

    /// Values of masks above this number mark a pixel
    #[arg(long, value_name = "NUMBER", value_parser = finite::<f64>, allow_negative_numbers = true, conflicts_with = "dataset")]
    mask_above: Option<f64>,

    /// What arrays are called, where they have none of the usual names: maps=A,masks=B,scores=C,labels=D,classes=E,filenames=F
    #[arg(long, value_delimiter = ',', value_name = "ROLE=NAME", value_parser = key)]
    keys: Vec<(Role, String)>,

    /// Image scores [N] as a .npy file
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,

    /// Image labels [N] as a .npy file, 0 for good and 1 for anomalous; without them an image is anomalous if a pixel of its
    /// mask is
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Names of the classes [N] as a .npy file; without them all images are one class
    #[arg(long, value_name = "FILE")]
    class_names: Option<PathBuf>,

    /// Image score: model (the scores in the file), max, pool(WINDOW,ROUNDS), top(K) or top(SHARE) [default: model if there are
    /// scores, otherwise max]
    #[arg(long, value_name = "RULE", value_parser = image_score)]
    score: Option<ImageScore>,

    /// Metrics to show, in this order [default: the usual seven]
    #[arg(long = "metrics", value_delimiter = ',', value_name = "A,B", value_parser = metric)]
    shown: Vec<Metric>,

    /// False-positive rate up to which PRO is integrated
    #[arg(long, value_name = "RATE", default_value_t = PRO_LIMIT, value_parser = rate)]
    pro_limit: f64,

    /// Protocols to measure by, side by side: exact, diad, ader [default: exact]
    #[arg(long = "protocol", value_delimiter = ',', value_name = "A,B", value_parser = protocol)]
    protocols: Vec<ProtocolName>,

    /// Shows published numbers beside those of the predictions: paper
    #[arg(long, value_name = "SOURCE")]
    compare: Option<String>,

    /// Writes the curves that the metrics are computed from into this .json or .csv file
    #[arg(long, value_name = "FILE", value_parser = curves_file)]
    curves: Option<CurvesFile>,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

/// What was measured by each protocol.
type Results = Vec<(ProtocolName, Measured)>;

/// The curves of each protocol as text.
type CurveWriter = fn(&[(ProtocolName, Vec<ClassCurves>)]) -> String;

/// The file that curves are written into, and the function that writes its format.
#[derive(Clone)]
struct CurvesFile {
    path: PathBuf,
    write: CurveWriter,
}

fn curves_file(text: &str) -> Result<CurvesFile, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("json") => Ok(CurvesFile { path, write: report::curves_json }),
        Some("csv") => Ok(CurvesFile { path, write: report::curves_csv }),
        _ => Err("name a .json or .csv file".to_owned()),
    }
}

fn key(text: &str) -> Result<(Role, String), String> {
    let (word, name) = text.split_once('=').filter(|(_, name)| !name.is_empty()).ok_or("write ROLE=NAME")?;
    let role = Role::ALL.into_iter().find(|role| role.name() == word);
    let help = || one_of(word, Role::ALL.map(Role::name)).unwrap_or_default();
    Ok((role.ok_or_else(|| format!("there is no array of the role `{word}`; {}", help()))?, name.to_owned()))
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
    let numbers: Option<Vec<usize>> = match inner {
        "" => Some(Vec::new()),
        inner => inner.split(',').map(|n| n.trim().parse().ok().filter(|&n| n > 0)).collect(),
    };
    let refused = || "write model, max, pool(8,8), top(100) or top(1%)".to_owned();
    match (word, numbers.as_deref()) {
        ("model", Some([])) => Ok(ImageScore::Model),
        ("max", Some([])) => Ok(ImageScore::Max),
        ("pool", Some(&[window, rounds])) => Ok(ImageScore::Pool { window, rounds }),
        ("top", Some(&[k])) => Ok(ImageScore::Top { k }),
        ("top", None) => {
            let text = inner.trim();
            let share = match text.strip_suffix('%') {
                Some(hundredths) => format!("{}e-2", hundredths.trim_end()).parse().ok(),
                None => text.parse().ok(),
            };
            let share = share.filter(|&share| share > 0.0 && share <= 1.0);
            share.map(|share| ImageScore::TopShare { share }).ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

impl Metrics {
    pub(super) fn run(mut self) -> Result<(), Failure> {
        let published = match (&self.compare, &self.dataset) {
            (Some(_), None) => return Err(Failure::Usage("`--compare` needs `--dataset NAME`".to_owned())),
            (compare, dataset) => {
                let find = |source| Published::find(source, dataset.as_deref().unwrap_or_default());
                compare.as_deref().map(find).transpose()?
            }
        };
        if let Some(twice) = self.shown.iter().enumerate().find(|(at, metric)| self.shown[..*at].contains(metric)) {
            return Err(Failure::Usage(format!("`{}` is asked for twice", twice.1.name())));
        }
        if self.shown.is_empty() {
            self.shown = Metric::USUAL.to_vec();
        }
        let mut screen = Screen::new();
        let results = self.measured(&mut screen);
        screen.clear();
        let (evaluations, curves): (Vec<_>, Vec<_>) =
            results?.into_iter().map(|(protocol, measured)| (measured.evaluation, (protocol, measured.curves))).unzip();
        match self.format {
            TableFormat::Table => {
                let mut text = report::table(&evaluations, terminal::charset());
                if let Some(published) = &published {
                    for evaluation in &evaluations {
                        text +=
                            &format!("\n\n{}", report::beside_published(evaluation, published, terminal::charset()));
                    }
                }
                terminal::result(&(text + "\n"));
            }
            TableFormat::Json => terminal::result(&report::json::evaluations(&evaluations, published.as_ref())),
        }
        if let Some(file) = &self.curves {
            write_file(&file.path, (file.write)(&curves).as_bytes())?;
            terminal::note(&format!("curves: {}", file.path.display()));
        }
        Ok(())
    }

    /// The results by each protocol.
    fn measured(&self, screen: &mut Screen) -> Result<Results, Failure> {
        let holds_npz = |folder: &PathBuf| -> Result<bool, Failure> { Ok(!saved::npz_files(folder)?.is_empty()) };
        for path in std::iter::once(&self.predictions).chain(&self.masks).filter(|_| self.dataset.is_none()) {
            path.metadata().map_err(|source| SavedError::Read { path: path.clone(), source })?;
        }
        if !self.predictions.is_dir() {
            self.refuse_data("a file of predictions")?;
            return self.of_file(screen);
        }
        if let (Some(masks), None) = (self.masks.as_ref().filter(|masks| masks.is_dir()), &self.dataset) {
            self.refuse_files("two folders", &["--masks"])?;
            return self.pairs(masks, screen);
        }
        if holds_npz(&self.predictions)? {
            self.refuse_data("a folder of .npz files")?;
            self.refuse_files("a folder of .npz files", &["--keys"])?;
            return self.of_folder(screen);
        }
        let Some(dataset) = &self.dataset else {
            let shown = self.predictions.display();
            let words = "name a file of predictions, the data set that its maps are of with `--dataset NAME --data DIR`, or a \
                         folder of masks with `--masks DIR`";
            return Err(Failure::Usage(format!("`{shown}` holds no .npz file; {words}")));
        };
        self.refuse_files("a folder of maps, whose masks and labels are those of the data set", &[])?;
        self.beside(dataset, screen)
    }

    /// Refuses a data set where it would not be read.
    fn refuse_data(&self, what: &str) -> Result<(), Failure> {
        let needless = match (&self.data, &self.dataset, &self.compare) {
            (Some(_), ..) => "--data",
            (None, Some(_), None) => "--dataset",
            (None, ..) => return Ok(()),
        };
        Err(Failure::Usage(format!("`{needless}` does not go with {what}, only with a folder of maps")))
    }

    /// Refuses arrays in files of their own, and names of arrays, where they would not be read, but for some.
    fn refuse_files(&self, what: &str, but: &[&str]) -> Result<(), Failure> {
        let files = [
            ("--masks", self.masks.is_some()),
            ("--scores", self.scores.is_some()),
            ("--labels", self.labels.is_some()),
            ("--class-names", self.class_names.is_some()),
            ("--keys", !self.keys.is_empty()),
        ];
        match files.iter().find(|(name, is_given)| *is_given && !but.contains(name)) {
            Some((name, _)) => Err(Failure::Usage(format!("`{name}` does not go with {what}"))),
            None => Ok(()),
        }
    }

    /// An empty collector for each protocol, for these classes.
    fn collectors<S: Score>(&self, classes: &[String], have_scores: bool) -> Vec<Collector<S>> {
        let own = if have_scores { ImageScore::Model } else { ImageScore::Max };
        let base = Measure {
            metrics: self.shown.clone(),
            pro_limit: self.pro_limit,
            image_score: Some(own),
            ..Measure::default()
        };
        let collector = |measure: Measure| {
            let measure = Measure { image_score: self.score.or(measure.image_score), ..measure };
            let collector = Collector::new(classes.to_vec(), measure);
            if self.curves.is_some() { collector.with_region_curves() } else { collector }
        };
        base.by(&self.protocols).into_iter().map(collector).collect()
    }
}

/// The results of what collectors have gathered.
fn results<S: Score>(collectors: Vec<Collector<S>>, screen: &mut Screen) -> Result<Results, Failure> {
    let started = Instant::now();
    let mut results = Results::new();
    for collector in collectors {
        let protocol = collector.measure().protocol;
        let measured = collector.measured(&mut |done, all| screen.late("ranking", started, [done, all]))?;
        results.push((protocol, measured));
    }
    Ok(results)
}
