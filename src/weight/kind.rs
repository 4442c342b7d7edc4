//! What a file is that holds no weights that can be read, as far as weights want other advice than any file.
//!
//! In: the beginning of a file. Out: a clause in which "it" is the file, with what to do about it where that is known.

use crate::mistaken::{self, has, trimmed};

/// Words of other kinds of weights, each with where they stand and what they mean.
const KINDS: &[((usize, &[u8]), &str)] = &[
    ((0, b"\x89HDF\r\n\x1a\n"), "it is an HDF5 file, as Keras writes it: convert it to safetensors"),
    (
        (0, b"\x93NUMPY"),
        "it is one array of NumPy, which has no name: save a dict of arrays with PyTorch, or safetensors",
    ),
    ((0, b"GGUF"), "it is a GGUF file, whose weights are usually quantised: take the safetensors they were made from"),
    ((4, b"TFL3"), "it is a TensorFlow Lite model: export its weights as safetensors"),
];

/// What a file is that begins so, if it is known to be no file of weights.
pub(super) fn kind(start: &[u8]) -> Option<String> {
    let known = KINDS.iter().find(|(word, _)| has(start, *word)).map(|(_, words)| *words);
    // Protocol buffers have no mark of their own; an ONNX file names its version and who has written it.
    let onnx = || {
        let names = |word: &[u8]| start.windows(word.len()).take(64).any(|window| window == word);
        (matches!(start, [0x08, 1..=20, 0x12, ..]) && (names(b"pytorch") || names(b"onnx") || names(b"tf2onnx")))
            .then_some("it is an ONNX model: save the `state_dict()` that it was made from")
    };
    known.or_else(onnx).map(str::to_owned).or_else(|| mistaken::kind(start))
}

/// Whether a file that begins so may be JSON.
pub(super) fn is_json(start: &[u8]) -> bool {
    trimmed(start).starts_with(b"{") || trimmed(start).starts_with(b"[")
}

/// What is said of a file that begins so and is of no known kind.
pub(super) fn unknown(start: &[u8]) -> String {
    if start.len() < 16 { "it is too short".to_owned() } else { "it begins like neither of them".to_owned() }
}
