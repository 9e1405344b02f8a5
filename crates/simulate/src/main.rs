//! `ganger-simulate`: lives many lives and says what they met.

use clap::Parser;
use ganger_simulate::{Coverage, Life, Planted};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// From so many seeds on, the coverage floor must be met.
const FLOOR_SEEDS: u64 = 2_000;

/// Lives simulated lives of ganger, one per seed, and checks its invariants in each.
#[derive(Parser)]
#[command(name = "ganger-simulate")]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    start: u64,
    /// How many threads.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Plants a bug, to see it found.
    #[arg(long, value_parser = planted)]
    plant: Option<Planted>,
    /// Prints everything that happens (one seed, one thread).
    #[arg(long)]
    trace: bool,
    /// Goes on after a failure and counts the failures by their text.
    #[arg(long)]
    all: bool,
}

fn planted(name: &str) -> Result<Planted, String> {
    Planted::ALL.into_iter().find(|planted| planted.name() == name).ok_or_else(|| {
        let known: Vec<&str> = Planted::ALL.iter().map(|planted| planted.name()).collect();
        format!("there is no bug \"{name}\"; there are {}", known.join(", "))
    })
}

#[derive(Default)]
struct Results {
    coverage: Coverage,
    failures: Vec<Life>,
    events: u64,
    happenings: u64,
}

#[expect(clippy::print_stdout, reason = "a program whose results are its output")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let results = Mutex::new(Results::default());
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= arguments.seeds {
                return;
            }
            let seed = arguments.start + index;
            let life = if arguments.trace {
                ganger_simulate::trace(seed, arguments.plant)
            } else {
                ganger_simulate::run(seed, arguments.plant)
            };
            let mut results = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            results.coverage.merge(&life.coverage);
            results.events += life.events;
            results.happenings += life.happenings;
            if life.violation.is_some() {
                stop.fetch_or(!arguments.all, Ordering::Relaxed);
                results.failures.push(life);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..if arguments.trace { 1 } else { arguments.jobs.clamp(1, 64) } {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let lived = next.load(Ordering::Relaxed).min(arguments.seeds);
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    println!("{}", results.coverage.report());
    println!(
        "{lived} seeds from {} in {seconds:.1} s: {:.0} seeds/s, {} events, {} happenings",
        arguments.start,
        lived as f64 / seconds,
        results.events,
        results.happenings
    );
    let missing = results.coverage.missing();
    if !missing.is_empty() {
        println!("not met: {}", missing.join("; "));
    }
    results.failures.sort_by_key(|life| life.seed);
    for life in results.failures.iter().take(200) {
        if let Some(violation) = &life.violation {
            println!("seed {}: {violation}", life.seed);
        }
    }
    if let Some(life) = results.failures.first() {
        let plant = arguments.plant.map(|planted| format!(" --plant {}", planted.name())).unwrap_or_default();
        println!("{} of {lived} seeds failed; repeat with:", results.failures.len());
        println!("  ganger-simulate --seeds 1 --start {} --trace{plant}", life.seed);
        return ExitCode::FAILURE;
    }
    if !missing.is_empty() && arguments.seeds >= FLOOR_SEEDS && arguments.plant.is_none() {
        println!("the coverage floor is missed: {} things were never met", missing.len());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
