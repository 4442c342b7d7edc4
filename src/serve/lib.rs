//! The language server: what an editor asks, answered from the compiler.
//!
//! It speaks the Language Server Protocol over a [`Connection`]. It compiles the open files that a change concerns when
//! the queue of messages is empty, so that a burst of key strokes costs one compilation. No text can end the server: a
//! panic, which would be a mistake of ours, is caught and answered as an error.

mod answer;
mod code_action;
mod complete;
mod diagnose;
mod hover;
mod navigate;
mod overlay;
mod place;
mod rename;
mod scan;
mod symbol;
mod workspace;

use std::panic::{AssertUnwindSafe, catch_unwind};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::Notification as _;
use lsp_types::{
    CodeActionProviderCapability, CompletionOptions, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, HoverProviderCapability, InitializeParams, OneOf, RenameOptions, SaveOptions,
    ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, notification,
};
use thiserror::Error;

use workspace::Workspace;

/// The editor ended the connection, or sent what is not in the protocol.
#[derive(Debug, Error)]
#[error("the editor does not speak the language server protocol: {0}")]
pub struct ServeError(String);

/// Answers an editor on stdin and stdout until it asks for the end.
///
/// # Errors
/// If the editor sends what is not in the protocol.
pub fn serve_stdio() -> Result<(), ServeError> {
    let (connection, threads) = Connection::stdio();
    serve(&connection)?;
    // The thread that writes ends when the last sender is gone.
    drop(connection);
    threads.join().map_err(|error| ServeError(error.to_string()))
}

/// Answers an editor until it asks for the end.
///
/// # Errors
/// If the editor sends what is not in the protocol.
pub fn serve(connection: &Connection) -> Result<(), ServeError> {
    let capabilities = serde_json::to_value(capabilities()).expect("capabilities are plain data");
    let params = connection.initialize(capabilities).map_err(|error| ServeError(error.to_string()))?;
    let params: InitializeParams = serde_json::from_value(params).map_err(|error| ServeError(error.to_string()))?;
    let mut server = Server { connection, workspace: Workspace::new(&params), is_stale: false };
    while let Ok(message) = connection.receiver.recv() {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(|error| ServeError(error.to_string()))? {
                    return Ok(());
                }
                server.refresh();
                server.request(request);
            }
            Message::Notification(notification) => server.notification(notification),
            Message::Response(_) => {}
        }
        if connection.receiver.is_empty() {
            server.refresh();
        }
    }
    Ok(())
}

fn capabilities() -> ServerCapabilities {
    let triggers = [".", ":", "@", "("].map(str::to_owned).to_vec();
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::FULL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        inlay_hint_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Simple(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: lsp_types::WorkDoneProgressOptions::default(),
        })),
        ..ServerCapabilities::default()
    }
}

struct Server<'a> {
    connection: &'a Connection,
    workspace: Workspace,
    /// Whether a text has changed since the last compilation.
    is_stale: bool,
}

impl Server<'_> {
    fn send(&self, message: impl Into<Message>) {
        // An editor that has gone away ends the loop that receives.
        let _ = self.connection.sender.send(message.into());
    }

    /// Compiles what is open, if something changed, and publishes the mistakes.
    fn refresh(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        let workspace = &mut self.workspace;
        if catch_unwind(AssertUnwindSafe(|| workspace.compile())).is_err() {
            self.workspace.forget();
        }
        for params in diagnose::diagnostics(&mut self.workspace) {
            let method = notification::PublishDiagnostics::METHOD.to_owned();
            self.send(Notification::new(method, params));
        }
    }

    fn request(&mut self, request: Request) {
        let id = request.id.clone();
        let workspace = &mut self.workspace;
        let answer = catch_unwind(AssertUnwindSafe(|| answer::answer(workspace, request)));
        let response = match answer {
            Ok(Ok(value)) => Response::new_ok(id, value),
            Ok(Err((code, text))) => Response::new_err(id, code as i32, text),
            Err(_) => Response::new_err(id, ErrorCode::InternalError as i32, "diadc made a mistake".to_owned()),
        };
        self.send(response);
    }

    fn notification(&mut self, notification: Notification) {
        use lsp_types::notification::{
            DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, DidSaveTextDocument,
        };
        let Notification { method, params } = notification;
        match method.as_str() {
            DidOpenTextDocument::METHOD => {
                let Ok(params) = serde_json::from_value::<DidOpenTextDocumentParams>(params) else { return };
                self.workspace.open(params.text_document.uri, params.text_document.text);
            }
            DidChangeTextDocument::METHOD => {
                let Ok(params) = serde_json::from_value::<DidChangeTextDocumentParams>(params) else { return };
                let Some(change) = params.content_changes.into_iter().next_back() else { return };
                self.workspace.open(params.text_document.uri, change.text);
            }
            DidCloseTextDocument::METHOD => {
                let Ok(params) = serde_json::from_value::<DidCloseTextDocumentParams>(params) else { return };
                self.workspace.close(&params.text_document.uri);
            }
            // An open file may use a file that changed on disk.
            DidSaveTextDocument::METHOD | "workspace/didChangeWatchedFiles" => self.workspace.touch(),
            _ => return,
        }
        self.is_stale = true;
    }
}
