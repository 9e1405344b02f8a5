//! What can be typed.

mod judging;
mod looking;
mod machine;
mod planning;

pub use judging::{
    AcceptArguments, AnswerArguments, CommentArguments, CorrectArguments, DiscussArguments, FaqArguments,
    Severity, SkipArguments, WaiveArguments, WordsArguments,
};

pub use looking::{CostArguments, CostBy, SearchArguments, Since};
pub use machine::{
    AgentsArguments, DaemonArguments, DaemonCommand, DoctorArguments, LoginArguments, OpenArguments,
};
pub use planning::{DropArguments, FollowUpArguments, ReviseArguments};

use crate::look::Look;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What a script has to know.
const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    failed
  2    usage or configuration
  3    needs a person
  4    not found
  5    refused, nothing changed
  6    no daemon, agent or disk
  7    timed out
  130  detached";

/// The whole command line.
#[derive(Parser, Debug)]
#[command(
    name = "ganger",
    version,
    about = "Takes a ticket over several repositories: planned, approved, implemented by agents, checked, reviewed, pushed",
    long_about = None,
    disable_help_subcommand = true,
    after_help = EXIT_CODES
)]
pub struct Cli {
    /// Print JSON; with names between commas only these fields
    #[arg(
        long,
        global = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        value_name = "FIELDS"
    )]
    pub json: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The widest line of a help text: longer ones are hard to read.
const WIDEST_HELP: usize = 100;

/// What can be typed, with its help as a terminal can show it.
pub fn command(look: &Look) -> clap::Command {
    Cli::command().term_width(look.width.min(WIDEST_HELP))
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Set up a workspace here; safe to repeat
    Init(InitArguments),
    /// Show the whole life of a work item on throw-away repositories, with a scripted agent
    Demo(DemoArguments),
    /// Create a work item; nothing starts yet
    New(NewArguments),
    /// Start a work item and follow it; Ctrl-C detaches, agents go on
    Run(RunArguments),
    /// Start a work item without following it
    Start(StartArguments),
    /// Show a plan, or check a plan document
    Plan(PlanArguments),
    /// Approve the plan of a work item
    Approve(ApproveArguments),
    /// Edit the plan of a work item, or one repository's section of it
    Edit(EditArguments),
    /// Have the planner change the plan of a work item, or one repository's part of it
    Revise(ReviseArguments),
    /// Leave a repository that has not begun out of the plan
    Drop(DropArguments),
    /// Reject the plan of a work item
    Reject(RejectArguments),
    /// List work items: those that wait for you first
    Ls(LsArguments),
    /// Show a work item
    Show(ShowArguments),
    /// Show what an agent does
    Logs(LogsArguments),
    /// Show what changed, over all repositories of a work item
    Diff(DiffArguments),
    /// Show what happened
    Events(EventsArguments),
    /// Wait until work items are done or need a person
    Wait(WaitArguments),
    /// Say what agents used: tokens and money
    Cost(CostArguments),
    /// Find words in titles, plans, questions, answers, critiques and transcripts
    Search(SearchArguments),
    /// List what waits for you
    Inbox(InboxArguments),
    /// Answer a decision: by a choice, by words, or as the Foreman proposes
    Answer(AnswerArguments),
    /// Have the Foreman think again about a question that waits for you
    Discuss(DiscussArguments),
    /// Give no answer to a question: its agent decides by itself
    Skip(SkipArguments),
    /// Take a repository's newest candidate as it is
    Accept(AcceptArguments),
    /// Let a critique rest
    Waive(WaiveArguments),
    /// List the answers that all agents of a work item rely on
    Faq(FaqArguments),
    /// Put another answer in the place of one in the FAQ, and tell who used it
    Correct(CorrectArguments),
    /// Raise a critique: it is checked in every review until it is fixed or waived
    Comment(CommentArguments),
    /// Stop what runs
    Stop(StopArguments),
    /// Take up again what failed or was stopped
    Retry(RetryArguments),
    /// Plan more of a work item that is done: only what changes runs
    FollowUp(FollowUpArguments),
    /// Print the directory of a worktree
    Path(PathArguments),
    /// Open a worktree in your editor
    Open(OpenArguments),
    /// Push the proven commits
    Publish(PublishArguments),
    /// Say what is well and what is not on this machine
    Doctor(DoctorArguments),
    /// List the agent programs that ganger knows, or ask one what it can
    Agents(AgentsArguments),
    /// Log in to an agent program, by its own log-in
    Login(LoginArguments),
    /// Read and change the configuration
    Config(ConfigArguments),
    /// Run, stop or ask the daemon, or have it start at log-in
    Daemon(DaemonArguments),
    /// Print the completions of a shell
    Completions(CompletionsArguments),
    /// Write the man pages into a directory
    #[command(hide = true)]
    Man(ManArguments),
}

/// `init`
#[derive(Args, Debug, Clone)]
pub struct InitArguments {
    /// The workspace's directory, instead of the current one
    pub directory: Option<PathBuf>,
    /// Take every proposal without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Write setup and checks without trying them on the base commits first
    #[arg(long)]
    pub no_try: bool,
}

