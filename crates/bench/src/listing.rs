//! A site with many stored items: how fast its daemon starts, what it weighs, and how fast it lists.

use crate::life::Life;
use crate::report::{Figure, Report, Unit};
use crate::site::Site;
use anyhow::{Context, Result};
use ganger_api::routes::{self, ItemsQuery};
use ganger_store::{Append, SqliteOptions, SqliteStore, Store};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How many of the items still wait for a person; the others are finished.
const OPEN: u64 = 50;
/// How many of the finished items have their whole log; of the rest only the birth is stored, and the list's row.
const WHOLE: u64 = 300;
/// Appends handed over before anybody waits.
const AHEAD: usize = 512;

/// Fills the site's database up to `items` items.
pub(crate) fn fill(site: &Site, life: &Life, items: u64) -> Result<()> {
    let store = SqliteStore::open(site.home.join("ganger.db"), &SqliteOptions::default())?;
    let (sender, results) = mpsc::channel();
    let mut waiting = 0;
    let mut submit = |append: Append| -> Result<()> {
        let sender = sender.clone();
        store.submit(append, Box::new(move |result| drop(sender.send(result.map(|_| ())))));
        waiting += 1;
        while waiting > AHEAD {
            results.recv()??;
            waiting -= 1;
        }
        Ok(())
    };
    let whole = life.retold(2)?;
    let waits_after = whole.waits_after.context("the life waits nowhere for a person")?;
    let born = 1;
    for number in 2..=items {
        let mut retold = life.retold_up_to(number, if number <= WHOLE { usize::MAX } else { born })?;
        if number > items - OPEN {
            retold = life.retold_up_to(number, waits_after)?;
        } else if number > WHOLE
            && let Some(append) = retold.appends.last_mut()
            && let Some(finished) = whole.appends.last().and_then(|append| append.index.clone())
            && let Some(row) = &mut append.index
        {
            // The finished row of another item, with this one's own number and ids.
            *row = life.row_for(&finished, number)?;
        }
        retold.appends.into_iter().try_for_each(&mut submit)?;
    }
    for _ in 0..waiting {
        results.recv()??;
    }
    Ok(())
}

/// Measures the filled site.
pub(crate) fn measure(site: &Site, items: u64, runs: usize, report: &mut Report) -> Result<()> {
    let named = |what: &str| format!("{what}, {items} items");
    let mut start = Figure::new(named("daemon: start to first answer"), Unit::Milliseconds).budget(30.0);
    let mut memory = Figure::new(named("daemon: idle"), Unit::Megabytes).budget(12.0);
    let mut idle =
        Figure::new(named("daemon: idle, processor time in a second"), Unit::Milliseconds).budget(0.0);
    let mut daemon = None;
    for _ in 0..runs.max(3) {
        drop(daemon.take());
        let (started, took) = site.start()?;
        start.took(took);
        site.settle(&started)?;
        memory.run(started.megabytes()?);
        let before = started.cpu()?;
        std::thread::sleep(Duration::from_secs(1));
        idle.took(started.cpu()? - before);
        daemon = Some(started);
    }
    let daemon = daemon.context("no daemon was started")?;
    report.add(start);
    report.add(memory);
    report.add(idle);

    let directory = Some(site.workspace.display().to_string());
    let query = ItemsQuery { directory, all: false, waiting: false, repository: None };
    let everything = ItemsQuery { all: true, ..query.clone() };
    let rows: [(&str, &[&str], f64); 3] = [
        ("ganger ls: first byte", &["ls"], 20.0),
        ("ganger inbox: first byte", &["inbox"], 20.0),
        ("ganger daemon status: first byte", &["daemon", "status"], 10.0),
    ];
    for (what, arguments, budget) in rows {
        let mut figure = Figure::new(named(what), Unit::Milliseconds).budget(budget);
        site.first_byte(arguments)?;
        for _ in 0..runs * 5 {
            figure.took(site.first_byte(arguments)?);
        }
        report.add(figure);
    }
    let mut all = Figure::new(named("ganger ls --all: first byte"), Unit::Milliseconds);
    for _ in 0..runs {
        all.took(site.first_byte(&["ls", "--all"])?);
    }
    report.add(all);
    for (what, query, budget) in
        [("API: list of the open ones", &query, Some(20.0)), ("API: list of all", &everything, None)]
    {
        let path = routes::with_query(routes::ITEMS, query)?;
        let figure = Figure::new(named(what), Unit::Milliseconds);
        let mut figure = match budget {
            Some(budget) => figure.budget(budget),
            None => figure,
        };
        for _ in 0..runs * 2 {
            let began = Instant::now();
            site.get(&path)?;
            figure.took(began.elapsed());
        }
        report.add(figure);
    }
    let mut after = Figure::new(named("daemon: idle, after the lists"), Unit::Megabytes);
    after.run(daemon.megabytes()?);
    report.add(after);
    Ok(())
}
