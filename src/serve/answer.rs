//! Which function answers which request.

use lsp_server::{ErrorCode, Request};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentSymbolRequest, Formatting, GotoDefinition, HoverRequest, InlayHintRequest,
    PrepareRenameRequest, References, Rename, Request as _, WorkspaceSymbolRequest,
};
use lsp_types::{TextDocumentPositionParams, TextEdit, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use diadc_lang::format::format;
use diadc_lang::resolve::{Definition, Location};

use super::workspace::Workspace;
use super::{code_action, complete, hover, navigate, place, rename};

/// The answer, or why there is none.
pub(super) type Answer = Result<Value, (ErrorCode, String)>;

/// Answers a request.
pub(super) fn answer(workspace: &mut Workspace, request: Request) -> Answer {
    let Request { method, params, .. } = request;
    match method.as_str() {
        HoverRequest::METHOD => with::<lsp_types::HoverParams, _>(params, |params| {
            let (location, byte) = at(workspace, &params.text_document_position_params)?;
            hover::hover(workspace, &location, byte)
        }),
        GotoDefinition::METHOD => with::<lsp_types::GotoDefinitionParams, _>(params, |params| {
            let (location, byte) = at(workspace, &params.text_document_position_params)?;
            navigate::definition(workspace, &location, byte)
        }),
        References::METHOD => with::<lsp_types::ReferenceParams, _>(params, |params| {
            let (location, byte) = at(workspace, &params.text_document_position)?;
            let Definition::Name(definition) = workspace.word_at(&location, byte)?.1 else { return None };
            let mut spans = navigate::uses(workspace, definition);
            if !params.context.include_declaration {
                spans.remove(&definition);
            }
            Some(navigate::places(workspace, spans))
        }),
        Completion::METHOD => with::<lsp_types::CompletionParams, _>(params, |params| {
            let (location, byte) = at(workspace, &params.text_document_position)?;
            Some(complete::completions(workspace, &location, byte))
        }),
        InlayHintRequest::METHOD => with::<lsp_types::InlayHintParams, _>(params, |params| {
            let hints = hover::inlays(workspace, &params.text_document.uri);
            let shown = |position| params.range.start <= position && position <= params.range.end;
            Some(hints.into_iter().filter(|hint| shown(hint.position)).collect::<Vec<_>>())
        }),
        DocumentSymbolRequest::METHOD => with::<lsp_types::DocumentSymbolParams, _>(params, |params| {
            Some(navigate::outline(workspace, &place::location(&params.text_document.uri)))
        }),
        WorkspaceSymbolRequest::METHOD => with::<lsp_types::WorkspaceSymbolParams, _>(params, |params| {
            Some(navigate::search(workspace, &params.query))
        }),
        Formatting::METHOD => with::<lsp_types::DocumentFormattingParams, _>(params, |params| {
            formatted(workspace, &params.text_document.uri)
        }),
        CodeActionRequest::METHOD => with::<lsp_types::CodeActionParams, _>(params, |params| {
            Some(code_action::actions(workspace, &params.text_document.uri, params.range))
        }),
        PrepareRenameRequest::METHOD => {
            let params: TextDocumentPositionParams = read(params)?;
            let Some((location, byte)) = at(workspace, &params) else { return Ok(Value::Null) };
            refusable(rename::prepare(workspace, &location, byte))
        }
        Rename::METHOD => {
            let params: lsp_types::RenameParams = read(params)?;
            let Some((location, byte)) = at(workspace, &params.text_document_position) else { return Ok(Value::Null) };
            refusable(rename::rename(workspace, &location, byte, &params.new_name))
        }
        other => Err((ErrorCode::MethodNotFound, format!("`{other}` is not known"))),
    }
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn with<P: DeserializeOwned, R: Serialize>(params: Value, make: impl FnOnce(P) -> Option<R>) -> Answer {
    let params = read(params)?;
    Ok(serde_json::to_value(make(params)).expect("answers are plain data"))
}

fn refusable<R: Serialize>(result: Result<R, String>) -> Answer {
    let value = result.map_err(|why| (ErrorCode::RequestFailed, why))?;
    Ok(serde_json::to_value(value).expect("answers are plain data"))
}

/// The file and the byte that a request is about.
fn at(workspace: &Workspace, params: &TextDocumentPositionParams) -> Option<(Location, usize)> {
    let location = place::location(&params.text_document.uri);
    let byte = place::byte(&workspace.text(&location)?, params.position);
    Some((location, byte))
}

/// One edit that formats a file; none if its syntax is wrong or nothing changes.
fn formatted(workspace: &Workspace, url: &Url) -> Option<Vec<TextEdit>> {
    let text = workspace.text(&place::location(url))?;
    let new = format(&text)?;
    if new == text {
        return Some(Vec::new());
    }
    Some(vec![TextEdit { range: place::range(&text, 0, text.len()), new_text: new }])
}
