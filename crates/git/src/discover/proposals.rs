//! Languages, set-up and checks, proposed from the files a repository has. A person confirms them in `init`.

use super::contents::Contents;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A command that proves a worktree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Check {
    /// Its name in texts.
    pub name: String,
    /// The command, for a shell in the worktree.
    pub command: String,
}

/// What a repository's files suggest.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Proposals {
    /// Commands that make a fresh worktree runnable, in order.
    pub setup: Vec<String>,
    /// Commands that prove it, in order.
    pub checks: Vec<Check>,
    /// Files of the user's checkout, not in git, that a worktree probably needs.
    pub copy: Vec<String>,
}

const GO: &[(&str, &str)] = &[
    ("gin-gonic/gin", "gin"),
    ("labstack/echo", "echo"),
    ("gofiber/fiber", "fiber"),
    ("go-chi/chi", "chi"),
    ("gorilla/mux", "mux"),
];
const NODE: &[(&str, &str)] = &[
    ("\"next\"", "next"),
    ("\"react\"", "react"),
    ("\"vue\"", "vue"),
    ("\"svelte\"", "svelte"),
    ("\"express\"", "express"),
    ("\"fastify\"", "fastify"),
    ("\"@nestjs/core\"", "nestjs"),
    ("\"@remix-run/", "remix"),
    ("\"astro\"", "astro"),
];
const RUST: &[(&str, &str)] =
    &[("actix-web", "actix"), ("axum", "axum"), ("rocket", "rocket"), ("warp", "warp"), ("tide", "tide")];
const PYTHON: &[(&str, &str)] = &[
    ("fastapi", "fastapi"),
    ("flask", "flask"),
    ("django", "django"),
    ("starlette", "starlette"),
    ("tornado", "tornado"),
    ("aiohttp", "aiohttp"),
];

/// Languages and frameworks by the manifests at the root.
pub(super) fn languages(contents: &Contents) -> (Vec<String>, Vec<String>) {
    let (mut languages, mut frameworks) = (Vec::new(), Vec::new());
    let mut take = |language: &str, text: &str, known: &[(&str, &str)]| {
        languages.push(language.to_owned());
        let text = text.to_lowercase();
        frameworks
            .extend(known.iter().filter(|(mark, _)| text.contains(mark)).map(|(_, name)| (*name).to_owned()));
    };
    if let Some(text) = contents.manifest("Cargo.toml") {
        take("rust", text, RUST);
    }
    if let Some(text) = contents.manifest("go.mod") {
        take("go", text, GO);
    }
    if let Some(text) = contents.manifest("package.json") {
        let typed =
            contents.has("tsconfig.json") || text.contains("\"typescript\"") || text.contains("\"tslib\"");
        take(if typed { "typescript" } else { "javascript" }, text, NODE);
    }
    if contents.has("pyproject.toml") || contents.has("setup.py") || contents.has("requirements.txt") {
        let texts = ["pyproject.toml", "requirements.txt", "setup.py"]
            .map(|name| contents.manifest(name).unwrap_or_default());
        take("python", &texts.join("\n"), PYTHON);
    }
    for (language, marks) in [
        ("java", &["pom.xml", "build.gradle"][..]),
        ("kotlin", &["build.gradle.kts"][..]),
        ("ruby", &["Gemfile"][..]),
        ("php", &["composer.json"][..]),
        ("elixir", &["mix.exs"][..]),
        ("swift", &["Package.swift"][..]),
        ("c++", &["CMakeLists.txt"][..]),
    ] {
        if marks.iter().any(|mark| contents.has(mark)) {
            take(language, "", &[]);
        }
    }
    if contents.has_ending(".csproj") || contents.has_ending(".sln") {
        take("c#", "", &[]);
    }
    (languages, frameworks)
}

