//! Names that a shell, a path, a ref or a terminal could stumble over.

use crate::fixture::{Fixture, Repository, commit, rule, run, step, write};
use crate::site::Site;

#[test]
fn a_life_among_odd_names_ends_like_any_other() {
    let names = ["Ünïcode repo", "with'quote \"two\"", "日本語", "-dash", "Grün.git.d"];
    let mut repositories = Vec::new();
    let mut rules = String::new();
    for (index, name) in names.iter().enumerate() {
        let mut repository = Repository::new(name);
        // Neither main nor master, and with a slash.
        repository.branch = ["trunk", "entwicklung/größe", "release/2.x"][index % 3];
        let odd = ["a b/ü ö.txt", "tab\tand 'quote'", "*star?", "-rf", "новый/файл", "back\\slash"];
        repository.files.extend(odd.map(|path| (path.to_owned(), format!("{path}\n"))));
        repository.check = Some(
            "grep -q 1 limit && test -e 'a b/ü ö.txt' && test -e ./-rf && test -e 'новый/файл'".to_owned(),
        );
        repositories.push(repository);
        let steps = write("limit", "1")
            + &run(
                "echo neu > 'neu ß.txt'; echo x > \"$(printf 'bad\\377name')\"; mkdir -p 'leer zeichen'; echo 1 > 'leer zeichen/\n.txt'",
            )
            + &commit("Änderung: größer & \"besser\"");
        rules.push_str(&rule(&format!("repository = {name:?}"), &steps));
    }
    rules.push_str(&rule("repository = \"none\"", &step("end", "")));
    let fixture = Fixture {
        workspace: "Wörk späce (neu)",
        repositories,
        waves: vec![names[..2].to_vec(), names[2..].to_vec()],
        rules,
        ..Fixture::one("")
    };
    let site = Site::of(&fixture);
    site.live();
    assert_eq!(site.tips().len(), names.len());
    for name in names {
        let files = ["ls-tree", "-r", "-z", "--name-only", &site.branch()];
        let files = site.git.scratch(&site.world.remote(name), &files).unwrap();
        for file in ["neu ß.txt", "leer zeichen/\n.txt", "tab\tand 'quote'", "back\\slash"] {
            assert!(files.split('\0').any(|found| found == file), "{name}: {file:?} in {files:?}");
        }
        for view in [&["diff", "g1"][..], &["show", "g1"], &["logs", "g1"], &["diff", "g1", "--stat"]] {
            assert!(site.text(view).contains(name), "{view:?} does not name {name}");
        }
        let path = site.text(&["path", &format!("g1/{name}")]);
        assert!(path.trim_end().ends_with(name), "{path}");
    }
    site.assert_no_prompt_twice("odd names");
    site.assert_nothing_left();
}
