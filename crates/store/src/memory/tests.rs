use super::*;
use crate::append::NewEvent;

fn item() -> StreamId {
    StreamId::new(StreamKind::WorkItem, "w")
}

fn append(expected: u64) -> Append {
    Append::new(item(), expected, vec![NewEvent::new("item.noted/1", "{}", 1, 1)])
}

#[test]
fn keeps_the_contract() {
    crate::conformance::check(|| Box::new(MemoryStore::new()));
}

#[test]
fn a_fault_writes_all_or_nothing_and_says_what_is_known() {
    let check = |fault, written: u64, unknown: bool| {
        let store = MemoryStore::with_faults(Box::new(move |_| Some(fault)));
        let error = store.append(append(0)).unwrap_err();
        assert_eq!(matches!(error, AppendError::Unavailable { .. }), unknown, "{error}");
        assert_eq!(store.load(&item()).unwrap().version, written, "{fault:?}");
        store.set_faults(None);
        assert_eq!(store.clone().append(append(written)).unwrap().version, written + 1);
    };
    check(Fault::CommitLost, 0, true);
    check(Fault::AnswerLost, 1, true);
    check(Fault::Full, 0, false);
}

#[test]
fn equal_seeds_give_equal_faults_and_every_kind_occurs() {
    let faults = |seed| {
        let mut plan = SeededFaults { commit_lost: 100, answer_lost: 100, full: 50 }.plan(seed);
        (0..300).map(|_| plan(&append(0))).collect::<Vec<_>>()
    };
    assert_eq!(faults(7), faults(7));
    assert_ne!(faults(7), faults(8));
    for fault in [None, Some(Fault::CommitLost), Some(Fault::AnswerLost), Some(Fault::Full)] {
        assert!(faults(7).contains(&fault), "{fault:?}");
    }
}
