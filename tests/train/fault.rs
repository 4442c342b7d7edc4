//! Training that can't go on says why.

use diadc::graph::program::{Optimizer, Program};
use diadc::train::{Checkpoint, TrainError};

use super::toy::{Images, Run, phases, program, train, train_on};

fn failure(result: Result<Run, TrainError>) -> String {
    match result {
        Ok(_) => panic!("training should fail"),
        Err(error) => error.to_string(),
    }
}

fn diverging() -> Program {
    let mut program = program();
    phases(&mut program)[0].optimizer = Optimizer::Sgd { lr: 1e30, momentum: 0.0, weight_decay: 0.0, nesterov: false };
    phases(&mut program)[0].clip_norm = None;
    program
}

#[test]
fn a_loss_that_is_no_number_ends_training_and_names_the_weight() {
    let error = failure(train(&diverging(), None, false, None));
    assert!(error.contains("the loss of `"), "{error}");
    assert!(error.contains("not finite"), "{error}");
}

#[test]
fn a_failed_run_leaves_its_last_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    train(&program(), Some(folder.path()), false, Some(3)).expect("it trains");
    let mut program = program();
    phases(&mut program)[0].optimizer = phases(&mut diverging())[0].optimizer;
    phases(&mut program)[0].clip_norm = None;
    failure(train(&program, Some(folder.path()), true, None));
    let checkpoint = Checkpoint::open(folder.path(), &program).expect("it is there");
    assert_eq!(checkpoint.state.position.step, 3);
}

#[test]
fn an_image_that_cannot_be_read_ends_training() {
    let images = Images { count: 7, broken: Some(4) };
    assert_eq!(failure(train_on(&program(), &images, None, false, None)), "image 4 can't be read: the file is empty");
}

#[test]
fn there_must_be_images() {
    let images = Images { count: 0, broken: None };
    assert_eq!(failure(train_on(&program(), &images, None, false, None)), "there are no images to train on");
}

#[test]
fn an_input_that_images_do_not_have_is_named() {
    let mut program = program();
    program.data = None;
    let expected =
        "the objective `rebuild` has the input `image`; training has `image`, `other`, `class`, `step` and `progress`";
    assert_eq!(failure(train(&program, None, false, None)), expected);
}
