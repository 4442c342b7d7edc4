//! Words by which something begins in other languages, and what this one has in their place.
//!
//! The parser reads such a word as a name. Where that stops the parser, its error says so; elsewhere `resolve` does.

/// A word of another language.
#[derive(Clone, Copy)]
pub(crate) struct Foreign {
    /// The keyword that does the same, if there is one.
    pub(crate) keyword: Option<&'static str>,
    /// What to write.
    pub(crate) help: &'static str,
}

const WORDS: &[(&[&str], Option<&str>, &str)] = &[
    (&["elif", "elsif", "elseif"], Some("else if"), "it is written `else if`"),
    (&["foreach"], Some("for"), "it is written `for`, as in `for x in xs { f(x) }`"),
    (&["def", "func", "function"], Some("fn"), "a function begins with `fn`, as in `fn f(x) { .. }`"),
    (&["when"], Some("if"), "a choice is written `if condition { a } else { b }`"),
    (&["match", "switch", "case"], None, "a choice is written `if k == a { x } else if k == b { y } else { z }`"),
    (&["const"], Some("let"), "a name gets its value by `let`, or by `var` if it changes"),
    (&["while"], None, "a loop that runs has a known number of steps, as in `loop z = x over t in [3, 2, 1] { .. }`"),
    (
        &["import", "include"],
        None,
        "names of other files are brought by `use` at the top of a file, as in `use \"nets.diad\"::{Net}`",
    ),
    (&["class", "module", "struct"], None, "a network is a `block`, as in `block Net(width: int) { .. }`"),
    (&["is"], Some("=="), "two values are compared by `==`"),
    (&["del"], None, "nothing is deleted: a value that nothing reads any more takes no memory"),
    (&["global", "nonlocal"], None, "a body sees the names around it, and changes none of them"),
    (&["yield"], None, "a list of values is made as in `for x in xs { f(x) }`"),
    (&["pass"], None, "a body has a value, so it can't be empty"),
    (&["lambda"], None, "a function without a name is written `|x| ..`"),
    (&["try", "except", "catch"], None, "what can go wrong is found before anything runs; nothing is caught"),
    (&["assert", "raise", "panic"], None, "as in `if not condition { fail(\"why\") }`"),
    (&["with"], None, "a body does not change what is around it; see `stop_gradient(x)` and `freezes`"),
];

/// How texts are written that are not for the compiler.
pub(crate) const COMMENT: &str =
    "a comment begins with `//`; one that documents the item or member after it, with `///`";

/// What a word begins in another language, if it does.
pub(crate) fn foreign_word(word: &str) -> Option<Foreign> {
    let row = WORDS.iter().find(|(words, ..)| words.contains(&word));
    row.map(|&(_, keyword, help)| Foreign { keyword, help })
}
