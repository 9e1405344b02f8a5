//! `ganger-bench`: measures the store, and the real binary in a throw-away `GANGER_HOME`, against the budgets that
//! ganger promises. It prints; it asserts nothing but by its exit code, and only where that is asked for.

mod appends;
mod life;
mod listing;
mod report;
mod restart;
mod site;

use anyhow::{Context, Result};
use clap::Parser;
use life::Life;
use report::Report;
use site::Site;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures ganger against its budgets. Exit code 0: all are kept; 1: one is over; 6: it could not be measured.
#[derive(Parser)]
#[command(name = "ganger-bench")]
struct Arguments {
    /// The binary to measure; else the `ganger` beside this program.
    #[arg(long)]
    ganger: Option<PathBuf>,
    /// Work below this directory: it must be on the disk that counts.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Fewer items, smaller journals, fewer runs: under a minute.
    #[arg(long)]
    quick: bool,
    /// One JSON object instead of the table.
    #[arg(long)]
    json: bool,
    /// Only these measurements.
    #[arg(long, value_enum, num_args = 1..)]
    only: Vec<Part>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Durable appends.
    Appends,
    /// Folding a log.
    Replay,
    /// A site with many stored items.
    Items,
    /// Live sessions and a daemon that is killed.
    Restart,
}

/// How much is measured.
struct Size {
    runs: usize,
    items: u64,
    sessions: usize,
    said: usize,
}

const FULL: Size = Size { runs: 5, items: 10_000, sessions: 20, said: 20_000_000 };
const QUICK: Size = Size { runs: 3, items: 2_000, sessions: 5, said: 1_000_000 };

#[expect(clippy::print_stdout, reason = "a program whose results are its output")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match measure(&arguments) {
        Ok(report) => {
            if arguments.json {
                println!("{}", report.json());
            } else {
                print!("{}", report.table());
            }
            ExitCode::from(u8::from(!report.is_within()))
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(6)
        }
    }
}

fn measure(arguments: &Arguments) -> Result<Report> {
    let program = match &arguments.ganger {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("ganger"),
    };
    let program = program.canonicalize().with_context(|| {
        format!(
            "there is no {}: build it with `cargo build --release`, or name it by --ganger",
            program.display()
        )
    })?;
    let size = if arguments.quick { QUICK } else { FULL };
    let directory = match &arguments.dir {
        Some(directory) => tempfile::tempdir_in(directory),
        None => tempfile::tempdir(),
    }
    .context("the directory to work in cannot be made")?;
    let root = directory.path().canonicalize()?;
    let wants = |part| arguments.only.is_empty() || arguments.only.contains(&part);

    let mut report = Report::default();
    let site = Site::demonstration(&program, &root.join("site"))?;
    let life = Life::read(&site.home.join("ganger.db"))?;
    eprintln!("a life has {} events; measured in {}", life.len(), root.display());
    if wants(Part::Appends) {
        appends::measure(&life, &root, size.runs, &mut report)?;
    }
    if wants(Part::Replay) {
        appends::replay(&life, &root, size.runs, &mut report)?;
    }
    if wants(Part::Restart) {
        restart::measure(&site, size.sessions, size.said, size.runs, &mut report)?;
    }
    if wants(Part::Items) {
        let other = Site::demonstration(&program, &root.join("stored"))?;
        let life = Life::read(&other.home.join("ganger.db"))?;
        listing::fill(&other, &life, size.items)?;
        listing::measure(&other, size.items, size.runs, &mut report)?;
    }
    writable(&root);
    Ok(report)
}

/// Base checkouts are read-only on purpose, and must go with the rest.
fn writable(place: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::symlink_metadata(place) else { return };
    if metadata.is_dir() {
        // What stays is a matter of the system's own temporary files.
        let _ = std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o700));
        std::fs::read_dir(place).into_iter().flatten().flatten().for_each(|entry| writable(&entry.path()));
    }
}
