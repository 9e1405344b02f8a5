//! What an agent says of itself before any turn, for a person to read: read off the answers to `initialize` and to
//! `session/new` (or `session/load`), leniently. Nothing is decided by it.

use super::wire::{self, Message};
use serde_json::Value;

/// The protocol's code for a conversation that needs an account first (Agent Client Protocol, `AUTH_REQUIRED`).
const AUTHENTICATION_REQUIRED: i64 = -32000;
/// Entries of any list that are kept.
const MAX_ENTRIES: usize = 1000;

/// Something that an agent lets its client choose.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// What is chosen.
    pub current: Option<String>,
    /// What could be.
    pub offered: Vec<String>,
}

/// An agent's own words about itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Introduction {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The version of the protocol.
    pub protocol: Option<u64>,
    /// What it says that it can, such as `loadSession` or `promptCapabilities.image`.
    pub capabilities: Vec<String>,
    /// The ways to log in, in its words.
    pub login_methods: Vec<String>,
    /// The modes that it offers.
    pub modes: Option<Choice>,
    /// The models that it offers.
    pub models: Option<Choice>,
    /// It opened a conversation.
    pub opened: bool,
    /// It opens none before somebody has logged in.
    pub needs_login: bool,
}

impl Introduction {
    /// Takes a line of the agent's standard output.
    pub fn line(&mut self, line: &str) {
        let Some(Message::Response { outcome, .. }) = wire::read(line) else { return };
        match outcome {
            Ok(result) if result["protocolVersion"].is_number() => self.greeted(&result),
            Ok(result) if result["sessionId"].is_string() => self.offered(&result),
            Ok(_) => {}
            Err(failure) => self.needs_login |= failure.code == AUTHENTICATION_REQUIRED,
        }
    }

    fn greeted(&mut self, result: &Value) {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        self.protocol = result["protocolVersion"].as_u64();
        self.name = text(&result["agentInfo"]["title"]).or_else(|| text(&result["agentInfo"]["name"]));
        self.version = text(&result["agentInfo"]["version"]);
        capabilities(&result["agentCapabilities"], "", &mut self.capabilities);
        self.login_methods = entries(&result["authMethods"])
            .filter_map(|method| {
                let name = text(&method["name"]).or_else(|| text(&method["id"]))?;
                Some(match text(&method["description"]) {
                    Some(description) => format!("{name}: {description}"),
                    None => name,
                })
            })
            .collect();
    }

    fn offered(&mut self, result: &Value) {
        self.opened = true;
        let older = |names: &str, current: &str, available: &str, id: &str| {
            let choice = &result[names];
            choice.is_object().then(|| Choice {
                current: choice[current].as_str().map(str::to_owned),
                offered: ids(&choice[available], id),
            })
        };
        let option = |category: &str| {
            let mut options = entries(&result["configOptions"]);
            let option = options.find(|option| option["category"] == category || option["id"] == category)?;
            Some(Choice {
                current: option["currentValue"].as_str().map(str::to_owned),
                offered: ids(&option["options"], "value"),
            })
        };
        self.modes = option("mode").or_else(|| older("modes", "currentModeId", "availableModes", "id"));
        self.models =
            option("model").or_else(|| older("models", "currentModelId", "availableModels", "modelId"));
    }
}

fn entries(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten().take(MAX_ENTRIES)
}

/// The ids of a list, also of those inside groups.
fn ids(list: &Value, id: &str) -> Vec<String> {
    let of = |entry: &Value| entry[id].as_str().map(str::to_owned);
    entries(list)
        .flat_map(|entry| match of(entry) {
            Some(own) => vec![own],
            None => entries(&entry["options"]).filter_map(of).collect(),
        })
        .collect()
}

