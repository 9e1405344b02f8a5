use super::*;
use crate::testing::Machine;

/// A `systemctl` that writes down what it is told, and a `loginctl` without linger.
fn machine() -> (Machine, PathBuf) {
    let machine = Machine::new();
    let told = machine.path("told");
    machine.program("systemctl", &format!("echo \"$@\" >> {}\nexit 0", told.display()));
    machine.program("loginctl", "echo no");
    machine.program("ganger", "exit 0");
    let own = machine.path("bin/ganger");
    (machine, own)
}

const FILE: &str = "home/.config/systemd/user/ganger.service";

#[test]
#[cfg(target_os = "linux")]
fn it_is_installed_once_and_removed_once_however_often_it_is_asked_for() {
    let (mut machine, own) = machine();
    let changes = |machine: &Machine| {
        let result = install(&machine.sources, &own).unwrap();
        assert!(result.told && result.trouble.is_none(), "{result:?}");
        assert_eq!(result.commands, ["loginctl enable-linger"]);
        assert_eq!(result.file, "~/.config/systemd/user/ganger.service");
        assert_eq!(result.text.as_deref(), Some(machine.read(FILE).as_str()));
        (result.change, result.active)
    };
    assert_eq!(row(&machine.sources, &own).fix.as_deref(), Some("ganger daemon install"));
    assert_eq!(changes(&machine), (UnitChange::Written, false));
    assert_eq!(changes(&machine), (UnitChange::Unchanged, true));
    let text = machine.plain(&machine.read(FILE));
    assert!(text.contains("ExecStart=\"MACHINE/bin/ganger\" daemon run\n"), "{text}");
    assert!(!text.contains("GANGER_HOME"), "{text}");
    assert_eq!(row(&machine.sources, &own).fix.as_deref(), Some("loginctl enable-linger"));
    machine.program("loginctl", "echo yes");
    assert_eq!(row(&machine.sources, &own).state, DoctorState::Ok);
    machine.program("loginctl", "echo no");
    // Another GANGER_HOME is another daemon.
    let home = machine.path("data").display().to_string();
    machine.sources.variables.insert("GANGER_HOME".to_owned(), home);
    let other = row(&machine.sources, &own);
    assert_eq!((other.state, other.fix.as_deref()), (DoctorState::Warning, Some("ganger daemon install")));
    assert_eq!(changes(&machine), (UnitChange::Replaced, false));
    let text = machine.plain(&machine.read(FILE));
    assert!(text.contains("Environment=\"GANGER_HOME=MACHINE/data\"\n"), "{text}");
    let removed = uninstall(&machine.sources, &own).unwrap();
    assert_eq!((removed.change, removed.told, removed.text), (UnitChange::Removed, true, None));
    assert!(!machine.path(FILE).exists());
    assert_eq!(uninstall(&machine.sources, &own).unwrap().change, UnitChange::Unchanged);
    let told = machine.read("told");
    let changing: Vec<&str> = told
        .lines()
        .filter(|line| ["able", "reload"].iter().any(|word| line.contains(word)) && !line.contains("is-"))
        .collect();
    let enable = ["--user daemon-reload", "--user enable ganger.service"];
    let disable = ["--user disable ganger.service", "--user daemon-reload"];
    assert_eq!(changing, [enable, enable, enable, disable].concat());
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_told_is_left_to_type_and_what_is_not_ours_is_left_alone() {
    let (machine, own) = machine();
    machine.program("systemctl", "echo 'Failed to connect to bus: No medium found' >&2\nexit 1");
    let result = install(&machine.sources, &own).unwrap();
    assert!(!result.told && machine.path(FILE).exists());
    assert_eq!(
        result.trouble.as_deref(),
        Some("`systemctl --user daemon-reload` says: Failed to connect to bus: No medium found")
    );
    let enable = "systemctl --user daemon-reload && systemctl --user enable --now ganger.service";
    assert_eq!(result.commands, [enable, "loginctl enable-linger"]);
    std::fs::remove_file(machine.path("bin/systemctl")).unwrap();
    let result = install(&machine.sources, &own).unwrap();
    assert_eq!(result.trouble.as_deref(), Some("there is no program `systemctl` in PATH"));
    assert_eq!(row(&machine.sources, &own).state, DoctorState::Ok);
    machine.write(FILE, "[Service]\nExecStart=/mine\n");
    for refused in [install(&machine.sources, &own), uninstall(&machine.sources, &own)] {
        let error = refused.unwrap_err();
        assert_eq!((error.code, error.exit_code()), ("unit.not_ours", 5));
        assert_eq!(error.hints.len(), 1);
    }
    assert_eq!(machine.read(FILE), "[Service]\nExecStart=/mine\n");
}

#[test]
#[cfg(target_os = "linux")]
fn the_manager_starts_only_the_daemon_that_is_wanted() {
    let (machine, own) = machine();
    let start =
        |answers: bool| start(&machine.sources, &own, Instant::now() + Duration::from_secs(20), || answers);
    assert!(!start(true), "nobody installed it");
    install(&machine.sources, &own).unwrap();
    assert!(start(true));
    assert!(machine.read("told").ends_with("--user start ganger.service\n"));
    // One that fails at once is started without the manager, which shows why.
    machine.program("systemctl", "[ \"$2\" != is-active ]");
    assert!(!start(false));
    machine.write(FILE, &machine.read(FILE).replace("/bin/ganger", "/bin/older-ganger"));
    machine.program("systemctl", "exit 0");
    assert!(!start(true), "that is another program");
}
