//! A file of weights is read or refused, whatever is in it: safetensors, PyTorch's archives and its older pickles.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use diadc::weight::File;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// Tensors that are read of a file, at most: a small one can say that it has many, each as large as all of it.
const READ: usize = 20;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder can be made"));
static PATH: LazyLock<PathBuf> = LazyLock::new(|| FOLDER.path().join("weights.safetensors"));

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*PATH, bytes).expect("the folder can be written to");
    match File::open(&PATH) {
        Err(wrong) => assert!(!wrong.to_string().is_empty()),
        Ok(file) => {
            for found in file.found().iter().take(READ) {
                if let Ok(tensor) = file.read(&found.name) {
                    assert_eq!(tensor.shape, found.shape);
                }
            }
        }
    }
});
