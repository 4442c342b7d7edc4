//! PyTorch files made to do harm.

use std::fs;
use std::path::Path;

use diadc::weight::{File, WeightError};
use proptest::prelude::*;

use super::fixture;
use crate::fuzz::fuzz;

/// A zip archive of entries as they are; `method` is that of their compression.
fn archive(entries: &[(&str, &[u8])], method: u16) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let at = bytes.len() as u32;
        let [length, name_length] = [content.len() as u32, name.len() as u32];
        let mut common = Vec::new();
        for short in [20, 0, method, 0, 0] {
            common.extend(short.to_le_bytes());
        }
        for word in [0, length, length] {
            common.extend(word.to_le_bytes());
        }
        common.extend((name_length as u16).to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(*content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let [at, length] = [bytes.len() as u32, directory.len() as u32];
    let count = entries.len() as u16;
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

fn open(content: &[u8]) -> Result<File, WeightError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.ckpt");
    fs::write(&path, content).expect("it can be written");
    File::open(&path)
}

/// What is said about these bytes.
#[track_caller]
fn refused(content: &[u8]) -> String {
    open(content).expect_err("it is refused").to_string()
}

/// What is said about an archive with this pickle and a storage of 16 bytes.
#[track_caller]
fn refused_pickle(pickle: &[u8]) -> String {
    refused(&archive(&[("a/data.pkl", pickle), ("a/data/0", &[0; 16])], 0))
}

/// A pickle of one tensor `w`: offset, shape and strides of a storage that says to have so many elements.
fn tensor(count: i64, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let long = |n: i64| [&b"\x8a\x08"[..], &n.to_le_bytes()].concat();
    let tuple = |items: &[i64]| [&b"("[..], &items.iter().flat_map(|&n| long(n)).collect::<Vec<_>>(), b"t"].concat();
    [
        &b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"[..],
        b"X\x01\0\0\x000X\x03\0\0\0cpu",
        &long(count),
        b"tQ",
        &long(offset),
        &tuple(shape),
        &tuple(strides),
        b"\x89}tRs.",
    ]
    .concat()
}

#[test]
fn the_archives_of_these_tests_are_as_torch_would_have_them() {
    let file = open(&archive(&[("a/data.pkl", &tensor(4, 1, &[3], &[1])), ("a/data/0", &[0; 16])], 0));
    let found = file.expect("it is right").found();
    assert_eq!((found[0].name.as_str(), found[0].shape.as_slice()), ("w", &[3][..]));
}

#[test]
fn a_file_that_was_cut_off_anywhere_is_refused() {
    for name in ["zip.ckpt", "lightning.ckpt", "zip.legacy.ckpt", "lightning.legacy.ckpt"] {
        let whole = fs::read(fixture(name)).expect("it is there");
        for length in 0..whole.len() {
            assert!(open(&whole[..length]).is_err(), "{name} of {length} bytes");
        }
    }
    let whole = fs::read(fixture("zip.ckpt")).expect("it is there");
    assert!(refused(&whole[..whole.len() - 1]).contains("may be cut off"));
    let whole = fs::read(fixture("zip.legacy.ckpt")).expect("it is there");
    assert!(refused(&whole[..whole.len() - 1]).contains("would end after the file's"));
    assert!(refused(&whole[..60]).contains("may be cut off"));
}

#[test]
fn an_archive_that_would_grow_is_refused() {
    let bomb = archive(&[("a/data.pkl", &tensor(4, 0, &[4], &[1])), ("a/data/0", &[0; 16])], 8);
    assert!(refused(&bomb).contains("`a/data.pkl` in the archive is compressed, which PyTorch never does"));
}

#[test]
fn an_entry_that_is_encrypted_is_refused() {
    let mut bytes = archive(&[("a/data.pkl", &tensor(4, 0, &[4], &[1])), ("a/data/0", &[0; 16])], 0);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("it is there");
    bytes[directory + 8] |= 1;
    assert!(refused(&bytes).contains("`a/data.pkl` in the archive is encrypted"));
}

#[test]
fn an_archive_that_says_to_have_more_entries_than_it_has_bytes_for_is_refused() {
    let mut bytes = archive(&[("a/data.pkl", &tensor(4, 0, &[4], &[1])), ("a/data/0", &[0; 16])], 0);
    let end = bytes.len() - 22;
    bytes[end + 8..end + 12].fill(0xFE);
    assert!(refused(&bytes).contains("its zip directory can't be read"));
}

#[test]
fn entries_that_overlap_are_refused() {
    let mut bytes =
        archive(&[("a/data.pkl", &tensor(4, 0, &[4], &[1])), ("a/data/0", &[0; 16]), ("a/data/1", &[0; 16])], 0);
    // The second storage is said to lie where the first does.
    let first = bytes.windows(8).position(|window| window == b"a/data/0").expect("it is there") - 30;
    let last = bytes.windows(8).rposition(|window| window == b"a/data/1").expect("it is there") - 4;
    bytes[last..last + 4].copy_from_slice(&(first as u32).to_le_bytes());
    assert!(refused(&bytes).contains("overlap"));
    let twice = archive(&[("a/data.pkl", b"N."), ("a/data.pkl", b"N.")], 0);
    assert!(refused(&twice).contains("twice"));
}

#[test]
fn a_tensor_must_lie_in_its_storage_and_that_in_the_file() {
    assert!(refused_pickle(&tensor(5, 0, &[4], &[1])).contains("should have 20 bytes, the file has 16"));
    assert!(refused_pickle(&tensor(4, 1, &[4], &[1])).contains("`w` lies outside of its storage"));
    assert!(refused_pickle(&tensor(4, 0, &[2, 2], &[3, 1])).contains("`w` lies outside of its storage"));
    assert!(refused_pickle(&tensor(4, -1, &[4], &[1])).contains("begins before its storage"));
    assert!(refused_pickle(&tensor(4, 0, &[-4], &[1])).contains("no list of numbers"));
    assert!(refused_pickle(&tensor(4, 0, &[4], &[1, 1])).contains("as many strides as axes"));
    let two_to_the_60 = 1 << 60;
    assert!(refused_pickle(&tensor(4, 0, &[two_to_the_60], &[1])).contains("outside of its storage"));
    assert!(refused_pickle(&tensor(two_to_the_60, 0, &[two_to_the_60], &[1])).contains("should have"));
    assert!(refused_pickle(&tensor(4, 0, &[two_to_the_60; 4], &[0; 4])).contains("outside of its storage"));
}

#[test]
fn a_tensor_that_repeats_one_number_too_often_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.ckpt");
    let pickle = tensor(4, 0, &[1 << 60], &[0]);
    fs::write(&path, archive(&[("a/data.pkl", &pickle), ("a/data/0", &[0; 16])], 0)).expect("it can be written");
    let file = File::open(&path).expect("its headers are right");
    let error = file.read("w").expect_err("it would fill the memory").to_string();
    assert!(error.contains("repeats its elements to 1152921504606846976"), "{error}");
}

