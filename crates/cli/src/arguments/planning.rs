//! What is typed to plans.

use super::WordsArguments;
use clap::Args;

/// `revise`
#[derive(Args, Debug, Clone)]
pub struct ReviseArguments {
    /// The work item, or one repository of it such as g12/api: then every other part stays byte by byte
    pub target: String,
    /// What is to be different; without it, on a terminal, an editor opens
    pub text: Option<String>,
    /// What is to be different
    #[arg(long = "message", short, value_name = "TEXT", conflicts_with_all = ["text", "file", "editor"])]
    pub message: Option<String>,
    /// Where the words come from.
    #[command(flatten)]
    pub words: WordsArguments,
}

/// `follow-up`
#[derive(Args, Debug, Clone)]
pub struct FollowUpArguments {
    /// The work item, or one repository of it such as g12/api: then every other part stays byte by byte
    pub target: String,
    /// What is still to be done; without it, on a terminal, an editor opens
    pub text: Option<String>,
    /// What is still to be done
    #[arg(long = "message", short, value_name = "TEXT", conflicts_with_all = ["text", "file", "editor"])]
    pub message: Option<String>,
    /// Where the words come from.
    #[command(flatten)]
    pub words: WordsArguments,
}

/// `drop`
#[derive(Args, Debug, Clone)]
pub struct DropArguments {
    /// A repository of a work item, such as g12/web
    pub target: String,
}
