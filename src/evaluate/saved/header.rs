//! The header of an npy array: a dictionary in Python's notation, as NumPy of any version and other programs write it.
//!
//! `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`; quotes of both kinds, blanks anywhere, keys in any order
//! and the long integers of Python 2 (`3L`) mean the same.

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The name of the type.
    pub(super) descr: String,
    /// Whether the first extent is the fastest.
    pub(super) by_columns: bool,
    pub(super) shape: Vec<usize>,
}

/// A value in Python's notation.
enum Value {
    Text(String),
    Word(String),
    /// A tuple of words.
    Tuple(Vec<String>),
}

/// Reads a header.
pub(super) fn header(text: &str) -> Result<Header, String> {
    let mut rest = text;
    let (mut descr, mut by_columns, mut shape) = (None, None, None);
    expect(&mut rest, '{')?;
    while !next_is(&mut rest, '}') {
        let Value::Text(key) = value(&mut rest)? else { return Err(unreadable(text)) };
        expect(&mut rest, ':')?;
        if key == "shape" && rest.starts_with('[') {
            return Err(unreadable(text));
        }
        match (key.as_str(), value(&mut rest)?) {
            ("descr", Value::Text(text)) => descr = Some(text),
            ("fortran_order", Value::Word(word)) if word == "True" || word == "False" => {
                by_columns = Some(word == "True");
            }
            ("shape", Value::Tuple(extents)) => {
                let extents: Option<Vec<usize>> =
                    extents.iter().map(|word| word.trim_end_matches('L').parse().ok()).collect();
                shape = Some(extents.ok_or_else(|| format!("`{}` is no shape of an array", text.trim()))?);
            }
            (key, _) => return Err(format!("the header of its array has a strange `{key}`: `{}`", text.trim())),
        }
        if !next_is(&mut rest, ',') && !rest.starts_with('}') {
            return Err(unreadable(text));
        }
    }
    let missing = |key: &str| format!("the header of its array lacks `{key}`");
    Ok(Header {
        descr: descr.ok_or_else(|| missing("descr"))?,
        by_columns: by_columns.ok_or_else(|| missing("fortran_order"))?,
        shape: shape.ok_or_else(|| missing("shape"))?,
    })
}

fn unreadable(text: &str) -> String {
    let shown: String = text.trim().chars().take(120).collect();
    format!("the header of its array can't be read: `{shown}`")
}

/// Takes a character if it comes next, past blanks.
fn next_is(rest: &mut &str, wanted: char) -> bool {
    *rest = rest.trim_start();
    let Some(after) = rest.strip_prefix(wanted) else { return false };
    *rest = after.trim_start();
    true
}

fn expect(rest: &mut &str, wanted: char) -> Result<(), String> {
    if next_is(rest, wanted) { Ok(()) } else { Err(unreadable(rest)) }
}

/// Takes a value.
fn value(rest: &mut &str) -> Result<Value, String> {
    *rest = rest.trim_start();
    let whole = *rest;
    // As Python 2 writes texts of its own kind.
    let begins_text = |rest: &str| rest.starts_with(['\'', '"']);
    if let Some(text) = rest.strip_prefix(['u', 'b']).filter(|text| begins_text(text)) {
        *rest = text;
    }
    let mut letters = rest.chars();
    match letters.next() {
        Some(quote @ ('\'' | '"')) => {
            let (text, after) = letters.as_str().split_once(quote).ok_or_else(|| unreadable(whole))?;
            *rest = after;
            Ok(Value::Text(text.to_owned()))
        }
        Some('(') => {
            let (inner, after) = letters.as_str().split_once(')').ok_or_else(|| unreadable(whole))?;
            *rest = after;
            let words = inner.split(',').map(str::trim).filter(|word| !word.is_empty());
            Ok(Value::Tuple(words.map(str::to_owned).collect()))
        }
        Some('[') => Err("its array has fields of several types; save each as an array of its own".to_owned()),
        _ => {
            let end = rest.find([',', '}']).ok_or_else(|| unreadable(whole))?;
            let (word, after) = rest.split_at(end);
            *rest = after;
            Ok(Value::Word(word.trim().to_owned()))
        }
    }
}
