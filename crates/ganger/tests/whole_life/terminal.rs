//! A terminal of its own for a command: a pseudo terminal, and an emulator that knows what stands on the screen.

use crate::site::{PROGRAM, Site};
use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use std::io::{Read as _, Write as _};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long anything on a terminal may take at the very most, on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);
/// Lines above the screen that are kept.
const SCROLLBACK: usize = 10_000;
/// What a painting begins and ends with: synchronized output, DEC private mode 2026.
pub(crate) const PAINTING: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");

/// Rows and columns.
#[derive(Clone, Copy)]
pub(crate) struct Shape(pub u16, pub u16);

/// A command in a terminal.
pub(crate) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    reader: Option<JoinHandle<()>>,
    shape: Shape,
}

#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    over: bool,
}

impl Terminal {
    /// Runs ganger in a terminal of this shape, with these variables.
    pub(crate) fn run(site: &Site, shape: Shape, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(shape.0, shape.1)).unwrap();
        let child = Command::new(PROGRAM)
            .args(arguments)
            .current_dir(&site.world.workspace)
            .env("GANGER_HOME", &site.world.home)
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .env_remove("VISUAL")
            .envs(variables.iter().copied())
            .spawn(pts)
            .unwrap();
        let (pty, seen) = (Arc::new(pty), Arc::new((Mutex::new(Seen::default()), Condvar::new())));
        let (source, sink) = (Arc::clone(&pty), Arc::clone(&seen));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                // A pseudo terminal that nobody holds any more says EIO.
                let read = (&*source).read(&mut buffer).unwrap_or(0);
                let mut seen = sink.0.lock().unwrap();
                seen.bytes.extend_from_slice(&buffer[..read]);
                seen.over = read == 0;
                sink.1.notify_all();
                if seen.over {
                    return;
                }
            }
        });
        Self { pty, child, seen, reader: Some(reader), shape }
    }

    /// Everything that was written to it so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().bytes.clone()
    }

    /// All lines that a person can see or scroll back to.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut parser = emulator(self.shape);
        parser.process(&self.bytes());
        lines(&mut parser)
    }

    /// What a person types.
    pub(crate) fn types(&self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the last of the lines that hold something holds these words.
    pub(crate) fn wait_for_prompt(&self, words: &str) {
        self.wait(words, |lines| lines.last().is_some_and(|line| line.contains(words)));
    }

    /// Waits until these words stand anywhere.
    pub(crate) fn wait_for(&self, words: &str) {
        self.wait(words, |lines| lines.iter().any(|line| line.contains(words)));
    }

    fn wait(&self, words: &str, is_there: impl Fn(&[String]) -> bool) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let lines = self.lines();
            if is_there(&lines) {
                return;
            }
            let seen = self.seen.0.lock().unwrap();
            assert!(!seen.over && Instant::now() < deadline, "{words:?} never came:\n{}", lines.join("\n"));
            let _ = self.seen.1.wait_timeout(seen, Duration::from_millis(50)).unwrap();
        }
    }

    /// The exit code, once the command has ended.
    pub(crate) fn end(&mut self) -> i32 {
        let deadline = Instant::now() + LIMIT;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it did not end:\n{}", self.lines().join("\n"));
            std::thread::park_timeout(Duration::from_millis(5));
        }
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A terminal that holds nothing yet.
pub(crate) fn emulator(shape: Shape) -> vt100::Parser {
    let side = |length: u16| length.try_into().unwrap();
    vt100::Parser::new(side(shape.0), side(shape.1), SCROLLBACK)
}

/// All lines of an emulator, without the empty ones at the end.
pub(crate) fn lines(parser: &mut vt100::Parser) -> Vec<String> {
    let screen = parser.screen_mut();
    let columns = screen.size().1;
    let mut lines = Vec::new();
    for above in (1..=screen.scrollback_len()).rev() {
        screen.set_scrollback(above);
        lines.extend(screen.rows(0, columns.into()).next());
    }
    screen.set_scrollback(0);
    lines.extend(screen.rows(0, columns.into()));
    let held = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    lines.truncate(held);
    lines
}
