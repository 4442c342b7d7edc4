//! `--watch`: a command that goes on, spoken to by changing files.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::harness::Bench;

/// So long a change may take to be seen on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A command that runs until the test ends.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(bench: &Bench, arguments: &[&str]) -> Running {
        let mut child = bench
            .command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Running { child, lines }
    }

    /// Everything up to the line that says how many files are watched.
    fn until_it_waits(&self) -> String {
        let mut text = String::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nothing came behind:\n{text}"));
            text = text + &line + "\n";
            if line.starts_with("watching ") {
                return text;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_check_is_repeated_when_any_file_of_the_spec_changes() {
    let bench = Bench::new();
    bench.write("spec.diad", b"use \"more.diad\"::{twice}\nmodel M { fn f(x: [B, 3]) { twice(x) } }\n");
    let running = Running::start(&bench, &["check", "spec.diad", "--watch"]);
    let text = running.until_it_waits();
    assert!(text.contains("unreadable-file") && text.contains("watching 2 files"), "{text}");
    bench.write("more.diad", b"use \"deep.diad\"::{one}\nfn twice(x) { one(x) }\n");
    bench.write("deep.diad", b"fn one(x) { oops(x) }\n");
    let mut text = running.until_it_waits();
    if !text.contains("unknown-name") {
        // The second file came while the first change was looked at.
        text = running.until_it_waits();
    }
    assert!(text.contains("deep.diad:1:13") && text.contains("watching 3 files"), "{text}");
    bench.write("deep.diad", b"fn one(x) { relu(x) }  // right\n");
    let text = running.until_it_waits();
    assert!(!text.contains("error"), "{text}");
}

#[test]
fn a_graph_is_shown_again_and_a_wrong_call_ends_it() {
    let bench = Bench::new();
    let running = Running::start(&bench, &["graph", "small.diad", "--watch"]);
    running.until_it_waits();
    bench.write("small.diad", b"model {");
    assert!(running.until_it_waits().contains("error[syntax]"));
    let bench = Bench::new();
    bench.run(&["graph", "small.diad", "--watch", "--function", "nothing"]).fails(2, &["no function `nothing`"]);
}
