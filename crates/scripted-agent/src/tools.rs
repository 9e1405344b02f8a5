//! The MCP servers that a session was given, started as the agent's own children and spoken to over their standard
//! input and output.

use agent_client_protocol::v1::schema::{McpServer, McpServerStdio};
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::{ServiceError, ServiceExt};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long a server may take to shake hands and list its tools.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The servers that started, with their tools.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    servers: Vec<Server>,
}

#[derive(Debug)]
struct Server {
    service: RunningService<RoleClient, ()>,
    tools: Vec<String>,
    /// Killed when dropped.
    _child: Child,
}

/// What a tool answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

impl Tools {
    /// Starts the servers. One that does not start is named in the second value and its tools are missing, as with
    /// real agents.
    pub(crate) async fn start(servers: &[McpServer], directory: &Path) -> (Self, Vec<String>) {
        let mut started = Self::default();
        let mut complaints = Vec::new();
        for server in servers {
            let McpServer::Stdio(server) = server else {
                complaints.push("an MCP server that does not speak over stdio is left out".to_owned());
                continue;
            };
            match tokio::time::timeout(START_LIMIT, start(server, directory)).await {
                Ok(Ok(server)) => started.servers.push(server),
                Ok(Err(reason)) => {
                    complaints.push(format!("the MCP server {} failed: {reason}", server.name))
                }
                Err(_) => {
                    let seconds = START_LIMIT.as_secs();
                    complaints
                        .push(format!("the MCP server {} did not start within {seconds} s", server.name));
                }
            }
        }
        (started, complaints)
    }

    /// Whether a server offers this tool.
    pub(crate) fn offers(&self, name: &str) -> bool {
        self.servers.iter().any(|server| server.tools.iter().any(|tool| tool == name))
    }

    /// Calls a tool and waits for its answer as long as it takes; dropped, it tells the server that it no longer
    /// waits. The error is a sentence.
    pub(crate) async fn call(&self, name: &str, arguments: &Value) -> Result<Answer, String> {
        let server = self.servers.iter().find(|server| server.tools.iter().any(|tool| tool == name));
        let server = server.ok_or_else(|| {
            let known: Vec<_> =
                self.servers.iter().flat_map(|server| &server.tools).map(String::as_str).collect();
            format!("no MCP server of this session offers the tool {name}; offered are: {}", known.join(", "))
        })?;
        let mut parameters = CallToolRequestParams::new(name.to_owned());
        parameters.arguments = match arguments {
            Value::Object(fields) => Some(fields.clone()),
            Value::Null => None,
            other => return Err(format!("the arguments of {name} are no object: {other}")),
        };
        let result = match server.service.call_tool(parameters).await {
            Ok(result) => result,
            // The server refused the call itself: an answer too.
            Err(ServiceError::McpError(error)) => {
                return Ok(Answer { text: error.message.into_owned(), is_error: true });
            }
            Err(error) => return Err(format!("the call of {name} got no answer: {error}")),
        };
        let texts = result.content.iter().filter_map(|content| content.as_text());
        let text = texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n");
        Ok(Answer { text, is_error: result.is_error == Some(true) })
    }
}

async fn start(server: &McpServerStdio, directory: &Path) -> Result<Server, String> {
    let mut child = Command::new(&server.command)
        .args(&server.args)
        .envs(server.env.iter().map(|variable| (&variable.name, &variable.value)))
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{} cannot be started: {error}", server.command.display()))?;
    let (Some(stdout), Some(stdin)) = (child.stdout.take(), child.stdin.take()) else {
        return Err("its standard input and output are not connected".to_owned());
    };
    let service = ().serve((stdout, stdin)).await.map_err(|error| error.to_string())?;
    let tools = service.list_all_tools().await.map_err(|error| error.to_string())?;
    let tools = tools.into_iter().map(|tool| tool.name.into_owned()).collect();
    Ok(Server { service, tools, _child: child })
}
