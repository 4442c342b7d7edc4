//! Files of predictions that are damaged: each is read or refused, whatever its ending.

use std::fs;
use std::path::Path;

use diadc::evaluate::saved::{SavedFile, Values, map_header, read_map};

use crate::fuzz::fuzz;

/// What headers of these formats hold.
const WORDS: &[&[u8]] = &[
    b"'descr': '<f8'",
    b"'descr': '|O'",
    b"'descr': '<U9999999'",
    b"'descr': [('a', '<f4')]",
    b"'fortran_order': True",
    b"'shape': (",
    b"999999999999, ",
    b"-1, ",
    b"3L, ",
    b"\x93NUMPY\x02\x00",
    b"\x93NUMPY\x03\x00",
    b">i8",
    b"|S",
    b"\"dtype\":\"BF16\"",
    b"\"shape\":[",
    b"\"data_offsets\":[0,",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"\x00\x01\x03\x00",
    b"\x11\x01\x04\x00",
    b"\x03\x01\x03\x00\x01\x00\x00\x00\x05",
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
];

/// Reads all that a file holds, where that goes; what comes out has as many values as its shape says.
fn read_all(path: &Path, length: usize) {
    if let Ok(mut file) = SavedFile::open(path) {
        for name in file.names().to_vec() {
            let Ok(array) = file.array(&name) else { continue };
            let values = match &array.values {
                Values::Numbers(all) => all.len(),
                Values::Wide(all) => all.len(),
                Values::Texts(all) => all.len(),
            };
            assert_eq!(values, array.shape.iter().product::<usize>(), "{name}");
            // What an archive or a picture may have been packed into.
            assert!(values <= 4096 * length, "{values} values of {length} bytes");
        }
    }
    if let (Ok(header), Ok((_, size))) = (map_header(path), read_map(path)) {
        assert_eq!(header.size, size);
    }
}

#[test]
fn damaged_arrays_are_read_or_refused_in_a_short_time() {
    let mut paths: Vec<_> = fs::read_dir("tests/metric/saved")
        .expect("it is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|ending| ending != "json"))
        .collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("it can be read")).collect();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fuzz("arrays", &seeds, WORDS, 4000, |seed, content| {
        let ending = paths[seed].extension().expect("all have one");
        let path = folder.path().join("damaged").with_extension(ending);
        fs::write(&path, content).expect("the folder can be written to");
        read_all(&path, content.len());
    });
}
