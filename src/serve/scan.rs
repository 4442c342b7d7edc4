//! What can be said of a place in a text whose syntax may be wrong: in which call, block or string it lies.

/// Where a place lies.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Whether it is in a comment or in the text of a string.
    pub(super) is_text: bool,
    /// The word that is being written.
    pub(super) word: String,
    /// The words joined by dots before it: `sd.decoder` of `sd.decoder.`
    pub(super) owner: Option<String>,
    /// What stands before a `::`.
    pub(super) path: Option<String>,
    /// The name of the function whose arguments are given.
    pub(super) callee: Option<String>,
    /// The block or model around it.
    pub(super) block: Option<String>,
    /// The word before the innermost open brace's head: `data`, `training`, `fn`..
    pub(super) section: Option<String>,
    /// The module of the `use` whose braces it is in.
    pub(super) used: Option<String>,
    /// Whether it is the first word of a line.
    pub(super) begins: bool,
    /// Names given before it in the function around it.
    pub(super) locals: Vec<String>,
}

/// Reads a text up to a byte.
pub(super) fn context(text: &str, byte: usize) -> Context {
    let before = text.get(..byte).unwrap_or(text);
    let mut context = Context::default();
    let Some(open) = brackets(before) else {
        context.is_text = true;
        return context;
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let head = before.trim_end_matches(is_word);
    before[head.len()..].clone_into(&mut context.word);
    if let Some(rest) = head.strip_suffix("::") {
        let path = rest.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
        context.path = Some(path.to_owned());
    } else if let Some(rest) = head.strip_suffix('.').filter(|rest| !rest.ends_with('.')) {
        let start = rest.trim_end_matches(|c: char| is_word(c) || c == '.').len();
        context.owner = Some(rest[start..].to_owned()).filter(|owner| owner.starts_with(|c: char| c.is_alphabetic()));
    }
    context.begins = head.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
    if let Some(&(at, bracket)) = open.last() {
        let rest = &before[..at];
        match bracket {
            '(' => {
                let start = rest.trim_end_matches(is_word).len();
                context.callee = Some(rest[start..].to_owned()).filter(|name| !name.is_empty());
            }
            '{' => {
                let line = rest.rsplit('\n').next().unwrap_or_default();
                let first = line.trim_start().split(|c: char| !is_word(c)).next().unwrap_or_default();
                context.section = Some(first.to_owned());
                let used =
                    rest.trim_end().strip_suffix("::").map(|path| path.rsplit([' ', '\n']).next().unwrap_or(path));
                context.used = used.filter(|_| first == "use").map(str::to_owned);
            }
            _ => {}
        }
    }
    block(before, &mut context);
    context
}

/// The brackets that are open at the end; none in a comment or string.
fn brackets(text: &str) -> Option<Vec<(usize, char)>> {
    let mut open: Vec<(usize, char)> = Vec::new();
    // Strings that were left for a value in braces, by the number of brackets open around it.
    let mut outer: Vec<usize> = Vec::new();
    let mut in_string = false;
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' | '\n' if in_string => in_string = false,
            '{' if in_string => {
                outer.push(open.len());
                open.push((at, sign));
                in_string = false;
            }
            _ if in_string => {}
            '"' => in_string = true,
            '/' if signs.peek().is_some_and(|&(_, next)| next == '/') => {
                while signs.next_if(|&(_, next)| next != '\n').is_some() {}
                signs.peek()?;
            }
            '(' | '[' | '{' => open.push((at, sign)),
            ')' | ']' | '}' => {
                open.pop();
                in_string = outer.pop_if(|depth| *depth == open.len()).is_some();
            }
            _ => {}
        }
    }
    (!in_string).then_some(open)
}

/// The block around the end of a text, and the names that were given in the function around it.
fn block(before: &str, context: &mut Context) {
    let mut locals: Vec<String> = Vec::new();
    for line in before.lines() {
        let code = line.split("//").next().unwrap_or(line);
        let words: Vec<&str> =
            code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
        let is_item = !line.starts_with([' ', '\t', '}']);
        let first = words.first().copied().unwrap_or_default();
        if is_item && matches!(first, "block" | "model") {
            context.block = words.get(1).map(|name| (*name).to_owned());
            locals.clear();
        } else if is_item && matches!(first, "fn" | "let" | "enum" | "use") {
            context.block = None;
        }
        if matches!(first, "fn" | "objective" | "score") {
            locals.clear();
            let named = code.split(['(', ',']).skip(1).filter_map(|param| param.split([':', '=', ')']).next());
            locals.extend(named.map(|name| name.trim().to_owned()));
        }
        for keyword in ["let ", "var ", "for ", "over ", "|"] {
            for piece in code.split(keyword).skip(1) {
                let end = piece.find(['=', '|', '{']).unwrap_or(piece.len());
                let head = piece[..end].split(" in ").next().unwrap_or_default();
                let names = head.split(|c: char| !c.is_alphanumeric() && c != '_');
                locals.extend(names.filter(|name| name.starts_with(char::is_alphabetic)).map(str::to_owned));
            }
        }
    }
    locals.sort();
    locals.dedup();
    context.locals = locals;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_understood_in_a_broken_text() {
        let text = "model M {\n    fn f(x, size) {\n        let (a, b) = g(x)\n        conv(3, ou";
        let found = context(text, text.len());
        assert_eq!((found.word.as_str(), found.callee.as_deref()), ("ou", Some("conv")));
        assert_eq!(found.block.as_deref(), Some("M"));
        assert_eq!(found.locals, ["a", "b", "size", "x"]);
        let text = "use std::parts::{BL";
        assert_eq!(context(text, text.len()).used.as_deref(), Some("std::parts"));
        let text = "model M { let a = sd.decoder.he";
        assert_eq!(context(text, text.len()).owner.as_deref(), Some("sd.decoder"));
        assert!(context("a // b", 6).is_text && context("\"abc", 3).is_text);
    }
}
