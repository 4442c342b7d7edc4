//! `diadc predict`: scores images and writes their heat maps.

use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, ValueEnum};

use crate::dataset::predict_inputs;
use crate::diagnostic::{count, significant};
use crate::evaluate::score::is_random;
use crate::experiment::{
    Columns, Lines, Listed, Model, Results, Row, RunDirectory, Saved, Saving, ScoreTable, ScoredImage, Setup, Source,
    Standing, Summary, Trained, Watched, check_draws, check_purpose, predict, provenance,
};
use crate::report::Provenance;
use crate::weight::Place;

use super::arguments::{DeviceArguments, DrawArguments, Opened, SpecArguments, command, finite, trained};
use super::failure::Failure;
use super::terminal::{self, Screen};

/// How many images the colours of all heat maps follow from, where no run says them.
const COLOURS_OF: usize = 64;

/// Scores images and draws where they are anomalous
///
/// Writes for each image its heat map and a picture of image and heat map side by side, or what `--save` names, and
/// `scores.csv`. Prints the score of each image; if there are several draws, followed by its standard deviation over them. An
/// image that can't be read is listed, and the exit status is 1 in the end. The directory of a run stands for its own copy of
/// the spec, its settings, weights and colours. Weights that a run has trained know its settings: others than those are refused,
/// unless they are given with --set.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc predict runs/tiny-toy-seed1 --out maps --images photo.png folder/
  diadc predict runs/NAME --out maps --images folder/ --save overlay,npy
  diadc predict runs/NAME --images folder/ --scores-only --format jsonl
  diadc predict runs/NAME --out maps --watch folder/ --threshold 0.4       also what appears in it, until Ctrl-C
  find . -name '*.png' | diadc predict runs/NAME --images - --scores-only
  diadc predict tiny --weights W --out maps --images folder/ --draws 8      means over 8 draws of random numbers")]
pub(super) struct Predict {
    #[command(flatten)]
    spec: SpecArguments,
    #[command(flatten)]
    device: DeviceArguments,

    /// Images, and folders, of which all images in them and below are taken; `-` reads paths from standard input, a line each
    #[arg(long, short, num_args = 1.., value_name = "PATH", required_unless_present = "watch")]
    images: Vec<PathBuf>,

    /// A folder whose images are scored, also those that appear in it or below, until Ctrl-C
    #[arg(long, value_name = "DIR", conflicts_with = "images")]
    watch: Option<PathBuf>,

    /// The weights: safetensors, or what PyTorch writes [default: those of the run]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME", requires = "weights")]
    within: Option<String>,

    /// The new directory to write the results into
    #[arg(long, value_name = "DIR", required_unless_present = "scores_only")]
    out: Option<PathBuf>,

    /// What is written of each image
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND", default_value = "sheet,heat-map")]
    save: Vec<SaveArgument>,

    /// Writes no file for each image
    #[arg(long, conflicts_with = "save")]
    scores_only: bool,

    /// The values of the darkest and the brightest colour [default: those of the run, or else of the first images]
    #[arg(long, value_name = "LOW,HIGH", value_parser = colours, allow_hyphen_values = true)]
    colours: Option<Colours>,

    /// The score above which an image is anomalous [default: that which the spec fits, or else that of `diadc threshold`]
    #[arg(long, value_name = "SCORE", value_parser = finite::<f32>, allow_hyphen_values = true)]
    threshold: Option<f32>,

    /// Ends with status 3 if an image is anomalous
    #[arg(long)]
    fail_if_anomalous: bool,

    /// Seed of all random numbers [default: 1, or that of the run]
    #[arg(long)]
    seed: Option<u64>,

    #[command(flatten)]
    draws: DrawArguments,

    /// Format of what is printed, a line for each image
    #[arg(long, value_enum, default_value = "text")]
    format: LineFormat,
}

/// How the line of an image is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LineFormat {
    Text,
    Csv,
    Jsonl,
}

/// What is written of each image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SaveArgument {
    /// Image, what the model made of it, and heat map, side by side
    Sheet,
    /// The heat map alone
    HeatMap,
    /// The heat map over the image, in its own size
    Overlay,
    /// The anomaly map as an array of NumPy
    Npy,
    /// The anomaly map as a TIFF picture of floats
    Tiff,
}

impl SaveArgument {
    const fn saved(self) -> Saved {
        match self {
            SaveArgument::Sheet => Saved::Sheet,
            SaveArgument::HeatMap => Saved::HeatMap,
            SaveArgument::Overlay => Saved::Overlay,
            SaveArgument::Npy => Saved::Npy,
            SaveArgument::Tiff => Saved::Tiff,
        }
    }
}

