//! What a file is that is not what it was taken for, told by its first bytes and never by its name.
//!
//! In: the beginning of a file. Out: a clause in which "it" is the file, with what to do about it where that is known.
//! This room does not know what the file should have been; what that changes in the advice, its reader knows.

/// How many bytes of a file are looked at.
pub(crate) const LOOKED_AT: u64 = 512;

/// The most letters of a text that are shown.
const MOST_LETTERS: usize = 40;

/// Beginnings of files that are mistaken for others, each with what it means.
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
    (b"PK\x03\x04", "it is a zip archive"),
    (b"PK\x05\x06", "it is an empty zip archive"),
    (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file"),
    (b"\x93NUMPY", "it is one array of NumPy"),
    (b"GGUF", "it is a GGUF file, of weights"),
    (b"\x89PNG\r\n\x1a\n", "it is a PNG image"),
    (b"\xff\xd8\xff", "it is a JPEG image"),
    (b"II*\0", "it is a TIFF image"),
    (b"MM\0*", "it is a TIFF image"),
    (b"%PDF", "it is a PDF document"),
    (b"\x7fELF", "it is a program"),
    (b"MZ\x90\0", "it is a program"),
    (b"SQLite format 3", "it is an SQLite database"),
];

/// Words of other kinds, each with where it stands and what it means.
const WITHIN: &[((usize, &[u8]), &str)] = &[
    ((257, b"ustar"), "it is a tar archive: unpack it"),
    ((4, b"ftyp"), "it is a HEIC or AVIF photograph, or a film: convert it to PNG or JPEG"),
];

/// What a file is that begins so, if that can be told.
pub(crate) fn kind(start: &[u8]) -> Option<String> {
    let begins = BEGINNINGS.iter().find(|(beginning, _)| start.starts_with(beginning)).map(|(_, words)| *words);
    let within = || WITHIN.iter().find(|(word, _)| has(start, *word)).map(|(_, words)| *words);
    let known = begins.or_else(within).or_else(|| {
        trimmed(start)
            .starts_with(b"<")
            .then_some("it is a web page or XML: the download has failed, look at it in a browser")
    });
    known.map(str::to_owned).or_else(|| no_kind(start))
}

/// Whether a word stands at its place.
pub(crate) fn has(start: &[u8], (at, word): (usize, &[u8])) -> bool {
    start.get(at..).is_some_and(|rest| rest.starts_with(word))
}

/// What is said of a file that is of no kind at all.
fn no_kind(start: &[u8]) -> Option<String> {
    if start.is_empty() {
        return Some("it is empty".to_owned());
    }
    if start.iter().all(|byte| *byte == 0) {
        return Some("it begins with nothing but zeros: the download may have been broken off".to_owned());
    }
    text(start).map(|line| format!("it is a text that begins with \"{line}\""))
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
pub(crate) fn trimmed(start: &[u8]) -> &[u8] {
    start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start()
}
