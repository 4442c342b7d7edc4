//! Patterns of names: `down.{b}.attn.{i}.{*}`.
//!
//! In: text from a data file. Out: a [`Pattern`], which reads from a name what stands in the places in braces, or a
//! [`Template`], which builds another name from that. `{name}` is an index, or a word from the list of that name; `{*}`
//! is the rest of the name, at least one character. In a template an index may be calculated: `{3*b+i+1}`.

use std::collections::BTreeMap;

/// Lists of words by name; each word is given with what it becomes.
pub(super) type Words = BTreeMap<String, BTreeMap<String, String>>;

/// A pattern that names may fit.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Index(String),
    /// One of these words, the longest first, each with what it becomes.
    Word(String, Vec<(String, String)>),
    Rest,
}

/// What stood in the places of a pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Captures {
    indices: BTreeMap<String, i64>,
    words: BTreeMap<String, String>,
    rest: Option<String>,
}

impl Pattern {
    pub(super) fn new(text: &str, words: &Words) -> Result<Pattern, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        for part in parts(text)? {
            let name = match part {
                Part::Literal(text) => {
                    pieces.push(Piece::Literal(text.to_owned()));
                    continue;
                }
                Part::Place(name) => name,
            };
            let is_there = pieces.iter().any(|piece| match piece {
                Piece::Literal(_) => false,
                Piece::Index(own) | Piece::Word(own, _) => own == name,
                Piece::Rest => name == "*",
            });
            if is_there {
                return Err(format!("`{text}` has `{{{name}}}` twice"));
            }
            pieces.push(match words.get(name) {
                _ if name == "*" => Piece::Rest,
                Some(list) => {
                    let mut list: Vec<(String, String)> = list.clone().into_iter().collect();
                    list.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
                    Piece::Word(name.to_owned(), list)
                }
                None if is_name(name) => Piece::Index(name.to_owned()),
                None => return Err(format!("`{{{name}}}` in `{text}` is neither a name nor `{{*}}`")),
            });
        }
        Ok(Pattern(pieces))
    }

    /// What stands in the places, if the name fits the pattern.
    pub(super) fn captures(&self, name: &str) -> Option<Captures> {
        let mut captures = Captures::default();
        fit(&self.0, name, &mut captures).then_some(captures)
    }

    /// The places that it has.
    fn places(&self) -> Vec<&str> {
        fn place(piece: &Piece) -> Option<&str> {
            match piece {
                Piece::Literal(_) => None,
                Piece::Index(name) | Piece::Word(name, _) => Some(name),
                Piece::Rest => Some("*"),
            }
        }
        self.0.iter().filter_map(place).collect()
    }
}

fn fit(pieces: &[Piece], text: &str, captures: &mut Captures) -> bool {
    let Some((piece, others)) = pieces.split_first() else { return text.is_empty() };
    match piece {
        Piece::Literal(literal) => text.strip_prefix(literal.as_str()).is_some_and(|rest| fit(others, rest, captures)),
        Piece::Index(name) => {
            let length = text.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = text.split_at(length);
            // Only one way to write an index is one, so that no two names become the same.
            let is_plain = digits == "0" || !digits.starts_with('0');
            let Some(index) = digits.parse().ok().filter(|_| is_plain) else { return false };
            captures.indices.insert(name.clone(), index);
            fit(others, rest, captures)
        }
        Piece::Word(name, words) => words.iter().any(|(word, becomes)| {
            captures.words.insert(name.clone(), becomes.clone());
            text.strip_prefix(word.as_str()).is_some_and(|rest| fit(others, rest, captures))
        }),
        Piece::Rest => (1..=text.len()).rev().filter(|&at| text.is_char_boundary(at)).any(|at| {
            captures.rest = Some(text[..at].to_owned());
            fit(others, &text[at..], captures)
        }),
    }
}

/// A pattern from which names are built.
#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Made>);

