//! What is announced when: a function of what is known, the time, and what the person wishes.

use crate::config::{Occasion, QuietHours};
use serde::{Deserialize, Serialize};

/// So much can wait to be announced; of more, the oldest is forgotten.
const MOST: usize = 1000;
/// After the first reminder there is one every hour.
const HOUR_MS: u64 = 60 * 60 * 1000;

/// Something that the person is told of. Its JSON is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Notice {
    /// The decision's id; of an item that is done, words of its own.
    pub(super) key: String,
    /// What it is.
    pub(super) occasion: Occasion,
    /// The item's id.
    pub(super) item: String,
    /// Whether it is a decision, which goes away when it is made; else it goes away when it was announced.
    pub(super) waits: bool,
    /// The line that says it.
    pub(super) text: String,
    /// Since when, wall milliseconds.
    pub(super) since_ms: u64,
    /// When it was last announced, awake milliseconds.
    pub(super) announced_ms: Option<u64>,
    /// How often it was announced.
    pub(super) times: u32,
}

/// All that is to be announced, or may have to be announced again. Its JSON is stored.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Book {
    /// The last event of the log that it knows.
    pub(super) seq: u64,
    /// What there is, oldest first.
    pub(super) notices: Vec<Notice>,
}

/// What the person wishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wishes<'a> {
    /// What they want to be told of.
    pub(super) when: &'a [Occasion],
    /// When they do not.
    pub(super) quiet: QuietHours,
    /// After how long they want to be reminded of a question; none for never.
    pub(super) remind_after_ms: Option<u64>,
}

/// What is to be done now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Due {
    /// Keys of what is announced now, in this order.
    pub(super) now: Vec<String>,
    /// In how many milliseconds of awake time to look again; none where nothing is to come by itself.
    pub(super) look_in_ms: Option<u64>,
}

/// How often it is looked whether the quiet hours are over: they are hours of a wall clock, which may be set.
const QUIET_LOOK_MS: u64 = 30_000;

impl Book {
    /// Something new. What is known by its key already is not new.
    pub(super) fn add(&mut self, notice: Notice) {
        if self.notices.iter().all(|known| known.key != notice.key) {
            self.notices.push(notice);
            let surplus = self.notices.len().saturating_sub(MOST);
            self.notices.drain(..surplus);
        }
    }

    /// A decision was made, or is not waited for any more.
    pub(super) fn remove(&mut self, key: &str) {
        self.notices.retain(|notice| notice.key != key);
    }

    /// It was announced just now.
    pub(super) fn announced(&mut self, key: &str, awake_ms: u64) {
        self.notices.retain(|notice| notice.waits || notice.key != key);
        for notice in self.notices.iter_mut().filter(|notice| notice.key == key) {
            notice.announced_ms = Some(awake_ms);
            notice.times = notice.times.saturating_add(1);
        }
    }

    /// What is to be announced at this awake time and this minute of the local day.
    pub(super) fn due(&self, awake_ms: u64, minute: u16, wishes: Wishes<'_>) -> Due {
        let mut due = Due::default();
        let quiet = wishes.quiet.contain(minute);
        for notice in self.notices.iter().filter(|notice| wishes.when.contains(&notice.occasion)) {
            let Some(at) = notice.announce_at(wishes.remind_after_ms) else { continue };
            let wait = if at > awake_ms {
                at - awake_ms
            } else if quiet {
                QUIET_LOOK_MS
            } else {
                due.now.push(notice.key.clone());
                continue;
            };
            due.look_in_ms = Some(due.look_in_ms.map_or(wait, |known| known.min(wait)));
        }
        due
    }
}

impl Notice {
    /// At which awake time it is announced next; none where it is not.
    fn announce_at(&self, remind_after_ms: Option<u64>) -> Option<u64> {
        let Some(last) = self.announced_ms else { return Some(0) };
        if self.occasion != Occasion::Question {
            return None;
        }
        let wait = if self.times <= 1 { remind_after_ms? } else { remind_after_ms?.max(HOUR_MS) };
        Some(last.saturating_add(wait))
    }

