//! Tests: the lexer and the grammar see the same words, numbers, strings and comments in every text.

use std::collections::BTreeSet;
use std::path::Path;

use pest::Parser;
use pest::iterators::Pair;
use proptest::prelude::*;
use proptest::sample::select;

use super::keyword::{Begins, Keyword};
use super::lex::{Lexer, Token, TokenKind};
use super::section::{Holds, Names, Section};
use super::{Grammar, Rule};

/// The tokens of a text, which cover it without gaps.
fn tokens(text: &str) -> Vec<Token> {
    let tokens: Vec<Token> = Lexer::new(text).collect();
    let mut end = 0;
    for token in &tokens {
        assert_eq!(token.start, end, "a gap in {text:?}");
        assert!(token.start < token.end, "an empty token in {text:?}");
        end = token.end;
    }
    assert_eq!(end, text.len(), "the end of {text:?} is in no token");
    tokens
}

/// Compares a text that the grammar can read with its tokens; whether it can.
fn agree(text: &str) -> bool {
    let tokens = tokens(text);
    let Ok(pairs) = Grammar::parse(Rule::file, text) else { return false };
    pairs.for_each(|pair| compare(&pair, text, &tokens));
    true
}

/// Compares what stands in a pair. A rule with other rules in it is no terminal, but for strings.
fn compare(pair: &Pair<'_, Rule>, text: &str, tokens: &[Token]) {
    let (start, end) = (pair.as_span().start(), pair.as_span().end());
    let of = |from: &Token| (from.start, from.end, from.kind);
    let inside: Vec<_> = tokens.iter().filter(|token| start <= token.start && token.end <= end).map(of).collect();
    let whole = |kind| vec![(start, end, kind)];
    match pair.as_rule() {
        Rule::doc => assert_eq!(inside, whole(TokenKind::Doc), "{text:?}"),
        Rule::file_doc => assert_eq!(inside, whole(TokenKind::FileDoc), "{text:?}"),
        Rule::warning => assert_eq!(inside, whole(TokenKind::Warning), "{text:?}"),
        Rule::number | Rule::position => assert_eq!(inside, whole(TokenKind::Number), "{text:?}"),
        Rule::string_text => assert_eq!(inside, whole(TokenKind::Text), "{text:?}"),
        Rule::name | Rule::any_dim | Rule::any_pattern | Rule::dtype => {
            assert_eq!(inside, whole(TokenKind::Word), "{text:?}");
        }
        Rule::range_op => assert_eq!(inside, whole(TokenKind::Sign), "{text:?}"),
        Rule::string | Rule::reason => {
            assert_eq!(inside.first().copied(), Some((start, start + 1, TokenKind::Quote)), "{text:?}");
            assert_eq!(inside.last().copied(), Some((end - 1, end, TokenKind::EndQuote)), "{text:?}");
            if pair.as_rule() == Rule::reason {
                assert!(inside.len() <= 3, "a reason is plain text: {text:?}");
            }
        }
        Rule::operator | Rule::prefix if pair.clone().into_inner().next().is_none() => {
            let sign: Vec<_> = inside.into_iter().filter(|(_, _, kind)| *kind != TokenKind::Space).collect();
            assert!(matches!(sign[..], [(_, _, TokenKind::Sign)]), "{sign:?} in {text:?}");
        }
        // After the `>` of a type, without a space, it is read together with that.
        Rule::equals if text[..start].ends_with('>') => {}
        Rule::equals => assert_eq!(inside, whole(TokenKind::Sign), "{text:?}"),
        rule if is_keyword(rule) => assert_eq!(inside, whole(TokenKind::Word), "{text:?}"),
        _ => {}
    }
    pair.clone().into_inner().for_each(|inner| compare(&inner, text, tokens));
}

/// Whether a rule is a keyword; `not in` is two.
fn is_keyword(rule: Rule) -> bool {
    format!("{rule:?}").starts_with("k_") && rule != Rule::k_not_in
}

/// All `.diad` files of this repository.
fn specs(folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            specs(&path, into);
        } else if path.to_string_lossy().ends_with(".diad") {
            into.push(std::fs::read_to_string(&path).expect("specs are text"));
        }
    }
}

#[test]
fn lexer_and_grammar_agree_on_every_spec() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = Vec::new();
    for folder in ["specs", "examples", "tests"] {
        specs(&root.join(folder), &mut texts);
    }
    let read = texts.iter().filter(|text| agree(text)).count();
    assert!(read > 60, "only {read} of {} specs could be read", texts.len());
}

#[test]
fn what_is_easily_mistaken_is_read_alike() {
    for text in [
        "let a = 1_000.5e-3 + 0..2 + xs[..3] + 1e3",
        "let a = f(||x) |> g(|x| x |> h)",
        "let a = \"{\"{b}\"}c // no comment {d\n }\" // a comment \"\nlet b = 1",
        "/// doc \"{\nallow unused-part // why: \"\n \"{ is text\"\nlet a = 1",
        "let a = allow - unused \nlet b = \"{a}\"",
        "let a = allow in \"{b}\"",
        "model M { let allow = 1 let score = 2 training a, b.c { data = \"{score}\" } fresh part x = y @ \"\" }",
        "let a = b not // never\n in c",
        "model M { param x: list<int>= [1] param y: set<int> = {1} }",
        "fn f(x: int[_, B], t: [[B]; 3])->[B] { let _ = x  x }",
        "let a = b / c // d\n/ e",
        "let a = b.0.1 + c.0..2 + copy d.10.e |> f.0(x).2",
        "let a = f(1%, 2.5%) + [7%3, 7 % 3, 7%-3, 7%(3), 1% + 2%, 1%|> g] + 1% // c\nlet b = 3%",
        "model M { objective a(b) trains c.0.d, e.1 freezes c.0.d.2 { f } }",
    ] {
        assert!(agree(text), "the grammar does not read {text:?}");
    }
}

