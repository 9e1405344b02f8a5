//! The composition root: everything of a running daemon is put together here.

use crate::config::Sources;
use crate::equipment::{self, Awaited};
use crate::error::{CodedError, ErrorKind};
use crate::local::unit;
use crate::log_file;
use crate::paths::{Paths, Variables};
use crate::program_copy;
use crate::server::{self, App};
use crate::surroundings::Machine;
use ganger_api::exit;
use ganger_api::timestamp::Timestamp;
use ganger_git::{Git, GitError};
use ganger_orchestrator::engine::{Engine, Limits};
use ganger_orchestrator::run::sessions::random_token;
use ganger_store::{SqliteOptions, SqliteStore};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::watch;

/// How long what is under way may hold up a stop.
const STOP_LIMIT: Duration = Duration::from_millis(500);
/// How long a daemon may take until its socket answers.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How a daemon begins to say that it is one too many.
const ALREADY_RUNS: &str = "a daemon already runs";

fn io(what: &'static str, path: &Path, error: &std::io::Error) -> CodedError {
    CodedError::file(what, path, error)
}

/// The exclusive lock of a site, held as long as it lives.
struct Lock {
    _file: File,
}

fn make_private_directory(path: &Path) -> Result<(), CodedError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| io("make the directory", path, &error))
}

fn take_lock(paths: &Paths) -> Result<Lock, CodedError> {
    let path = paths.lock();
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| io("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => {
            let text = format!("{}\n", std::process::id());
            let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
            written.map_err(|error| io("write", &path, &error))?;
            Ok(Lock { _file: file })
        }
        Err(std::fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the sentence.
            let _ = file.read_to_string(&mut holder);
            Err(CodedError::new(
                ErrorKind::Environment,
                "daemon.already_runs",
                format!("{ALREADY_RUNS} for {} (process {})", paths.display(paths.home()), holder.trim()),
            )
            .hint("ganger daemon status"))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(io("lock", &path, &error)),
    }
}

/// The person's key, made at the first start.
fn person_key(paths: &Paths) -> Result<String, CodedError> {
    let path = paths.person_key();
    match std::fs::read_to_string(&path) {
        Ok(key) if !key.trim().is_empty() => return Ok(key.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(io("read", &path, &error)),
    }
    let key = random_token().map_err(|error| io("read random numbers for", &path, &error))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| io("write", &path, &error))?;
    file.write_all(key.as_bytes()).map_err(|error| io("write", &path, &error))?;
    Ok(key)
}

fn equipment(inherited: &Variables) -> Result<Awaited, CodedError> {
    if let Ok(git) = Git::find(inherited) {
        return Ok(equipment::gather(inherited, git));
    }
    equipment::gather_now(inherited).map_err(|error| {
        let code = match error {
            GitError::NotInstalled => "git.not_installed",
            GitError::TooOld { .. } => "git.too_old",
            _ => "git.failed",
        };
        CodedError::new(ErrorKind::Environment, code, error.to_string())
    })
}

fn listen(paths: &Paths) -> Result<UnixListener, CodedError> {
    let socket = paths.socket();
    // We hold the site's lock, so whatever stands there is of a daemon that is gone.
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io("replace", &socket, &error));
        }
        _ => {}
    }
    let listener = std::os::unix::net::UnixListener::bind(&socket)
        .and_then(|listener| {
            std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
            listener.set_nonblocking(true)?;
            UnixListener::from_std(listener)
        })
        .map_err(|error| io("listen on", &socket, &error))?;
    Ok(listener)
}

/// Runs the daemon until it is stopped. `inherited` is this process's environment.
///
/// # Errors
/// It could not start; the sentence says why.
pub fn run(inherited: &Variables) -> Result<u8, CodedError> {
    let paths = Paths::from_environment(inherited)?;
    make_private_directory(paths.home())?;
    let lock = take_lock(&paths)?;
    let sources = Sources::from_environment(inherited.clone())?;
    log_file::begin(&paths, sources.load()?.configuration.daemon.log_level)?;
    let equipment = equipment(inherited)?;
    let own = std::env::current_exe().map_err(|error| io("find", Path::new("this program"), &error))?;
    let program = program_copy::of(&own, &paths)?;
    let key = person_key(&paths)?;
    let machine = Arc::new(Machine::new(paths.clone(), inherited.clone(), equipment, program));
    let limits = machine.limits()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(1 << 20)
        .enable_all()
        .build()
        .map_err(|error| io("start the threads of", Path::new("the daemon"), &error))?;
    let result = runtime.block_on(serve(paths, key, machine, limits));
    // What git does in a thread at this moment is finished by its own time limit; nobody waits for it.
    runtime.shutdown_background();
    drop(lock);
    result
}

