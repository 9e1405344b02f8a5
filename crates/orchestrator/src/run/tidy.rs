//! What nothing needs any more goes: results of old commands, the places of jobs that were settled long ago, base
//! checkouts that no open item names, copies of the program that no host can run from. All of it is derived, and can
//! be made again. Anything unclear stays until the next time.

use crate::engine::Engine;
use crate::stored;
use ganger_core::effect::Action;
use ganger_core::ids::EffectId;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::status::Status;
use ganger_git::{CheckoutKind, CheckoutPlace, OwnerRecord};
use ganger_host::spec::{HostState, probe};
use ganger_store::{COMMAND_RETENTION_MS, ListQuery, MAX_PAGE, StreamKind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// How long the journal and the scratch directory of a settled job are kept: somebody may want to read what a check
/// printed.
const JOBS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Tidies now and then, as long as the daemon lives.
pub(crate) async fn keep_tidy(engine: Arc<Engine>) {
    loop {
        engine.equipped().await;
        match engine.surroundings().site() {
            Ok(site) => tidy(&engine, &site.home, &site.program).await,
            Err(reason) => tracing::warn!(%reason, "the configuration cannot be read, so nothing is tidied"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Tidies once. `program` is the copy that hosts are started from now.
pub(crate) async fn tidy(engine: &Arc<Engine>, home: &Path, program: &Path) {
    // While this is held no item begins to look for its bases.
    let _gate = engine.bases_gate().write().await;
    let (tidying, home, program) = (Arc::clone(engine), home.to_owned(), program.to_owned());
    let done = tokio::task::spawn_blocking(move || {
        let steps: [(&str, Result<(), String>); 4] = [
            ("old commands", commands(&tidying)),
            ("places of jobs", jobs(&tidying, &home)),
            ("base checkouts", bases(&tidying, &home)),
            ("copies of the program", programs(&tidying, &program)),
        ];
        for (what, result) in steps {
            if let Err(reason) = result {
                tracing::warn!(%reason, "{what} stay where they are");
            }
        }
    });
    if let Err(error) = done.await {
        tracing::error!(%error, "tidying ended unexpectedly");
    }
}

fn sentence(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn commands(engine: &Engine) -> Result<(), String> {
    let before = engine.now().wall_ms.saturating_sub(COMMAND_RETENTION_MS);
    engine.store().forget_commands(before).map(|_| ()).map_err(sentence)
}

/// The names in a directory; none where it does not exist yet.
fn names(directory: &Path) -> Result<Vec<String>, String> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| format!("{} cannot be read: {error}", directory.display()))?,
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.map_err(|error| format!("{} cannot be read: {error}", directory.display()))?;
        Ok(entry.file_name().into_string().ok())
    };
    Ok(entries.map(name).collect::<Result<Vec<_>, String>>()?.into_iter().flatten().collect())
}

fn load(engine: &Engine, stream: &ganger_store::StreamId) -> Result<WorkItem, String> {
    let loaded = engine.store().load_for(stream, crate::engine::SCHEMA).map_err(sentence)?;
    stored::fold(stream, &loaded).map(|(item, _)| item).map_err(sentence)
}

/// The effects that any item owes.
fn owed(engine: &Engine) -> Result<BTreeSet<EffectId>, String> {
    let mut owed = BTreeSet::new();
    for stream in engine.store().live_streams(StreamKind::WorkItem).map_err(sentence)? {
        owed.extend(load(engine, &stream)?.owed().iter().map(|owed| owed.effect.id));
    }
    Ok(owed)
}

/// The places of jobs that nobody owes any more.
fn jobs(engine: &Engine, home: &Path) -> Result<(), String> {
    let (scratch, hosts) = (home.join("sessions"), home.join("hosts"));
    // A place is made after its intent is stored: so first the places are listed, then what is owed.
    let places: Vec<(EffectId, String)> =
        names(&scratch)?.into_iter().filter_map(|name| Some((effect_of(&name)?, name))).collect();
    let old: Vec<_> = places.into_iter().filter(|(_, name)| is_old(&scratch.join(name))).collect();
    if old.is_empty() {
        return Ok(());
    }
    let journals = names(&hosts)?;
    let owed = owed(engine)?;
    for (_, name) in old.into_iter().filter(|(effect, _)| !owed.contains(effect)) {
        let of_job = |host: &&String| {
            host.strip_prefix(&name).is_some_and(|step| step.is_empty() || step.starts_with('-'))
        };
        let of_job: Vec<PathBuf> = journals.iter().filter(of_job).map(|host| hosts.join(host)).collect();
        let is_over = |host: &PathBuf| matches!(probe(host), HostState::Ended(_) | HostState::NeverStarted);
        if of_job.iter().all(is_over) {
            // The scratch directory goes last: it is what the journals are found by.
            of_job.iter().for_each(|host| remove(host));
            remove(&scratch.join(name));
        }
    }
    Ok(())
}

/// The effect whose place this is: `<effect>.<attempt>`. A session's own directory is named after the session alone.
fn effect_of(name: &str) -> Option<EffectId> {
    let (effect, attempt) = name.split_once('.')?;
    attempt.parse::<u32>().ok()?;
    effect.parse().ok()
}

/// Whether it has not changed for long. What cannot be told is not old.
fn is_old(place: &Path) -> bool {
    let changed = std::fs::symlink_metadata(place).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > JOBS_KEPT))
}

fn remove(place: &Path) {
    match std::fs::remove_dir_all(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, place = %place.display(), "a place of a settled job stays");
        }
        _ => {}
    }
}

