//! Which reply is due for a request.

use crate::script::{Reply, Script, When, filled};
use crate::tools::{Offered, offered, resolve};
use serde_json::Value;

/// How often the model speaks behind one prompt where its rule looks at what was said: a step that never gets there
/// must not keep an agent busy for ever.
const MOST_ROUNDS: usize = 30;

/// What the model says to one request.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Due<'a> {
    /// The rule's index, where one fits.
    pub(crate) rule: Option<usize>,
    /// The reply's index in its rule.
    pub(crate) index: usize,
    /// How often the model spoke before in this conversation.
    pub(crate) round: usize,
    /// The scripted reply, with its waits and faults; `None` behind the last one, and for asides.
    pub(crate) reply: Option<&'a Reply>,
    /// Reasoning.
    pub(crate) think: String,
    /// Text.
    pub(crate) text: String,
    /// Names and arguments of the tools to call.
    pub(crate) calls: Vec<(String, Value)>,
}

/// Finds the reply for the body of a chat completions request.
pub(crate) fn due<'a>(script: &'a Script, body: &Value) -> Due<'a> {
    let tools = offered(body);
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let role = |message: &Value| message["role"].as_str().unwrap_or_default().to_owned();
    let spoken = |messages: &[Value]| messages.iter().filter(|message| role(message) == "assistant").count();
    let heard = |messages: &[Value]| -> Vec<String> {
        let others = messages.iter().filter(|message| role(message) != "assistant");
        others.map(|message| text_of(&message["content"])).collect()
    };
    let round = spoken(messages);
    let said = |text: String| Due {
        rule: None,
        index: 0,
        round,
        reply: None,
        think: String::new(),
        text,
        calls: Vec::new(),
    };
    if tools.is_empty() {
        return said(script.aside.clone());
    }
    let system: Vec<String> = messages
        .iter()
        .filter(|message| matches!(role(message).as_str(), "system" | "developer"))
        .map(|message| text_of(&message["content"]))
        .collect();
    let system = system.join("\n");
    for (place, message) in messages.iter().enumerate().rev().filter(|(_, message)| role(message) == "user") {
        let prompt = text_of(&message["content"]);
        let rule = script.rules.iter().position(|rule| fits(&rule.when, &prompt, &system, &tools));
        let Some(rule) = rule else { continue };
        let rounds = spoken(&messages[place..]);
        let index = if script.rules[rule].looks() {
            if rounds >= MOST_ROUNDS {
                let text = format!("The script is not at its end after {rounds} answers, so I stop.");
                return Due { rule: Some(rule), ..said(text) };
            }
            let answers = heard(&messages[place + 1..]);
            let missing = |text: &String| !answers.iter().any(|answer| answer.contains(text));
            let replies = &script.rules[rule].replies;
            let due = replies.iter().position(|reply| reply.until.as_ref().is_none_or(missing));
            due.unwrap_or(replies.len())
        } else {
            rounds
        };
        let Some(reply) = script.rules[rule].replies.get(index) else {
            return Due { rule: Some(rule), index, ..said("Done.".to_owned()) };
        };
        let words = script.rules[rule].words(&heard(messages));
        let mut due = Due {
            rule: Some(rule),
            index,
            round,
            reply: Some(reply),
            think: filled(&reply.think, &words),
            text: filled(&reply.text, &words),
            calls: Vec::new(),
        };
        for call in &reply.calls {
            match resolve(&call.filled(&words), &tools) {
                Ok(call) => due.calls.push(call),
                Err(sentence) => due.text.push_str(&sentence),
            }
        }
        return due;
    }
    said("No rule of the script fits this conversation.".to_owned())
}

fn fits(when: &When, prompt: &str, system: &str, tools: &Offered) -> bool {
    when.prompt_contains.iter().all(|text| prompt.contains(text))
        && !when.prompt_lacks.iter().any(|text| prompt.contains(text))
        && when.system_contains.iter().all(|text| system.contains(text))
        && when.tool.as_ref().is_none_or(|name| tools.iter().any(|(tool, _)| tool.contains(name.as_str())))
}

/// The text of a message's content: a string, or blocks of which some have text.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}
