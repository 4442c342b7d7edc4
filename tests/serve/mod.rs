//! The language server: spoken to over a connection in memory.

mod protocol;

use std::thread::JoinHandle;

use diadc_serve::{ServeError, serve};
use lsp_server::{Connection, Message, Notification, Request, RequestId};
use serde_json::{Value, json};

/// An editor, with the files that it edits.
pub(crate) struct Editor {
    connection: Connection,
    server: Option<JoinHandle<Result<(), ServeError>>>,
    folder: tempfile::TempDir,
    asked: i32,
    /// The mistakes that were told last of each file.
    told: Vec<(String, Vec<Value>)>,
}

impl Editor {
    pub(crate) fn start() -> Editor {
        let (connection, other) = Connection::memory();
        let server = std::thread::Builder::new().stack_size(64 << 20).spawn(move || serve(&other));
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let server = Some(server.expect("a thread can be started"));
        let mut editor = Editor { connection, server, folder, asked: 0, told: Vec::new() };
        let root = editor.url("");
        let answer = editor
            .ask("initialize", json!({ "capabilities": {}, "workspaceFolders": [{ "uri": root, "name": "folder" }] }));
        assert_eq!(answer["capabilities"]["hoverProvider"], json!(true));
        editor.tell("initialized", json!({}));
        editor
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("file://{}/{name}", self.folder.path().display())
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the folder can be written to");
    }

    pub(crate) fn tell(&self, method: &str, params: Value) {
        let message = Notification { method: method.to_owned(), params };
        self.connection.sender.send(message.into()).expect("the server listens");
    }

    /// Asks and waits for the answer; an error is a panic.
    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.try_ask(method, params).unwrap_or_else(|why| panic!("`{method}` was refused: {why}"))
    }

    /// Asks and waits for the answer or the words of an error.
    pub(crate) fn try_ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        let request = Request { id: id.clone(), method: method.to_owned(), params };
        self.connection.sender.send(request.into()).expect("the server listens");
        loop {
            match self.connection.receiver.recv().expect("the server answers") {
                Message::Response(response) if response.id == id => {
                    return match response.error {
                        Some(error) => Err(error.message),
                        None => Ok(response.result.unwrap_or(Value::Null)),
                    };
                }
                Message::Notification(message) if message.method == "textDocument/publishDiagnostics" => {
                    let file = message.params["uri"].as_str().expect("it names a file").to_owned();
                    let list = message.params["diagnostics"].as_array().expect("it lists them").clone();
                    self.told.retain(|(known, _)| *known != file);
                    self.told.push((file, list));
                }
                other => panic!("nobody asked for {other:?}"),
            }
        }
    }

    pub(crate) fn open(&self, name: &str, text: &str) {
        let document = json!({ "uri": self.url(name), "languageId": "diad", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub(crate) fn change(&self, name: &str, text: &str) {
        let document = json!({ "uri": self.url(name), "version": 2 });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [{ "text": text }] }));
    }

    /// The codes of what is wrong with a file.
    pub(crate) fn wrong(&mut self, name: &str) -> Vec<String> {
        // An answer comes after what was told before the question.
        self.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": self.url(name) } }));
        let url = self.url(name);
        let list = self.told.iter().find(|(file, _)| *file == url).map(|(_, list)| list.clone()).unwrap_or_default();
        list.iter().map(|found| found["code"].as_str().expect("each has a code").to_owned()).collect()
    }

    /// Asks about the place of some words in a text, which are marked by what stands before them and themselves.
    pub(crate) fn about(&mut self, method: &str, name: &str, text: &str, before: &str, more: Value) -> Value {
        let mut params = json!({ "textDocument": { "uri": self.url(name) }, "position": position(text, before) });
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        self.ask(method, params)
    }

    pub(crate) fn end(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        let server = self.server.take().expect("it was started");
        server.join().expect("the server does not panic").expect("the server ends well");
    }
}

/// Line and column behind the first place at which some words stand.
pub(crate) fn position(text: &str, words: &str) -> Value {
    let at = text.find(words).unwrap_or_else(|| panic!("`{words}` is not in the text")) + words.len();
    let before = &text[..at];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().expect("there is a line").encode_utf16().count();
    json!({ "line": line, "character": column })
}
