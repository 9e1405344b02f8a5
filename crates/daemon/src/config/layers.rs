//! The layers of a configuration: what each value is and where it comes from.

use super::key::KeyPath;
use super::schema::{Kind, Shape};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "layer", rename_all = "snake_case")]
pub enum Origin {
    /// ganger's own default.
    BuiltIn,
    /// A file.
    File {
        /// The file.
        path: PathBuf,
        /// The file as people are shown it.
        #[serde(skip)]
        label: String,
        /// The line, from 1; 0 for the file as a whole.
        line: usize,
    },
    /// A variable of the environment.
    Environment {
        /// Its name.
        variable: String,
    },
    /// An argument of the command line.
    Flag {
        /// The argument.
        flag: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("the built-in configuration"),
            Self::File { label, line: 0, .. } => f.write_str(label),
            Self::File { label, line, .. } => write!(f, "{label}:{line}"),
            Self::Environment { variable } => write!(f, "the environment variable {variable}"),
            Self::Flag { flag } => write!(f, "the argument {flag}"),
        }
    }
}

/// One value and where it comes from. A table that a user names stands here with an empty table as its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Sourced {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Values by key; a later layer replaces single values of an earlier one, lists as a whole.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Layers(pub(super) BTreeMap<KeyPath, Sourced>);

impl Layers {
    /// The built-in layer: the defaults of the types.
    pub(super) fn built_in(defaults: &Value, shape: Shape<'_>) -> Self {
        let mut layers = Self::default();
        layers.flatten(defaults, shape, &KeyPath::default());
        layers
    }

    fn flatten(&mut self, value: &Value, shape: Shape<'_>, path: &KeyPath) {
        match value {
            Value::Object(map) if shape.kind() == Kind::Table => {
                for (key, value) in map {
                    if let Some(child) = shape.child(key) {
                        self.flatten(value, child, &path.child(key));
                    }
                }
            }
            _ => self.set(path.clone(), Sourced { value: value.clone(), origin: Origin::BuiltIn }),
        }
    }

    /// Sets one value. A table's presence replaces nothing.
    pub(super) fn set(&mut self, path: KeyPath, sourced: Sourced) {
        self.0.insert(path, sourced);
    }

    /// All values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = (&KeyPath, &Sourced)> {
        self.0.iter().filter(|(_, sourced)| !sourced.value.is_object())
    }

    /// The value of a key.
    pub fn get(&self, path: &KeyPath) -> Option<&Sourced> {
        self.0.get(path)
    }

    /// Where a key, or else the nearest table above it, comes from.
    pub fn origin(&self, path: &KeyPath) -> Origin {
        let mut path = path.clone();
        loop {
            if let Some(sourced) = self.0.get(&path) {
                return sourced.origin.clone();
            }
            if path.0.pop().is_none() {
                return Origin::BuiltIn;
            }
        }
    }

    /// The document of all values.
    pub(super) fn to_document(&self) -> Value {
        let mut root = Map::new();
        for (path, sourced) in &self.0 {
            let Some((last, tables)) = path.0.split_last() else { continue };
            let mut table = &mut root;
            for key in tables {
                let entry = table.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
                match entry {
                    Value::Object(below) => table = below,
                    // The reader lets no value stand where its schema has a table.
                    _ => return Value::Null,
                }
            }
            // A named table sorts before its own values, so it never takes their place.
            table.entry(last.clone()).or_insert_with(|| sourced.value.clone());
        }
        Value::Object(root)
    }
}
