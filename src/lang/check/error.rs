//! What can be wrong with the meaning of a spec, as diagnostics.

use diadc_core::fact::{Dim, Fact};
use diadc_core::op::ShapeError;
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::program::Weight;
use crate::resolve::quoted;

use super::value::Value;

pub(super) fn shape(what: &str, error: ShapeError, span: Span) -> Diagnostic {
    Diagnostic::new(Code::ShapeMismatch, format!("`{what}` does not fit what it is given"), span)
        .here(error.message)
        .help_if(error.help)
}

pub(super) fn wrong_type(what: &str, wanted: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::WrongType, format!("{what} must be {wanted}, this is {found}"), span)
}

/// How one value is written where a list is wanted.
pub(super) fn in_brackets(written: &str) -> String {
    format!("one value stands in brackets too: `{written}`")
}

/// How an int is written, where one is wanted and a float is given.
pub(super) fn int_of_float(wanted: &str, found: &Value) -> Option<String> {
    let wants_int = wanted.split(|c: char| !c.is_ascii_alphabetic()).any(|word| matches!(word, "int" | "ints"));
    let float = |value: &Value| if let Value::Float(x) = value { Some(*x) } else { None };
    let x =
        if let Value::List(items) | Value::Tuple(items) = found { items.iter().find_map(float) } else { float(found) };
    let x = x.filter(|_| wants_int)?;
    let make = "`to_int(x)` and `floor(x)` make one of a float";
    let is_whole = x.fract() == 0.0 && x.abs() < 1e15;
    Some(if is_whole { format!("an int is written without a point, as in `{x:.0}`; {make}") } else { make.to_owned() })
}

pub(super) fn unknown_word(setting: &str, word: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnknownWord, format!("`{setting}` can't be \"{word}\""), span)
}

pub(super) fn operands(operator: &str, left: &str, right: &str, span: Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::WrongOperands, format!("`{operator}` is not defined for {left} and {right}"), span);
    if matches!(operator, "==" | "!=" | "in" | "not in") && !left.contains("tensor") && !right.contains("tensor") {
        return diagnostic.help("only values of one kind are compared, or any value with `none`");
    }
    let is_list = |text: &str| text.starts_with("a list of");
    let with_list = [(left, right), (right, left)].iter().any(|(a, b)| a.starts_with("a tensor") && is_list(b));
    let is_string = |text: &str| text.starts_with("the string") || text == "a string";
    if operator == "+" && (is_string(left) || is_string(right)) {
        return diagnostic.help("a string holds values in braces, as in `\"block{i}\"`");
    }
    diagnostic.help_if(with_list.then(|| "a list of numbers becomes a tensor by `constant(..)`".to_owned()))
}

/// A case of an enumeration that is compared with a string.
pub(super) fn quoted_case(operator: &str, kind: &str, text: &str, cases: Vec<&str>, span: Span) -> Diagnostic {
    let headline = format!("`{operator}` is not defined for {kind} and the string \"{text}\"");
    let diagnostic = Diagnostic::new(Code::WrongOperands, headline, span);
    if cases.contains(&text) {
        let help = format!("a case is written without quotes: `{text}`");
        return diagnostic.help(help).fix(Fix::write(text, span));
    }
    diagnostic.one_of(text, cases)
}

pub(super) fn dimension(what: &str, axis: usize, wanted: &str, found: &str, fact: &Fact, span: Span) -> Diagnostic {
    Diagnostic::new(Code::ShapeMismatch, format!("axis {axis} of {what} must be {wanted}, it is {found}"), span)
        .here(format!("this is {fact}"))
}

pub(super) fn missing_argument(name: &str, callee: &str, span: Span) -> Diagnostic {
    let called = if callee.contains(' ') { "" } else { callee };
    Diagnostic::new(Code::MissingArgument, format!("{} needs `{name}`", quoted(callee)), span)
        .help(format!("give it, as in `{called}(.., {name}: ..)`"))
}