/// `demo`
#[derive(Args, Debug, Clone)]
pub struct DemoArguments {
    /// Decide everything without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Keep everything, ganger's own files too, under this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Draw other repositories and waves
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// `new`
#[derive(Args, Debug, Clone)]
pub struct NewArguments {
    /// The title; without it, and without -f or --from, an editor opens on a terminal
    pub title: Option<String>,
    /// The ticket's text
    #[arg(long, short, value_name = "TEXT", conflicts_with = "file")]
    pub description: Option<String>,
    /// Read the ticket from a file, `-` for standard input; without TITLE its first line is the title
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Read the ticket from an issue on GitHub, by its program gh: OWNER/REPOSITORY#NUMBER or its address
    #[arg(long, value_name = "REFERENCE", conflicts_with_all = ["file", "description"])]
    pub from: Option<String>,
    /// A repository that may be touched; repeat it for more; all without it
    #[arg(long = "repo", value_name = "NAME")]
    pub repositories: Vec<String>,
    /// A base branch that differs from the configured one
    #[arg(long = "base", value_name = "REPO=BRANCH", value_parser = base)]
    pub bases: Vec<(String, String)>,
    /// Words for the planner that are not the ticket's
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Ask no planner: the ticket is the plan of the one repository
    #[arg(long, conflicts_with = "note")]
    pub direct: bool,
    /// Start it and follow it
    #[arg(long)]
    pub run: bool,
}

fn base(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((repository, branch)) if !repository.is_empty() && !branch.is_empty() => {
            Ok((repository.to_owned(), branch.to_owned()))
        }
        _ => Err(format!("`{text}` does not name a repository and its base branch: write it as api=develop")),
    }
}

/// What `run` may decide by itself.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Auto {
    /// Approve the plan
    Plan,
    /// Answer a question as the Foreman proposes, where it proposes an answer
    Proposals,
}

/// `run`
#[derive(Args, Debug, Clone)]
pub struct RunArguments {
    /// The work item
    pub item: String,
    /// What to decide without asking
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub auto: Vec<Auto>,
    /// The same as --auto plan
    #[arg(long, short)]
    pub yes: bool,
    /// Show only what needs you, and the end
    #[arg(long, short)]
    pub quiet: bool,
}

/// `start`
#[derive(Args, Debug, Clone)]
pub struct StartArguments {
    /// The work item
    pub item: String,
}

/// `plan`
#[derive(Args, Debug, Clone)]
#[command(args_conflicts_with_subcommands = true)]
pub struct PlanArguments {
    /// `check`.
    #[command(subcommand)]
    pub command: Option<PlanCommand>,
    /// The work item
    #[arg(required = true)]
    pub item: Option<String>,
    /// Only this repository's section
    #[arg(long, value_name = "NAME")]
    pub repo: Option<String>,
    /// This version instead of the current one
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    /// The difference between versions, by default from the one before
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = false,
        default_missing_value = "",
        value_name = "A..B",
        value_parser = versions
    )]
    pub diff: Option<Versions>,
}

/// Two versions of a plan; what is `None` is for the daemon to choose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Versions {
    /// The older one.
    pub from: Option<u32>,
    /// The newer one.
    pub to: Option<u32>,
}

fn versions(text: &str) -> Result<Versions, String> {
    let number = |text: &str| match text {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| format!("`{text}` is not the number of a version: write 2..3, 2.. or ..3")),
    };
    let (from, to) = text.split_once("..").unwrap_or((text, ""));
    Ok(Versions { from: number(from)?, to: number(to)? })
}

/// Commands about plan documents.
#[derive(Subcommand, Debug, Clone)]
pub enum PlanCommand {
    /// Check a plan document without daemon and agent
    Check(PlanCheckArguments),
}

/// `plan check`
#[derive(Args, Debug, Clone)]
pub struct PlanCheckArguments {
    /// The document, `-` for standard input
    pub file: PathBuf,
    /// A repository of the workspace; repeat it for more
    #[arg(long = "repo", value_name = "NAME", required = true, num_args = 1..)]
    pub repositories: Vec<String>,
}

/// `approve`
#[derive(Args, Debug, Clone)]
pub struct ApproveArguments {
    /// The work item
    pub item: String,
    /// Only if this is the plan's digest, or the first digits of it
    #[arg(long)]
    pub digest: Option<String>,
}

