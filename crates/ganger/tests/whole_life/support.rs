//! What these lives are made of beside the fixture, and what is read off their log.

use crate::fixture::{Fixture, Repository, rule, step};
use crate::site::{Site, processes_of};
use ganger_core::work_item::event::ItemFact;
use ganger_core::work_item::state::{SubPlan, Verdict};
use ganger_daemon::demo::record::{self, Record};

/// An agent asks, and keeps the answer under the name `save`.
pub(crate) fn ask(question: &str, options: &[&str], save: &str) -> String {
    step("ask", &format!("question = {question:?}\noptions = {options:?}\nsave = {save:?}"))
}

/// The Foreman's answer to the question of its turn.
pub(crate) fn propose(answer: &str, confidence: &str) -> String {
    step("propose_answer", &format!("answer = {answer:?}\nconfidence = {confidence:?}"))
}

/// A finding about the first line of the file `limit`; `more` are further fields.
pub(crate) fn critique(severity: &str, description: &str, more: &str) -> String {
    format!("{{ file = \"limit\", line = 1, severity = {severity:?}, description = {description:?}{more} }}")
}

/// A verdict with these findings.
pub(crate) fn submit(critiques: &[String]) -> String {
    step("submit_review", &format!("critiques = [{}]", critiques.join(", ")))
}

/// What the Foreman does for this question of a repository's agent. Its prompts may repeat earlier questions, so
/// it is known by the heading above it.
pub(crate) fn foreman(repository: &str, question: &str, steps: &str) -> String {
    let asked = format!("from `{repository}`\n\n{question}");
    rule(&format!("kind = \"foreman\", prompt_contains = [{asked:?}]"), steps)
}

/// What an implementer does; `more` are further conditions.
pub(crate) fn implementer(repository: &str, more: &str, steps: &str) -> String {
    rule(&format!("kind = \"implementation\", repository = \"{repository}\"{more}"), steps)
}

/// What a reviewer does; `more` are further conditions.
pub(crate) fn reviewer(repository: &str, more: &str, steps: &str) -> String {
    rule(&format!("kind = \"review\", repository = \"{repository}\"{more}"), steps)
}

/// Repositories in waves, with these rules of implementers, and of the Foreman and reviewers.
pub(crate) fn fixture(waves: Vec<Vec<&'static str>>, rules: String, judging: String) -> Fixture {
    Fixture {
        repositories: waves.iter().flatten().map(|name| Repository::new(name)).collect(),
        waves,
        rules,
        judging,
        ..Fixture::one("")
    }
}

/// The site's item as its log tells it; the daemon is away meanwhile.
pub(crate) fn record(site: &Site) -> Record {
    site.text(&["daemon", "stop"]);
    let record = record::read(&site.world.home, 1).unwrap();
    site.text(&["daemon", "start"]);
    record
}

/// How often something happened.
pub(crate) fn count(record: &Record, is_it: impl Fn(&ItemFact) -> bool) -> usize {
    record.events.iter().filter(|event| is_it(&event.fact)).count()
}

/// What the reviews of a repository came to, in words.
pub(crate) fn verdicts(record: &Record, repository: &str) -> Vec<String> {
    let word = |verdict: &Verdict| match verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Back => "back".to_owned(),
        Verdict::Stopped { rule } => format!("stopped: {}", rule.words()),
        Verdict::Failed { .. } => "failed".to_owned(),
    };
    let reviews = &record.item.sub_plans[repository].reviews;
    reviews.iter().map(|review| review.verdict.as_ref().map_or("open".to_owned(), word)).collect()
}

/// The last candidate was judged last, and passed: it is what stands on the remote.
pub(crate) fn assert_reviewed_is_pushed(site: &Site, record: &Record) {
    let tips = site.tips();
    for (name, sub_plan) in &record.item.sub_plans {
        let candidate = sub_plan.candidate().unwrap();
        let review = sub_plan.review().unwrap();
        assert_eq!((review.candidate, &review.verdict), (candidate.number, &Some(Verdict::Passed)), "{name}");
        assert_eq!(tips[name], candidate.commit, "{name}");
    }
}

/// The commit of a repository's last candidate.
pub(crate) fn commit_of(sub_plan: &SubPlan) -> String {
    sub_plan.candidate().unwrap().commit.clone()
}

/// A file of the item's branch on a remote.
pub(crate) fn pushed_file(site: &Site, repository: &str, path: &str) -> String {
    let what = format!("{}:{path}", site.branch());
    site.git.scratch(&site.world.remote(repository), &["show", &what]).unwrap().trim().to_owned()
}

/// The decisions that wait, as `inbox --json` says them.
pub(crate) fn inbox(site: &Site) -> Vec<serde_json::Value> {
    site.json(&["inbox"])["decisions"].as_array().unwrap().clone()
}

/// The handle of the one decision that waits.
pub(crate) fn only_decision(site: &Site) -> String {
    let waiting = inbox(site);
    assert_eq!(waiting.len(), 1, "{waiting:?}\n{}", site.story());
    waiting[0]["handle"].as_str().unwrap().to_owned()
}

/// The agent programs that work in a directory with this end.
pub(crate) fn agents_in(site: &Site, ending: &str) -> Vec<i32> {
    let works_there = |pid: &i32| {
        std::fs::read_link(format!("/proc/{pid}/cwd"))
            .is_ok_and(|path| path.to_string_lossy().ends_with(ending))
    };
    processes_of(&site.root(), &["scripted-agent", "--scenario"]).into_iter().filter(works_there).collect()
}

/// Kills a process as a crash would.
pub(crate) fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
