//! Durable appends, with the events of a real life, and folding them again.

use crate::life::Life;
use crate::report::{Figure, Report, Unit};
use anyhow::{Context, Result};
use ganger_core::work_item::WorkItem;
use ganger_orchestrator::stored;
use ganger_store::{Append, SqliteOptions, SqliteStore, Store, StreamId, StreamKind};
use std::io::Write;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Writers at once, and events per second that so many must bring to the disk.
const WRITERS: [(u64, Option<f64>); 3] = [(1, None), (10, None), (100, Some(20_000.0))];
/// By how much a lone append may take longer than bringing its bytes to the disk takes by itself.
const LONE: f64 = 1.3;
/// What a small append brings to the disk: some pages of SQLite's log.
const FSYNC_BYTES: usize = 16 * 1024;

/// Measures appending. `directory` must be on the disk that counts.
pub(crate) fn measure(life: &Life, directory: &Path, runs: usize, report: &mut Report) -> Result<()> {
    let mut lone = Figure::new("a lone append, against one write and fsync", Unit::Times).budget(LONE);
    let mut bare = Figure::new("one write and fsync of 16 KB", Unit::Milliseconds);
    let mut rates: Vec<Figure> = Vec::new();
    for (writers, budget) in WRITERS {
        let figure = Figure::new(format!("durable appends, {writers} writers"), Unit::PerSecond);
        rates.push(match budget {
            Some(budget) => figure.budget(budget),
            None => figure,
        });
    }
    for run in 0..runs {
        let fsync = fsync(&directory.join(format!("fsync-{run}")))?;
        bare.took(fsync);
        for (figure, (writers, _)) in rates.iter_mut().zip(WRITERS) {
            let place = directory.join(format!("appends-{run}-{writers}.db"));
            let written = write(life, &place, writers)?;
            figure.run(written.events as f64 / written.time.as_secs_f64());
            if writers == 1 {
                lone.run(written.median.as_secs_f64() / fsync.as_secs_f64());
            }
        }
    }
    report.add(bare);
    report.add(lone);
    rates.into_iter().for_each(|figure| report.add(figure));
    Ok(())
}

/// Measures folding a log into states.
pub(crate) fn replay(life: &Life, directory: &Path, runs: usize, report: &mut Report) -> Result<()> {
    let store = SqliteStore::open(directory.join("replay.db"), &SqliteOptions::default())?;
    let mut streams = Vec::new();
    for number in 1..=20 {
        let retold = life.retold(number)?;
        streams.push(retold.appends[0].stream.clone());
        retold.appends.into_iter().try_for_each(|append| store.append(append).map(|_| ()))?;
    }
    let mut figure = Figure::new("replay: events read and folded", Unit::PerSecond);
    for _ in 0..runs {
        let (began, mut events) = (Instant::now(), 0);
        for stream in &streams {
            let loaded = store.load(stream)?;
            events += loaded.events.len();
            stored::fold::<WorkItem>(stream, &loaded)?;
        }
        figure.run(events as f64 / began.elapsed().as_secs_f64());
    }
    report.add(figure);
    Ok(())
}

struct Written {
    events: usize,
    time: Duration,
    /// Of one append.
    median: Duration,
}

/// So many writers at once, each with streams of its own, each waiting until its append is durable.
fn write(life: &Life, place: &Path, writers: u64) -> Result<Written> {
    let lives = (200 / writers).clamp(1, 4);
    let mut work: Vec<Vec<Append>> = Vec::new();
    for writer in 0..writers {
        let numbers = (0..lives).map(|number| 1 + writer * lives + number);
        let retold = numbers.map(|number| Ok(life.retold(number)?.appends)).collect::<Result<Vec<_>>>()?;
        work.push(retold.concat());
    }
    let events = work.iter().flatten().map(|append| append.events.len()).sum();
    let store = SqliteStore::open(place, &SqliteOptions::default())?;
    // The first write also makes the file's log: that is not what is measured.
    store.append(Append::new(
        StreamId::new(StreamKind::Site, "site"),
        0,
        vec![ganger_store::NewEvent::new("bench.warm/1", "{}", 0, 0)],
    ))?;
    let barrier = Barrier::new(work.len() + 1);
    let (mut times, time) = std::thread::scope(|scope| {
        let tasks: Vec<_> = work
            .into_iter()
            .map(|appends| {
                let (barrier, store) = (&barrier, &store);
                scope.spawn(move || {
                    barrier.wait();
                    let one = |append| {
                        let began = Instant::now();
                        store.append(append).map(|_| began.elapsed())
                    };
                    appends.into_iter().map(one).collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        barrier.wait();
        let began = Instant::now();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.join().ok().context("a writer panicked")??);
        }
        anyhow::Ok((times, began.elapsed()))
    })?;
    times.sort_unstable();
    Ok(Written { events, time, median: times[times.len() / 2] })
}

/// How long the disk takes by itself, in the middle.
fn fsync(place: &Path) -> Result<Duration> {
    let mut file = std::fs::File::create(place)?;
    let bytes = vec![1; FSYNC_BYTES];
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
