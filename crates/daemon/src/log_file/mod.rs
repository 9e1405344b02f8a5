//! The daemon's own log, `daemon.log` in `GANGER_HOME`: what it did and what went wrong, for people. It never grows
//! beyond a bound: a full file takes the place of the one before it, and a new one begins.

mod read;
mod write;

pub use read::{Follow, last_lines};

use crate::config::LogLevel;
use crate::error::CodedError;
use crate::paths::Paths;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use write::Rotating;

/// How large one file becomes, in bytes. There are two at most.
const LARGEST: u64 = 4 << 20;

/// The file that was full before this one.
fn older(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".1");
    PathBuf::from(name)
}

/// From here on this process writes the log; a person who runs it in a terminal sees it there, too. Only for whoever
/// holds the site's lock: two writers would pull the file away from under each other.
///
/// # Errors
/// The file cannot be opened.
pub(crate) fn begin(paths: &Paths, level: LogLevel) -> Result<(), CodedError> {
    let file = Rotating::open(paths.daemon_log(), LARGEST)?;
    let filter = tracing_subscriber::EnvFilter::new(level.name());
    let lines = tracing_subscriber::fmt::layer().with_ansi(false);
    let to_terminal = std::io::stderr().is_terminal().then(|| lines.with_writer(std::io::stderr));
    let to_file = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file);
    let all = tracing_subscriber::registry().with(filter).with(to_file).with(to_terminal);
    // A second subscriber in one process is a mistake of ours that must not end the daemon.
    let _ = all.try_init();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "a part of the daemon ended unexpectedly");
        before(panic);
    }));
    Ok(())
}