/// `edit`
#[derive(Args, Debug, Clone)]
pub struct EditArguments {
    /// The work item, or one repository of it such as g12/api
    pub item: String,
    /// Take the document from a file, `-` for standard input, instead of an editor
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `reject`
#[derive(Args, Debug, Clone)]
pub struct RejectArguments {
    /// The work item
    pub item: String,
    /// Why
    pub text: Option<String>,
}

/// `ls`
#[derive(Args, Debug, Clone)]
pub struct LsArguments {
    /// Finished ones too
    #[arg(long, short)]
    pub all: bool,
    /// Only those that wait for you
    #[arg(long, short)]
    pub waiting: bool,
    /// Only those that touch this repository
    #[arg(long, value_name = "NAME")]
    pub repo: Option<String>,
}

/// `show`
#[derive(Args, Debug, Clone)]
pub struct ShowArguments {
    /// The work item; without it the one of the current worktree, or the only live one
    #[arg(default_value = "@")]
    pub target: String,
}

/// `logs`
#[derive(Args, Debug, Clone)]
pub struct LogsArguments {
    /// A repository of a work item (g12/api), a session (g12/api@3), planning (g12@plan), or its Foreman (g12@foreman)
    pub target: String,
    /// Go on until the session ends
    #[arg(long, short)]
    pub follow: bool,
    /// So many of the last lines; with --at so many from there on
    #[arg(short = 'n', long = "lines", value_name = "N")]
    pub lines: Option<u32>,
    /// From this moment on: 12:41, 12:41:05, a time of RFC 3339, or the cursor of a line
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    pub at: Option<String>,
    /// The journal's lines as they are
    #[arg(long)]
    pub raw: bool,
}

/// `diff`
#[derive(Args, Debug, Clone)]
pub struct DiffArguments {
    /// The work item, or one repository of it such as g12/api
    #[arg(default_value = "@")]
    pub target: String,
    /// Only files and counts
    #[arg(long)]
    pub stat: bool,
    /// Only what changed since you looked last; what was never looked at is shown whole
    #[arg(long)]
    pub since_seen: bool,
    /// Only what lies outside the plan's scope
    #[arg(long, conflicts_with = "since_seen")]
    pub drift: bool,
}

/// `events`
#[derive(Args, Debug, Clone)]
pub struct EventsArguments {
    /// Only this work item's
    pub item: Option<String>,
    /// Go on as they come
    #[arg(long, short)]
    pub follow: bool,
    /// Only what comes after this cursor
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

/// What `wait` waits for.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitFor {
    /// Until it needs a person (exit code 3)
    Person,
    /// Until it is done (exit code 0) or has failed (1)
    Done,
}

/// `wait`
#[derive(Args, Debug, Clone)]
pub struct WaitArguments {
    /// The work items; the first that gets there ends the waiting for a person, all have to be done
    #[arg(required = true)]
    pub items: Vec<String>,
    /// What to wait for
    #[arg(long = "for", value_delimiter = ',', default_value = "person,done", value_name = "WHAT")]
    pub until: Vec<WaitFor>,
    /// Give up after this time (exit code 7), such as 90s, 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<std::time::Duration>,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 0,
    };
    let seconds = digits.parse::<u32>().ok().filter(|_| factor > 0).map(|number| u64::from(number) * factor);
    seconds
        .map(std::time::Duration::from_secs)
        .ok_or_else(|| format!("`{text}` is not a time: write a whole number with s, m, h or d, such as 10m"))
}

/// `inbox`
#[derive(Args, Debug, Clone)]
pub struct InboxArguments {
    /// Only this work item's
    pub item: Option<String>,
}

/// `stop`
#[derive(Args, Debug, Clone)]
pub struct StopArguments {
    /// The work item, one repository of it, or one session
    pub target: String,
}

/// `retry`
#[derive(Args, Debug, Clone)]
pub struct RetryArguments {
    /// The work item, one repository of it, or one session
    pub target: String,
    /// Words for the agent
    pub text: Option<String>,
    /// Begin anew at the base; what stands in the worktree is kept, and the agent is told where
    #[arg(long)]
    pub fresh: bool,
    /// Let another agent go on
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
}

/// `path`
#[derive(Args, Debug, Clone)]
pub struct PathArguments {
    /// A repository of a work item, such as g12/api
    pub target: String,
}

/// `publish`
#[derive(Args, Debug, Clone)]
pub struct PublishArguments {
    /// The work item
    pub item: String,
    /// Only say what would be pushed
    #[arg(long)]
    pub dry_run: bool,
}

/// `config`
#[derive(Args, Debug, Clone)]
pub struct ConfigArguments {
    /// What to do; `list` without it.
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
    /// Show where each value is from
    #[arg(long, global = true)]
    pub origin: bool,
    /// Change the workspace's file instead of yours
    #[arg(long, global = true)]
    pub workspace: bool,
}

/// What `config` does.
#[derive(Subcommand, Debug, Clone)]
pub enum ConfigCommand {
    /// Print what is set
    List {
        /// The built-in values too
        #[arg(long)]
        all: bool,
    },
    /// Print the value of a key, or of all keys below it
    Get {
        /// The key, such as plan.max_corrections
        key: String,
    },
    /// Set the value of a key
    Set {
        /// The key, such as plan.max_corrections
        key: String,
        /// The value
        value: String,
    },
    /// Open the file in your editor
    Edit,
    /// Print where the files are
    Path,
    /// Read everything and say what is wrong
    Check,
}

/// `completions`
#[derive(Args, Debug, Clone)]
pub struct CompletionsArguments {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Args, Debug, Clone)]
pub struct ManArguments {
    /// The directory; it is made where it is missing
    pub directory: PathBuf,
}

#[cfg(test)]
mod tests;
