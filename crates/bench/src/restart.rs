//! Live sessions: what they and their hosts weigh, and how long a new daemon takes to find them all again.

use crate::report::{Figure, Report, Unit};
use crate::site::{Site, megabytes, until};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How long a new daemon may take until it has every host again.
const ATTACHED: f64 = 2_000.0;
/// The piece of text in which an agent speaks, in bytes.
const CHUNK: usize = 500;

/// Measures with so many live planning sessions, each of which has said `said` bytes.
pub(crate) fn measure(
    site: &Site,
    sessions: usize,
    said: usize,
    runs: usize,
    report: &mut Report,
) -> Result<()> {
    let go = configure(site, sessions, said)?;
    let (daemon, _) = site.start()?;
    site.settle(&daemon)?;
    let without = daemon.megabytes()?;
    let mut handles = Vec::new();
    for number in 0..sessions {
        let handle = site.ganger(&["new", &format!("Measured item {number}")])?.trim().to_owned();
        site.ganger(&["start", &handle])?;
        handles.push(handle);
    }
    until("all agents have spoken", || {
        let sizes = site.hosts()?.iter().map(|(_, host)| journal(host)).collect::<Result<Vec<_>>>()?;
        Ok(sizes.len() == sessions && sizes.iter().all(|bytes| *bytes >= said as u64))
    })?;
    site.settle(&daemon)?;
    let hosts = site.hosts()?;
    let directories: BTreeSet<PathBuf> = hosts.iter().map(|(_, host)| host.clone()).collect();
    ensure!(directories.len() == sessions, "{} hosts live, not {sessions}", directories.len());

    let count = sessions as f64;
    let size = said / 1_000_000;
    let mut session = Figure::new("one live session in the daemon", Unit::Megabytes).budget(1.0);
    session.run((daemon.megabytes()? - without) / count);
    report.add(session);
    let weights = hosts.iter().map(|(pid, _)| megabytes(*pid)).collect::<Result<Vec<_>>>()?;
    report.add(Figure::new("one host", Unit::Megabytes).budget(1.5).of(weights));

    let what = format!("daemon killed, {sessions} hosts of {size} MB");
    let mut answer = Figure::new(format!("{what}: to first answer"), Unit::Milliseconds);
    let mut attached = Figure::new(format!("{what}: all attached"), Unit::Milliseconds).budget(ATTACHED);
    let mut restarted = Figure::new("one live session in a restarted daemon", Unit::Megabytes).budget(1.0);
    let mut daemon = Some(daemon);
    for _ in 0..runs {
        let seen = epochs(&directories)?.into_iter().max().context("no host was ever attached")?;
        drop(daemon.take());
        let began = Instant::now();
        let (started, took) = site.start()?;
        answer.took(took);
        until("all hosts are attached", || Ok(epochs(&directories)?.into_iter().all(|found| found > seen)))?;
        attached.took(began.elapsed());
        site.settle(&started)?;
        restarted.run((started.megabytes()? - without) / count);
        daemon = Some(started);
    }
    report.add(answer);
    report.add(attached);
    report.add(restarted);

    let now: BTreeSet<PathBuf> = site.hosts()?.into_iter().map(|(_, host)| host).collect();
    let wrong = now.symmetric_difference(&directories).count();
    let figure = Figure::new(format!("{what}: hosts lost or doubled"), Unit::Count).budget(0.0);
    report.add(figure.of([wrong as f64]));

    // Now the agents go on while no daemon lives: their calls are held until the next one is there.
    drop(daemon.take());
    std::fs::write(&go, "")?;
    let began = Instant::now();
    let (daemon, _) = site.start()?;
    let path = ganger_api::routes::DECISIONS;
    until("all items go on", || {
        let waiting = site.get(path)?;
        Ok(waiting["decisions"].as_array().map_or(0, Vec::len) >= sessions)
    })?;
    let mut went_on = Figure::new(format!("{what}: all items have gone on"), Unit::Milliseconds);
    went_on.took(began.elapsed());
    report.add(went_on);
    for handle in &handles {
        site.ganger(&["reject", handle])?;
    }
    until("all hosts are gone", || Ok(site.hosts()?.is_empty()))?;
    drop(daemon);
    Ok(())
}

/// Writes configuration and scenario, and gives the file that lets the agents go on.
fn configure(site: &Site, sessions: usize, said: usize) -> Result<PathBuf> {
    let root = site.home.parent().context("the home has a parent")?;
    let (scenario, go) = (root.join("measured.toml"), root.join("go"));
    let text = "measured ".repeat(CHUNK.div_ceil(9)).chars().take(CHUNK).collect::<String>();
    std::fs::write(
        &scenario,
        format!(
            "[[rules]]\nname = \"planning\"\nwhen = {{ tool = \"submit_plan\" }}\n[[rules.steps]]\ndo = \"say\"\ntext = {text:?}\n\
             chunk = {CHUNK}\nrepeat = {}\n[[rules.steps]]\ndo = \"wait_for\"\npath = {:?}\n[[rules.steps]]\ndo = \
             \"submit_plan\"\ndocuments = [\"@plan.md\"]\n",
            said / CHUNK,
            go.display().to_string()
        ),
    )?;
    std::fs::write(
        site.home.join("config.toml"),
        format!(
            "[agents]\ndefault = \"scripted\"\nmax_sessions = {sessions}\n\n[agents.scripted]\narguments = [\"--scenario\", \
             {:?}]\n\n[sandbox]\nmode = \"best-effort\"\n",
            scenario.display().to_string()
        ),
    )?;
    Ok(go)
}

/// The size of a host's journal.
fn journal(host: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(host)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("journal.") {
            bytes += file.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// The highest epoch of a daemon that the host has served.
fn epoch(host: &Path) -> Result<u64> {
    let text = std::fs::read_to_string(host.join("epoch"))?;
    text.trim().parse().with_context(|| format!("the epoch of {} is no number", host.display()))
}

fn epochs(hosts: &BTreeSet<PathBuf>) -> Result<Vec<u64>> {
    hosts.iter().map(|host| epoch(host)).collect()
}
