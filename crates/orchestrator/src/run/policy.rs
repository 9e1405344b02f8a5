//! What each kind of process may touch.

use super::context::Context;
use crate::settings::{AgentSettings, SiteSettings};
use ganger_core::process::SandboxPolicy;
use ganger_git::{CheckoutPlace, Mirror};
use std::path::{Path, PathBuf};

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn texts<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Vec<String> {
    paths.into_iter().map(|path| text(path)).collect()
}

/// What any process of an item may read of what is hidden: the objects it borrows, the item's worktrees, the base
/// checkouts, the program.
fn readable(context: &Context, mirrors: &[Mirror]) -> Vec<String> {
    let mut read = vec![text(&context.site.home.join("base")), text(&context.site.program)];
    let (workspace, item) = (context.workspace_name(), context.item_name());
    read.extend(context.layout.item_directory(&workspace, &item).ok().map(|path| text(&path)));
    let directories = context.site.home.join("work").join(&workspace).join(".git-directories").join(&item);
    read.push(text(&directories));
    for mirror in mirrors {
        read.extend(texts(&mirror.object_directories()));
    }
    read
}

fn hidden(site: &SiteSettings) -> Vec<String> {
    texts(site.hide.iter().chain([&site.home]))
}

/// A job in one checkout: it writes that, its git directory, and its own scratch directory.
pub fn job(context: &Context, place: &CheckoutPlace, scratch: &Path, mirrors: &[Mirror]) -> SandboxPolicy {
    let mut write = vec![text(&place.worktree), text(&place.git_directory)];
    write.extend(texts(&context.site.write));
    SandboxPolicy {
        mode: context.site.mode,
        write,
        private: vec![text(scratch)],
        hide: hidden(&context.site),
        read: readable(context, mirrors),
    }
}

/// An agent's session. Whoever works in a checkout writes that too: an implementer its worktree, a reviewer the
/// checkout that is proven. A planner and the Foreman write only their own directory.
pub fn session(
    context: &Context,
    agent: &AgentSettings,
    session_directory: &Path,
    place: Option<&CheckoutPlace>,
    mirrors: &[Mirror],
) -> SandboxPolicy {
    let mut write = Vec::new();
    if let Some(place) = place {
        write.extend([text(&place.worktree), text(&place.git_directory)]);
        write.extend(texts(&context.site.write));
    }
    agent_program(&context.site, agent, session_directory, write, readable(context, mirrors))
}

/// An agent program that writes this, besides its session's directory and its own state, and reads that of what is
/// hidden.
pub(super) fn agent_program(
    site: &SiteSettings,
    agent: &AgentSettings,
    session_directory: &Path,
    write: Vec<String>,
    read: Vec<String>,
) -> SandboxPolicy {
    let mut private = vec![text(session_directory)];
    private.extend(texts(&agent.state));
    SandboxPolicy { mode: agent.mode.unwrap_or(site.mode), write, private, hide: hidden(site), read }
}
