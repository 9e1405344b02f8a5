//! The machine: what is on it, and the daemon.

use clap::{Args, Subcommand};

/// `agents`
#[derive(Args, Debug, Clone)]
pub struct AgentsArguments {
    /// Start this one in a throw-away directory, inside the limits of a session, and show what it says of itself
    #[arg(value_name = "NAME")]
    pub agent: Option<String>,
}

/// `login`
#[derive(Args, Debug, Clone)]
pub struct LoginArguments {
    /// The agent, by its name in the configuration
    pub agent: String,
}

/// `open`
#[derive(Args, Debug, Clone)]
pub struct OpenArguments {
    /// A repository of a work item, such as g12/api
    pub target: String,
}

/// `doctor`
#[derive(Args, Debug, Clone)]
pub struct DoctorArguments {
    /// Run the setup and the checks of every repository on its base commit, in checkouts that are thrown away
    #[arg(long)]
    pub run_checks: bool,
    /// Carry out the repairs that change nothing but ganger's own settings, after asking
    #[arg(long)]
    pub fix: bool,
    /// Ask nothing before a repair
    #[arg(long, short, requires = "fix")]
    pub yes: bool,
}

/// `daemon`
#[derive(Args, Debug, Clone)]
pub struct DaemonArguments {
    /// What to do; `status` without it.
    #[command(subcommand)]
    pub command: Option<DaemonCommand>,
}

/// What `daemon` does.
#[derive(Subcommand, Clone, Copy, PartialEq, Eq, Debug)]
pub enum DaemonCommand {
    /// Run it in the foreground
    Run,
    /// Start it in the background, if it does not run
    Start,
    /// Stop it; agents go on
    Stop,
    /// Stop it where it runs, and start it anew with the environment of now; agents go on
    Restart,
    /// Say whether it runs
    Status,
    /// Have it start at log-in, by systemd or launchd; safe to repeat
    Install,
    /// Have it start at log-in no more; one that runs goes on
    Uninstall,
    /// Print its own log
    Logs {
        /// Go on as lines come
        #[arg(long, short)]
        follow: bool,
        /// So many of the last lines
        #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 50)]
        lines: u32,
    },
}
