//! No text, however odd, makes the compiler stop with anything but a result or diagnostics.

use std::sync::OnceLock;

use diadc_lang::diagnostic::{Style, render};
use diadc_lang::parse::parse;
use diadc_lang::source::SourceMap;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::spec::cases;
use super::{Spec, files, shown};

/// Parses a text and draws what is wrong with it.
fn parses(text: &str) {
    let mut sources = SourceMap::default();
    let id = sources.add("text", text);
    if let Err(diagnostics) = parse(id, &sources) {
        assert!(!diagnostics.is_empty(), "a text was refused without a word: {text:?}");
        let drawn = render(&diagnostics, &sources, Style::Plain);
        assert!(drawn.contains("error["), "{drawn}");
    }
}

/// Compiles a text and draws what is wrong with it.
fn compiles(text: &str) {
    if let Err(failed) = Spec::new(text).result() {
        assert!(!failed.diagnostics.is_empty(), "a spec was refused without a word: {text:?}");
        assert!(shown(&failed).contains("error["));
    }
}

/// Small specs, right and wrong, to be spoilt.
fn seeds() -> &'static [String] {
    static SEEDS: OnceLock<Vec<String>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let read = |path: &String| std::fs::read_to_string(path).expect("the spec can be read");
        let mut seeds: Vec<String> = files("tests/language/wrong", "diad").iter().map(read).collect();
        // Settings from outside are not part of the text; a count that is large on purpose only takes time.
        seeds.retain(|text| !text.contains("//! set:") && !text.contains("1000000000"));
        seeds
    })
}

/// The words and signs of a text.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let is_space = |c: char| c.is_whitespace();
        let end = if is_word(first) {
            rest.find(|c| !is_word(c))
        } else if is_space(first) {
            rest.find(|c| !is_space(c))
        } else {
            Some(first.len_utf8())
        };
        let (token, behind) = rest.split_at(end.unwrap_or(rest.len()));
        tokens.push(token);
        rest = behind;
    }
    tokens
}

/// One way to spoil a text.
#[derive(Clone, Debug)]
enum Slip {
    Drop(Index),
    Double(Index),
    Swap(Index, Index),
    Replace(Index, &'static str),
    Cut(Index),
}

const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "=",
    "|",
    "|>",
    "@",
    "->",
    "..",
    "-1",
    "0",
    "3.5",
    "x",
    "B",
    "none",
    "true",
    "if",
    "for",
    "loop",
    "copy",
    "let",
    "part",
    "fn",
    "model",
    "block",
    "from",
    "in",
    "and",
    "conv",
    "max",
    "\n",
    "//",
    "///",
    "\u{e9}",
    "9223372036854775807",
];

fn slip() -> impl Strategy<Value = Slip> {
    prop_oneof![
        any::<Index>().prop_map(Slip::Drop),
        any::<Index>().prop_map(Slip::Double),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Slip::Swap(a, b)),
        (any::<Index>(), select(WORDS)).prop_map(|(at, word)| Slip::Replace(at, word)),
        any::<Index>().prop_map(Slip::Cut),
    ]
}

fn spoilt(text: &str, slips: &[Slip]) -> String {
    let mut tokens = tokens(text);
    for slip in slips {
        if tokens.is_empty() {
            break;
        }
        let count = tokens.len();
        match slip {
            Slip::Drop(at) => {
                tokens.remove(at.index(count));
            }
            Slip::Double(at) => tokens.insert(at.index(count), tokens[at.index(count)]),
            Slip::Swap(a, b) => tokens.swap(a.index(count), b.index(count)),
            Slip::Replace(at, word) => tokens[at.index(count)] = word,
            Slip::Cut(at) => tokens.truncate(at.index(count)),
        }
    }
    tokens.concat()
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,60}") {
        parses(&text);
    }

    #[test]
    fn any_words_are_parsed_or_refused(words in prop::collection::vec(select(WORDS), 0..30)) {
        parses(&words.join(" "));
    }

    #[test]
    fn a_spoilt_spec_is_compiled_or_refused(seed in any::<Index>(), slips in prop::collection::vec(slip(), 1..4)) {
        compiles(&spoilt(&seeds()[seed.index(seeds().len())], &slips));
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_spoilt_model_is_compiled_or_refused(slips in prop::collection::vec(slip(), 1..3)) {
        let text = include_str!("../../specs/tiny.diad").replace("\"diad.diad\"::{DiAD}", "\"diad.diad\"::{DiAD, Fusion}");
        let base = include_str!("../../specs/diad.diad");
        let spec = Spec::new(&spoilt(&text, &slips)).file("diad.diad", base);
        if let Err(failed) = spec.result() {
            assert!(shown(&failed).contains("error["));
        }
    }
}

#[test]
fn brackets_within_brackets_are_refused_before_the_stack_ends() {
    for open in ["(", "[", "{", "f(", "if a {", "|x| {", "for i in x {", "\"{", "{a: ", "[[B; "] {
        parses(&format!("let a = {}", open.repeat(20_000)));
        parses(&format!("let a = {}", open.repeat(40)));
        compiles(&format!("model M {{ let a = {}", open.repeat(40)));
    }
}

#[test]
fn long_chains_are_refused_before_the_stack_ends() {
    for link in ["1 + ", "- ", "not ", "1 |> ", "true and ", "2 * "] {
        compiles(&format!("model M {{ let a = {}1 }}", link.repeat(20_000)));
        compiles(&format!("model M {{ let a = {}1 }}", link.repeat(300)));
    }
    for link in [".a", "(1)", "[0]"] {
        compiles(&format!("model M {{ let a = f{} }}", link.repeat(20_000)));
    }
    for link in ["2 ^ ", "copy ", "|x| ", "if a { 1 } else "] {
        compiles(&format!("model M {{ let a = {}{{ 1 }} }}", link.repeat(300)));
    }
}

