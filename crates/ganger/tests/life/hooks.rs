//! Commands of a person's that are told of worktrees, and may refuse them.

use crate::fixture::{Fixture, commit, write};
use crate::site::Site;
use std::io::Write;

fn site(hooks: &str) -> Site {
    let site = Site::of(&Fixture::one(&(write("limit", "1") + &commit("Add the limit"))));
    let file = site.world.workspace.join(".ganger/workspace.toml");
    let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(format!("\n[hooks]\n{hooks}\n").as_bytes()).unwrap();
    site
}

#[test]
fn hooks_are_told_before_and_after_a_worktree_is_made() {
    // Each refuses unless it is told what it should be.
    let site = site(
        r#""worktree.creating" = ['said=$(cat); echo "$said" | grep -q "\"repository\":\"api\"" && ! echo "$said" | grep -q beside']
"worktree.created" = ['said=$(cat); echo "$said" | grep -q "\"beside\":\[\]" && test -f "$(echo "$said" | sed "s/.*\"path\":\"\([^\"]*\)\".*/\1/")/README.md"']"#,
    );
    site.live();
    assert_eq!(site.tips().len(), 1);
}

#[test]
fn a_hook_that_refuses_a_worktree_that_stands_stops_the_wave_with_its_words() {
    let site = site(r#""worktree.created" = ["echo there is no room; exit 1"]"#);
    site.create();
    let output = site.ganger(&["run", "g1", "--yes"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let inbox = site.text(&["inbox"]);
    assert!(inbox.contains("refused the worktree of api: there is no room"), "{inbox}");
}
