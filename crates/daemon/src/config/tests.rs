use super::*;
use crate::paths::WORKSPACE_DIRECTORY;
use expect_test::{Expect, expect};

mod sentences;

fn sources(variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Sources {
    let mut all = Variables::from([("HOME".to_owned(), "/home/you".to_owned())]);
    all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let mut sources = Sources::from_environment(all).unwrap();
    sources.flags = flags
        .iter()
        .map(|(key, value)| {
            (KeyPath::parse(key).unwrap(), (*value).to_owned(), format!("--set {key}={value}"))
        })
        .collect();
    sources
}

fn config_text(text: &str) -> Option<Source> {
    Some(Source {
        path: "/home/you/.config/ganger/config.toml".into(),
        label: "~/.config/ganger/config.toml".into(),
        text: text.to_owned(),
    })
}

fn workspace_text(text: &str) -> Source {
    Source {
        path: "/acme/.ganger/workspace.toml".into(),
        label: format!("{WORKSPACE_DIRECTORY}/workspace.toml"),
        text: text.to_owned(),
    }
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let check = |name: &str, schema: &serde_json::Value| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name);
        let generated = schema_text(schema);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == generated,
            "{} differs from the types; write it anew with UPDATE_EXPECT=1 cargo test -p ganger-daemon schemas",
            file.display()
        );
    };
    check("config.schema.json", configuration_schema());
    check("workspace.schema.json", workspace_schema());
}

/// `config.toml` as the product's page shows it, without the keys that do nothing yet.
const EXAMPLE_CONFIG: &str = r#"
[agents]
default      = "claude-acp"    # found by init
planning     = "opencode"
review       = "codex-acp"
max_sessions = 6               # all work items together
permissions  = "sandboxed"     # sandboxed | ask | deny

[agents.claude-acp]
model       = ""               # empty = the program's own default
arguments   = []
environment = ["HTTPS_PROXY"]

[agents.mine]
type    = "acp"
command = ["my-agent", "--acp"]
state   = ["~/.my-agent/sessions"]

[sandbox]
mode  = "enforce"              # enforce | best-effort | off
write = ["~/models"]
hide  = ["~/.ssh", "~/.aws", "~/.config/gh", "~/.netrc", "~/.git-credentials"]

[plan]
max_corrections = 2
max_repositories = 8
[review]
pass_threshold = "minor_ok"    # no_critiques | nit_only | minor_ok
max_cycles     = 3
timeout        = "1h"          # one review session, awake time
new_findings   = "changed"     # from round 2: only on lines changed since, or major and above | all
[foreman]
question_timeout = "never"     # how long an agent may wait; a duration, or never
[checks]
timeout = "20m"
parallel = 2
baseline = true
[publish]
push = "ask"
[git]
refresh_after = "5m"
parallel      = 4
[daemon]
log_level = "info"
"#;

/// `workspace.toml` as the product's page shows it, without the keys that do nothing yet.
const EXAMPLE_WORKSPACE: &str = r#"
schema  = 1
name    = "acme"
exclude = ["sandbox-*", "archive"]

[repositories.api]
base   = ""                             # empty = the remote's HEAD
hints  = "Rust service, owns the database schema"
checks = [
  { name = "test",   run = "cargo test",                  timeout = "20m" },
  { name = "clippy", run = "cargo clippy -- -D warnings", required = false },
]
agent  = { implementation = "codex-acp" }

[repositories.web]
copy   = [".env"]
link   = []
setup  = ["pnpm install --frozen-lockfile"]
setup_timeout = "10m"
[[repositories.web.checks]]
name = "test"
run = "pnpm test"

[repositories."zu Hause"]

[hooks]
"worktree.creating" = ["scripts/may-start.sh"]
"#;

