//! The only file that prints: results to stdout, messages and progress to stderr.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::diagnostic::{Diagnostic, Style, bytes, count, render, significant};
use crate::experiment;
use crate::report::Charset;
use crate::source::SourceMap;
use crate::train::{self, FitProgress, Progress, Remaining};
use crate::weight::{Comparison, Substitute, Suspicion, doubts};

use super::failure::Failure;

/// Time between two lines of progress where no terminal shows a bar.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Work that takes less than this shows no progress.
const SOON: Duration = Duration::from_secs(2);

/// Prints a result. It is no error if the reader of a pipe has closed it.
pub(super) fn result(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// The characters that tables on stdout are drawn with.
pub(super) fn charset() -> Charset {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let is_unicode =
        std::io::stdout().is_terminal() || locale.is_some_and(|locale| locale.to_lowercase().contains("utf"));
    if is_unicode { Charset::Unicode } else { Charset::Ascii }
}

/// Clears the screen, if stderr is a terminal.
pub(super) fn clear() {
    if std::io::stderr().is_terminal() {
        written("\x1b[2J\x1b[3J\x1b[H");
    }
}

/// Prints a message.
pub(super) fn note(text: &str) {
    written(&format!("{text}\n"));
}

/// Writes to stderr. A run goes on if the reader of a pipe has closed it.
fn written(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Warns of weights that are probably not what was meant.
pub(super) fn suspicious(suspicions: &[Suspicion]) {
    for sentence in doubts(suspicions) {
        note(&format!("warning: {sentence}"));
    }
}

/// Prints how long a command took and, if the system knows it, the most memory it held.
pub(super) fn effort(time: Duration) {
    let seconds = time.as_secs_f64();
    match experiment::most_held() {
        Some(peak) => note(&format!("took {seconds:.1} s, at most {} of memory", bytes(peak))),
        None => note(&format!("took {seconds:.1} s")),
    }
}

/// Shows diagnostics with the source that they are about.
pub(super) fn diagnostics(diagnostics: &[Diagnostic], sources: &SourceMap) {
    let is_colored = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let style = if is_colored { Style::Colored } else { Style::Plain };
    written(&render(diagnostics, sources, style));
}

/// Prints why a command failed.
pub(super) fn failure(failure: &Failure) {
    match failure {
        Failure::Spec(failed) => {
            diagnostics(&failed.diagnostics, &failed.sources);
            diagnostics(&failed.warnings, &failed.sources);
            let first = failed.diagnostics.first().map_or("CODE", |diagnostic| diagnostic.code.name());
            note(&format!("{}; `diadc explain {first}` says more", count(failed.diagnostics.len(), "error")));
        }
        Failure::Printed => {}
        Failure::Run(error) => note(&format!("error: {error}")),
        Failure::Findings(text) | Failure::Usage(text) => note(&format!("error: {text}")),
        Failure::Anomalous(text) => note(text),
    }
}

/// A flag that Ctrl-C sets; the second Ctrl-C ends the program at once.
pub(super) fn stop_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let own = flag.clone();
    let handler = move || {
        if own.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        note("\nstopping after this step; press Ctrl-C again to stop at once");
    };
    // Without a handler Ctrl-C ends the program, which leaves the last checkpoint.
    let _ = ctrlc::set_handler(handler);
    flag
}

/// Shows the progress of long work: a bar on a terminal, elsewhere a line every few seconds.
pub(super) struct Screen {
    bar: Option<ProgressBar>,
    title: String,
    last: Instant,
    started: Instant,
    /// When writing of the current file began.
    saving: Instant,
}

impl Screen {
    pub(super) fn new() -> Screen {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let template = "{prefix:>22} {wide_bar:.cyan/dim} {pos}/{len}  {msg}";
            bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
            bar
        });
        Screen { bar, title: String::new(), last: Instant::now(), started: Instant::now(), saving: Instant::now() }
    }

    fn show(&mut self, title: &str, done: usize, all: usize, message: &str) {
        let is_new = self.title != title;
        if is_new {
            title.clone_into(&mut self.title);
            self.started = Instant::now();
        }
        match &self.bar {
            Some(bar) => {
                if is_new {
                    bar.reset();
                    bar.set_prefix(title.to_owned());
                }
                bar.set_length(all as u64);
                bar.set_position(done as u64);
                bar.set_message(message.to_owned());
            }
            // What is over at once is not worth a line.
            None if title == "weights" && self.started.elapsed() < LINE_EVERY => {}
            None if is_new || done == all || self.last.elapsed() >= LINE_EVERY => {
                self.last = Instant::now();
                note(&format!("{title}: {done}/{all}  {message}"));
            }
            None => {}
        }
    }

    /// Shows that `done` of `all` weights have been read or made.
    pub(super) fn weights(&mut self, done: usize, all: usize) {
        self.show("weights", done, all, "");
    }

    /// Shows progress of work that may be short: nothing before it has taken as long as [`SOON`].
    pub(super) fn late(&mut self, title: &str, started: Instant, [done, all]: [usize; 2]) {
        if started.elapsed() >= SOON {
            self.show(title, done, all, "");
        }
    }

    /// Shows that `done` of `all` images of a data set have been checked.
    pub(super) fn looked(&mut self, done: usize, all: usize) {
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = if self.title == "checking" && seconds > 0.0 { done as f64 / seconds } else { 0.0 };
        self.show("checking", done, all, &pace(rate));
    }

    /// Does some work that shows its progress, and removes the bar afterwards, whether or not the work succeeded.
    pub(super) fn during<T>(&mut self, work: impl FnOnce(&mut Screen) -> T) -> T {
        let made = work(self);
        self.clear();
        made
    }

    /// Removes the bar.
    pub(super) fn clear(&mut self) {
        self.title.clear();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl train::Observer for Screen {
    fn on_step(&mut self, progress: &Progress<'_>) {
        let title = match progress.phases {
            1 => progress.objective.to_owned(),
            phases => format!("{} ({}/{phases})", progress.objective, progress.phase),
        };
        let left = duration(progress.remaining);
        let message = format!(
            "loss {}  {}  {left} left",
            significant(f64::from(progress.loss)),
            pace(progress.images_per_second)
        );
        self.show(&title, progress.step as usize, progress.steps as usize, &message);
    }

    fn on_fit(&mut self, progress: &FitProgress<'_>) {
        let title = match progress.passes {
            1 => format!("fit {}", progress.part),
            passes => format!("fit {} ({}/{passes})", progress.part, progress.pass),
        };
        let all = progress.passes * progress.images;
        let done = (progress.pass - 1) * progress.images + progress.done;
        let seconds = progress.begun.elapsed().as_secs_f64();
        let rate = done as f64 / seconds.max(1e-9);
        let left = duration(Duration::from_secs_f64((all - done) as f64 / rate.max(1e-9)));
        self.show(&title, progress.done, progress.images, &format!("{}  {left} left", pace(rate)));
    }

    fn on_choosing(&mut self, done: usize, all: usize) {
        self.show("choosing rows", done, all, "");
    }

    fn on_saving(&mut self, done: usize, all: usize) {
        if done == 1 {
            self.saving = Instant::now();
        }
        self.late("saving", self.saving, [done, all]);
    }
}

impl experiment::Observer for Screen {
    /// Prints what was done to make the file fit, unless it fits as it is.
    fn on_weights_found(&mut self, path: &Path, comparison: &Comparison) {
        let fitted = comparison.fresh.iter().filter(|(_, substitute)| *substitute == Substitute::Fit).count();
        let counts = [
            (comparison.renamed(), format!("renamed (names {})", comparison.naming)),
            (comparison.fresh.len() - fitted, "not in it, which start fresh".to_owned()),
            (fitted, "not in it, which a fit computes".to_owned()),
        ];
        let told = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let told: Vec<String> = told.chain(comparison.told_aside()).collect();
        if !told.is_empty() {
            note(&format!("{}: {} weights, {}", path.display(), comparison.matched.len(), told.join(", ")));
        }
    }

    fn on_remark(&mut self, remark: &str) {
        note(&format!("warning: {remark}"));
    }

    fn on_chosen(&mut self, remaining: &Remaining) {
        note(&remaining.to_string());
    }

    fn on_first_values(&mut self, warnings: &[Diagnostic], sources: &SourceMap) {
        diagnostics(warnings, sources);
    }

    fn on_suspicions(&mut self, suspicions: &[Suspicion]) {
        suspicious(suspicions);
    }

    fn on_weights(&mut self, done: usize, all: usize) {
        self.weights(done, all);
    }

    fn on_measuring(&mut self, what: &str, expected: Option<Duration>) {
        match expected.filter(|expected| *expected >= SOON) {
            Some(expected) => note(&format!("{what}, about {}", duration(expected))),
            None => note(what),
        }
    }

    fn on_scored(&mut self, done: usize, all: usize) {
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = if self.title == "scoring" && seconds > 0.0 { done as f64 / seconds } else { 0.0 };
        let left =
            if rate > 0.0 { duration(Duration::from_secs_f64((all - done) as f64 / rate)) } else { "..".to_owned() };
        self.show("scoring", done, all, &format!("{}  {left} left", pace(rate)));
    }
}

/// `12 images/s`, `1.2 images/s` or `12.5 s/image`; `.. images/s` if it is not known yet.
fn pace(images_per_second: f64) -> String {
    match images_per_second {
        rate if rate <= 0.0 => ".. images/s".to_owned(),
        rate if rate >= 9.95 => format!("{rate:.0} images/s"),
        rate if rate >= 0.95 => format!("{rate:.1} images/s"),
        rate => format!("{:.1} s/image", 1.0 / rate),
    }
}

/// `1:05` or `2:00:09`.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}