#[derive(Clone, Debug)]
enum Made {
    Literal(String),
    /// The sum of numbers times indices; a number by itself has none.
    Sum(Vec<(i64, Option<String>)>),
    Word(String),
    Rest,
}

impl Template {
    /// A template that uses every place of a pattern, so that different names stay different.
    pub(super) fn new(text: &str, from: &Pattern, words: &Words) -> Result<Template, String> {
        let mut open = from.places();
        let places = open.clone();
        let mut pieces = Vec::new();
        for part in parts(text)? {
            let inner = match part {
                Part::Literal(literal) => {
                    pieces.push(Made::Literal(literal.to_owned()));
                    continue;
                }
                Part::Place(inner) => inner,
            };
            if inner == "*" || words.contains_key(inner) {
                if !places.contains(&inner) {
                    return Err(format!("`{{{inner}}}` in `{text}` is not in what it is made of"));
                }
                open.retain(|place| *place != inner);
                pieces.push(if inner == "*" { Made::Rest } else { Made::Word(inner.to_owned()) });
                continue;
            }
            let sum = sum(inner).ok_or_else(|| format!("`{{{inner}}}` in `{text}` is no sum like `3*b+i+1`"))?;
            for (_, name) in &sum {
                let Some(name) = name else { continue };
                if !places.contains(&name.as_str()) || words.contains_key(name) {
                    return Err(format!("`{name}` in `{text}` is no index of what it is made of"));
                }
                open.retain(|place| place != name);
            }
            pieces.push(Made::Sum(sum));
        }
        match open.first() {
            Some(place) => Err(format!("`{text}` does not use `{{{place}}}`")),
            None => Ok(Template(pieces)),
        }
    }

    /// The name built from what a pattern has captured; none if an index would be below zero.
    pub(super) fn fill(&self, captures: &Captures) -> Option<String> {
        let mut name = String::new();
        for piece in &self.0 {
            match piece {
                Made::Literal(text) => name.push_str(text),
                Made::Word(word) => name.push_str(captures.words.get(word)?),
                Made::Rest => name.push_str(captures.rest.as_ref()?),
                Made::Sum(terms) => {
                    let mut sum = 0_i64;
                    for (factor, index) in terms {
                        let index = index.as_ref().map_or(Some(1), |index| captures.indices.get(index).copied())?;
                        sum = sum.checked_add(factor.checked_mul(index)?)?;
                    }
                    name.push_str(&u64::try_from(sum).ok()?.to_string());
                }
            }
        }
        Some(name)
    }
}

enum Part<'a> {
    Literal(&'a str),
    Place(&'a str),
}

/// Text and places in braces, in their order.
fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            parts.push(Part::Literal(&rest[..open]));
        }
        let close = rest[open..].find('}').ok_or_else(|| format!("`{text}` has a `{{` without `}}`"))?;
        parts.push(Part::Place(&rest[open + 1..open + close]));
        rest = &rest[open + close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    if rest.contains('}') || parts.is_empty() {
        return Err(format!("`{text}` is no pattern"));
    }
    Ok(parts)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

/// `3*b+i+1`, `3-b`
fn sum(text: &str) -> Option<Vec<(i64, Option<String>)>> {
    let mut terms = Vec::new();
    let mut sign = 1;
    let mut rest = text;
    loop {
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        let (term, others) = rest.split_at(end);
        let (factor, index) = match term.split_once('*') {
            Some((factor, index)) => (factor.parse().ok()?, Some(index)),
            None if is_name(term) => (1, Some(term)),
            None => (term.parse().ok()?, None),
        };
        if index.is_some_and(|index| !is_name(index)) {
            return None;
        }
        terms.push((sign * i64::from(u32::try_from(factor).ok()?), index.map(str::to_owned)));
        sign = match others.chars().next() {
            None => return Some(terms),
            Some('-') => -1,
            Some(_) => 1,
        };
        rest = &others[1..];
    }
}
