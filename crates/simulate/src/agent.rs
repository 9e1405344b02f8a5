//! Agent programs: each a process that speaks the Agent Client Protocol in JSON lines, more or less.

use crate::git::{BUG, FLAKY, SECRET};
use crate::hosts::HostKey;
use crate::invariant::Invariant;
use crate::plans;
use crate::script::{Deed, Expects};
use crate::world::{Happening, World};
use ganger_core::agent::ToolAnswer;
use ganger_core::ids::SessionId;
use ganger_core::journal::ExitStatus;
use ganger_core::message::Address;
use ganger_core::question::QuestionText;
use ganger_core::review::Finding;
use ganger_core::session::SessionKind;
use ganger_core::work_item::decision::Choice;
use ganger_core::work_item::state::PermissionPolicy;
use ganger_orchestrator::kernel::item::ToolCall;
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};

/// How a program behaves before its first turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Temper {
    Fine,
    Hangs,
    Crashes,
    SpeaksGarbage,
    WrongVersion,
    Refuses,
}

/// A call that the bridge holds.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: String,
    name: &'static str,
    arguments: Value,
    /// What the answer must say.
    expects: Expects,
}

/// A process.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) host: HostKey,
    pub(crate) item: Address,
    pub(crate) session: SessionId,
    pub(crate) incarnation: u64,
    pub(crate) kind: SessionKind,
    pub(crate) repository: Option<String>,
    temper: Temper,
    stubborn: bool,
    loads: bool,
    inbox: Vec<u8>,
    /// The request that an open turn answers.
    pub(crate) turn: Option<Value>,
    script: VecDeque<Deed>,
    pub(crate) call: Option<Call>,
    /// What it said in its turn.
    pub(crate) said: String,
    /// What a reviewer means by that.
    pub(crate) findings: Option<Vec<Finding>>,
    /// The number of the question that the Foreman's turn is for.
    pub(crate) number: Option<u32>,
    /// A permission that is waited for: its id and title.
    permission: Option<(u64, String, Vec<String>)>,
    seen: BTreeSet<u64>,
    next_id: u64,
    /// What it says that it has cost so far, in millionths of a US dollar; none where it says nothing.
    cost: Option<u64>,
}

fn update(text: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "n",
        "update": {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}}})
}

fn tool_update(kind: &str, id: &str, name: &str, status: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "n",
        "update": {"sessionUpdate": kind, "toolCallId": id, "title": name, "status": status}}})
}

impl World {
    pub(crate) fn agent_starts(&mut self, process: u64, host: HostKey) {
        let Some(known) = self.hosts.get(&host) else { return };
        let (item, kind, repository) = (known.item, known.kind, known.repository.clone());
        let rate = self.faults.agent / 3;
        let temper = if self.fails(rate) {
            let tempers = [
                Temper::Hangs,
                Temper::Crashes,
                Temper::SpeaksGarbage,
                Temper::WrongVersion,
                Temper::Refuses,
            ];
            self.random.pick(&tempers).copied().unwrap_or(Temper::Fine)
        } else {
            Temper::Fine
        };
        let agent = Agent {
            host,
            item,
            session: host.0,
            incarnation: host.1,
            kind,
            repository,
            temper,
            stubborn: self.random.chance(200),
            loads: self.random.chance(600),
            inbox: Vec::new(),
            turn: None,
            script: VecDeque::new(),
            call: None,
            said: String::new(),
            findings: None,
            number: None,
            permission: None,
            seen: BTreeSet::new(),
            next_id: 0,
            cost: (self.settings.budget_usd_micros.is_some() || self.random.chance(300)).then_some(0),
        };
        self.check_incarnations(&agent);
        self.agents.insert(process, agent);
        if temper == Temper::Crashes {
            self.agent_ends(process, ExitStatus { code: Some(3), signal: None });
        }
    }

    fn write(&mut self, process: u64, message: &Value) {
        self.write_line(process, format!("{message}\n"));
    }

    fn write_line(&mut self, process: u64, line: String) {
        let Some(agent) = self.agents.get(&process) else { return };
        let host = agent.host;
        if self.hosts.get(&host).is_none_or(|known| known.agent != Some(process)) {
            // Nobody reads the pipe of an orphan: it dies of it, sooner or later.
            if self.random.chance(400) {
                self.agents.remove(&process);
            }
            return;
        }
        let mut bytes = line.into_bytes();
        if bytes.len() > 4 && self.random.chance(100) {
            let cut = self.random.within(1, bytes.len() as u64 - 1) as usize;
            let rest = bytes.split_off(cut);
            self.agent_wrote(host, false, bytes);
            self.agent_wrote(host, false, rest);
        } else {
            self.agent_wrote(host, false, bytes);
        }
    }

