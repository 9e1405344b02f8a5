//! The command line of ganger: its commands, and how their results look.
