//! What `run` asks on a terminal.

use super::super::{answer, edit};
use crate::context::Context;
use crate::failure::Failure;
use crate::look::cut;
use crate::render;
use ganger_api::command::ItemCommand;
use ganger_api::decision::Decision;
use ganger_api::event::FeedEvent;
use ganger_api::plan::{PlanState, PlanView};
use ganger_api::question::{QuestionPart, QuestionView};
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

    /// Whether an event tells something new about what is asked: the Foreman has thought again.
    pub(super) fn is_overtaken(&self, event: &FeedEvent) -> bool {
        let asked = self.decision.question.as_ref().map(|question| question.id.as_str());
        event.name == "agent_question.proposed" && event.data["question"].as_str() == asked
    }

    /// The line at which the person types.
    pub(super) fn line(&self) -> String {
        if self.plan.is_some() {
            let choices = ["approve", "read", "edit", "drop", "revise", "reject", "later"];
            let letters = ["y", "v", "e", "d", "r", "n", "l"];
            let choices = letters.iter().zip(choices).map(|(letter, word)| format!("[{letter}] {word}"));
            return held(choices, " ");
        }
        let mut choices = match &self.decision.question {
            Some(question) => of_question(question),
            None => self.of_decision(),
        };
        if self.decision.takes_text {
            choices.push("e write".into());
        }
        choices.push("l later".into());
        held(std::iter::once(self.decision.handle.clone()).chain(choices), "  ")
    }

    /// The words for a decision that is no question; the critiques that can be waived among them.
    fn of_decision(&self) -> Vec<String> {
        let mut words: Vec<String> =
            self.decision.options.iter().map(|option| bracketed(&option.choice)).collect();
        let blocking: Vec<&str> = self.blocking();
        if !blocking.is_empty() {
            let place = words.len().min(1);
            words.insert(place, format!("[w] waive {}", blocking.join(" ")));
        }
        words
    }

    fn blocking(&self) -> Vec<&str> {
        let critiques = self.decision.critiques.iter().filter(|critique| critique.blocks());
        critiques.map(|critique| critique.handle.as_str()).collect()
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
            ("n" | "no", Some(plan)) => {
                let text = Some(rest.trim().to_owned()).filter(|text| !text.is_empty());
                let result = context.command(&self.item, ItemCommand::Reject { text }).await?;
                let text = render::result::result(&context.look, &result);
                // Where another version stands, its work goes on.
                let stands = plan.versions.iter().any(|version| version.state == PlanState::Approved);
                return Ok(if stands { Answered::Done(text) } else { Answered::Rejected(text) });
            }
            ("d" | "drop", Some(plan)) => {
                let name = rest.trim();
                if name.is_empty() {
                    let parts = plan.waves.iter().flatten().map(|part| part.repository.as_str());
                    let parts = parts.collect::<Vec<_>>().join(", ");
                    let text = format!("Which repository? Type d and one of {parts}.\n");
                    return Ok(Answered::Keep(self, context.look.finish(text)));
                }
                let target = format!("{}/{name}", self.item);
                context.command(&target, ItemCommand::Drop { target: target.clone() }).await?
            }
            ("r" | "revise", _) => {
                let text = rest.trim().to_owned();
                if text.is_empty() {
                    let text = "What is to be different? Type r and the words.\n".to_owned();
                    return Ok(Answered::Keep(self, context.look.finish(text)));
                }
                let target = self.item.clone();
                context.command(&self.item, ItemCommand::Revise { target, text }).await?
            }
            ("e", _) => edit::in_editor(context, &self.item).await?,
            ("v", Some(plan)) => {
                let text = render::plan::document(&context.look, plan);
                return Ok(Answered::Keep(self, text));
            }
            _ => {
                let text = format!("`{line}` is none of y, v, e, d, r, n, l; words may follow d, r and n.\n");
                return Ok(Answered::Keep(self, context.look.finish(text)));
            }
        };
        Ok(Answered::Done(render::result::result(&context.look, &result)))
    }

    async fn take_answer(self, context: &mut Context<'_>, line: &str) -> Result<Answered, Failure> {
        let decision = self.decision.handle.clone();
        let (word, rest) = line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()));
        if line == "e" {
            let written = answer::write(context, &decision).await?;
            let Some(words) = written.drop_empty()? else {
                return Ok(Answered::Keep(self, "The text is empty; nothing was answered.\n".into()));
            };
            let command = ItemCommand::Answer { decision, text: words.text.clone(), choices: Vec::new() };
            let result = words.send(context, &self.decision.handle, command).await?;
            return Ok(Answered::Done(render::result::result(&context.look, &result)));
        }
        let command = match &self.decision.question {
            Some(question) => on_question(question, &decision, line, word, rest),
            None => self.on_decision(line, word, rest),
        };
        let (address, command) = match command {
            Ok(command) => command,
            Err(text) => return Ok(Answered::Keep(self, context.look.finish(text + "\n"))),
        };
        let result = context.command(&address, command).await?;
        let text = render::result::result(&context.look, &result);
        Ok(match settles(&self.decision, &address) {
            true => Answered::Done(text),
            false => Answered::Again(text),
        })
    }

    /// What a line means for a decision that is no question: the first letter of a choice or the whole word, with
    /// words behind it; `w` waives. The address that is spoken to comes with it, or a sentence.
    fn on_decision(&self, line: &str, word: &str, rest: &str) -> Result<(String, ItemCommand), String> {
        let decision = self.decision.handle.clone();
        let blocking = self.blocking();
        if matches!(word, "w" | "waive") && !blocking.is_empty() {
            let (named, because) = rest.split_once(' ').unwrap_or((rest, ""));
            let critique = match blocking.as_slice() {
                _ if blocking.contains(&named) => named,
                [only] if rest.is_empty() => only,
                several => return Err(format!("Which one? Type w and one of {}.", several.join(", "))),
            };
            let because = Some(because.trim().to_owned()).filter(|because| !because.is_empty());
            let critique = critique.to_owned();
            return Ok((critique.clone(), ItemCommand::Waive { critique, because }));
        }
        let meant = |choice: &str| choice == word || choice.get(..1) == Some(word);
        let text = Some(rest.to_owned()).filter(|rest| !rest.is_empty());
        if let Some(option) = self.decision.options.iter().find(|option| meant(&option.choice)) {
            if option.choice == "tell" && text.is_none() {
                return Err("What is the agent to be told? Type t and the words, or e for an editor.".into());
            }
            let choices = vec![option.choice.clone()];
            return Ok((decision.clone(), ItemCommand::Answer { decision, text, choices }));
        }
        if self.decision.takes_text && line.contains(' ') {
            let text = Some(line.to_owned());
            return Ok((decision.clone(), ItemCommand::Answer { decision, text, choices: Vec::new() }));
        }
        let choices: Vec<_> = self.decision.options.iter().map(|option| option.choice.as_str()).collect();
        Err(format!("`{line}` is none of {}.", choices.join(", ")))
    }
}

