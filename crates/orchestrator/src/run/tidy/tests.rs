use super::*;
use crate::engine::tests::{daemon, new_item, start};
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::state::Settings;
use ganger_store::MemoryStore;

fn age(place: &Path, days: u64) {
    let directory = std::fs::File::open(place).unwrap();
    directory.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60)).unwrap();
}

/// A place of that name below a part of the home, with something in it.
fn place(home: &Path, part: &str, name: &str) -> PathBuf {
    let place = home.join(part).join(name);
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("journal.00000000000000000001"), "x").unwrap();
    place
}

#[test]
fn places_of_jobs_go_when_they_are_settled_and_old_and_nothing_else_does() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    daemon(async {
        let engine = start(&MemoryStore::new()).await.unwrap();
        let item = new_item(&engine).await.unwrap();
        // It cannot be carried out here, so it stays owed.
        let command = ItemCommand::Start { settings: Settings::default() };
        engine.item_command(item.id.unwrap(), command, None).await.unwrap();
        let item = engine.item(item.id.unwrap()).await.unwrap();
        let owed = item.owed().iter().next().expect("planning owes its bases").effect.id;

        let (settled, session) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ");
        let gone = [
            place(home, "sessions", &format!("{settled}.1")),
            place(home, "hosts", &format!("{settled}.1-base0")),
            place(home, "hosts", &format!("{settled}.1")),
        ];
        let kept = [
            place(home, "sessions", session),
            place(home, "hosts", &format!("{session}.1")),
            place(home, "sessions", &format!("{owed}.1")),
            place(home, "hosts", &format!("{owed}.1-base0")),
            place(home, "sessions", &format!("{settled}.2")),
            place(home, "hosts", &format!("{settled}.2-base0")),
            place(home, "hosts", &format!("{settled}.12")),
            place(home, "sessions", "no-id.1"),
        ];
        for place in gone.iter().chain(&kept) {
            age(place, 30);
        }
        age(&home.join(format!("sessions/{settled}.2")), 1);
        tidy(&engine, home, &home.join("libexec/one/ganger")).await;
        for place in gone {
            assert!(!place.exists(), "{} is still there", place.display());
        }
        for place in kept {
            assert!(place.exists(), "{} is gone", place.display());
        }
    });
}

#[test]
fn copies_of_other_builds_go_when_nothing_runs() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let (old, own) = (place(home, "libexec", "old"), place(home, "libexec", "own"));
    daemon(async {
        let store = MemoryStore::new();
        let engine = start(&store).await.unwrap();
        let item = new_item(&engine).await.unwrap().id.unwrap();
        let command = ItemCommand::Start { settings: Settings::default() };
        engine.item_command(item, command, None).await.unwrap();
        tidy(&engine, home, &own.join("ganger")).await;
        assert!(old.exists() && own.exists());
    });
    daemon(async {
        let engine = start(&MemoryStore::new()).await.unwrap();
        tidy(&engine, home, &own.join("ganger")).await;
        assert!(!old.exists() && own.exists());
    });
}

#[test]
fn nothing_goes_that_cannot_be_judged() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    daemon(async {
        let engine = start(&MemoryStore::new()).await.unwrap();
        // No owner record: it is not ours, whatever it is called.
        let stranger = place(home, "base/api-01234567", &"0".repeat(40));
        tidy(&engine, home, Path::new("/elsewhere/ganger")).await;
        assert!(stranger.exists());
    });
}
