use super::*;
use crate::protocol::Request;
use std::fmt::Write as _;

/// Drives a machine by hand and writes down what it does.
struct Bench {
    machine: Machine,
    clock: Clock,
    /// Appends fail with this while it is set.
    full: bool,
    told: String,
}

impl Bench {
    fn new(beginning: Beginning) -> Self {
        Self { machine: Machine::new(beginning), clock: Clock::default(), full: false, told: String::new() }
    }

    fn running() -> Self {
        let mut bench = Self::new(Beginning::default());
        bench.put(Input::Started);
        bench.say(1, Request::Attach { protocol: 1, daemon_epoch: 1, from: 0 });
        bench.told.clear();
        bench
    }

    fn after(&mut self, ms: u64) {
        self.clock.awake_ms += ms;
        self.put(Input::Tick);
    }

    fn say(&mut self, connection: ConnectionId, request: Request) {
        self.put(Input::Message { connection, id: 9, request });
    }

    fn write(&mut self, connection: ConnectionId, n: u64, bytes: &[u8]) {
        self.say(connection, Request::Write { n, key: "k".to_owned(), bytes: bytes.to_vec() });
    }

    fn put(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for action in self.machine.step(self.clock, input) {
                match &action {
                    Action::Append(records) => {
                        let failed = if self.full { " fails" } else { "" };
                        for record in records {
                            let text = String::from_utf8_lossy(&record.bytes);
                            let (at, kind, n) = (record.position, record.kind, record.n);
                            let more = if record.continued { "+" } else { "" };
                            let text =
                                if text.len() > 40 { format!("{} bytes", text.len()) } else { text.into() };
                            writeln!(self.told, "journal {at} {kind:?} {n} {text:?}{more}{failed}").unwrap();
                        }
                        inputs.push_back(if self.full {
                            Input::AppendFailed("disk full".to_owned())
                        } else {
                            Input::Appended
                        });
                        continue;
                    }
                    Action::Sync => inputs.push_back(Input::Synced),
                    Action::KeepEpoch(_) => inputs.push_back(Input::EpochKept),
                    Action::WriteAgent(bytes) => {
                        writeln!(self.told, "agent gets {} bytes", bytes.len()).unwrap();
                        continue;
                    }
                    Action::Reply(to, id, reply) => {
                        let text = match reply {
                            Reply::Refused(refusal) => format!("refused: {refusal}"),
                            reply => format!("{reply:?}"),
                        };
                        writeln!(self.told, "{to} hears ({id}) {text}").unwrap();
                        continue;
                    }
                    _ => {}
                }
                writeln!(self.told, "{action:?}").unwrap();
            }
        }
    }
}

fn check(bench: Bench, expected: expect_test::Expect) {
    expected.assert_eq(&bench.told);
}