/// The values of the darkest and the brightest colour.
#[derive(Clone, Copy, Debug)]
struct Colours([f32; 2]);

fn colours(text: &str) -> Result<Colours, String> {
    let numbers: Option<Vec<f32>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[low, high]) if low < high && low.is_finite() && high.is_finite() => Ok(Colours([low, high])),
        _ => Err("write LOW,HIGH, two numbers of which the second is larger, as in 0.1,0.9".to_owned()),
    }
}

impl Predict {
    pub(super) fn run(self) -> Result<(), Failure> {
        let opened = self.spec.open()?;
        let setup = self.device.over(opened.setup.clone(), opened.run.is_some(), &self.spec.config()?)?;
        let Opened { compiled, run, .. } = opened;
        terminal::diagnostics(&compiled.warnings, &compiled.sources);
        let program = &compiled.program;
        let weights = trained(self.weights.as_ref(), run.as_ref())?;
        let setup = Setup {
            seed: self.seed.unwrap_or(setup.seed),
            draws: self.draws.draws.unwrap_or(setup.draws),
            weights: Some(weights.clone()),
            within: self.within.clone(),
            command: command(),
            ..setup
        };
        let draws = setup.draws;
        check_purpose(program, true)?;
        check_draws(program, draws)?;
        let target = setup.target()?;
        let stop = if self.watch.is_some() { terminal::stop_flag() } else { Arc::new(AtomicBool::new(false)) };
        let mut source = self.source(&stop)?;
        let mut screen = Screen::new();
        let place = Place { path: &weights, within: self.within.as_deref() };
        let weights = Trained { place, settings: &setup.settings };
        let provenance = provenance(&setup, &compiled)?;
        let mut model = screen.during(|screen| Model::to_score(&compiled, weights, target, setup.seed, screen))?;
        let provenance = Provenance { device: model.device(), protocols: Vec::new(), ..provenance };
        let threshold = self.chosen(&mut model, &provenance)?;
        let saving = self.saving(run.as_ref(), threshold);
        let directory = self.out.as_deref().map(RunDirectory::for_results).transpose()?;
        if let Some(directory) = &directory {
            directory.write_provenance(&provenance)?;
        }
        let columns = Columns::of(&saving, draws.get() > 1);
        let mut table = directory.as_ref().map(|own| ScoreTable::create(own, columns.clone())).transpose()?;
        if self.format == LineFormat::Csv {
            terminal::result(&columns.header());
        }
        let mut tell = |row: &Row, _: Option<&ScoredImage>| {
            self.print(row, &columns);
            table.as_mut().map_or(Ok(()), |table| table.add(row))
        };
        let results = Results { saving: &saving, directory: directory.as_ref(), tell: &mut tell };
        // Lines on a terminal show the progress themselves.
        let summary = if std::io::stdout().is_terminal() {
            predict(&mut model, source.as_mut(), draws, results, &mut (), &stop)?
        } else {
            screen.during(|screen| predict(&mut model, source.as_mut(), draws, results, screen, &stop))?
        };
        if draws.get() == 1 && is_random(program) {
            terminal::note(
                "scores draw random numbers, here once; `--draws 8` takes means over 8 draws, and says how far apart those are",
            );
        }
        self.conclude(&summary, directory.as_ref())
    }

