//! What a file is that holds no weights, told by its first bytes and never by its name.
//!
//! In: the beginning of a file. Out: a clause in which "it" is the file, with what to do about it where that is known.

/// How many bytes of a file are looked at.
pub(super) const LOOKED_AT: u64 = 512;

/// The most letters of a text that are shown.
const MOST_LETTERS: usize = 40;

/// Beginnings of files that are mistaken for weights, each with what it means.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"version https://git-lfs", "it is the pointer that Git LFS leaves: fetch the file with `git lfs pull`"),
    (b"version https://hawser", "it is the pointer that Git LFS leaves: fetch the file with `git lfs pull`"),
    (b"\x1f\x8b", "it is compressed with gzip: unpack it"),
    (b"\xfd7zXZ\0", "it is compressed with xz: unpack it"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd: unpack it"),
    (b"\x04\x22\x4d\x18", "it is compressed with lz4: unpack it"),
    (b"BZh", "it is compressed with bzip2: unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive: unpack it"),
    (b"Rar!", "it is a RAR archive: unpack it"),
    (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file, as Keras writes it: convert it to safetensors"),
    (b"\x93NUMPY", "it is one array of NumPy, which has no name: save a dict of arrays with PyTorch, or safetensors"),
    (b"GGUF", "it is a GGUF file, whose weights are usually quantised: take the safetensors they were made from"),
    (b"\x89PNG", "it is a PNG image"),
    (b"\xff\xd8\xff", "it is a JPEG image"),
    (b"%PDF", "it is a PDF document"),
    (b"\x7fELF", "it is a program"),
    (b"MZ\x90\0", "it is a program"),
    (b"SQLite format 3", "it is an SQLite database"),
];

/// Words in the first bytes of other kinds, each with where they stand.
const WITHIN: &[(usize, &[u8], &str)] = &[
    (257, b"ustar", "it is a tar archive: unpack it"),
    (4, b"TFL3", "it is a TensorFlow Lite model: export its weights as safetensors"),
];

/// What a file is that begins so, if it is known to be no file of weights.
pub(super) fn kind(start: &[u8]) -> Option<&'static str> {
    let begins = BEGINNINGS.iter().find(|(beginning, _)| start.starts_with(beginning)).map(|(_, words)| *words);
    let within = || {
        let fits = |at: usize, word: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(word));
        WITHIN.iter().find(|(at, word, _)| fits(*at, word)).map(|(.., words)| *words)
    };
    let page = || {
        trimmed(start)
            .starts_with(b"<")
            .then_some("it is a web page or XML: the download has failed, look at it in a browser")
    };
    // Protocol buffers have no mark of their own; an ONNX file names its version and who has written it.
    let onnx = || {
        let names = |word: &[u8]| start.windows(word.len()).take(64).any(|window| window == word);
        (matches!(start, [0x08, 1..=20, 0x12, ..]) && (names(b"pytorch") || names(b"onnx") || names(b"tf2onnx")))
            .then_some("it is an ONNX model: save the `state_dict()` that it was made from")
    };
    begins.or_else(within).or_else(page).or_else(onnx)
}

/// Whether a file that begins so may be JSON.
pub(super) fn is_json(start: &[u8]) -> bool {
    trimmed(start).starts_with(b"{") || trimmed(start).starts_with(b"[")
}

/// What is said of a file that begins so and is of no known kind.
pub(super) fn unknown(start: &[u8]) -> String {
    if start.is_empty() {
        return "it is empty".to_owned();
    }
    if start.iter().all(|byte| *byte == 0) {
        return "it begins with nothing but zeros: the download may have been broken off".to_owned();
    }
    if let Some(line) = text(start) {
        return format!("it is a text that begins with \"{line}\"");
    }
    if start.len() < 16 {
        return "it is too short".to_owned();
    }
    "it begins like neither of them".to_owned()
}

/// The first line of what is nothing but text, shortened.
fn text(start: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(trimmed(start)) {
        Ok(text) => text,
        // The last letter may be cut in two.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&trimmed(start)[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_text = !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    is_text.then(|| text.lines().next().unwrap_or_default().chars().take(MOST_LETTERS).collect())
}

/// Without a byte order mark and white space before the first letter.
fn trimmed(start: &[u8]) -> &[u8] {
    start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start()
}