#[test]
fn a_write_is_journalled_before_it_reaches_the_agent_and_flushed_afterwards() {
    let mut bench = Bench::running();
    bench.write(1, 1, b"hello");
    bench.say(1, Request::Note { n: 2, bytes: b"note".to_vec() });
    bench.write(1, 2, b"again");
    bench.put(Input::Written(3));
    bench.put(Input::Written(2));
    bench.write(1, 3, &vec![b'x'; MAX_BYTES + 1]);
    bench.say(1, Request::Sync { upto: 4 });
    check(
        bench,
        expect_test::expect![[r#"
        journal 1 In 1 "hello"
        1 hears (9) Accepted { n: 1, position: 1 }
        agent gets 5 bytes
        journal 2 Note 2 "note"
        1 hears (9) Accepted { n: 2, position: 2 }
        1 hears (9) refused: the counter 2 is not the one after 2, the last that was accepted
        journal 3 Flushed 1 ""
        journal 4 In 3 "65536 bytes"+
        journal 5 In 3 "x"
        1 hears (9) Accepted { n: 3, position: 5 }
        agent gets 65537 bytes
        Sync
        1 hears (9) Synced { upto: 5 }
    "#]],
    );
}

#[test]
fn a_full_disk_stops_everything_but_the_machine_and_loses_nothing() {
    let mut bench = Bench::running();
    bench.full = true;
    bench.put(Input::Out(b"one".to_vec()));
    assert!(!bench.machine.reads_agent());
    bench.write(1, 1, b"hello");
    bench.after(RETRY_MS / 2);
    bench.after(RETRY_MS);
    bench.full = false;
    bench.after(RETRY_MS);
    assert!(bench.machine.reads_agent());
    bench.write(1, 1, b"hello");
    check(
        bench,
        expect_test::expect![[r#"
        journal 1 Out 0 "one" fails
        1 hears (0) State(Blocked { reason: "disk full" })
        1 hears (9) refused: the host cannot write its journal: disk full
        journal 1 Out 0 "one" fails
        journal 1 Out 0 "one"
        1 hears (0) State(Running)
        journal 2 In 1 "hello"
        1 hears (9) Accepted { n: 1, position: 2 }
        agent gets 5 bytes
    "#]],
    );
}

#[test]
fn a_write_that_fails_with_the_disk_is_refused_and_its_counter_free_again() {
    let mut bench = Bench::running();
    bench.full = true;
    bench.write(1, 1, b"hello");
    bench.full = false;
    bench.after(RETRY_MS);
    // With nothing left to append, only reading on can find out whether there is room.
    assert!(bench.machine.reads_agent());
    assert_eq!(bench.machine.deadline(), None);
    bench.put(Input::Out(b"one".to_vec()));
    bench.write(1, 1, b"hello");
    check(
        bench,
        expect_test::expect![[r#"
            journal 1 In 1 "hello" fails
            1 hears (9) refused: the host cannot write its journal: disk full
            1 hears (0) State(Blocked { reason: "disk full" })
            1 hears (0) State(Running)
            journal 1 Out 0 "one"
            journal 2 In 1 "hello"
            1 hears (9) Accepted { n: 1, position: 2 }
            agent gets 5 bytes
        "#]],
    );
}

#[test]
fn another_controller_closes_the_first_and_a_lower_epoch_is_refused() {
    let mut bench = Bench::running();
    bench.say(2, Request::Attach { protocol: 1, daemon_epoch: 5, from: 1 });
    bench.write(1, 1, b"late");
    bench.say(3, Request::Attach { protocol: 1, daemon_epoch: 4, from: 1 });
    bench.say(3, Request::Attach { protocol: 2, daemon_epoch: 9, from: 1 });
    bench.say(3, Request::Attach { protocol: 1, daemon_epoch: 5, from: 2 });
    bench.say(2, Request::Signal { signal: 15 });
    check(
        bench,
        expect_test::expect![[r#"
        KeepEpoch(5)
        Close(1)
        2 hears (9) Attached(Attached { incarnation: 0, head: 0, last_write: 0, flushed: 0, state: Running })
        Stream(2, 1)
        1 hears (9) refused: this connection is not the host's controller: attach first
        3 hears (9) refused: the daemon epoch 4 is older than 5, which this host has already served: this state is older than the running agents
        3 hears (9) refused: the host does not speak version 2 of its protocol, only [1]
        3 hears (9) refused: the journal ends at position 0, before the wanted position 2: records were lost
        Signal(15)
        2 hears (9) Done
    "#]],
    );
}

#[test]
fn a_stop_climbs_the_ladder_and_a_second_one_only_hurries() {
    let mut bench = Bench::running();
    bench.say(1, Request::Stop { grace_ms: 1_000, kill_ms: 2_000, farewell: b"bye".to_vec() });
    bench.write(1, 1, b"late");
    bench.after(999);
    bench.say(1, Request::Stop { grace_ms: 5_000, kill_ms: 100, farewell: Vec::new() });
    bench.after(1);
    bench.after(100);
    bench.put(Input::Exited(ExitStatus { code: None, signal: Some(9) }));
    bench.put(Input::Out(b"last words".to_vec()));
    bench.put(Input::Gone);
    check(
        bench,
        expect_test::expect![[r#"
        1 hears (9) Done
        journal 1 In 0 "bye"
        1 hears (0) State(Stopping)
        agent gets 3 bytes
        CloseInput
        1 hears (9) refused: the agent's standard input is closed
        1 hears (9) Done
        Signal(15)
        Kill
        Kill
        1 hears (0) State(Ended { status: ExitStatus { code: None, signal: Some(9) } })
        journal 2 Out 0 "last words"
        journal 3 Exit 0 "{\"code\":null,\"signal\":9}"
        Sync
        Finish(ExitStatus { code: None, signal: Some(9) })
    "#]],
    );
}

#[test]
fn a_job_gets_its_input_and_its_time() {
    let beginning =
        Beginning { input: Some(b"in".to_vec()), timeout_ms: Some(100), head: 7, ..Beginning::default() };
    let mut bench = Bench::new(beginning);
    bench.put(Input::Started);
    assert_eq!(bench.machine.deadline(), Some(100));
    bench.after(100);
    bench.put(Input::Exited(ExitStatus { code: Some(0), signal: None }));
    bench.put(Input::Gone);
    check(
        bench,
        expect_test::expect![[r#"
        journal 8 In 0 "in"
        agent gets 2 bytes
        CloseInput
        Signal(15)
        journal 9 Err 0 "64 bytes"
        Kill
        journal 10 Exit 0 "{\"code\":0,\"signal\":null}"
        Sync
        Finish(ExitStatus { code: Some(0), signal: None })
    "#]],
    );
}

#[test]
fn a_flood_on_standard_error_is_drained_and_counted() {
    let mut bench = Bench::running();
    for _ in 0..ERR_BYTES_PER_SECOND / MAX_BYTES {
        bench.put(Input::Err(vec![b'x'; MAX_BYTES]));
    }
    bench.told.clear();
    bench.put(Input::Err(vec![b'x'; MAX_BYTES]));
    bench.put(Input::Err(vec![b'x'; 7]));
    bench.after(1_000);
    bench.put(Input::Err(b"calm".to_vec()));
    check(
        bench,
        expect_test::expect![[r#"
        journal 65 Err 0 "53 bytes"
        journal 66 Err 0 "calm"
    "#]],
    );
}
