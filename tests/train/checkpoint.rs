//! Checkpoints, good and bad.

use std::fs;
use std::path::Path;

use diadc::execute::HostTensor;
use diadc::graph::program::Program;
use diadc::train::Checkpoint;

use super::toy::{Images, program, train, train_on};
use crate::run::net::engine;
use crate::weight::first_values;

#[test]
fn a_checkpoint_read_is_the_one_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = program();
    let run = train(&program, Some(folder.path()), false, Some(5)).expect("it trains");
    let checkpoint = Checkpoint::open(folder.path(), &program).expect("it is there");
    let state = &checkpoint.state;
    assert_eq!((state.position.stage, state.position.step), (0, 5));
    assert_eq!((&state.curve, state.notes["seed"].as_str()), (&run.outcome.curve, "5"));
    let mut engine = engine(&first_values(&program, 5));
    checkpoint.hand_over_weights(engine.as_mut()).expect("they can be read");
    let weights: Vec<HostTensor> =
        program.weights().map(|(id, _)| engine.weight(id).expect("the processor answers")).collect();
    assert_eq!(weights, run.weights);
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1, "nothing is left beside it");
}

#[test]
fn the_checkpoint_of_another_run_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    train(&program(), Some(folder.path()), false, Some(2)).expect("it trains");
    let more = Images { count: 8, broken: None };
    let Err(error) = train_on(&program(), &more, Some(folder.path()), true, None) else {
        panic!("the images are others");
    };
    assert!(
        error.to_string().ends_with("belongs to another run: its samples is `7`, that of this run is `8`"),
        "{error}"
    );
}

#[test]
fn the_checkpoint_of_another_program_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    train(&program(), Some(folder.path()), false, Some(2)).expect("it trains");
    let mut renamed = program();
    renamed.weights[0].path = "other".to_owned();
    let error = refusal(folder.path(), &renamed);
    assert!(error.contains("is not a checkpoint of this program: `"), "{error}");
    let mut reshaped = program();
    reshaped.weights[1].shape = vec![6, 24];
    let error = refusal(folder.path(), &reshaped);
    assert!(
        error.ends_with("`first/rebuild/rebuild` is F32 of the shape [12, 12], but F32 of [6, 24] in the program"),
        "{error}"
    );
}

#[test]
fn a_damaged_checkpoint_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    train(&program(), Some(folder.path()), false, Some(2)).expect("it trains");
    let path = Checkpoint::path(folder.path());
    let bytes = fs::read(&path).expect("it is there");
    fs::write(&path, &bytes[..bytes.len() - 4]).expect("it can be written");
    let error = refusal(folder.path(), &program());
    assert!(error.contains("is no safetensors or PyTorch file that can be read: it should have"), "{error}");
}

/// Why the checkpoint of a folder is none of a program.
fn refusal(folder: &Path, program: &Program) -> String {
    match Checkpoint::open(folder, program) {
        Ok(_) => panic!("it should be refused"),
        Err(error) => error.to_string(),
    }
}
