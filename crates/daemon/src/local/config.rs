//! `ganger config`: what holds and why, and changes that are checked before they are written.

use super::change::{insert, to_toml};
use super::questions::Questions;
use super::{Outcome, editor, print, replace};
use crate::config::{KeyPath, Layers, Origin, Source, Sourced, Sources};
use crate::config::{Kind, Shape, configuration_schema, item_of, requirement, unknown_key, workspace_schema};
use crate::error::{CodedError, ErrorKind};
use crate::paths::{find_workspace, no_workspace, workspace_file};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The arguments of `ganger config`.
#[derive(Clone, Debug)]
pub struct ConfigArguments {
    /// Where the command was given: the workspace is looked for upward from here.
    pub directory: PathBuf,
    /// Whether `set` and `edit` change the workspace's file instead of the person's.
    pub workspace: bool,
    /// Whether results are printed as JSON.
    pub json: bool,
    /// What to do.
    pub command: ConfigCommand,
}

/// What `ganger config` does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigCommand {
    /// Prints values.
    List {
        /// The built-in ones too, and not only what somebody has set.
        all: bool,
        /// Where each is from.
        origin: bool,
    },
    /// Prints the value of a key, or of all keys below it.
    Get {
        /// The key, dotted.
        key: String,
        /// Where it is from.
        origin: bool,
    },
    /// Sets the value of a key.
    Set {
        /// The key, dotted.
        key: String,
        /// The value: bare where the key wants text, else TOML.
        value: String,
    },
    /// Opens the file in the person's editor.
    Edit,
    /// Prints where the files are.
    Path,
    /// Reads everything and says what is wrong.
    Check,
}

/// Runs `ganger config`.
///
/// # Errors
/// The configuration is wrong (exit code 2, nothing was changed), there is no workspace where one is needed, or a
/// file cannot be read or written.
pub fn run(
    sources: &Sources,
    arguments: &ConfigArguments,
    questions: &mut dyn Questions,
    out: &mut dyn Write,
) -> Result<Outcome, CodedError> {
    let here = Here { sources, arguments, root: find_workspace(&arguments.directory)? };
    match &arguments.command {
        ConfigCommand::List { all, origin } => here.list(*all, *origin, out)?,
        ConfigCommand::Get { key, origin } => here.get(key, *origin, out)?,
        ConfigCommand::Set { key, value } => here.set(key, value, out)?,
        ConfigCommand::Edit => here.edit(questions, out)?,
        ConfigCommand::Path => here.path(out)?,
        ConfigCommand::Check => here.check(out)?,
    }
    Ok(Outcome::Done)
}

struct Here<'a> {
    sources: &'a Sources,
    arguments: &'a ConfigArguments,
    root: Option<PathBuf>,
}