#[test]
fn names_of_python_are_refused_wherever_they_hide() {
    let refused = |pickle: &[u8], name: &str| {
        let error = refused_pickle(pickle);
        assert!(error.contains(&format!("asks for `{name}`")), "{error}");
    };
    refused(b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.", "os.system");
    refused(b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.", "os.system");
    refused(b"\x80\x02cposix\nsystem\n.", "posix.system");
    refused(b"\x80\x02c__builtin__\neval\nX\x01\0\0\x001\x85R.", "__builtin__.eval");
    refused(b"\x80\x02cbuiltins\nexec\n)\x81.", "builtins.exec");
    refused(b"\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81}b.", "torch.nn.modules.linear.Linear");
    // The type of a storage is no function.
    refused(b"\x80\x02ctorch\nFloatStorage\nK\x01\x85R.", "torch.FloatStorage, called");
}

#[test]
fn a_pickle_that_makes_no_sense_is_refused() {
    for (pickle, words) in [
        (&b"\x80\x02"[..], "ends early"),
        (b"0.", "takes more than it has"),
        (b"(0.", "takes more than it has"),
        (b"t.", "no mark"),
        (b"h\x05.", "recalls what it has not remembered"),
        (b"}Na.", "puts something into what is no list"),
        (b"]NNs.", "puts an entry into what is no dict"),
        (b"}(Nu.", "a key without a value"),
        (b"K\x01)R.", "a call of something that is no name"),
        (b"K\x01Q.", "a persistent id that is no storage"),
        (b"I5\n.", "the opcode 0x49"),
        (b"\x82\x05.", "the opcode 0x82"),
        (b"X\xff\xff\xff\xff.", "has a text of 4294967295 bytes"),
        (b"N.", "it holds none, not weights by name"),
        // A class of settings is an inert object.
        (b"\x80\x02canomalib\nPrecisionType\nX\x01\0\0\0a\x85R.", "not weights by name"),
        (b"}.", "it holds no tensors by name"),
    ] {
        let error = refused_pickle(pickle);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn nesting_sharing_and_loops_do_no_harm() {
    let deep = [&b"]".repeat(1_500_000)[..], &b"a".repeat(1_499_999), b"."].concat();
    assert!(refused_pickle(&deep).contains("it holds a list of 1"));
    // Lists of the same list twice, forty times over.
    let mut shared = b"]q\x000".to_vec();
    for _ in 0..40 {
        shared.extend(b"](h\x00h\x00eq\x000");
    }
    shared.extend(b"}X\x01\0\0\0xh\x00s.");
    assert!(refused_pickle(&shared).contains("it holds no tensors by name, only `x` (a list of 2)"));
    // A list and a dict that hold themselves.
    assert!(refused_pickle(b"}q\x00X\x01\0\0\0xh\x00s.").contains("only `x` (a dict of 1)"));
    assert!(refused_pickle(b"}X\x01\0\0\0x]q\x00h\x00as.").contains("only `x` (a list of 1)"));
}

#[test]
fn more_than_anybody_needs_is_refused() {
    let many = [&b"]".repeat(2_100_000)[..], b"."].concat();
    assert!(refused_pickle(&many).contains("builds more than 2000000 things"));
    // Long lists that would be copied again and again.
    let mut copies = b"](".to_vec();
    copies.extend(b"NN\x86".repeat(100_000));
    copies.extend(b"eq\x00");
    copies.extend(b"ccollections\nOrderedDict\nh\x00\x85R0".repeat(1000));
    copies.extend(b".");
    assert!(refused_pickle(&copies).contains("builds more than 2000000 things"));
}

#[test]
fn numbers_with_the_big_end_first_are_refused() {
    let entries: [(&str, &[u8]); 3] =
        [("a/data.pkl", &tensor(4, 0, &[4], &[1])), ("a/byteorder", b"big"), ("a/data/0", &[0; 16])];
    assert!(refused(&archive(&entries, 0)).contains("big-endian"));
}

#[test]
fn other_archives_are_told_apart() {
    for (entry, words) in [
        ("word/document.xml", "it is a zip archive that holds `word/document.xml`, and none of PyTorch: unpack it"),
        ("weights/net.pth", "it is a zip archive that holds `weights/net.pth`"),
        ("weight.npy", "it is an archive of NumPy arrays (.npz)"),
        ("m/serialized_exported_program.json", "it is a program of `torch.export`"),
    ] {
        let said = refused(&archive(&[(entry, b"<x/>")], 0));
        assert!(said.contains(words), "{said}");
    }
    let two = archive(&[("a/data.pkl", b"N."), ("b/data.pkl", b"N.")], 0);
    assert!(refused(&two).contains("2 files `data.pkl` instead of one"));
    let script = archive(&[("m/data.pkl", b"N."), ("m/code/data.pkl", b"N."), ("m/constants.pkl", b"N.")], 0);
    assert!(refused(&script).contains("TorchScript"));
}

/// Opens a file and reads all of it. Whether that goes well does not matter, only that nothing panics.
fn read_all(path: &Path, content: &[u8]) {
    fs::write(path, content).expect("it can be written");
    if let Ok(file) = File::open(path) {
        for tensor in file.found() {
            if let Ok(bytes) = file.bytes(&tensor.name) {
                assert!(
                    bytes.len() as u64 <= file.length(),
                    "{} needs more memory than the file has bytes",
                    tensor.name
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn no_damage_to_a_file_of_torch_makes_the_reader_panic(
        name in prop::sample::select(vec![
            "zip.ckpt", "views.ckpt", "lightning.ckpt", "views.legacy.ckpt", "lightning.legacy.ckpt", "protocol4.ckpt",
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut content = fs::read(fixture(name)).expect("it is there");
        for (at, byte) in changes {
            let at = at.index(content.len());
            content[at] = byte;
        }
        read_all(&folder.path().join("w.ckpt"), &content);
    }

    #[test]
    fn no_pickle_makes_the_reader_panic(
        opcodes in prop::collection::vec(prop::sample::select(b"(012NJKMG)t\x85\x86\x87]l}d\x8f\x91ae\x90suRb\x81\x92Qqh\x94c\x93X.\x00\x01\x02".to_vec()), 0..60),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.ckpt");
        read_all(&path, &archive(&[("a/data.pkl", &opcodes), ("a/data/0", &[0; 16])], 0));
        read_all(&path, &[b"\x80\x02", opcodes.as_slice()].concat());
    }
}

/// What the opcodes of a pickle and the headers of the formats hold.
const WORDS: &[&[u8]] = &[
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ccollections\nOrderedDict\n",
    b"ctorch\nFloatStorage\n",
    b"X\x01\0\0\0a",
    b"\x8a\x08",
    b"\x80\x02",
    b"](",
    b"}(",
    b"tR",
    b"tQ",
    b"q\x00",
    b"h\x00",
    b"\x94",
    b"\x93",
    b"b.",
    b"\"dtype\":\"F32\"",
    b"\"shape\":[",
    b"\"data_offsets\":[0,",
    b"\"__metadata__\":{",
    b"999999999999",
    b"-1",
    b"PK\x01\x02",
    b"PK\x05\x06",
];

#[test]
fn damaged_files_of_every_kind_are_read_or_refused_in_a_short_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths: Vec<_> = fs::read_dir("tests/weight/fixtures")
        .expect("it is there")
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    paths.sort();
    let mut seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("it can be read")).collect();
    seeds.retain(|content| content.len() < 50_000);
    let path = folder.path().join("w.safetensors");
    let tensor = diadc::execute::HostTensor::floats(&[2, 3], vec![1.0; 6]);
    diadc::weight::write(&path, &[("a", &tensor), ("b.c", &tensor)], &[("x".to_owned(), "y".to_owned())].into())
        .expect("it can be written");
    seeds.push(fs::read(&path).expect("it is there"));
    seeds.push(br#"{"metadata": {}, "weight_map": {"a": "w.safetensors", "b.c": "w.safetensors"}}"#.to_vec());
    seeds.push(archive(&[("a/data.pkl", &tensor_of_four()), ("a/data/0", &[0; 16])], 0));
    let damaged = folder.path().join("damaged.index.json");
    fuzz("weights", &seeds, WORDS, 2000, |_, content| read_all(&damaged, content));
}

/// A pickle of a tensor that is right.
fn tensor_of_four() -> Vec<u8> {
    tensor(4, 0, &[4], &[1])
}
