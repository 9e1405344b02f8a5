//! What `run` asks on a terminal.

use super::super::{answer, edit};
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::command::ItemCommand;
use ganger_api::decision::Decision;
use ganger_api::plan::PlanView;
use ganger_api::routes;
use ganger_api::wait::WaitKind;

/// A decision that is put to the person.
pub(super) struct Prompt {
    item: String,
    decision: Decision,
    /// For a plan: the one that the person has before them.
    plan: Option<PlanView>,
}

/// What came of a line.
pub(super) enum Answered {
    /// It is decided; the words for the history.
    Done(String),
    /// The plan is rejected: there is nothing left to follow.
    Rejected(String),
    /// Not now.
    Later,
    /// Something was shown, and the prompt stays.
    Keep(Prompt, String),
    /// Nothing was decided; the question is put again as it then stands.
    Again(String),
    /// The person leaves.
    Detach,
}

impl Prompt {
    /// Reads a decision, and gives the text that it is put with.
    pub(super) async fn open(
        context: &mut Context<'_>,
        item: &str,
        decision: &str,
    ) -> Result<(Self, String), Failure> {
        let decision: Decision = context.get(&routes::fill(routes::DECISION, decision)).await?;
        let (plan, text) = if decision.kind == WaitKind::Plan {
            let plan: PlanView = context.about(routes::PLAN, item).await?;
            let text = render::plan::summary(&context.look, &plan);
            (Some(plan), text)
        } else {
            (None, render::decision::decision(&context.look, &decision))
        };
        Ok((Self { item: item.to_owned(), decision, plan }, text))
    }

    /// The decision's handle.
    pub(super) fn handle(&self) -> &str {
        &self.decision.handle
    }

    /// The line at which the person types.
    pub(super) fn line(&self) -> String {
        if self.plan.is_some() {
            return "[y] approve  [v] read  [e] edit  [n] reject  [l] later ›".into();
        }
        let mut choices: Vec<String> = self
            .decision
            .options
            .iter()
            .map(|option| format!("{} {}", option.choice, option.label))
            .collect();
        if self.decision.takes_text {
            choices.push("e write".into());
        }
        choices.push("l later".into());
        format!("{}  {} ›", self.decision.handle, choices.join("  "))
    }

    /// Takes what the person typed.
    pub(super) async fn take(self, context: &mut Context<'_>, line: &str) -> Result<Answered, Failure> {
        match line {
            "" => return Ok(Answered::Keep(self, String::new())),
            "l" | "later" => return Ok(Answered::Later),
            "q" => return Ok(Answered::Detach),
            _ => {}
        }
        match &self.plan {
            Some(_) => self.take_plan(context, line).await,
            None => self.take_answer(context, line).await,
        }
    }

    async fn take_plan(self, context: &mut Context<'_>, line: &str) -> Result<Answered, Failure> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let result = match (word, &self.plan) {
            ("y" | "yes", Some(plan)) => {
                let digest = Some(plan.plan.digest.clone());
                context.command(&self.item, ItemCommand::Approve { digest }).await?
            }
            ("n" | "no", _) => {
                let text = Some(rest.trim().to_owned()).filter(|text| !text.is_empty());
                let result = context.command(&self.item, ItemCommand::Reject { text }).await?;
                return Ok(Answered::Rejected(render::result::result(&context.look, &result)));
            }
            ("e", _) => edit::in_editor(context, &self.item).await?,
            ("v", Some(plan)) => {
                let text = render::plan::document(&context.look, plan);
                return Ok(Answered::Keep(self, text));
            }
            _ => {
                let text = format!("`{line}` is none of y, v, e, n, l; a reason may follow n.\n");
                return Ok(Answered::Keep(self, context.look.finish(text)));
            }
        };
        Ok(Answered::Done(render::result::result(&context.look, &result)))
    }

    async fn take_answer(self, context: &mut Context<'_>, line: &str) -> Result<Answered, Failure> {
        let choice = self.decision.options.iter().find(|option| option.choice == line);
        let mut draft = None;
        let (text, choice) = match choice {
            Some(option) => (None, Some(option.choice.clone())),
            None if !self.decision.takes_text => {
                let choices: Vec<_> =
                    self.decision.options.iter().map(|option| option.choice.as_str()).collect();
                let text = format!("`{line}` is none of {}.\n", choices.join(", "));
                return Ok(Answered::Keep(self, context.look.finish(text)));
            }
            None if line == "e" => {
                let (kept, text) = answer::write(context, self.handle())?;
                if text.trim().is_empty() {
                    kept.remove()?;
                    return Ok(Answered::Keep(self, "The text is empty; nothing was answered.\n".into()));
                }
                draft = Some(kept);
                (Some(text.trim().to_owned()), None)
            }
            None => (Some(line.to_owned()), None),
        };
        let decision = self.decision.handle.clone();
        let result =
            context.command(&decision, ItemCommand::Answer { decision: decision.clone(), text, choice });
        let result = result.await?;
        if let Some(draft) = draft {
            draft.remove()?;
        }
        Ok(Answered::Done(render::result::result(&context.look, &result)))
    }
}
