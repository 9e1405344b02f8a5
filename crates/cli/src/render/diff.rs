//! `diff`.

use crate::look::{Look, Tone, count};
use crate::render::plan::unified;
use crate::table::{Column, table};
use ganger_api::diff::{DiffKind, DiffView, FileChange, FileChangeKind, RepositoryDiff};

/// The widest name that its counts line up behind.
const WIDEST_NAME: usize = 20;

/// Counts per repository and file.
pub fn stat(look: &Look, diff: &DiffView) -> String {
    if diff.repositories.is_empty() {
        return look.finish(format!("{} has no repository with a worktree yet.\n", diff.handle));
    }
    let widths = diff.repositories.iter().map(|repository| crate::look::width(&repository.name));
    let width = widths.filter(|&width| width <= WIDEST_NAME).max().unwrap_or(0);
    let mut text = String::new();
    for repository in &diff.repositories {
        text.push_str(&head(look, diff.kind, repository, width));
        let columns = [Column::free("", 20), Column::left(""), Column::left("")];
        let rows = repository.files.iter().map(|file| file_row(look, diff.kind, file));
        let rows: Vec<_> = rows.collect();
        text.push_str(&table(look, 2, &columns, &rows));
    }
    look.finish(text)
}

fn head(look: &Look, kind: DiffKind, repository: &RepositoryDiff, width: usize) -> String {
    let name = look.line(&repository.name);
    let name = format!("{name}{}", " ".repeat(width.saturating_sub(crate::look::width(&name))));
    let facts = match &repository.changes {
        None => vec!["no worktree yet".to_owned(), repository.state.words().to_owned()],
        Some(changes) => {
            let counts = count(changes.files, "file");
            let (more, less) = (changes.insertions, changes.deletions);
            let mut facts = vec![format!("{counts}  +{more} −{less}  {}", repository.state.words())];
            if changes.uncommitted > 0 {
                facts.push(format!("{} uncommitted", changes.uncommitted));
            }
            facts.extend(about(kind, repository).map(str::to_owned));
            facts
        }
    };
    let margin = crate::look::width(&name) + 2;
    format!("{}  {}\n", look.paint(Tone::Strong, &name), look.facts(&facts, margin, width + 2))
}

/// What must be known of a repository's counts beside what they count.
fn about(kind: DiffKind, repository: &RepositoryDiff) -> Option<&'static str> {
    match kind {
        DiffKind::Whole => None,
        DiffKind::Since if repository.is_since => Some("since you looked last"),
        DiffKind::Since => Some("you have not looked at it before"),
        DiffKind::Drift if !repository.has_scope => Some("its scope names no path to compare with"),
        DiffKind::Drift => Some("outside the plan's scope"),
    }
}

fn file_row(look: &Look, kind: DiffKind, file: &FileChange) -> Vec<String> {
    let path = match &file.from {
        Some(from) => format!("{} → {}", look.line(from), look.line(&file.path)),
        None => look.line(&file.path),
    };
    let mut counts = match (file.insertions, file.deletions) {
        (None, _) | (_, None) => "binary".to_owned(),
        (Some(insertions), Some(0)) => format!("+{insertions}"),
        (Some(0), Some(deletions)) => format!("−{deletions}"),
        (Some(insertions), Some(deletions)) => format!("+{insertions} −{deletions}"),
    };
    counts.push_str(match file.kind {
        FileChangeKind::Added => "  new",
        FileChangeKind::Deleted => "  deleted",
        FileChangeKind::Untracked => "  untracked",
        FileChangeKind::Modified | FileChangeKind::Renamed => "",
    });
    let drifts = file.is_outside_scope && kind != DiffKind::Drift;
    vec![path, counts, if drifts { "! outside the plan's scope".to_owned() } else { String::new() }]
}

/// The patches, one repository after the other.
pub fn patches(look: &Look, diff: &DiffView) -> String {
    let with_heads = diff.repositories.len() > 1 || diff.kind != DiffKind::Whole;
    let mut text = String::new();
    for repository in &diff.repositories {
        if with_heads {
            text.push_str(&look.finish(head(look, diff.kind, repository, 0)));
        }
        text.push_str(&unified(look, repository.patch.as_deref().unwrap_or_default()));
        if repository.truncated {
            text.push_str(&look.finish(format!(
                "… the rest is too long: git -C \"$(ganger path {})\" diff {}\n",
                repository.handle,
                repository.base.as_deref().unwrap_or("HEAD")
            )));
        }
    }
    text
}