/// Base checkouts of commits that no open item names.
fn bases(engine: &Engine, home: &Path) -> Result<(), String> {
    let base = home.join("base");
    let mut places = Vec::new();
    for key in names(&base)? {
        let repository = base.join(key);
        let git = repository.join(".git-directories");
        for commit in names(&repository)?.into_iter().filter(|name| !name.starts_with('.')) {
            let place = CheckoutPlace {
                worktree: repository.join(&commit),
                git_directory: git.join(&commit),
                owner_record: git.join(format!(".owner-{commit}.json")),
            };
            places.push((commit, place));
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    let Some(held) = held(engine)? else { return Ok(()) };
    for (_, place) in places.into_iter().filter(|(commit, _)| !held.contains(commit)) {
        let is_base = OwnerRecord::read(&place)
            .map_err(sentence)?
            .is_some_and(|record| record.kind == CheckoutKind::Base);
        if is_base {
            let git = engine.discoverer().ref_git();
            let removed = git.nothing_to_save(&place).and_then(|saved| git.remove_checkout(saved));
            removed.map_err(sentence)?;
            tracing::debug!(place = %place.worktree.display(), "a base checkout that no item names is gone");
        }
    }
    Ok(())
}

/// The base commits of all open items; none while one of them is still looking for its own.
fn held(engine: &Engine) -> Result<Option<BTreeSet<String>>, String> {
    let mut query = ListQuery::all(StreamKind::WorkItem, MAX_PAGE);
    let mut held = BTreeSet::new();
    loop {
        let rows = engine.store().list(&query).map_err(sentence)?;
        query.below = rows.iter().filter_map(|(_, row)| row.number).min();
        let full = rows.len() == MAX_PAGE && query.below.is_some();
        for (stream, row) in rows {
            if row.status == Status::Completed.name() && !row.live {
                continue;
            }
            let item = load(engine, &stream)?;
            if item.owed().iter().any(|owed| matches!(owed.effect.action, Action::PrepareBases { .. })) {
                return Ok(None);
            }
            held.extend(item.planning.bases.into_iter().map(|base| base.base_commit));
        }
        if !full {
            return Ok(Some(held));
        }
    }
}

/// Copies of other builds, when nothing runs that could have been started from one.
fn programs(engine: &Engine, program: &Path) -> Result<(), String> {
    let Some(own) = program.parent() else { return Ok(()) };
    let Some(copies) = own.parent().filter(|copies| copies.ends_with("libexec")) else { return Ok(()) };
    let others: Vec<PathBuf> =
        names(copies)?.into_iter().map(|name| copies.join(name)).filter(|copy| copy != own).collect();
    if !others.is_empty() && engine.store().live_streams(StreamKind::WorkItem).map_err(sentence)?.is_empty() {
        others.iter().for_each(|copy| remove(copy));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
