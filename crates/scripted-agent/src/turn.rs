//! One turn: finds the rule for a prompt and plays its steps.

mod play;

use crate::agent::{Session, cancelled, error, not_stored};
use crate::scenario::{Action, Contains, EndReason, Guard, Rule, Scenario, SessionKind, When};
use crate::state::{Said, Store};
use crate::text::{Names, capture, expand};
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    PromptResponse, SessionNotification, SessionUpdate, StopReason, ToolCallId, Usage,
};
use agent_client_protocol::{Client, Error};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// A turn that is played.
pub(crate) struct Turn {
    scenario: Arc<Scenario>,
    store: Arc<Store>,
    session: Arc<Session>,
    client: ConnectionTo<Client>,
    prompt: String,
    names: Names,
    /// Tokens read and written, once any were reported.
    usage: Option<(u64, u64)>,
    said: String,
    tool_calls: u32,
    /// Set by a hang that ignores cancellation.
    deaf: Arc<AtomicBool>,
}

/// What a step means for the turn.
enum Next {
    Step,
    End(EndReason),
}

impl Turn {
    pub(crate) fn new(
        scenario: Arc<Scenario>,
        store: Arc<Store>,
        session: Arc<Session>,
        client: ConnectionTo<Client>,
        prompt: String,
    ) -> Self {
        let names = Names::from([
            ("directory".to_owned(), session.worktree.directory.display().to_string()),
            ("repository".to_owned(), session.worktree.name()),
            ("session".to_owned(), session.id.to_string()),
        ]);
        Self {
            scenario,
            store,
            session,
            client,
            prompt,
            names,
            usage: None,
            said: String::new(),
            tool_calls: 0,
            deaf: Arc::default(),
        }
    }

    /// Plays the turn to its end, or to its cancellation, which drops whatever is going on.
    pub(crate) async fn play(mut self, mut cancel: watch::Receiver<bool>) -> Result<PromptResponse, Error> {
        let (deaf, session, store) =
            (Arc::clone(&self.deaf), Arc::clone(&self.session), Arc::clone(&self.store));
        // The prompt is stored before anything is done for it: a loaded conversation knows it.
        store.save(&session.conversation()).map_err(|reason| not_stored(&reason))?;
        let result = {
            let mut steps = std::pin::pin!(self.steps());
            let first = tokio::select! {
                result = &mut steps => Some(result),
                _ = cancel.wait_for(|cancelled| *cancelled) => None,
            };
            match first {
                Some(result) => result.map(Some),
                None if deaf.load(Ordering::Relaxed) => steps.await.map(Some),
                None => Ok(None),
            }
        };
        let said = std::mem::take(&mut self.said);
        if !said.is_empty() {
            session.conversation().said.push(Said { by_client: false, text: said });
        }
        store.save(&session.conversation()).map_err(|reason| not_stored(&reason))?;
        let Some(reason) = result? else { return Ok(cancelled()) };
        let mut response = PromptResponse::new(match reason {
            EndReason::EndTurn => StopReason::EndTurn,
            EndReason::MaxTokens => StopReason::MaxTokens,
            EndReason::MaxTurnRequests => StopReason::MaxTurnRequests,
            EndReason::Refusal => StopReason::Refusal,
        });
        if let Some((input, output)) = self.usage {
            response = response.usage(Usage::new(input + output, input, output));
        }
        Ok(response)
    }

    /// Plays the steps of the rule that fits.
    async fn steps(&mut self) -> Result<EndReason, Error> {
        let scenario = Arc::clone(&self.scenario);
        let fitting = scenario.rules.iter().enumerate().find(|(_, rule)| self.fits(&rule.when));
        let (index, rule) = fitting.ok_or_else(|| {
            error(format!("no rule of the scenario fits this prompt in {}", self.session.worktree.name()))
        })?;
        let label = rule.label(index);
        self.play_rule(rule, &label).await.map_err(|failure| failure.error)
    }

    async fn play_rule(&mut self, rule: &Rule, label: &str) -> Result<EndReason, Failure> {
        for (name, piece) in &rule.capture {
            let found = capture(&self.prompt, piece).ok_or_else(|| {
                format!("{label} captures {name}, but the prompt does not hold {:?}", piece.after)
            })?;
            self.names.insert(name.clone(), found);
        }
        let first = self.first_step(rule).await?;
        for (index, step) in rule.steps.iter().enumerate() {
            // What lies before the last commit that is there was done. Only answers that later steps use are
            // asked for again: whoever answers knows the question.
            let needed = matches!(
                &step.action,
                Action::Call { save: Some(_), .. } | Action::Ask { save: Some(_), .. }
            );
            if (index < first && !needed) || !self.is_due(&step.guard).await? {
                continue;
            }
            let place = format!("{label} step {}", index + 1);
            match self.play_step(&step.action, &place).await {
                Ok(Next::Step) => {}
                Ok(Next::End(reason)) => return Ok(reason),
                Err(failure) => return Err(failure.at(&place)),
            }
        }
        Ok(EndReason::EndTurn)
    }

