//! ganger's own tools, by kind of session, as agents see them.

use ganger_core::agent::ToolDefinition;
use ganger_core::session::SessionKind;
use serde_json::{Value, json};

fn tool(name: &str, description: &str, input_schema: Value) -> ToolDefinition {
    ToolDefinition { name: name.to_owned(), description: description.to_owned(), input_schema }
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// A tool that asks: one question with options, or several.
fn asking(name: &str, description: &str) -> ToolDefinition {
    let option = json!({
        "anyOf": [
            { "type": "string" },
            {
                "type": "object",
                "properties": { "label": text("the answer"), "description": text("what it means") },
                "required": ["label"],
                "additionalProperties": false
            }
        ]
    });
    let options = json!({
        "type": "array",
        "items": option,
        "maxItems": 20,
        "description": "possible answers, where there are some"
    });
    let multi_select = json!({ "type": "boolean", "description": "whether several options may be chosen" });
    tool(
        name,
        description,
        json!({
            "type": "object",
            "properties": {
                "question": text("the question"),
                "options": options,
                "multi_select": multi_select,
                "context": text("what one must know to answer"),
                "questions": {
                    "type": "array",
                    "maxItems": 10,
                    "description": "several questions that belong together, in the place of `question`",
                    "items": {
                        "type": "object",
                        "properties": {
                            "question": text("the question"),
                            "options": options,
                            "multi_select": multi_select,
                            "recommended": { "type": "integer", "minimum": 0, "description": "the option you would take, from 0" }
                        },
                        "required": ["question"],
                        "additionalProperties": false
                    }
                }
            },
            "additionalProperties": false
        }),
    )
}

fn ask_foreman() -> ToolDefinition {
    asking(
        "ask_foreman",
        "Ask what only others can know: what the plan leaves open, or another repository needs. Answered from the plan, or by \
         a person, which may take long; wait for it.",
    )
}

fn submit_review() -> ToolDefinition {
    let number = |description: &str| json!({ "type": "integer", "minimum": 1, "description": description });
    tool(
        "submit_review",
        "Submit your verdict, once, and end your turn.",
        json!({
            "type": "object",
            "properties": {
                "verdict": { "type": "string", "enum": ["no_critiques", "critiques"] },
                "critiques": {
                    "type": "array",
                    "maxItems": 100,
                    "description": "what is wrong; empty exactly if the verdict is no_critiques",
                    "items": {
                        "type": "object",
                        "properties": {
                            "file": text("the path in the repository; absent for the whole change"),
                            "line": number("the line in the commit under review"),
                            "severity": { "type": "string", "enum": ["critical", "major", "minor", "nit"] },
                            "description": text("what is wrong"),
                            "suggestion": text("what to do instead"),
                            "resolves": number("the number of the older critique that this repeats"),
                            "reverses": number("the number of the older critique whose fix this would undo")
                        },
                        "required": ["severity", "description"],
                        "additionalProperties": false
                    }
                }
            },
            "required": ["verdict"],
            "additionalProperties": false
        }),
    )
}

/// The tools of a kind of session; loaded from the start, never behind a search.
pub fn of(kind: SessionKind) -> Vec<ToolDefinition> {
    match kind {
        SessionKind::Planning => vec![
            tool(
                "submit_plan",
                "Submit the whole plan document. Answers with every problem and its line, or that the plan is accepted; then \
                 end your turn.",
                json!({
                    "type": "object",
                    "properties": { "document": text("the whole plan document, Markdown") },
                    "required": ["document"],
                    "additionalProperties": false
                }),
            ),
            asking(
                "ask_user",
                "Ask the person who gave the ticket. Waits until they answer, which may take long: ask only what the \
                 repositories do not tell.",
            ),
        ],
        SessionKind::Implementation => vec![ask_foreman()],
        SessionKind::Review => vec![submit_review(), ask_foreman()],
        SessionKind::Foreman => vec![tool(
            "propose_answer",
            "Answer the question of this turn, once, and end your turn.",
            json!({
                "type": "object",
                "properties": {
                    "question_id": { "type": "integer", "minimum": 1, "description": "the question's number" },
                    "answer": text("the answer, as the agent that asked will read it"),
                    "confidence": {
                        "type": "string",
                        "enum": ["high", "uncertain"],
                        "description": "high only if the plan or an earlier answer states it"
                    }
                },
                "required": ["question_id", "answer", "confidence"],
                "additionalProperties": false
            }),
        )],
    }
}
