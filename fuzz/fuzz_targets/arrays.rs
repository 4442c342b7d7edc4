//! A file of saved arrays is read or refused, whatever is in it. The first byte chooses its ending.
#![no_main]

use std::sync::LazyLock;

use diadc::evaluate::saved::{Values, map_size, read, read_map};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder can be made"));

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let ending = ["npy", "npz", "safetensors"][usize::from(*first) % 3];
    let path = FOLDER.path().join("saved").with_extension(ending);
    std::fs::write(&path, bytes).expect("the folder can be written to");
    for (_, array) in read(&path).into_iter().flatten() {
        let count: usize = array.shape.iter().product();
        assert_eq!(
            count,
            match array.values {
                Values::Numbers(all) => all.len(),
                Values::Texts(all) => all.len(),
            }
        );
    }
    if ending == "npy"
        && let (Ok(size), Ok((_, read))) = (map_size(&path), read_map(&path))
    {
        assert_eq!(size, read);
    }
});