#[test]
fn the_example_files_are_valid_and_mean_what_they_say() {
    let loaded = sources(&[], &[])
        .load_workspace_from(
            Path::new("/acme"),
            config_text(EXAMPLE_CONFIG),
            workspace_text(EXAMPLE_WORKSPACE),
        )
        .unwrap();
    let agents = &loaded.configuration.agents;
    assert_eq!(agents.for_planning(), Some("opencode"));
    assert_eq!(agents.for_implementation(None), Some("claude-acp"));
    let api = loaded.workspace.repository("api");
    assert_eq!(agents.for_implementation(Some(&api)), Some("codex-acp"));
    assert_eq!((agents.for_review(), agents.for_foreman()), (Some("codex-acp"), Some("claude-acp")));
    assert_eq!(agents.named["claude-acp"].command, ["claude-agent-acp"]);
    assert_eq!(agents.named["mine"].command, ["my-agent", "--acp"]);
    assert_eq!(agents.named["mine"].state, ["~/.my-agent/sessions"]);
    let checks = api.check_definitions(loaded.configuration.checks.timeout);
    let checks: Vec<_> = checks.iter().map(|check| (check.timeout_ms, check.required)).collect();
    assert_eq!(checks, [(1_200_000, true), (1_200_000, false)]);
    assert_eq!(loaded.workspace.repository("web").checks[0].run, "pnpm test");
    assert_eq!(loaded.workspace.repositories.keys().collect::<Vec<_>>(), ["api", "web", "zu Hause"]);
    assert_eq!(loaded.workspace.hooks.worktree_creating, ["scripts/may-start.sh"]);
}

#[test]
fn nothing_written_is_the_defaults() {
    assert_eq!(sources(&[], &[]).load_from(None).unwrap().configuration, Configuration::default());
    let workspace = sources(&[], &[])
        .load_workspace_from(Path::new("/x/acme"), None, workspace_text(""))
        .unwrap()
        .workspace;
    assert_eq!(
        workspace,
        WorkspaceConfiguration { name: "acme".to_owned(), ..WorkspaceConfiguration::default() }
    );
}

