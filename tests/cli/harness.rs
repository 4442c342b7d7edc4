//! Runs the program in a directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A spec that trains in a second or two.
pub(crate) const SMALL: &str = r"//! A small autoencoder.
use std::autoencoder::{ConvAutoencoder}

model Small {
    param size:  int in 8..=64 = 16
    param width: int in [4, 8] = 4
    data { size = size }
    part ae = ConvAutoencoder(widths: [width, 4])
    objective rebuilding(image) trains ae {
        let noisy = image + 0.05 * random_normal(like: image)
        mse(ae(noisy), image)
    }
    training rebuilding { optimizer = adamw(lr: 2e-3)  batch = 8  steps = 30 }
    score(image) {
        let reconstruction = ae(image)
        let map = mean((image - reconstruction) ^ 2, axis: 1)
        { map: map, value: max(map, axis: [1, 2]), reconstruction: reconstruction }
    }
}
";

/// The same one beside it, which sees an image through noise when it scores.
pub(crate) const RANDOM: &str = r#"//! A score that draws random numbers.
use "small.diad"::{Small}

model Random from Small {
    score(image) {
        let reconstruction = ae(image + 0.1 * random_normal(like: image))
        let map = mean((image - reconstruction) ^ 2, axis: 1)
        { map: map, value: max(map, axis: [1, 2]), reconstruction: reconstruction }
    }
}
"#;

/// A directory with a spec in it, in which commands are run.
pub(super) struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Bench {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let bench = Bench { directory };
        bench.write("small.diad", SMALL.as_bytes());
        bench
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("a directory can be made");
        std::fs::write(path, bytes).expect("a file can be written");
    }

    /// A picture of one colour.
    pub(super) fn picture(&self, name: &str, side: u32, level: u8) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("a directory can be made");
        image::RgbImage::from_pixel(side, side, image::Rgb([level; 3])).save(path).expect("a picture can be written");
    }

    /// A data set in the layout of MVTec AD with one class.
    pub(super) fn data(&self) {
        for i in 0..4 {
            self.picture(&format!("data/nut/train/good/{i}.png"), 20, 100 + i);
        }
        self.picture("data/nut/test/good/0.png", 20, 102);
        self.picture("data/nut/test/bent/0.png", 20, 200);
        self.picture("data/nut/ground_truth/bent/0_mask.png", 20, 255);
    }

    /// A file of JSON that a command has written.
    pub(super) fn json(&self, name: &str) -> serde_json::Value {
        let text = std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The metrics of a run without what differs between two runs that are the same.
    pub(super) fn metrics(&self, out: &str) -> serde_json::Value {
        let mut metrics = self.json(&format!("{out}/metrics.json"));
        for name in ["date", "command"] {
            metrics["provenance"].as_object_mut().and_then(|facts| facts.remove(name)).expect("it says so");
        }
        metrics
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diadc"));
        command.args(arguments).current_dir(self.directory.path()).env("NO_COLOR", "1");
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("the program can be started");
        Ended { output, arguments: arguments.join(" ") }
    }
}

/// A command that has ended.
pub(super) struct Ended {
    output: Output,
    arguments: String,
}

impl Ended {
    pub(super) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(super) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    #[track_caller]
    pub(super) fn success(self) -> Ended {
        assert!(self.output.status.success(), "`{}` failed:\n{}", self.arguments, self.stderr());
        self
    }

    /// It ended with this status and said all of this.
    #[track_caller]
    pub(super) fn fails(self, status: i32, words: &[&str]) {
        let stderr = self.stderr();
        assert_eq!(self.output.status.code(), Some(status), "`{}`:\n{stderr}", self.arguments);
        assert!(!stderr.contains("panicked"), "`{}`:\n{stderr}", self.arguments);
        for word in words {
            assert!(stderr.contains(word), "`{}` does not say `{word}`:\n{stderr}", self.arguments);
        }
    }
}

/// The names of everything in a directory.
pub(super) fn listing(path: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
