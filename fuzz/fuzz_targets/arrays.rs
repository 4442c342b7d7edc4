//! A file of saved arrays is read or refused, whatever is in it. The first byte chooses its ending.
#![no_main]

use std::sync::LazyLock;

use diadc::evaluate::saved::{SavedFile, Values, map_header, read_map};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder can be made"));

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let ending = ["npy", "npz", "safetensors", "tiff"][usize::from(*first) % 4];
    let path = FOLDER.path().join("saved").with_extension(ending);
    std::fs::write(&path, bytes).expect("the folder can be written to");
    if let Ok(mut file) = SavedFile::open(&path) {
        for name in file.names().to_vec() {
            let Ok(array) = file.array(&name) else { continue };
            let count: usize = array.shape.iter().product();
            assert_eq!(
                count,
                match array.values {
                    Values::Numbers(all) => all.len(),
                    Values::Wide(all) => all.len(),
                    Values::Texts(all) => all.len(),
                }
            );
        }
    }
    if let ("npy" | "tiff", Ok(header), Ok((_, read))) = (ending, map_header(&path), read_map(&path)) {
        assert_eq!(header.size, read);
    }
});
