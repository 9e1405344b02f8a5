//! What the demonstration's agents do: a plan that is refused first, work that asks, breaks a check and does not
//! pass its review at once, a Foreman who knows one answer of two, and a reviewer who finds one thing.

use super::world::Repository;
use std::fmt::Write as _;

/// What the plan says of the limits, and the Foreman after it.
const COUNTS: &str = "A limit counts the keys of one account.";
/// What the plan leaves open: the possible answers.
const WHO: [&str; 2] = ["the caller", "the log"];
/// What the reviewer finds.
const FOUND: &str = "The number does not say what it counts.";
/// What the check says of a number that is none.
const BROKE: &str = "the limit must be positive";
/// The second line of a limit file, which the reviewer asks for.
pub(super) const UNIT: &str = "keys";

/// The file with the limit of a repository.
pub(super) fn limit_file(repository: &Repository) -> String {
    format!("src/{}_limit.txt", repository.name)
}

/// The file with what the Foreman answered.
pub(super) fn counts_file(repository: &Repository) -> String {
    format!("src/{}_counts.txt", repository.name)
}

/// The file with what the person answered.
pub(super) fn told_file(repository: &Repository) -> String {
    format!("src/{}_told.txt", repository.name)
}

fn counts_question(repository: &Repository) -> String {
    format!("What does the limit of {} count?", repository.name)
}

fn told_question(repository: &Repository) -> String {
    format!("Who is told when {} refuses a key?", repository.name)
}

/// The scenario and what it names, each with its name.
pub(super) fn files(repositories: &[Repository]) -> [(&'static str, String); 3] {
    [
        ("plan-refused.md", plan(repositories, true)),
        ("plan.md", plan(repositories, false)),
        ("scenario.toml", rules(repositories)),
    ]
}

fn paths(repository: &Repository) -> Vec<String> {
    let mut paths = vec![limit_file(repository)];
    paths.extend(repository.asks.then(|| counts_file(repository)));
    paths.extend(repository.escalates.then(|| told_file(repository)));
    paths
}

/// The plan document that the planner submits; the refused one lacks a section and a repository.
fn plan(repositories: &[Repository], refused: bool) -> String {
    let waves = repositories.iter().map(|repository| repository.wave).max().unwrap_or(0) + 1;
    let mut text = String::from("```ganger-plan\nexecution_groups:\n");
    for wave in 0..waves {
        let names: Vec<&str> = repositories
            .iter()
            .filter(|repository| repository.wave == wave)
            .map(|repository| repository.name.as_str())
            .collect();
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "  - [{}]", names.join(", "));
    }
    let _ = write!(
        text,
        "```\n\n## Orchestration\n\nEvery repository gets a limit for its keys; later waves rely on the limits of the earlier \
         ones. {COUNTS}\n"
    );
    let last = repositories.len() - 1;
    for (index, repository) in repositories.iter().enumerate() {
        if refused && index == last {
            continue;
        }
        let name = &repository.name;
        let _ = write!(text, "\n## SubPlan: {name}\n\n### Goal\n\nLimit the keys of {name}.\n\n### Scope\n");
        for path in paths(repository) {
            let _ = write!(text, "\n- `{path}`");
        }
        let _ = write!(text, "\n\n### Changes\n\n- add `{}` with the limit\n", limit_file(repository));
        if !(refused && index == 0) {
            text.push_str("\n### Validation\n\n- `sh check.sh` passes\n");
        }
        text.push_str("\n### Risks\n\n- none known\n");
    }
    text
}

/// A rule; `when` is the inside of a TOML table.
fn rule(name: &str, when: &str, steps: &[String]) -> String {
    format!("\n[[rules]]\nname = {name:?}\nwhen = {{ {when} }}\n{}", steps.concat())
}

/// A step with its fields, each a key and a TOML value.
fn step(kind: &str, fields: &[(&str, String)]) -> String {
    let fields = fields.iter().map(|(key, value)| format!("{key} = {value}\n"));
    format!("[[rules.steps]]\ndo = {kind:?}\n{}", fields.collect::<String>())
}

/// A text as a TOML value.
fn text(text: &str) -> String {
    format!("{text:?}")
}

fn say(words: &str) -> String {
    step("say", &[("text", text(words))])
}

fn usage(input: u32, output: u32) -> String {
    step("usage", &[("input_tokens", input.to_string()), ("output_tokens", output.to_string())])
}

fn write_file(path: &str, content: &str) -> String {
    step("write", &[("path", text(path)), ("text", text(content))])
}

