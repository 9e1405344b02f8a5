//! *Stubborn reviewer*: whatever a reviewer says, a review ends within its rounds, never passes by mistake, and says
//! why it stopped.

use crate::fixture::{Fixture, commit, say, step, write};
use crate::site::{Site, on_each};
use crate::support::{
    critique, fixture, implementer, inbox, only_decision, record, reviewer, submit, verdicts,
};
use ganger_core::work_item::event::ItemFact;

/// What the file holds after each round.
const ROUNDS: [&str; 4] = ["one", "two", "three", "four"];

/// What a reviewer says in one round.
type Round = fn() -> String;

struct Case {
    name: &'static str,
    configuration: &'static str,
    /// The steps of the reviewer by round; the last ones are repeated.
    rounds: &'static [Round],
    /// What each review came to.
    verdicts: &'static [&'static str],
    /// What the inbox says where it did not pass.
    stops: Option<&'static str>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

fn major(description: &str) -> String {
    submit(&[critique("major", description, "")])
}

/// Five nits, none of which is like those of another round.
fn nits(words: [&str; 5]) -> String {
    submit(&words.map(|word| {
        format!("{{ file = \"README.md\", line = 1, severity = \"nit\", description = {word:?} }}")
    }))
}

fn pass() -> String {
    submit(&[])
}

/// A verdict that says there is nothing, and something.
fn both(more: &str) -> String {
    let one = critique("major", "Wrong", "");
    step("submit_review", &format!("verdict = \"no_critiques\"\ncritiques = [{one}]\n{more}"))
}

const UNFIXED: &str = "stopped: the same critique was not fixed twice";
const REVERSAL: &str = "stopped: it asks to undo what an earlier round asked for";
const USED_UP: &str = "stopped: its rounds are used up";

const CASES: &[Case] = &[
    Case {
        name: "the same finding in new words",
        configuration: "",
        rounds: &[
            || major("The window is not reset when the key changes"),
            || major("when the key changes, the window still is not reset"),
            || major("A change of key leaves the window as it was, not reset"),
        ],
        verdicts: &["back", "back", UNFIXED],
        stops: Some("the same critique was not fixed twice"),
    },
    Case {
        name: "a reversal of what is just mended",
        configuration: "",
        rounds: &[
            || major("The window must count upwards"),
            || submit(&[critique("major", "The window must not count upwards", ", reverses = 1")]),
        ],
        verdicts: &["back", REVERSAL],
        stops: Some("it asks to undo what an earlier round asked for"),
    },
    Case {
        name: "a reversal that is not declared",
        configuration: "",
        rounds: &[
            || major("The window must count upwards"),
            || major("Errors vanish silently"),
            || major("The window must never count upwards"),
        ],
        verdicts: &["back", "back", REVERSAL],
        stops: Some("it asks to undo what an earlier round asked for"),
    },
    Case {
        name: "five nits, which may remain",
        configuration: "",
        rounds: &[|| nits(["alpha", "beta", "gamma", "delta", "epsilon"])],
        verdicts: &["passed"],
        stops: None,
    },
    Case {
        name: "five nits a round where nothing may remain",
        configuration: "[review]\npass_threshold = \"no_critiques\"\n",
        rounds: &[
            || nits(["alpha", "beta", "gamma", "delta", "epsilon"]),
            // Not on what changed since: they come too late.
            || nits(["zeta", "eta", "theta", "iota", "kappa"]),
        ],
        verdicts: &["back", "passed"],
        stops: None,
    },
    Case {
        name: "five nits a round where all count",
        configuration: "[review]\npass_threshold = \"no_critiques\"\nnew_findings = \"all\"\nmax_cycles = 2\n",
        rounds: &[
            || nits(["alpha", "beta", "gamma", "delta", "epsilon"]),
            || nits(["zeta", "eta", "theta", "iota", "kappa"]),
        ],
        verdicts: &["back", USED_UP],
        stops: Some("its rounds are used up"),
    },
    Case {
        name: "something new for ever",
        configuration: "",
        rounds: &[
            || major("Overflows with large keys"),
            || major("Panics on empty input"),
            || major("Leaks its descriptors"),
            || major("Blocks every other caller"),
        ],
        verdicts: &["back", "back", USED_UP],
        stops: Some("its rounds are used up"),
    },
    Case {
        name: "one round and no more",
        configuration: "[review]\nmax_cycles = 1\n",
        rounds: &[|| major("Overflows with large keys")],
        verdicts: &[USED_UP],
        stops: Some("its rounds are used up"),
    },
    Case {
        name: "a minor finding where only nits may remain",
        configuration: "[review]\npass_threshold = \"nit_only\"\n",
        rounds: &[|| submit(&[critique("minor", "Could be shorter", "")]), pass],
        verdicts: &["back", "passed"],
        stops: None,
    },
    Case {
        name: "a severity that is none",
        configuration: "",
        rounds: &[|| submit(&[critique("dreadful", "Overflows", "")]), pass],
        verdicts: &["back", "passed"],
        stops: None,
    },
    Case {
        name: "garbage",
        configuration: "",
        rounds: &[|| say("It all looks fine to me, NO_CRITIQUES from my side!")],
        verdicts: &["failed"],
        stops: Some("its verdict can't be read"),
    },
    Case {
        name: "garbage once",
        configuration: "",
        rounds: &[|| {
            step("say", "text = \"Looks fine!\"\nunless_prompt = \"could not be read\"")
                + &step("say", "text = \"NO_CRITIQUES\"\nif_prompt = \"could not be read\"")
        }],
        verdicts: &["passed"],
        stops: None,
    },
    Case {
        name: "a critique in words",
        configuration: "",
        rounds: &[
            || {
                let one = critique("major", "Overflows", "");
                step("submit_review", &format!("as_text = true\ncritiques = [{one}]"))
            },
            || step("submit_review", "as_text = true"),
        ],
        verdicts: &["back", "passed"],
        stops: None,
    },
    Case {
        name: "both verdicts in words",
        configuration: "",
        rounds: &[|| both("as_text = true")],
        verdicts: &["failed"],
        stops: Some("its verdict can't be read"),
    },
    Case {
        name: "both verdicts by the tool",
        configuration: "",
        rounds: &[|| both("on_failure = \"end\"")],
        verdicts: &["failed"],
        stops: Some("its verdict can't be read"),
    },
    Case {
        name: "no word at all",
        configuration: "",
        rounds: &[|| step("think", "text = \"Hm.\"")],
        verdicts: &["failed"],
        stops: Some("its verdict can't be read"),
    },
    Case {
        name: "a review that takes for ever",
        configuration: "[review]\ntimeout = \"3s\"\n",
        rounds: &[|| step("hang", "")],
        verdicts: &["failed"],
        stops: Some("could not be held"),
    },
];

