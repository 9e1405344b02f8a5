//! What a reviewer and the Foreman may touch.

use crate::fixture::{Fixture, commit, rule, say, step, write};
use crate::site::Site;
use crate::support::{
    ask, assert_reviewed_is_pushed, fixture, implementer, propose, record, reviewer, submit,
};

/// Tries each command and says which worked: `name+`, or `name-`. What it wrote stays where it wrote it.
fn probe(commands: &[(&str, &str)]) -> String {
    let tries = commands.iter().map(|(name, command)| {
        format!("if ( {command} ) >/dev/null 2>&1; then printf '{name}+ '; else printf '{name}- '; fi; ")
    });
    let command = tries.collect::<String>();
    step("run", &format!("command = '''\n{command}'''\nsave = \"probed\"")) + &say("Probed: {{probed}}.")
}

/// What was said by [`probe`] in this transcript, as lists of what worked and what did not.
fn probed(site: &Site, first: &str) -> (Vec<String>, Vec<String>) {
    let transcript = site.transcript();
    let texts = transcript.iter().filter_map(|row| row["text"].as_str());
    let found = texts.filter_map(|text| text.strip_prefix("Probed: ")).find(|text| text.starts_with(first));
    let words =
        found.unwrap_or_else(|| panic!("{first} was not probed: {}", site.story())).trim_end_matches('.');
    let of = |sign: char| {
        words.split_whitespace().filter_map(|word| word.strip_suffix(sign).map(str::to_owned)).collect()
    };
    (of('+'), of('-'))
}

/// `shared`, then `api`, whose agent asks.
fn made(home: &str) -> Fixture {
    let work = |word: &str| write("limit", word) + &commit("Add it");
    let secret = format!("cat {home}/ganger.db {home}/person.key");
    let hosts = format!("cat {home}/hosts/*/spec");
    let mirrors = format!("touch $(ls -d {home}/repos/*/*/objects | head -1)/evil || touch {home}/evil");
    let of_reviewer = probe(&[
        ("own-write", "echo x > mine && echo x >> limit"),
        ("own-commit", "git commit -q --allow-empty -m x"),
        ("own-log", "git log --format=%H -3"),
        ("sibling-read", "cat ../../shared/limit ../../api/limit"),
        ("sibling-log", "git -C ../../shared log -p -1 && git -C ../../api log -p -1"),
        ("base-read", "cat ../../.plan/shared/README.md"),
        ("worktree-write", "echo x > ../../api/evil || echo x > ../../shared/evil"),
        ("worktree-git", "git -C ../../api commit -q --allow-empty -m evil"),
        ("base-write", "echo x > ../../.plan/shared/README.md"),
        ("secret", &secret),
        ("hosts", &hosts),
        ("mirror", &mirrors),
    ]);
    let of_foreman = probe(&[
        ("read", "cat api/README.md shared/limit"),
        ("log", "git -C shared log -p -1 && git -C api log -p -1"),
        ("base", "cat .plan/shared/README.md .plan/api/README.md"),
        ("private", "echo x > \"$TMPDIR/note\""),
        ("write-here", "echo x > evil"),
        ("write-worktree", "echo x > api/evil || echo x > shared/evil"),
        ("write-git", "git -C api commit -q --allow-empty -m evil"),
        ("write-base", "echo x > .plan/shared/README.md"),
        ("write-proof", "echo x > .proof/shared/evil"),
        ("secret", &secret),
        ("hosts", &hosts),
        ("mirror", &mirrors),
    ]);
    let judging = rule("kind = \"foreman\"", &(of_foreman + &propose("keys", "high")))
        + &reviewer("api", "", &(of_reviewer + &submit(&[])));
    let rules = implementer("shared", "", &work("1"))
        + &implementer("api", "", &(ask("Which unit?", &[], "unit") + &work("{{unit}}")));
    fixture(vec![vec!["shared"], vec!["api"]], rules, judging)
}

#[test]
fn a_reviewer_writes_what_it_judges_and_the_foreman_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let site = Site::below(&root, &made(&root.join("home").display().to_string()));
    site.live();
    let (can, cannot) = probed(&site, "own-write");
    assert_eq!(can, ["own-write", "own-commit", "own-log", "sibling-read", "sibling-log", "base-read"]);
    assert_eq!(cannot, ["worktree-write", "worktree-git", "base-write", "secret", "hosts", "mirror"]);
    let (can, cannot) = probed(&site, "read");
    assert_eq!(can, ["read", "log", "base", "private"]);
    assert_eq!(
        cannot,
        [
            "write-here",
            "write-worktree",
            "write-git",
            "write-base",
            "write-proof",
            "secret",
            "hosts",
            "mirror"
        ]
    );
    // Nothing of what the reviewer wrote counts.
    let files = |name: &str| {
        let remote = site.world.remote(name);
        site.git.scratch(&remote, &["ls-tree", "-r", "--name-only", &site.branch()]).unwrap()
    };
    assert_eq!(files("api").lines().collect::<Vec<_>>(), ["README.md", "limit"]);
    let record = record(&site);
    assert_reviewed_is_pushed(&site, &record);
    site.assert_nothing_left();
}