/// Set-up and checks by the files at the root; `checkout` is the user's, looked at for files outside git.
pub(super) fn propose(contents: &Contents, checkout: &Path) -> Proposals {
    let mut proposals = Proposals::default();
    let mut check = |name: &str, command: &str| {
        proposals.checks.push(Check { name: name.into(), command: command.into() });
    };
    if contents.has("Cargo.toml") {
        let locked = if contents.has("Cargo.lock") { " --locked" } else { "" };
        let all = if contents.manifest("Cargo.toml").is_some_and(|text| text.contains("[workspace]")) {
            " --workspace"
        } else {
            ""
        };
        check("test", &format!("cargo test{all}{locked}"));
        check("clippy", &format!("cargo clippy{all} --all-targets{locked} -- -D warnings"));
    }
    if contents.has("go.mod") {
        check("test", "go test ./...");
        check("vet", "go vet ./...");
    }
    if let Some(manifest) = contents.manifest("package.json") {
        let (install, run) = node_manager(contents);
        proposals.setup.push(install.into());
        let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
        for script in ["test", "lint", "typecheck", "build"] {
            // The text that `npm init` writes fails by design.
            let text =
                manifest["scripts"][script].as_str().filter(|text| !text.contains("no test specified"));
            if text.is_some() {
                proposals.checks.push(Check { name: script.into(), command: format!("{run} {script}") });
            }
        }
    }
    python(contents, &mut proposals);
    let mut check = |name: &str, command: &str| {
        proposals.checks.push(Check { name: name.into(), command: command.into() });
    };
    match (contents.has("pom.xml"), contents.has("gradlew")) {
        (true, _) => check("test", if contents.has("mvnw") { "./mvnw -q verify" } else { "mvn -q verify" }),
        (_, true) => check("test", "./gradlew check"),
        _ => {}
    }
    if contents.has("mix.exs") {
        proposals.setup.push("mix deps.get".into());
        proposals.checks.push(Check { name: "test".into(), command: "mix test".into() });
    }
    if contents.has("Gemfile") {
        proposals.setup.push("bundle install".into());
    }
    if proposals.checks.is_empty() {
        let target = |text: &str| text.lines().any(|line| line.starts_with("test:"));
        if contents.manifest("Makefile").is_some_and(target) {
            proposals.checks.push(Check { name: "test".into(), command: "make test".into() });
        } else if contents.manifest("justfile").is_some_and(target) {
            proposals.checks.push(Check { name: "test".into(), command: "just test".into() });
        }
    }
    for name in [".env", ".env.local", ".env.development.local"] {
        if checkout.join(name).is_file() && !contents.has(name) {
            proposals.copy.push(name.into());
        }
    }
    proposals
}

/// How dependencies are installed, and how a script is run.
fn node_manager(contents: &Contents) -> (&'static str, &'static str) {
    if contents.has("pnpm-lock.yaml") {
        ("pnpm install --frozen-lockfile", "pnpm run")
    } else if contents.has("yarn.lock") {
        ("yarn install --immutable", "yarn run")
    } else if contents.has("bun.lock") || contents.has("bun.lockb") {
        ("bun install --frozen-lockfile", "bun run")
    } else if contents.has("package-lock.json") {
        ("npm ci", "npm run")
    } else {
        ("npm install", "npm run")
    }
}

fn python(contents: &Contents, proposals: &mut Proposals) {
    let project = contents.manifest("pyproject.toml").unwrap_or_default();
    let any = contents.has("pyproject.toml") || contents.has("setup.py") || contents.has("requirements.txt");
    if !any {
        return;
    }
    let run = if contents.has("uv.lock") {
        proposals.setup.push("uv sync --locked".into());
        "uv run "
    } else if contents.has("poetry.lock") {
        proposals.setup.push("poetry install".into());
        "poetry run "
    } else {
        ""
    };
    if contents.has("tests/") || contents.has("test/") || project.contains("pytest") {
        proposals.checks.push(Check { name: "test".into(), command: format!("{run}pytest") });
    }
    if project.contains("[tool.ruff") || contents.has("ruff.toml") {
        proposals.checks.push(Check { name: "lint".into(), command: format!("{run}ruff check") });
    }
    if project.contains("[tool.mypy") || contents.has("mypy.ini") {
        proposals.checks.push(Check { name: "types".into(), command: format!("{run}mypy .") });
    }
}
