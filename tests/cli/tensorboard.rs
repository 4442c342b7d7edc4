//! What is written for TensorBoard: whole records, one for each step, in a file for each time that a run goes on.
//! `tests/read_events.py` reads them with TensorBoard itself.

use super::harness::{Bench, listing};

/// The data of all records of an event file.
fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<8>() {
        let length = u64::from_le_bytes(*length) as usize;
        // A checksum of four bytes follows the length, and one the data.
        records.push(after[4..4 + length].to_vec());
        rest = &after[4 + length + 4..];
    }
    assert!(rest.is_empty(), "the last record is whole");
    records
}

fn has(record: &[u8], text: &str) -> bool {
    record.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn each_step_is_an_event_on_request() {
    let bench = Bench::new();
    let train = ["train", "small.diad", "--classes", "tile", "--set", "rebuilding.steps=6"];
    bench.run(&[&train[..], &["--out", "plain"]].concat()).success();
    assert!(!bench.path("plain/events").exists(), "nobody has asked for it");
    bench.run(&[&train[..], &["--out", "run", "--tensorboard"]].concat()).success();
    let names = listing(&bench.path("run/events"));
    assert!(names.len() == 1 && names[0].starts_with("events.out.tfevents."), "{names:?}");
    let records = records(&std::fs::read(bench.path("run/events").join(&names[0])).expect("it was written"));
    assert_eq!(records.len(), 2 + 6, "its version, the beginning, and the steps");
    assert!(has(&records[0], "brain.Event:2"));
    for record in &records[2..] {
        for tag in ["loss/rebuilding", "gradient_norm/rebuilding", "learning_rate/rebuilding", "images_per_second"] {
            assert!(has(record, tag), "{tag}");
        }
    }
    let weights = |name: &str| std::fs::read(bench.path(name).join("weights.safetensors")).expect("it was written");
    assert!(weights("plain") == weights("run"), "it changes nothing else");
    bench.run(&["eval", "run", "--tensorboard"]).fails(2, &["--tensorboard"]);
}
