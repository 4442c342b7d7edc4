//! `diadc fmt` as a user meets it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::harness::Bench;

const SPOILT: &str = "model M {\nlet a=1 // one\n}\n";
const RIGHT: &str = "model M {\n    let a = 1  // one\n}\n";

fn read(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).expect("the file is there")
}

#[test]
fn files_and_folders_are_laid_out_in_place() {
    let bench = Bench::new();
    bench.write("inner/one.diad", SPOILT.as_bytes());
    bench.write("inner/deeper/two.diad", SPOILT.as_bytes());
    bench.write("inner/other.txt", SPOILT.as_bytes());
    bench.run(&["fmt", "--check", "inner"]).fails(1, &["2 of 2 files would change"]);
    assert_eq!(read(&bench, "inner/one.diad"), SPOILT);
    bench.run(&["fmt", "inner/one.diad", "inner"]).success();
    assert_eq!(read(&bench, "inner/one.diad"), RIGHT);
    assert_eq!(read(&bench, "inner/deeper/two.diad"), RIGHT);
    assert_eq!(read(&bench, "inner/other.txt"), SPOILT);
    bench.run(&["fmt", "--check", "."]).success();
}

#[test]
fn a_file_with_a_syntax_error_is_left_alone_and_the_others_are_not() {
    let bench = Bench::new();
    bench.write("inner/a.diad", b"model M {\nlet a = \n}\n");
    bench.write("inner/b.diad", SPOILT.as_bytes());
    bench.run(&["fmt", "inner"]).fails(1, &["error[syntax]", "a.diad:3:1", "1 syntax error"]);
    assert_eq!(read(&bench, "inner/a.diad"), "model M {\nlet a = \n}\n");
    assert_eq!(read(&bench, "inner/b.diad"), RIGHT);
}

#[test]
fn what_is_not_there_or_not_text_is_told() {
    let bench = Bench::new();
    bench.run(&["fmt", "missing.diad"]).fails(1, &["`missing.diad` can't be read"]);
    bench.write("image.diad", &[0xff, 0xfe, 0x00]);
    bench.run(&["fmt", "image.diad"]).fails(1, &["not UTF-8"]);
    bench.run(&["fmt", "-", "small.diad"]).fails(2, &["can't be mixed"]);
    bench.run(&["fmt"]).fails(2, &["required"]);
}

fn piped(bench: &Bench, arguments: &[&str], text: &str) -> Output {
    let mut command: Command = bench.command(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("the program reads");
    child.wait_with_output().expect("the program ends")
}

#[test]
fn standard_input_goes_to_standard_output() {
    let bench = Bench::new();
    assert_eq!(String::from_utf8_lossy(&piped(&bench, &["fmt", "-"], SPOILT).stdout), RIGHT);
    assert_eq!(piped(&bench, &["fmt", "-", "--check"], SPOILT).status.code(), Some(1));
    assert_eq!(piped(&bench, &["fmt", "-", "--check"], RIGHT).status.code(), Some(0));
    let wrong = piped(&bench, &["fmt", "-"], "model {");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(wrong.stdout.is_empty(), "nothing is written for a wrong text");
}
