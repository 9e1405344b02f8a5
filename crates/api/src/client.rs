//! A small HTTP/1.1 client over the daemon's Unix socket, for faces and for the programs beside an agent.
//!
//! Every request opens its own connection: connecting to a Unix socket costs microseconds, and a connection that
//! is held for a person's answer then never stands in the way of another request.

mod events;
#[cfg(test)]
mod tests;

pub use events::{Lines, ServerEvent};

use crate::version::{VERSION, VERSION_HEADER};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// The header that carries the person's key; sessions cannot read that key, so it tells people from agents.
pub const KEY_HEADER: &str = "x-ganger-key";
/// The header that names the session on the routes for agents.
pub const SESSION_HEADER: &str = "x-ganger-session";
/// The header that carries the session's token on the routes for agents.
pub const TOKEN_HEADER: &str = "x-ganger-token";

/// The longest answer that is read into memory, in bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// How long an ordinary request may take from connecting to the last byte of its answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);
/// How long connecting and the first exchange of a held request or a stream may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Why a request brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket: the daemon does not run, or its socket is gone.
    #[error("no daemon answers on {}: {source}; `ganger daemon start` starts one", socket.display())]
    NotRunning {
        /// The socket's path.
        socket: PathBuf,
        /// What connecting said.
        source: io::Error,
    },
    /// The daemon answered with a status other than 2xx.
    #[error("the daemon refused {path} with status {status}: {}", sentence(body))]
    Refused {
        /// The request's path.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The answer's body; a body that is no JSON stands here as a string.
        body: serde_json::Value,
    },
    /// The connection broke before the whole answer was there: whether the request took effect is unknown.
    #[error("the connection for {path} broke before the answer was complete: {reason}")]
    Lost {
        /// The request's path.
        path: String,
        /// What broke.
        reason: String,
    },
    /// The daemon did not answer in time: whether the request took effect is unknown.
    #[error("the daemon did not answer {path} within {seconds} s")]
    TimedOut {
        /// The request's path.
        path: String,
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The request could not be written, or the answer is not what the protocol promises.
    #[error("{path}: {reason}")]
    Protocol {
        /// The request's path.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// The sentence in a refusal: its `message`, a bare string, or the whole body.
fn sentence(body: &serde_json::Value) -> String {
    let message = body.get("message").or_else(|| body.pointer("/error/message")).unwrap_or(body);
    message.as_str().map_or_else(|| message.to_string(), str::to_owned)
}

/// Who the client says it is, and where the daemon listens.
///
/// ```no_run
/// # async fn example() -> Result<(), ganger_api::client::ClientError> {
/// use ganger_api::client::Client;
/// let client = Client::new("/home/me/.local/share/ganger/daemon.sock").with_key("the person's key");
/// let items: serde_json::Value = client.get_json("/v1/work-items").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    socket: PathBuf,
    headers: Vec<(HeaderName, String)>,
}

impl std::fmt::Debug for Client {
    /// Shows the socket alone: the headers hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Client {
    /// A client without any name, for the daemon that listens on `socket`. Connects only when asked something.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into(), headers: Vec::new() }
    }

    /// The same client, showing the person's key.
    #[must_use]
    pub fn with_key(self, key: impl Into<String>) -> Self {
        self.with_header(HeaderName::from_static(KEY_HEADER), key.into())
    }

    /// The same client, speaking for a session with that session's token.
    #[must_use]
    pub fn with_session(self, session: impl Into<String>, token: impl Into<String>) -> Self {
        self.with_header(HeaderName::from_static(SESSION_HEADER), session.into())
            .with_header(HeaderName::from_static(TOKEN_HEADER), token.into())
    }

    /// The same client, saying its version, so that a daemon of another one refuses before it does anything.
    #[must_use]
    pub fn with_version(self) -> Self {
        self.with_header(HeaderName::from_static(VERSION_HEADER), VERSION.to_owned())
    }

    fn with_header(mut self, name: HeaderName, value: String) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
        self
    }

    /// The socket of the daemon.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Reads what stands under `path` (with its query).
    ///
    /// # Errors
    /// Every [`ClientError`].
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let text = limited(path, REQUEST_LIMIT, self.exchange(Method::GET, path, None)).await?;
        parse(path, &text)
    }

    /// Posts `body` to `path` and reads the answer.
    ///
    /// # Errors
    /// Every [`ClientError`]; after `Lost` and `TimedOut` the request may have taken effect.
    pub async fn post_json<B, T>(&self, path: &str, body: &B) -> Result<T, ClientError>
    where
        B: Serialize + ?Sized,
        T: DeserializeOwned,
    {
        let bytes = write(path, body)?;
        let text = limited(path, REQUEST_LIMIT, self.exchange(Method::POST, path, Some(bytes))).await?;
        parse(path, &text)
    }

    /// Posts `body` to `path` and waits for the answer as long as it takes: for calls that a person answers. Only
    /// connecting has a limit.
    ///
    /// # Errors
    /// Every [`ClientError`]; after `Lost` the request may have taken effect.
    pub async fn post_json_held<B, T>(&self, path: &str, body: &B) -> Result<T, ClientError>
    where
        B: Serialize + ?Sized,
        T: DeserializeOwned,
    {
        let bytes = write(path, body)?;
        parse(path, &self.exchange(Method::POST, path, Some(bytes)).await?)
    }

    /// The stream of server-sent events under `path`, from its beginning or the cursor in its query.
    ///
    /// # Errors
    /// Every [`ClientError`] until the stream stands; what happens later is an item of the stream.
    pub async fn lines(&self, path: &str) -> Result<Lines, ClientError> {
        let request = self.request(Method::GET, path, None, "text/event-stream")?;
        let response = limited(path, CONNECT_LIMIT, self.send(path, request)).await?;
        if !response.status().is_success() {
            return Err(refusal(path, response).await?);
        }
        Ok(Lines::new(path.to_owned(), response.into_body()))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, ClientError> {
        let request = self.request(method, path, body, "application/json")?;
        let response = self.send(path, request).await?;
        if !response.status().is_success() {
            return Err(refusal(path, response).await?);
        }
        read(path, response.into_body()).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        accept: &'static str,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let protocol = |reason: String| ClientError::Protocol { path: path.to_owned(), reason };
        let mut request = Request::builder().method(method).uri(path);
        // The socket's path is no host name; HTTP/1.1 still demands the header.
        request = request.header(HOST, "ganger").header(ACCEPT, accept);
        for (name, value) in &self.headers {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| protocol(format!("the value for the header {name} holds control characters")))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|error| protocol(format!("this is no path of a request: {error}")))
    }

    /// Connects, sends, and returns the head of the answer. The connection lives in a task of its own, which ends
    /// with the body or when the body is dropped.
    async fn send(
        &self,
        path: &str,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClientError> {
        let connected = limited(path, CONNECT_LIMIT, async {
            UnixStream::connect(&self.socket)
                .await
                .map_err(|source| ClientError::NotRunning { socket: self.socket.clone(), source })
        });
        let stream = connected.await?;
        let lost = |error: hyper::Error| ClientError::Lost { path: path.to_owned(), reason: causes(&error) };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        // The connection's own error comes back through the sender or the body; there it names the request.
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(lost)
    }
}