/// Choices with the sign behind which the person types; a line may end between them, and nowhere else.
fn held(choices: impl Iterator<Item = String>, between: &str) -> String {
    let choices = choices.map(|choice| choice.replace(' ', "\u{a0}"));
    format!("{}\u{a0}›", choices.collect::<Vec<_>>().join(between))
}

/// Whether nothing is left of a decision once this address was spoken to: a waived critique may leave others.
fn settles(decision: &Decision, address: &str) -> bool {
    decision.handle == address
}

/// `[t] tell`
fn bracketed(choice: &str) -> String {
    let letter: String = choice.chars().take(1).collect();
    format!("[{letter}] {choice}")
}

/// The words for a question.
fn of_question(question: &QuestionView) -> Vec<String> {
    let mut words: Vec<String> = match question.parts.as_slice() {
        [part] => part.options.iter().map(|option| format!("{} {}", option.choice, option.label)).collect(),
        parts => {
            let example: Vec<String> = parts.iter().map(|_| "1".to_owned()).collect();
            vec![format!("one choice for each part, such as {}", example.join(" "))]
        }
    };
    if let Some(proposal) = &question.proposal {
        let answer = proposal.answer.lines().next().unwrap_or_default();
        words.push(format!("p Foreman, {}: {}", proposal.confidence.words(), cut(answer, 30)));
    }
    words.push("s skip".into());
    words
}

/// Whether a word names an option of a part: its number, its letter, or its label; several with commas between them.
fn is_choice(part: &QuestionPart, word: &str) -> bool {
    let one = |word: &str| {
        let letter = |index: usize| {
            u8::try_from(index)
                .ok()
                .and_then(|index| b'a'.checked_add(index))
                .map(char::from)
                .map(String::from)
        };
        part.options.iter().enumerate().any(|(index, option)| {
            option.choice == word
                || option.label.eq_ignore_ascii_case(word)
                || letter(index).is_some_and(|letter| letter == word)
        })
    };
    one(word) || (part.multi_select && word.split(',').map(str::trim).all(one))
}

/// What a line means for a question: a choice, `p`, `s`, `discuss` with words for the Foreman, else an answer in
/// words.
fn on_question(
    question: &QuestionView,
    decision: &str,
    line: &str,
    word: &str,
    rest: &str,
) -> Result<(String, ItemCommand), String> {
    let decision = decision.to_owned();
    let command = match (word, question.parts.as_slice()) {
        ("p", _) if rest.is_empty() && question.proposal.is_some() => {
            ItemCommand::AnswerAsProposed { decision: decision.clone() }
        }
        ("s" | "skip", _) if rest.is_empty() => ItemCommand::Skip { decision: decision.clone(), text: None },
        ("discuss", _) if !rest.is_empty() => {
            ItemCommand::Discuss { decision: decision.clone(), text: rest.to_owned() }
        }
        (_, [part]) => {
            let chosen = is_choice(part, line);
            // A lone number or letter is a slip, not an answer.
            if !chosen && line.chars().count() == 1 {
                return Err(format!("`{line}` is none of the choices."));
            }
            ItemCommand::Answer {
                decision: decision.clone(),
                text: (!chosen).then(|| line.to_owned()),
                choices: if chosen { vec![line.to_owned()] } else { Vec::new() },
            }
        }
        (_, parts) => {
            let words: Vec<&str> = line.split_whitespace().collect();
            let chosen = words.len() == parts.len()
                && parts.iter().zip(&words).all(|(part, word)| is_choice(part, word));
            ItemCommand::Answer {
                decision: decision.clone(),
                text: (!chosen).then(|| line.to_owned()),
                choices: if chosen { words.into_iter().map(str::to_owned).collect() } else { Vec::new() },
            }
        }
    };
    Ok((decision, command))
}