    pub(crate) fn agent_bytes(&mut self, process: u64, bytes: &[u8]) {
        let Some(agent) = self.agents.get_mut(&process) else { return };
        agent.inbox.extend_from_slice(bytes);
        loop {
            let Some(agent) = self.agents.get_mut(&process) else { return };
            let Some(end) = agent.inbox.iter().position(|byte| *byte == b'\n') else { return };
            let line: Vec<u8> = agent.inbox.drain(..=end).collect();
            match serde_json::from_slice::<Value>(&line) {
                Ok(message) => self.agent_reads(process, &message),
                Err(error) => {
                    let text = format!("an agent was written what is no message ({error})");
                    self.violate(Invariant::PromptOnce, text);
                    return;
                }
            }
        }
    }

    fn agent_reads(&mut self, process: u64, message: &Value) {
        let Some(agent) = self.agents.get_mut(&process) else { return };
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let id = message["id"].clone();
        if let Some(number) = id.as_u64()
            && !method.is_empty()
            && !agent.seen.insert(number)
        {
            self.violate(
                Invariant::PromptOnce,
                format!("an agent was written request {number} ({method}) twice"),
            );
            return;
        }
        let (temper, loads) = (agent.temper, agent.loads);
        let answer = |result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result});
        let refusal =
            |text: &str| json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32000, "message": text}});
        match method.as_str() {
            "initialize" => match temper {
                Temper::Hangs => {}
                Temper::WrongVersion => self.write(process, &answer(json!({"protocolVersion": 9}))),
                _ => {
                    if temper == Temper::SpeaksGarbage {
                        self.write_line(process, "Welcome to the agent!\n\u{1b}[31mready\n".to_owned());
                    }
                    let result = json!({"protocolVersion": 1, "agentCapabilities": {"loadSession": loads},
                        "agentInfo": {"name": "fake"}});
                    self.write(process, &answer(result));
                }
            },
            "session/new" if temper == Temper::Refuses => self.write(process, &refusal("log in first")),
            "session/new" => {
                let native = format!("native-{process}");
                self.write(process, &answer(json!({"sessionId": native})));
            }
            "session/load" => {
                if self.random.chance(200) {
                    self.write(process, &refusal("no such session"));
                } else {
                    self.write(process, &update("what was said before"));
                    self.write(process, &answer(json!({})));
                }
            }
            "session/prompt" => self.agent_prompted(process, id.clone()),
            "session/cancel" => {
                let Some(agent) = self.agents.get_mut(&process) else { return };
                agent.script.clear();
                agent.script.push_back(Deed::End(json!({"stopReason": "cancelled"})));
                agent.call = None;
                agent.permission = None;
                self.soon(500, Happening::AgentStep { process });
            }
            "" => self.agent_permitted(process, message),
            _ => {}
        }
    }

    fn agent_prompted(&mut self, process: u64, id: Value) {
        let Some(agent) = self.agents.get(&process) else { return };
        if agent.turn.is_some() {
            self.violate(Invariant::PromptOnce, "an agent was prompted in the middle of a turn");
            return;
        }
        let (kind, calm, item, session) = (agent.kind, self.calm, agent.item, agent.session);
        let names: Vec<String> = self
            .shadow
            .item(item)
            .map(|item| item.planning.bases.iter().map(|base| base.name.clone()).collect())
            .unwrap_or_default();
        self.check_adviser(process);
        let asker = session.to_string();
        let number = self.asked_number(item, session);
        let script = match kind {
            SessionKind::Planning if calm => {
                let document = plans::valid(&mut self.random, &names);
                vec![Deed::Say, Deed::Submit { document, valid: true }]
            }
            SessionKind::Planning => self.planning_script(&names, &asker),
            SessionKind::Implementation if calm => vec![Deed::Say, Deed::Mend],
            SessionKind::Implementation => self.implementation_script(&asker),
            SessionKind::Review if calm => Self::calm_review_script(),
            SessionKind::Review => self.review_script(item, session),
            SessionKind::Foreman => self.foreman_script(item, session),
        };
        let end = self.turn_end();
        if let Some(agent) = self.agents.get_mut(&process) {
            agent.turn = Some(id);
            agent.said.clear();
            agent.findings = None;
            agent.number = number;
            agent.script = script.into();
            agent.script.push_back(Deed::End(end));
        }
        self.soon(2_000, Happening::AgentStep { process });
    }

    pub(crate) fn agent_step(&mut self, process: u64) {
        let Some(agent) = self.agents.get_mut(&process) else { return };
        if agent.turn.is_none() || agent.call.is_some() || agent.permission.is_some() {
            return;
        }
        let Some(deed) = agent.script.pop_front() else { return };
        let pause = if let Deed::Ponder(ms) = deed { ms } else { 3_000 };
        self.agent_does(process, deed);
        self.soon(pause, Happening::AgentStep { process });
    }

    fn agent_does(&mut self, process: u64, deed: Deed) {
        match deed {
            Deed::Say => self.agent_says(process, "I look at it."),
            Deed::Speak { text, findings } => {
                if let Some(agent) = self.agents.get_mut(&process) {
                    agent.findings = findings;
                }
                self.agent_says(process, &text);
            }
            Deed::Garbage => self.write_line(process, "panic at the disco {\n".to_owned()),
            Deed::Freeze => {
                if let Some(agent) = self.agents.get_mut(&process) {
                    agent.script.clear();
                }
            }
            Deed::Ponder(_) => {}
            Deed::Crash => self.agent_ends(process, ExitStatus { code: Some(101), signal: None }),
            Deed::Permission { withdrawn } => self.agent_asks_permission(process, withdrawn),
            Deed::Ask { tool, arguments, tires } => {
                let expects = match QuestionText::from_arguments(&arguments) {
                    Ok(text) => Expects::Answer(text),
                    Err(_) => Expects::Error,
                };
                self.agent_calls(process, tool, arguments, expects);
                let call = self.agents.get(&process).and_then(|agent| agent.call.as_ref());
                if let Some(call) = call.filter(|_| tires).map(|call| call.id.clone()) {
                    self.soon(60_000, Happening::AgentTires { process, call });
                }
            }
            Deed::Review { arguments, findings } => {
                let expects = Expects::Taken(findings.is_some());
                let session = self.agents.get(&process).map(|agent| agent.session);
                if let (Some(session), Some(findings)) = (session, findings) {
                    self.sayings.reviews.entry(session).or_default().push(findings);
                }
                self.agent_calls(process, "submit_review", arguments, expects);
            }
            Deed::Propose { arguments, proposal } => {
                let expects = Expects::Taken(proposal.is_some());
                let item = self.agents.get(&process).map(|agent| agent.item);
                if let (Some(item), Some((number, answer, high))) = (item, proposal) {
                    self.sayings.proposals.entry((item, number)).or_default().push((answer, high));
                }
                self.agent_calls(process, "propose_answer", arguments, expects);
            }
            Deed::Submit { document, valid } => {
                let arguments = json!({"document": document});
                self.agent_calls(process, "submit_plan", arguments, Expects::Taken(valid));
            }
            Deed::UnknownTool => {
                self.agent_calls(process, "launch_rocket", json!({}), Expects::Error);
            }
            Deed::Draft { document } => {
                if let Some(session) = self.agents.get(&process).map(|agent| agent.session) {
                    self.person.drafts.insert(session, document);
                }
            }
            Deed::Edit { .. } | Deed::Mend | Deed::Commit | Deed::Detach => self.agent_works(process, deed),
            Deed::End(end) => {
                if end.get("error").is_none() {
                    self.note_last_words(process);
                }
                self.agent_bills(process);
                let Some(agent) = self.agents.get_mut(&process) else { return };
                agent.script.clear();
                let Some(id) = agent.turn.take() else { return };
                let message = match end.get("error") {
                    Some(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
                    None => json!({"jsonrpc": "2.0", "id": id, "result": end}),
                };
                self.write(process, &message);
            }
        }
    }

    /// It says what the conversation has cost, its turn included.
    fn agent_bills(&mut self, process: u64) {
        let price = self.random.within(1_000, 150_000);
        let Some(agent) = self.agents.get_mut(&process) else { return };
        let Some(cost) = &mut agent.cost else { return };
        *cost += price;
        let dollars = *cost as f64 / 1e6;
        let message = json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "n",
            "update": {"sessionUpdate": "usage_update", "cost": {"amount": dollars, "currency": "USD"}}}});
        self.write(process, &message);
    }

    fn agent_says(&mut self, process: u64, text: &str) {
        if let Some(agent) = self.agents.get_mut(&process) {
            agent.said.push_str(text);
        }
        self.write(process, &update(text));
    }

    /// It does not wait for an answer any more: its client gave the call up.
    pub(crate) fn agent_tires(&mut self, process: u64, call: &str) {
        let Some(agent) = self.agents.get_mut(&process) else { return };
        if agent.call.as_ref().is_none_or(|held| held.id != call) {
            return;
        }
        agent.call = None;
        let item = agent.item;
        self.fault("agent.tired");
        self.calls_hang_up(item, |held| held.0 == process && held.1 == call);
        self.soon(500, Happening::AgentStep { process });
    }

    /// The bridge of these calls hangs up.
    fn calls_hang_up(&mut self, item: Address, which: impl Fn(&(u64, String)) -> bool) {
        if let Some(actor) = self.actor_mut(item) {
            let held: Vec<u64> =
                actor.calls.iter().filter(|(_, held)| which(held)).map(|(token, _)| *token).collect();
            for token in held {
                actor.calls.remove(&token);
                actor.kernel.call_dropped(token);
            }
        }
    }

    fn agent_works(&mut self, process: u64, deed: Deed) {
        let Some(agent) = self.agents.get(&process) else { return };
        let (Address::WorkItem(item), Some(repository)) = (agent.item, agent.repository.clone()) else {
            return;
        };
        self.check_writers(Some(item), &repository, None, Some(process));
        let fresh = self.fresh();
        let date = self.awake_ms;
        let place = (item, repository);
        let Some(worktree) = self.git.worktrees.get_mut(&place) else {
            self.violate(
                Invariant::OneWriter,
                format!("an agent works in {}, where no worktree stands", place.1),
            );
            return;
        };
        match deed {
            Deed::Edit { line } => worktree.files.push(line),
            Deed::Mend => {
                worktree.detached = false;
                worktree.files.retain(|line| line != BUG && line != SECRET && line != FLAKY);
                worktree.files.push(format!("good {fresh}"));
            }
            Deed::Detach => worktree.detached = true,
            _ => {
                let (tip, files) = (worktree.tip.clone(), worktree.files.clone());
                let clean = self.git.commits.get(&tip).is_some_and(|commit| commit.tree == files);
                if !clean {
                    let tip = self.git.commit(&tip, files, date, "the agent's");
                    if let Some(worktree) = self.git.worktrees.get_mut(&place) {
                        worktree.tip = tip;
                    }
                }
            }
        }
    }

    fn agent_asks_permission(&mut self, process: u64, withdrawn: bool) {
        let number = self.fresh();
        let Some(agent) = self.agents.get_mut(&process) else { return };
        agent.next_id += 1;
        let id = agent.next_id;
        let title = format!("run {number}");
        let options = vec![format!("allow-{number}"), format!("reject-{number}")];
        let message = json!({"jsonrpc": "2.0", "id": id, "method": "session/request_permission", "params": {
            "sessionId": "n", "toolCall": {"toolCallId": format!("t{number}"), "title": title},
            "options": [{"optionId": options[0], "name": "Allow", "kind": "allow_once"},
                {"optionId": options[1], "name": "Reject", "kind": "reject_once"}]}});
        agent.permission = Some((id, title, options));
        self.write(process, &message);
        if withdrawn {
            self.write(
                process,
                &json!({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": id}}),
            );
        }
    }

    /// The answer to a permission reached the agent.
    fn agent_permitted(&mut self, process: u64, message: &Value) {
        let Some(agent) = self.agents.get_mut(&process) else { return };
        let Some((id, title, options)) = agent.permission.clone() else { return };
        if message["id"].as_u64() != Some(id) {
            return;
        }
        agent.permission = None;
        let item = agent.item;
        let outcome = &message["result"]["outcome"];
        if outcome["outcome"] == "selected" {
            let option = outcome["optionId"].as_str().unwrap_or_default();
            let allowed = option == options[0];
            if !allowed && option != options[1] {
                self.violate(Invariant::Answers, format!("{title} was answered with {option}"));
            }
            let policy = self.shadow.item(item).map(|item| item.settings.permissions);
            let right = match policy {
                Some(PermissionPolicy::Sandboxed) => allowed,
                Some(PermissionPolicy::Deny) => !allowed,
                _ => {
                    let chosen = self.shadow.permissions.get(&title).copied();
                    chosen == Some(if allowed { Choice::Allow } else { Choice::Reject })
                }
            };
            if !right {
                self.violate(
                    Invariant::Answers,
                    format!("{title} was answered with {option}, and nobody said so"),
                );
            }
        }
        self.soon(500, Happening::AgentStep { process });
    }

    fn agent_calls(&mut self, process: u64, name: &'static str, arguments: Value, expects: Expects) {
        let number = self.fresh();
        let Some(agent) = self.agents.get_mut(&process) else { return };
        let id = format!("call-{number}");
        agent.call = Some(Call { id: id.clone(), name, arguments, expects });
        // Most show which of their tools they use.
        if self.calm || self.random.chance(900) {
            self.write(process, &tool_update("tool_call", &id, name, "in_progress"));
        }
        self.soon(50, Happening::BridgeCall { process });
    }

    /// The bridge presents the call, for the first time or again.
    pub(crate) fn bridge_call(&mut self, process: u64) {
        let Some(agent) = self.agents.get(&process) else { return };
        let Some(call) = agent.call.clone() else { return };
        let (item, session, incarnation) = (agent.item, agent.session, agent.incarnation);
        if !self.daemon.as_ref().is_some_and(|daemon| daemon.ready) {
            self.at(self.awake_ms + 500, Happening::BridgeCall { process });
            return;
        }
        let call = ToolCall {
            session,
            incarnation,
            call_id: call.id,
            name: call.name.to_owned(),
            arguments: call.arguments,
        };
        self.tell(item, 10, crate::daemon::KernelInput::ToolCall { process, call });
        let rate = self.faults.message;
        if self.fails(rate) {
            self.fault("bridge.repeated");
            self.soon(3_000, Happening::BridgeCall { process });
        }
    }

    /// A held call has its answer.
    pub(crate) fn agent_answered(&mut self, process: u64, id: &str, answer: &ToolAnswer) {
        let Some(agent) = self.agents.get_mut(&process) else { return };
        // A call that was presented twice is answered twice; only the first answer is read.
        let Some(call) = agent.call.take_if(|call| call.id == id) else { return };
        let status = if answer.is_error { "failed" } else { "completed" };
        self.write(process, &tool_update("tool_call_update", id, call.name, status));
        let Some(agent) = self.agents.get(&process) else { return };
        let (item, asker) = (agent.item, (agent.session, agent.incarnation));
        let over = answer.is_error && answer.text.contains("turn that made this call is over");
        let wrong = match &call.expects {
            _ if over => None,
            Expects::Answer(question) => {
                self.wrong_answer(item, (asker.0, asker.1, id), question, &answer.text)
            }
            Expects::Taken(valid) => {
                // What stands at the time may make too late, or wrong, what was right by itself.
                let comes_late = [
                    "were refused",
                    "this review is over",
                    "has its answer already",
                    "is to be changed, and the document has none",
                    "has begun, so",
                ]
                .iter()
                .any(|words| answer.text.contains(words));
                (!comes_late && answer.is_error == *valid).then(|| format!("its call was valid: {valid}"))
            }
            Expects::Error => (!answer.is_error).then(|| "there is no such call".to_owned()),
        };
        if let Some(why) = wrong {
            self.violate(Invariant::Answers, format!("{call:?} was answered with {answer:?}: {why}"));
        }
        self.soon(500, Happening::AgentStep { process });
    }

    pub(crate) fn agent_input_closed(&mut self, process: u64) {
        let Some(agent) = self.agents.get(&process) else { return };
        if !agent.stubborn {
            self.agent_ends(process, ExitStatus { code: Some(0), signal: None });
        }
    }

    pub(crate) fn agent_signalled(&mut self, host: HostKey) {
        let Some(process) = self.hosts.get(&host).and_then(|host| host.agent) else { return };
        if self.random.chance(700) {
            self.agent_ends(process, ExitStatus { code: None, signal: Some(15) });
        }
    }

    pub(crate) fn agent_killed(&mut self, host: HostKey) {
        if let Some(process) = self.hosts.get(&host).and_then(|host| host.agent) {
            self.agent_ends(process, ExitStatus { code: None, signal: Some(9) });
        }
    }

    pub(crate) fn kill_an_agent(&mut self) {
        let living: Vec<u64> = self.agents.keys().copied().collect();
        if let Some(process) = self.random.pick(&living).copied() {
            self.fault("agent.killed");
            self.agent_ends(process, ExitStatus { code: None, signal: Some(9) });
        }
    }

    fn agent_ends(&mut self, process: u64, status: ExitStatus) {
        let Some(agent) = self.agents.remove(&process) else { return };
        let owned = self.hosts.get(&agent.host).is_some_and(|host| host.agent == Some(process));
        if owned {
            if self.random.chance(300) {
                self.agent_wrote(agent.host, true, b"last words\n".to_vec());
            }
            self.agent_exited(agent.host, status);
        }
        self.calls_hang_up(agent.item, |held| held.0 == process);
    }
}
