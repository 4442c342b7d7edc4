//! Characters that look like a sign of the language, or like nothing, as word processors and web pages put them in.
//!
//! In: a character that the language has no use for. Out: what was probably meant by it.

/// What a character stands for; nothing for one that is not seen, which is left out.
pub(super) fn meant(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' | '\u{2018}' | '\u{2019}' | '\u{ff02}' => "\"",
        '\u{2212}' | '\u{2013}' | '\u{2014}' | '\u{2010}' | '\u{2011}' => "-",
        '\u{d7}' | '\u{b7}' | '\u{2217}' | '\u{22c5}' => "*",
        '\u{f7}' | '\u{2215}' => "/",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{2260}' => "!=",
        '\u{2192}' => "->",
        '\u{2026}' => "..",
        '\u{ff0c}' | '\u{3001}' => ",",
        '\u{ff1a}' => ":",
        '\u{ff08}' => "(",
        '\u{ff09}' => ")",
        '\u{ff1d}' => "=",
        '\u{b2}' => "^ 2",
        '\u{b3}' => "^ 3",
        c if is_space(c) => " ",
        c if is_unseen(c) => "",
        _ => return None,
    })
}

/// Whether a character is a space of another width, or ends a line in other programs.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// Whether a character is not seen; not so the spaces of the language, which may stand where a word is missing.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{ad}')
        || (c.is_control() && !c.is_whitespace())
        || is_space(c)
}