    /// Where images come from. Folders are listed, and files looked for, before anything slow.
    fn source<'a>(&self, stop: &'a AtomicBool) -> Result<Box<dyn Source + 'a>, Failure> {
        if let Some(folder) = &self.watch {
            if !folder.is_dir() {
                return Err(Failure::Usage(format!("`{}` is no folder that can be watched", folder.display())));
            }
            if self.out.as_deref().is_some_and(|out| lies_in(out, folder)) {
                let words = "the results must not lie in the folder that is watched: they would be scored too";
                return Err(Failure::Usage(words.to_owned()));
            }
            return Ok(Box::new(Watched::new(folder, stop)));
        }
        if self.images.iter().any(|path| path == Path::new("-")) {
            return match self.images.len() {
                1 => Ok(Box::new(Lines::new(BufReader::new(std::io::stdin())))),
                _ => Err(Failure::Usage("`-` stands alone: what else is to be scored comes in by it".to_owned())),
            };
        }
        Ok(Box::new(Listed::new(predict_inputs(&self.images)?)))
    }

    /// The score above which an image is anomalous, and says where it comes from: the one that is given, the one that the spec
    /// fits, or the one that was chosen for these weights.
    fn chosen(&self, model: &mut Model<'_>, scores: &Provenance) -> Result<Option<f32>, Failure> {
        let (threshold, origin) = match self.threshold {
            Some(given) => (Some(given), "as given".to_owned()),
            None => match Standing::of(model, scores)? {
                Standing::Stored(stored) => (Some(stored), "which the spec has fitted".to_owned()),
                Standing::Chosen(chosen) => (Some(chosen.threshold), chosen.words()),
                Standing::Foreign(what) => {
                    terminal::note(&format!(
                        "warning: the threshold in `threshold.json` was chosen with {what} and is not used"
                    ));
                    (None, String::new())
                }
                Standing::None => (None, String::new()),
            },
        };
        match threshold {
            Some(threshold) => terminal::note(&format!("threshold {}: {origin}", significant(threshold.into()))),
            None if self.fail_if_anomalous => {
                let words = "`--fail-if-anomalous` needs a threshold: give one with `--threshold`, or choose one with `diadc threshold`";
                return Err(Failure::Usage(words.to_owned()));
            }
            None => {}
        }
        Ok(threshold)
    }

    /// What is written of each image.
    fn saving(&self, run: Option<&RunDirectory>, threshold: Option<f32>) -> Saving {
        let mut saved: Vec<Saved> = Vec::new();
        for own in self.save.iter().filter(|_| !self.scores_only).map(|own| own.saved()) {
            if !saved.contains(&own) {
                saved.push(own);
            }
        }
        // Who waits for the next image wants the picture of this one.
        let is_known = self.watch.is_none() && !self.images.iter().any(|path| path == Path::new("-"));
        Saving {
            saved,
            colours: self.colours.map(|Colours(range)| range).or_else(|| run.and_then(RunDirectory::colours)),
            colours_of: if is_known { COLOURS_OF } else { 1 },
            threshold,
        }
    }

    /// Prints what became of an image.
    fn print(&self, row: &Row, columns: &Columns) {
        match (self.format, row.score) {
            (LineFormat::Csv, _) => terminal::result(&columns.line(row)),
            (LineFormat::Jsonl, _) => terminal::result(&row.json()),
            (LineFormat::Text, Some(score)) => {
                let deviation = row.deviation.map(|deviation| format!("  {}", significant(deviation.into())));
                let verdict = row.anomalous.map(|anomalous| if anomalous { "  anomalous" } else { "  good" });
                let (deviation, verdict) = (deviation.unwrap_or_default(), verdict.unwrap_or_default());
                terminal::result(&format!("{}{deviation}{verdict}  {}\n", significant(score.into()), row.image));
            }
            (LineFormat::Text, None) => {}
        }
        if let Some(reason) = &row.error {
            terminal::note(&format!("not scored: {}: {reason}", row.image));
        }
    }

    /// Says what came of all images, and ends as that asks for.
    fn conclude(&self, summary: &Summary, directory: Option<&RunDirectory>) -> Result<(), Failure> {
        let Summary { scored, failed, anomalous, turned, colours, time } = summary;
        if *turned > 0 {
            terminal::note(&format!(
                "{} to be shown turned or mirrored by EXIF data; they were scored as they are stored, as images of data sets are",
                if *turned == 1 { "1 image is".to_owned() } else { format!("{turned} images are") }
            ));
        }
        if let Some([low, high]) = colours {
            let origin = if self.colours.is_some() { "as given" } else { "`--colours` sets others" };
            let [low, high] = [low, high].map(|value| significant(f64::from(*value)));
            terminal::note(&format!("colours run from {low} to {high}; {origin}"));
        }
        let seconds = time.as_secs_f64();
        let rate = significant(*scored as f64 / seconds.max(1e-9));
        terminal::note(&format!("{} in {seconds:.1} s, {rate} a second", count(*scored, "image")));
        if let Some(directory) = directory {
            terminal::note(&format!("results lie in {}", directory.path().display()));
        }
        if *failed > 0 {
            let words = format!("{failed} of {} could not be scored", count(scored + failed, "image"));
            return Err(Failure::Findings(words));
        }
        if self.fail_if_anomalous && *anomalous > 0 {
            let words = format!("{anomalous} of {} above the threshold", count(*scored, "image"));
            return Err(Failure::Anomalous(words));
        }
        Ok(())
    }
}

/// Whether a path, which may not be there yet, is that of a folder or lies below it.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let there = absolute.ancestors().find_map(|own| own.canonicalize().ok());
    there.is_some_and(|own| own.starts_with(folder))
}
