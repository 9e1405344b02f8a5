//! Questions and reviews: what a person says to them, and what is said in return.

use super::address::{Address, Part, kind_letter, unknown_part};
use super::commands::{usage, within};
use super::failure::Failure;
use super::{App, Shared};
use crate::views::{self, Names};
use ganger_api::command::ItemCommand;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_core::ids::{CritiqueId, DecisionId, QuestionId};
use ganger_core::review::Finding;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand as Command;
use ganger_core::work_item::decision::DecisionKind;
use ganger_core::work_item::state::{Critique, CritiqueState};
use ganger_orchestrator::run::look;
use ganger_store::NumberKind;

/// The longest text of a person to an agent, in bytes.
const MAX_WORDS: usize = 256 << 10;

/// What a handle or an id stands for in this item.
fn part(app: &App, item: &WorkItem, kind: NumberKind, typed: &str) -> Result<Part, Failure> {
    let unknown = || {
        let mut detail = unknown_part(kind, typed);
        detail.message = format!("{} of g{}", detail.message, item.number);
        Failure(detail)
    };
    let id = match typed.strip_prefix(kind_letter(kind)).and_then(|number| number.parse().ok()) {
        Some(number) => {
            let found = app.engine.store().id_of(kind, number)?;
            let own = item.id.map(|id| id.to_string());
            found.filter(|found| Some(&found.stream.id) == own.as_ref()).ok_or_else(unknown)?.id
        }
        None => typed.to_owned(),
    };
    let parsed = match kind {
        NumberKind::Decision => id.parse().map(Part::Decision),
        NumberKind::Critique => id.parse().map(Part::Critique),
        NumberKind::Question => id.parse().map(Part::Question),
    };
    parsed.map_err(|_| unknown())
}

pub(super) fn decision(app: &App, item: &WorkItem, typed: &str) -> Result<DecisionId, Failure> {
    match part(app, item, NumberKind::Decision, typed)? {
        Part::Decision(id) => Ok(id),
        _ => Err(Failure(unknown_part(NumberKind::Decision, typed))),
    }
}

fn critique(app: &App, item: &WorkItem, typed: &str) -> Result<CritiqueId, Failure> {
    match part(app, item, NumberKind::Critique, typed)? {
        Part::Critique(id) => Ok(id),
        _ => Err(Failure(unknown_part(NumberKind::Critique, typed))),
    }
}

fn question(app: &App, item: &WorkItem, typed: &str) -> Result<QuestionId, Failure> {
    match part(app, item, NumberKind::Question, typed)? {
        Part::Question(id) => Ok(id),
        _ => Err(Failure(unknown_part(NumberKind::Question, typed))),
    }
}

fn words(text: &str) -> Result<String, Failure> {
    if text.len() > MAX_WORDS {
        let message = format!("the text has {} bytes; at most {MAX_WORDS} are possible", text.len());
        return Err(usage("text.too_long", message));
    }
    Ok(text.trim().to_owned())
}

fn said(text: Option<&String>) -> Result<String, Failure> {
    text.map_or_else(|| Ok(String::new()), |text| words(text))
}

async fn repository(
    app: &Shared,
    item: &WorkItem,
    target: &str,
    directory: Option<&str>,
    verb: &str,
) -> Result<String, Failure> {
    within(app, item, target, directory).await?.ok_or_else(|| {
        let number = item.number;
        let message = format!("`{verb}` is about one repository of g{number}, and {target} names none");
        let detail = ErrorDetail::new(exit::USAGE, "target.no_repository", message);
        let repositories = item.sub_plans.keys();
        Failure(
            repositories.fold(detail, |detail, name| detail.hint(format!("ganger {verb} g{number}/{name}"))),
        )
    })
}

