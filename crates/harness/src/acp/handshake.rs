//! From the first frame to `Ready`: `initialize`, then `session/load` or `session/new`, then mode and model.

use super::{AcpCodec, Asked, Phase, wire};
use crate::codec::Unsupported;
use ganger_core::agent::{AgentEvent, SessionStart};
use ganger_core::ids::EffectId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The start command under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Start {
    note: u64,
    command: SessionStart,
}

/// Which request of the start note each step is.
mod step {
    pub(super) const INITIALIZE: u64 = 0;
    pub(super) const LOAD: u64 = 1;
    pub(super) const NEW: u64 = 2;
    pub(super) const MODE: u64 = 3;
    pub(super) const MODEL: u64 = 4;
}

impl AcpCodec {
    /// Takes the start command.
    pub(super) fn begin(
        &mut self,
        note: u64,
        effect: Option<EffectId>,
        command: &SessionStart,
    ) -> Result<(), Unsupported> {
        if self.phase != Phase::New {
            return Err(Unsupported {
                reason: "the agent's conversation has been started already".to_owned(),
            });
        }
        self.phase = Phase::Starting;
        self.start = Some(Start { note, command: command.clone() });
        self.ledger.open(note, effect);
        self.ask(note, step::INITIALIZE, "initialize", &wire::initialize(), Asked::Initialize);
        Ok(())
    }

    fn start_failed(&mut self, message: String, events: &mut Vec<AgentEvent>) {
        self.phase = Phase::Failed;
        self.early_prompt = None;
        self.ledger.close("the agent could not be started", events);
        self.asked.clear();
        events.push(AgentEvent::StartFailed { message });
    }

    /// The answer to `initialize`.
    pub(super) fn initialized(
        &mut self,
        note: u64,
        outcome: Result<Value, wire::Failure>,
        events: &mut Vec<AgentEvent>,
    ) {
        let result = match outcome {
            Ok(result) => result,
            Err(failure) => {
                return self
                    .start_failed(format!("the agent refused the handshake: {}", failure.text()), events);
            }
        };
        let version = &result["protocolVersion"];
        if version.as_u64() != Some(wire::PROTOCOL_VERSION) {
            let message = format!(
                "the agent speaks version {version} of the Agent Client Protocol, and ganger speaks version {}",
                wire::PROTOCOL_VERSION
            );
            return self.start_failed(message, events);
        }
        self.agent = result["agentInfo"]["name"].as_str().unwrap_or_default().to_owned();
        let quirks = self.quirks();
        self.capabilities.load = quirks.loads && result["agentCapabilities"]["loadSession"] == true;
        self.capabilities.mcp = quirks.mcp;
        let command = self.start.as_ref().map(|start| &start.command);
        if let Some(bridge) = command.and_then(|command| command.bridge.as_ref()).filter(|_| !quirks.mcp) {
            let message = format!(
                "{} takes no stdio MCP server from its client, so the tools of `{}` have to stand in its own configuration",
                self.agent, bridge.name
            );
            events.push(AgentEvent::Warning { message });
        }
        let native_id = command.and_then(|command| command.native_id.clone());
        match native_id {
            Some(id) if self.capabilities.load => {
                let mut params = self.opening();
                params["sessionId"] = json!(id);
                self.ask(note, step::LOAD, "session/load", &params, Asked::Load);
            }
            Some(_) => {
                let message =
                    "the agent can't load an earlier conversation, so a new one is opened".to_owned();
                events.push(AgentEvent::Warning { message });
                self.open_new(note);
            }
            None => self.open_new(note),
        }
    }

    fn open_new(&mut self, note: u64) {
        let params = self.opening();
        self.ask(note, step::NEW, "session/new", &params, Asked::New);
    }

    /// What `session/new` and `session/load` have in common.
    fn opening(&self) -> Value {
        let Some(start) = &self.start else { return Value::Null };
        let servers: Vec<Value> = match &start.command.bridge {
            Some(bridge) if self.capabilities.mcp => vec![wire::mcp_server(bridge)],
            _ => Vec::new(),
        };
        json!({"cwd": start.command.directory, "mcpServers": servers})
    }

    /// The answer to `session/load`. One that failed is followed by a new conversation: the caller sees it in
    /// `Ready { loaded: false }` and tells the agent what it needs to know.
    pub(super) fn load_answered(
        &mut self,
        note: u64,
        outcome: Result<Value, wire::Failure>,
        events: &mut Vec<AgentEvent>,
    ) {
        match outcome {
            Ok(result) => {
                self.session = self.start.as_ref().and_then(|start| start.command.native_id.clone());
                self.loaded = true;
                self.configure(note, &result, events);
            }
            Err(failure) => {
                let message = format!(
                    "the agent could not load the earlier conversation, so a new one is opened: {}",
                    failure.text()
                );
                events.push(AgentEvent::Warning { message });
                self.open_new(note);
            }
        }
    }

    /// The answer to `session/new`.
    pub(super) fn opened(
        &mut self,
        note: u64,
        outcome: Result<Value, wire::Failure>,
        events: &mut Vec<AgentEvent>,
    ) {
        match outcome {
            Ok(result) => match result["sessionId"].as_str() {
                Some(id) => {
                    self.session = Some(id.to_owned());
                    self.configure(note, &result, events);
                }
                None => self.start_failed("the agent opened a conversation without an id".to_owned(), events),
            },
            Err(failure) => {
                self.start_failed(format!("the agent opened no conversation: {}", failure.text()), events);
            }
        }
    }

