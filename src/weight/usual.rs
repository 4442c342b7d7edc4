//! What the dicts of a checkpoint are usually called.
//!
//! In: the name of a dict. Out: whether it holds the weights that are meant, or a running average of them.

/// Names under which checkpoints keep the weights that are meant; the first of them counts.
pub(super) const USUAL: &[&str] = &["state_dict", "model_state_dict", "model", "module"];

/// Words in the names of running averages.
const AVERAGED: &[&str] = &["ema", "averaged", "average", "averaging", "avg", "swa", "polyak", "shadow"];

/// Whether a dict is called like a running average of weights.
pub(super) fn is_averaged(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().any(|word| AVERAGED.contains(&word.to_ascii_lowercase().as_str()))
}
