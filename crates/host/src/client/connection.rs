//! An attached connection to a living host.

use super::launch::connect;
use super::records::Records;
use crate::protocol::{self, Attached, Frame, Refusal, Reply, Request, RunState};
use crate::spec::Status;
use ganger_core::journal::Record;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// Records that wait for whoever takes them; beyond, the socket is not read unless a reply is awaited.
const WAITING_RECORDS: usize = 64;
/// How long a host may take to answer an attach.
const ATTACH_LIMIT: Duration = Duration::from_secs(10);

/// Why a host could not be attached to.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Nobody listens: the host has ended, died or not started yet. [`crate::spec::probe`] tells which.
    #[error("no host answers in {}: {error}", directory.display())]
    NobodyThere {
        /// The directory.
        directory: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// It said no.
    #[error("the host in {} refused: {refusal}", directory.display())]
    Refused {
        /// The directory.
        directory: PathBuf,
        /// Why.
        refusal: Refusal,
    },
    /// It did not say anything in time. Its state is unknown; it is not dead.
    #[error("the host in {} did not answer within {} s", directory.display(), ATTACH_LIMIT.as_secs())]
    Silent {
        /// The directory.
        directory: PathBuf,
    },
    /// It said something else.
    #[error("the host in {} answered an attach with something else", directory.display())]
    Confused {
        /// The directory.
        directory: PathBuf,
    },
}

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The host said no; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The connection ended first: whether it was carried out stands in the journal.
    #[error("the connection to the host ended before it answered")]
    Lost,
    /// The host answered with something that is no answer to this.
    #[error("the host answered {0} with something else")]
    Confused(&'static str),
}

#[derive(Debug, Default)]
struct Pending {
    last_id: u64,
    /// Set once the connection has ended: then nothing is awaited any more.
    ended: bool,
    replies: BTreeMap<u64, oneshot::Sender<Reply>>,
}

#[derive(Debug)]
struct Shared {
    pending: Mutex<Pending>,
    asked: Notify,
}

impl Shared {
    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        // Nothing under this lock can leave it half changed.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection through which this process controls a host. Requests may be made from several tasks; they are
/// carried out in the order in which they are written.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    state: watch::Receiver<RunState>,
    reader: tokio::task::JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Connection {
    /// Becomes the controller of the host in `directory`: an earlier controller's connection is closed. `epoch` is
    /// the daemon's; records come from position `from` on.
    ///
    /// # Errors
    /// See [`AttachError`].
    pub async fn attach(
        directory: &Path,
        epoch: u64,
        from: u64,
    ) -> Result<(Self, Records, Attached), AttachError> {
        let owned = directory.to_owned();
        let stream = connect(directory)
            .await
            .map_err(|error| AttachError::NobodyThere { directory: owned.clone(), error })?;
        let (read_half, write_half) = stream.into_split();
        let shared = Arc::new(Shared { pending: Mutex::default(), asked: Notify::new() });
        let (record_sender, record_receiver) = mpsc::channel(WAITING_RECORDS);
        let (state_sender, state) = watch::channel(RunState::Starting);
        let reader = Reader {
            socket: read_half,
            buffer: Vec::new(),
            start: 0,
            queue: VecDeque::new(),
            shared: Arc::clone(&shared),
            records: Some(record_sender),
            state: state_sender,
        };
        let reader = tokio::spawn(reader.run());
        let connection = Self { shared, writer: tokio::sync::Mutex::new(write_half), state, reader };
        let attach = Request::Attach { protocol: protocol::VERSION, daemon_epoch: epoch, from };
        let answer = tokio::time::timeout(ATTACH_LIMIT, connection.request(attach)).await;
        match answer {
            Err(_) => Err(AttachError::Silent { directory: owned }),
            Ok(Ok(Reply::Attached(attached))) => {
                let records = Records::new(owned, record_receiver, from);
                Ok((connection, records, attached))
            }
            Ok(Ok(_) | Err(RequestError::Confused(_))) => Err(AttachError::Confused { directory: owned }),
            Ok(Err(RequestError::Refused(refusal))) => {
                Err(AttachError::Refused { directory: owned, refusal })
            }
            Ok(Err(RequestError::Lost)) => Err(AttachError::NobodyThere {
                directory: owned,
                error: io::Error::new(io::ErrorKind::ConnectionReset, "it closed the connection"),
            }),
        }
    }

    /// What the host is doing, as it last said; follows its changes.
    pub fn state(&self) -> watch::Receiver<RunState> {
        self.state.clone()
    }

    async fn request(&self, request: Request) -> Result<Reply, RequestError> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut writer = self.writer.lock().await;
            let id = {
                let mut pending = self.shared.pending();
                if pending.ended {
                    return Err(RequestError::Lost);
                }
                pending.last_id += 1;
                let id = pending.last_id;
                pending.replies.insert(id, sender);
                id
            };
            let mut frame = Vec::new();
            protocol::put_request(id, &request, &mut frame);
            self.shared.asked.notify_one();
            writer.write_all(&frame).await.map_err(|_| RequestError::Lost)?;
        }
        match receiver.await {
            Ok(Reply::Refused(refusal)) => Err(refusal.into()),
            Ok(reply) => Ok(reply),
            Err(_) => Err(RequestError::Lost),
        }
    }

    /// Writes a frame to the agent. `n` is the last counter plus one; comes back with the position of the frame's
    /// last record once it is journalled.
    ///
    /// # Errors
    /// See [`RequestError`]; a wrong counter is [`Refusal::Counter`].
    pub async fn write(&self, n: u64, key: &str, bytes: &[u8]) -> Result<u64, RequestError> {
        let request = Request::Write { n, key: key.to_owned(), bytes: bytes.to_vec() };
        match self.request(request).await? {
            Reply::Accepted { position, .. } => Ok(position),
            _ => Err(RequestError::Confused("a write")),
        }
    }

    /// Puts a note into the journal, under the counter shared with writes; comes back with its position.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn note(&self, n: u64, bytes: &[u8]) -> Result<u64, RequestError> {
        match self.request(Request::Note { n, bytes: bytes.to_vec() }).await? {
            Reply::Accepted { position, .. } => Ok(position),
            _ => Err(RequestError::Confused("a note")),
        }
    }

    /// Brings the journal to the disk, at least up to `upto`. To be awaited before an event taken from there is
    /// committed.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn sync(&self, upto: u64) -> Result<u64, RequestError> {
        match self.request(Request::Sync { upto }).await? {
            Reply::Synced { upto } => Ok(upto),
            _ => Err(RequestError::Confused("a sync")),
        }
    }

    /// Sends a signal, by its number on this machine, to the agent's own process.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn signal(&self, signal: i32) -> Result<(), RequestError> {
        match self.request(Request::Signal { signal }).await? {
            Reply::Done => Ok(()),
            _ => Err(RequestError::Confused("a signal")),
        }
    }

    /// Begins to end the agent: farewell and closed input, after `grace` `SIGTERM`, after `kill` more the kill of
    /// everything. The end comes as the exit record.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn stop(&self, farewell: &[u8], grace: Duration, kill: Duration) -> Result<(), RequestError> {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let request = Request::Stop { farewell: farewell.to_vec(), grace_ms: ms(grace), kill_ms: ms(kill) };
        match self.request(request).await? {
            Reply::Done => Ok(()),
            _ => Err(RequestError::Confused("a stop")),
        }
    }

    /// How the host is: its state and what stands on its disk.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn status(&self) -> Result<(RunState, Status), RequestError> {
        match self.request(Request::Status).await? {
            Reply::Status { state, status, .. } => Ok((state, *status)),
            _ => Err(RequestError::Confused("a status request")),
        }
    }
}

