//! The log of requests: one JSON object per line.

use serde::Serialize;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Where requests are noted, if anywhere.
#[derive(Debug)]
pub(crate) struct Log(Option<Mutex<File>>);

/// One request, as it is noted.
#[derive(Serialize, Debug)]
pub(crate) struct Noted<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The status of the answer; 0 for one that never comes.
    pub(crate) status: u16,
    /// The rule, by name or number counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// The number of the reply in its rule, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<usize>,
    /// The names of the tools that were offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<String>,
    /// The request's body.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) body: &'a Value,
}

impl Log {
    /// Appends to the file at `path`, or notes nothing.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let file = path.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()?;
        Ok(Self(file.map(Mutex::new)))
    }

    /// Notes a request. A full disk must not change what the model answers, so a failure only goes to standard error.
    pub(crate) fn note(&self, noted: &Noted<'_>) {
        let Some(file) = &self.0 else { return };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = serde_json::to_string(noted)
            .map_err(io::Error::from)
            .and_then(|line| file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written {
            eprintln!("ganger-fake-model: a request could not be noted: {error}");
        }
    }
}
