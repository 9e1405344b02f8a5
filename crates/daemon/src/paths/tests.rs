use super::*;
use ganger_core::ids::{IdSource, WorkItemId, WorkspaceId};

fn variables(pairs: &[(&str, &str)]) -> Variables {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn home_and_configuration_file_follow_the_environment() {
    let check = |pairs: &[(&str, &str)], home: &str, config: &str| {
        let paths = Paths::from_environment(&variables(pairs)).unwrap();
        assert_eq!((paths.home(), paths.config_file()), (Path::new(home), Path::new(config)));
    };
    check(&[("HOME", "/h")], "/h/.local/share/ganger", "/h/.config/ganger/config.toml");
    check(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")], "/d/ganger", "/h/.config/ganger/config.toml");
    check(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c")], "/h/.local/share/ganger", "/c/ganger/config.toml");
    check(
        &[("HOME", "/h"), ("XDG_DATA_HOME", "relative")],
        "/h/.local/share/ganger",
        "/h/.config/ganger/config.toml",
    );
    check(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("GANGER_HOME", "/g")], "/g", "/g/config.toml");
    check(&[("HOME", "/h"), ("GANGER_HOME", "")], "/h/.local/share/ganger", "/h/.config/ganger/config.toml");
}

#[test]
fn an_environment_without_a_place_is_refused() {
    let check = |pairs: &[(&str, &str)], sentence: &str| {
        assert_eq!(Paths::from_environment(&variables(pairs)).unwrap_err().message, sentence);
    };
    check(&[], "HOME is not set, so there is no place for ganger's data");
    check(&[("HOME", "/h"), ("GANGER_HOME", "g")], "GANGER_HOME is \"g\", which is not an absolute path");
}

#[test]
fn no_name_leaves_its_directory_or_meets_another() {
    let paths = Paths::from_environment(&variables(&[("HOME", "/h"), ("GANGER_HOME", "/g")])).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for name in ["qwen", "", ".", "..", "%", "%.", "a/b", "a%2Fb", "mein Agent ä"] {
        let path = paths.agent_state(name, "me");
        assert_eq!(path.parent().and_then(Path::parent), Some(Path::new("/g/agents")), "{name:?}");
        assert!(!path.components().any(|part| part == std::path::Component::ParentDir), "{name:?}");
        assert!(seen.insert(path), "{name:?} meets another name");
    }
}

#[test]
fn every_workspace_and_item_has_a_directory_that_git_takes() {
    let layout =
        Paths::from_environment(&variables(&[("HOME", "/h"), ("GANGER_HOME", "/g")])).unwrap().git_layout();
    let mut ids = IdSource::seeded("paths", 0, 0);
    let id = WorkspaceId::new(ids.ulid());
    let item = item_directory(12, WorkItemId::new(ids.ulid()));
    let long = "x".repeat(500);
    for (name, slug) in [
        ("acme", "acme"),
        ("zu Hause ä", "zu-Hause"),
        ("../..", "workspace"),
        ("日本", "workspace"),
        (&long, &long[..60]),
    ] {
        let workspace = workspace_directory(name, id);
        assert_eq!(workspace, format!("{slug}-{}", id.short()));
        layout.worktree(&workspace, &item, "api").unwrap();
    }
}

#[test]
fn the_nearest_workspace_upward_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let deep = root.join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    assert_eq!(find_workspace(&deep).unwrap(), None);
    for (place, found_from_deep) in [(root.to_owned(), root.to_owned()), (root.join("a"), root.join("a"))] {
        std::fs::create_dir_all(place.join(WORKSPACE_DIRECTORY)).unwrap();
        std::fs::write(workspace_file(&place), "").unwrap();
        assert_eq!(find_workspace(&deep).unwrap(), Some(found_from_deep));
    }
}

#[test]
fn a_tilde_is_the_home_directory() {
    let paths = Paths::from_environment(&variables(&[("HOME", "/h")])).unwrap();
    for (written, meant) in [("~", "/h"), ("~/x", "/h/x"), ("/x", "/x"), ("/x/~", "/x/~")] {
        assert_eq!(paths.expand(written), Path::new(meant));
    }
    assert_eq!(paths.display(Path::new("/h/x")), "~/x");
    assert_eq!(paths.display(Path::new("/x")), "/x");
}
