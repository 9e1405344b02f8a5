//! What is wrong is told in one clear sentence with what to do, by the documented exit code, and nothing that
//! somebody typed or that is stored gets lost. The sentences stand in `expected/`.

use crate::fixture::{Fixture, commit, put, run, step, wait_for, write};
use crate::site::{PROGRAM, Site, on_each, stderr, stdout, wait_until};
use expect_test::expect_file;
use ganger_core::plan::ProblemCode;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

/// What a person sees of a command, with what differs between runs replaced.
fn seen(site: &Site, arguments: &[&str], output: &Output) -> String {
    let root = site.root().display().to_string();
    let text = format!("{}{}", stdout(output), stderr(output)).replace(&root, "ROOT");
    let code = output.status.code().map_or_else(|| "none".to_owned(), |code| code.to_string());
    format!("$ ganger {}\n{}exit {code}\n\n", arguments.join(" ").replace(&root, "ROOT"), without_ids(&text))
}

/// Times, identities and digests differ from run to run.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() == 26 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_digest = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut result = String::new();
    for line in text.lines() {
        let mut word = String::new();
        for letter in line.chars().chain(['\n']) {
            if letter.is_alphanumeric() {
                word.push(letter);
                continue;
            }
            result.push_str(match () {
                () if is_id(&word) => "ID",
                () if is_digest(&word) => "DIGEST",
                () => &word,
            });
            word.clear();
            result.push(letter);
        }
    }
    result
}

fn check_exit(site: &Site, arguments: &[&str], output: &Output, expected: i32) -> String {
    assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {output:?}");
    seen(site, arguments, output)
}

