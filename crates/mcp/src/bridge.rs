//! The MCP server itself: lists the tools, and carries calls to the daemon and answers back.

use crate::Configuration;
use ganger_api::client::{Client, ClientError};
use ganger_api::daemon::{ToolCallAnswer, ToolCallRequest};
use ganger_api::routes::TOOL_CALLS;
use rmcp::ErrorData;
use rmcp::ServiceExt;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    NumberOrString, PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities, ServerConfig,
    Tool,
};
use rmcp::service::{RequestContext, RoleServer, ServerInitializeError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

/// How often one call is presented to a daemon that answers, but with something that is no answer.
const MAX_BROKEN_ANSWERS: u32 = 20;

/// The bridge's clocks.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How often a held call shows progress. Agents give up after 60 s (OpenCode), 300 s (Codex, Qwen Code) or 600 s
    /// (Gemini) without any.
    pub progress: Duration,
    /// The first wait before a call is presented again; doubles each time.
    pub first_wait: Duration,
    /// The longest such wait.
    pub longest_wait: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            progress: Duration::from_secs(20),
            first_wait: Duration::from_millis(50),
            longest_wait: Duration::from_secs(5),
        }
    }
}

/// The server that one agent process talks to.
#[derive(Clone, Debug)]
pub struct Bridge {
    configuration: Configuration,
    timing: Timing,
    client: Client,
    id: String,
    /// Turns true when the agent closes its end.
    closed: watch::Sender<bool>,
}

/// Why the bridge ended before the agent closed its end.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The first messages are no handshake of MCP.
    #[error("the handshake with the agent failed: {0}")]
    Handshake(#[from] Box<ServerInitializeError>),
    /// The task that serves the connection failed.
    #[error("the connection with the agent failed: {0}")]
    Connection(#[from] tokio::task::JoinError),
}

impl Bridge {
    /// A bridge with a random id of its own, so that the request ids of two bridges of one incarnation never meet.
    pub fn new(configuration: Configuration, timing: Timing) -> Self {
        let client = Client::new(&configuration.socket)
            .with_session(configuration.session.to_string(), configuration.token.clone());
        // Each RandomState is keyed by the operating system's randomness.
        let id = format!("{:016x}", RandomState::new().build_hasher().finish());
        Self { configuration, timing, client, id, closed: watch::Sender::new(false) }
    }

    /// Serves one agent until it closes `input`. Calls that are held then are let go at once.
    ///
    /// # Errors
    /// A [`BridgeError`] when the agent does not speak MCP.
    pub async fn run<R, W>(self, input: R, output: W) -> Result<(), BridgeError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let input = Watched { input, closed: self.closed.clone() };
        let running = self.serve((input, output)).await.map_err(Box::new)?;
        running.waiting().await?;
        Ok(())
    }

    /// Presents the call until there is an answer. What is no answer and will not become one is an error for the
    /// model, never silence.
    async fn answer(&self, call: &ToolCallRequest) -> ToolCallAnswer {
        let mut wait = self.timing.first_wait;
        let mut broken = 0;
        loop {
            match self.client.post_json_held::<_, ToolCallAnswer>(TOOL_CALLS, call).await {
                Ok(answer) => return answer,
                // Starting, stopping, or behind on its work: the same daemon or the next one will answer.
                Err(ClientError::Refused { status: 429 | 502 | 503 | 504, .. })
                | Err(ClientError::NotRunning { .. })
                | Err(ClientError::Lost { .. })
                | Err(ClientError::TimedOut { .. }) => {}
                Err(error @ ClientError::Refused { .. }) => return failed(&error),
                Err(error @ ClientError::Protocol { .. }) => {
                    broken += 1;
                    if broken >= MAX_BROKEN_ANSWERS {
                        return failed(&error);
                    }
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(self.timing.longest_wait);
        }
    }

    /// Shows progress until dropped. Without a token the agent did not ask for any, and sending it is forbidden.
    async fn show_progress(&self, context: &RequestContext<RoleServer>) {
        let Some(token) = context.meta.get_progress_token() else { return std::future::pending().await };
        for count in 1_u32.. {
            tokio::time::sleep(self.timing.progress).await;
            let progress = ProgressNotificationParam::new(token.clone(), f64::from(count))
                .with_message("waiting for an answer".to_owned());
            // A lost notification is no loss: when the agent is gone, so is the call.
            let _ = context.peer.notify_progress(progress).await;
        }
    }
}

fn failed(error: &ClientError) -> ToolCallAnswer {
    ToolCallAnswer { text: format!("ganger could not take this call: {error}"), is_error: true }
}

impl ServerHandler for Bridge {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("ganger", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.configuration.tools.iter().map(|tool| {
            let schema = tool.input_schema.as_object().cloned().unwrap_or_default();
            Tool::new(tool.name.clone(), tool.description.clone(), schema)
        });
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !self.configuration.tools.iter().any(|tool| tool.name == request.name) {
            let names: Vec<_> = self.configuration.tools.iter().map(|tool| tool.name.as_str()).collect();
            let sentence =
                format!("there is no tool {:?} here; there are: {}", request.name, names.join(", "));
            return Err(ErrorData::invalid_params(sentence, None));
        }
        let wire_id = match &context.id {
            NumberOrString::Number(number) => number.to_string(),
            // Quoted, so that the string "1" and the number 1 stay two calls.
            NumberOrString::String(text) => format!("{text:?}"),
        };
        let call = ToolCallRequest {
            session: self.configuration.session.to_string(),
            incarnation: self.configuration.incarnation,
            call_id: format!("{}:{wire_id}", self.id),
            name: request.name.into_owned(),
            arguments: serde_json::Value::Object(request.arguments.unwrap_or_default()),
        };
        let mut closed = self.closed.subscribe();
        let answer = tokio::select! {
            answer = self.answer(&call) => answer,
            () = self.show_progress(&context) => failed_progress(),
            _ = closed.wait_for(|closed| *closed) => {
                ToolCallAnswer { text: "the agent closed the connection".to_owned(), is_error: true }
            }
            // The agent no longer waits: closing the held request tells the daemon so.
            () = context.ct.cancelled() => ToolCallAnswer { text: "the agent cancelled this call".to_owned(), is_error: true },
        };
        let content = vec![ContentBlock::text(answer.text)];
        let result =
            if answer.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
        Ok(result.into())
    }
}

/// The counter of progress ends after 4 billion notifications: 2,700 years at 20 s.
fn failed_progress() -> ToolCallAnswer {
    ToolCallAnswer { text: "this call was held for too long".to_owned(), is_error: true }
}

/// An agent's end that says when it is closed. The connection itself would wait for the answers to held calls first.
struct Watched<R> {
    input: R,
    closed: watch::Sender<bool>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.input).poll_read(context, buffer);
        let ended = match &result {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if ended {
            self.closed.send_replace(true);
        }
        result
    }
}
