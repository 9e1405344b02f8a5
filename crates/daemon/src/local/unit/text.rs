//! The files themselves.

/// By this a file is known as ours.
pub(super) const OURS: &str = "Written by `ganger daemon install`";
/// What it is called by launchd.
pub(super) const LABEL: &str = "dev.ganger.daemon";

/// The unit of a person's systemd (systemd.service(5), systemd.kill(5)).
pub(super) fn systemd(program: &str, variables: &[(String, String)]) -> String {
    let environment: String = variables
        .iter()
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"), false)))
        .collect();
    let program = quoted(program, true);
    format!(
        "\
# {OURS}; `ganger daemon uninstall` removes it.
[Unit]
Description=ganger, the foreman of coding agents

[Service]
Type=exec
ExecStart={program} daemon run
{environment}# Agents and checks run under hosts of their own, which go on while the daemon is stopped or upgraded.
KillMode=process
# One of them that takes too much memory must not take the daemon along.
OOMPolicy=continue
# What they start, such as the containers of a test, may have control groups of its own.
Delegate=yes
Restart=on-failure
RestartSec=2
# A wrong configuration, another daemon or a full disk: starting it again changes nothing.
RestartPreventExitStatus=2 6

[Install]
WantedBy=default.target
"
    )
}

/// A word between quotation marks. `%` begins a specifier everywhere, `$` a variable on command lines.
fn quoted(word: &str, on_command_line: bool) -> String {
    let mut text = String::from("\"");
    for letter in word.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            '%' => text.push_str("%%"),
            '$' if on_command_line => text.push_str("$$"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

/// The agent of launchd (launchd.plist(5)).
pub(super) fn launchd(program: &str, variables: &[(String, String)]) -> String {
    let string = |text: &str| format!("<string>{}</string>", escaped(text));
    let mut environment = String::new();
    if !variables.is_empty() {
        environment.push_str("    <key>EnvironmentVariables</key>\n    <dict>\n");
        for (name, value) in variables {
            environment.push_str(&format!(
                "        <key>{}</key>\n        {}\n",
                escaped(name),
                string(value)
            ));
        }
        environment.push_str("    </dict>\n");
    }
    let program = string(program);
    format!(
        "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<!-- {OURS}; `ganger daemon uninstall` removes it. -->
<plist version=\"1.0\">
<dict>
    <key>Label</key>
    <string>{LABEL}</string>
    <key>ProgramArguments</key>
    <array>
        {program}
        <string>daemon</string>
        <string>run</string>
    </array>
{environment}    <key>RunAtLoad</key>
    <true/>
    <!-- Not after an end in order, such as by `ganger daemon stop`. -->
    <key>KeepAlive</key>
    <dict>
        <key>SuccessfulExit</key>
        <false/>
    </dict>
    <!-- Agents and checks run under hosts of their own, which go on without the daemon. -->
    <key>AbandonProcessGroup</key>
    <true/>
    <!-- They work for a person who waits, and are not to be slowed down. -->
    <key>ProcessType</key>
    <string>Interactive</string>
</dict>
</plist>
"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_unit_of_systemd_keeps_hosts_and_says_where_the_data_lie() {
        let home = [("GANGER_HOME".to_owned(), "/data/100% \"mine\" $x".to_owned())];
        expect![[r#"
            # Written by `ganger daemon install`; `ganger daemon uninstall` removes it.
            [Unit]
            Description=ganger, the foreman of coding agents

            [Service]
            Type=exec
            ExecStart="/home/ann/my $$bin/ganger" daemon run
            Environment="GANGER_HOME=/data/100%% \"mine\" $x"
            # Agents and checks run under hosts of their own, which go on while the daemon is stopped or upgraded.
            KillMode=process
            # One of them that takes too much memory must not take the daemon along.
            OOMPolicy=continue
            # What they start, such as the containers of a test, may have control groups of its own.
            Delegate=yes
            Restart=on-failure
            RestartSec=2
            # A wrong configuration, another daemon or a full disk: starting it again changes nothing.
            RestartPreventExitStatus=2 6

            [Install]
            WantedBy=default.target
        "#]]
        .assert_eq(&systemd("/home/ann/my $bin/ganger", &home));
        let without = systemd("/usr/bin/ganger", &[]);
        assert!(!without.contains("Environment="), "{without}");
    }

    #[test]
    fn an_agent_of_launchd_is_well_formed_and_keeps_hosts() {
        let home = [("GANGER_HOME".to_owned(), "/data/<a> & b".to_owned())];
        let text = launchd("/opt/ganger", &home);
        assert!(
            text.contains("<key>GANGER_HOME</key>\n        <string>/data/&lt;a&gt; &amp; b</string>"),
            "{text}"
        );
        assert!(text.contains("<key>AbandonProcessGroup</key>\n    <true/>"), "{text}");
        for tag in ["dict", "array", "plist"] {
            let opened =
                text.matches(&format!("<{tag}>")).count() + text.matches(&format!("<{tag} version")).count();
            assert_eq!(opened, text.matches(&format!("</{tag}>")).count(), "{tag}: {text}");
        }
    }
}
