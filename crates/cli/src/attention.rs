//! Calling a person to the terminal that is attached to a work item.

use crate::environment::Environment;
use crate::local::Attention;
use crate::look::Look;

/// The longest message, in characters.
const MESSAGE: usize = 120;

/// What a terminal is written so that it calls; nothing without a terminal. Where there is a desktop of its own the
/// daemon shows messages there, so the terminal does it only where there is none, such as over ssh.
pub(crate) fn sequence(
    environment: &Environment,
    attention: Attention,
    look: &Look,
    message: &str,
) -> String {
    let terminal = environment.variable("TERM").unwrap_or_default();
    if !environment.output_is_terminal || matches!(terminal, "" | "dumb") {
        return String::new();
    }
    let mut text = String::new();
    if attention.bell {
        text.push('\u{7}');
    }
    let has_desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| environment.variable(name).is_some());
    // The console of Linux does not know the sequence, and would show it.
    if attention.desktop && !has_desktop && terminal != "linux" {
        let message: String = look.finish(look.line(message)).chars().take(MESSAGE).collect();
        text.push_str(&format!("\u{1b}]9;{message}\u{7}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::look;
    use ganger_api::timestamp::Timestamp;
    use time::UtcOffset;

    fn check(variables: &[(&str, &str)], is_terminal: bool, bell: bool, desktop: bool, expected: &str) {
        let environment = Environment {
            arguments: Vec::new(),
            variables: variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            directory: "/".into(),
            input: Box::new(std::io::empty()),
            output: Box::new(std::io::sink()),
            errors: Box::new(std::io::sink()),
            input_is_terminal: is_terminal,
            output_is_terminal: is_terminal,
            columns: None,
            size: || None,
            offset: UtcOffset::UTC,
            now: || Timestamp::from_ms(0),
        };
        let attention = Attention { bell, desktop };
        let text = sequence(&environment, attention, &look(80), "g1 \u{1b}]0;x\u{7} needs\nyou");
        assert_eq!(text, expected, "{variables:?} {attention:?}");
    }

    #[test]
    fn a_terminal_calls_as_far_as_it_can_and_shall() {
        let term = ("TERM", "xterm-256color");
        check(&[term], true, true, false, "\u{7}");
        check(&[term], true, true, true, "\u{7}\u{1b}]9;g1 needs you\u{7}");
        check(&[term, ("DISPLAY", ":0")], true, true, true, "\u{7}");
        check(&[("TERM", "linux")], true, true, true, "\u{7}");
        check(&[term], true, false, false, "");
        check(&[("TERM", "dumb")], true, true, true, "");
        check(&[], true, true, true, "");
        check(&[term], false, true, true, "");
    }
}
