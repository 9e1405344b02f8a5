//! Properties of reads of the log.

use super::{Property, append, item, ok, refused};
use crate::append::{Append, NewEvent};
use crate::body::BODY_LIMIT;
use crate::digest::Digest;
use crate::error::StoreError;
use crate::store::Store;
use crate::stream::{Loaded, Snapshot, StoredEvent, StreamId, StreamKind};

pub(super) const ALL: &[Property] = &[
    ("what is read is what was appended", whole_events),
    ("the log is read in order, page by page", pages),
    ("streams of different kinds with the same id are different", kinds),
    ("a load is the newest snapshot and the events after it", snapshots),
    ("a snapshot is never ahead of its stream nor replaced by an older one", snapshot_order),
    ("a snapshot of another schema is ignored by those who ask for theirs", foreign_snapshots),
    ("long strings come back byte for byte and can be found by their digest", bodies),
    ("blobs are found by their digest", blobs),
];

fn whole_events(store: &dyn Store) {
    let data = r#"{"b": 1.50, "a": ["ünï\u0041\n", null, 18446744073709551615]}"#;
    let stream = StreamId::new(StreamKind::Workspace, "w");
    ok(store.append(append("a", 0, 1)));
    ok(store.append(Append::new(stream.clone(), 0, vec![NewEvent::new("plan.approved/12", data, 77, 0)])));
    let whole = StoredEvent {
        seq: 2,
        stream: stream.clone(),
        version: 1,
        kind: "plan.approved/12".to_owned(),
        data: data.to_owned(),
        wall_ms: 77,
        awake_ms: 0,
    };
    assert_eq!(ok(store.read(1, 10)), vec![whole.clone()]);
    assert_eq!(ok(store.read_stream(&stream, 0, 10)), vec![whole.clone()]);
    assert_eq!(ok(store.load(&stream)), Loaded { snapshot: None, events: vec![whole], version: 1 });
    assert_eq!(ok(store.load(&item("nobody"))), Loaded::default());
}

fn pages(store: &dyn Store) {
    for round in 0..5 {
        ok(store.append(append("a", round * 3, 3)));
        ok(store.append(append("b", round, 1)));
    }
    let mut seen = Vec::new();
    loop {
        let page = ok(store.read(seen.last().copied().unwrap_or(0), 7));
        assert!(page.len() <= 7);
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().map(|event| event.seq));
    }
    assert_eq!(seen, (1..=20).collect::<Vec<u64>>());
    let versions = |after, limit| -> Vec<u64> {
        ok(store.read_stream(&item("a"), after, limit)).iter().map(|event| event.version).collect()
    };
    assert_eq!(versions(0, 4), [1, 2, 3, 4]);
    assert_eq!(versions(13, 4), [14, 15]);
    assert!(versions(15, 4).is_empty() && versions(u64::MAX, 4).is_empty() && versions(0, 0).is_empty());
    assert!(ok(store.read(u64::MAX, 4)).is_empty());
}

fn kinds(store: &dyn Store) {
    for (number, kind) in StreamKind::ALL.into_iter().enumerate() {
        let stream = StreamId::new(kind, "same");
        let mut append = append("same", 0, number as u64 + 1);
        append.stream = stream.clone();
        ok(store.append(append));
        let loaded = ok(store.load(&stream));
        assert_eq!(loaded.version, number as u64 + 1);
        assert!(loaded.events.iter().all(|event| event.stream == stream));
    }
}

fn snapshot(schema: u32, version: u64) -> Snapshot {
    Snapshot { schema, version, bytes: format!("{schema} at {version}").into_bytes() }
}

fn tail(store: &dyn Store) -> (Option<Snapshot>, Vec<u64>) {
    let loaded = ok(store.load(&item("a")));
    (loaded.snapshot, loaded.events.iter().map(|event| event.version).collect())
}

fn snapshots(store: &dyn Store) {
    let mut first = append("a", 0, 3);
    first.snapshot = Some(snapshot(1, 2));
    ok(store.append(first));
    assert_eq!(tail(store), (Some(snapshot(1, 2)), vec![3]));
    ok(store.save_snapshot(&item("a"), snapshot(1, 3)));
    assert_eq!(tail(store), (Some(snapshot(1, 3)), vec![]));
    assert_eq!(ok(store.load(&item("a"))).version, 3);
    ok(store.append(append("a", 3, 2)));
    assert_eq!(tail(store), (Some(snapshot(1, 3)), vec![4, 5]));
}

fn snapshot_order(store: &dyn Store) {
    ok(store.append(append("a", 0, 3)));
    let ahead = refused(store.save_snapshot(&item("a"), snapshot(1, 4)));
    assert_eq!(ahead, StoreError::SnapshotAhead { stream: item("a"), actual: 3, snapshot: 4 });
    let nobody = refused(store.save_snapshot(&item("nobody"), snapshot(1, 0)));
    assert_eq!(nobody, StoreError::SnapshotAhead { stream: item("nobody"), actual: 0, snapshot: 0 });
    ok(store.save_snapshot(&item("a"), snapshot(1, 3)));
    ok(store.save_snapshot(&item("a"), snapshot(1, 2)));
    assert_eq!(tail(store), (Some(snapshot(1, 3)), vec![]));
    ok(store.save_snapshot(&item("a"), snapshot(2, 1)));
    assert_eq!(tail(store), (Some(snapshot(2, 1)), vec![2, 3]));
}

fn foreign_snapshots(store: &dyn Store) {
    let mut first = append("a", 0, 5);
    first.snapshot = Some(snapshot(1, 3));
    ok(store.append(first));
    let versions = |schema| -> (bool, Vec<u64>, u64) {
        let loaded = ok(store.load_for(&item("a"), schema));
        let events = loaded.events.iter().map(|event| event.version).collect();
        (loaded.snapshot.is_some(), events, loaded.version)
    };
    assert_eq!(versions(1), (true, vec![4, 5], 5));
    assert_eq!(versions(2), (false, vec![1, 2, 3, 4, 5], 5));
}

fn bodies(store: &dyn Store) {
    let plan = "## SubPlan: \"api\"\n\\ ünï\u{1}".repeat(BODY_LIMIT / 10);
    let literal = ok(serde_json::to_string(&plan));
    let data = format!("{{\"plan\": {literal}, \"digest\": \"sha256:x\", \"twice\": [{literal}]}}");
    let events = || vec![NewEvent::new("plan.submitted/1", data.clone(), 1, 1)];
    ok(store.append(Append::new(item("a"), 0, events())));
    ok(store.append(Append::new(item("b"), 0, events())));
    assert_eq!(ok(store.load(&item("a"))).events[0].data, data);
    assert!(ok(store.read(0, 10)).iter().all(|event| event.data == data));
    assert_eq!(ok(store.read(0, 10)).len(), 2);
    assert_eq!(ok(store.blob(&Digest::of(plan.as_bytes()))), Some(plan.into_bytes()));
}

fn blobs(store: &dyn Store) {
    let mut first = append("a", 0, 1);
    first.blobs = vec![vec![], vec![0, 255, 10], vec![0, 255, 10]];
    ok(store.append(first));
    assert_eq!(ok(store.blob(&Digest::of(&[]))), Some(vec![]));
    assert_eq!(ok(store.blob(&Digest::of(&[0, 255, 10]))), Some(vec![0, 255, 10]));
    assert_eq!(ok(store.blob(&Digest::of(b"nothing"))), None);
}