/// Reads the socket. When nobody takes the records it stops, so that the host holds them back; but while a reply is
/// awaited it reads on, and what is read meanwhile is bounded by what the socket already held.
struct Reader {
    socket: OwnedReadHalf,
    buffer: Vec<u8>,
    start: usize,
    queue: VecDeque<Record>,
    shared: Arc<Shared>,
    records: Option<mpsc::Sender<Record>>,
    state: watch::Sender<RunState>,
}

impl Reader {
    async fn run(mut self) {
        let _ = self.read_all().await;
        {
            let mut pending = self.shared.pending();
            pending.ended = true;
            pending.replies.clear();
        }
        // Then the rest, for as long as somebody takes it.
        if let Some(records) = self.records {
            for record in self.queue {
                if records.send(record).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn read_all(&mut self) -> Result<(), ()> {
        loop {
            self.take_frames()?;
            let awaited = !self.shared.pending().replies.is_empty();
            if self.queue.is_empty() || awaited {
                tokio::select! {
                    permit = permit(self.records.as_ref()), if !self.queue.is_empty() => {
                        deliver(permit, &mut self.queue, &mut self.records);
                    }
                    read = self.socket.read_buf(&mut self.buffer) => {
                        if read.map_err(|_| ())? == 0 {
                            return Err(());
                        }
                    }
                }
            } else {
                tokio::select! {
                    permit = permit(self.records.as_ref()) => {
                        deliver(permit, &mut self.queue, &mut self.records);
                    }
                    () = self.shared.asked.notified() => {}
                }
            }
        }
    }

    fn take_frames(&mut self) -> Result<(), ()> {
        loop {
            let bytes = &self.buffer[self.start..];
            let Some((frame, length)) = protocol::take_reply(bytes).map_err(|_| ())? else { break };
            self.start += length;
            match frame {
                Frame::Record(record) if self.records.is_some() => self.queue.push_back(record),
                Frame::Record(_) => {}
                Frame::Message(0, Reply::State(state)) => {
                    self.state.send_replace(state);
                }
                Frame::Message(id, reply) => {
                    if let Reply::Attached(attached) = &reply {
                        self.state.send_replace(attached.state.clone());
                    }
                    if let Some(sender) = self.shared.pending().replies.remove(&id) {
                        let _ = sender.send(reply);
                    }
                }
            }
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        Ok(())
    }
}

/// Room for one record; `None` when nobody wants records any more.
async fn permit(records: Option<&mpsc::Sender<Record>>) -> Option<mpsc::OwnedPermit<Record>> {
    records?.clone().reserve_owned().await.ok()
}

fn deliver(
    permit: Option<mpsc::OwnedPermit<Record>>,
    queue: &mut VecDeque<Record>,
    records: &mut Option<mpsc::Sender<Record>>,
) {
    let Some(permit) = permit else {
        queue.clear();
        *records = None;
        return;
    };
    if let Some(record) = queue.pop_front() {
        permit.send(record);
    }
    // And as many more as there is room for, without another look at the socket.
    while let (Some(record), Some(sender)) = (queue.pop_front(), records.as_ref()) {
        if let Err(error) = sender.try_send(record) {
            let (mpsc::error::TrySendError::Full(record) | mpsc::error::TrySendError::Closed(record)) = error;
            queue.push_front(record);
            return;
        }
    }
}
