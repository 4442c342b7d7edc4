//! The words of the command line: read, and where they can't be understood, answered with what was probably meant.

use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Parser};

use crate::dataset;
use crate::diagnostic::meant;
use crate::parse::section::{LEARNING_RATE, Section};

use super::arguments::command;

/// Reads the words of the command line; ends the program with the reason where it can't.
pub(super) fn parse<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|error| advised(error, &A::command()).exit())
}

/// The error with what was probably meant, in place of how to give an unknown option as a value.
fn advised(mut error: clap::Error, program: &Command) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg).cloned() else { return error };
    if let Some(advice) = advice(&word, named(program, &command()[1..])) {
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    } else if error.get(ContextKind::SuggestedArg).is_none() {
        error.remove(ContextKind::Suggested);
    }
    error
}

/// The innermost command that the words name.
fn named<'a>(program: &'a Command, words: &[String]) -> &'a Command {
    words.iter().find_map(|word| program.find_subcommand(word)).map_or(program, |found| {
        let after = words.iter().position(|word| word == found.get_name()).map_or(words.len(), |at| at + 1);
        named(found, &words[after..])
    })
}

/// What to write in place of a word that a command does not know.
fn advice(word: &str, command: &Command) -> Option<String> {
    let takes = |option: &str| command.get_arguments().any(|argument| argument.get_long() == Some(option));
    if let Some(name) = word.strip_prefix("--") {
        let name = name.split('=').next().unwrap_or(name).replace('-', "_");
        if takes("device") && ["gpu", "gpus", "cuda"].contains(&&*name) {
            return Some("a graphics processor is chosen with '--device cuda'".to_owned());
        }
        if name == "resume" {
            return Some("a run that was stopped goes on with 'diadc resume RUN'".to_owned());
        }
        let settings = Section::Training.settings().iter().map(|setting| setting.name).chain([LEARNING_RATE.name]);
        let settings: Vec<&str> = settings.collect();
        let setting = settings.iter().copied().find(|setting| **setting == name).or_else(|| meant(&name, &settings))?;
        return takes("set").then(|| {
            format!(
                "a training is set with '--set TRAINING.{setting}=..'; 'diadc params SPEC' lists all that can be set"
            )
        });
    }
    if takes("dataset") && dataset::names().contains(&word) {
        return Some(format!("a data set is named with '--dataset {word}'"));
    }
    if Path::new(word).is_dir() {
        let option = ["masks", "data", "images", "out"].into_iter().find(|option| takes(option))?;
        return Some(format!("a folder is named with '--{option} {word}'"));
    }
    if takes("images") && Path::new(word).is_file() {
        return Some(format!("images are named with '--images {word}'"));
    }
    None
}
