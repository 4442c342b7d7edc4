//! What can be done about a mistake: the fixes that its diagnostic carries, as edits.

use std::collections::HashMap;

use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, Range, TextEdit, Url, WorkspaceEdit};

use super::diagnose;
use super::workspace::Workspace;

/// Edits for the mistakes in a range of a file.
pub(super) fn actions(workspace: &Workspace, url: &Url, range: Range) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    for (found, shown) in diagnose::own(workspace, url) {
        if shown.range.end < range.start || range.end < shown.range.start {
            continue;
        }
        for fix in &found.fixes {
            let Some(place) = workspace.place(fix.span) else { continue };
            let edit = TextEdit { range: place.range, new_text: fix.new.clone() };
            actions.push(CodeActionOrCommand::CodeAction(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![shown.clone()]),
                edit: Some(WorkspaceEdit::new(HashMap::from([(place.uri, vec![edit])]))),
                // Where there are several ways, the user chooses.
                is_preferred: Some(found.fixes.len() == 1),
                ..CodeAction::default()
            }));
        }
    }
    actions
}
