//! `run`: starts an item, follows it, asks the person; detaching leaves everything as it is.

mod ask;
mod screen;

use super::events::{REATTACH, next};
use crate::arguments::{Auto, RunArguments};
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ask::{Answered, Prompt};
use ganger_api::client::Lines;
use ganger_api::command::ItemCommand;
use ganger_api::decision::Decision;
use ganger_api::error::ErrorDetail;
use ganger_api::event::{EventList, FeedEvent};
use ganger_api::exit;
use ganger_api::item::{ItemDetail, ItemStatus, Outcome};
use ganger_api::routes::{self, EventsQuery};
use ganger_api::wait::{Occasion, Wait, WaitKind, WaitOwner};
use screen::Screen;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

/// How long events may gather before the item is looked at again and the screen is painted: at most ten times a
/// second.
const GATHER: Duration = Duration::from_millis(100);
/// How often the ages on the screen are brought up to date.
const TICK: Duration = Duration::from_secs(10);

/// Starts and follows an item.
pub(super) async fn run(context: &mut Context<'_>, arguments: &RunArguments) -> Result<u8, Failure> {
    let catch = |kind, what: &str| {
        signal(kind).map_err(|error| {
            let message = format!("{what} could not be caught: {error}");
            ErrorDetail::new(exit::ENVIRONMENT, "signal.failed", message)
        })
    };
    let mut interrupts = catch(SignalKind::interrupt(), "Ctrl-C")?;
    let mut resizes = catch(SignalKind::window_change(), "a change of the window's size")?;
    let item: ItemDetail = context.about(routes::ITEM, &arguments.item).await?;
    let mut attached = Attached::new(context, arguments, item);
    attached.cursor = attached.events(context).await?.cursor.unwrap_or(attached.cursor);
    let mut lines = attached.follow(context).await?;
    attached.refresh(context).await?;
    if !attached.quiet {
        let header =
            format!("{} {}\n", attached.item.head.handle, context.look.line(&attached.item.head.title));
        let header = context.look.finish(header);
        attached.screen.history(context, &header)?;
    }
    loop {
        if let Some(code) = attached.advance(context).await? {
            return Ok(code);
        }
        attached.paint(context)?;
        tokio::select! {
            biased;
            _ = interrupts.recv() => return attached.detach(context),
            // The next painting is of the new size.
            _ = resizes.recv() => {}
            line = async { context.reader().next().await }, if attached.prompt.is_some() => {
                // The end of the input ends no line.
                if let Some(line) = &line {
                    attached.screen.entered(line);
                }
                if let Some(code) = attached.answer(context, line).await? {
                    return Ok(code);
                }
            }
            () = tokio::time::sleep_until(attached.look_at) => attached.refresh(context).await?,
            event = next::<FeedEvent>(&mut lines) => match event? {
                Some(event) => attached.gather(context, &event)?,
                // The daemon restarts: the stream goes on behind the last cursor.
                None => {
                    tokio::time::sleep(REATTACH).await;
                    lines = attached.follow(context).await?;
                    attached.touch();
                }
            },
        }
    }
}

/// What `run` knows while it is attached.
struct Attached {
    item: ItemDetail,
    auto_plan: bool,
    auto_proposals: bool,
    quiet: bool,
    interactive: bool,
    screen: Screen,
    cursor: String,
    /// Something happened since the item was looked at.
    stale: bool,
    /// When it is looked at again.
    look_at: Instant,
    /// Starts that were sent, so that none is sent twice.
    started: BTreeSet<(ItemStatus, u32)>,
    /// Decisions that were put off or told already.
    put_off: BTreeSet<String>,
    /// What the person was called for already.
    called: BTreeSet<String>,
    prompt: Option<Prompt>,
}

