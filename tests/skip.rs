//! What a test needs and a machine may lack: programs, and the files in `../shared`. A test that lacks something says so
//! and leaves a note for `.ci/run`, which shows all notes at its end; where the environment requires the thing, it fails.
//!
//! `DIADC_TEST_REQUIRE` lists what must be there, parted by commas: `neovim`, `browser`, `shared`, or `all`.

use std::io::Write;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Counts the test that calls this as skipped: it needs something, which is to be had in some way.
///
/// # Panics
/// When the environment requires it.
#[track_caller]
pub(crate) fn missing(what: &str, how: &str) {
    let required = std::env::var("DIADC_TEST_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|word| word == what || word == "all");
    assert!(!is_required, "{what} is not there, and DIADC_TEST_REQUIRE={required} requires it: {how}");
    let place = Location::caller();
    let note = format!("{}:{}: {what} is not there ({how})\n", place.file(), place.line());
    // The harness shows the output of tests that pass only if it goes past the macros.
    std::io::stderr().write_all(format!("skipped {note}").as_bytes()).expect("stderr can be written to");
    let notes = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped");
    std::fs::create_dir_all(&notes).expect("the folder for temporary files can be written to");
    let name = format!("{}.{}", place.file().replace(['/', '\\'], "."), place.line());
    std::fs::write(notes.join(name), note).expect("the folder was just made");
}

/// The folder of the repository, in which a test may not run.
pub(crate) fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = package.ancestors().filter(|folder| folder.join("CONTRIBUTING.md").exists());
    folders.next().expect("packages of this repository lie in it").to_owned()
}

/// A file or folder of `../shared`, beside the repository; without it, the test is skipped.
#[track_caller]
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = repository().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    missing("shared", &format!("published files lie at {}", path.display()));
    None
}

/// The first of some programs that can be started; without one, the test is skipped.
#[track_caller]
pub(crate) fn program(what: &str, names: &[&str], how: &str) -> Option<String> {
    let starts =
        |name: &&&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    let found = names.iter().find(starts).map(|name| (*name).to_owned());
    if found.is_none() {
        missing(what, how);
    }
    found
}
