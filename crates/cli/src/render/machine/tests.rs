use super::*;
use crate::render::tests::look;
use expect_test::{Expect, expect};

fn result(change: UnitChange) -> UnitResult {
    UnitResult {
        schema: ganger_api::machine::UNIT_SCHEMA.to_owned(),
        manager: "systemd".to_owned(),
        file: "~/.config/systemd/user/ganger.service".to_owned(),
        text: (change != UnitChange::Removed)
            .then(|| "[Service]\nKillMode=process\n\n[Install]\n".to_owned()),
        change,
        told: true,
        active: true,
        trouble: None,
        commands: Vec::new(),
        notes: Vec::new(),
    }
}

#[test]
fn an_installed_unit_is_shown_whole_with_what_is_left_to_type() {
    let check = |result: &UnitResult, expected: Expect| expected.assert_eq(&installed(&look(80), result));
    check(
        &result(UnitChange::Written),
        expect![[r#"
        Wrote ~/.config/systemd/user/ganger.service
          [Service]
          KillMode=process

          [Install]
        systemd starts the daemon at log-in, and has it run now. Agents go on.
    "#]],
    );
    check(
        &result(UnitChange::Unchanged),
        expect![[r#"
            ~/.config/systemd/user/ganger.service is as it should be
            systemd starts the daemon at log-in, and has it run.
        "#]],
    );
    let untold = UnitResult {
        told: false,
        active: false,
        trouble: Some("`systemctl --user daemon-reload` says: Failed to connect to bus".to_owned()),
        commands: vec![
            "systemctl --user enable --now ganger.service".to_owned(),
            "loginctl enable-linger".to_owned(),
        ],
        notes: vec!["When you log out, the daemon and its agents end, until you let them linger.".to_owned()],
        ..result(UnitChange::Replaced)
    };
    check(
        &untold,
        expect![[r#"
        Wrote ~/.config/systemd/user/ganger.service anew
          [Service]
          KillMode=process

          [Install]
        systemd was not told: `systemctl --user daemon-reload` says: Failed to connect to bus
        When you log out, the daemon and its agents end, until you let them linger.
        Next: systemctl --user enable --now ganger.service
        Next: loginctl enable-linger
    "#]],
    );
    let check = |result: &UnitResult, expected: Expect| expected.assert_eq(&uninstalled(&look(80), result));
    check(
        &result(UnitChange::Removed),
        expect![[r#"
        Removed ~/.config/systemd/user/ganger.service: the daemon starts at log-in no more. One that runs goes on.
    "#]],
    );
    check(
        &result(UnitChange::Unchanged),
        expect![[r#"
        There is no ~/.config/systemd/user/ganger.service, so the daemon does not start at log-in.
    "#]],
    );
}

#[test]
fn a_line_of_the_log_is_read_in_its_parts() {
    let check = |line: &str, at: Option<&str>, level: Option<&str>, text: &str| {
        let parts = DaemonLogLine {
            at: at.map(str::to_owned),
            level: level.map(str::to_owned),
            text: text.to_owned(),
        };
        assert_eq!(log_line(line), parts, "{line}");
    };
    let at = "2026-11-24T17:06:42.125649Z";
    check(&format!("{at}  INFO a::b: it serves epoch=1"), Some(at), Some("INFO"), "a::b: it serves epoch=1");
    check(&format!("{at} ERROR x: y"), Some(at), Some("ERROR"), "x: y");
    for line in ["", "note: run with a backtrace", "INFO x", &format!("{at} said so")] {
        check(line, None, None, line);
    }
}
