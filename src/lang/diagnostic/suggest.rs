//! Which of the names that would have been right was probably meant.

use super::{Diagnostic, Fix};

impl Diagnostic {
    /// The name that was probably meant by the word at the place of the mistake, as a hint and a fix.
    #[must_use]
    pub fn did_you_mean(self, name: Option<&str>) -> Diagnostic {
        let Some(name) = name else { return self };
        let fix = Fix::write(name, self.span());
        self.help(format!("did you mean `{name}`?")).fix(fix)
    }

    /// The name that is nearest to the word at the place of the mistake; or all names, if none is near and they are few.
    #[must_use]
    pub fn one_of<'a>(self, word: &str, names: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        self.one_of_written(word, names, str::to_owned)
    }

    /// The same where a name is written with something around it, such as quotes.
    #[must_use]
    pub fn one_of_written<'a>(
        self,
        word: &str,
        names: impl IntoIterator<Item = &'a str>,
        written: impl Fn(&str) -> String,
    ) -> Diagnostic {
        let names: Vec<&str> = names.into_iter().collect();
        let span = self.span();
        let fix = meant(word, &names).map(|name| Fix::write(written(name), span));
        fix.into_iter().fold(self.help_if(one_of(word, names)), Diagnostic::fix)
    }
}

/// The name that is most similar to a word, if one is similar enough.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    names
        .into_iter()
        .filter(|name| *name != word)
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            let length = word.chars().count().max(name.chars().count());
            *distance <= length.div_ceil(3) && *distance < length
        })
        .min_by_key(|(distance, name)| {
            let begins_alike = lower.chars().next() == name.to_lowercase().chars().next();
            // A letter is left out more often than typed too much.
            (*distance, !begins_alike, name.len().abs_diff(word.len()), name.len() < word.len())
        })
        .map(|(_, name)| name)
}

/// Words of other programs for arguments, settings and types that have a name of one word here.
const SYNONYMS: &[(&str, &str)] = &[
    ("dim", "axis"),
    ("dims", "axis"),
    ("axes", "axis"),
    ("keepdim", "keep"),
    ("keepdims", "keep"),
    ("eps", "epsilon"),
    ("learning_rate", "lr"),
    ("filters", "out"),
    ("units", "out"),
    ("output_size", "size"),
    ("negative_slope", "slope"),
    ("alpha", "slope"),
    ("clip_grad", "clip_norm"),
    ("max_norm", "clip_norm"),
    ("gradient_accumulation", "accumulate"),
    ("scheduler", "schedule"),
    ("str", "string"),
    ("integer", "int"),
    ("number", "float"),
    ("Callable", "fn"),
    ("callable", "fn"),
];

/// The name among a few that is meant by a word: one with the same meaning, one that is similar, or the only one that is a
/// whole word of it, as `batch` is of `batch_size`.
#[must_use]
pub fn meant<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let is_meant = |name: &&&str| SYNONYMS.contains(&(word, **name));
    if let Some(name) = names.iter().find(is_meant).copied().or_else(|| nearest(word, names.iter().copied())) {
        return Some(name);
    }
    let mut within = names.iter().filter(|name| name.len() > 2 && word.split('_').any(|part| part == **name));
    within.next().filter(|_| within.next().is_none()).copied()
}

/// Whether two words differ in one letter, or in two letters that changed places.
#[must_use]
pub fn is_misspelt(word: &str, right: &str) -> bool {
    strsim::damerau_levenshtein(word, right) == 1
}

/// The nearest name in several groups. Of names that are as near, one of an earlier group wins.
pub fn nearest_of<'a>(word: &str, groups: impl IntoIterator<Item = Vec<&'a str>>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let found = groups.into_iter().filter_map(|names| nearest(word, names));
    found.min_by_key(|name| {
        let name = name.to_lowercase();
        let is_alike = lower.chars().next() == name.chars().next() || sorted(&lower) == sorted(&name);
        (strsim::damerau_levenshtein(&lower, &name), !is_alike)
    })
}

/// `did you mean ...` if a name is near, else the list of all names if it is short.
pub fn one_of<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.into_iter().collect();
    if let Some(name) = meant(word, &names) {
        return Some(format!("did you mean `{name}`?"));
    }
    // Those of which the word is a part, as `auroc` is of `image_auroc`, are nearer than the others.
    let lower = word.to_lowercase();
    let with_word = |name: &&&str| name.split('_').any(|part| part == lower);
    let near: Vec<&&str> = names.iter().filter(with_word).collect();
    let names = if near.is_empty() { names.iter().collect() } else { near };
    let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    (!list.is_empty() && list.len() <= 12).then(|| format!("there is {}", list.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swapped_letter_is_near_and_another_word_is_not() {
        let names = ["fusion", "join", "steps"];
        assert_eq!(nearest("fuison", names), Some("fusion"));
        assert_eq!(nearest("Steps", names), Some("steps"));
        assert_eq!(nearest("optimizer", names), None);
        assert_eq!(nearest("of", ["f", "off"]), Some("off"));
        assert_eq!(nearest("clases", ["class", "classes"]), Some("classes"));
        assert_eq!(nearest("B", ["M"]), None);
    }

    #[test]
    fn of_a_few_names_one_of_the_same_meaning_or_within_the_word_is_meant() {
        let settings = ["optimizer", "batch", "steps", "epochs", "clip_norm"];
        assert_eq!(meant("batch_size", &settings), Some("batch"));
        assert_eq!(meant("num_steps", &settings), Some("steps"));
        assert_eq!(meant("max_norm", &settings), Some("clip_norm"));
        assert_eq!(meant("steps_or_epochs", &settings), None);
        assert_eq!(meant("dim", &["x", "axis", "keep"]), Some("axis"));
        assert_eq!(meant("device", &settings), None);
    }

    #[test]
    fn of_names_that_are_as_near_the_one_of_the_first_group_is_meant() {
        assert_eq!(nearest_of("sie", [vec!["size"], vec!["sin"]]), Some("size"));
        assert_eq!(nearest_of("leet", [vec!["latent"], vec!["let"]]), Some("let"));
        assert_eq!(nearest_of("lt", [vec!["t"], vec!["let"]]), Some("let"));
        assert_eq!(nearest_of("image", [vec!["t"], vec!["let"]]), None);
    }
}
