//! Messages of the Agent Client Protocol, version 1 (JSON-RPC 2.0, one message a line), read leniently and
//! written strictly. Source: the protocol's published schema and the recordings in `tests/data`.

use ganger_core::agent::{BridgeProgram, PermissionKind, PermissionOption};
use serde_json::{Value, json};

/// The only version of the protocol that is spoken here.
pub(super) const PROTOCOL_VERSION: u64 = 1;
/// JSON-RPC's code for a method that is not there.
const METHOD_NOT_FOUND: i64 = -32601;
/// JSON-RPC's code for parameters that can't be understood.
const INVALID_PARAMS: i64 = -32602;

/// A message of the agent.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Message {
    /// It asks and waits for an answer under this id.
    Request { id: Value, method: String, params: Value },
    /// It tells.
    Notification { method: String, params: Value },
    /// It answers a request of ours.
    Response { id: Value, outcome: Result<Value, Failure> },
}

/// A JSON-RPC error, as far as it could be read.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Failure {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Value,
}

impl Failure {
    /// What went wrong, in the agent's words: its message, and what its data says beyond that.
    pub(super) fn text(&self) -> String {
        let detail = ["details", "detail", "message", "reason"]
            .iter()
            .find_map(|name| self.data[*name].as_str())
            .or_else(|| self.data.as_str());
        match detail {
            Some(detail) if !self.message.contains(detail) => format!("{}: {detail}", self.message),
            _ => self.message.clone(),
        }
    }
}

/// Reads a line; `None` is no message of the protocol.
pub(super) fn read(line: &str) -> Option<Message> {
    let Value::Object(mut fields) = serde_json::from_str(line).ok()? else { return None };
    let id = fields.remove("id").filter(|id| id.is_number() || id.is_string());
    let mut field = |name| fields.remove(name);
    if let Some(method) = field("method") {
        let Value::String(method) = method else { return None };
        let params = field("params").unwrap_or(Value::Null);
        return Some(match id {
            Some(id) => Message::Request { id, method, params },
            None => Message::Notification { method, params },
        });
    }
    let id = id?;
    if let Some(error) = field("error").filter(|error| !error.is_null()) {
        let failure = Failure {
            code: error["code"].as_i64().unwrap_or_default(),
            message: error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned),
            data: error["data"].clone(),
        };
        return Some(Message::Response { id, outcome: Err(failure) });
    }
    field("result").map(|result| Message::Response { id, outcome: Ok(result) })
}

fn line(message: &Value) -> String {
    format!("{message}\n")
}

/// A request of ours.
pub(super) fn request(id: u64, method: &str, params: &Value) -> String {
    line(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

/// A notification of ours.
pub(super) fn notification(method: &str, params: &Value) -> String {
    line(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
}

/// The answer to a request of the agent.
pub(super) fn answer(id: &Value, result: &Value) -> String {
    line(&json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// The refusal of a method that we have not.
pub(super) fn no_such_method(id: &Value, method: &str) -> String {
    let message = format!("the client has no method {method}");
    line(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": METHOD_NOT_FOUND, "message": message}}))
}

/// The refusal of parameters that can't be understood.
pub(super) fn invalid_params(id: &Value, message: &str) -> String {
    line(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": INVALID_PARAMS, "message": message}}))
}

/// The parameters of `initialize`: no file system and no terminal of ours, so that the agent uses its own, inside
/// its sandbox.
pub(super) fn initialize() -> Value {
    json!({
        "protocolVersion": PROTOCOL_VERSION,
        "clientCapabilities": {"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false},
        "clientInfo": {"name": "ganger", "title": "ganger", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// A stdio MCP server as `session/new` and `session/load` name it.
pub(super) fn mcp_server(bridge: &BridgeProgram) -> Value {
    let environment: Vec<Value> =
        bridge.environment.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let (command, arguments) =
        bridge.command.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    json!({"name": bridge.name, "command": command, "args": arguments, "env": environment})
}

/// The outcome of a permission request: a chosen option, or `None` for cancelled.
pub(super) fn permission(option: Option<&str>) -> Value {
    match option {
        Some(option) => json!({"outcome": {"outcome": "selected", "optionId": option}}),
        None => json!({"outcome": {"outcome": "cancelled"}}),
    }
}

/// The options of a permission request. One whose kind is unknown counts as "not this once", so that nobody
/// allows by it what they did not read.
pub(super) fn permission_options(params: &Value) -> Vec<PermissionOption> {
    params["options"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|option| {
            let id = option["optionId"].as_str()?.to_owned();
            let name = option["name"].as_str().unwrap_or(&id).to_owned();
            let kind = serde_json::from_value(option["kind"].clone()).unwrap_or(PermissionKind::RejectOnce);
            Some(PermissionOption { id, name, kind })
        })
        .collect()
}

/// The text of a content block, or of a list of them.
pub(super) fn text(content: &Value) -> String {
    match content {
        Value::Array(blocks) => blocks.iter().map(text).collect(),
        Value::String(text) => text.clone(),
        Value::Object(_) => match content["type"].as_str() {
            Some("text") => content["text"].as_str().unwrap_or_default().to_owned(),
            Some("content") => text(&content["content"]),
            _ => String::new(),
        },
        _ => String::new(),
    }
}