impl Here<'_> {
    fn layers(&self) -> Result<Layers, CodedError> {
        match &self.root {
            Some(root) => Ok(self.sources.load_workspace(root)?.layers),
            None => Ok(self.sources.load()?.layers),
        }
    }

    fn list(&self, all: bool, origin: bool, out: &mut dyn Write) -> Result<(), CodedError> {
        let layers = self.layers()?;
        let rows: Vec<_> =
            layers.values().filter(|(_, sourced)| all || sourced.origin != Origin::BuiltIn).collect();
        if rows.is_empty() && !self.arguments.json {
            return print(
                out,
                "Nothing is set: every value is built in. All of them: ganger config list --all\n",
            );
        }
        self.rows(&rows, origin, out)
    }

    fn get(&self, written: &str, origin: bool, out: &mut dyn Write) -> Result<(), CodedError> {
        let key = parse(written)?;
        let layers = self.layers()?;
        if let Some(sourced) = layers.get(&key).filter(|sourced| !sourced.value.is_object()) {
            if self.arguments.json || origin {
                return self.rows(&[(&key, sourced)], origin, out);
            }
            let text =
                sourced.value.as_str().map_or_else(|| to_toml(&sourced.value).to_string(), str::to_owned);
            return print(out, &format!("{text}\n"));
        }
        let keys: Vec<&str> = key.0.iter().map(String::as_str).collect();
        let below: Vec<_> = layers.values().filter(|(path, _)| path.starts_with(&keys)).collect();
        if below.is_empty() {
            // A key of a table that nobody has named has no value, and is still a key.
            let known = self.schemas().into_iter().find(|schema| shape_of(schema, &key).is_some());
            return Err(match known {
                Some(_) => CodedError::new(
                    ErrorKind::NotFound,
                    "configuration.not_set",
                    format!("`{key}` is not set"),
                ),
                None => unknown(self.schemas()[0], &key),
            });
        }
        self.rows(&below, origin, out)
    }

    fn rows(
        &self,
        rows: &[(&KeyPath, &Sourced)],
        origin: bool,
        out: &mut dyn Write,
    ) -> Result<(), CodedError> {
        if self.arguments.json {
            let value = |(key, sourced): &(&KeyPath, &Sourced)| {
                let mut row = json!({ "key": key.to_string(), "value": sourced.value });
                if origin {
                    row["origin"] = json!(sourced.origin);
                }
                row
            };
            let values: Vec<Value> = rows.iter().map(value).collect();
            return print(
                out,
                &format!("{}\n", json!({ "schema": "ganger/configuration/1", "values": values })),
            );
        }
        let lines: Vec<(String, &Origin)> = rows
            .iter()
            .map(|(key, sourced)| (format!("{key} = {}", to_toml(&sourced.value)), &sourced.origin))
            .collect();
        let width = lines
            .iter()
            .map(|(line, _)| line.chars().count())
            .filter(|&width| width <= 60)
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (line, from) in lines {
            if origin {
                text.push_str(&format!("{line:width$}  # {from}\n"));
            } else {
                text.push_str(&format!("{line}\n"));
            }
        }
        print(out, &text)
    }

    fn set(&self, written: &str, value: &str, out: &mut dyn Write) -> Result<(), CodedError> {
        let key = parse(written)?;
        let target = self.target()?;
        let Some(shape) = shape_of(target.schema, &key) else {
            return Err(self.not_in(
                &target,
                &key,
                &format!("{} {}", shell_word(written), shell_word(value)),
            ));
        };
        let item = item_for(&key, value, shape)?;
        let mut document: toml_edit::DocumentMut = match target.source.text.parse() {
            Ok(document) => document,
            // The check says it better, with the line.
            Err(_) => return target.validate(self, target.source.text.clone()).map(|_| ()),
        };
        insert(document.as_table_mut(), &key, item)?;
        let text = document.to_string();
        let layers = target.validate(self, text.clone())?;
        if target.source.text == text {
            return print(out, &format!("`{key}` was that already in {}\n", target.source.label));
        }
        target.unchanged()?;
        self.write(&target, &text)?;
        let mut note = String::new();
        if let Some(sourced) = layers.get(&key).filter(
            |sourced| !matches!(&sourced.origin, Origin::File { path, .. } if *path == target.source.path),
        ) {
            note = format!(", but {} says {} and wins", sourced.origin, to_toml(&sourced.value));
        }
        print(out, &format!("Set `{key}` in {}{note}\n", target.source.label))
    }

    fn write(&self, target: &Target, text: &str) -> Result<(), CodedError> {
        if target.source.path.starts_with(self.sources.paths.home()) {
            self.sources.paths.create_home()?;
        }
        replace::replace(&target.source.path, text)
    }

    /// The sentence for a key that the file does not know; `words` are the rest of the command line.
    fn not_in(&self, target: &Target, key: &KeyPath, words: &str) -> CodedError {
        let other = if self.arguments.workspace { configuration_schema() } else { workspace_schema() };
        if shape_of(other, key).is_none() {
            return unknown(target.schema, key);
        }
        let label = &target.source.label;
        let (sentence, option) = if self.arguments.workspace {
            (format!("`{key}` is yours alone and belongs into config.toml, not into {label}"), "")
        } else {
            (format!("`{key}` belongs to a workspace, not into {label}"), "--workspace ")
        };
        CodedError::new(ErrorKind::Usage, "configuration.wrong_file", sentence)
            .hint(format!("ganger config set {option}{words}"))
    }

    fn edit(&self, questions: &mut dyn Questions, out: &mut dyn Write) -> Result<(), CodedError> {
        let target = self.target()?;
        let name = target.source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let draft = self.sources.paths.drafts().join(format!("{}-{name}", std::process::id()));
        self.sources.paths.create_home()?;
        replace::replace(&draft, &target.source.text)?;
        loop {
            editor::edit(&draft, &self.sources.variables)?;
            let text =
                std::fs::read_to_string(&draft).map_err(|error| CodedError::file("read", &draft, &error))?;
            if text == target.source.text {
                discard(&draft)?;
                return print(out, &format!("{} is as it was\n", target.source.label));
            }
            match target.validate(self, text.clone()).and_then(|_| target.unchanged()) {
                Ok(()) => {
                    self.write(&target, &text)?;
                    discard(&draft)?;
                    return print(out, &format!("Wrote {}\n", target.source.label));
                }
                Err(error) => {
                    let kept = format!("your text is kept in {}", self.sources.paths.display(&draft));
                    print(out, &error.to_text())?;
                    if !questions
                        .confirm("Back to the editor?", true)
                        .map_err(|gone| gone.detail(kept.clone()))?
                    {
                        return Err(CodedError::new(
                            ErrorKind::Refused,
                            "configuration.abandoned",
                            format!("{} was not changed", target.source.label),
                        )
                        .detail(kept));
                    }
                }
            }
        }
    }

    fn path(&self, out: &mut dyn Write) -> Result<(), CodedError> {
        let config = self.sources.paths.config_file();
        let workspace = self.root.as_deref().map(workspace_file);
        if self.arguments.json {
            let files = json!({
                "schema": "ganger/configuration-files/1",
                "config": { "path": config, "exists": config.exists() },
                "workspace": workspace.as_ref().map(|path| json!({ "path": path, "exists": true })),
            });
            return print(out, &format!("{files}\n"));
        }
        let missing = if config.exists() { "" } else { "  (does not exist yet)" };
        let mut text = format!("config     {}{missing}\n", config.display());
        if let Some(workspace) = workspace {
            text.push_str(&format!("workspace  {}\n", workspace.display()));
        }
        print(out, &text)
    }

    fn check(&self, out: &mut dyn Write) -> Result<(), CodedError> {
        self.layers()?;
        if self.arguments.json {
            return print(
                out,
                &format!("{}\n", json!({ "schema": "ganger/configuration-check/1", "valid": true })),
            );
        }
        let config = self.sources.config_source()?.map(|source| source.label);
        let files: Vec<String> =
            config.into_iter().chain(self.root.as_ref().map(|_| self.sources.workspace_label())).collect();
        let what = if files.is_empty() { "there is no file".to_owned() } else { files.join(" and ") };
        print(out, &format!("The configuration is valid ({what})\n"))
    }

    fn schemas(&self) -> Vec<&'static Value> {
        match self.root {
            Some(_) => vec![configuration_schema(), workspace_schema()],
            None => vec![configuration_schema()],
        }
    }

    /// The file that is changed.
    fn target(&self) -> Result<Target, CodedError> {
        if !self.arguments.workspace {
            let path = self.sources.paths.config_file();
            let found = self.sources.config_source()?;
            let existed = found.is_some();
            let label = self.sources.paths.display(path);
            let source = found.unwrap_or(Source { path: path.to_owned(), label, text: String::new() });
            return Ok(Target { source, existed, schema: configuration_schema() });
        }
        let root = self.root.as_deref().ok_or_else(|| no_workspace(&self.arguments.directory))?;
        let file = workspace_file(root);
        let source = crate::config::read_source(&file, self.sources.workspace_label())?
            .ok_or_else(|| no_workspace(&self.arguments.directory))?;
        Ok(Target { source, existed: true, schema: workspace_schema() })
    }
}