fn commit(message: &str) -> String {
    step("commit", &[("message", text(message))])
}

fn rules(repositories: &[Repository]) -> String {
    let mut all = String::from("# Played by ganger's scripted agent: no model, no network.\n");
    all.push_str(&rule(
        "planning",
        "kind = \"planning\"",
        &[
            say("I read the repositories and plan one wave after the other."),
            step("submit_plan", &[("documents", "[\"@plan-refused.md\", \"@plan.md\"]".to_owned())]),
            usage(2100, 640),
        ],
    ));
    for repository in repositories {
        implementer(&mut all, repository);
        foreman(&mut all, repository);
        reviewer(&mut all, repository);
    }
    all
}

/// An implementer takes its next step from what the prompt brings back: what broke, or what the review found.
fn implementer(all: &mut String, repository: &Repository) {
    let (name, file) = (&repository.name, limit_file(repository));
    let when = |more: &str| format!("kind = \"implementation\", repository = \"{name}\"{more}");
    let work =
        |words: &str, change: String, message: &str| [say(words), change, commit(message), usage(900, 120)];
    if repository.breaks {
        all.push_str(&rule(
            &format!("{name}: repair"),
            &when(&format!(", prompt_contains = [{BROKE:?}]")),
            &work(
                &format!("I set the limit of {name} to 100."),
                write_file(&file, "100\n"),
                &format!("Repair the limit of {name}"),
            ),
        ));
    }
    if repository.criticised {
        all.push_str(&rule(
            &format!("{name}: mend"),
            &when(&format!(", prompt_contains = [{FOUND:?}]")),
            &work(
                &format!("I say what the limit of {name} counts."),
                step("append", &[("path", text(&file)), ("text", text(&format!("{UNIT}\n")))]),
                &format!("Say what the limit of {name} counts"),
            ),
        ));
    }
    let mut steps = Vec::new();
    if repository.asks {
        let question = text(&counts_question(repository));
        steps.push(step("ask", &[("question", question), ("save", text("counts"))]));
        steps.push(write_file(&counts_file(repository), "{{counts}}\n"));
    }
    if repository.escalates {
        let (question, options) = (text(&told_question(repository)), format!("{WHO:?}"));
        steps.push(step("ask", &[("question", question), ("options", options), ("save", text("told"))]));
        steps.push(write_file(&told_file(repository), "{{told}}\n"));
    }
    let limit = if repository.breaks { 0 } else { 100 };
    steps.extend(work(
        &format!("I set the limit of {name} to {limit}."),
        write_file(&file, &format!("{limit}\n")),
        &format!("Add the limit of {name}"),
    ));
    all.push_str(&rule(&format!("{name}: implement"), &when(""), &steps));
}

/// The Foreman knows what the plan says, and proposes the rest. Its prompts may repeat what was answered before, so
/// the question itself is known by the heading above it.
fn foreman(all: &mut String, repository: &Repository) {
    let name = &repository.name;
    let when = |question: String| {
        format!("kind = \"foreman\", prompt_contains = [{:?}]", format!("from `{name}`\n\n{question}"))
    };
    if repository.asks {
        let steps = [step("propose_answer", &[("answer", text(COUNTS))]), usage(1200, 40)];
        all.push_str(&rule(&format!("{name}: know"), &when(counts_question(repository)), &steps));
    }
    if repository.escalates {
        let fields = [("answer", text(WHO[0])), ("confidence", text("uncertain"))];
        let steps = [step("propose_answer", &fields), usage(1200, 50)];
        all.push_str(&rule(&format!("{name}: guess"), &when(told_question(repository)), &steps));
    }
}

/// The reviewer looks whether the file says what it counts, where that matters.
fn reviewer(all: &mut String, repository: &Repository) {
    let (name, file) = (&repository.name, limit_file(repository));
    let of = format!("kind = \"review\", repository = \"{name}\"");
    if repository.criticised {
        let critique = format!(
            "[{{ file = {file:?}, line = 1, severity = \"major\", description = {FOUND:?}, suggestion = \"Add a second line.\" }}]"
        );
        all.push_str(&rule(
            &format!("{name}: find"),
            &format!("{of}, file_lacks = [{{ path = {file:?}, text = {UNIT:?} }}]"),
            &[step("submit_review", &[("critiques", critique)]), usage(1500, 90)],
        ));
    }
    all.push_str(&rule(&format!("{name}: pass"), &of, &[step("submit_review", &[]), usage(1500, 30)]));
}
