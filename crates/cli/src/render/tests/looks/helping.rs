//! `--help`.

use super::{case, check};
use crate::arguments::command;
use crate::look::Look;

/// The help of a command, as it is printed.
fn help(look: &Look, name: &str) -> String {
    let mut whole = command(look);
    let text = match name {
        "" => whole.render_help(),
        name => {
            whole.build();
            let found = whole.find_subcommand_mut(name).unwrap_or_else(|| panic!("no command {name}"));
            found.render_help()
        }
    };
    look.finish(text.to_string())
}

#[test]
fn the_help_of_everything() {
    check("help", &[case("ganger --help", (), |look, ()| help(look, ""))]);
}

#[test]
fn the_help_of_commands() {
    let names = ["new", "run", "answer", "comment", "logs"];
    check("help_of_commands", &names.map(|name| case(name, (), move |look, ()| help(look, name))));
    for other in command(&super::look(80)).get_subcommands() {
        let name = other.get_name().to_owned();
        super::check_everywhere(&case("another command", (), move |look, ()| help(look, &name)));
    }
}