    /// Whether it is announced again.
    pub(super) const fn is_reminder(&self) -> bool {
        self.times > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn notice(key: &str, occasion: Occasion) -> Notice {
        Notice {
            key: key.to_owned(),
            occasion,
            item: "01J".to_owned(),
            waits: occasion != Occasion::Finished,
            text: "g1 needs you".to_owned(),
            since_ms: 0,
            announced_ms: None,
            times: 0,
        }
    }

    fn book(notices: &[(&str, Occasion)]) -> Book {
        let mut book = Book::default();
        notices.iter().for_each(|(key, occasion)| book.add(notice(key, *occasion)));
        book
    }

    const ALL: Wishes<'static> =
        Wishes { when: &Occasion::ALL, quiet: QuietHours::NONE, remind_after_ms: Some(15 * MINUTE) };

    /// Lives through the awake minutes one by one, and gives those in which something was announced.
    fn live(book: &mut Book, minutes: std::ops::Range<u64>, wishes: Wishes<'_>) -> Vec<(u64, String)> {
        let mut announced = Vec::new();
        for minute in minutes {
            let of_day = u16::try_from(minute % (24 * 60)).unwrap();
            for key in book.due(minute * MINUTE, of_day, wishes).now {
                book.announced(&key, minute * MINUTE);
                announced.push((minute, key));
            }
        }
        announced
    }

    fn check(announced: &[(u64, String)], expected: &[(u64, &str)]) {
        let announced: Vec<(u64, &str)> = announced.iter().map(|(at, key)| (*at, key.as_str())).collect();
        assert_eq!(announced, expected);
    }

    #[test]
    fn a_question_is_announced_at_once_then_after_a_while_then_hourly() {
        let mut book = book(&[("q", Occasion::Question), ("p", Occasion::Plan)]);
        let announced = live(&mut book, 0..200, ALL);
        check(&announced, &[(0, "q"), (0, "p"), (15, "q"), (75, "q"), (135, "q"), (195, "q")]);
        book.remove("q");
        check(&live(&mut book, 200..400, ALL), &[]);
    }

    #[test]
    fn who_wants_no_reminder_gets_none() {
        let mut book = book(&[("q", Occasion::Question)]);
        let wishes = Wishes { remind_after_ms: None, ..ALL };
        check(&live(&mut book, 0..500, wishes), &[(0, "q")]);
        assert_eq!(book.due(500 * MINUTE, 0, wishes), Due::default());
    }

    #[test]
    fn reminders_are_never_nearer_to_each_other_than_was_wished() {
        let mut book = book(&[("q", Occasion::Question)]);
        let wishes = Wishes { remind_after_ms: Some(100 * MINUTE), ..ALL };
        check(&live(&mut book, 0..301, wishes), &[(0, "q"), (100, "q"), (200, "q"), (300, "q")]);
    }

    #[test]
    fn only_what_was_wished_for_is_announced() {
        let mut book = book(&[("q", Occasion::Question), ("f", Occasion::Failed)]);
        let wishes = Wishes { when: &[Occasion::Failed], ..ALL };
        check(&live(&mut book, 0..100, wishes), &[(0, "f")]);
    }

    #[test]
    fn in_quiet_hours_nothing_is_announced_and_after_them_nothing_is_lost() {
        let wishes = Wishes { quiet: "01:00-02:00".parse().unwrap(), ..ALL };
        let mut book = book(&[("q", Occasion::Question)]);
        check(&live(&mut book, 59..60, wishes), &[(59, "q")]);
        book.add(notice("done", Occasion::Finished));
        book.add(notice("decided", Occasion::Plan));
        check(&live(&mut book, 60..119, wishes), &[]);
        assert_eq!(book.due(100 * MINUTE, 100, wishes).look_in_ms, Some(QUIET_LOOK_MS));
        book.remove("decided");
        check(&live(&mut book, 119..122, wishes), &[(120, "q"), (120, "done")]);
    }

    #[test]
    fn what_was_announced_stays_so_over_a_restart_and_what_was_not_is_not_lost() {
        let mut book = book(&[("q", Occasion::Question), ("done", Occasion::Finished)]);
        let due = book.due(0, 0, ALL);
        assert_eq!(due.now, ["q", "done"]);
        book.announced("q", 0);
        let read =
            |book: &Book| -> Book { serde_json::from_str(&serde_json::to_string(book).unwrap()).unwrap() };
        let mut again = read(&book);
        assert_eq!(
            again.due(MINUTE, 0, ALL),
            Due { now: vec!["done".to_owned()], look_in_ms: Some(14 * MINUTE) }
        );
        again.announced("done", MINUTE);
        // The same events once more say nothing new, and what was done is said once.
        again.add(notice("q", Occasion::Question));
        assert_eq!(again.due(MINUTE, 0, ALL).now, Vec::<String>::new());
        assert_eq!(read(&again).notices.len(), 1);
    }

    #[test]
    fn the_book_does_not_grow_without_end() {
        let mut book = Book::default();
        for number in 0..MOST + 5 {
            book.add(notice(&number.to_string(), Occasion::Failed));
        }
        assert_eq!((book.notices.len(), book.notices[0].key.as_str()), (MOST, "5"));
    }
}
