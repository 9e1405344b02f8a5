//! An agent program started to hear what it says of itself: under a host, inside the limits of a session that has no
//! worktree, and ended before any turn. Nothing of it stands in a log, and no model is asked.

use super::context::{TEMPORARY, ensure_session_dir, make_private};
use super::sessions::{GRACE, KILL, environment, random_token};
use super::{Trouble, policy};
use crate::kernel::conversation::{Conversation, HostWrite};
use crate::settings::{AgentSettings, SiteSettings};
use ganger_core::agent::{AgentEvent, SessionStart};
use ganger_core::effect::Ledger;
use ganger_core::env::Times;
use ganger_core::ids::{IdSource, SessionId};
use ganger_core::journal::Record;
use ganger_core::process::{Enforcement, ProcessSpec};
use ganger_harness::acp::introduction::Introduction;
use ganger_harness::codec::EntryBody;
use ganger_harness::framer::Framer;
use ganger_host::client::{AttachError, Connection, Records, launch, read_journal};
use ganger_host::journal::JournalItem;
use ganger_host::spec::{HostSpec, Status};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a program may take. The same as in a session: what is too slow here is too slow there.
pub const LIMIT: Duration = Duration::from_secs(90);
/// Lines of standard error that are kept: the last ones.
const SAID_LINES: usize = 20;
/// The longest part of such a line that is kept, in characters.
const SAID_LENGTH: usize = 500;

/// What an agent program said.
#[derive(Clone, Debug, Default)]
pub struct Greeting {
    /// Its own words about itself.
    pub introduction: Introduction,
    /// Why no conversation is ready for a turn, a sentence; `None` where one is.
    pub problem: Option<String>,
    /// What the codec remarked.
    pub warnings: Vec<String>,
    /// The last lines of its standard error.
    pub said: Vec<String>,
    /// What was enforced on it; `None` where it was not started.
    pub enforcement: Option<Enforcement>,
    /// How long it took.
    pub took: Duration,
}

/// Starts the program, hears what it says, and ends it. `home` is a directory for this alone, which takes the place of
/// a `GANGER_HOME` and which the caller throws away; `program` is this program, from which hosts run.
///
/// # Errors
/// The host could not be started; a program that says nothing or something else is no error.
pub async fn greet(
    site: &SiteSettings,
    agent: &AgentSettings,
    home: &Path,
    program: &Path,
) -> Result<Greeting, Trouble> {
    let began = Instant::now();
    let again = |error: &dyn std::fmt::Display| Trouble::Again(error.to_string());
    let token = random_token().map_err(|error| again(&error))?;
    let seed = u64::from_str_radix(&token[..16], 16).unwrap_or_default();
    let session = SessionId::new(IdSource::seeded("handshake", seed, 0).ulid());
    let directory = ensure_session_dir(home, session)?;
    let temporary = directory.join(TEMPORARY);
    for place in agent.state.iter().chain(&agent.there) {
        make_private(place)?;
    }
    let process = ProcessSpec {
        command: agent.command.clone(),
        directory: directory.display().to_string(),
        environment: environment(site, agent, &temporary),
        sandbox: policy::agent_program(
            site,
            agent,
            &directory,
            Vec::new(),
            vec![program.display().to_string()],
        ),
        timeout_ms: None,
        input: None,
    };
    let name = format!("{session}.1");
    let spec = HostSpec { marker: name.clone(), name, incarnation: 1, process };
    let host = launch(&home.join("hosts"), program, &spec).await.map_err(|error| again(&error))?;
    let codec = ganger_harness::codec_for(&agent.harness)
        .ok_or_else(|| Trouble::Refused(format!("there is no harness \"{}\"", agent.harness)))?;
    let start = SessionStart {
        directory: directory.display().to_string(),
        native_id: None,
        model: agent.model.clone(),
        tools: Vec::new(),
        bridge: None,
    };
    let mut heard = Heard {
        greeting: Greeting::default(),
        framer: Framer::new(),
        conversation: Conversation::new((session, 1), codec, start, 0, 0, Times::default()),
    };
    match Connection::attach(&host, 1, 1).await {
        Ok((connection, records, attached)) => {
            heard.conversation.reattached(attached.head, attached.last_write, Times::default());
            heard.greeting.problem =
                match tokio::time::timeout(LIMIT, heard.until_ready(&connection, records)).await {
                    Ok(result) => result.err(),
                    Err(_) => {
                        Some(format!("the agent did not answer its handshake within {} s", LIMIT.as_secs()))
                    }
                };
            if let Err(error) = connection.stop(&heard.conversation.farewell(), GRACE, KILL).await {
                tracing::debug!(%error, "the host is ended with its directory instead");
            }
        }
        // A program that ended at once may have taken its host with it.
        Err(AttachError::NobodyThere { .. }) => {
            for item in read_journal(&host, 1).map_err(|error| again(&error))? {
                if let JournalItem::Record(record) = item {
                    heard.entries(&record);
                }
            }
            heard.greeting.problem = Some(ENDED.to_owned());
        }
        Err(error) => return Err(again(&error)),
    }
    let mut greeting = heard.greeting;
    greeting.took = began.elapsed();
    let status = Status::read(&host).ok().flatten().unwrap_or_default();
    greeting.enforcement = status.enforcement;
    // Why it was not started at all says more than how it ended.
    greeting.problem = status.refused.or(greeting.problem);
    Ok(greeting)
}

/// What is said of a program that ended too early.
const ENDED: &str = "the agent's program ended without an answer";

struct Heard {
    greeting: Greeting,
    framer: Framer,
    conversation: Conversation,
}

impl Heard {
    /// Talks until the conversation is ready; else the reason.
    async fn until_ready(&mut self, connection: &Connection, mut records: Records) -> Result<(), String> {
        loop {
            let (write, _) = self.conversation.next(&Ledger::default());
            let written = match write {
                Some(HostWrite::Note { n, bytes }) => connection.note(n, &bytes).await,
                Some(HostWrite::Frame { n, key, bytes }) => connection.write(n, &key, &bytes).await,
                None => Ok(0),
            };
            written.map_err(|error| error.to_string())?;
            let record = match records.next().await {
                Ok(Some(record)) => record,
                Ok(None) => return Err(ENDED.to_owned()),
                Err(error) => return Err(error.to_string()),
            };
            self.entries(&record);
            let read = self.conversation.record(&record, Times::default());
            for event in read.into_iter().flat_map(|read| read.events) {
                match event {
                    AgentEvent::Ready { .. } => return Ok(()),
                    AgentEvent::StartFailed { message } => return Err(message),
                    AgentEvent::Ended(_) => return Err(ENDED.to_owned()),
                    AgentEvent::Warning { message } => self.greeting.warnings.push(message),
                    _ => {}
                }
            }
        }
    }

    fn entries(&mut self, record: &Record) {
        for entry in self.framer.push(record) {
            match entry.body {
                EntryBody::Out(line) => self.greeting.introduction.line(&line),
                EntryBody::Err(line) => self.said(&line),
                EntryBody::In { .. } | EntryBody::Note { .. } | EntryBody::Exit(_) => {}
            }
        }
    }

    fn said(&mut self, line: &str) {
        let said = &mut self.greeting.said;
        if said.len() == SAID_LINES {
            said.remove(0);
        }
        said.push(line.chars().take(SAID_LENGTH).collect());
    }
}