fn made(case: &Case) -> Fixture {
    let holds = |key: &str, text: &str| format!(", {key} = [{{ path = \"limit\", text = {text:?} }}]");
    // A round is known by what stands in the file: whoever is killed or begins anew takes it up.
    let (mut rules, mut judging) = (String::new(), String::new());
    for (index, word) in ROUNDS.iter().enumerate() {
        let lines = ROUNDS[..=index].join("\\n");
        let when = if index == 0 {
            String::new()
        } else {
            ", prompt_contains = [\"was reviewed at\"]".to_owned() + &holds("file_lacks", word)
        };
        let steps = write("limit", &lines) + &commit(&format!("Round {word}"));
        let own = implementer("api", &when, &steps);
        rules = if index == 0 { own } else { put_before_last(rules, own) };
        let round = case.rounds[index.min(case.rounds.len() - 1)];
        let next = ROUNDS.get(index + 1).map_or(String::new(), |next| holds("file_lacks", next));
        judging += &reviewer("api", &next, &round());
    }
    Fixture { configuration: case.configuration.to_owned(), ..fixture(vec![vec!["api"]], rules, judging) }
}

/// The rule of the first turn fits everything, so it stays the last.
fn put_before_last(rules: String, rule: String) -> String {
    let last = rules.rfind("\n[[rules]]").unwrap();
    format!("{}{rule}{}", &rules[..last], &rules[last..])
}

#[test]
fn a_review_ends_within_its_rounds_and_says_why() {
    on_each(CASES, |case| {
        let site = Site::of(&made(case));
        site.create();
        let output = site.ganger(&["run", "g1", "--yes"]);
        let story = site.story();
        let branch = format!("refs/heads/{}", site.branch());
        let is_pushed = || {
            site.git
                .scratch(&site.world.remote("api"), &["rev-parse", "--verify", "--quiet", &branch])
                .is_ok()
        };
        let expected = if case.stops.is_some() { Some(3) } else { Some(0) };
        assert_eq!(output.status.code(), expected, "{case:?}: {output:?}\n{story}");
        if let Some(words) = case.stops {
            assert!(!is_pushed(), "{case:?}: pushed without a pass");
            let decision = only_decision(&site);
            let shown = inbox(&site)[0].to_string();
            assert!(shown.contains(words), "{case:?}: {shown}");
            // A person may take it as it is, and that is the end of it.
            site.text(&["answer", &decision, "--choice", "accept"]);
            site.run_to_the_end();
        }
        assert!(is_pushed(), "{case:?}: {story}");
        let record = record(&site);
        assert_eq!(verdicts(&record, "api"), case.verdicts, "{case:?}: {story}");
        site.assert_nothing_left();
    });
}

#[test]
fn an_implementer_that_holds_a_critique_for_wrong_is_not_asked_again() {
    let rules = implementer("api", ", prompt_contains = [\"was reviewed at\"]", &say("I hold it for wrong."))
        + &implementer("api", "", &(write("limit", "one") + &commit("Add it")));
    let judging = reviewer("api", "", &major("Overflows with large keys"));
    let site = Site::of(&fixture(vec![vec!["api"]], rules, judging));
    site.create();
    site.run_to_a_decision();
    let shown = inbox(&site)[0].to_string();
    assert!(shown.contains("the implementer changed nothing for its critiques"), "{shown}");
    assert!(shown.contains("Overflows with large keys"), "{shown}");
    site.text(&["answer", &only_decision(&site), "--choice", "accept"]);
    site.run_to_the_end();
    let record = record(&site);
    assert_eq!(verdicts(&record, "api"), ["back"]);
    assert_eq!(count_reimplementations(&record), 1);
    site.assert_nothing_left();
}

fn count_reimplementations(record: &ganger_daemon::demo::record::Record) -> usize {
    crate::support::count(record, |fact| matches!(fact, ItemFact::ReimplementationWanted { .. }))
}
