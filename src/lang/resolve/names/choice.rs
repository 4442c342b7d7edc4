//! A `param` without a type whose value is a word that nothing defines, as in `param backbone = resnet50`: a choice of words
//! is an enum.
//!
//! In: the `param`. Out: one error for its value and range, which says how the choice is written.

use crate::diagnostic::{Diagnostic, is_misspelt};
use crate::parse::ast::{Expr, ExprKind, ParamDef, UseFrom};

use super::Names;
use crate::resolve::error::unknown_name;
use crate::resolve::location::enums_with;
use crate::resolve::spec::{Meaning, member_name};
use crate::resolve::{foreign, import};

impl Names<'_> {
    /// Reports that the value of a `param` is a word that nothing defines, if it is.
    pub(super) fn choice(&mut self, def: &ParamDef) -> bool {
        let Some(told) = self.unknown_choice(def) else { return false };
        self.diagnostics.push(told);
        let words = def.within.iter().flat_map(items).map(|item| item.span);
        for span in words.chain([def.default.span]) {
            self.reads.meanings.insert(span, Meaning::Reported);
        }
        true
    }

    fn unknown_choice(&self, def: &ParamDef) -> Option<Diagnostic> {
        let block = self.block.filter(|block| def.ty.is_none() && !block.is_partial)?;
        let ExprKind::Name(word) = &def.default.kind else { return None };
        let members = block.members.values().map(|(_, member)| member_name(member).0);
        let mut near = members.chain(["true", "false", "none"].map(Into::into));
        if self.knows(word)
            || foreign::in_other_words(word).is_some()
            || import::missing(self.spec, self.module, word, def.default.span).is_some()
            || near.any(|known| word.len() > 2 && is_misspelt(word, &known))
        {
            return None;
        }
        let (name, ty) = (&def.name.node, type_name(&def.name.node));
        let uses = &self.spec.module(self.module).uses;
        let known = enums_with(word).into_iter().find(|(known, module)| {
            let from = UseFrom::Std(module.as_str().into());
            *known == ty || uses.iter().any(|(item, _)| item.from.node == from)
        });
        if let Some((known, _)) = known
            && let Some(missing) = import::missing(self.spec, self.module, &known, def.default.span)
        {
            let help = missing.help.clone().unwrap_or_default();
            let help = format!("it is a case of `{known}`, as in `param {name}: {known} = {word}`; {help}");
            return Some(missing.headed(format!("there is no `{word}` here")).help(help));
        }
        let items = || def.within.iter().flat_map(items);
        if items().any(|item| matches!(item.kind, ExprKind::String(_))) {
            let help = format!("a string stands in double quotes: `\"{word}\"`");
            return Some(unknown_name(word, def.default.span, []).help(help));
        }
        let words: Vec<&str> = items().filter_map(as_word).collect();
        let cases = if words.is_empty() { format!("{word}, ..") } else { words.join(", ") };
        Some(unknown_name(word, def.default.span, []).help(format!(
            "a choice of words has an enum as its type: `param {name}: {ty} = {word}`, and before the model `enum {ty} {{ {cases} }}`"
        )))
    }
}

/// The elements of a list or set.
fn items(expr: &Expr) -> &[Expr] {
    if let ExprKind::List(items) | ExprKind::Set(items) = &expr.kind { items } else { &[] }
}

fn as_word(expr: &Expr) -> Option<&str> {
    if let ExprKind::Name(word) = &expr.kind { Some(word) } else { None }
}

/// The name of a type for a `param`: `FeatureMode` for `feature_mode`.
fn type_name(param: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    param.split('_').map(capital).collect()
}
