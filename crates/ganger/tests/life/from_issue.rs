//! A ticket that stands in a tracker, read by the tracker's own program.

use crate::fixture::{Fixture, commit, put, write};
use crate::site::{Site, stderr};
use std::os::unix::fs::PermissionsExt;

#[test]
fn an_issue_becomes_a_work_item_or_one_sentence() {
    let site = Site::of(&Fixture::one(&(write("limit", "1") + &commit("Limit the keys"))));
    let directory = site.root().join("programs");
    let gh = directory.join("gh");
    // It stands in for GitHub's: it knows one issue.
    put(
        &gh,
        "#!/bin/sh\n[ \"$*\" = 'issue view 412 --repo acme/api --json title,body,url' ] || { echo 'no such issue' >&2; exit 1; }\n\
         printf '%s' '{\"title\":\"Rate limit\",\"body\":\"Per key.\\r\\nFair.\",\"url\":\"https://github.com/acme/api/issues/412\"}'\n",
    );
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let ask = |path: &str, reference: &str| {
        site.command(&["new", "--from", reference]).env("PATH", path).output().unwrap()
    };
    let made = ask(&path, "acme/api#412");
    assert_eq!((made.status.code(), made.stdout.as_slice()), (Some(0), b"g1\n".as_slice()), "{made:?}");
    let item = site.json(&["show", "g1"]);
    assert_eq!(item["title"], "Rate limit");
    assert_eq!(item["description"], "Per key.\nFair.\n\nFrom https://github.com/acme/api/issues/412");
    for (path, reference, code, words) in [
        (
            path.as_str(),
            "acme/api#7",
            6,
            "acme/api#7 can't be read, so no work item was created: gh says: no such issue",
        ),
        (
            "/nowhere",
            "acme/api#412",
            6,
            "issues of GitHub are read by its program gh, and there is none in PATH",
        ),
        (path.as_str(), "412", 2, "\"412\" names no issue"),
    ] {
        let refused = ask(path, reference);
        assert_eq!(refused.status.code(), Some(code), "{refused:?}");
        assert!(stderr(&refused).contains(words), "{refused:?}");
    }
}
