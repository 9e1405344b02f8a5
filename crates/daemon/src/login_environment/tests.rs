use super::*;
use std::os::unix::fs::PermissionsExt as _;

/// Asks a shell that is this script, and gives the variable `FOUND` or the reason.
fn check(script: &str, limit: Duration, expected: Result<&str, &str>) {
    let directory = tempfile::tempdir().unwrap();
    let shell = directory.path().join("shell");
    std::fs::write(&shell, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let inherited: Variables = [
        ("PATH", path.as_str()),
        ("SHELL", shell.to_str().unwrap()),
        ("HOME", "/"),
        ("GANGER_HOME", "/g"),
        ("FOUND", "inherited"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let found = resolve(&inherited, limit);
    assert_eq!(found.variables["GANGER_HOME"], "/g");
    match (found.origin, expected) {
        (EnvironmentOrigin::Shell(_), Ok(value)) => assert_eq!(found.variables["FOUND"], value),
        (EnvironmentOrigin::Inherited { reason }, Err(words)) => {
            assert_eq!(reason.replace(shell.to_str().unwrap(), "SHELL"), words);
            assert_eq!(found.variables, inherited);
        }
        (origin, expected) => panic!("{origin:?} is not {expected:?}"),
    }
}

/// Runs what the shell was told to run, as its last argument.
const RUN: &str = "for last; do :; done; eval \"$last\"";

#[test]
fn the_login_shell_says_what_the_environment_is() {
    check(
        &format!("export FOUND='two\nlines = here'; GANGER_HOME=/other; {RUN}"),
        LIMIT,
        Ok("two\nlines = here"),
    );
}

#[test]
fn greetings_and_programs_left_running_do_no_harm() {
    check(&format!("export FOUND=x; echo Welcome; sleep 20 & {RUN}; echo Bye"), LIMIT, Ok("x"));
}

#[test]
fn without_an_answer_the_inherited_environment_is_kept() {
    check("sleep 600", Duration::from_millis(50), Err("SHELL did not start within 0.05 s"));
    check("exit 3", LIMIT, Err("SHELL did not print its environment"));
}

#[test]
fn no_shell_is_told() {
    let found = resolve(&Variables::new(), LIMIT);
    assert_eq!(found.origin, EnvironmentOrigin::Inherited { reason: "SHELL names no shell".to_owned() });
}
