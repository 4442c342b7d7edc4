//! The nearest of the names that would have been right.

use super::{Diagnostic, Fix};

impl Diagnostic {
    /// The name that was meant by the word where it hurts, if it is known.
    #[must_use]
    pub fn did_you_mean(self, name: Option<&str>) -> Diagnostic {
        let Some(name) = name else { return self };
        let fix = Fix::write(name, self.span());
        self.help(format!("did you mean `{name}`?")).fix(fix)
    }

    /// The nearest name to the word where it hurts, or all names if none is near and they are few.
    #[must_use]
    pub fn one_of<'a>(self, word: &str, names: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        let names: Vec<&str> = names.into_iter().collect();
        match nearest(word, names.iter().copied()) {
            Some(name) => self.did_you_mean(Some(name)),
            None => self.help_if(one_of(word, names)),
        }
    }

    /// The same for a word that stands in double quotes.
    #[must_use]
    pub fn one_of_strings<'a>(self, word: &str, names: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        let mut diagnostic = self.one_of(word, names);
        for fix in &mut diagnostic.fixes {
            *fix = Fix::write(format!("\"{}\"", fix.new), fix.span);
        }
        diagnostic
    }
}

/// The name most like `word`, if one is like it at all.
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
            (*distance, !begins_alike, name.len().abs_diff(word.len()))
        })
        .map(|(_, name)| name)
}

/// Whether a word is another but for one letter, or for two that changed places.
#[must_use]
pub fn is_misspelt(word: &str, right: &str) -> bool {
    strsim::damerau_levenshtein(word, right) == 1
}

/// The nearest of several groups of names, of which an earlier one wins unless a later one is nearer.
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
    if let Some(name) = nearest(word, names.iter().copied()) {
        return Some(format!("did you mean `{name}`?"));
    }
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
        assert_eq!(nearest("B", ["M"]), None);
    }

    #[test]
    fn of_names_that_are_as_near_the_one_of_the_first_group_is_meant() {
        assert_eq!(nearest_of("sie", [vec!["size"], vec!["sin"]]), Some("size"));
        assert_eq!(nearest_of("leet", [vec!["latent"], vec!["let"]]), Some("let"));
        assert_eq!(nearest_of("lt", [vec!["t"], vec!["let"]]), Some("let"));
        assert_eq!(nearest_of("image", [vec!["t"], vec!["let"]]), None);
    }
}