async fn serve(paths: Paths, key: String, machine: Arc<Machine>, limits: Limits) -> Result<u8, CodedError> {
    let database = paths.database();
    let store = SqliteStore::open(&database, &SqliteOptions::default())
        .map_err(|error| CodedError::new(ErrorKind::Environment, "store.unusable", error.to_string()))?;
    let surroundings: Arc<dyn ganger_orchestrator::settings::Surroundings> = Arc::clone(&machine) as _;
    let engine = Engine::start(Arc::new(store), surroundings, limits)
        .await
        .map_err(|error| CodedError::new(ErrorKind::Environment, "daemon.not_started", error.to_string()))?;
    let listener = listen(&paths)?;
    let (stop, mut stopped) = watch::channel(false);
    let started = i64::try_from(engine.now().wall_ms).unwrap_or(i64::MAX);
    let app = Arc::new(App {
        engine,
        machine,
        paths,
        key,
        started_at: Timestamp::from_ms(started),
        stop: stop.clone(),
        sessions: std::sync::Mutex::default(),
    });
    tokio::spawn(signals(stop));
    tokio::spawn(crate::notify::follow(Arc::clone(&app)));
    tokio::spawn(crate::finder::follow(Arc::clone(&app)));
    tracing::info!(epoch = app.engine.epoch(), "the daemon serves");
    let service = server::router(app).into_make_service_with_connect_info::<server::caller::Peer>();
    let mut asked = stopped.clone();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = asked.wait_for(|stop| *stop).await;
    });
    // Held tool calls do not hold the stop up: their bridges present them again to the next daemon.
    let too_long = async {
        let _ = stopped.wait_for(|stop| *stop).await;
        tokio::time::sleep(STOP_LIMIT).await;
    };
    tokio::select! {
        result = serving.into_future() => result.map_err(|error| io("serve", Path::new("the socket"), &error))?,
        () = too_long => {}
    }
    Ok(0)
}

/// The signals that end a daemon in order.
async fn signals(stop: watch::Sender<bool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.send_replace(true);
}

/// Starts a daemon in the background from `program`, and waits until its socket answers.
///
/// # Errors
/// It did not start; its last words stand in the sentence.
pub fn start_in_background(variables: &Variables, program: &Path) -> Result<(), CodedError> {
    let paths = Paths::from_environment(variables)?;
    if answers(&paths) {
        return Ok(());
    }
    make_private_directory(paths.home())?;
    let deadline = std::time::Instant::now() + START_LIMIT;
    let sources = Sources { paths: paths.clone(), variables: variables.clone(), flags: Vec::new() };
    // Whoever has it started at log-in finds it there, too: a second one beside it would be in the way.
    if unit::start(&sources, program, deadline, || answers(&paths)) {
        return Ok(());
    }
    while std::time::Instant::now() < deadline {
        match start_one(&paths, program, deadline)? {
            Started::Answers => return Ok(()),
            Started::Silent => break,
            // Another one was faster and answers soon, or is on its way out and then makes room.
            Started::OneTooMany => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    Err(CodedError::new(
        ErrorKind::Environment,
        "daemon.silent",
        format!("the daemon did not answer within {} s", START_LIMIT.as_secs()),
    )
    .hint("ganger daemon logs"))
}

/// What became of one start.
enum Started {
    Answers,
    Silent,
    OneTooMany,
}

fn start_one(paths: &Paths, program: &Path, deadline: std::time::Instant) -> Result<Started, CodedError> {
    let home = paths.home();
    // What it says before it has its log; no name is left of the file.
    let mut said = tempfile::tempfile_in(home).map_err(|error| io("make a file in", home, &error))?;
    let errors = said.try_clone().map_err(|error| io("make a file in", home, &error))?;
    let mut command = std::process::Command::new(program);
    command
        .args(["daemon", "run"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(errors)
        .current_dir("/");
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| io("start", program, &error))?;
    loop {
        let ended = child.try_wait().ok().flatten();
        if answers(paths) {
            return Ok(Started::Answers);
        }
        if let Some(status) = ended {
            let mut words = Vec::new();
            // Without its words the sentence is shorter.
            let _ = said.rewind().and_then(|()| said.read_to_end(&mut words));
            let words = String::from_utf8_lossy(&words).trim().to_owned();
            if words.contains(ALREADY_RUNS) {
                return Ok(Started::OneTooMany);
            }
            let said = words.strip_prefix("error: ").unwrap_or(&words);
            let (message, rest) = said.split_once('\n').unwrap_or((said, ""));
            // A mistake in the configuration is the person's to mend, as if the command had found it itself.
            let of_configuration = status.code() == Some(i32::from(exit::USAGE));
            let kind = if of_configuration { ErrorKind::Usage } else { ErrorKind::Environment };
            let mut error =
                CodedError::new(kind, "daemon.not_started", format!("the daemon did not start: {message}"));
            for line in rest.lines() {
                error = error.hint(line.trim().trim_start_matches("hint: "));
            }
            return Err(error);
        }
        if std::time::Instant::now() >= deadline {
            return Ok(Started::Silent);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn answers(paths: &Paths) -> bool {
    std::os::unix::net::UnixStream::connect(paths.socket()).is_ok()
}
