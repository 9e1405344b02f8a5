use super::*;
use crate::testing::Machine;

/// What the list says of one agent: version, account, roles, commands.
fn said(machine: &Machine, name: &str) -> String {
    let list = list(&machine.sources, &machine.path("acme")).unwrap();
    let agent = list.agents.iter().find(|agent| agent.name == name).unwrap();
    let roles: Vec<String> = agent
        .roles
        .iter()
        .map(|role| format!("{} [{}]", role.role.words(), role.repositories.join(" ")))
        .collect();
    let text = format!(
        "{} · {} ({}) · {} · {}",
        agent.version.as_deref().unwrap_or("–"),
        agent.login.state.words(),
        agent.login.reason,
        roles.join(", "),
        agent.commands.join(", ")
    );
    machine.plain(&text)
}

#[test]
fn an_account_is_known_by_the_programs_word_by_keys_or_by_files_and_else_not_at_all() {
    let mut machine = Machine::new();
    let check =
        |machine: &Machine, name: &str, expected: &str| assert_eq!(said(machine, name), expected, "{name}");
    check(
        &machine,
        "codex-acp",
        "– · log-in unknown (it is not installed) ·  · npm install -g @agentclientprotocol/codex-acp",
    );
    machine.program("codex-acp", "[ \"$1\" != cli ] || exit ${CODE:-0}; echo 2.6.0");
    // The program is given what a session gives it: a variable that is not named does not reach it.
    machine.sources.variables.insert("CODE".to_owned(), "1".to_owned());
    check(&machine, "codex-acp", "2.6.0 · logged in (`codex-acp cli login status` says so) ·  · ");
    machine.program("codex-acp", "[ \"$1\" != cli ] || exit 1; echo 2.6.0");
    check(
        &machine,
        "codex-acp",
        "2.6.0 · not logged in (`codex-acp cli login status` says so) ·  · ganger login codex-acp",
    );
    machine.program("codex-acp", "[ \"$1\" != cli ] || exit 64; echo 2.6.0");
    check(&machine, "codex-acp", "2.6.0 · log-in unknown (no program tells without being started) ·  · ");
    for name in ["qwen", "opencode", "gemini"] {
        machine.program(name, "echo 1.0.1");
    }
    machine.sources.variables.insert("OPENAI_API_KEY".to_owned(), "k".to_owned());
    check(&machine, "qwen", "1.0.1 · log-in unknown (no program tells without being started) ·  · ");
    for name in ["OPENAI_BASE_URL", "OPENAI_MODEL"] {
        machine.sources.variables.insert(name.to_owned(), "x".to_owned());
    }
    check(
        &machine,
        "qwen",
        "1.0.1 · logged in (OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL are set) ·  · ",
    );
    check(&machine, "opencode", "1.0.1 · logged in (OPENAI_API_KEY is set) ·  · ");
    check(&machine, "gemini", "1.0.1 · log-in unknown (no program tells without being started) ·  · ");
    machine.write("home/.gemini/oauth_creds.json", "{}\n");
    check(&machine, "gemini", "1.0.1 · log-in unknown (no program tells without being started) ·  · ");
    machine.write("home/.gemini/oauth_creds.json", "{\"token\": 1}\n");
    check(&machine, "gemini", "1.0.1 · logged in (an account lies in ~/.gemini/oauth_creds.json) ·  · ");
}

#[test]
fn roles_are_those_of_the_workspace_and_a_configured_place_is_where_the_log_in_is_too() {
    let machine = Machine::new();
    machine.program("claude-agent-acp", "echo 0.101.0");
    let elsewhere = machine.path("bin/elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    machine.program("elsewhere/codex-acp", "[ \"$1\" != cli ] || exit 1; echo 2.6.0");
    machine.write(
        "home/.config/ganger/config.toml",
        &format!(
            "[agents]\ndefault = \"claude-acp\"\nreview = \"codex-acp\"\n[agents.codex-acp]\ncommand = [{:?}]\n",
            elsewhere.join("codex-acp").display().to_string()
        ),
    );
    machine.write(
        "acme/.ganger/workspace.toml",
        "[repositories.api]\nagent = { implementation = \"codex-acp\" }\n[repositories.web]\n",
    );
    assert_eq!(
        said(&machine, "codex-acp"),
        "2.6.0 · not logged in (`codex-acp cli login status` says so) · implements [api], reviews [] · ganger login codex-acp"
    );
    // A program that answers everything well is taken at its word.
    assert_eq!(
        said(&machine, "claude-acp"),
        "0.101.0 · logged in (`claude-agent-acp --cli auth status` says so) · plans [], implements [], answers questions [] · "
    );
}

#[test]
fn a_log_in_needs_a_person_a_program_and_a_command() {
    let machine = Machine::new();
    let own = machine.path("bin/git");
    let check = |name: &str, interactive: bool, code: &str, exit: u8, hint: &str| {
        let begin = |typed: &str| panic!("{typed} was to be run");
        let error =
            login(&machine.sources, &machine.path("acme"), name, &own, interactive, begin).unwrap_err();
        assert_eq!((error.code, error.exit_code()), (code, exit), "{error:?}");
        assert_eq!(error.hints, [hint], "{error:?}");
    };
    check("opencod", true, "agent.unknown", 4, "did you mean opencode? ganger agents opencode");
    check("opencode", true, "agent.not_installed", 6, "npm install -g opencode-ai");
    machine.program("opencode", "exit 1");
    check("opencode", false, "login.not_interactive", 2, "opencode auth login");
    check("gemini", true, "login.none", 5, "then: ganger agents gemini");
    check("scripted", true, "login.none", 5, "then: ganger agents scripted");
    machine.write(
        "home/.config/ganger/config.toml",
        "[agents.mine]\ncommand = [\"mine\"]\n[agents.opencode]\nlogin = [\"opencode\", \"my way\"]\n",
    );
    check("mine", true, "login.none", 5, "then: ganger agents mine");
    check("opencode", false, "login.not_interactive", 2, "opencode 'my way'");
}
