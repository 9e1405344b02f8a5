//! Finds the tools of a foreign agent that a script means, and fills their arguments from their own schema.

use crate::script::Call;
use serde_json::{Map, Value, json};

/// Names of tools that write files, in the programs that were looked at.
const WRITERS: &[&str] = &["write", "write_file", "create_file", "create", "Write", "WriteFile"];
/// Names of shells.
const SHELLS: &[&str] = &[
    "bash",
    "run_shell_command",
    "shell",
    "shell_command",
    "exec_command",
    "execute_command",
    "run_commands",
    "Bash",
];
/// A tool that changes files by patches, for agents without a writer.
const PATCHER: &str = "apply_patch";

/// The tools of a request: name and schema of the arguments.
pub(crate) type Offered = Vec<(String, Value)>;

/// The tools that a chat completions request offers.
pub(crate) fn offered(body: &Value) -> Offered {
    let tools = body["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    let functions = tools.iter().map(|tool| &tool["function"]);
    functions.filter_map(|it| Some((it["name"].as_str()?.to_owned(), it["parameters"].clone()))).collect()
}

/// The name and the arguments of a call, or a sentence that says which tools there are.
pub(crate) fn resolve(call: &Call, tools: &Offered) -> Result<(String, Value), String> {
    match call {
        Call::Tool { name, arguments } => {
            let exact = tools.iter().filter(|(tool, _)| tool == name).collect::<Vec<_>>();
            let partial = tools.iter().filter(|(tool, _)| tool.contains(name.as_str())).collect::<Vec<_>>();
            match (exact.as_slice(), partial.as_slice()) {
                ([(tool, _), ..], _) | ([], [(tool, _)]) => {
                    let arguments = if arguments.is_null() { json!({}) } else { arguments.clone() };
                    Ok((tool.clone(), arguments))
                }
                _ => Err(missing(name, tools)),
            }
        }
        Call::Write { path, text } => match find(WRITERS, tools) {
            Some((name, schema)) => {
                let wanted: &[(&[&str], &str)] = &[
                    (&["filePath", "file_path", "path", "filename", "absolute_path"], path),
                    (&["content", "contents", "text", "file_text"], text),
                ];
                Ok((name.clone(), fill(schema, wanted)))
            }
            None if tools.iter().any(|(tool, _)| tool == PATCHER) => {
                let lines: String = text.lines().map(|line| format!("+{line}\n")).collect();
                let patch = format!("*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch");
                resolve(&Call::Tool { name: PATCHER.to_owned(), arguments: json!({ "input": patch }) }, tools)
            }
            None => {
                let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
                let command = format!("printf %s {} > {}", quote(text), quote(path));
                resolve(&Call::Run { command }, tools)
            }
        },
        Call::Run { command } => {
            let (name, schema) = find(SHELLS, tools).ok_or_else(|| missing("a shell", tools))?;
            let wanted: &[(&[&str], &str)] = &[
                (&["command", "cmd", "script", "commands"], command),
                (&["description"], "Run a scripted command"),
            ];
            Ok((name.clone(), fill(schema, wanted)))
        }
    }
}

fn find<'a>(names: &[&str], tools: &'a Offered) -> Option<&'a (String, Value)> {
    names.iter().find_map(|name| tools.iter().find(|(tool, _)| tool == name))
}

fn missing(wanted: &str, tools: &Offered) -> String {
    let names: Vec<_> = tools.iter().map(|(name, _)| name.as_str()).collect();
    format!("The script wants the tool {wanted}, which is not exactly one of: {}", names.join(", "))
}

/// Arguments that the schema takes: the wanted values under the names it uses, and something for whatever else it
/// requires.
fn fill(schema: &Value, wanted: &[(&[&str], &str)]) -> Value {
    let mut arguments = Map::new();
    for (names, value) in wanted {
        if let Some(name) = names.iter().find(|name| schema["properties"].get(name).is_some()) {
            let value = match schema["properties"][*name]["type"].as_str() {
                Some("array") => json!([value]),
                _ => json!(value),
            };
            arguments.insert((*name).to_owned(), value);
        }
    }
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for name in required.iter().filter_map(Value::as_str) {
        if arguments.contains_key(name) {
            continue;
        }
        let property = &schema["properties"][name];
        let value = match (property["enum"].get(0), property["type"].as_str()) {
            (Some(first), _) => first.clone(),
            (None, Some("boolean")) => json!(false),
            (None, Some("number" | "integer")) => json!(1),
            (None, Some("array")) => json!([]),
            (None, Some("object")) => json!({}),
            _ => json!("scripted"),
        };
        arguments.insert(name.to_owned(), value);
    }
    Value::Object(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(call: Call, tools: &Value, expected: Expect) {
        let result = resolve(&call, &offered(&json!({ "tools": tools })));
        expected.assert_eq(&match result {
            Ok((name, arguments)) => {
                // Sorted: crates elsewhere in a build can make objects keep another order.
                let fields: std::collections::BTreeMap<_, _> =
                    arguments.as_object().unwrap().iter().collect();
                format!("{name} {}", serde_json::to_string(&fields).unwrap())
            }
            Err(sentence) => sentence,
        });
    }

    fn tool(name: &str, properties: Value, required: Value) -> Value {
        let parameters = json!({ "type": "object", "properties": properties, "required": required });
        json!({ "type": "function", "function": { "name": name, "parameters": parameters } })
    }

    #[test]
    fn a_foreign_agents_tools_are_found_and_filled() {
        let write = tool("write", json!({"filePath": {}, "content": {}}), json!(["filePath", "content"]));
        let shell = tool(
            "run_shell_command",
            json!({"command": {}, "is_background": {"type": "boolean"}}),
            json!(["command", "is_background"]),
        );
        let ours = tool("ganger_submit_plan", json!({"document": {}}), json!(["document"]));
        let run = || Call::Run { command: "make".into() };
        let file = || Call::Write { path: "a b".into(), text: "it's".into() };
        let submit = || Call::Tool { name: "submit_plan".into(), arguments: json!({"document": "x"}) };
        check(file(), &json!([write, shell]), expect![[r#"write {"content":"it's","filePath":"a b"}"#]]);
        check(
            file(),
            &json!([shell]),
            expect![[
                r#"run_shell_command {"command":"printf %s 'it'\\''s' > 'a b'","is_background":false}"#
            ]],
        );
        check(
            run(),
            &json!([write]),
            expect!["The script wants the tool a shell, which is not exactly one of: write"],
        );
        let commands = tool("run_commands", json!({"commands": {"type": "array"}}), json!(["commands"]));
        let patch = tool("apply_patch", json!({"input": {"type": "string"}}), json!(["input"]));
        check(run(), &json!([commands]), expect![[r#"run_commands {"commands":["make"]}"#]]);
        check(
            file(),
            &json!([commands, patch]),
            expect![[r#"apply_patch {"input":"*** Begin Patch\n*** Add File: a b\n+it's\n*** End Patch"}"#]],
        );
        check(submit(), &json!([write, ours]), expect![[r#"ganger_submit_plan {"document":"x"}"#]]);
        check(
            submit(),
            &json!([write]),
            expect!["The script wants the tool submit_plan, which is not exactly one of: write"],
        );
    }
}
