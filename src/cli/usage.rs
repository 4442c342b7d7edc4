//! The words of the command line: read, and where they can't be understood, answered with what was probably meant.

use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Parser};

use crate::dataset;

/// Reads the words of the command line; ends the program with the reason where it can't.
pub(super) fn parse<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|error| advised(error, &A::command()).exit())
}

/// The error with advice that works, in place of how to give an unknown option as a value.
fn advised(mut error: clap::Error, program: &Command) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument || error.get(ContextKind::SuggestedArg).is_some() {
        return error;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg).cloned() else { return error };
    let words: Vec<String> = std::env::args().skip(1).collect();
    error.remove(ContextKind::Suggested);
    if let Some(advice) = advice(&word, command(program, &words)) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    }
    error
}

/// The innermost command that the words name.
fn command<'a>(program: &'a Command, words: &[String]) -> &'a Command {
    words.iter().find_map(|word| program.find_subcommand(word)).map_or(program, |found| {
        let after = words.iter().position(|word| word == found.get_name()).map_or(words.len(), |at| at + 1);
        command(found, &words[after..])
    })
}

/// What to write in place of a word that a command does not know.
fn advice(word: &str, command: &Command) -> Option<String> {
    let takes = |option: &str| command.get_arguments().any(|argument| argument.get_long() == Some(option));
    if let Some(name) = word.strip_prefix("--") {
        let name = name.split('=').next().unwrap_or(name).replace('-', "_");
        return takes("set").then(|| {
            format!(
                "a param of the spec is set with '--set {name}=..', a setting of one of its trainings with \
                 '--set TRAINING.{name}=..'; 'diadc params SPEC' lists both"
            )
        });
    }
    if takes("dataset") && dataset::names().contains(&word) {
        return Some(format!("a data set is named with '--dataset {word}'"));
    }
    if Path::new(word).is_dir() {
        let option = ["data", "images", "out"].into_iter().find(|option| takes(option))?;
        return Some(format!("a folder is named with '--{option} {word}'"));
    }
    None
}
