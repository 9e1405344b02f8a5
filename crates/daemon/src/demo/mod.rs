//! `ganger demo`: the whole life of a ticket over small real repositories, with the commands a person would type,
//! and an assertion of its own result from the log and the remotes.

mod proof;
pub mod record;
mod scenario;
pub mod world;

use crate::error::{CodedError, ErrorKind};
use crate::paths::Variables;
use ganger_api::decision::{Decision, Inbox};
use ganger_api::exit;
use ganger_api::wait::WaitKind;
use ganger_git::Git;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use world::World;

/// What a demonstration is asked to do.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// Decide everything without asking.
    pub yes: bool,
    /// Keep everything under this directory.
    pub dir: Option<PathBuf>,
    /// Draw other repositories and waves.
    pub seed: Option<u64>,
}

/// Questions that are answered under `--yes`; the scenario has one.
const MAX_QUESTIONS: usize = 5;

/// A directory that goes with the demonstration.
struct Temporary(Option<PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            remove(path);
        }
    }
}

/// Removes what the demonstration made; base checkouts are read-only on purpose.
pub fn remove(path: &Path) {
    fn writable(path: &Path) {
        use std::os::unix::fs::PermissionsExt;
        let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
        if metadata.is_dir() {
            let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700));
            for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
                writable(&entry.path());
            }
        }
    }
    writable(path);
    if let Err(error) = std::fs::remove_dir_all(path) {
        tracing::warn!(%error, path = %path.display(), "a temporary directory stays");
    }
}

fn say(out: &mut dyn Write, text: &str) -> Result<(), CodedError> {
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| CodedError::file("write to", Path::new("standard output"), &error))
}

/// Runs the demonstration with `program`, which is ganger itself. Gives the exit code.
///
/// # Errors
/// It could not be prepared, or its result is not what it must be.
pub fn run(
    options: &DemoOptions,
    variables: &Variables,
    program: &Path,
    out: &mut dyn Write,
) -> Result<u8, CodedError> {
    let git = Git::find(variables)
        .map_err(|error| CodedError::new(ErrorKind::Environment, "git.not_usable", error.to_string()))?;
    let (root, _temporary) = match &options.dir {
        Some(directory) => {
            std::fs::create_dir_all(directory)
                .map_err(|error| CodedError::file("make", directory, &error))?;
            let root =
                directory.canonicalize().map_err(|error| CodedError::file("find", directory, &error))?;
            (root, Temporary(None))
        }
        None => {
            let root = temporary(variables)?;
            (root.clone(), Temporary(Some(root)))
        }
    };
    let world = World::make(&root, options.seed, &git)?;
    let names: Vec<&str> = world.repositories.iter().map(|repository| repository.name.as_str()).collect();
    say(
        out,
        &format!(
            "A workspace of {} small repositories stands in {}.",
            names.len(),
            world.workspace.display()
        ),
    )?;
    say(
        out,
        "Its agent is scripted: it plays a file and asks no model. Everything else is real: git, sandbox, daemon.\n",
    )?;
    let result = life(options, variables, program, &world, out);
    let stopped = ganger(program, &world, variables, &["daemon", "stop"], Stdio::null(), Stdio::null());
    let code = result?;
    if code != 0 {
        return Ok(code);
    }
    stopped?;
    let lines = proof::check(&world, &git)?;
    say(out, "\nWhat the log and the remotes say:")?;
    for line in lines {
        say(out, &format!("  ✓ {line}"))?;
    }
    if options.dir.is_some() {
        say(out, &format!("\nEverything is kept in {}.", root.display()))?;
        say(out, &format!("Look around: GANGER_HOME={} ganger show g1", world.home.display()))?;
    }
    say(
        out,
        "\nThe same with a real agent on your own repositories:\n  cd the directory that holds them\n  ganger doctor\n  ganger \
         init\n  ganger config set agents.default opencode\n  ganger new \"what is to be done\" --run",
    )?;
    Ok(0)
}

fn temporary(variables: &Variables) -> Result<PathBuf, CodedError> {
    let base = variables.get("TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let token = ganger_orchestrator::run::sessions::random_token()
        .map_err(|error| CodedError::file("read random numbers for", &base, &error))?;
    let root = base.join(format!("ganger-demo-{}", token.get(..8).unwrap_or(&token)));
    std::fs::create_dir_all(&root).map_err(|error| CodedError::file("make", &root, &error))?;
    root.canonicalize().map_err(|error| CodedError::file("find", &root, &error))
}

fn command(program: &Path, world: &World, variables: &Variables, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&world.workspace)
        .env_clear()
        .envs(world.environment(variables))
        .stdin(Stdio::null());
    command
}

fn ganger(
    program: &Path,
    world: &World,
    variables: &Variables,
    arguments: &[&str],
    input: Stdio,
    output: Stdio,
) -> Result<u8, CodedError> {
    let status = command(program, world, variables, arguments)
        .stdin(input)
        .stdout(output)
        .status()
        .map_err(|error| CodedError::file("start", program, &error))?;
    // A signal ended it: that is a failure.
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// The questions that wait for a person.
fn questions(program: &Path, world: &World, variables: &Variables) -> Result<Vec<Decision>, CodedError> {
    let output = command(program, world, variables, &["inbox", "--json"])
        .output()
        .map_err(|error| CodedError::file("start", program, &error))?;
    let inbox: Inbox = serde_json::from_slice(&output.stdout).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        let message = format!("what `ganger inbox --json` printed can't be read: {error}; it said: {said}");
        CodedError::new(ErrorKind::Failed, "demo.inbox", message)
    })?;
    Ok(inbox.decisions.into_iter().filter(|decision| decision.kind == WaitKind::Question).collect())
}

fn life(
    options: &DemoOptions,
    variables: &Variables,
    program: &Path,
    world: &World,
    out: &mut dyn Write,
) -> Result<u8, CodedError> {
    let ticket = world.root.join("ticket.md");
    std::fs::write(&ticket, World::TICKET).map_err(|error| CodedError::file("write", &ticket, &error))?;
    let file = ticket.display().to_string();
    say(out, "$ ganger new -f ticket.md")?;
    let code = ganger(program, world, variables, &["new", "-f", &file], Stdio::null(), Stdio::inherit())?;
    if code != 0 {
        return Ok(code);
    }
    let run: &[&str] = if options.yes { &["run", "g1", "--yes"] } else { &["run", "g1"] };
    for _ in 0..=MAX_QUESTIONS {
        say(out, &format!("\n$ ganger {}", run.join(" ")))?;
        let code = ganger(program, world, variables, run, Stdio::inherit(), Stdio::inherit())?;
        if !options.yes || code != exit::NEEDS_PERSON {
            return Ok(code);
        }
        // `--yes` of `run` approves plans and nothing else; here it stands for a person who answers, too.
        let asked = questions(program, world, variables)?;
        if asked.is_empty() {
            return Ok(code);
        }
        for question in asked {
            let answer = ["answer", &question.handle, "--choice", "1"];
            say(out, &format!("\n$ ganger {}    # {}", answer.join(" "), question.subject))?;
            let code = ganger(program, world, variables, &answer, Stdio::null(), Stdio::inherit())?;
            if code != exit::DONE {
                return Ok(code);
            }
        }
    }
    Ok(exit::NEEDS_PERSON)
}
