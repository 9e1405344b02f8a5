use super::*;
use crate::render::tests::look;
use expect_test::{Expect, expect};
use ganger_api::agent::{
    AGENT_SCHEMA, AGENTS_SCHEMA, AgentRole, LOGIN_SCHEMA, LoginView, RoleView, VariableView,
};

fn agent(name: &str, version: Option<&str>, state: LoginState, reason: &str) -> AgentView {
    AgentView {
        name: name.to_owned(),
        program: version.map(|_| format!("/home/ann/.local/share/npm/bin/{name}")),
        version: version.map(str::to_owned),
        login: LoginView { state, reason: reason.to_owned() },
        roles: Vec::new(),
        commands: Vec::new(),
    }
}

fn role(role: AgentRole, repositories: &[&str]) -> RoleView {
    RoleView { role, repositories: repositories.iter().map(|&name| name.to_owned()).collect() }
}

fn opencode() -> AgentView {
    AgentView {
        roles: vec![
            role(AgentRole::Planner, &[]),
            role(AgentRole::Implementer, &[]),
            role(AgentRole::Foreman, &[]),
        ],
        ..agent("opencode", Some("1.18.33"), LoginState::LoggedIn, "it opened a conversation")
    }
}

fn codex() -> AgentView {
    AgentView {
        roles: vec![role(AgentRole::Implementer, &["api", "web"]), role(AgentRole::Reviewer, &[])],
        commands: vec!["ganger login codex-acp".to_owned()],
        ..agent("codex-acp", Some("2.6.0"), LoginState::NotLoggedIn, "`codex-acp cli login status` says so")
    }
}