#[test]
fn a_later_layer_wins_and_every_value_knows_where_it_is_from() {
    let all = sources(
        &[("GANGER_CHECKS_PARALLEL", "5"), ("GANGER_SOMETHING", "x")],
        &[("checks.baseline", "false")],
    );
    let loaded = all
        .load_workspace_from(
            Path::new("/acme"),
            config_text("[checks]\ntimeout = \"1m\"\nparallel = 3\n[plan]\nmax_corrections = 1\n"),
            workspace_text(
                "schema = 1\n[checks]\ntimeout = \"90s\"\nparallel = 4\n[sandbox]\nwrite = [\"~/w\"]\n",
            ),
        )
        .unwrap();
    let mut text = String::new();
    for (key, Sourced { value, origin }) in loaded.layers.values() {
        if *origin != Origin::BuiltIn || key.starts_with(&["checks"]) || key.starts_with(&["git"]) {
            text.push_str(&format!("{key} = {value}  {origin}\n"));
        }
    }
    expect![[r#"
        checks.baseline = false  the argument --set checks.baseline=false
        checks.parallel = 5  the environment variable GANGER_CHECKS_PARALLEL
        checks.timeout = "90s"  .ganger/workspace.toml:3
        git.parallel = 4  the built-in configuration
        git.refresh_after = "5m"  the built-in configuration
        plan.max_corrections = 1  ~/.config/ganger/config.toml:5
        sandbox.write = ["~/w"]  .ganger/workspace.toml:6
        schema = 1  .ganger/workspace.toml:1
    "#]]
    .assert_eq(&text);
    assert_eq!(loaded.configuration.checks.timeout.to_string(), "1m 30s");
    assert_eq!(loaded.configuration.checks.parallel, 5);
}

#[test]
fn lengths_of_time_are_read_as_they_are_written() {
    let check = |text: &str, seconds: Option<u64>| {
        let interval = text.parse::<Interval>().ok();
        assert_eq!(interval.map(|interval| interval.duration().as_secs()), seconds, "{text:?}");
        if let Some(interval) = interval {
            assert_eq!(interval.to_string().parse(), Ok(interval));
        }
    };
    check("20m", Some(1200));
    check("1h 30m", Some(5400));
    check("1h30m", Some(5400));
    check("90s", Some(90));
    check("2d", Some(172_800));
    for wrong in ["", "20", "m", "-5m", "0s", "soon", "99999999999999999999d"] {
        check(wrong, None);
    }
}

#[test]
fn keys_are_shown_as_they_can_be_typed() {
    let check = |keys: &[&str], shown: &str| {
        let key = KeyPath(keys.iter().map(|&key| key.to_owned()).collect());
        assert_eq!(key.to_string(), shown);
        assert_eq!(KeyPath::parse(shown), Some(key));
    };
    check(&["checks", "timeout"], "checks.timeout");
    check(&["hooks", "worktree.creating"], "hooks.\"worktree.creating\"");
    check(&["repositories", "zu Hause", "base"], "repositories.\"zu Hause\".base");
    assert_eq!(KeyPath::parse("a..b"), None);
}

#[test]
fn caches_leave_out_what_runs_outside_of_the_sandbox() {
    let roots = |variables: &[(&str, &str)], tool: Tool| {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        tool.roots(&variables, Path::new("/h"))
    };
    let cargo = roots(&[], Tool::Cargo);
    assert!(cargo.contains(&"/h/.cargo/registry".into()));
    for code in
        ["/h/.cargo/bin", "/h/.cargo/config.toml", "/h/go/bin", "/h/.gradle/init.d", "/h/.m2/settings.xml"]
    {
        for tool in Tool::ALL {
            assert!(
                roots(&[], tool).iter().all(|root| !Path::new(code).starts_with(root)),
                "{tool:?} opens {code}"
            );
        }
    }
    assert_eq!(roots(&[("XDG_CACHE_HOME", "/c")], Tool::Uv), [Path::new("/c/uv")]);
    assert_eq!(roots(&[("UV_CACHE_DIR", "/u"), ("XDG_CACHE_HOME", "/c")], Tool::Uv), [Path::new("/u")]);
    assert!(roots(&[("CARGO_HOME", "/k")], Tool::Cargo).contains(&"/k/git".into()));
    for tool in Tool::ALL {
        assert_eq!(serde_json::to_value(tool).unwrap(), tool.name());
    }
}

#[test]
fn an_agent_cannot_change_what_it_runs_later_outside_the_sandbox() {
    let agents = agents::built_in();
    for (name, code) in [
        ("cline", "~/.cline/data/settings"),
        ("cline", "~/.cline/hooks"),
        ("opencode", "~/.config/opencode/opencode.json"),
        ("opencode", "~/.config/opencode/plugin"),
        ("qwen", "~/.qwen/extensions"),
        ("qwen", "~/.qwen/settings.json"),
    ] {
        let state = &agents[name].state;
        assert!(!state.is_empty(), "{name} has no state");
        assert!(state.iter().all(|place| !Path::new(code).starts_with(place)), "{name} can change {code}");
    }
}

#[test]
fn an_agent_is_given_its_row_and_the_network() {
    let qwen = agents::built_in().remove("qwen").unwrap();
    let variables: Variables = ["OPENAI_API_KEY", "HTTPS_PROXY", "GH_TOKEN", "AWS_SECRET_ACCESS_KEY"]
        .map(|name| (name.to_owned(), "x".to_owned()))
        .into();
    let passed = qwen.passed("qwen", &variables);
    assert_eq!(
        passed.keys().collect::<Vec<_>>(),
        ["HTTPS_PROXY", "OPENAI_API_KEY", "QWEN_CODE_LEGACY_MCP_BLOCKING"]
    );
    let other =
        agents::Agent { environment: vec!["AWS_SECRET_ACCESS_KEY".to_owned()], ..agents::Agent::default() };
    assert_eq!(
        other.passed("other", &variables).into_keys().collect::<Vec<_>>(),
        ["AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"]
    );
}
