//! Placeholders: `{{name}}` in a scenario's strings.

use crate::scenario::Capture;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the placeholders stand for.
pub(crate) type Names = BTreeMap<String, String>;

/// Puts values in the place of placeholders. Double braces around anything but one word are left as they are, so
/// that scenarios can hold code.
pub(crate) fn expand(text: &str, names: &Names) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        result.push_str(before);
        let inner = from[2..].find("}}").map(|end| &from[2..2 + end]);
        match inner.filter(|name| is_name(name)) {
            Some(name) => {
                let value = names.get(name).ok_or_else(|| {
                    let known = names.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    format!("the placeholder {{{{{name}}}}} has no value; there are: {known}")
                })?;
                result.push_str(value);
                rest = &from[name.len() + 4..];
            }
            None => {
                result.push_str("{{");
                rest = &from[2..];
            }
        }
    }
    result.push_str(rest);
    Ok(result)
}

/// The same in every string of a JSON value.
pub(crate) fn expand_value(value: &Value, names: &Names) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(expand(text, names)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| expand_value(item, names)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| Ok((key.clone(), expand_value(value, names)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What a capture finds in a prompt.
pub(crate) fn capture(prompt: &str, capture: &Capture) -> Option<String> {
    let (_, rest) = prompt.split_once(&capture.after)?;
    let line = rest.lines().next().unwrap_or("");
    let found = match &capture.until {
        Some(until) => rest.split_once(until.as_str()).map_or(line, |(found, _)| found),
        None => line,
    };
    Some(found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let names = Names::from([("answer".into(), "4242".into()), ("repository".into(), "api".into())]);
        expected.assert_eq(&expand(text, &names).unwrap_or_else(|error| error));
    }

    #[test]
    fn placeholders_are_replaced_and_code_is_left_alone() {
        check("port {{answer}} of {{repository}}{{answer}}", expect!["port 4242 of api4242"]);
        check("fn f() {{ {{answer}} }} {{ a.b }} {{", expect!["fn f() {{ 4242 }} {{ a.b }} {{"]);
        check(
            "{{anwser}}",
            expect!["the placeholder {{anwser}} has no value; there are: answer, repository"],
        );
    }

    #[test]
    fn captures_end_where_they_are_told_or_with_the_line() {
        let find = |until: Option<&str>| {
            let rule = Capture { after: "draft to `".into(), until: until.map(str::to_owned) };
            capture("Write the draft to `/a b/plan.md`, please.\nThen stop.", &rule)
        };
        assert_eq!(find(Some("`")).as_deref(), Some("/a b/plan.md"));
        assert_eq!(find(Some("§")).as_deref(), Some("/a b/plan.md`, please."));
        assert_eq!(find(None).as_deref(), Some("/a b/plan.md`, please."));
        assert_eq!(capture("nothing", &Capture { after: "x".into(), until: None }), None);
    }
}