#[test]
fn the_list_has_one_row_per_agent_and_what_to_type() {
    let copilot = AgentView {
        commands: vec!["npm install -g @github/copilot".to_owned()],
        ..agent("copilot", None, LoginState::Unknown, "it is not installed")
    };
    let gemini =
        agent("gemini", Some("0.61.0"), LoginState::Unknown, "no program tells without being started");
    let agents = vec![codex(), copilot, gemini, opencode()];
    let all = AgentList { schema: AGENTS_SCHEMA.to_owned(), agents };
    let check = |width: usize, expected: Expect| expected.assert_eq(&list(&look(width), &all));
    check(
        110,
        expect![[r#"
           AGENT      VERSION  LOG-IN         USED FOR                              PROGRAM
        ✗  codex-acp  2.6.0    not logged in  implements api web, reviews           /home/ann/.local/share/npm/bin/co…
        ◌  copilot    –        –              –                                     not installed
        ✓  gemini     0.61.0   unknown        –                                     /home/ann/.local/share/npm/bin/ge…
        ✓  opencode   1.18.33  logged in      plans, implements, answers questions  /home/ann/.local/share/npm/bin/op…
        To use codex-acp: ganger login codex-acp
        To install copilot: npm install -g @github/copilot
    "#]],
    );
    check(
        80,
        expect![[r#"
           AGENT      VERSION  LOG-IN         USED FOR               PROGRAM
        ✗  codex-acp  2.6.0    not logged in  implements api web,…   /home/ann/.local/s…
        ◌  copilot    –        –              –                      not installed
        ✓  gemini     0.61.0   unknown        –                      /home/ann/.local/s…
        ✓  opencode   1.18.33  logged in      plans, implements, a…  /home/ann/.local/s…
        To use codex-acp: ganger login codex-acp
        To install copilot: npm install -g @github/copilot
    "#]],
    );
    check(
        60,
        expect![[r#"
           AGENT      VERSION  LOG-IN         USED FOR
        ✗  codex-acp  2.6.0    not logged in  implements api web, r…
        ◌  copilot    –        –              –
        ✓  gemini     0.61.0   unknown        –
        ✓  opencode   1.18.33  logged in      plans, implements, an…
        To use codex-acp: ganger login codex-acp
        To install copilot: npm install -g @github/copilot
    "#]],
    );
    let ascii = Look { utf8: false, ..look(110) };
    assert!(list(&ascii, &all).is_ascii());
}

fn detailed(view: AgentView, handshake: Option<HandshakeView>) -> AgentDetail {
    AgentDetail {
        schema: AGENT_SCHEMA.to_owned(),
        command: vec![view.name.clone(), "acp".to_owned()],
        environment: vec![VariableView { name: "OPENAI_API_KEY".to_owned(), set: true }],
        state: vec!["~/.local/share/opencode".to_owned(), "~/.cache/opencode".to_owned()],
        model: None,
        login_command: vec![view.name.clone(), "auth".to_owned(), "login".to_owned()],
        handshake,
        agent: view,
    }
}

#[test]
fn one_agent_is_shown_with_what_it_says_of_itself() {
    let check = |detail_: &AgentDetail, width: usize, expected: Expect| {
        expected.assert_eq(&detail(&look(width), detail_));
    };
    let said = HandshakeView {
        agent: Some("OpenCode".to_owned()),
        version: Some("1.18.33".to_owned()),
        protocol: Some(1),
        capabilities: ["loadSession", "mcpCapabilities.http", "promptCapabilities.image"]
            .map(str::to_owned)
            .into(),
        login_methods: vec!["Login with opencode: Run `opencode auth login` in the terminal".to_owned()],
        modes: Some(ChoiceView {
            current: Some("build".to_owned()),
            offered: vec!["build".to_owned(), "plan".to_owned()],
        }),
        models: Some(ChoiceView {
            current: None,
            offered: (1..=30).map(|number| format!("m{number}")).collect(),
        }),
        gaps: Some(Vec::new()),
        took_ms: 2_100,
        ..HandshakeView::default()
    };
    check(
        &detailed(opencode(), Some(said)),
        80,
        expect![[r#"
        ✓ opencode  1.18.33  logged in: it opened a conversation
          used for plans, implements, answers questions
          program  /home/ann/.local/share/npm/bin/opencode
          command  opencode acp
          given    OPENAI_API_KEY (set)
          state    ~/.local/share/opencode, ~/.cache/opencode
          log-in   opencode auth login
          answers  ready in 2 s · it calls itself OpenCode 1.18.33 · Agent Client
                   Protocol 1
          can      loadSession, mcpCapabilities.http, promptCapabilities.image
          modes    build of build, plan
          models   m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15,
                   m16, m17, m18, m19, m20, 10 more: --json
          logs in  Login with opencode: Run `opencode auth login` in the terminal
          sandbox  holds
    "#]],
    );
    let refused = HandshakeView {
        problem: Some("the agent opened no conversation: Authentication required".to_owned()),
        said: vec!["first \u{1b}[31mline".to_owned(), "second".to_owned()],
        protocol: Some(1),
        gaps: Some(vec!["There is no pid namespace.".to_owned()]),
        ..HandshakeView::default()
    };
    check(
        &detailed(codex(), Some(refused)),
        80,
        expect![[r#"
        ✗ codex-acp  2.6.0  not logged in: `codex-acp cli login status` says so
          used for implements api web, reviews
          program  /home/ann/.local/share/npm/bin/codex-acp
          command  codex-acp acp
          given    OPENAI_API_KEY (set)
          state    ~/.local/share/opencode, ~/.cache/opencode
          log-in   codex-acp auth login
          answers  the agent opened no conversation: Authentication required · Agent
                   Client Protocol 1
          it wrote first line
                   second
          sandbox  There is no pid namespace.
        Next: ganger login codex-acp
    "#]],
    );
    check(
        &detailed(agent("copilot", None, LoginState::Unknown, "it is not installed"), None),
        80,
        expect![[r#"
            ◌ copilot  log-in unknown: it is not installed
              used for –
              program  not installed
              command  copilot acp
              given    OPENAI_API_KEY (set)
              state    ~/.local/share/opencode, ~/.cache/opencode
              log-in   copilot auth login
        "#]],
    );
}

#[test]
fn after_a_log_in_it_is_said_how_the_account_stands() {
    let said = |state: LoginState| {
        let result = LoginResult {
            schema: LOGIN_SCHEMA.to_owned(),
            name: "cline".to_owned(),
            command: vec!["cline".to_owned(), "auth".to_owned()],
            succeeded: true,
            login: LoginView { state, reason: "because".to_owned() },
        };
        login(&look(80), &result)
    };
    let states = [LoginState::LoggedIn, LoginState::NotLoggedIn, LoginState::Unknown, LoginState::NotNeeded];
    expect![[r#"
        cline is logged in: because.
        cline is not logged in: because.
        Next: ganger login cline
        Nobody can tell whether cline is logged in: because.
        Next: ganger agents cline
        cline needs no log-in: because.
    "#]]
    .assert_eq(&states.map(said).concat());
}