impl Attached {
    fn new(context: &Context<'_>, arguments: &RunArguments, item: ItemDetail) -> Self {
        let json = context.json.is_some();
        let interactive = context.environment.is_interactive() && !json;
        let dumb = context.environment.variable("TERM") == Some("dumb");
        let is_live = context.environment.output_is_terminal && !dumb && !json && !arguments.quiet;
        Self {
            item,
            auto_plan: arguments.yes || arguments.auto.contains(&Auto::Plan),
            auto_proposals: arguments.auto.contains(&Auto::Proposals),
            quiet: arguments.quiet || json,
            interactive,
            screen: Screen::new(is_live, &context.environment),
            cursor: "now".into(),
            stale: false,
            look_at: Instant::now() + TICK,
            started: BTreeSet::new(),
            put_off: BTreeSet::new(),
            called: BTreeSet::new(),
            prompt: None,
        }
    }

    /// The events behind the cursor.
    fn behind(&self, follow: bool) -> EventsQuery {
        let (item, after) = (Some(self.item.head.handle.clone()), Some(self.cursor.clone()));
        EventsQuery { directory: None, item, after, follow }
    }

    async fn follow(&self, context: &mut Context<'_>) -> Result<Lines, Failure> {
        let path = context.path(routes::EVENTS, "", &self.behind(true))?;
        context.lines(&path).await
    }

    async fn events(&self, context: &mut Context<'_>) -> Result<EventList, Failure> {
        let path = context.path(routes::EVENTS, "", &self.behind(false))?;
        context.get(&path).await
    }

    /// Takes what is stored and has not come over the stream yet.
    async fn catch_up(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        loop {
            let list = self.events(context).await?;
            for event in &list.events {
                self.gather(context, event)?;
            }
            if !list.more {
                return Ok(());
            }
        }
    }

    async fn refresh(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        context.look.now = (context.environment.now)();
        let handle = self.item.head.handle.clone();
        self.item = context.about(routes::ITEM, &handle).await?;
        self.stale = false;
        self.look_at = Instant::now() + TICK;
        // Somebody else may have decided meanwhile.
        if let Some(prompt) = &self.prompt {
            let open = |wait: &&Wait| wait.decision.as_deref() == Some(prompt.handle());
            if !self.item.head.waits.iter().any(|wait| open(&wait)) {
                let text = format!("{} was decided elsewhere.\n", prompt.handle());
                self.prompt = None;
                self.screen.history(context, &text)?;
            }
        }
        Ok(())
    }

    /// Something happened: the item is looked at soon, however much goes on happening.
    fn touch(&mut self) {
        if !self.stale {
            self.stale = true;
            self.look_at = Instant::now() + GATHER;
        }
    }

    /// Keeps an event for the screen, once.
    fn gather(&mut self, context: &mut Context<'_>, event: &FeedEvent) -> Result<(), Failure> {
        // What was taken from the log comes over the stream all the same.
        if place(&event.cursor).is_some_and(|this| Some(this) <= place(&self.cursor)) {
            return Ok(());
        }
        self.cursor.clone_from(&event.cursor);
        self.touch();
        // It is put again with what the Foreman says now.
        self.prompt.take_if(|prompt| prompt.is_overtaken(event));
        if let Some(selection) = &context.json {
            let line = selection.object(event)?;
            return context.print(&line);
        }
        if self.quiet || !render::feed::is_history(event) {
            return Ok(());
        }
        let widest =
            self.item.repositories.iter().map(|part| crate::look::width(&part.name)).max().unwrap_or(0);
        let line = render::feed::history(&context.look, event, widest) + "\n";
        self.screen.keep(context, &line)
    }

