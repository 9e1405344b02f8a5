//! What people type, resolved: `g12`, `12`, `@`, `g12/api`, `g12/api@3`, `g12@plan`, `d41`, `c7`, `q3`, a ULID.

use super::App;
use super::failure::Failure;
use crate::config::nearest;
use crate::paths::find_workspace;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_core::handle::Handle;
use ganger_core::ids::{CritiqueId, DecisionId, QuestionId, WorkItemId, WorkspaceId};
use ganger_core::session::SessionKind;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::state::Session;
use ganger_orchestrator::projection::ItemSummary;
use ganger_store::NumberKind;
use std::path::Path;

/// What an address means.
#[derive(Clone, Debug)]
pub struct Address {
    /// The item.
    pub item: WorkItem,
    /// The repository, where one is named.
    pub repository: Option<String>,
    /// The ordinal of a session, where one is named.
    pub session: Option<u32>,
    /// The kind of sessions without a repository that is meant: planning, or the Foreman.
    pub kind: Option<SessionKind>,
    /// What stands in the item, where the address was its handle.
    pub part: Option<Part>,
}

/// Something in an item that has a handle of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A decision, that waits or waited.
    Decision(DecisionId),
    /// A critique.
    Critique(CritiqueId),
    /// A question: an entry of the FAQ once it is answered.
    Question(QuestionId),
}

impl Address {
    /// The item's id.
    pub fn id(&self) -> WorkItemId {
        self.item.id.unwrap_or_else(|| WorkItemId::new(0.into()))
    }

    /// The decision, where the address was one.
    pub fn decision(&self) -> Option<DecisionId> {
        match self.part {
            Some(Part::Decision(id)) => Some(id),
            _ => None,
        }
    }

    /// The sessions that the address means, oldest first.
    pub fn sessions(&self) -> Vec<&Session> {
        self.item
            .sessions
            .iter()
            .filter(|session| match (&self.repository, self.kind) {
                (Some(repository), _) => {
                    session.repository.as_ref() == Some(repository)
                        && self.session.is_none_or(|ordinal| ordinal == session.ordinal)
                }
                (None, Some(kind)) => session.kind == kind,
                (None, None) => true,
            })
            .collect()
    }
}

fn not_found(message: String) -> Failure {
    Failure(ErrorDetail::new(exit::NOT_FOUND, "item.unknown", message).hint("ganger ls --all"))
}

impl App {
    /// The workspace that a directory lies in, registered where it was not known.
    pub(super) async fn workspace_of(&self, directory: &str) -> Result<WorkspaceId, Failure> {
        let root = find_workspace(Path::new(directory))?.ok_or_else(|| {
            Failure(
                ErrorDetail::new(
                    exit::USAGE,
                    "workspace.none",
                    format!(
                        "{directory} lies in no workspace: no directory upward has a .ganger/workspace.toml"
                    ),
                )
                .hint("cd into the directory that holds your repositories, then: ganger init"),
            )
        })?;
        let name = self.machine.workspace_name(&root)?;
        Ok(self.engine.register_workspace(&root, &name).await?)
    }