#[test]
fn brackets_that_are_read_in_several_ways_take_no_longer_for_it() {
    for open in ["|a| {", "{", "f(|a| {", "f({", "[[", "g(if a {"] {
        parses(&format!("fn f(x) {{ {} ; ", open.repeat(20)));
    }
}

#[test]
fn sizes_beyond_all_measure_are_refused() {
    let block = |call: &str| {
        let items = format!("block Net() {{ fn (x) {{ {call} }} }}");
        Spec::with(&items, "part net = Net()\nfn f(x: [B, 4, 8, 8]) { net(x) }")
    };
    for call in [
        "x |> conv(LARGE) @ \"a\"",
        "x |> conv(3, dilation: LARGE) @ \"a\"",
        "x |> conv(3, padding: LARGE) @ \"a\"",
        "x |> conv(3, out: LARGE) @ \"a\"",
        "x |> conv(3, stride: LARGE) @ \"a\"",
        "x |> conv(3, groups: LARGE) @ \"a\"",
        "x |> conv_transpose(3, stride: LARGE) @ \"a\"",
        "x |> conv_transpose(LARGE) @ \"a\"",
        "x |> conv_transpose(3, output_padding: LARGE) @ \"a\"",
        "x |> linear(LARGE) @ \"a\"",
        "x |> avg_pool(LARGE)",
        "x |> max_pool(2, padding: LARGE)",
        "x |> max_pool(2, stride: LARGE)",
        "x |> resize(LARGE)",
        "pad(x, [LARGE, LARGE, LARGE, LARGE])",
        "split(x, LARGE)",
        "slice(x, 1, 0, LARGE)",
        "slice(x, 1, LARGE, LARGE)",
        "reshape(x, [LARGE, -1])",
        "reshape(x, [LARGE, LARGE])",
        "expand(x, [LARGE, LARGE, 4, 8, 8])",
        "x + random_normal(shape: [LARGE, LARGE, 8, 8])",
        "full(1, [LARGE, LARGE])",
        "x * random_int(0, LARGE)",
        "permute(x, [LARGE, 0, 1, 2])",
        "repeated(x, LARGE)",
        "[x][LARGE]",
        "[x][0..=LARGE]",
        "sum(x, axis: LARGE)",
        "x |> group_norm(LARGE) @ \"a\"",
        "gaussian_blur(x, 1e300)",
        "x |> weight([LARGE, LARGE]) @ \"a\"",
        "len(0..LARGE)",
        "for i in -LARGE..LARGE { i }",
        "linspace(0, 1, LARGE)",
        "to_int(1e300) + 1",
        "-(-LARGE - 1)",
        "abs(-LARGE - 1)",
        "div(-LARGE - 1, 1)",
        "(-LARGE - 1) % -1",
        "floor(1e300)",
        "2 ^ LARGE",
        "B * LARGE * LARGE",
    ] {
        let call = call.replace("B * ", "shape(x)[0] * ").replace("LARGE", "9223372036854775807");
        if let Err(failed) = block(&call).result() {
            assert!(shown(&failed).contains("error["), "{call}");
        }
    }
}

#[test]
fn what_doubles_again_and_again_is_refused() {
    let chain = |link: &dyn Fn(usize) -> String| (1..60).map(link).collect::<String>();
    let calls = chain(&|i| format!("fn f{}(x) {{ f{i}(x) + f{i}(x) }}\n", i - 1));
    Spec::with(&format!("{calls}fn f59(x) {{ x }}"), "let a = f0(1)").fails_with("too-long");
    Spec::with(&format!("{calls}fn f59(x) {{ x }}"), "fn f(x: [B, 3]) { f0(x) }").fails_with("too-long");
    let lists = chain(&|i| format!("let a{i} = a{} + a{}\n", i - 1, i - 1));
    Spec::model(&format!("let a0 = [1, 1]\n{lists}")).fails_with("list-too-long");
    Spec::model(&format!("let a0 = \"text\"\n{lists}")).fails_with("list-too-long");
    for pair in ["[A, A]", "(A, A)", "{ one: A, other: A }", "[A] + [A]", "for i in 0..2 { A }"] {
        let link = |i: usize| format!("let a{i} = {}\n", pair.replace('A', &format!("a{}", i - 1)));
        let nested = (1..30).map(link).collect::<String>();
        Spec::model(&format!("let a0 = 1\n{nested}")).fails_with("list-too-long");
    }
    let formulas = chain(&|i| format!("let s{i} = (s{0} + 1) * (s{0} + 2)\n", i - 1));
    Spec::model(&format!("fn f(x: [B, 3]) {{ let s0 = shape(x)[0]\n{formulas}reshape(x, [s59, -1]) }}"))
        .fails_with("overflow");
    Spec::model("let a = for i in 0..100000 { for j in 0..100000 { j } }").fails_with("too-long");
}

#[test]
fn a_long_chain_of_constants_is_refused_before_the_stack_ends() {
    let chain: String = (0..5000).map(|i| format!("let A{i} = A{}\n", i + 1)).collect();
    let spec = Spec::with(&format!("{chain}let A5000 = 1"), "let a = A0");
    spec.fails_with("too-deep");
    assert!(spec.result().is_err_and(|failed| shown(&failed).contains("this constant is made of another")));
}
