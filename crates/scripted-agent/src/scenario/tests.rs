use super::*;
use expect_test::{Expect, expect};

fn check(text: &str, expected: Expect) {
    let result = Scenario::from_toml(text, "demo.toml");
    expected.assert_eq(&match result {
        Ok(scenario) => serde_json::to_string_pretty(&scenario.rules).unwrap(),
        Err(error) => error.to_string(),
    });
}

#[test]
fn a_scenario_reads_as_it_is_written() {
    check(
        r#"
        [[rules]]
        name = "api"
        when = { repository = "api", prompt_lacks = ["broke"] }
        [[rules.steps]]
        do = "write"
        path = "src/a.rs"
        text = "fn a() {}\n"
        unless_file = "src/b.rs"
        [[rules.steps]]
        do = "run"
        command = ["make", "all"]
        on_failure = "go_on"
        [[rules.steps]]
        do = "crash"
        once = "crash-{{repository}}"
        [[rules.steps]]
        do = "commit"
        message = "Add a"
        "#,
        expect![[r#"
            [
              {
                "name": "api",
                "when": {
                  "prompt_lacks": [
                    "broke"
                  ],
                  "repository": "api"
                },
                "steps": [
                  {
                    "do": "write",
                    "path": "src/a.rs",
                    "text": "fn a() {}\n",
                    "unless_file": "src/b.rs"
                  },
                  {
                    "do": "run",
                    "command": [
                      "make",
                      "all"
                    ],
                    "on_failure": "go_on"
                  },
                  {
                    "do": "crash",
                    "once": "crash-{{repository}}"
                  },
                  {
                    "do": "commit",
                    "message": "Add a"
                  }
                ]
              }
            ]"#]],
    );
}

#[test]
fn what_is_written_by_a_program_reads_as_the_same() {
    let scenario = Scenario {
        rules: vec![Rule {
            steps: vec![
                Action::Say { text: "Hm.".into(), chunk: 3, repeat: 2, pause_ms: 0 }.into(),
                Action::SubmitPlan { documents: vec!["# plan".into()], one_per_turn: true }.into(),
                Step {
                    action: Action::End { reason: EndReason::Refusal },
                    guard: Guard { if_prompt: Some("no".into()), ..Guard::default() },
                },
            ],
            ..Rule::default()
        }],
        ..Scenario::default()
    };
    let json = serde_json::to_string(&scenario).unwrap();
    assert_eq!(Scenario::from_json(&json, "demo").unwrap(), scenario);
    let toml = toml::to_string(&scenario).unwrap();
    assert_eq!(Scenario::from_toml(&toml, "demo").unwrap(), scenario);
}

#[test]
fn mistakes_are_named() {
    check(
        "[[rules]]\nsteps = [{ do = 'dance' }]",
        expect![[r#"
            the scenario demo.toml is not understood: TOML parse error at line 2, column 9
              |
            2 | steps = [{ do = 'dance' }]
              |         ^^^^^^^^^^^^^^^^^^
            in a step with do = "dance": unknown variant `dance`, expected one of `say`, `think`, `tool`, `write`, `append`, `edit`, `delete`, `run`, `commit`, `call`, `submit_plan`, `draft_plan`, `ask`, `submit_review`, `propose_answer`, `permission`, `usage`, `plan`, `wait_for`, `pause`, `hang`, `crash`, `garbage`, `complain`, `rate_limit`, `fail`, `end`; SCENARIOS.md of ganger-scripted-agent describes the format"#]],
    );
    check(
        "[[rules]]\nsteps = [{ do = 'say', text = 'a', tekst = 'b' }]",
        expect![[r#"
        the scenario demo.toml is not understood: TOML parse error at line 2, column 9
          |
        2 | steps = [{ do = 'say', text = 'a', tekst = 'b' }]
          |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        in a step with do = "say": unknown field `tekst`, expected one of `text`, `chunk`, `repeat`, `pause_ms`; SCENARIOS.md of ganger-scripted-agent describes the format"#]],
    );
    check(
        "[[rules]]\nsteps = [{ do = 'end', unless_file = 3 }]",
        expect![[r#"
        the scenario demo.toml is not understood: TOML parse error at line 2, column 9
          |
        2 | steps = [{ do = 'end', unless_file = 3 }]
          |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        in a step with do = "end": invalid type: integer `3`, expected a string; SCENARIOS.md of ganger-scripted-agent describes the format"#]],
    );
    check(
        "[[rules]]\nwhen = { repo = 'a' }\nsteps = []",
        expect![[r#"
            the scenario demo.toml is not understood: TOML parse error at line 2, column 10
              |
            2 | when = { repo = 'a' }
              |          ^^^^
            unknown field `repo`, expected one of `prompt_contains`, `prompt_lacks`, `conversation_contains`, `repository`, `directory_contains`, `kind`, `file_contains`, `file_lacks`, `tool`, `without_tool`; SCENARIOS.md of ganger-scripted-agent describes the format"#]],
    );
    check(
        "[[rules]]\nsteps = [{ do = 'submit_plan', documents = [] }]",
        expect![
            "the scenario demo.toml is not understood: a step of rule 1 has no documents; SCENARIOS.md of ganger-scripted-agent describes the format"
        ],
    );
}
