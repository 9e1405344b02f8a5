//! What the bridge is told by its environment.

use ganger_core::agent::ToolDefinition;
use ganger_core::ids::SessionId;
use std::path::PathBuf;

/// Where the daemon is, whose calls these are, and which tools there are.
#[derive(Clone, PartialEq, Debug)]
pub struct Configuration {
    /// The daemon's socket.
    pub socket: PathBuf,
    /// The session that the agent runs for.
    pub session: SessionId,
    /// Which start of that session this is.
    pub incarnation: u32,
    /// The session's token for its own tool routes.
    pub token: String,
    /// The tools of this kind of session, in the order to list them.
    pub tools: Vec<ToolDefinition>,
}

/// Why the environment configures no bridge.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A variable that must be there is not.
    #[error("the environment variable {name} is not set; ganger sets it when it starts a session")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A variable's value is not what it must be.
    #[error("the environment variable {name} is {value:?}, which is not {expected}")]
    Invalid {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The list of tools cannot be read.
    #[error(
        "the tools in {origin} cannot be read: {reason}; expected is a JSON array of objects with name, description and input_schema"
    )]
    Tools {
        /// Variable or file.
        origin: String,
        /// Why.
        reason: String,
    },
}

impl Configuration {
    /// Reads `GANGER_SOCKET`, `GANGER_SESSION`, `GANGER_INCARNATION`, `GANGER_TOKEN` and `GANGER_TOOLS`: a JSON array
    /// of tool definitions; or, for what is too long for an environment, `GANGER_TOOLS_FILE`, the path of a file
    /// that holds such an array. `variable` looks one up.
    ///
    /// # Errors
    /// A [`ConfigurationError`] that names the variable.
    pub fn from_environment(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ConfigurationError> {
        let required = |name| {
            variable(name).filter(|value| !value.is_empty()).ok_or(ConfigurationError::Missing { name })
        };
        let session = required("GANGER_SESSION")?;
        let incarnation = required("GANGER_INCARNATION")?;
        Ok(Self {
            socket: required("GANGER_SOCKET")?.into(),
            session: session.parse().map_err(|_| ConfigurationError::Invalid {
                name: "GANGER_SESSION",
                value: session,
                expected: "a session's id (26 characters)",
            })?,
            incarnation: incarnation.parse().map_err(|_| ConfigurationError::Invalid {
                name: "GANGER_INCARNATION",
                value: incarnation,
                expected: "a whole number",
            })?,
            token: required("GANGER_TOKEN")?,
            tools: tools(&variable)?,
        })
    }
}

fn tools(
    variable: &impl Fn(&'static str) -> Option<String>,
) -> Result<Vec<ToolDefinition>, ConfigurationError> {
    let (origin, text) = if let Some(text) = variable("GANGER_TOOLS") {
        ("GANGER_TOOLS".to_owned(), text)
    } else if let Some(path) = variable("GANGER_TOOLS_FILE") {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| ConfigurationError::Tools { origin: path.clone(), reason: error.to_string() })?;
        (path, text)
    } else {
        return Err(ConfigurationError::Missing { name: "GANGER_TOOLS" });
    };
    let tools: Vec<ToolDefinition> = serde_json::from_str(&text)
        .map_err(|error| ConfigurationError::Tools { origin: origin.clone(), reason: error.to_string() })?;
    match tools.iter().find(|tool| !tool.input_schema.is_object()) {
        None => Ok(tools),
        Some(tool) => Err(ConfigurationError::Tools {
            origin,
            reason: format!("the input_schema of {} is not an object", tool.name),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(changes: &[(&str, &str)], expected: Expect) {
        let mut environment = std::collections::BTreeMap::from([
            ("GANGER_SOCKET", "/run/ganger.sock"),
            ("GANGER_SESSION", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            ("GANGER_INCARNATION", "2"),
            ("GANGER_TOKEN", "t"),
            (
                "GANGER_TOOLS",
                r#"[{"name":"ask_user","description":"Asks.","input_schema":{"type":"object"}}]"#,
            ),
        ]);
        for (name, value) in changes {
            environment.insert(name, value);
        }
        let result =
            Configuration::from_environment(|name| environment.get(name).map(|value| (*value).to_owned()));
        expected.assert_eq(&match result {
            Ok(it) => format!(
                "{} {} {} {}",
                it.socket.display(),
                it.session,
                it.incarnation,
                it.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(" ")
            ),
            Err(error) => error.to_string(),
        });
    }

    #[test]
    fn the_environment_is_read_or_refused_with_the_variable_named() {
        check(&[], expect!["/run/ganger.sock 01ARZ3NDEKTSV4RRFFQ69G5FAV 2 ask_user"]);
        check(
            &[("GANGER_TOKEN", "")],
            expect![
                "the environment variable GANGER_TOKEN is not set; ganger sets it when it starts a session"
            ],
        );
        check(
            &[("GANGER_SESSION", "x")],
            expect![[
                r#"the environment variable GANGER_SESSION is "x", which is not a session's id (26 characters)"#
            ]],
        );
        check(
            &[("GANGER_TOOLS", "[{}]")],
            expect![
                "the tools in GANGER_TOOLS cannot be read: missing field `name` at line 1 column 3; expected is a JSON array of objects with name, description and input_schema"
            ],
        );
        check(
            &[("GANGER_TOOLS", r#"[{"name":"a","description":"","input_schema":3}]"#)],
            expect![
                "the tools in GANGER_TOOLS cannot be read: the input_schema of a is not an object; expected is a JSON array of objects with name, description and input_schema"
            ],
        );
    }
}
