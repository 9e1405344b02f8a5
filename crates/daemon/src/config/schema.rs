//! The JSON Schemas of both files, and what the reader asks of them. They are generated from the types, so that
//! the types, the reader and an editor's completion cannot disagree.

use super::configuration::Configuration;
use super::workspace::WorkspaceConfiguration;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

static CONFIGURATION: LazyLock<Value> = LazyLock::new(generate::<Configuration>);
static WORKSPACE: LazyLock<Value> = LazyLock::new(workspace_with_overrides);

/// What of the configuration a workspace may set for its items: section, and the keys of it (`None`: all). The
/// rest is the person's alone: a file that came with somebody's repository must neither start programs nor
/// loosen what confines them.
const OVERRIDES: [(&str, Option<&[&str]>); 9] = [
    ("agents", Some(&["default", "planning", "implementation", "review", "foreman"])),
    ("sandbox", Some(&["write", "caches"])),
    ("plan", None),
    ("review", None),
    ("foreman", Some(&["question_timeout"])),
    ("budget", None),
    ("checks", None),
    ("git", None),
    ("publish", None),
];

/// The schema of `config.toml`.
pub fn configuration_schema() -> &'static Value {
    &CONFIGURATION
}

/// The schema of `workspace.toml`: the workspace itself, and what it may set of the configuration.
pub fn workspace_schema() -> &'static Value {
    &WORKSPACE
}

fn generate<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    visit(&mut schema, &|schema| {
        if schema.contains_key("properties") && !schema.contains_key("additionalProperties") {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        // The defaults of whole tables only repeat those of their keys.
        if schema.get("default").is_some_and(Value::is_object) {
            schema.remove("default");
        }
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = text.replace('\n', " ");
        }
    });
    schema
}

/// Calls the function with the schema and every schema in it. Not simply with every object: a key of ours may be
/// called like a word of JSON Schema, and `agents.default` is.
fn visit(schema: &mut Value, change: &dyn Fn(&mut Map<String, Value>)) {
    let Value::Object(map) = schema else { return };
    change(map);
    for word in ["additionalProperties", "items"] {
        if let Some(below) = map.get_mut(word) {
            visit(below, change);
        }
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(|below| visit(below, change));
    }
}

fn workspace_with_overrides() -> Value {
    let mut schema = generate::<WorkspaceConfiguration>();
    for (section, keys) in OVERRIDES {
        let mut part = CONFIGURATION["properties"][section].clone();
        if let (Some(keys), Some(part)) = (keys, part.as_object_mut()) {
            let kept: Map<String, Value> =
                keys.iter().map(|&key| (key.to_owned(), part["properties"][key].clone())).collect();
            part.insert("properties".to_owned(), Value::Object(kept));
            part.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        // The default of a section that is left out here is what config.toml says, not the built-in value.
        visit(&mut part, &|schema| {
            schema.remove("default");
        });
        schema["properties"][section] = part;
    }
    schema
}

/// The text of a schema as it is committed.
pub fn to_text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// One place in a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a>(&'a Value);

/// What a key's value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A table, with fixed keys or with names of the user's choice.
    Table,
    /// A list.
    List,
    /// A whole number.
    Integer,
    /// A number of dollars.
    Amount,
    /// `true` or `false`.
    Boolean,
    /// Text.
    Text,
}

impl<'a> Shape<'a> {
    /// The whole document.
    pub(crate) fn root(schema: &'a Value) -> Self {
        Self(schema)
    }

    /// What a value here must be.
    pub(crate) fn kind(self) -> Kind {
        match self.0["type"].as_str() {
            Some("object") => Kind::Table,
            Some("array") => Kind::List,
            Some("integer") => Kind::Integer,
            Some("number") => Kind::Amount,
            Some("boolean") => Kind::Boolean,
            // An enum with documented variants is `oneOf` constants and has no type of its own.
            _ => Kind::Text,
        }
    }

    /// The fixed keys of a table.
    pub(crate) fn keys(self) -> Vec<&'a str> {
        self.0["properties"]
            .as_object()
            .into_iter()
            .flat_map(|keys| keys.keys().map(String::as_str))
            .collect()
    }

    /// The shape behind a key: of its own, or that of all names which the user chooses.
    pub(crate) fn child(self, key: &str) -> Option<Self> {
        self.0["properties"].get(key).map(Self).or_else(|| self.named())
    }

    /// Whether the key is one of the fixed ones.
    pub(crate) fn has(self, key: &str) -> bool {
        self.0["properties"].get(key).is_some()
    }

    /// The shape behind names that the user chooses.
    pub(crate) fn named(self) -> Option<Self> {
        self.0.get("additionalProperties").filter(|schema| schema.is_object()).map(Self)
    }

    /// The shape of a list's elements.
    pub(crate) fn element(self) -> Option<Self> {
        self.0.get("items").map(Self)
    }

    /// The keys that a table must have.
    pub(crate) fn required(self) -> Vec<&'a str> {
        self.0["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The words that a text must be one of; empty where any will do.
    pub(crate) fn words(self) -> Vec<&'a str> {
        let one_of = self.0["oneOf"].as_array().into_iter().flatten();
        let listed = self.0["enum"].as_array().into_iter().flatten();
        one_of.filter_map(|word| word["const"].as_str()).chain(listed.filter_map(Value::as_str)).collect()
    }

    /// The smallest and the largest number.
    pub(crate) fn range(self) -> (i64, i64) {
        let bound = |name: &str| self.0.get(name).and_then(Value::as_i64);
        // Every number of ours is an unsigned 32-bit one.
        (bound("minimum").unwrap_or(0), bound("maximum").unwrap_or(i64::from(u32::MAX)))
    }

    /// Whether a text must not be empty.
    pub(crate) fn nonempty(self) -> bool {
        self.0.get("minLength").is_some()
    }

    /// Whether the text is a length of time.
    pub(crate) fn is_interval(self) -> bool {
        self.0.get("format") == Some(&json!("interval"))
    }

    /// Whether the text names hours of the day.
    pub(crate) fn is_hours(self) -> bool {
        self.0.get("format") == Some(&json!("hours"))
    }

    /// Whether the text is a length of time or `never`.
    pub(crate) fn is_patience(self) -> bool {
        self.0.get("format") == Some(&json!("interval or never"))
    }
}