    /// What an address means.
    pub(super) async fn address(&self, text: &str, directory: Option<&str>) -> Result<Address, Failure> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix('@') {
            let number = self.current(directory)?;
            return Box::pin(self.address(&format!("g{number}{rest}"), directory)).await;
        }
        let typed = if text.chars().next().is_some_and(|first| first.is_ascii_digit()) && text.len() < 20 {
            format!("g{text}")
        } else {
            text.to_owned()
        };
        if let Ok(id) = typed.parse::<WorkItemId>() {
            let item = self.engine.item(id).await?;
            if item.id.is_some() {
                return Ok(Address { item, repository: None, session: None, kind: None, part: None });
            }
            return Err(not_found(format!("there is no item {typed}")));
        }
        let handle: Handle = match typed.parse() {
            Ok(handle) => handle,
            Err(error) => return Err(not_found(self.unknown(text, &error.to_string())?)),
        };
        match handle {
            Handle::Decision(number) => self.part_address(NumberKind::Decision, number).await,
            Handle::Critique(number) => self.part_address(NumberKind::Critique, number).await,
            Handle::Faq(number) => self.part_address(NumberKind::Question, number).await,
            handle => {
                let number = handle.item().unwrap_or_default();
                let id = self.engine.store().by_number(number)?;
                let id = id.and_then(|stream| stream.id.parse::<WorkItemId>().ok());
                let id = id.ok_or_else(|| match self.unknown(text, "") {
                    Ok(sentence) => not_found(sentence),
                    Err(failure) => failure,
                })?;
                let item = self.engine.item(id).await?;
                let (repository, session, kind) = match handle {
                    Handle::Part { repository, .. } => (Some(repository), None, None),
                    Handle::Session { repository, ordinal, .. } => (Some(repository), Some(ordinal), None),
                    Handle::Planning(_) => (None, None, Some(SessionKind::Planning)),
                    Handle::Foreman(_) => (None, None, Some(SessionKind::Foreman)),
                    _ => (None, None, None),
                };
                let repository = repository.map(|name| known_repository(&item, &name)).transpose()?;
                Ok(Address { item, repository, session, kind, part: None })
            }
        }
    }

    /// What `d41`, `c7` or `q3` stands for.
    async fn part_address(&self, kind: NumberKind, number: u64) -> Result<Address, Failure> {
        let unknown = || Failure(unknown_part(kind, &format!("{}{number}", kind_letter(kind))));
        let found = self.engine.store().id_of(kind, number)?.ok_or_else(unknown)?;
        let item: WorkItemId = found.stream.id.parse().map_err(|_| unknown())?;
        let item = self.engine.item(item).await?;
        let part = match kind {
            NumberKind::Decision => found.id.parse().map(Part::Decision),
            NumberKind::Critique => found.id.parse().map(Part::Critique),
            NumberKind::Question => found.id.parse().map(Part::Question),
        };
        let part = part.map_err(|_| unknown())?;
        let repository = match part {
            Part::Decision(id) => item.decision(id).and_then(|open| open.repository.clone()),
            Part::Critique(id) => item.critique(id).map(|critique| critique.repository.clone()),
            Part::Question(id) => item
                .question(id)
                .and_then(|question| item.session(question.session))
                .and_then(|asker| asker.repository.clone()),
        };
        Ok(Address { item, repository, session: None, kind: None, part: Some(part) })
    }

    /// The sentence for an address that names nothing, with what was perhaps meant.
    fn unknown(&self, text: &str, why: &str) -> Result<String, Failure> {
        let items = self.live_items(None)?;
        let handles: Vec<String> = items.iter().map(|item| format!("g{}", item.number)).collect();
        let mut sentence = format!("there is no item \"{text}\" ({} live)", items.len());
        if let Some(near) = nearest(text, handles.iter().map(String::as_str)) {
            let title =
                items.iter().find(|item| format!("g{}", item.number) == near).map(|item| item.title.clone());
            sentence.push_str(&format!("; did you mean {near} \"{}\"?", title.unwrap_or_default()));
        } else if !why.is_empty() {
            sentence.push_str(": ");
            sentence.push_str(why);
        }
        Ok(sentence)
    }

    pub(super) fn live_items(&self, workspace: Option<WorkspaceId>) -> Result<Vec<ItemSummary>, Failure> {
        let rows = self.engine.store().list(&super::unfinished())?;
        let wanted = workspace.map(|id| id.to_string());
        Ok(rows
            .iter()
            .filter_map(|(_, row)| serde_json::from_str::<ItemSummary>(&row.summary).ok())
            .filter(|item| wanted.as_ref().is_none_or(|id| *id == item.workspace))
            .collect())
    }

    /// The item that `@` means: of the worktree one stands in, else the only live one.
    fn current(&self, directory: Option<&str>) -> Result<u64, Failure> {
        let directory = directory.unwrap_or_default();
        let work = self.paths.home().join("work");
        if let Ok(below) = Path::new(directory).strip_prefix(&work)
            && let Some(item) = below.components().nth(1)
            && let Some(number) = item
                .as_os_str()
                .to_str()
                .and_then(|name| name.strip_prefix('g')?.split('-').next()?.parse().ok())
        {
            return Ok(number);
        }
        let items = self.live_items(None)?;
        match items.as_slice() {
            [only] => Ok(only.number),
            [] => Err(not_found("`@` names nothing: no item is live".to_owned())),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .take(10)
                    .map(|item| format!("g{} \"{}\"", item.number, item.title))
                    .collect();
                Err(Failure(ErrorDetail::new(
                    exit::USAGE,
                    "item.ambiguous",
                    format!("`@` could be any of {} live items: {}", several.len(), names.join(", ")),
                )))
            }
        }
    }
}

/// The letter of a kind's handles.
pub(super) const fn kind_letter(kind: NumberKind) -> char {
    match kind {
        NumberKind::Decision => 'd',
        NumberKind::Critique => 'c',
        NumberKind::Question => 'q',
    }
}

/// The error for a handle that stands for nothing.
pub(super) fn unknown_part(kind: NumberKind, typed: &str) -> ErrorDetail {
    let (code, what, hint) = match kind {
        NumberKind::Decision => ("decision.unknown", "decision", "ganger inbox"),
        NumberKind::Critique => {
            ("critique.unknown", "critique", "ganger show lists the critiques of an item")
        }
        NumberKind::Question => ("faq.unknown", "FAQ entry", "ganger faq lists the entries of an item"),
    };
    ErrorDetail::new(exit::NOT_FOUND, code, format!("there is no {what} {typed}")).hint(hint)
}

fn known_repository(item: &WorkItem, name: &str) -> Result<String, Failure> {
    let known: Vec<&str> = item.planning.bases.iter().map(|base| base.name.as_str()).collect();
    if let Some(found) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        return Ok((*found).to_owned());
    }
    let has = if known.is_empty() { "no repository yet".to_owned() } else { known.join(", ") };
    let mut detail = ErrorDetail::new(
        exit::NOT_FOUND,
        "item.no_such_repository",
        format!("g{} does not work on \"{name}\"; it has {has}", item.number),
    );
    if let Some(near) = nearest(name, known.into_iter()) {
        detail = detail.hint(format!("did you mean g{}/{near}?", item.number));
    }
    Err(Failure(detail))
}