/// A file that is to be changed, as it was read.
struct Target {
    source: Source,
    existed: bool,
    schema: &'static Value,
}

impl Target {
    /// All layers as they would be with this text in the file.
    fn validate(&self, here: &Here<'_>, text: String) -> Result<Layers, CodedError> {
        let changed = Source { text, ..self.source.clone() };
        let sources = here.sources;
        match (&here.root, here.arguments.workspace) {
            (Some(root), true) => {
                Ok(sources.load_workspace_from(root, sources.config_source()?, changed)?.layers)
            }
            (Some(root), false) => {
                let file = workspace_file(root);
                // A workspace that is wrong by itself must not keep the person from changing their own file.
                let alone = sources.load_from(Some(changed.clone()))?.layers;
                let workspace = crate::config::read_source(&file, sources.workspace_label())?;
                let both =
                    workspace.map(|workspace| sources.load_workspace_from(root, Some(changed), workspace));
                Ok(both.and_then(Result::ok).map_or(alone, |loaded| loaded.layers))
            }
            (None, _) => Ok(sources.load_from(Some(changed))?.layers),
        }
    }

    /// Refuses when somebody has changed the file since it was read.
    fn unchanged(&self) -> Result<(), CodedError> {
        let now = crate::config::read_source(&self.source.path, self.source.label.clone())?;
        let same = now.as_ref().map_or(!self.existed, |now| now.text == self.source.text);
        if same {
            return Ok(());
        }
        Err(CodedError::new(
            ErrorKind::Refused,
            "configuration.changed",
            format!("{} was changed by somebody else meanwhile, so it was left alone", self.source.label),
        )
        .hint("do it again on the new text"))
    }
}