    /// Does what follows from the item's state; the exit code when that is the end.
    async fn advance(&mut self, context: &mut Context<'_>) -> Result<Option<u8>, Failure> {
        if self.stale {
            return Ok(None);
        }
        if let Some(outcome) = self.item.head.outcome {
            return self.end(context, outcome).await.map(Some);
        }
        let status = self.item.head.status;
        if matches!(status, ItemStatus::Ingested | ItemStatus::Approved) && self.item.head.waits.is_empty() {
            let version = self.item.head.plan.as_ref().map_or(0, |plan| plan.version);
            let handle = self.item.head.handle.clone();
            if status == ItemStatus::Ingested && self.started.iter().any(|(earlier, _)| *earlier == status) {
                let message = format!("the plan of {handle} was rejected, so nothing runs");
                let hint = format!("ganger start {handle} plans anew");
                return Err(ErrorDetail::new(exit::REFUSED, "plan.rejected", message).hint(hint).into());
            }
            if self.started.insert((status, version)) {
                match context.command(&handle, ItemCommand::Start).await {
                    Ok(_) => {}
                    // Somebody was faster: it runs.
                    Err(Failure::Said(detail)) if detail.exit == exit::REFUSED => {}
                    Err(failure) => return Err(failure),
                }
                self.touch();
            }
            return Ok(None);
        }
        if self.prompt.is_some() {
            return Ok(None);
        }
        let mut waits = self.item.head.waits.iter().filter(|wait| wait.owner == WaitOwner::You);
        let wait = waits.find(|wait| !self.put_off.contains(&name(wait))).cloned();
        match wait {
            Some(wait) => self.need(context, &wait).await,
            None => Ok(None),
        }
    }

