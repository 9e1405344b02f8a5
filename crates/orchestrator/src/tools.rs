//! ganger's own tools, by kind of session, as agents see them.

use ganger_core::agent::ToolDefinition;
use ganger_core::session::SessionKind;
use serde_json::json;

/// The tools of a kind of session; loaded from the start, never behind a search.
pub fn of(kind: SessionKind) -> Vec<ToolDefinition> {
    match kind {
        SessionKind::Planning => vec![
            ToolDefinition {
                name: "submit_plan".to_owned(),
                description: "Submit the whole plan document. Answers with every problem and its line, or that the plan is \
                              accepted; then end your turn."
                    .to_owned(),
                input_schema: json!({
                    "type": "object",
                    "properties": {
                        "document": { "type": "string", "description": "the whole plan document, Markdown" }
                    },
                    "required": ["document"],
                    "additionalProperties": false
                }),
            },
            ToolDefinition {
                name: "ask_user".to_owned(),
                description: "Ask the person who gave the ticket. Waits until they answer, which may take long: ask only \
                              what the repositories do not tell."
                    .to_owned(),
                input_schema: json!({
                    "type": "object",
                    "properties": {
                        "question": { "type": "string", "description": "one question" },
                        "options": {
                            "type": "array",
                            "items": { "type": "string" },
                            "maxItems": 20,
                            "description": "possible answers, where there are some"
                        }
                    },
                    "required": ["question"],
                    "additionalProperties": false
                }),
            },
        ],
        SessionKind::Implementation => Vec::new(),
    }
}
