//! What every runner of one item's effect knows: places, settings, the mirrors of its repositories.

use super::Trouble;
use crate::engine::Engine;
use crate::settings::{SiteSettings, WorkspaceSettings};
use ganger_core::effect::Effect;
use ganger_core::ids::{EffectId, SessionId, WorkItemId, WorkspaceId};
use ganger_core::repository::RepositoryBase;
use ganger_core::work_item::WorkItem;
use ganger_core::workspace::Workspace;
use ganger_git::{CommitId, Discoverer, Identity, Layout, Mirror, RefGit, RepositorySource};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of a workspace's directories below `GANGER_HOME`: its name, as far as plain letters carry it, and the
/// end of its id, so that two workspaces of one name stay apart.
pub fn workspace_directory(name: &str, id: WorkspaceId) -> String {
    /// Leaves room for the paths below it.
    const LONGEST: usize = 60;
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let plain: String = name.chars().map(plain).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("-");
    slug.truncate(LONGEST);
    let slug = slug.trim_end_matches('-');
    format!("{}-{}", if slug.is_empty() { "workspace" } else { slug }, id.short())
}

/// The name of an item's directories: its handle and the end of its id.
pub fn item_directory(number: u64, id: WorkItemId) -> String {
    format!("g{number}-{}", id.short())
}

/// What a runner knows.
#[derive(Clone)]
pub struct Context {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The item as it stood when the effect was handed out.
    pub item: Arc<WorkItem>,
    /// The effect.
    pub effect: EffectId,
    /// Its attempt.
    pub attempt: u32,
    /// The workspace.
    pub workspace: Workspace,
    /// The workspace's settings.
    pub settings: WorkspaceSettings,
    /// The site's settings.
    pub site: SiteSettings,
    /// Where everything lies.
    pub layout: Layout,
}

impl Context {
    /// The context of an effect.
    ///
    /// # Errors
    /// The workspace or a configuration cannot be read.
    pub async fn of(
        engine: &Arc<Engine>,
        item: &WorkItem,
        effect: &Effect,
        attempt: u32,
    ) -> Result<Self, Trouble> {
        engine.equipped().await;
        let id = item.workspace.ok_or_else(|| Trouble::Refused("the item has no workspace".to_owned()))?;
        let workspace = engine.workspace(id).await.map_err(|error| Trouble::Again(error.to_string()))?;
        let site = engine.surroundings().site().map_err(Trouble::Refused)?;
        let settings =
            engine.surroundings().workspace(Path::new(&workspace.directory)).map_err(Trouble::Refused)?;
        Ok(Self {
            engine: Arc::clone(engine),
            item: Arc::new(item.clone()),
            effect: effect.id,
            attempt,
            workspace,
            settings,
            layout: Layout::new(&site.home),
            site,
        })
    }

    /// The name of the workspace's directories.
    pub fn workspace_name(&self) -> String {
        self.workspace.id.map(|id| workspace_directory(&self.workspace.name, id)).unwrap_or_default()
    }

    /// The name of the item's directories.
    pub fn item_name(&self) -> String {
        self.item.id.map(|id| item_directory(self.item.number, id)).unwrap_or_default()
    }

    /// What finds and refreshes repositories.
    pub fn discoverer(&self) -> &Discoverer {
        self.engine.discoverer()
    }

    /// What works on mirrors.
    pub fn ref_git(&self) -> &RefGit {
        self.discoverer().ref_git()
    }

    /// Where the hosts' directories lie.
    pub fn hosts(&self) -> PathBuf {
        self.site.home.join("hosts")
    }

    /// The host directory of an incarnation.
    pub fn session_host(&self, session: SessionId, incarnation: u64) -> PathBuf {
        self.hosts().join(format!("{session}.{incarnation}"))
    }

    /// A session's own directory.
    pub fn session_directory(&self, session: SessionId) -> PathBuf {
        session_directory(&self.site.home, session)
    }

    /// A private directory for one attempt of this effect.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn scratch(&self) -> Result<PathBuf, Trouble> {
        let directory = self.site.home.join("sessions").join(format!("{}.{}", self.effect, self.attempt));
        make_private(&directory)?;
        Ok(directory)
    }

    /// The recorded base of a repository.
    ///
    /// # Errors
    /// There is none.
    pub fn base(&self, repository: &str) -> Result<RepositoryBase, Trouble> {
        self.item
            .base(repository)
            .cloned()
            .ok_or_else(|| Trouble::Refused(format!("no base is recorded for {repository}")))
    }

    /// The mirror of a repository whose base is recorded. Blocks.
    ///
    /// # Errors
    /// It cannot be made or read.
    pub fn mirror(&self, base: &RepositoryBase) -> Result<Mirror, Trouble> {
        let source = self.source(base)?;
        Ok(self.ref_git().mirror(&self.layout, &self.workspace_name(), &source)?)
    }

    fn source(&self, base: &RepositoryBase) -> Result<RepositorySource, Trouble> {
        let directory = Path::new(&self.workspace.directory);
        let discovery = self.discoverer().discover_repos(directory, &self.settings.exclude)?;
        let found = discovery.repositories.iter().find(|found| found.name == base.name).ok_or_else(|| {
            Trouble::Again(format!(
                "the repository {} is no longer found in {}",
                base.name,
                directory.display()
            ))
        })?;
        Ok(found.source(base.remote.as_deref(), base.push_remote.as_deref())?)
    }

    /// Who commits in a checkout: the person's own name with an address that says an agent did it.
    pub fn identity(&self, mirror: &Mirror) -> Identity {
        let (name, email) = self.ref_git().person_identity(mirror).unwrap_or_default();
        Identity {
            name: name.unwrap_or_else(|| "ganger".to_owned()),
            email: email.unwrap_or_else(|| "ganger@localhost".to_owned()),
        }
    }
}

/// A commit id of the log.
///
/// # Errors
/// It is none.
pub fn commit(text: &str) -> Result<CommitId, Trouble> {
    text.parse().map_err(|_| Trouble::Refused(format!("\"{text}\" is no commit id")))
}

/// Makes a session's own directory below `GANGER_HOME`, with the one for its temporary files, where they are not there
/// yet. Only this user can enter them.
///
/// # Errors
/// They cannot be made.
pub fn ensure_session_dir(home: &Path, session: SessionId) -> Result<PathBuf, Trouble> {
    let directory = session_directory(home, session);
    make_private(&directory.join(TEMPORARY))?;
    Ok(directory)
}

/// Where a session's temporary files lie, in its own directory.
pub(crate) const TEMPORARY: &str = "tmp";

fn session_directory(home: &Path, session: SessionId) -> PathBuf {
    home.join("sessions").join(session.to_string())
}

/// Makes a directory that only this user can enter.
///
/// # Errors
/// It cannot be made.
pub fn make_private(directory: &Path) -> Result<(), Trouble> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| {
        Trouble::Again(format!("the directory {} cannot be made: {error}", directory.display()))
    })
}
