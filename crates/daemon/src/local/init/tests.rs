use super::*;
use crate::testing::Machine;
use expect_test::{Expect, expect};

/// Answers in order; a question that is not expected fails.
#[derive(Default)]
struct Answers(Vec<(&'static str, &'static str)>);

impl Answers {
    fn next(&mut self, question: &str) -> &'static str {
        assert!(!self.0.is_empty(), "asked {question:?}");
        let (part, answer) = self.0.remove(0);
        assert!(question.contains(part), "asked {question:?}, expected {part:?}");
        answer
    }
}

impl Questions for Answers {
    fn confirm(&mut self, question: &str, _: bool) -> Result<bool, CodedError> {
        Ok(self.next(question) == "y")
    }
    fn choose(&mut self, question: &str, options: &[String]) -> Result<usize, CodedError> {
        let answer = self.next(question);
        Ok(options.iter().position(|option| option == answer).unwrap())
    }
}

fn run_init(machine: &Machine, directory: &str, yes: bool, answers: &mut Answers) -> String {
    let arguments = InitArguments { directory: machine.path(directory), yes, program: None };
    let mut out = Vec::new();
    let result = init(&machine.sources, &arguments, answers, &mut out);
    let mut text = String::from_utf8(out).unwrap();
    if let Err(error) = result {
        text.push_str(&format!("{}exit {}\n", error.to_text(), error.exit_code()));
    }
    assert_eq!(answers.0, []);
    machine.plain(&text)
}

fn check(machine: &Machine, directory: &str, expected: Expect) {
    expected.assert_eq(&run_init(machine, directory, true, &mut Answers::default()));
}

/// Whatever this kernel can, the answers are set already.
const SANDBOX: &str = "[agents]\npermissions = \"ask\"\n[sandbox]\nmode = \"best-effort\"\n";

fn three_repositories() -> Machine {
    let machine = Machine::new();
    machine.repository("acme/api", &[("Cargo.toml", "[package]\nname = \"api\"\n"), ("src/lib.rs", "")]);
    machine.repository(
        "acme/web",
        &[("package.json", "{\"scripts\": {\"test\": \"x\"}}"), (".gitignore", ".env\n")],
    );
    machine.write("acme/web/.env", "KEY=1\n");
    machine.repository("acme/zu Hause", &[]);
    machine.write("home/.config/ganger/config.toml", SANDBOX);
    machine
}

