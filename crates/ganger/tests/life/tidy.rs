//! What nobody needs any more goes by itself; what is somebody's work stays.

use crate::fixture::Fixture;
use crate::site::{Site, wait_until};
use std::path::PathBuf;

fn base_checkouts(site: &Site) -> Vec<PathBuf> {
    let repositories = std::fs::read_dir(site.world.home.join("base")).into_iter().flatten().flatten();
    let checkouts =
        repositories.flat_map(|repository| std::fs::read_dir(repository.path()).into_iter().flatten());
    let places = checkouts.flatten().map(|checkout| checkout.path());
    places.filter(|place| !place.ends_with(".git-directories")).collect()
}

#[test]
fn base_checkouts_go_with_the_last_item_that_names_them_and_come_back_for_the_next() {
    let site = Site::of(&Fixture::small());
    site.create();
    site.run_to_the_end();
    let worktrees: Vec<String> = site
        .world
        .repositories
        .iter()
        .map(|name| site.text(&["path", &format!("g1/{name}")]).trim().to_owned())
        .collect();
    site.text(&["daemon", "stop"]);
    assert!(!base_checkouts(&site).is_empty());
    site.text(&["ls"]);
    wait_until("no base checkout is left", || base_checkouts(&site).is_empty());
    for worktree in &worktrees {
        assert!(std::fs::read_dir(worktree).unwrap().count() > 1, "{worktree} is not what it was");
    }
    assert_eq!(site.text(&["new", "Limit the keys once more"]), "g2\n");
    site.text(&["run", "g2", "--yes"]);
    assert_eq!(base_checkouts(&site).len(), site.world.repositories.len());
}