    /// Sets mode and model where they are offered and differ.
    fn configure(&mut self, note: u64, offered: &Value, events: &mut Vec<AgentEvent>) {
        let session = self.session.clone().unwrap_or_default();
        if let Some(mode) = self.quirks().mode
            && let Some((method, params)) = choose(offered, &MODE_NAMES, &session, mode, false)
        {
            self.ask(note, step::MODE, method, &params, Asked::Mode);
        }
        if let Some(model) = self.start.as_ref().and_then(|start| start.command.model.clone()) {
            match choose(offered, &MODEL_NAMES, &session, &model, true) {
                Some((method, params)) => self.ask(note, step::MODEL, method, &params, Asked::Model),
                None if is_current(offered, &MODEL_NAMES, &model) => {}
                None => {
                    let message = format!(
                        "the agent lets nobody choose a model, so it goes on with its own instead of {model}"
                    );
                    events.push(AgentEvent::Warning { message });
                }
            }
        }
        // All frames of the start are known now: it counts as delivered when the last of them is written.
        self.ledger.complete(note, events);
        self.ready_if_configured(note, events);
    }

    /// The answer to a choice of mode or model.
    pub(super) fn configured(
        &mut self,
        note: u64,
        asked: Asked,
        outcome: Result<Value, wire::Failure>,
        events: &mut Vec<AgentEvent>,
    ) {
        if let Err(failure) = outcome {
            let what = if asked == Asked::Model { "model" } else { "mode" };
            let message = format!("the agent refused the {what}: {}", failure.text());
            // A turn on another model than the chosen one costs other money; in another mode it only asks more.
            if asked == Asked::Model {
                return self.start_failed(message, events);
            }
            events.push(AgentEvent::Warning { message });
        }
        self.ready_if_configured(note, events);
    }

    fn ready_if_configured(&mut self, note: u64, events: &mut Vec<AgentEvent>) {
        let waits = self.asked.values().any(|asked| matches!(asked, Asked::Mode | Asked::Model));
        if waits || self.phase != Phase::Starting {
            return;
        }
        self.phase = Phase::Ready;
        self.ledger.acknowledge(note, events);
        let native_id = self.session.clone().unwrap_or_default();
        events.push(AgentEvent::Ready { native_id, loaded: self.loaded });
        if let Some((note, text)) = self.early_prompt.take() {
            self.want_prompt(note, &text, events);
        }
    }
}

/// How a choice is named in the answers of agents: as a configuration option of a category, and in the older way.
struct Names {
    category: &'static str,
    older: &'static str,
    current: &'static str,
    available: &'static str,
    id: &'static str,
    method: &'static str,
}

const MODE_NAMES: Names = Names {
    category: "mode",
    older: "modes",
    current: "currentModeId",
    available: "availableModes",
    id: "id",
    method: "session/set_mode",
};

const MODEL_NAMES: Names = Names {
    category: "model",
    older: "models",
    current: "currentModelId",
    available: "availableModels",
    id: "modelId",
    method: "session/set_model",
};

fn option_of<'a>(offered: &'a Value, names: &Names) -> Option<&'a Value> {
    let options = offered["configOptions"].as_array()?;
    options.iter().find(|option| option["category"] == names.category || option["id"] == names.category)
}

fn is_current(offered: &Value, names: &Names, wanted: &str) -> bool {
    offered[names.older][names.current] == wanted
        || option_of(offered, names).is_some_and(|option| option["currentValue"] == wanted)
}

/// The request that chooses `wanted`, or `None` where it is chosen already or can't be. With `even_unlisted` a
/// value is tried that the agent does not list: lists of models hold no aliases.
fn choose(
    offered: &Value,
    names: &Names,
    session: &str,
    wanted: &str,
    even_unlisted: bool,
) -> Option<(&'static str, Value)> {
    if is_current(offered, names, wanted) {
        return None;
    }
    let older = &offered[names.older];
    if older.is_object() {
        let listed = find(&older[names.available], names.id, wanted);
        let value = listed.or(even_unlisted.then_some(wanted))?;
        let field = if names.category == "mode" { "modeId" } else { "modelId" };
        return Some((names.method, json!({"sessionId": session, field: value})));
    }
    let option = option_of(offered, names)?;
    let listed = find(&option["options"], "value", wanted);
    let value = listed.or(even_unlisted.then_some(wanted))?;
    let params = json!({"sessionId": session, "configId": option["id"], "value": value});
    Some(("session/set_config_option", params))
}

/// The id of the entry whose id or name is `wanted`, also inside groups.
fn find<'a>(list: &'a Value, id: &str, wanted: &str) -> Option<&'a str> {
    let list = list.as_array()?;
    list.iter().find_map(|entry| {
        if entry[id] == wanted || entry["name"] == wanted {
            entry[id].as_str()
        } else {
            entry["options"].as_array().and_then(|inner| {
                inner.iter().find(|entry| entry[id] == wanted || entry["name"] == wanted)?[id].as_str()
            })
        }
    })
}
