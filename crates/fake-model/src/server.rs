//! The HTTP server.

use crate::log::{Log, Noted};
use crate::reply::{Due, due};
use crate::script::Script;
use crate::stream;
use crate::tools::offered;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The longest request that is read, in bytes: agents send whole conversations.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port cannot be had.
    #[error("127.0.0.1:{port} cannot be listened on: {source}; port 0 takes a free one")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The log cannot be opened.
    #[error("the log {} cannot be written: {source}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A running server; dropping it ends it.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ganger_fake_model::{FakeModel, script::Script};
/// let script = Script::from_toml("[[rules]]\nreplies = [{ text = 'Hello.' }]", "example")?;
/// let model = FakeModel::start(script, 0, None).await?;
/// let base = format!("http://127.0.0.1:{}/v1", model.port());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FakeModel {
    port: u16,
    task: JoinHandle<()>,
}

impl FakeModel {
    /// Listens on loopback at `port` (0 takes a free one) and appends every request to the file `log`, where one is
    /// given.
    ///
    /// # Errors
    /// A [`StartError`].
    pub async fn start(script: Script, port: u16, log: Option<&Path>) -> Result<Self, StartError> {
        let log = Log::open(log).map_err(|source| StartError::Log {
            path: log.map(Path::to_owned).unwrap_or_default(),
            source,
        })?;
        let refused = |source| StartError::Port { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
        let port = listener.local_addr().map_err(refused)?.port();
        let model = Arc::new(Model { script, log, errors: Mutex::default() });
        let router =
            Router::new().fallback(any(answer)).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(model);
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("ganger-fake-model: the server ended: {error}");
            }
        });
        Ok(Self { port, task })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the server's end, which only a failure brings.
    pub async fn wait(mut self) {
        // An error here is the task's panic, which has been printed.
        let _ = (&mut self.task).await;
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct Model {
    script: Script,
    log: Log,
    /// How often each reply was an error, by rule and reply.
    errors: Mutex<BTreeMap<(usize, usize), u32>>,
}

async fn answer(State(model): State<Arc<Model>>, method: Method, uri: Uri, bytes: Bytes) -> Response {
    let path = uri.path();
    let note = |status: u16, body: &Value| {
        let tools = Vec::new();
        model.log.note(&Noted {
            method: method.as_str(),
            path,
            status,
            rule: None,
            reply: None,
            tools,
            body,
        });
    };
    if method == Method::GET && path.ends_with("/models") {
        note(200, &Value::Null);
        let entry =
            json!({ "id": model.script.model, "object": "model", "created": 0, "owned_by": "ganger" });
        return with_json(StatusCode::OK, &json!({ "object": "list", "data": [entry] }));
    }
    if method != Method::POST || !path.ends_with("/chat/completions") {
        note(404, &Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        let sentence =
            format!("{method} {path} is not served; served are GET /v1/models and POST /v1/chat/completions");
        return failure(StatusCode::NOT_FOUND, &sentence);
    }
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(body) => model.complete(path, &body).await,
        Err(error) => {
            note(400, &Value::String(String::from_utf8_lossy(&bytes).into_owned()));
            failure(StatusCode::BAD_REQUEST, &format!("the body is no JSON: {error}"))
        }
    }
}

impl Model {
    async fn complete(&self, path: &str, body: &Value) -> Response {
        let due = due(&self.script, body);
        let status = self.error(&due);
        let hangs = status.is_none() && due.reply.is_some_and(|reply| reply.hang);
        self.log.note(&Noted {
            method: "POST",
            path,
            status: if hangs { 0 } else { status.map_or(200, |status| status.as_u16()) },
            rule: due.rule.map(|index| match self.script.rules[index].name.as_str() {
                "" => (index + 1).to_string(),
                name => name.to_owned(),
            }),
            reply: due.rule.map(|_| due.index + 1),
            tools: offered(body).into_iter().map(|(name, _)| name).collect(),
            body,
        });
        let wait = due.reply.map_or(0, |reply| reply.wait_ms);
        if wait > 0 {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        if hangs {
            std::future::pending::<()>().await;
        }
        if let Some(status) = status {
            return failure(status, "this error stands in the script");
        }
        if body["stream"] == true {
            return self.streamed(&due, body);
        }
        with_json(StatusCode::OK, &stream::whole(&due, &self.script.model, body))
    }

    /// The error that is due instead of the reply.
    fn error(&self, due: &Due<'_>) -> Option<StatusCode> {
        let (rule, reply) = (due.rule?, due.reply?);
        let status = StatusCode::from_u16(reply.error?).ok()?;
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let count = errors.entry((rule, due.index)).or_default();
        if reply.error_times.is_some_and(|times| *count >= times) {
            return None;
        }
        *count += 1;
        Some(status)
    }

    fn streamed(&self, due: &Due<'_>, body: &Value) -> Response {
        let mut events: Vec<io::Result<String>> =
            stream::pieces(due, &self.script.model, body).into_iter().map(Ok).collect();
        if due.reply.is_some_and(|reply| reply.cut) {
            events.truncate(events.len() / 2);
            events.push(Err(io::Error::other("cut by the script")));
        }
        let wait = Duration::from_millis(due.reply.map_or(0, |reply| reply.piece_wait_ms));
        let stream = futures::stream::iter(events).then(move |event| async move {
            if wait.is_zero() {
                // What was said so far is written now, as a model's pieces are, and before a cut.
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(wait).await;
            }
            event
        });
        let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
        (headers, Body::from_stream(stream)).into_response()
    }
}

fn with_json(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// An error in the form of the API.
fn failure(status: StatusCode, message: &str) -> Response {
    let kind = match status.as_u16() {
        401 => "authentication_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    };
    with_json(status, &json!({ "error": { "message": message, "type": kind, "code": kind } }))
}