    /// The step behind the last commit step whose commit is there.
    async fn first_step(&self, rule: &Rule) -> Result<usize, Failure> {
        if !rule.steps.iter().any(|step| matches!(step.action, Action::Commit { .. })) {
            return Ok(0);
        }
        let subjects = self.session.worktree.subjects().await?;
        let mut first = 0;
        for (index, step) in rule.steps.iter().enumerate() {
            // A message with an answer in it is known only later; that commit is then recognised by its step.
            if let Action::Commit { message, .. } = &step.action
                && let Ok(message) = expand(message, &self.names)
                && subjects.contains(subject(&message))
            {
                first = index + 1;
            }
        }
        Ok(first)
    }

    fn fits(&self, when: &When) -> bool {
        let worktree = &self.session.worktree;
        let prompts = self.session.conversation().prompts();
        let holds = |it: &Contains| worktree.contains(&it.path, &it.text).unwrap_or(false);
        let is_kind = |kind: SessionKind| {
            let (tool, other) = kind.tools();
            let tools = &self.session.tools;
            tools.offers(tool) && !other.is_some_and(|other| tools.offers(other))
        };
        when.prompt_contains.iter().all(|text| self.prompt.contains(text))
            && !when.prompt_lacks.iter().any(|text| self.prompt.contains(text))
            && when.conversation_contains.iter().all(|text| prompts.contains(text))
            && when.repository.as_ref().is_none_or(|name| *name == worktree.name())
            && when
                .directory_contains
                .as_ref()
                .is_none_or(|text| worktree.directory.to_string_lossy().contains(text.as_str()))
            && when.kind.is_none_or(is_kind)
            && when.file_contains.iter().all(holds)
            && !when.file_lacks.iter().any(holds)
            && when.tool.as_ref().is_none_or(|name| self.session.tools.offers(name))
            && when.without_tool.as_ref().is_none_or(|name| !self.session.tools.offers(name))
    }

    async fn is_due(&self, guard: &Guard) -> Result<bool, Failure> {
        let worktree = &self.session.worktree;
        let text = |text: &Option<String>| text.as_ref().map(|text| expand(text, &self.names)).transpose();
        let file = |path: Option<String>| path.map(|path| worktree.exists(&path));
        let prompt = |text: Option<String>| text.map(|text| self.prompt.contains(&text));
        let contains = |it: &Option<crate::scenario::Contains>| {
            it.as_ref()
                .map(|it| worktree.contains(&expand(&it.path, &self.names)?, &expand(&it.text, &self.names)?))
                .transpose()
        };
        let subjects = if guard.unless_commit.is_some() || guard.if_commit.is_some() {
            worktree.subjects().await?
        } else {
            BTreeSet::new()
        };
        let commit = |message: Option<String>| message.map(|message| subjects.contains(subject(&message)));
        let unless = [
            file(text(&guard.unless_file)?),
            commit(text(&guard.unless_commit)?),
            contains(&guard.unless_contains)?,
            prompt(text(&guard.unless_prompt)?),
        ];
        let only_if = [
            file(text(&guard.if_file)?),
            commit(text(&guard.if_commit)?),
            contains(&guard.if_contains)?,
            prompt(text(&guard.if_prompt)?),
        ];
        if unless.contains(&Some(true)) || only_if.contains(&Some(false)) {
            return Ok(false);
        }
        // Last, so that a step left out for another reason is not noted as done.
        match text(&guard.once)? {
            Some(name) => self
                .store
                .begin_once(&name)
                .map_err(|reason| Failure::from(format!("{name:?} cannot be noted as done: {reason}"))),
            None => Ok(true),
        }
    }

    fn update(&self, update: SessionUpdate) -> Result<(), Failure> {
        Ok(self.client.send_notification(SessionNotification::new(self.session.id.clone(), update))?)
    }

    fn next_tool_call(&mut self) -> ToolCallId {
        self.tool_calls += 1;
        ToolCallId::new(format!("call-{}", self.tool_calls))
    }
}

/// The first line of a commit's message.
fn subject(message: &str) -> &str {
    message.lines().next().unwrap_or("")
}

/// Why a turn ends with an error.
struct Failure {
    error: Error,
    /// Whether the scenario wants exactly this error.
    wanted: bool,
}

impl Failure {
    /// The same, saying where in the scenario, unless it is wanted as it is.
    fn at(self, place: &str) -> Self {
        if self.wanted {
            return self;
        }
        Self { error: error(format!("{place}: {}", self.error.message)), wanted: false }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, wanted: false }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::from(error(message))
    }
}