#[test]
fn a_directory_of_repositories_becomes_a_workspace_once() {
    let machine = three_repositories();
    machine.program("qwen", "echo 0.24.4");
    check(
        &machine,
        "acme",
        expect![[r#"
            Found 3 repositories in acme: api (rust), web (javascript), zu Hause
              api: no remote: finished work becomes a branch in this clone
              web: no remote: finished work becomes a branch in this clone
              zu Hause: no remote: finished work becomes a branch in this clone
            Agents: qwen 0.24.4

            --- (new)
            +++ .ganger/workspace.toml
            @@ -0,0 +1,17 @@
            +# The workspace, as ganger sees it. All keys: ganger config list --all
            +schema = 1
            +name = "acme"
            +
            +[repositories.api]
            +checks = [
            +  { name = "test", run = "cargo test" },
            +  { name = "clippy", run = "cargo clippy --all-targets -- -D warnings" },
            +]
            +
            +[repositories.web]
            +setup = ["npm install"]
            +checks = [
            +  { name = "test", run = "npm run test" },
            +]
            +
            +[repositories."zu Hause"]

            --- ~/.config/ganger/config.toml
            +++ ~/.config/ganger/config.toml
            @@ -1,4 +1,5 @@
             [agents]
             permissions = "ask"
            +default = "qwen"
             [sandbox]
             mode = "best-effort"

            --- (new)
            +++ .ganger/.gitignore
            @@ -0,0 +1,2 @@
            +# Written by ganger. Remove this file to share workspace.toml with others.
            +*

            Wrote .ganger/workspace.toml (17 lines), ~/.config/ganger/config.toml (5 lines), .ganger/.gitignore (2 lines). Nothing in your checkouts was touched.
            Next: ganger doctor, then: ganger new "what is to be done" --run
        "#]],
    );
    assert_eq!(machine.read("acme/.ganger/.gitignore"), GITIGNORE);
    machine.sources.load_workspace(&machine.path("acme")).unwrap();
    check(
        &machine,
        "acme/api",
        expect![[r#"
        Found 3 repositories in acme: api (rust), web (javascript), zu Hause
          api: no remote: finished work becomes a branch in this clone
          web: no remote: finished work becomes a branch in this clone
          zu Hause: no remote: finished work becomes a branch in this clone
        Agents: qwen 0.24.4
        Everything is written already; nothing to change.
    "#]],
    );
    machine.repository("acme/docs", &[]);
    std::fs::remove_file(machine.path("acme/.ganger/.gitignore")).unwrap();
    check(
        &machine,
        "acme",
        expect![[r#"
            Found 4 repositories in acme: api (rust), docs, web (javascript), zu Hause
              api: no remote: finished work becomes a branch in this clone
              docs: no remote: finished work becomes a branch in this clone
              web: no remote: finished work becomes a branch in this clone
              zu Hause: no remote: finished work becomes a branch in this clone
            Agents: qwen 0.24.4

            --- .ganger/workspace.toml
            +++ .ganger/workspace.toml
            @@ -16,2 +16,4 @@
 
             [repositories."zu Hause"]
            +
            +[repositories.docs]

            Wrote .ganger/workspace.toml (19 lines). Nothing in your checkouts was touched.
            Next: ganger doctor, then: ganger new "what is to be done" --run
        "#]],
    );
    assert!(!machine.path("acme/.ganger/.gitignore").exists());
}

#[test]
fn only_what_nobody_else_can_know_is_asked() {
    let machine = three_repositories();
    machine.program("qwen", "echo 0.24.4");
    machine.program("opencode", "echo 1.18.33");
    machine.git(&machine.path("acme/api"), &["remote", "add", "mine", "/m"]);
    machine.git(&machine.path("acme/api"), &["remote", "add", "theirs", "/t"]);
    let mut answers = Answers(vec![
        ("Who plans and implements?", "qwen"),
        ("api has several remotes", "theirs"),
        ("Copy .env of web", "y"),
        ("Write this?", "n"),
    ]);
    let refused = run_init(&machine, "acme", false, &mut answers);
    assert!(refused.ends_with("Nothing was written.\n"), "{refused}");
    assert!(!machine.path("acme/.ganger").exists());
    let mut answers = Answers(vec![
        ("Who plans and implements?", "qwen"),
        ("api has several remotes", "theirs"),
        ("Copy .env of web", "y"),
        ("Write this?", "y"),
    ]);
    run_init(&machine, "acme", false, &mut answers);
    let loaded = machine.sources.load_workspace(&machine.path("acme")).unwrap();
    assert_eq!(loaded.configuration.agents.default.as_deref(), Some("qwen"));
    assert_eq!(loaded.workspace.repository("api").remote.as_deref(), Some("theirs"));
    assert_eq!(loaded.workspace.repository("web").copy, [".env"]);
}

#[test]
fn one_repository_is_a_workspace_too() {
    let machine = Machine::new();
    machine.write("home/.config/ganger/config.toml", SANDBOX);
    machine.repository("solo", &[]);
    check(
        &machine,
        "solo",
        expect![[r#"
            Found 1 repository in solo: solo
              solo: no remote: finished work becomes a branch in this clone
            Agents: none found in PATH

            --- (new)
            +++ .ganger/workspace.toml
            @@ -0,0 +1,5 @@
            +# The workspace, as ganger sees it. All keys: ganger config list --all
            +schema = 1
            +name = "solo"
            +
            +[repositories.solo]

            --- (new)
            +++ .ganger/.gitignore
            @@ -0,0 +1,2 @@
            +# Written by ganger. Remove this file to share workspace.toml with others.
            +*

            Wrote .ganger/workspace.toml (5 lines), .ganger/.gitignore (2 lines).
            ! No agent is installed yet. After installing one: ganger config set agents.default NAME
            Next: ganger doctor, then: ganger new "what is to be done" --run
        "#]],
    );
    let status = std::process::Command::new("git")
        .args(["status", "--porcelain"])
        .current_dir(machine.path("solo"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(status.stdout).unwrap(), "");
}

#[test]
fn a_place_that_is_no_workspace_is_refused() {
    let machine = Machine::new();
    check(
        &machine,
        "acme",
        expect![[r#"
        error: MACHINE/acme is no workspace: it holds no git repository that ganger can work on
          hint: run ganger init in a repository, or in the directory that holds your repositories
        exit 5
    "#]],
    );
    machine.repository("acme/api", &[("src/lib.rs", "")]);
    check(
        &machine,
        "acme/api/src",
        expect![[r#"
        error: MACHINE/acme/api/src is no workspace: it holds no git repository that ganger can work on
          hint: it lies in a repository: ganger init in MACHINE/acme/api
        exit 5
    "#]],
    );
    machine.git(&machine.path("acme/api"), &["config", "core.sparseCheckout", "true"]);
    check(
        &machine,
        "acme",
        expect![[r#"
        error: MACHINE/acme is no workspace: it holds no git repository that ganger can work on
          api: is a sparse checkout, which ganger cannot handle yet: `git sparse-checkout disable` ends it
          hint: run ganger init in a repository, or in the directory that holds your repositories
        exit 5
    "#]],
    );
    check(
        &machine,
        "nowhere",
        expect![[r#"
        error: cannot open MACHINE/nowhere: no such file or directory
        exit 6
    "#]],
    );
    assert!(!machine.path("acme/.ganger").exists());
}

#[test]
fn without_git_nothing_begins() {
    let machine = Machine::new();
    machine.program("git.old", "echo git version 2.20.1");
    std::fs::rename(machine.path("bin/git.old"), machine.path("bin/git")).unwrap();
    check(
        &machine,
        "acme",
        expect![[r#"
        error: git 2.20.1 is too old: install git 2.40 or newer
        exit 6
    "#]],
    );
    std::fs::remove_file(machine.path("bin/git")).unwrap();
    check(
        &machine,
        "acme",
        expect![[r#"
        error: no git was found in PATH: install git 2.40 or newer
        exit 6
    "#]],
    );
}

#[test]
fn a_wrong_file_is_not_extended() {
    let machine = three_repositories();
    machine.write("acme/.ganger/workspace.toml", "nam = \"x\"\n");
    check(
        &machine,
        "acme",
        expect![[r#"
        error: unknown key `nam` in .ganger/workspace.toml:1
          hint: did you mean `name`? all keys: ganger config list --all
        exit 2
    "#]],
    );
    assert_eq!(machine.read("acme/.ganger/workspace.toml"), "nam = \"x\"\n");
}

#[test]
fn what_fails_already_is_remarked_where_it_stands() {
    let check = |repository: &str, line: &str, remark: &str, expected: &str| {
        let text = "[repositories.api]\nsetup = [\"x\"]\n\n[repositories.web]\nsetup = [\"x\"]\n";
        assert_eq!(remarked(text, repository, line, remark), expected);
        assert!(expected.parse::<toml_edit::DocumentMut>().is_ok());
    };
    check(
        "web",
        "setup = [\"x\"]",
        "`x` failed\non trunk",
        "[repositories.api]\nsetup = [\"x\"]\n\n[repositories.web]\nsetup = [\"x\"] # `x` failed on trunk\n",
    );
    check(
        "zu Hause",
        "setup = [\"x\"]",
        "it failed",
        "[repositories.api]\nsetup = [\"x\"]\n\n[repositories.web]\nsetup = [\"x\"]\n",
    );
}
