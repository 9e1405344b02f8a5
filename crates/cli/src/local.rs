//! What the command line needs of the program around it: commands that run in process, and the way to the daemon.

use crate::arguments::{ConfigArguments, DemoArguments, DoctorArguments, InitArguments};
use ganger_api::agent::{AgentDetail, AgentList, LoginResult};
use ganger_api::doctor::DoctorReport;
use ganger_api::error::ErrorDetail;
use ganger_api::machine::UnitResult;
use ganger_api::wait::Occasion;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Where a command in process reads and writes.
pub struct Streams<'a> {
    /// The working directory.
    pub directory: &'a Path,
    /// The environment variables.
    pub variables: &'a BTreeMap<String, String>,
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// Standard output.
    pub output: &'a mut dyn Write,
    /// Standard error.
    pub errors: &'a mut dyn Write,
    /// Whether a person sits at both ends.
    pub interactive: bool,
    /// Whether the result is to be JSON.
    pub json: bool,
}

/// How a terminal calls the person in front of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attention {
    /// By its bell.
    pub bell: bool,
    /// By a message on the desktop.
    pub desktop: bool,
}

/// Implemented by the binary over the daemon's crate. All are called outside of any async runtime, on a thread that
/// may block; the numbers are exit codes.
pub trait LocalCommands: Sync {
    /// The daemon's socket.
    ///
    /// # Errors
    /// `GANGER_HOME` can't be found out.
    fn socket(&self) -> Result<PathBuf, ErrorDetail>;

    /// The person's key, as far as this process can read it. Asked for after the daemon was started.
    fn person_key(&self) -> Option<String>;

    /// The directory for texts that a person has typed and that are not stored yet. Need not exist.
    ///
    /// # Errors
    /// It can't be found out.
    fn drafts(&self) -> Result<PathBuf, ErrorDetail>;

    /// The directory of what the person looked at last, one file for each item.
    ///
    /// # Errors
    /// It can't be found out.
    fn seen(&self) -> Result<PathBuf, ErrorDetail>;

    /// Starts a daemon in the background and returns when its socket accepts connections. Harmless when one runs.
    ///
    /// # Errors
    /// It does not start; the sentence says why.
    fn start_daemon(&self) -> Result<(), ErrorDetail>;

    /// Runs the daemon in this process until it is stopped.
    ///
    /// # Errors
    /// It can't run, such as when another one has the lock.
    fn run_daemon(&self) -> Result<u8, ErrorDetail>;

    /// How this terminal calls a person who is attached to it, now and for this.
    fn attention(&self, occasion: Occasion) -> Attention;

    /// `init`
    ///
    /// # Errors
    /// Nothing was set up.
    fn init(&self, arguments: &InitArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail>;

    /// `demo`
    ///
    /// # Errors
    /// It could not be prepared.
    fn demo(&self, arguments: &DemoArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail>;

    /// `doctor`: this machine's and the daemon's findings; the command line shows them.
    ///
    /// # Errors
    /// Nothing could be found out.
    fn doctor(
        &self,
        arguments: &DoctorArguments,
        streams: &mut Streams<'_>,
    ) -> Result<DoctorReport, ErrorDetail>;

    /// `config`
    ///
    /// # Errors
    /// The configuration is wrong or was not changed.
    fn config(&self, arguments: &ConfigArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail>;

    /// `agents`: all of them, looked at from outside.
    ///
    /// # Errors
    /// The configuration is wrong.
    fn agents(&self, directory: &Path) -> Result<AgentList, ErrorDetail>;

    /// `agents NAME`: one of them, started to hear what it says.
    ///
    /// # Errors
    /// There is no such agent, or nothing could be started.
    fn agent(&self, directory: &Path, name: &str) -> Result<AgentDetail, ErrorDetail>;

    /// The names of the agents, for completions. What cannot be read has none.
    fn agent_names(&self, directory: &Path) -> Vec<String>;

    /// `login`: the agent's own, on this process's terminal.
    ///
    /// # Errors
    /// It was not run.
    fn login(&self, name: &str, streams: &mut Streams<'_>) -> Result<LoginResult, ErrorDetail>;

    /// `daemon install`
    ///
    /// # Errors
    /// Nothing was installed.
    fn install_daemon(&self) -> Result<UnitResult, ErrorDetail>;

    /// `daemon uninstall`
    ///
    /// # Errors
    /// Nothing was removed.
    fn uninstall_daemon(&self) -> Result<UnitResult, ErrorDetail>;

    /// The last lines of the daemon's log, and with `follow` those that come, until `each` has enough.
    ///
    /// # Errors
    /// There is no log, or it cannot be read.
    fn daemon_log(
        &self,
        lines: usize,
        follow: bool,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), ErrorDetail>;
}