pub(super) fn too_many_arguments(callee: &str, takes: usize, span: Span) -> Diagnostic {
    let most = match takes {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        _ => format!("at most {takes} arguments"),
    };
    Diagnostic::new(Code::TooManyArguments, format!("{} takes {most}", quoted(callee)), span)
}

pub(super) fn argument_twice(name: &str, callee: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::ArgumentTwice, format!("`{name}` of {} is given twice", quoted(callee)), span)
}

pub(super) fn positional_after_named(callee: &str, span: Span, named: &str, first: Span) -> Diagnostic {
    let text = format!("an argument of {} without a name comes after one with a name", quoted(callee));
    Diagnostic::new(Code::PositionalAfterNamed, text, span)
        .here("which parameter is this for?")
        .also(first, format!("`{named}` is given by name"))
        .help("put arguments without a name first, or give this one its name too")
}

pub(super) fn not_callable(kind: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::NotCallable, format!("{kind} can't be called"), span)
}

pub(super) fn no_place(what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::NoPlace, format!("the weights of `{what}` have no place"), span)
        .help("say where they lie in a checkpoint, as in `@ \"name\"`; or make it a `part` of the block")
}

pub(super) fn needless_place(what: &str, span: Span, layer: Span) -> Diagnostic {
    Diagnostic::new(Code::NeedlessPlace, format!("{what} has no weights that could lie at a place"), span)
        .help("leave the `@` out")
        .fix(Fix::leave_out(Span { start: layer.end, ..span }))
}

pub(super) fn place_reached_twice(path: &str, span: Span, first: Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::PlaceReachedTwice, format!("the place `{path}` is used twice in one call"), span);
    if first == span {
        diagnostic.here("reached again, in the next round of a loop or the next call of a function").help(
            "put what differs into the place, as in `@ \"{i}\"`; to share the weights, make it a `part` and call that",
        )
    } else {
        diagnostic.here("again here").also(first, "first here").help("give each layer a place of its own")
    }
}

pub(super) fn place_taken(path: &str, span: Span, first: Span, is_copy: bool) -> Diagnostic {
    let help = if is_copy {
        "a copy lies at the place of its original unless it has one of its own: put `@ \"..\"` after it"
    } else {
        "give each a place of its own, with `@ \"..\"`; to share the weights, make it one `part` and call that"
    };
    Diagnostic::new(Code::PlaceTaken, format!("something else lies at `{path}` already"), span)
        .here("again here")
        .also(first, "first here")
        .help(help)
}

pub(super) fn weight_twice(path: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::WeightTwice, format!("two layers have a weight `{path}`"), span)
        .here("again here")
        .also(first, "first here")
        .help("give each layer a place of its own")
}

pub(super) fn weight_of_two_shapes(path: &str, now: &str, before: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::WeightOfTwoShapes, format!("the weight `{path}` is {now} in this call"), span)
        .note(format!("it was {before} in an earlier call of the same part"))
        .help("a part that is called twice has the same weights, so its inputs need the same number of channels")
}

pub(super) fn out_of_range(index: i64, len: usize, span: Span) -> Diagnostic {
    Diagnostic::new(Code::IndexOutOfRange, format!("there is no element {index} in a list of {len}"), span)
        .help("the first element has index 0")
}

pub(super) fn empty_list(callee: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::EmptyList, format!("`{callee}` of an empty list"), span)
}

pub(super) fn overflow(what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::Overflow, format!("{what} is too large for an int"), span)
}

pub(super) fn division_by_zero(what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::DivisionByZero, format!("{what} is divided by 0"), span)
}

pub(super) fn not_exact(a: &str, b: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::NotDivisible, format!("{a} / {b} leaves a remainder"), span)
        .help("`div(a, b)` rounds down; a division in which one is written as a float gives a float")
}

