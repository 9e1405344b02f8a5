//! What each action of a scenario really does.

use super::{Failure, Next, Turn};
use crate::agent::error;
use crate::raw;
use crate::scenario::{
    Action, Command, EndReason, OnFailure, PermissionChoice, QuestionPart, ToolKind, review_as_text,
    verdict_of,
};
use crate::text::{expand, expand_value};
use crate::tools::Answer;
use crate::worktree::Change;
use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{
    ContentBlock, ContentChunk, Cost, PermissionOption, PermissionOptionKind, Plan, PlanEntry,
    PlanEntryPriority, RequestPermissionOutcome, RequestPermissionRequest, SessionUpdate, ToolCall,
    ToolCallContent, ToolCallId, ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields, ToolKind as WireKind,
    UsageUpdate,
};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often a file that is waited for is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// Characters per piece of a text that is said in one.
const WHOLE: usize = usize::MAX;
/// The context window that usage reports claim.
const CONTEXT_SIZE: u64 = 200_000;

impl Turn {
    /// Does what a step says.
    pub(super) async fn play_step(&mut self, action: &Action, place: &str) -> Result<Next, Failure> {
        match action {
            Action::Say { text, chunk, repeat, pause_ms } => {
                self.say(text, *chunk, *repeat, Duration::from_millis(*pause_ms)).await?;
            }
            Action::Think { text } => {
                let text = expand(text, &self.names)?;
                self.update(SessionUpdate::AgentThoughtChunk(ContentChunk::new(ContentBlock::from(text))))?;
            }
            Action::Tool { title, kind, output, failed } => {
                let id = self.begin_tool(&expand(title, &self.names)?, *kind, None)?;
                self.end_tool(id, expand(output, &self.names)?, *failed)?;
            }
            Action::Write { .. } | Action::Append { .. } | Action::Edit { .. } | Action::Delete { .. } => {
                self.change(action)?;
            }
            Action::Run { command, on_failure, save } => {
                return self.run(command, *on_failure, save.as_ref()).await;
            }
            Action::Commit { message, paths } => self.commit(message, paths).await?,
            Action::Call { tool, arguments, save, on_failure } => {
                let arguments = expand_value(arguments, &self.names)?;
                let answer = self.call(tool, &arguments).await;
                return self.take(answer, save.as_ref(), *on_failure);
            }
            Action::SubmitPlan { documents, one_per_turn } => {
                return self.submit_plan(documents, *one_per_turn, place).await;
            }
            Action::DraftPlan { path, documents } => self.draft_plan(path, documents, place)?,
            Action::Ask { question, options, multi_select, questions, context, save, on_failure } => {
                let tool = if self.session.tools.offers("ask_user") { "ask_user" } else { "ask_foreman" };
                let one = question.as_ref().map(|question| QuestionPart {
                    question: question.clone(),
                    options: options.clone(),
                    multi_select: *multi_select,
                    recommended: None,
                });
                let arguments = ask_arguments(one.as_ref(), questions, context.as_ref());
                let arguments = expand_value(&arguments, &self.names)?;
                let answer = self.call(tool, &arguments).await;
                return self.take(answer, save.as_ref(), *on_failure);
            }
            Action::SubmitReview { verdict, critiques, as_text, on_failure } => {
                let verdict = verdict.as_deref().unwrap_or_else(|| verdict_of(critiques));
                if *as_text {
                    let text = review_as_text(verdict, critiques);
                    self.say(&text, WHOLE, 1, Duration::ZERO).await?;
                    return Ok(Next::Step);
                }
                let arguments = json!({ "verdict": verdict, "critiques": critiques });
                let answer = self.call("submit_review", &expand_value(&arguments, &self.names)?).await;
                return self.take(answer, None, *on_failure);
            }
            Action::ProposeAnswer { question_id, answer, confidence, as_text, on_failure } => {
                if *as_text {
                    let text = format!("{answer}\nCONFIDENCE: {confidence}");
                    self.say(&text, WHOLE, 1, Duration::ZERO).await?;
                    return Ok(Next::Step);
                }
                let number = question_id.map_or_else(|| asked_number(&self.prompt), Ok)?;
                let arguments = json!({ "question_id": number, "answer": answer, "confidence": confidence });
                let answer = self.call("propose_answer", &expand_value(&arguments, &self.names)?).await;
                return self.take(answer, None, *on_failure);
            }
            Action::Permission { title, options, on_failure } => {
                return self.ask_permission(title, options, *on_failure).await;
            }
            Action::Usage { input_tokens, output_tokens, cost_usd } => {
                let (input, output) = self.usage.unwrap_or_default();
                let (input, output) = (input + input_tokens, output + output_tokens);
                self.usage = Some((input, output));
                let mut update = UsageUpdate::new(input + output, CONTEXT_SIZE);
                if let Some(amount) = cost_usd {
                    update = update.cost(Cost::new(*amount, "USD"));
                }
                self.update(SessionUpdate::UsageUpdate(update))?;
            }
            Action::Plan { entries } => {
                let entries = entries.iter().map(|entry| {
                    PlanEntry::new(entry.text.clone(), PlanEntryPriority::Medium, entry.status.clone())
                });
                self.update(SessionUpdate::Plan(Plan::new(entries.collect())))?;
            }
            Action::WaitFor { path } => {
                let path = expand(path, &self.names)?;
                while !self.session.worktree.exists(&path) {
                    tokio::time::sleep(LOOK).await;
                }
            }
            Action::Pause { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Action::Hang { ignore_cancel } => {
                self.deaf.store(*ignore_cancel, Ordering::Relaxed);
                std::future::pending::<()>().await;
            }
            Action::Crash { exit_code } => {
                self.client.send_notification(raw::end(*exit_code)?)?;
                // The end comes when everything said before has been written.
                std::future::pending::<()>().await;
            }
            Action::Garbage { text } => {
                self.client.send_notification(raw::text(&expand(text, &self.names)?)?)?;
            }
            Action::Complain { text } => eprintln!("{}", expand(text, &self.names)?),
            Action::RateLimit { message, retry_after_s } => {
                let data = match retry_after_s {
                    Some(seconds) => json!({ "errorKind": "rate_limit", "retryAfter": seconds }),
                    None => json!({ "errorKind": "rate_limit" }),
                };
                return Err(Failure { error: error(message.clone()).data(data), wanted: true });
            }
            Action::Fail { message, code } => {
                let message = expand(message, &self.names)?;
                return Err(Failure { error: Error::new(*code, message), wanted: true });
            }
            Action::End { reason } => return Ok(Next::End(*reason)),
        }
        Ok(Next::Step)
    }

    async fn say(&mut self, text: &str, chunk: usize, repeat: u32, pause: Duration) -> Result<(), Failure> {
        let text = expand(text, &self.names)?;
        let characters: Vec<char> = text.chars().collect();
        for _ in 0..repeat {
            for piece in characters.chunks(chunk.max(1)) {
                let piece: String = piece.iter().collect();
                self.said.push_str(&piece);
                let chunk = ContentChunk::new(ContentBlock::from(piece));
                self.update(SessionUpdate::AgentMessageChunk(chunk))?;
                if pause.is_zero() {
                    // Lets the writer keep up, so that a long burst does not pile up in memory.
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(pause).await;
                }
            }
        }
        Ok(())
    }

    fn change(&mut self, action: &Action) -> Result<(), Failure> {
        let expand = |text: &str| expand(text, &self.names);
        let worktree = &self.session.worktree;
        let (verb, path, change) = match action {
            Action::Write { path, text } => {
                let path = expand(path)?;
                ("Write", path.clone(), worktree.write(&path, &expand(text)?)?)
            }
            Action::Append { path, text } => {
                let path = expand(path)?;
                ("Append to", path.clone(), worktree.append(&path, &expand(text)?)?)
            }
            Action::Edit { path, find, replace } => {
                let path = expand(path)?;
                ("Edit", path.clone(), worktree.edit(&path, &expand(find)?, &expand(replace)?)?)
            }
            Action::Delete { path } => {
                let path = expand(path)?;
                ("Delete", path.clone(), worktree.delete(&path)?)
            }
            other => return Err(Failure::from(format!("{other:?} is no change of a file"))),
        };
        if change == Change::Made {
            let id = self.begin_tool(&format!("{verb} {path}"), ToolKind::Edit, None)?;
            self.end_tool(id, String::new(), false)?;
        }
        Ok(())
    }

    async fn run(
        &mut self,
        command: &Command,
        on_failure: OnFailure,
        save: Option<&String>,
    ) -> Result<Next, Failure> {
        let (program, arguments, title) = match command {
            Command::Line(line) => {
                let line = expand(line, &self.names)?;
                ("sh".to_owned(), vec!["-c".to_owned(), line.clone()], line)
            }
            Command::Program(words) => {
                let words: Vec<String> =
                    words.iter().map(|word| expand(word, &self.names)).collect::<Result<_, _>>()?;
                let title = words.join(" ");
                let mut words = words.into_iter();
                let program = words.next().ok_or_else(|| "a command without a program".to_owned())?;
                (program, words.collect(), title)
            }
        };
        let id = self.begin_tool(&title, ToolKind::Execute, None)?;
        let finished = self.session.worktree.run(&program, &arguments, &[]).await?;
        let failed = !finished.status.success();
        let output = finished.output.strip_suffix('\n').unwrap_or(&finished.output).to_owned();
        self.end_tool(id, finished.output, failed)?;
        let sentence = format!("`{title}` ended with {}: {output}", finished.status);
        if let Some(name) = save {
            self.names.insert(name.clone(), output);
        }
        if failed { outcome(on_failure, sentence) } else { Ok(Next::Step) }
    }

    async fn commit(&mut self, message: &str, paths: &[String]) -> Result<(), Failure> {
        let message = expand(message, &self.names)?;
        let paths: Vec<String> =
            paths.iter().map(|path| expand(path, &self.names)).collect::<Result<_, _>>()?;
        let worktree = self.session.worktree.clone();
        if worktree.subjects().await?.contains(super::subject(&message)) {
            return Ok(());
        }
        let id = self.begin_tool(&format!("git commit: {message}"), ToolKind::Execute, None)?;
        let committed = worktree.commit(&message, &paths, &self.scenario.commits).await;
        let output = match &committed {
            Ok(Change::Made) => "committed".to_owned(),
            Ok(Change::WasThere) => "nothing to commit".to_owned(),
            Err(reason) => reason.clone(),
        };
        self.end_tool(id, output, committed.is_err())?;
        committed?;
        Ok(())
    }

    /// Calls a tool of an MCP server, and shows the call.
    async fn call(&mut self, tool: &str, arguments: &Value) -> Result<Answer, String> {
        let id = self.begin_tool(tool, ToolKind::Other, Some(arguments.clone()));
        let id = id.map_err(|failure| failure.error.message.clone())?;
        let answer = self.session.tools.call(tool, arguments).await;
        let (text, failed) = match &answer {
            Ok(answer) => (answer.text.clone(), answer.is_error),
            Err(reason) => (reason.clone(), true),
        };
        self.end_tool(id, text, failed).map_err(|failure| failure.error.message.clone())?;
        answer
    }

    /// Remembers an answer, and decides what an error means.
    fn take(
        &mut self,
        answer: Result<Answer, String>,
        save: Option<&String>,
        on_failure: OnFailure,
    ) -> Result<Next, Failure> {
        let (text, failed) = match answer {
            Ok(answer) => (answer.text, answer.is_error),
            Err(reason) => (reason, true),
        };
        for name in [Some(&"result".to_owned()), save].into_iter().flatten() {
            self.names.insert(name.clone(), text.clone());
        }
        if failed { outcome(on_failure, text) } else { Ok(Next::Step) }
    }

    async fn submit_plan(
        &mut self,
        documents: &[String],
        one_per_turn: bool,
        place: &str,
    ) -> Result<Next, Failure> {
        loop {
            let next = self.next_document(place);
            let Some(document) = documents.get(next) else {
                self.say("I have no better plan.", usize::MAX, 1, Duration::ZERO).await?;
                return Ok(Next::End(EndReason::EndTurn));
            };
            let document = expand(document, &self.names)?;
            let answer = self.call("submit_plan", &json!({ "document": document })).await?;
            self.names.insert("result".to_owned(), answer.text);
            if !answer.is_error {
                return Ok(Next::Step);
            }
            self.used_document(place, next)?;
            if one_per_turn {
                return Ok(Next::End(EndReason::EndTurn));
            }
        }
    }

    fn draft_plan(&mut self, path: &str, documents: &[String], place: &str) -> Result<(), Failure> {
        let next = self.next_document(place);
        let document = documents
            .get(next)
            .or(documents.last())
            .ok_or_else(|| "a step of a draft without documents".to_owned())?;
        let (path, text) = (expand(path, &self.names)?, expand(document, &self.names)?);
        self.change(&Action::Write { path, text })?;
        self.used_document(place, next)
    }

    /// Which document of this step is due: the conversation remembers, also when it was loaded.
    fn next_document(&self, place: &str) -> usize {
        self.session.conversation().documents.get(place).copied().unwrap_or(0)
    }

    fn used_document(&self, place: &str, index: usize) -> Result<(), Failure> {
        let mut conversation = self.session.conversation();
        conversation.documents.insert(place.to_owned(), index + 1);
        Ok(self.store.save(&conversation).map_err(|reason| crate::agent::not_stored(&reason))?)
    }

    async fn ask_permission(
        &mut self,
        title: &str,
        options: &[PermissionChoice],
        on_failure: OnFailure,
    ) -> Result<Next, Failure> {
        let title = expand(title, &self.names)?;
        self.tool_calls += 1;
        let id = ToolCallId::new(format!("call-{}", self.tool_calls));
        let fields = ToolCallUpdateFields::new().title(title.clone()).kind(WireKind::Execute);
        let mut choices: Vec<_> = options
            .iter()
            .map(|option| PermissionOption::new(option.id.clone(), option.name.clone(), option.kind))
            .collect();
        if choices.is_empty() {
            choices = vec![
                PermissionOption::new("allow-once", "Allow once", PermissionOptionKind::AllowOnce),
                PermissionOption::new("allow-always", "Allow always", PermissionOptionKind::AllowAlways),
                PermissionOption::new("reject-once", "Reject", PermissionOptionKind::RejectOnce),
            ];
        }
        let kinds = choices.clone();
        let update = ToolCallUpdate::new(id, fields);
        let request = RequestPermissionRequest::new(self.session.id.clone(), update, choices);
        let response = self.client.send_request(request).block_task().await?;
        let chosen = match response.outcome {
            RequestPermissionOutcome::Selected(selected) => Some(selected.option_id),
            _ => None,
        };
        let allowed = kinds.iter().any(|option| {
            Some(&option.option_id) == chosen.as_ref()
                && matches!(option.kind, PermissionOptionKind::AllowOnce | PermissionOptionKind::AllowAlways)
        });
        let word = chosen.map_or_else(|| "cancelled".to_owned(), |id| id.to_string());
        self.names.insert("permission".to_owned(), word.clone());
        if allowed { Ok(Next::Step) } else { outcome(on_failure, format!("{title}: {word}")) }
    }

    fn begin_tool(
        &mut self,
        title: &str,
        kind: ToolKind,
        input: Option<Value>,
    ) -> Result<ToolCallId, Failure> {
        let id = self.next_tool_call();
        let call = ToolCall::new(id.clone(), title)
            .kind(match kind {
                ToolKind::Read => WireKind::Read,
                ToolKind::Edit => WireKind::Edit,
                ToolKind::Search => WireKind::Search,
                ToolKind::Execute => WireKind::Execute,
                ToolKind::Fetch => WireKind::Fetch,
                ToolKind::Other => WireKind::Other,
            })
            .status(ToolCallStatus::InProgress)
            .raw_input(input);
        self.update(SessionUpdate::ToolCall(call))?;
        Ok(id)
    }

    fn end_tool(&self, id: ToolCallId, output: String, failed: bool) -> Result<(), Failure> {
        let status = if failed { ToolCallStatus::Failed } else { ToolCallStatus::Completed };
        let mut fields = ToolCallUpdateFields::new().status(status);
        if !output.is_empty() {
            fields = fields.content(vec![ToolCallContent::from(ContentBlock::from(output))]);
        }
        self.update(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(id, fields)))
    }
}

/// The arguments of a question.
fn ask_arguments(one: Option<&QuestionPart>, parts: &[QuestionPart], context: Option<&String>) -> Value {
    let mut arguments = match one {
        Some(one) => json!(one),
        None => json!({}),
    };
    if !parts.is_empty() {
        arguments["questions"] = json!(parts);
    }
    if let Some(context) = context {
        arguments["context"] = json!(context);
    }
    arguments
}

/// The number of the question that a prompt of the Foreman is about: of its last heading, since older questions
/// may stand before it.
fn asked_number(prompt: &str) -> Result<u32, String> {
    let mut headings = prompt.lines().filter_map(|line| line.strip_prefix("# Question "));
    let number =
        headings.next_back().and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    number.ok_or_else(|| "the prompt holds no heading \"# Question NUMBER\": give question_id".to_owned())
}

/// What a failure of a step does to the turn.
fn outcome(on_failure: OnFailure, sentence: String) -> Result<Next, Failure> {
    match on_failure {
        OnFailure::Fail => Err(Failure::from(sentence)),
        OnFailure::GoOn => Ok(Next::Step),
        OnFailure::End => Ok(Next::End(EndReason::EndTurn)),
    }
}