/// The value of a key as it was typed.
fn item_for(key: &KeyPath, value: &str, shape: Shape<'_>) -> Result<toml_edit::Item, CodedError> {
    let wrong = |what: String| {
        CodedError::new(ErrorKind::Usage, "configuration.wrong_value", format!("`{key}` {what}"))
    };
    if shape.kind() == Kind::Table {
        return Err(wrong("is a table, so one of its keys must be set".to_owned())
            .hint(format!("its keys: ganger config get {}", shell_word(&key.to_string()))));
    }
    item_of(value, shape).ok_or_else(|| {
        let error = wrong(format!("{}, not {value:?}", requirement(shape)));
        match shape.kind() {
            Kind::List => error.hint("write a list as '[\"one\", \"two\"]'"),
            _ => error,
        }
    })
}

/// A word that a shell takes for what it is.
fn shell_word(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "._-/=:,+@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn discard(draft: &Path) -> Result<(), CodedError> {
    std::fs::remove_file(draft).map_err(|error| CodedError::file("remove", draft, &error))
}

fn parse(written: &str) -> Result<KeyPath, CodedError> {
    KeyPath::parse(written).ok_or_else(|| {
        CodedError::new(
            ErrorKind::Usage,
            "configuration.no_key",
            format!("{written:?} is no key: a key is dotted, as in checks.timeout"),
        )
        .hint("all keys: ganger config list --all")
    })
}

fn shape_of(schema: &'static Value, key: &KeyPath) -> Option<Shape<'static>> {
    key.0.iter().try_fold(Shape::root(schema), |shape, key| shape.child(key))
}

/// The sentence for a key that does not exist at all.
fn unknown(schema: &Value, key: &KeyPath) -> CodedError {
    let problem = unknown_key(schema, key);
    let mut error = CodedError::new(ErrorKind::Usage, problem.code, problem.message);
    error.hints.extend(problem.hint);
    error
}

#[cfg(test)]
mod tests;
