use super::*;
use crate::testing::Machine as Fixture;
use ganger_core::review::{NewFindings, PassThreshold};

/// What an item that is started now keeps, with these lines as the person's and the workspace's file.
fn settings(config: &str, workspace: &str) -> Result<Settings, CodedError> {
    let fixture = Fixture::new();
    fixture.write("home/.config/ganger/config.toml", config);
    fixture.write("acme/.ganger/workspace.toml", workspace);
    let sources = &fixture.sources;
    let equipment = crate::equipment::gather(&sources.variables, ganger_git::Git::find_here().unwrap());
    let (paths, variables) = (sources.paths.clone(), sources.variables.clone());
    let machine = Machine::new(paths, variables, equipment, fixture.path("bin/ganger"));
    machine.item_settings(&fixture.path("acme"))
}

/// What `agents.default = "qwen"` alone says.
fn usual() -> Settings {
    let review = ReviewSettings { agent: "qwen".to_owned(), ..ReviewSettings::default() };
    Settings {
        planner: "qwen".to_owned(),
        review: Some(review),
        foreman: Some("qwen".to_owned()),
        ..Settings::default()
    }
}

#[test]
fn an_item_keeps_what_each_key_says() {
    let check = |text: &str, change: fn(&mut Settings)| {
        let mut expected = usual();
        change(&mut expected);
        let default = "[agents]\ndefault = \"qwen\"\n";
        let own = settings(&format!("{default}{text}"), "").unwrap();
        assert_eq!(own, expected, "{text:?} in config.toml");
        // A workspace may set each of these, too.
        let text = if text.starts_with('[') || text.is_empty() {
            text.to_owned()
        } else {
            format!("[agents]\n{text}")
        };
        assert_eq!(settings(default, &text).unwrap(), expected, "{text:?} in workspace.toml");
    };
    fn review(settings: &mut Settings) -> &mut ReviewSettings {
        settings.review.as_mut().unwrap()
    }
    check("", |_| {});
    check("review = \"gemini\"\n", |settings| review(settings).agent = "gemini".to_owned());
    check("foreman = \"gemini\"\n", |settings| settings.foreman = Some("gemini".to_owned()));
    check("[review]\npass_threshold = \"no_critiques\"\n", |settings| {
        review(settings).pass_threshold = PassThreshold::NoCritiques;
    });
    check("[review]\npass_threshold = \"nit_only\"\n", |settings| {
        review(settings).pass_threshold = PassThreshold::NitOnly;
    });
    check("[review]\nmax_cycles = 10\n", |settings| review(settings).max_cycles = 10);
    check("[review]\ntimeout = \"90s\"\n", |settings| review(settings).timeout_ms = 90_000);
    check("[review]\nnew_findings = \"all\"\n", |settings| {
        review(settings).new_findings = NewFindings::All;
    });
    check("[foreman]\nquestion_timeout = \"never\"\n", |settings| settings.question_timeout_ms = None);
    check("[foreman]\nquestion_timeout = \"2h\"\n", |settings| {
        settings.question_timeout_ms = Some(7_200_000);
    });
    check("[plan]\nmax_corrections = 5\n", |settings| settings.max_corrections = 5);
    check("[checks]\nbaseline = false\n", |settings| settings.baseline = false);
}

#[test]
fn without_a_default_agent_every_phase_needs_its_own() {
    let check = |agents: &str, expected: &str| {
        let error = settings(&format!("[agents]\n{agents}"), "").unwrap_err();
        assert_eq!((error.code, error.message.as_str()), ("agents.none_chosen", expected), "{agents:?}");
    };
    check("", "no agent is chosen, so nothing can be planned");
    check("planning = \"qwen\"\n", "no agent is chosen, so nothing can be reviewed");
    check("planning = \"qwen\"\nreview = \"qwen\"\n", "no agent is chosen, so no question can be answered");
    let all = settings("[agents]\nplanning = \"qwen\"\nreview = \"qwen\"\nforeman = \"qwen\"\n", "");
    assert_eq!(all.unwrap(), usual());
}
