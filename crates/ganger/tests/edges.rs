//! The layers of the workspace, written down once: which crate may depend on which, what the pure core may use, and
//! where git may be started.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything below the binary.
const ALL: &[&str] = &[
    "ganger-api",
    "ganger-cli",
    "ganger-core",
    "ganger-daemon",
    "ganger-git",
    "ganger-harness",
    "ganger-host",
    "ganger-kill-point",
    "ganger-mcp",
    "ganger-orchestrator",
    "ganger-scripted-agent",
    "ganger-store",
];

/// Each crate, and the crates of ours that it may depend on. Arrows point down only: what stands in no row's right
/// side (the simulator, the fake model) is imported by nobody.
const EDGES: &[(&str, &[&str])] = &[
    ("ganger-core", &[]),
    // Where a process can be told to die: for tests, passed by whoever changes the world.
    ("ganger-kill-point", &[]),
    // Adapters: none imports another.
    ("ganger-harness", &["ganger-core"]),
    ("ganger-host", &["ganger-core", "ganger-kill-point"]),
    ("ganger-git", &["ganger-core", "ganger-kill-point"]),
    ("ganger-store", &[]),
    (
        "ganger-orchestrator",
        &["ganger-core", "ganger-git", "ganger-harness", "ganger-host", "ganger-kill-point", "ganger-store"],
    ),
    // Programs that run beside an agent.
    ("ganger-mcp", &["ganger-api", "ganger-core"]),
    ("ganger-scripted-agent", &["ganger-core"]),
    ("ganger-api", &["ganger-core"]),
    (
        "ganger-daemon",
        &[
            "ganger-api",
            "ganger-core",
            "ganger-git",
            "ganger-harness",
            "ganger-host",
            "ganger-mcp",
            "ganger-orchestrator",
            "ganger-scripted-agent",
            "ganger-store",
        ],
    ),
    // A face: what it shows it is told by the daemon; core is for what needs none, such as `plan check`.
    ("ganger-cli", &["ganger-api", "ganger-core"]),
    ("ganger", ALL),
    // These drive the rest.
    ("ganger-bench", &["ganger-api", "ganger-core", "ganger-orchestrator", "ganger-store"]),
    ("ganger-fake-model", &[]),
    (
        "ganger-simulate",
        &["ganger-core", "ganger-harness", "ganger-host", "ganger-orchestrator", "ganger-store"],
    ),
];

/// What the core may use of others: parsers, formats, a hash. Nothing that reads a clock, draws a random number,
/// waits, or touches a file.
const CORE_USES: &[&str] =
    &["minijinja", "pulldown-cmark", "serde", "serde-saphyr", "serde_json", "sha2", "thiserror", "ulid"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> Metadata {
    // Without dependencies: the manifests say what is declared, and nothing has to be fetched.
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo reads the manifests that it is building from")
}

/// The names of what a package needs to be built or to run; tests may need more.
fn needs(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
}

fn is_ours(name: &str) -> bool {
    name == "ganger" || name.starts_with("ganger-")
}

#[test]
fn every_crate_depends_only_on_what_lies_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in &metadata().packages {
        let name = package.name.as_str();
        let Some(below) = allowed.get(name) else {
            wrong.push(format!("{name} has no row in the table: say what it may depend on"));
            continue;
        };
        for needed in needs(package).filter(|needed| is_ours(needed)) {
            if !below.contains(&needed) {
                wrong.push(format!("{name} depends on {needed}, which does not lie below it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_kernel_is_built_without_the_world() {
    let metadata = metadata();
    let declared = |of: &str, on: &str| {
        let package = metadata.packages.iter().find(|package| package.name.as_str() == of);
        let dependencies = package.into_iter().flat_map(|package| &package.dependencies);
        let found = dependencies.filter(|dependency| dependency.name == on);
        found.filter(|dependency| dependency.kind == DependencyKind::Normal).cloned().collect::<Vec<_>>()
    };
    for world in ["ganger-git", "ganger-host", "tokio"] {
        for dependency in declared("ganger-orchestrator", world) {
            assert!(dependency.optional, "the kernel needs {world}: it belongs to the feature `io`");
        }
    }
    for dependency in declared("ganger-simulate", "ganger-orchestrator") {
        assert!(
            !dependency.uses_default_features && dependency.features.is_empty(),
            "the simulator runs the kernel alone, without its feature `io`"
        );
    }
}

#[test]
fn the_core_uses_nothing_that_touches_the_world() {
    let metadata = metadata();
    let core = metadata.packages.iter().find(|package| package.name.as_str() == "ganger-core");
    let core = core.expect("the workspace has a core");
    let mut found: Vec<&str> = needs(core).collect();
    found.sort_unstable();
    assert_eq!(found, CORE_USES);
}

/// Files that only tests are built from. `testing.rs` is such a module wherever it stands.
fn is_test(path: &Path) -> bool {
    path.components()
        .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "testing.rs")))
}

fn sources(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the sources can be listed") {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn git_is_started_in_one_place() {
    let crates = root().join("crates");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&crates).expect("the crates can be listed") {
        let directory = entry.expect("the crates can be listed").path().join("src");
        if directory.is_dir() {
            sources(&directory, &mut files);
        }
    }
    let mut wrong = Vec::new();
    for path in files {
        let short = path.strip_prefix(&crates).expect("it was found below");
        if is_test(short) || short == Path::new("git/src/run.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source is readable text");
        let text: String = text.split_whitespace().collect();
        let starts_git = text.contains("Command::new(\"git\"");
        // In the crate itself nothing else may start any program.
        if starts_git || (short.starts_with("git") && text.contains("Command::new(")) {
            wrong.push(format!("{} starts git past `ganger_git::Git`", short.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