#[test]
fn words_are_keywords_of_the_lexer_just_if_they_are_of_the_grammar() {
    let rules = Rule::all_rules().iter().filter(|rule| is_keyword(**rule));
    let grammar: BTreeSet<String> = rules.map(|rule| format!("{rule:?}")[2..].to_owned()).collect();
    let own: BTreeSet<String> = Keyword::all().map(|keyword| keyword.word.to_owned()).collect();
    assert_eq!(own, grammar);
    for Keyword { word, is_reserved, .. } in Keyword::all() {
        let is_name = Grammar::parse(Rule::file, &format!("let {word} = 1")).is_ok();
        assert_eq!(is_name, !is_reserved, "`{word}`");
    }
    assert!(Keyword::beginning(Begins::Member).all(|word| Keyword::named(word).is_some()));
}

#[test]
fn the_grammar_reads_each_section_as_its_row_says() {
    for section in Section::ALL {
        let (word, row) = (section.word(), section.row());
        let names = match row.names {
            Names::Nothing => "",
            Names::Objectives => "a, b",
            Names::Part => "a.b",
            Names::New => "a",
        };
        let held = match row.holds {
            Holds::Function => "(image) { image }".to_owned(),
            Holds::Settings(settings) => {
                format!("{{ {} }}", settings.iter().map(|known| format!("{} = 1 ", known.name)).collect::<String>())
            }
        };
        assert!(agree(&format!("model M {{ {word} {names} {held} }}")), "`{word}`");
        let other = if names.is_empty() { "a" } else { "" };
        assert!(!agree(&format!("model M {{ {word} {other} {held} }}")), "`{word} {other}`");
    }
}

/// Expressions in which each `\u{1}` stands for a place where spaces and comments may be.
fn expression() -> impl Strategy<Value = String> {
    let name = || select(vec!["a", "B2", "_c", "allow", "data", "e1", "notes", "x"]).prop_map(str::to_owned);
    let text = "[ a-z/(\\[,.'0-9|=-]{0,6}";
    let leaf = prop_oneof![
        "[0-9][0-9_]{0,3}",
        "[0-9]{1,3}\\.[0-9]{1,3}",
        "[0-9]{1,2}(\\.[0-9])?[eE][+-]?[0-9]{1,2}",
        "[0-9]{1,2}(\\.[0-9])?%",
        name(),
        text.prop_map(|text| format!("\"{text}\"")),
        select(vec!["true", "none", "Fusion::off", "[]"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let signs =
            vec!["|>", "*", "+", "-", "/", "^", "==", "!=", "<=", ">=", "<", ">", "%", "..", "..=", "and", "in"];
        prop_oneof![
            (inner.clone(), select(signs), inner.clone())
                .prop_map(|(a, sign, b)| format!("({a}\u{1} {sign}\u{1} {b})")),
            (name(), inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("{f}(\u{1}{a}\u{1},\u{1}{b}\u{1})")),
            (inner.clone(), text, text).prop_map(|(a, before, after)| format!("\"{before}{{{a}\u{1}}}{after}\"")),
            (name(), inner.clone()).prop_map(|(x, a)| format!("(|{x}\u{1}|\u{1}{a})")),
            inner.clone().prop_map(|a| format!("(-\u{1}{a})")),
            inner.clone().prop_map(|a| format!("({a}\u{1} not\u{1} in\u{1} [{a}])")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("if \u{1}{a} {{\u{1}{b}\u{1}}} else {{ {a} }}")),
        ]
    })
}

/// Spaces and comments.
fn space() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", "", " ", "\n", "\t\r\n", " // c\n", " // \" { |\n", " //\n // x // y\n"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lexer_and_grammar_agree_on_generated_expressions(
        a in expression(),
        spaces in prop::collection::vec(space(), 1..9),
    ) {
        let mut text = format!("let a = {a}\n");
        for space in spaces.iter().cycle() {
            if !text.contains('\u{1}') {
                break;
            }
            text = text.replacen('\u{1}', space, 1);
        }
        prop_assert!(agree(&text), "the grammar does not read {text:?}");
    }

    #[test]
    fn tokens_cover_any_text(text in "(\\PC|[\"{}(/\n 0-9.e|=-]){0,60}") {
        tokens(&text);
        agree(&text);
    }

    #[test]
    fn tokens_cover_any_words(words in prop::collection::vec(select(vec![
        "let ", "a", " = ", "\"", "{", "}", "(", ")", "//", "///", "\n", "1", ".", "..", "e", "allow ", "x-y", "|", "->", "=",
    ]), 0..24)) {
        let text = words.concat();
        tokens(&text);
        agree(&text);
    }
}