/// Runs `work` for at most `limit`.
async fn limited<T>(
    path: &str,
    limit: Duration,
    work: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| ClientError::TimedOut { path: path.to_owned(), seconds: limit.as_secs() })?
}

/// The whole body of an answer.
async fn read(path: &str, body: Incoming) -> Result<Vec<u8>, ClientError> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(whole) => Ok(whole.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(ClientError::Protocol {
            path: path.to_owned(),
            reason: format!("the answer is longer than {MAX_BODY} bytes"),
        }),
        Err(error) => Err(ClientError::Lost { path: path.to_owned(), reason: causes(error.as_ref()) }),
    }
}

/// The refusal that a response with a bad status is.
async fn refusal(path: &str, response: Response<Incoming>) -> Result<ClientError, ClientError> {
    let status = response.status().as_u16();
    let bytes = read(path, response.into_body()).await?;
    let body = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| serde_json::Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Ok(ClientError::Refused { path: path.to_owned(), status, body })
}

fn write<B: Serialize + ?Sized>(path: &str, body: &B) -> Result<Vec<u8>, ClientError> {
    serde_json::to_vec(body).map_err(|error| ClientError::Protocol {
        path: path.to_owned(),
        reason: format!("the request has no form as JSON: {error}"),
    })
}

/// Reads an answer; an empty one counts as `null`, for routes that answer with nothing.
fn parse<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, ClientError> {
    let bytes = if bytes.is_empty() { b"null" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| ClientError::Protocol {
        path: path.to_owned(),
        reason: format!("the answer is not what this version of ganger expects: {error}"),
    })
}

/// An error with all its causes, in one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
