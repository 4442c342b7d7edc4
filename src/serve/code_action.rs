//! What can be done about a mistake: hints that say what to write, as edits.

use std::collections::HashMap;

use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, Range, TextEdit, Url, WorkspaceEdit};

use super::diagnose;
use super::workspace::Workspace;

/// Edits for the mistakes in a range of a file.
pub(super) fn actions(workspace: &Workspace, url: &Url, range: Range) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    for (found, shown) in diagnose::own(workspace, url) {
        let touches = shown.range.start <= range.end && range.start <= shown.range.end;
        let Some(new) = found.help.as_deref().and_then(replacement).filter(|_| touches) else { continue };
        let title = if new.is_empty() { "Leave it out".to_owned() } else { format!("Write `{new}`") };
        let edit = TextEdit { range: shown.range, new_text: new };
        actions.push(CodeActionOrCommand::CodeAction(CodeAction {
            title,
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![shown]),
            edit: Some(WorkspaceEdit::new(HashMap::from([(url.clone(), vec![edit])]))),
            is_preferred: Some(true),
            ..CodeAction::default()
        }));
    }
    actions
}

/// What a hint has one write in the place of what is wrong.
fn replacement(help: &str) -> Option<String> {
    let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
    if help.starts_with("did you mean `") {
        return quoted(help);
    }
    if help.ends_with("leave it out") || help == "leave it out" || help.ends_with("leave the `,` out") {
        return Some(String::new());
    }
    quoted(help.strip_prefix("write ")?).filter(|word| matches!(word.as_str(), "and" | "or" | "not"))
}
