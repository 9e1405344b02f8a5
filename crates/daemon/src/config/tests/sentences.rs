//! The whole text of every error.

use super::*;

/// Loads both texts and compares what is printed.
fn check(config: &str, workspace: Option<&str>, expected: Expect) {
    check_all(&sources(&[], &[]), config, workspace, expected);
}

fn check_all(sources: &Sources, config: &str, workspace: Option<&str>, expected: Expect) {
    let result = match workspace {
        None => sources.load_from(config_text(config)).map(|_| ()),
        Some(text) => sources
            .load_workspace_from(Path::new("/acme"), config_text(config), workspace_text(text))
            .map(|_| ()),
    };
    let text = result.map_or_else(
        |error| {
            assert_eq!(error.exit_code(), 2);
            error.to_text()
        },
        |()| "valid\n".to_owned(),
    );
    expected.assert_eq(&text);
}

fn config(text: &str, expected: Expect) {
    check(text, None, expected);
}

fn workspace(text: &str, expected: Expect) {
    check("", Some(text), expected);
}

#[test]
fn unknown_keys() {
    config(
        "[plan]\nmax_correction = 3\n",
        expect![[r#"
        error: unknown key `plan.max_correction` in ~/.config/ganger/config.toml:2
          hint: did you mean `max_corrections`? all keys: ganger config list --all
    "#]],
    );
    config(
        "[plann]\nmax_corrections = 3\n",
        expect![[r#"
        error: unknown key `plann` in ~/.config/ganger/config.toml:1
          hint: did you mean `plan`? all keys: ganger config list --all
    "#]],
    );
    config(
        "max_sessions = 3\n",
        expect![[r#"
        error: unknown key `max_sessions` in ~/.config/ganger/config.toml:1
          hint: did you mean `agents.max_sessions`? all keys: ganger config list --all
    "#]],
    );
    config(
        "[agents]\nmax_session = 3\n",
        expect![[r#"
        error: unknown key `agents.max_session` in ~/.config/ganger/config.toml:2
          hint: did you mean `max_sessions`? all keys: ganger config list --all
    "#]],
    );
    config(
        "[review]\nmax_cycle = 3\n",
        expect![[r#"
        error: unknown key `review.max_cycle` in ~/.config/ganger/config.toml:2
          hint: did you mean `max_cycles`? all keys: ganger config list --all
    "#]],
    );
    config(
        "[budget]\nitem_eur = 3\n",
        expect![[r#"
        error: unknown key `budget.item_eur` in ~/.config/ganger/config.toml:2
          hint: did you mean `budget.item_usd`? all keys: ganger config list --all
    "#]],
    );
    config(
        "[agents.qwen]\ncomand = []\n",
        expect![[r#"
        error: unknown key `agents.qwen.comand` in ~/.config/ganger/config.toml:2
          hint: did you mean `command`? all keys: ganger config list --all
    "#]],
    );
    workspace(
        "[repositories.api]\nsetups = []\n",
        expect![[r#"
        error: unknown key `repositories.api.setups` in .ganger/workspace.toml:2
          hint: did you mean `setup`? all keys: ganger config list --all
    "#]],
    );
    workspace(
        "[repositories.api]\nchecks = [{ name = \"a\", run = \"b\" },\n  { name = \"c\", runs = \"d\" }]\n",
        expect![[r#"
        error: the configuration has 2 problems
          unknown key `repositories.api.checks[2].runs` in .ganger/workspace.toml:3 (did you mean `run`? all keys: ganger config list --all)
          `repositories.api.checks[2]` in .ganger/workspace.toml:3 has no `run`
    "#]],
    );
    workspace(
        "[hooks]\nworktree.creating = []\n",
        expect![[r#"
        error: unknown key `hooks.worktree` in .ganger/workspace.toml:2
          hint: all keys: ganger config list --all
    "#]],
    );
    workspace(
        "\n[sandbox]\nmode = \"off\"\n",
        expect![[r#"
        error: `sandbox.mode` in .ganger/workspace.toml:3 belongs into config.toml: what comes with a workspace starts no programs and loosens no sandbox
          hint: move it there: ganger config set sandbox.mode …
    "#]],
    );
    workspace(
        "[agents.qwen]\ncommand = [\"evil\"]\n",
        expect![[r#"
        error: `agents.qwen` in .ganger/workspace.toml:1 belongs into config.toml: what comes with a workspace starts no programs and loosens no sandbox
          hint: move it there: ganger config set agents.qwen …
    "#]],
    );
    workspace(
        "[agents]\npermissions = \"ask\"\n",
        expect![[r#"
        error: `agents.permissions` in .ganger/workspace.toml:2 belongs into config.toml: what comes with a workspace starts no programs and loosens no sandbox
          hint: move it there: ganger config set agents.permissions …
    "#]],
    );
}

#[test]
fn wrong_types() {
    config(
        "[plan]\nmax_corrections = \"two\"\n",
        expect![[r#"
        error: `plan.max_corrections` in ~/.config/ganger/config.toml:2 must be a whole number from 0 to 10, not the text "two"
    "#]],
    );
    config(
        "[plan]\nmax_corrections = 11\n",
        expect![[r#"
        error: `plan.max_corrections` in ~/.config/ganger/config.toml:2 must be a whole number from 0 to 10, not 11
    "#]],
    );
    config(
        "[agents]\nmax_sessions = 0\n",
        expect![[r#"
        error: `agents.max_sessions` in ~/.config/ganger/config.toml:2 must be a whole number from 1 to 64, not 0
    "#]],
    );
    config(
        "[checks]\nbaseline = \"yes\"\n",
        expect![[r#"
        error: `checks.baseline` in ~/.config/ganger/config.toml:2 must be true or false, not the text "yes"
    "#]],
    );
    config(
        "[checks]\ntimeout = 20\n",
        expect![[r#"
        error: `checks.timeout` in ~/.config/ganger/config.toml:2 must be a length of time such as "20m", "90s" or "1h 30m", not 20
    "#]],
    );
    config(
        "[checks]\ntimeout = \"20\"\n",
        expect![[r#"
        error: `checks.timeout` in ~/.config/ganger/config.toml:2 must be a length of time such as "20m", "90s" or "1h 30m", not "20"
    "#]],
    );
    config(
        "[review]\nmax_cycles = 0\n",
        expect![[r#"
            error: `review.max_cycles` in ~/.config/ganger/config.toml:2 must be a whole number from 1 to 10, not 0
        "#]],
    );
    config(
        "[review]\nmax_cycles = 11\n",
        expect![[r#"
            error: `review.max_cycles` in ~/.config/ganger/config.toml:2 must be a whole number from 1 to 10, not 11
        "#]],
    );
    config(
        "[review]\npass_threshold = \"minor-ok\"\n",
        expect![[r#"
            error: `review.pass_threshold` in ~/.config/ganger/config.toml:2 must be "no_critiques", "nit_only" or "minor_ok", not "minor-ok"
              hint: did you mean "minor_ok"?
        "#]],
    );
    config(
        "[review]\ntimeout = \"never\"\n",
        expect![[r#"
            error: `review.timeout` in ~/.config/ganger/config.toml:2 must be a length of time such as "20m", "90s" or "1h 30m", not "never"
        "#]],
    );
    config(
        "[foreman]\nquestion_timeout = \"soon\"\n",
        expect![[r#"
            error: `foreman.question_timeout` in ~/.config/ganger/config.toml:2 must be "never" or a length of time such as "20m", "90s" or "1h 30m", not "soon"
        "#]],
    );
    config(
        "[foreman]\nquestion_timeout = 0\n",
        expect![[r#"
            error: `foreman.question_timeout` in ~/.config/ganger/config.toml:2 must be "never" or a length of time such as "20m", "90s" or "1h 30m", not 0
        "#]],
    );
    config(
        "[git]\nparallel = 2.5\n",
        expect![[r#"
        error: `git.parallel` in ~/.config/ganger/config.toml:2 must be a whole number from 1 to 32, not 2.5
    "#]],
    );
    config(
        "[git]\nrefresh_after = 2026-01-01\n",
        expect![[r#"
        error: `git.refresh_after` in ~/.config/ganger/config.toml:2 must be a length of time such as "20m", "90s" or "1h 30m", not a date
    "#]],
    );
    config(
        "[sandbox]\nmode = \"enforced\"\n",
        expect![[r#"
        error: `sandbox.mode` in ~/.config/ganger/config.toml:2 must be "enforce", "best-effort" or "off", not "enforced"
          hint: did you mean "enforce"?
    "#]],
    );
    config(
        "[sandbox]\nwrite = \"~/x\"\n",
        expect![[r#"
        error: `sandbox.write` in ~/.config/ganger/config.toml:2 must be a list of texts, not the text "~/x"
    "#]],
    );
    config(
        "[sandbox]\nwrite = [\"~/x\", 3]\n",
        expect![[r#"
        error: `sandbox.write[2]` in ~/.config/ganger/config.toml:2 must be a text, not 3
    "#]],
    );
    config(
        "[sandbox]\ncaches = [\"cargo\", \"nmp\"]\n",
        expect![[r#"
        error: `sandbox.caches[2]` in ~/.config/ganger/config.toml:2 must be "bun", "cargo", "ccache", "deno", "go", "gradle", "maven", "npm", "nuget", "pip", "pnpm", "poetry", "sccache", "uv" or "yarn", not "nmp"
          hint: did you mean "npm"?
    "#]],
    );
    config(
        "plan = 3\n",
        expect![[r#"
        error: `plan` in ~/.config/ganger/config.toml:1 must be a table, not 3
    "#]],
    );
    config(
        "[publish]\npush = true\n",
        expect![[r#"
        error: `publish.push` in ~/.config/ganger/config.toml:2 must be "ask", "auto" or "never", not true
    "#]],
    );
    config(
        "[agents.qwen]\ntype = \"tcp\"\n",
        expect![[r#"
        error: `agents.qwen.type` in ~/.config/ganger/config.toml:2 must be "acp", not "tcp"
          hint: did you mean "acp"?
    "#]],
    );
    workspace(
        "[repositories]\napi = 3\n",
        expect![[r#"
        error: `repositories.api` in .ganger/workspace.toml:2 must be a table, not 3
    "#]],
    );
    workspace(
        "[repositories.api]\nchecks = [\"cargo test\"]\n",
        expect![[r#"
        error: `repositories.api.checks[1]` in .ganger/workspace.toml:2 must be a table, not the text "cargo test"
    "#]],
    );
    workspace(
        "[repositories.api]\n[[repositories.api.checks]]\nname = \"\"\nrun = \"x\"\n",
        expect![[r#"
        error: `repositories.api.checks[1].name` in .ganger/workspace.toml:3 must be a text that is not empty, not ""
    "#]],
    );
}

#[test]
fn no_toml() {
    config(
        "[plan\n",
        expect![[r#"
        error: ~/.config/ganger/config.toml:1 is not valid TOML: unclosed table, expected `]`
    "#]],
    );
    config(
        "[plan]\nmax_corrections = 1\nmax_corrections = 2\n",
        expect![[r#"
        error: ~/.config/ganger/config.toml:3 is not valid TOML: duplicate key
    "#]],
    );
    config(
        "[plan]\nmax_corrections =\n",
        expect![[r#"
        error: ~/.config/ganger/config.toml:2 is not valid TOML: string values must be quoted, expected literal string
    "#]],
    );
}

#[test]
fn impossible_choices() {
    config(
        "[agents]\ndefault = \"claude-apc\"\n",
        expect![[r#"
        error: `agents.default` in ~/.config/ganger/config.toml:2 names "claude-apc", which is no agent that ganger knows
          hint: did you mean "claude-acp"?
    "#]],
    );
    config(
        "[agents]\nplanning = \"somebody\"\n",
        expect![[r#"
            error: `agents.planning` in ~/.config/ganger/config.toml:2 names "somebody", which is no agent that ganger knows
              hint: known are claude-acp, cline, codex-acp, copilot, gemini, opencode, qwen, scripted; others need [agents.<name>] with a `command`
        "#]],
    );
    config(
        "[agents]\nreview = \"gemni\"\n",
        expect![[r#"
            error: `agents.review` in ~/.config/ganger/config.toml:2 names "gemni", which is no agent that ganger knows
              hint: did you mean "gemini"?
        "#]],
    );
    workspace(
        "[agents]\nforeman = \"nobody\"\n",
        expect![[r#"
            error: `agents.foreman` in .ganger/workspace.toml:2 names "nobody", which is no agent that ganger knows
              hint: known are claude-acp, cline, codex-acp, copilot, gemini, opencode, qwen, scripted; others need [agents.<name>] with a `command`
        "#]],
    );
    config(
        "[agents.mine]\ntype = \"acp\"\n",
        expect![[r#"
        error: `agents.mine` in ~/.config/ganger/config.toml:1 has no `command`
          hint: an agent that ganger does not know needs the program and its arguments: command = ["program", "--acp"]
    "#]],
    );
    config(
        "[agents.mine]\ncommand = []\n",
        expect![[r#"
        error: `agents.mine` in ~/.config/ganger/config.toml:2 has no `command`
          hint: an agent that ganger does not know needs the program and its arguments: command = ["program", "--acp"]
    "#]],
    );
    config(
        "[agents.opencod]\nmodel = \"x\"\n",
        expect![[r#"
        error: `agents.opencod` in ~/.config/ganger/config.toml:1 has no `command`
          hint: did you mean the known agent `opencode`?
    "#]],
    );
    config(
        "[agents.qwen]\nenvironment = [\"GH_TOKEN\"]\n",
        expect![[r#"
        error: `agents.qwen.environment` in ~/.config/ganger/config.toml:2 names GH_TOKEN, which no agent is ever given: with it an agent could act as you
    "#]],
    );
    config(
        "[agents.qwen]\nenvironment = [\"KEY=value\"]\n",
        expect![[r#"
        error: `agents.qwen.environment` in ~/.config/ganger/config.toml:2 names "KEY=value", which is no name of a variable: values stay in your environment
    "#]],
    );
    config(
        "[sandbox]\nwrite = [\"models\"]\n",
        expect![[r#"
        error: `sandbox.write` in ~/.config/ganger/config.toml:2 names "models", which must be a path that begins with / or ~/ and holds no `..`
    "#]],
    );
    config(
        "[sandbox]\nwrite = [\"~\"]\n",
        expect![[r#"
        error: `sandbox.write` in ~/.config/ganger/config.toml:2 names "~", with which agents could write your home directory
    "#]],
    );
    config(
        "[sandbox]\nwrite = [\"~/.ssh/keys\"]\n",
        expect![[r#"
        error: `sandbox.write` in ~/.config/ganger/config.toml:2 names "~/.ssh/keys", which lies in ~/.ssh, which `sandbox.hide` keeps from agents
    "#]],
    );
    config(
        "[sandbox]\nwrite = [\"~/.local/share\"]\n",
        expect![[r#"
        error: `sandbox.write` in ~/.config/ganger/config.toml:2 names "~/.local/share", with which agents could write ganger's own data
    "#]],
    );
    config(
        "[agents.cline]\nstate = [\"~\"]\n",
        expect![[r#"
        error: `agents.cline.state` in ~/.config/ganger/config.toml:2 names "~", with which agents could write your home directory
    "#]],
    );
    workspace(
        "schema = 2\n",
        expect![[r#"
        error: `schema` in .ganger/workspace.toml:1 is 2, which a newer ganger wrote; this one reads 1
          hint: update ganger
    "#]],
    );
    workspace(
        "name = \"a/b\"\n",
        expect![[r#"
        error: `name` in .ganger/workspace.toml:1 must hold no slash and no control character
    "#]],
    );
    workspace(
        "[repositories.api]\ncopy = [\"../.env\"]\n",
        expect![[r#"
        error: `repositories.api.copy` in .ganger/workspace.toml:2 names "../.env", which does not lie below the repository
          hint: give a path from the repository's root, without `..`
    "#]],
    );
    workspace(
        "[repositories.api]\ncopy = [\".git/config\"]\n",
        expect![[r#"
        error: `repositories.api.copy` in .ganger/workspace.toml:2 names ".git/config", which does not lie below the repository
          hint: give a path from the repository's root, without `..`
    "#]],
    );
    workspace(
        "[repositories.api]\ncopy = [\"a\"]\nlink = [\"a\"]\n",
        expect![[r#"
        error: `repositories.api.link` in .ganger/workspace.toml:3 names "a", which is also among those to be copied
    "#]],
    );
    workspace(
        "[repositories.api]\nbase = \"--upload-pack=x\"\n",
        expect![[r#"
        error: `repositories.api.base` in .ganger/workspace.toml:2 is "--upload-pack=x", which is no name that git allows
    "#]],
    );
    workspace(
        "[repositories.api]\nagent.implementation = \"codex\"\n",
        expect![[r#"
            error: `repositories.api.agent.implementation` in .ganger/workspace.toml:2 names "codex", which is no agent that ganger knows
              hint: known are claude-acp, cline, codex-acp, copilot, gemini, opencode, qwen, scripted; others need [agents.<name>] with a `command`
        "#]],
    );
    workspace(
        "[repositories.api]\nchecks = [{ name = \"a\", run = \"b\" }, { name = \"a\", run = \"c\" }]\n",
        expect![[r#"
        error: `repositories.api.checks` in .ganger/workspace.toml:2 has two checks named "a"
    "#]],
    );
    workspace(
        "[repositories.api]\nsetup = [\"\"]\n",
        expect![[r#"
        error: `repositories.api.setup` in .ganger/workspace.toml:2 holds an empty command
    "#]],
    );
}

#[test]
fn all_problems_are_told_at_once() {
    check(
        "[plan]\nmax_correction = 3\n[checks]\nparallel = 0\n",
        Some("schema = 1\nnames = \"x\"\n"),
        expect![[r#"
        error: the configuration has 3 problems
          unknown key `plan.max_correction` in ~/.config/ganger/config.toml:2 (did you mean `max_corrections`? all keys: ganger config list --all)
          `checks.parallel` in ~/.config/ganger/config.toml:4 must be a whole number from 1 to 64, not 0
          unknown key `names` in .ganger/workspace.toml:2 (did you mean `name`? all keys: ganger config list --all)
    "#]],
    );
}

#[test]
fn environment_and_arguments() {
    let with = |variables: &[(&str, &str)], flags: &[(&str, &str)], expected: Expect| {
        check_all(&sources(variables, flags), "", None, expected);
    };
    with(
        &[("GANGER_PLAN_MAX_CORRECTIONS", "x")],
        &[],
        expect![[r#"
        error: `plan.max_corrections` in the environment variable GANGER_PLAN_MAX_CORRECTIONS must be a whole number from 0 to 10, not "x"
    "#]],
    );
    with(
        &[("GANGER_PLAN_MAX_CORRECTION", "1")],
        &[],
        expect![[r#"
        error: the environment variable GANGER_PLAN_MAX_CORRECTION sets no key of the configuration
          hint: did you mean GANGER_PLAN_MAX_CORRECTIONS?
    "#]],
    );
    with(
        &[("GANGER_SANDBOX_WRITE", "~/x")],
        &[],
        expect![[r#"
        error: `sandbox.write` in the environment variable GANGER_SANDBOX_WRITE must be a list of texts, not "~/x"
          hint: write a list as '["one", "two"]'
    "#]],
    );
    with(
        &[
            ("GANGER_SANDBOX_WRITE", "[\"~/x\"]"),
            ("GANGER_AGENTS_CLAUDE_ACP_MODEL", "m"),
            ("GANGER_HOST", "x"),
        ],
        &[],
        expect![[r#"
        valid
    "#]],
    );
    with(
        &[],
        &[("checks.timeout", "5")],
        expect![[r#"
        error: `checks.timeout` in the argument --set checks.timeout=5 must be a length of time such as "20m", "90s" or "1h 30m", not "5"
    "#]],
    );
    with(
        &[],
        &[("check.timeout", "5m")],
        expect![[r#"
        error: unknown key `check` in the argument --set check.timeout=5m
          hint: did you mean `checks`? all keys: ganger config list --all
    "#]],
    );
}

#[test]
fn a_budget_of_nonsense() {
    let check = |value: &str, said: &str| {
        let sentence = format!(
            "error: `budget.item_usd` in ~/.config/ganger/config.toml:2 must be an amount of US dollars from 0.01 to 1000000 such as 20 or 7.50, or 0 for none, not {said}\n"
        );
        let text = sources(&[], &[]).load_from(config_text(&format!("[budget]\nitem_usd = {value}\n")));
        let error = text.unwrap_err();
        assert_eq!((error.to_text(), error.exit_code()), (sentence, 2), "{value}");
    };
    check("-1", "-1");
    check("0.001", "0.001");
    check("2000000", "2000000");
    check("nan", "NaN");
    check("inf", "inf");
    check("\"$5\"", "the text \"$5\"");
    check("true", "true");
    for (value, micros) in [("0", None), ("5", Some(5_000_000)), ("5.50", Some(5_500_000))] {
        let loaded =
            sources(&[], &[]).load_from(config_text(&format!("[budget]\nitem_usd = {value}\n"))).unwrap();
        assert_eq!(loaded.configuration.budget.item_micros(), micros, "{value}");
    }
}

#[test]
fn a_workspace_may_only_set_a_smaller_budget() {
    let check = |own: &str, set: &str, expected: Expect| {
        check(
            &format!("[budget]\nitem_usd = {own}\n"),
            Some(&format!("[budget]\nitem_usd = {set}\n")),
            expected,
        );
    };
    check(
        "20",
        "5.50",
        expect![[r#"
        valid
    "#]],
    );
    check(
        "0",
        "50",
        expect![[r#"
        valid
    "#]],
    );
    check(
        "20",
        "20.01",
        expect![[r#"
        error: `budget.item_usd` in .ganger/workspace.toml:2 is $20.01, and you allow $20.00: a workspace may only set less
          hint: lower it there, or allow more: ganger config set budget.item_usd USD
    "#]],
    );
    check(
        "20",
        "0",
        expect![[r#"
        error: `budget.item_usd` in .ganger/workspace.toml:2 limits nothing, and you allow $20.00: a workspace may only set less
          hint: lower it there, or allow more: ganger config set budget.item_usd USD
    "#]],
    );
}