/// A program of that name which prints this text.
fn fake(directory: &Path, name: &str, prints: &str) {
    put(&directory.join(name), &format!("#!/bin/sh\necho '{prints}'\n"));
    let path = directory.join(name);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_machine_without_a_usable_git_is_told_so() {
    let mut said = String::new();
    for version in [None, Some("git version 2.30.1"), Some("no version at all")] {
        let site = Site::of(&Fixture::one(""));
        let bin = site.root().join("bin");
        std::fs::create_dir(&bin).unwrap();
        if let Some(version) = version {
            fake(&bin, "git", version);
        }
        for arguments in [&["new", "Limit the keys"][..], &["doctor"]] {
            let output = site.command(arguments).env("PATH", &bin).env_remove("SHELL").output().unwrap();
            if arguments == ["doctor"] {
                assert_eq!(output.status.code(), Some(1), "{output:?}");
                let git = stdout(&output)
                    .lines()
                    .filter(|line| line.contains("git"))
                    .collect::<Vec<_>>()
                    .join("\n");
                said.push_str(&without_ids(&git.replace(&site.root().display().to_string(), "ROOT")));
                said.push('\n');
            } else {
                said.push_str(&check_exit(&site, arguments, &output, 6));
            }
        }
    }
    expect_file!["expected/git.txt"].assert_eq(&said);
}

#[test]
fn what_is_not_there_or_no_longer_so_is_told() {
    let site = Site::of(&Fixture::one(&(write("limit", "1") + &commit("Add it"))));
    let mut said = String::new();
    let mut say = |arguments: &[&str], code: i32| {
        said.push_str(&check_exit(&site, arguments, &site.ganger(arguments), code));
    };
    for command in ["show", "run", "approve", "logs", "diff", "stop", "retry", "publish", "plan", "path"] {
        say(&[command, "g9"], 4);
    }
    say(&["answer", "d9", "yes"], 4);
    say(&["show", "g0x"], 4);
    say(&["new", "-f", "no-such-file.md"], 2);
    say(&["new", "   "], 2);
    say(&["new", "Limit", "--repo", "nowhere"], 4);
    site.create();
    say(&["approve", "g1"], 5);
    say(&["edit", "g1", "-f", "no-such-file.md"], 2);
    // It waits for approval now.
    assert_eq!(site.ganger(&["run", "g1"]).status.code(), Some(3));
    let digest = site.json(&["plan", "g1"])["plan"]["digest"].as_str().unwrap().to_owned();
    say(&["approve", "g1", "--digest", "sha256:0123456789abcdef"], 5);
    say(&["approve", "g1", "--digest", "nonsense"], 5);
    assert_eq!(site.json(&["plan", "g1"])["plan"]["digest"], *digest, "nothing changed");
    say(&["plan", "g1", "--version", "7"], 4);
    say(&["answer", "d1", "--choice", "dance"], 5);
    let outside = Command::new(PROGRAM)
        .args(["new", "Limit the keys"])
        .current_dir("/")
        .env("GANGER_HOME", &site.world.home)
        .output()
        .unwrap();
    said.push_str(&check_exit(&site, &["new", "Limit the keys", "(in no workspace)"], &outside, 2));
    expect_file!["expected/not_there.txt"].assert_eq(&said);
    site.run_to_the_end();
}

#[test]
fn a_configuration_with_a_mistake_stops_nothing_that_runs_and_says_where() {
    let site = Site::of(&Fixture::one(&(write("limit", "1") + &commit("Add it"))));
    let mut said = String::new();
    let mut say = |arguments: &[&str], code: i32| {
        said.push_str(&check_exit(&site, arguments, &site.ganger(arguments), code));
    };
    site.world.configure("[plan]\nmax_corection = 3\n");
    say(&["ls"], 2);
    say(&["config", "check"], 2);
    site.world.configure("[plan]\nmax_corrections = 300\n");
    say(&["config", "check"], 2);
    site.world.configure("[plan\n");
    say(&["config", "check"], 2);
    site.world.configure("");
    site.create();
    // While the daemon runs and an item waits, a mistake is put in and taken out again.
    assert_eq!(site.ganger(&["run", "g1"]).status.code(), Some(3));
    site.world.configure("[plan]\nmax_corection = 3\n");
    let output = site.ganger(&["run", "g1", "--yes"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(site.text(&["inbox"]).contains("max_corection"), "{}", site.story());
    site.world.configure("");
    let decision = site.json(&["inbox"])["decisions"][0]["handle"].as_str().unwrap().to_owned();
    site.text(&["answer", &decision, "--choice", "retry"]);
    site.run_to_the_end();
    expect_file!["expected/configuration.txt"].assert_eq(&said);
}

#[test]
fn an_agent_that_does_not_work_is_one_sentence_and_a_decision() {
    let handshake = |how: &str| format!("[agent]\nhandshake = \"{how}\"\n");
    let agents = [
        ("missing", "no program `no-such-agent-program`"),
        ("refuse", "refuse"),
        ("exit", "exit"),
        ("hang", "did not answer its handshake in time"),
    ];
    on_each(&agents, |(how, part)| {
        let site = Site::of(&Fixture::one(&(write("limit", "1") + &commit("Add it"))));
        let scenario = site.root().join("scenario.toml");
        let works = std::fs::read_to_string(&scenario).unwrap();
        if *how == "missing" {
            site.world.configure(&absent("no-such-agent-program"));
        } else {
            put(&scenario, &(handshake(how) + &works));
        }
        site.create();
        site.run_to_a_decision();
        let inbox = site.text(&["inbox"]);
        assert!(inbox.contains(part) && inbox.contains("--choice retry"), "{how}: {inbox}");
        // Mended, it goes on.
        put(&scenario, &works);
        if *how == "missing" {
            site.world.configure(&absent(PROGRAM));
        }
        let decision = site.json(&["inbox"])["decisions"][0]["handle"].as_str().unwrap().to_owned();
        site.text(&["answer", &decision, "--choice", "retry"]);
        site.run_to_the_end();
        assert_eq!(site.tips().len(), 1, "{how}");
        site.assert_nothing_left();
    });
}

/// The default agent, as a program of that name.
fn absent(program: &str) -> String {
    format!("command = [{program:?}, \"scripted-agent\"]\n")
}

type Break = fn(&str) -> String;

/// One document for each thing that can be wrong with one.
const BROKEN: &[(ProblemCode, Break)] = &[
    (ProblemCode::TooLarge, |plan| format!("{plan}{}", "x".repeat(1 << 20))),
    (ProblemCode::MissingBlock, |plan| plan.replace("ganger-plan", "yaml")),
    (ProblemCode::MisplacedBlock, |plan| {
        let (block, rest) = plan.split_at(plan.find("## Orch").unwrap());
        format!("{rest}\n{block}")
    }),
    (ProblemCode::DuplicateBlock, |plan| {
        let (block, rest) = plan.split_at(plan.find("## Orch").unwrap());
        format!("{block}{block}{rest}")
    }),
    (ProblemCode::InvalidYaml, |plan| plan.replace("execution_groups:", "execution_groups: [")),
    (ProblemCode::UnknownKey, |plan| plan.replace("execution_groups:", "order: 1\nexecution_groups:")),
    (ProblemCode::EmptyExecutionGroups, |plan| plan.replace("  - [\"api\"]\n", "")),
    (ProblemCode::RepositoryInTwoGroups, |plan| plan.replace("- [\"api\"]", "- [\"api\"]\n  - [\"api\"]")),
    (ProblemCode::Unclosed, |plan| plan.replace("### Risks", "```sh\n### Risks")),
    (ProblemCode::UnknownSection, |plan| format!("{plan}\n## Notes\n\nMore.\n")),
    (ProblemCode::HeadingSpelling, |plan| plan.replace("## SubPlan: api", "## Subplan api")),
    (ProblemCode::MissingOrchestration, |plan| plan.replace("## Orchestration\n", "")),
    (ProblemCode::DuplicateOrchestration, |plan| format!("{plan}\n## Orchestration\n\nAgain.\n")),
    (ProblemCode::UnknownRepository, |plan| plan.replace("api", "apple")),
    (ProblemCode::MissingSubPlan, |plan| plan[..plan.find("## SubPlan").unwrap()].to_owned()),
    (ProblemCode::UndeclaredSubPlan, |plan| plan.replace("- [\"api\"]", "- [\"web\"]")),
    (ProblemCode::DuplicateSubPlan, |plan| format!("{plan}\n{}", &plan[plan.find("## SubPlan").unwrap()..])),
    (ProblemCode::SubPlanWithoutName, |plan| plan.replace("## SubPlan: api", "## SubPlan:")),
    (ProblemCode::MissingSection, |plan| plan.replace("### Validation\n", "")),
    (ProblemCode::SectionWithoutItems, |plan| plan.replace("- add it", "add it")),
];

#[test]
fn every_broken_plan_document_is_refused_and_kept() {
    let site = Site::of(&Fixture::one(&(write("limit", "1") + &commit("Add it"))));
    site.create();
    assert_eq!(site.ganger(&["run", "g1"]).status.code(), Some(3));
    let plan = std::fs::read_to_string(site.root().join("plan.md")).unwrap();
    let typed = site.root().join("typed.md");
    let draft = site.world.home.join("drafts/g1-v2.md");
    let mut said = String::new();
    // Names that differ in case alone exist in no workspace here, and nothing of this plan has begun.
    let elsewhere = [ProblemCode::AmbiguousRepository, ProblemCode::BegunSubPlan];
    for code in ProblemCode::ALL {
        let is_here = BROKEN.iter().any(|(broken, _)| broken == code);
        assert!(is_here != elsewhere.contains(code), "{code:?} has no document here");
    }
    for (code, broken) in BROKEN {
        let text = broken(&plan);
        put(&typed, &text);
        let arguments = ["edit", "g1"];
        let _ = std::fs::remove_file(&draft);
        let output =
            site.command(&arguments).env("EDITOR", format!("cp {}", typed.display())).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{code:?}: {output:?}");
        assert_eq!(std::fs::read_to_string(&draft).unwrap(), text, "{code:?}: what was typed is kept");
        let shown = seen(&site, &arguments, &output);
        assert!(shown.contains(code.as_str()), "{code:?}: {shown}");
        let _ = write!(said, "# {}\n{shown}", code.as_str());
        assert_eq!(site.json(&["plan", "g1"])["plan"]["version"], 1, "{code:?}: nothing changed");
    }
    expect_file!["expected/edit.txt"].assert_eq(&said);
    site.run_to_the_end();
}

/// Space for ganger's own program, and a little more.
const SMALL_DISK: &str = "size=420m";

#[test]
fn on_a_full_disk_nothing_is_lost_and_with_room_again_all_goes_on() {
    let gate = tempfile::tempdir().unwrap();
    let (go, begun) = (gate.path().join("go"), gate.path().join("begun"));
    // More is said than a pipe holds, so that the agent is held up until its host has room.
    let talk = step("say", "text = \"words and words \"\nchunk = 1000\nrepeat = 20000");
    let begin = run(&format!("touch '{}'", begun.display()));
    let steps = wait_for(&go) + &begin + &talk + &write("limit", "1") + &commit("Add it");
    let site = Site::of(&Fixture::one(&steps));
    let Some(_disk) = Disk::mount(&site.world.home) else {
        println!("no file system can be mounted here: the test with a full disk is left out");
        return;
    };
    site.world.configure("");
    let config = site.world.home.join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let writes = format!("[sandbox]\nwrite = [{:?}]\n", gate.path().display().to_string());
    put(&config, &text.replace("[sandbox]\n", &writes));
    site.create();
    let ballast = site.world.home.join("ballast");
    let fill = || {
        let filled = Command::new("dd")
            .args(["if=/dev/zero", "bs=4k", &format!("of={}", ballast.display())])
            .output()
            .unwrap();
        assert!(!filled.status.success(), "the disk did not fill");
    };
    // Nothing can be stored: the command says so, and is not half done.
    fill();
    let mut said = String::new();
    for arguments in [&["new", "Another one"][..], &["start", "g1"]] {
        let output = site.ganger(arguments);
        said.push_str(&check_exit(&site, arguments, &output, 6));
    }
    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(site.json(&["ls", "--all"])["items"].as_array().unwrap().len(), 1);
    expect_file!["expected/full_disk.txt"].assert_eq(&said);
    // It fills while an agent works, and has room again.
    std::thread::scope(|scope| {
        let life = scope.spawn(|| site.run_to_the_end());
        site.wait_for_agent_at(&go);
        fill();
        put(&go, "");
        wait_until("the agent goes on", || begun.exists());
        assert_eq!(site.ganger(&["new", "Another one"]).status.code(), Some(6), "the disk is full");
        std::fs::remove_file(&ballast).unwrap();
        life.join().unwrap();
    });
    assert_eq!(site.tips().len(), 1);
    site.assert_no_prompt_twice("a full disk");
    site.assert_nothing_left();
}

/// A small file system of its own.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SMALL_DISK, "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(at))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}
