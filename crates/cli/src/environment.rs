//! Everything that the command line takes from its process, so that tests can give it something else.

use ganger_api::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use time::UtcOffset;

/// Columns and lines of a terminal.
pub type Size = (usize, usize);

/// The process around a command.
pub struct Environment {
    /// The arguments, the program's name first.
    pub arguments: Vec<OsString>,
    /// The environment variables that are text.
    pub variables: BTreeMap<String, String>,
    /// The working directory.
    pub directory: PathBuf,
    /// Standard input.
    pub input: Box<dyn BufRead + Send>,
    /// Standard output.
    pub output: Box<dyn Write + Send>,
    /// Standard error.
    pub errors: Box<dyn Write + Send>,
    /// Whether standard input is a terminal.
    pub input_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub output_is_terminal: bool,
    /// Columns of the terminal on standard output; `None` without one.
    pub columns: Option<usize>,
    /// The size that it has now: a window can be drawn larger and smaller.
    pub size: fn() -> Option<Size>,
    /// How far local time is from UTC.
    pub offset: UtcOffset,
    /// The clock.
    pub now: fn() -> Timestamp,
}

impl Environment {
    /// The real process's. Call it before any thread is started: reading the local time zone needs that.
    ///
    /// # Errors
    /// The working directory does not exist any more.
    pub fn of_process() -> io::Result<Self> {
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Ok(Self {
            arguments: std::env::args_os().collect(),
            variables: std::env::vars_os().filter_map(text).collect(),
            directory: std::env::current_dir()?,
            input: Box::new(io::BufReader::new(io::stdin())),
            output: Box::new(io::BufWriter::new(io::stdout())),
            errors: Box::new(io::stderr()),
            input_is_terminal: io::stdin().is_terminal(),
            output_is_terminal: io::stdout().is_terminal(),
            columns: terminal_now().map(|(columns, _)| columns),
            size: terminal_now,
            offset: UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC),
            now: system_now,
        })
    }

    /// The value of a variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a person sits at both ends.
    pub fn is_interactive(&self) -> bool {
        self.input_is_terminal && self.output_is_terminal
    }
}

/// The size of the terminal on standard output.
fn terminal_now() -> Option<Size> {
    let (columns, lines) = terminal_size::terminal_size_of(io::stdout())?;
    Some((columns.0.into(), lines.0.into()))
}

/// The machine's wall time.
fn system_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