    /// A person is needed.
    async fn need(&mut self, context: &mut Context<'_>, wait: &Wait) -> Result<Option<u8>, Failure> {
        // What led to it stands above it.
        self.catch_up(context).await?;
        let handle = self.item.head.handle.clone();
        let digest = self.item.head.plan.as_ref().map(|plan| plan.digest.clone());
        if let (true, WaitKind::Plan, Some(digest)) = (self.auto_plan, wait.kind, digest) {
            // The digest as it was just read: when it has changed meanwhile, the next look sees the new one.
            match context.command(&handle, ItemCommand::Approve { digest: Some(digest) }).await {
                Ok(result) => {
                    let text = render::result::result(&context.look, &result);
                    if !self.quiet {
                        self.screen.history(context, &text)?;
                    }
                }
                Err(Failure::Said(detail)) if detail.exit == exit::REFUSED => {}
                Err(failure) => return Err(failure),
            }
            self.touch();
            return Ok(None);
        }
        if self.auto_proposals && self.take_proposal(context, wait).await? {
            return Ok(None);
        }
        if let Some(occasion) = wait.kind.occasion()
            && self.called.insert(name(wait))
        {
            let what = format!("{handle} needs you: {}", wait.reason);
            self.call(context, occasion, &what)?;
        }
        let Some(decision) = wait.decision.as_deref().filter(|_| self.interactive) else {
            self.put_off.insert(name(wait));
            let text = match &context.json {
                Some(_) => String::new(),
                None => render::items::short(&context.look, &self.item.head),
            };
            self.screen.history(context, &text)?;
            return Ok((!self.interactive).then_some(exit::NEEDS_PERSON));
        };
        let (prompt, text) = match Prompt::open(context, &handle, decision).await {
            Ok(opened) => opened,
            // Somebody else was faster: the next look shows it.
            Err(Failure::Said(detail)) if matches!(detail.exit, exit::REFUSED | exit::NOT_FOUND) => {
                self.touch();
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        self.prompt = Some(prompt);
        self.screen.history(context, &text)?;
        Ok(None)
    }

    /// Answers a question as the Foreman proposes; whether there was a proposal to take.
    async fn take_proposal(&mut self, context: &mut Context<'_>, wait: &Wait) -> Result<bool, Failure> {
        let Some(handle) = wait.decision.clone().filter(|_| wait.kind == WaitKind::Question) else {
            return Ok(false);
        };
        let taken = match context.get::<Decision>(&routes::fill(routes::DECISION, &handle)).await {
            Ok(decision) if decision.question.as_ref().is_none_or(|question| question.proposal.is_none()) => {
                return Ok(false);
            }
            Ok(_) => {
                let command = ItemCommand::AnswerAsProposed { decision: handle };
                context.command(&self.item.head.handle.clone(), command).await
            }
            Err(failure) => Err(failure),
        };
        match taken {
            Ok(result) if !self.quiet => {
                let text = render::result::result(&context.look, &result);
                self.screen.history(context, &text)?;
            }
            Ok(_) => {}
            // Somebody was faster: the next look shows it.
            Err(Failure::Said(detail)) if matches!(detail.exit, exit::REFUSED | exit::NOT_FOUND) => {}
            Err(failure) => return Err(failure),
        }
        self.touch();
        Ok(true)
    }

    /// Takes the line that the person typed at the prompt.
    async fn answer(
        &mut self,
        context: &mut Context<'_>,
        line: Option<String>,
    ) -> Result<Option<u8>, Failure> {
        let Some(prompt) = self.prompt.take() else { return Ok(None) };
        let Some(line) = line else { return self.detach(context).map(Some) };
        let decision = prompt.handle().to_owned();
        let answered = match prompt.take(context, line.trim()).await {
            Ok(answered) => answered,
            // A refusal is told, and the question put again as it then stands.
            Err(Failure::Said(detail)) if detail.exit != exit::ENVIRONMENT => {
                Answered::Again(crate::failure::render(&context.look, &detail))
            }
            Err(failure) => return Err(failure),
        };
        match answered {
            Answered::Done(text) => self.screen.history(context, &text)?,
            Answered::Rejected(text) => {
                return self.screen.history(context, &text).map(|()| Some(exit::DONE));
            }
            Answered::Later => {
                self.put_off.insert(decision.clone());
                let text = context.look.finish(format!("Later: ganger inbox has {decision}.\n"));
                self.screen.history(context, &text)?;
            }
            Answered::Keep(prompt, text) => {
                self.prompt = Some(prompt);
                return self.screen.history(context, &text).map(|()| None);
            }
            Answered::Again(text) => self.screen.history(context, &text)?,
            Answered::Detach => return self.detach(context).map(Some),
        }
        self.touch();
        Ok(None)
    }

    fn paint(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let prompt = self.prompt.as_ref().map(Prompt::line);
        self.screen.paint(context, &self.item, prompt)
    }

    fn detach(&mut self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let handle = &self.item.head.handle;
        let text = format!("Detached from {handle}; agents go on. Attach again: ganger run {handle}\n");
        if context.json.is_none() {
            self.screen.history(context, &text)?;
        }
        Ok(exit::DETACHED)
    }

    /// Calls the person to this terminal.
    fn call(&self, context: &mut Context<'_>, occasion: Occasion, message: &str) -> Result<(), Failure> {
        if context.json.is_some() {
            return Ok(());
        }
        let attention = context.local.attention(occasion);
        let text = crate::attention::sequence(&context.environment, attention, &context.look, message);
        context.print(&text)
    }

    async fn end(&mut self, context: &mut Context<'_>, outcome: Outcome) -> Result<u8, Failure> {
        self.catch_up(context).await?;
        let (occasion, word) = match outcome {
            Outcome::Failed => (Occasion::Failed, "failed"),
            Outcome::Succeeded | Outcome::Archived => (Occasion::Finished, "is done"),
        };
        self.call(context, occasion, &format!("{} {word}", self.item.head.handle))?;
        let text = match &context.json {
            Some(_) => String::new(),
            None => render::item::end(&context.look, &self.item),
        };
        self.screen.history(context, &text)?;
        Ok(if outcome == Outcome::Succeeded { exit::DONE } else { exit::FAILED })
    }
}

/// The place of an event in the feed: its number, and which it is of those that one stored event gave.
fn place(cursor: &str) -> Option<(u64, u64)> {
    let (number, index) = cursor.split_once('.').unwrap_or((cursor, ""));
    // A number alone is behind all that the stored event gave.
    let index = if index.is_empty() { u64::MAX } else { index.parse().ok()? };
    Some((number.parse().ok()?, index))
}

/// What a wait is known by: its decision, else its words.
fn name(wait: &Wait) -> String {
    wait.decision.clone().unwrap_or_else(|| format!("{} {}", wait.kind.words(), wait.reason))
}
