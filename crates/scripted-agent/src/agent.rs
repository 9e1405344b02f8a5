//! The agent's side of the protocol: handshake, conversations, prompts, cancellation.

use crate::raw;
use crate::scenario::{Handshake, Scenario};
use crate::state::{Conversation, Said, Store};
use crate::tools::Tools;
use crate::turn::Turn;
use crate::worktree::Worktree;
use agent_client_protocol::v1::schema::{
    AgentCapabilities, CancelNotification, ContentBlock, ContentChunk, EmbeddedResourceResource,
    Implementation, InitializeRequest, InitializeResponse, LoadSessionRequest, LoadSessionResponse,
    McpServer, NewSessionRequest, NewSessionResponse, PromptRequest, PromptResponse, SessionId,
    SessionNotification, SessionUpdate, StopReason,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{Agent, Client, Error, on_receive_notification, on_receive_request};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The most conversations that one process holds.
const MAX_SESSIONS: usize = 64;

/// One open conversation.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) worktree: Worktree,
    pub(crate) tools: Tools,
    pub(crate) conversation: Mutex<Conversation>,
    /// Set while a turn is open; `true` cancels it.
    turn: Mutex<Option<watch::Sender<bool>>>,
}

/// The whole agent.
struct State {
    scenario: Arc<Scenario>,
    store: Arc<Store>,
    sessions: Mutex<BTreeMap<String, Arc<Session>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic elsewhere leaves these maps whole: each is changed by one call.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves the protocol on standard input and output until input ends.
pub(crate) async fn serve(scenario: Scenario, state: Option<PathBuf>) -> Result<(), Error> {
    let state = Arc::new(State {
        scenario: Arc::new(scenario),
        store: Arc::new(Store::new(state)),
        sessions: Mutex::default(),
    });
    let [on_initialize, on_new, on_load, on_prompt, on_cancel] = std::array::from_fn(|_| Arc::clone(&state));
    Agent
        .v1()
        .name("scripted-agent")
        .on_receive_request(
            async move |request: InitializeRequest, responder, connection: ConnectionTo<Client>| {
                on_initialize.initialize(&request, responder, &connection)
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: NewSessionRequest, responder, connection: ConnectionTo<Client>| {
                let state = Arc::clone(&on_new);
                connection.spawn(async move { responder.respond_with_result(state.open(request).await) })
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: LoadSessionRequest, responder, connection: ConnectionTo<Client>| {
                let (state, client) = (Arc::clone(&on_load), connection.clone());
                connection
                    .spawn(async move { responder.respond_with_result(state.load(request, &client).await) })
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: PromptRequest, responder, connection: ConnectionTo<Client>| {
                on_prompt.prompt(request, responder, &connection)
            },
            on_receive_request!(),
        )
        .on_receive_notification(
            async move |cancel: CancelNotification, _connection: ConnectionTo<Client>| {
                if let Some(session) = on_cancel.session(&cancel.session_id)
                    && let Some(turn) = &*lock(&session.turn)
                {
                    turn.send_replace(true);
                }
                Ok(())
            },
            on_receive_notification!(),
        )
        .connect_with(raw::transport(), async |connection: ConnectionTo<Client>| {
            connection.incoming_closed().await;
            Ok(())
        })
        .await
}

impl State {
    fn session(&self, id: &SessionId) -> Option<Arc<Session>> {
        lock(&self.sessions).get(&*id.0).cloned()
    }

    fn loads(&self) -> bool {
        self.scenario.agent.load && self.store.is_kept()
    }

    fn initialize(
        &self,
        request: &InitializeRequest,
        responder: Responder<InitializeResponse>,
        connection: &ConnectionTo<Client>,
    ) -> Result<(), Error> {
        let settings = &self.scenario.agent;
        match settings.handshake {
            Handshake::Normal => responder.respond(
                InitializeResponse::new(request.protocol_version)
                    .agent_capabilities(AgentCapabilities::new().load_session(self.loads()))
                    .agent_info(Implementation::new(settings.name.clone(), env!("CARGO_PKG_VERSION"))),
            ),
            Handshake::Refuse => responder.respond_with_error(error("the scenario refuses the handshake")),
            Handshake::Exit => connection.send_notification(raw::end(Some(1))?),
            Handshake::Hang => connection.spawn(async move {
                std::future::pending::<()>().await;
                responder.respond_with_error(Error::internal_error())
            }),
        }
    }

    async fn open(&self, request: NewSessionRequest) -> Result<NewSessionResponse, Error> {
        // Unique among the processes that share a state directory; two sessions of one process differ in time.
        let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let id = format!("scripted-{:x}-{nanoseconds:x}", std::process::id());
        let conversation = Conversation {
            id: id.clone(),
            directory: request.cwd,
            said: Vec::new(),
            documents: BTreeMap::new(),
        };
        self.store.save(&conversation).map_err(|reason| not_stored(&reason))?;
        self.enter(conversation, &request.mcp_servers).await?;
        Ok(NewSessionResponse::new(id))
    }

    async fn load(
        &self,
        request: LoadSessionRequest,
        client: &ConnectionTo<Client>,
    ) -> Result<LoadSessionResponse, Error> {
        let id = request.session_id;
        let stored = if self.loads() { self.store.load(&id.0) } else { Ok(None) };
        let stored =
            stored.map_err(|reason| error(format!("the conversation {id} cannot be read: {reason}")))?;
        let mut conversation = stored.ok_or_else(|| {
            Error::invalid_params().data(serde_json::json!(format!("there is no conversation {id}")))
        })?;
        conversation.directory = request.cwd;
        // The protocol wants the whole conversation streamed again before the answer.
        for said in &conversation.said {
            let chunk = ContentChunk::new(ContentBlock::from(said.text.clone()));
            let update = if said.by_client {
                SessionUpdate::UserMessageChunk(chunk)
            } else {
                SessionUpdate::AgentMessageChunk(chunk)
            };
            client.send_notification(SessionNotification::new(id.clone(), update))?;
        }
        self.enter(conversation, &request.mcp_servers).await?;
        Ok(LoadSessionResponse::new())
    }

    /// Starts the servers of a conversation and opens it.
    async fn enter(&self, conversation: Conversation, servers: &[McpServer]) -> Result<(), Error> {
        if !conversation.directory.is_dir() {
            let directory = conversation.directory.display();
            return Err(
                Error::invalid_params().data(serde_json::json!(format!("{directory} is no directory")))
            );
        }
        if lock(&self.sessions).len() >= MAX_SESSIONS {
            return Err(error(format!("more than {MAX_SESSIONS} sessions are not held by one process")));
        }
        let (tools, complaints) = Tools::start(servers, &conversation.directory).await;
        for complaint in complaints {
            eprintln!("scripted-agent: {complaint}");
        }
        let id = conversation.id.clone();
        let session = Session {
            id: SessionId::new(id.clone()),
            worktree: Worktree { directory: conversation.directory.clone() },
            tools,
            conversation: Mutex::new(conversation),
            turn: Mutex::default(),
        };
        lock(&self.sessions).insert(id, Arc::new(session));
        Ok(())
    }

    fn prompt(
        &self,
        request: PromptRequest,
        responder: Responder<PromptResponse>,
        connection: &ConnectionTo<Client>,
    ) -> Result<(), Error> {
        let Some(session) = self.session(&request.session_id) else {
            let sentence = format!("there is no session {}", request.session_id);
            return responder.respond_with_error(Error::invalid_params().data(serde_json::json!(sentence)));
        };
        let cancelled = {
            let mut turn = lock(&session.turn);
            if turn.is_some() {
                return responder.respond_with_error(Error::invalid_request().data(serde_json::json!(
                    "a turn of this session is open; wait for its end or cancel it"
                )));
            }
            let (sender, receiver) = watch::channel(false);
            *turn = Some(sender);
            receiver
        };
        let prompt = request.prompt.iter().filter_map(text_of).collect::<Vec<_>>().join("\n");
        lock(&session.conversation).said.push(Said { by_client: true, text: prompt.clone() });
        let turn = Turn::new(
            Arc::clone(&self.scenario),
            Arc::clone(&self.store),
            Arc::clone(&session),
            connection.clone(),
            prompt,
        );
        connection.spawn(async move {
            let result = turn.play(cancelled).await;
            *lock(&session.turn) = None;
            responder.respond_with_result(result)
        })
    }
}

impl Session {
    /// The conversation, for a short look or change.
    pub(crate) fn conversation(&self) -> std::sync::MutexGuard<'_, Conversation> {
        lock(&self.conversation)
    }
}

/// What a block of a prompt says, where it says anything in words.
fn text_of(block: &ContentBlock) -> Option<&str> {
    match block {
        ContentBlock::Text(text) => Some(&text.text),
        ContentBlock::Resource(resource) => match &resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => Some(&text.text),
            _ => None,
        },
        _ => None,
    }
}

/// An error of the agent itself.
pub(crate) fn error(message: impl Into<String>) -> Error {
    Error::new(-32603, message)
}

/// The error when the state directory takes nothing.
pub(crate) fn not_stored(reason: &std::io::Error) -> Error {
    error(format!("the conversation cannot be stored in GANGER_AGENT_STATE: {reason}"))
}

/// The answer to a cancelled turn.
pub(crate) fn cancelled() -> PromptResponse {
    PromptResponse::new(StopReason::Cancelled)
}
