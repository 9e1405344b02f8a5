//! What changed: all of it, what is new since the last look, and what lies outside of the plan.

use crate::fixture::{Fixture, commit, put, wait_for, write};
use crate::site::{Site, wait_until};

#[test]
fn a_difference_is_whole_or_new_or_outside_of_the_plan() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (directory.path().join("first"), directory.path().join("second"));
    let steps = write("src/limit.rs", "1")
        + &commit("Limit the keys")
        + &write("notes", "half a thought")
        + &wait_for(&first)
        + &write("src/limit.rs", "2")
        + &wait_for(&second);
    let made = Fixture::one(&steps);
    let site = Site::of(&made);
    put(&site.root().join("plan.md"), &made.plan().replace("- `limit`", "- `src/limit.rs`"));
    site.create();
    assert_eq!(site.ganger(&["run", "g1"]).status.code(), Some(3), "{}", site.story());
    site.text(&["approve", "g1"]);
    site.wait_for_agent_at(&first);
    let stat = |more: &[&str]| site.text(&[&["diff", "g1", "--stat"], more].concat());
    assert_eq!(
        stat(&[]),
        "api  2 files  +2 −0  running · 1 uncommitted\n  \
         notes         +1  untracked  ! outside the plan's scope\n  \
         src/limit.rs  +1  new\n"
    );
    assert_eq!(
        stat(&["--drift"]),
        "api  1 file  +1 −0  running · 1 uncommitted · outside the plan's scope\n  notes  +1  untracked\n"
    );
    // What a script reads, no person has seen.
    assert!(site.json(&["diff", "g1"])["repositories"][0]["tree"].is_string());
    assert!(stat(&["--since-seen"]).contains("you have not looked at it before"));
    let whole = site.text(&["diff", "g1"]);
    assert!(whole.contains("+half a thought") && whole.contains("b/src/limit.rs"), "{whole}");
    let drift = site.text(&["diff", "g1/api", "--drift"]);
    assert!(drift.contains("+half a thought") && !drift.contains("limit.rs"), "{drift}");
    assert_eq!(stat(&["--since-seen"]), "api  0 files  +0 −0  running · since you looked last\n");
    put(&first, "");
    site.wait_for_agent_at(&second);
    let new = site.text(&["diff", "g1", "--since-seen"]);
    assert!(new.contains("-1\n+2") && !new.contains("half a thought"), "{new}");
    // That was a look too.
    assert_eq!(stat(&["--since-seen"]), "api  0 files  +0 −0  running · since you looked last\n");
    put(&second, "");
    site.run_to_the_end();
    wait_until("what the candidate changes is shown", || {
        site.json(&["show", "g1"])["repositories"][0]["changes"]["insertions"] == 2
    });
}
