//! `RULES.md` names only tests that exist, and every rule has one or says why not.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the sources can be listed") {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of all functions marked as tests in a source text.
fn tests_in(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line == "#[test]" {
            marked = true;
        } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| marked) {
            names.extend(rest.split('(').next().map(str::to_owned));
            marked = false;
        }
    }
    names
}

#[test]
fn every_rule_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("tests"), &mut files);
    let tests: Vec<String> =
        files.iter().flat_map(|file| tests_in(&fs::read_to_string(file).unwrap())).collect();
    let rules = fs::read_to_string(root.join("RULES.md")).unwrap();
    let mut count = 0;
    for line in rules.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Rule")) {
        let cell = line.trim_end_matches(['|', ' ']).rsplit(" | ").next().unwrap();
        count += 1;
        if let Some(reason) = cell.strip_prefix("gap: ") {
            assert!(reason.len() > 10, "a gap without a reason: {line}");
            continue;
        }
        for name in cell.split(", ") {
            let name = name.trim_matches('`');
            assert!(tests.iter().any(|test| test == name), "no test `{name}`, named by: {line}");
        }
    }
    assert!(count > 60, "only {count} rules were read");
}
