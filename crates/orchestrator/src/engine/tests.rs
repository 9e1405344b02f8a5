//! The engine over a store in memory, on a clock that jumps to whatever is waited for.

use super::*;
use crate::settings::{AgentSettings, SiteSettings, WorkspaceSettings};
use ganger_core::process::SandboxMode;
use ganger_git::Git;
use ganger_store::{Fault, MemoryStore};
use std::collections::BTreeMap;

/// A site that is nowhere: nothing can be carried out there.
struct Nowhere {
    discoverer: Discoverer,
    is_played: bool,
}

impl Surroundings for Nowhere {
    fn discoverer(&self) -> &Discoverer {
        &self.discoverer
    }

    fn is_played(&self) -> bool {
        self.is_played
    }

    fn site(&self) -> Result<SiteSettings, String> {
        Ok(SiteSettings {
            home: "/nowhere".into(),
            socket: "/nowhere/socket".into(),
            program: "/nowhere/ganger".into(),
            path: String::new(),
            user_home: "/nowhere".into(),
            environment: BTreeMap::new(),
            mode: SandboxMode::Off,
            write: Vec::new(),
            hide: Vec::new(),
            refresh_after_ms: 0,
            parallel_fetches: 1,
        })
    }

    fn agent(&self, name: &str) -> Result<AgentSettings, String> {
        Err(format!("there is no agent {name}"))
    }

    fn workspace(&self, _: &Path) -> Result<WorkspaceSettings, String> {
        Ok(WorkspaceSettings::default())
    }
}

pub(crate) async fn start(store: &MemoryStore) -> Result<Arc<Engine>, EngineError> {
    start_at(store, false).await
}

/// An engine of which a test says what becomes of every effect.
pub(crate) async fn start_played(store: &MemoryStore) -> Result<Arc<Engine>, EngineError> {
    start_at(store, true).await
}

async fn start_at(store: &MemoryStore, is_played: bool) -> Result<Arc<Engine>, EngineError> {
    let discoverer = Discoverer::new(Git::find_here().unwrap());
    let limits = Limits { sessions: 2, checks: 1 };
    Engine::start(Arc::new(store.clone()), Arc::new(Nowhere { discoverer, is_played }), limits).await
}

/// One daemon's life: what it runs ends with it.
pub(crate) fn daemon<T>(life: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(life)
}

/// Lets seconds of the paused clock pass, with everything that is due in them; no real time goes by.
async fn pass(seconds: u64) {
    let end = tokio::time::Instant::now() + Duration::from_secs(seconds);
    tokio::time::sleep_until(end).await;
}

pub(crate) async fn new_item(engine: &Arc<Engine>) -> Result<WorkItem, EngineError> {
    let workspace = engine.register_workspace(Path::new("/nowhere/acme"), "acme").await.unwrap();
    let title = "Limit the keys".to_owned();
    let ticket = Ticket {
        title,
        description: String::new(),
        repositories: Vec::new(),
        bases: Vec::new(),
        direct: false,
    };
    engine.create_item(WorkItemId::new(7.into()), workspace, ticket).await
}

#[test]
fn a_daemon_whose_start_is_not_stored_does_nothing_else() {
    let store = MemoryStore::new();
    daemon(async {
        let engine = start(&store).await.unwrap();
        engine.register_workspace(Path::new("/nowhere/acme"), "acme").await.unwrap();
        // The workspace cannot store the branch of the new item: the site goes on owing the message.
        store.set_faults(Some(Box::new(|append| {
            (append.stream.kind == StreamKind::Workspace).then_some(Fault::Full)
        })));
        assert!(new_item(&engine).await.is_err());
    });
    let before = store.last_seq().unwrap();
    store
        .set_faults(Some(Box::new(|append| (append.stream.kind == StreamKind::Site).then_some(Fault::Full))));
    daemon(async {
        assert!(start(&store).await.is_err());
        pass(5).await;
    });
    assert_eq!(store.last_seq().unwrap(), before, "a daemon without an epoch has acted");
    store.set_faults(None);
    daemon(async {
        let engine = start(&store).await.unwrap();
        assert_eq!(new_item(&engine).await.unwrap().number, 1);
    });
}

#[test]
fn what_is_at_rest_leaves_memory_and_is_there_again_when_asked() {
    let store = MemoryStore::new();
    daemon(async {
        let engine = start(&store).await.unwrap();
        let item = new_item(&engine).await.unwrap();
        let loaded = || engine.lock().keys().copied().collect::<Vec<_>>();
        assert_eq!(loaded().len(), 3);
        pass(200).await;
        assert_eq!(loaded(), [Address::Site]);
        // It was kept as it stood: nothing has to be folded.
        let id = item.id.unwrap();
        let kept = store.load(&stream_of(Address::WorkItem(id))).unwrap();
        assert_eq!(kept.snapshot.map(|snapshot| snapshot.version), Some(kept.version));

        assert_eq!(engine.item(id).await.unwrap(), item);
        engine.item_command(id, ItemCommand::Stop { repository: None }, None).await.unwrap_err();
        pass(200).await;
        assert_eq!(loaded(), [Address::Site]);
    });
}