/// A division of extents of which one is known only when the graph runs.
pub(super) fn not_surely_exact(a: &Dim, b: &Dim, span: Span) -> Diagnostic {
    let [whole, by] = [a, b].map(|dim| {
        let text = dim.to_string();
        if text.contains(' ') { format!("({text})") } else { text }
    });
    let diagnostic = Diagnostic::new(Code::NotDivisible, format!("{whole} / {by} may leave a remainder"), span)
        .here("not known before the graph runs");
    let can_round = b.known().is_some_and(|b| b > 0);
    let words = || {
        format!(
            "state the size where it comes from, as in `x: [B, 3, 64, 64]`; in a `reshape` and in the shape of a result, \
             `div({a}, {b})` rounds down"
        )
    };
    diagnostic.help_if(can_round.then(words))
}

pub(super) fn cycle(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::Cycle, format!("the value of `{name}` depends on itself"), span)
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Code::TooDeep, "functions call each other without end", span)
        .help("recursion needs an `if` that ends it")
}

pub(super) fn constants_too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Code::TooDeep, "this constant is made of another, that of the next, and so on, too often", span)
        .help("compute some of them in one `let`, with a function or a `for`")
}

pub(super) fn too_many_operations(most: usize, span: Span) -> Diagnostic {
    Diagnostic::new(Code::TooLong, format!("more than {most} operations are too many to write out"), span)
        .help("a `loop` writes its body out once; functions that call others twice each double what is written out")
}

pub(super) fn too_long(span: Span) -> Diagnostic {
    Diagnostic::new(Code::TooLong, "this is the two-millionth call or round of a `for`", span)
        .help("functions that call others twice each, and loops in loops, multiply what is written out")
}

pub(super) fn text_too_long(span: Span) -> Diagnostic {
    Diagnostic::new(Code::ListTooLong, "a text of more than a million signs is too long", span)
}

pub(super) fn too_much(span: Span) -> Diagnostic {
    Diagnostic::new(Code::ListTooLong, "more than a million values, counted in all lists within, are too many", span)
}

pub(super) fn statistics_in_loop(callee: &str, span: Span) -> Diagnostic {
    let text = format!("`{callee}` of a part that is trained stands in a loop that runs");
    Diagnostic::new(Code::StatisticsInLoop, text, span)
        .here("its running statistics would have to change in each step of the loop")
        .help("write a `for`, freeze the part, or use `group_norm` or `layer_norm`, which keep no statistics")
}

pub(super) fn formula_too_long(span: Span) -> Diagnostic {
    Diagnostic::new(Code::Overflow, "the product of these two extents has too many terms", span)
}

pub(super) fn list_too_long(count: i64, most: i64, span: Span) -> Diagnostic {
    Diagnostic::new(Code::ListTooLong, format!("a list of {count} is too long, {most} are the most"), span)
}

pub(super) fn not_within(name: &str, verb: &str, value: &str, within: &str, span: Span, rule: Span) -> Diagnostic {
    Diagnostic::new(Code::NotWithin, format!("`{name}` can't {verb} {value}"), span)
        .here(format!("must be in {within}"))
        .also(rule, "the rule")
}

/// What helps where a value is a range, or where no value lies in the range that it must be in.
pub(super) fn of_range(value: &Value, within: &Value) -> Option<String> {
    if matches!(within, Value::Range(low, high) if low > high)
        || matches!(within, Value::Between(low, high) if low > high)
    {
        return Some("no number lies in it: the smaller end comes first, as in `1..=10`".to_owned());
    }
    matches!(value, Value::Range(..)).then(|| "several values are a list, as in `[2, 3]`".to_owned())
}

pub(super) fn copy_of_unused(path: &str, original: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::CopyOfUnused,
        format!("`{path}` should start from `{original}`, which no function uses"),
        span,
    )
    .help("call the original in the same model, or give the copy layers of its own")
}

pub(super) fn copy_of_other_shape(copy: &Weight, original: &Weight) -> Diagnostic {
    let text = format!(
        "`{}` is {:?} and can't start from `{}`, which is {:?}",
        copy.path, copy.shape, original.path, original.shape
    );
    Diagnostic::new(Code::CopyOfOtherShape, text, copy.span)
        .help("a copy sees inputs with as many channels as the original")
}
