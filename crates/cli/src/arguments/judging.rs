//! What is typed to questions and reviews.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Where words come from that are too long for the command line.
#[derive(Args, Debug, Clone, Default)]
pub struct WordsArguments {
    /// Read the words from a file, `-` for standard input
    #[arg(long, short, value_name = "FILE", conflicts_with = "text")]
    pub file: Option<PathBuf>,
    /// Write the words in an editor
    #[arg(long, short, conflicts_with_all = ["text", "file"])]
    pub editor: bool,
}

/// `answer`
#[derive(Args, Debug, Clone)]
pub struct AnswerArguments {
    /// The decision, such as d41
    pub decision: String,
    /// The answer in words
    #[arg(required_unless_present_any = ["choices", "file", "editor", "proposed"])]
    pub text: Option<String>,
    /// One of the choices that `inbox` shows, by number, letter or words; a,c for several; repeat it for a question
    /// of several parts
    #[arg(long = "choice", short, value_name = "CHOICE")]
    pub choices: Vec<String>,
    /// As the Foreman proposes
    #[arg(long, short, conflicts_with_all = ["text", "choices", "message", "file", "editor"])]
    pub proposed: bool,
    /// Words beside a choice
    #[arg(long = "message", short, value_name = "TEXT", allow_hyphen_values = true, conflicts_with_all = ["text", "file", "editor"])]
    pub message: Option<String>,
    /// Where the words come from.
    #[command(flatten)]
    pub words: WordsArguments,
}

/// `discuss`
#[derive(Args, Debug, Clone)]
pub struct DiscussArguments {
    /// The decision, such as d41
    pub decision: String,
    /// Words for the Foreman; without them, on a terminal, an editor opens
    pub text: Option<String>,
    /// Where the words come from.
    #[command(flatten)]
    pub words: WordsArguments,
}

/// `skip`
#[derive(Args, Debug, Clone)]
pub struct SkipArguments {
    /// The decision, such as d41
    pub decision: String,
    /// Why, for the agent
    pub text: Option<String>,
    /// Where the words come from.
    #[command(flatten)]
    pub words: WordsArguments,
}

/// `accept`
#[derive(Args, Debug, Clone)]
pub struct AcceptArguments {
    /// A repository of a work item, such as g12/api
    pub target: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
}

/// `waive`
#[derive(Args, Debug, Clone)]
pub struct WaiveArguments {
    /// The critique, such as c7
    pub critique: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
}

/// `faq`
#[derive(Args, Debug, Clone)]
pub struct FaqArguments {
    /// The work item; without it the one of the current worktree, or the only live one
    #[arg(default_value = "@")]
    pub item: String,
}

/// `correct`
#[derive(Args, Debug, Clone)]
pub struct CorrectArguments {
    /// The entry of the FAQ, such as q3
    pub question: String,
    /// The answer that holds from now on; without it, on a terminal, an editor opens
    pub text: Option<String>,
    /// Where the words come from.
    #[command(flatten)]
    pub words: WordsArguments,
}

/// How bad a finding is.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// It must not ship
    Critical,
    /// It is wrong
    Major,
    /// It could be better
    Minor,
    /// A matter of taste
    Nit,
}

/// `comment`
#[derive(Args, Debug, Clone)]
#[command(override_usage = "ganger comment [OPTIONS] <TARGET> [FILE[:LINE]] [TEXT]")]
pub struct CommentArguments {
    /// A repository of a work item, such as g12/api
    pub target: String,
    /// Where in its newest candidate, such as src/x.rs:42, and what is wrong; words alone are about the whole change,
    /// a place alone opens an editor
    #[arg(value_name = "FILE:LINE TEXT", num_args = 0..=2)]
    pub text: Vec<String>,
    /// How bad it is
    #[arg(long, value_enum, default_value_t = Severity::Major)]
    pub severity: Severity,
    /// Give it to the agent at the end of its turn, and not only after the checks
    #[arg(long)]
    pub send: bool,
    /// Read the words from a file, `-` for standard input
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Write the words in an editor
    #[arg(long, short, conflicts_with = "file")]
    pub editor: bool,
}