/// Whether the place that a comment names is there. A reviewer, and the implementer, must find it.
async fn check_place(
    app: &Shared,
    item: &WorkItem,
    repository: &str,
    file: &str,
    line: Option<u32>,
) -> Result<(), Failure> {
    let target = format!("g{}/{repository}", item.number);
    let refused = |code: &str, message: String| ErrorDetail::new(exit::REFUSED, code, message);
    let candidate = item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.candidate());
    let Some(candidate) = candidate else {
        let message = format!("{target} has no candidate yet, so there is no file to point at");
        let hint =
            format!("without a place the comment is about the whole change: ganger comment {target} \"…\"");
        return Err(Failure(refused("comment.no_candidate", message).hint(hint)));
    };
    let which = format!("candidate {} of {target} ({})", candidate.number, short(&candidate.commit));
    let lines = look::line_count(&app.engine, item, repository, &candidate.commit, file).await;
    let lines = lines.map_err(|reason| {
        let message = format!("`{file}` cannot be looked up in {which}: {reason}");
        Failure(ErrorDetail::new(exit::FAILED, "comment.unreadable", message))
    })?;
    match (lines, line) {
        (None, _) => {
            let near = crate::config::nearest(file, candidate.paths.iter().map(String::as_str));
            let detail = refused("comment.no_such_file", format!("`{file}` is no file in {which}"));
            Err(Failure(match near {
                Some(near) => detail.hint(format!("did you mean {near}?")),
                None => detail.hint(format!("ganger diff {target} --stat")),
            }))
        }
        (Some(0), Some(line)) => {
            let message = format!("`{file}` has no line {line} in {which}: it is empty or binary");
            Err(Failure(refused("comment.no_such_line", message)))
        }
        (Some(lines), Some(line)) if line == 0 || u64::from(line) > lines => {
            let message = format!("`{file}` has no line {line} in {which}: its lines are 1 to {lines}");
            Err(Failure(refused("comment.no_such_line", message)))
        }
        _ => Ok(()),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

/// The command of core for one of questions and reviews; none for the others. Without `checks` a comment's place is
/// taken as it is: the command was accepted before.
pub(super) async fn translate(
    app: &Shared,
    address: &Address,
    command: &ItemCommand,
    directory: Option<&str>,
    checks: bool,
) -> Result<Option<Command>, Failure> {
    let item = &address.item;
    Ok(Some(match command {
        ItemCommand::Answer { decision: typed, text, choices } => Command::Answer {
            decision: decision(app, item, typed)?,
            choices: choices.clone(),
            text: said(text.as_ref())?,
        },
        ItemCommand::AnswerAsProposed { decision: typed } => {
            Command::AnswerAsProposed { decision: decision(app, item, typed)? }
        }
        ItemCommand::Discuss { decision: typed, text } => {
            Command::Discuss { decision: decision(app, item, typed)?, text: words(text)? }
        }
        ItemCommand::Skip { decision: typed, text } => {
            Command::Skip { decision: decision(app, item, typed)?, text: said(text.as_ref())? }
        }
        ItemCommand::Correct { question: typed, text } => {
            Command::Correct { question: question(app, item, typed)?, text: words(text)? }
        }
        ItemCommand::Comment { target, file, line, severity, text, send } => {
            let repository = repository(app, item, target, directory, "comment").await?;
            let file = file.as_deref().map(|file| file.strip_prefix("./").unwrap_or(file).to_owned());
            if let Some(file) = file.as_ref().filter(|_| checks) {
                check_place(app, item, &repository, file, *line).await?;
            }
            let finding = Finding {
                file,
                line: *line,
                severity: views::review::severity_of(*severity),
                description: words(text)?,
                suggestion: String::new(),
                resolves: None,
                reverses: None,
            };
            Command::Comment { repository, finding, send: *send }
        }
        ItemCommand::Waive { critique: typed, because } => {
            Command::Waive { critique: critique(app, item, typed)?, because: said(because.as_ref())? }
        }
        ItemCommand::Accept { target, because } => {
            let repository = repository(app, item, target, directory, "accept").await?;
            Command::Accept { repository, because: said(because.as_ref())? }
        }
        _ => return Ok(None),
    }))
}

/// The decision that a command moves.
pub(super) const fn moves(command: &Command) -> Option<DecisionId> {
    match command {
        Command::Answer { decision, .. }
        | Command::AnswerAsProposed { decision }
        | Command::Discuss { decision, .. }
        | Command::Skip { decision, .. } => Some(*decision),
        _ => None,
    }
}

/// What goes on after an answer, and where it is kept.
fn after_answer(names: &dyn Names, before: &WorkItem, after: &WorkItem, id: DecisionId) -> String {
    let number = after.number;
    let Some(open) = before.decision(id) else { return String::new() };
    let mut text = String::new();
    let waits = after.decisions.iter().find(|other| other.repository == open.repository);
    let target =
        open.repository.as_ref().map_or_else(|| format!("g{number}"), |name| format!("g{number}/{name}"));
    text.push_str(&match waits {
        Some(other) => format!(" {target} still waits for {}.", names.decision(&other.id.to_string())),
        None => format!(" {target} goes on."),
    });
    if let DecisionKind::Question { question } = open.kind
        && after.faq().any(|entry| entry.id == question)
    {
        let entry = names.question(&question.to_string());
        text.push_str(&format!(" Kept as {entry} in the FAQ of g{number}."));
    }
    text
}

/// What happens to a person's critique.
fn after_comment(
    names: &dyn Names,
    after: &WorkItem,
    repository: &str,
    finding: &Finding,
    send: bool,
) -> String {
    let own = |critique: &&Critique| critique.reviewer.is_none() && critique.finding == *finding;
    let raised = after.critiques_of(repository).filter(own).last();
    let handle = raised.map(|critique| names.critique(&critique.id.to_string())).unwrap_or_default();
    let how = match raised {
        Some(critique) if critique.told => "its agent works on it now",
        Some(_) if send => "its agent gets it at the end of the turn",
        Some(critique) if critique.counts => "it sends the work back when the checks are through",
        _ => "it sends nothing back, because such findings may remain",
    };
    let checked = match after.settings.review {
        Some(_) => " It will be checked in every review.",
        None => "",
    };
    format!("Noted {handle} on g{}/{repository}: {how}.{checked}", after.number)
}

/// What was done, in one or two sentences; none for the other commands.
pub(super) fn message(
    names: &dyn Names,
    before: &WorkItem,
    after: &WorkItem,
    command: &Command,
) -> Option<String> {
    let number = after.number;
    let handle = |id: &DecisionId| names.decision(&id.to_string());
    Some(match command {
        Command::Answer { decision, .. } => {
            format!("Answered {}.{}", handle(decision), after_answer(names, before, after, *decision))
        }
        Command::AnswerAsProposed { decision } => {
            let rest = after_answer(names, before, after, *decision);
            format!("Answered {} as the Foreman proposes.{rest}", handle(decision))
        }
        Command::Discuss { decision, .. } => {
            let handle = handle(decision);
            format!("The Foreman thinks about {handle} again; its answer will stand in the inbox.")
        }
        Command::Skip { decision, .. } => {
            let rest = after_answer(names, before, after, *decision);
            format!("Skipped {}: its agent decides by itself.{rest}", handle(decision))
        }
        Command::Correct { question, .. } => {
            let entry = names.question(&question.to_string());
            let used =
                after.question(*question).map(|question| question.sessions.clone()).unwrap_or_default();
            let used: Vec<String> = used
                .iter()
                .filter_map(|id| after.session(*id).map(|session| after.session_handle(session)))
                .collect();
            format!(
                "Corrected {entry} of g{number}. It was used by {}; those that still work are told.",
                used.join(", ")
            )
        }
        Command::Comment { repository, finding, send } => {
            after_comment(names, after, repository, finding, *send)
        }
        Command::Waive { critique, .. } => {
            let handle = names.critique(&critique.to_string());
            let repository =
                after.critique(*critique).map(|critique| critique.repository.clone()).unwrap_or_default();
            let rest: Vec<String> = after
                .critiques_of(&repository)
                .filter(|other| other.counts && other.state == CritiqueState::Open)
                .map(|other| names.critique(&other.id.to_string()))
                .collect();
            match rest.as_slice() {
                [] => format!("Waived {handle}. Nothing else sends g{number}/{repository} back."),
                rest => format!("Waived {handle}. Still open in g{number}/{repository}: {}.", rest.join(" ")),
            }
        }
        Command::Accept { repository, .. } => {
            let candidate = after.sub_plans.get(repository).and_then(|sub_plan| sub_plan.candidate());
            let which = candidate.map(|one| format!("candidate {} of ", one.number)).unwrap_or_default();
            format!("Accepted {which}g{number}/{repository} as it is.")
        }
        _ => return None,
    })
}
