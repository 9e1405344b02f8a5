//! Waiting for a condition on an item's committed state.

use crate::engine::{Engine, EngineError};
use crate::kernel::CommandOutcome;
use ganger_core::aggregate::Rejection;
use ganger_core::ids::WorkItemId;
use ganger_core::message::Address;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::status::status;
use std::sync::Arc;
use std::time::Duration;

/// Why an operation has no result.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// There is no such item.
    #[error("there is no work item {item}")]
    Unknown {
        /// The id.
        item: WorkItemId,
    },
    /// The command was refused; nothing changed.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// What was waited for did not come in time. Nothing is stopped by this: the work goes on.
    #[error("g{number} was not {what} within {} ms; it is {status}, and goes on", limit.as_millis())]
    Late {
        /// The item's number.
        number: u64,
        /// What was waited for, as it follows "was not".
        what: &'static str,
        /// How long was waited.
        limit: Duration,
        /// Where the item stands.
        status: &'static str,
    },
    /// The item cannot be read, or the command not be stored.
    #[error("{0}")]
    Engine(EngineError),
}

impl From<EngineError> for ServiceError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Command(CommandOutcome::Rejected(rejection)) => Self::Refused(rejection),
            error => Self::Engine(error),
        }
    }
}

/// The item as it is committed.
pub(super) async fn item(engine: &Arc<Engine>, id: WorkItemId) -> Result<WorkItem, ServiceError> {
    let item = engine.item(id).await?;
    if item.id.is_none() {
        return Err(ServiceError::Unknown { item: id });
    }
    Ok(item)
}

/// Gives a command.
pub(super) async fn command(
    engine: &Arc<Engine>,
    id: WorkItemId,
    command: ItemCommand,
) -> Result<(), ServiceError> {
    Ok(engine.item_command(id, command, None).await?)
}

/// The first thing that `seen` finds in the item's committed state.
pub(super) async fn until<T: Send + 'static>(
    engine: &Arc<Engine>,
    id: WorkItemId,
    limit: Duration,
    what: &'static str,
    seen: impl Fn(&WorkItem) -> Option<T> + Send + Sync + 'static,
) -> Result<T, ServiceError> {
    let seen = Arc::new(seen);
    let mut seqs = engine.last_seq();
    let waiting = async {
        loop {
            // Marked before the look, so that what is committed during it is looked at too.
            seqs.borrow_and_update();
            let look = Arc::clone(&seen);
            let found = engine
                .read(Address::WorkItem(id), move |kernel| kernel.as_item().and_then(|item| look(item)))
                .await?;
            if let Some(found) = found {
                return Ok(found);
            }
            if seqs.changed().await.is_err() {
                return Err(ServiceError::from(EngineError::Silent { what: "the store".to_owned() }));
            }
        }
    };
    match tokio::time::timeout(limit, waiting).await {
        Ok(result) => result,
        Err(_) => {
            let item = item(engine, id).await?;
            Err(ServiceError::Late { number: item.number, what, limit, status: status(&item).word() })
        }
    }
}