/// What is there and not switched off, by its path. What begins with `_` is for programs that know each other.
fn capabilities(value: &Value, path: &str, into: &mut Vec<String>) {
    let Some(fields) = value.as_object() else { return };
    for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with('_')) {
        if into.len() >= MAX_ENTRIES {
            return;
        }
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            Value::Bool(true) => into.push(path),
            Value::Object(inner) if inner.is_empty() => into.push(path),
            // Two levels say what can be; below are parameters.
            Value::Object(_) if path.contains('.') => into.push(path),
            Value::Object(_) => capabilities(value, &path, into),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    /// What the program of a recording said of itself.
    fn check(recording: &str, expected: Expect) {
        let path = format!("{}/tests/data/{recording}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let mut introduction = Introduction::default();
        for line in std::fs::read_to_string(path).unwrap().lines() {
            // Long lines of the recordings were shortened, and are no JSON any more.
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            if line["d"] == "out" {
                introduction.line(&line["m"].to_string());
            }
        }
        let Introduction { name, version, protocol, capabilities, login_methods, modes, models, .. } =
            &introduction;
        let shown = format!(
            "{name:?} {version:?} {protocol:?} opened {} needs login {}\n{}\nlogin {login_methods:?}\n{modes:?}\n{models:?}\n",
            introduction.opened,
            introduction.needs_login,
            capabilities.join(" "),
        );
        expected.assert_eq(&shown);
    }

    #[test]
    fn what_known_agents_say_of_themselves_is_read() {
        check(
            "claude-acp-acp-basic",
            expect![[r#"
            Some("Claude Agent") Some("0.101.0") Some(1) opened false needs login false
            promptCapabilities.image promptCapabilities.embeddedContext mcpCapabilities.http mcpCapabilities.sse auth.logout providers loadSession sessionCapabilities.additionalDirectories sessionCapabilities.close sessionCapabilities.delete sessionCapabilities.fork sessionCapabilities.list sessionCapabilities.resume sessionCapabilities.systemPrompt
            login []
            None
            None
        "#]],
        );
        check(
            "codex-acp-acp-basic",
            expect![[r#"
            Some("Codex") Some("2.6.0") Some(1) opened false needs login false
            auth.logout providers loadSession promptCapabilities.embeddedContext promptCapabilities.image sessionCapabilities.resume sessionCapabilities.list sessionCapabilities.close sessionCapabilities.delete sessionCapabilities.fork sessionCapabilities.title sessionCapabilities.additionalDirectories sessionCapabilities.subagents sessionCapabilities.systemPrompt mcpCapabilities.http
            login ["API Key: Use an API key to authenticate", "ChatGPT: Use ChatGPT to authenticate"]
            None
            None
        "#]],
        );
        check(
            "copilot-acp-basic",
            expect![[r#"
            Some("Copilot") Some("1.0.102") Some(1) opened false needs login false
            auth.logout loadSession mcpCapabilities.http mcpCapabilities.sse promptCapabilities.image promptCapabilities.embeddedContext sessionCapabilities.close sessionCapabilities.list
            login ["Log in with Copilot CLI: Run `copilot login` in the terminal"]
            None
            None
        "#]],
        );
        check(
            "gemini-acp-basic",
            expect![[r#"
            Some("Gemini CLI") Some("0.61.0") Some(1) opened true needs login false
            loadSession promptCapabilities.image promptCapabilities.audio promptCapabilities.embeddedContext mcpCapabilities.http mcpCapabilities.sse
            login ["Log in with Google: Log in with your Google account", "Gemini API key: Use an API key with Gemini Developer API", "Vertex AI: Use an API key with Vertex AI GenAI API", "AI API Gateway: Use a custom AI API Gateway"]
            Some(Choice { current: Some("default"), offered: ["default", "autoEdit", "yolo", "plan"] })
            Some(Choice { current: Some("gemini-2.5-pro"), offered: ["auto", "gemini-2.5-pro", "gemini-3.8-flash", "gemini-3.5-flash-lite"] })
        "#]],
        );
        check(
            "omp-acp-acp-basic",
            expect![[r#"
            Some("Oh My Pi") Some("18.2.3") Some(1) opened true needs login false
            loadSession mcpCapabilities.http mcpCapabilities.sse promptCapabilities.embeddedContext promptCapabilities.image sessionCapabilities.list sessionCapabilities.fork sessionCapabilities.resume sessionCapabilities.close
            login ["Use existing local credentials: Authenticate via the provider keys/OAuth state already configured under ~/.omp."]
            Some(Choice { current: Some("default"), offered: ["default", "plan"] })
            Some(Choice { current: Some("scripted/scripted-1"), offered: ["scripted/scripted-1"] })
        "#]],
        );
    }

    #[test]
    fn nonsense_is_read_as_nothing_said() {
        let check = |line: &str, needs_login: bool| {
            let mut introduction = Introduction::default();
            introduction.line(line);
            assert_eq!(introduction, Introduction { needs_login, ..Introduction::default() }, "{line}");
        };
        check("", false);
        check("{\"id\": 1, \"result\": 3}", false);
        check("{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32603,\"message\":\"x\"}}", false);
        check(
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32000,\"message\":\"Authentication required\"}}",
            true,
        );
        check("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"sessionId\":\"s\"}}", false);
    }
}
