//! Checkpoints, good and bad.

use std::fs;

use diadc::train::Checkpoint;

use super::toy::{Images, program, train, train_on};

#[test]
fn a_checkpoint_read_is_the_one_written() {
    let folder = tempfile::tempdir().expect("a folder");
    train(&program(), Some(folder.path()), false, Some(5)).expect("it trains");
    let checkpoint = Checkpoint::load(folder.path(), &program()).expect("it is there");
    assert_eq!((checkpoint.position.phase, checkpoint.position.step), (0, 5));
    assert_eq!(checkpoint.memories.len(), 2);
    assert_eq!(checkpoint.notes["seed"], "5");
    let before = fs::read(Checkpoint::path(folder.path())).expect("it is there");
    checkpoint.save(folder.path(), &program()).expect("it can be written");
    assert_eq!(fs::read(Checkpoint::path(folder.path())).expect("it is there"), before);
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
    assert!(error.to_string().ends_with("is of another run: its samples is `7`, here it is `8`"), "{error}");
}

#[test]
fn the_checkpoint_of_another_program_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    train(&program(), Some(folder.path()), false, Some(2)).expect("it trains");
    let mut renamed = program();
    renamed.weights[0].path = "other".to_owned();
    let error = Checkpoint::load(folder.path(), &renamed).expect_err("a weight has another name").to_string();
    assert!(error.contains("is no checkpoint of this program: `"), "{error}");
    let mut reshaped = program();
    reshaped.weights[1].shape = vec![6, 24];
    let error = Checkpoint::load(folder.path(), &reshaped).expect_err("a weight has another shape").to_string();
    assert!(error.ends_with("`rebuild` has the shape [12, 12], the program's [6, 24]"), "{error}");
}

#[test]
fn a_damaged_checkpoint_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    train(&program(), Some(folder.path()), false, Some(2)).expect("it trains");
    let path = Checkpoint::path(folder.path());
    let bytes = fs::read(&path).expect("it is there");
    fs::write(&path, &bytes[..bytes.len() - 4]).expect("it can be written");
    let error = Checkpoint::load(folder.path(), &program()).expect_err("it is cut off").to_string();
    assert!(error.contains("is no safetensors or PyTorch file that can be read: it should have"), "{error}");
}
