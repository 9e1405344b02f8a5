//! Exit codes: the same numbers in error bodies, in the command line and in scripts.

/// The work is done.
pub const DONE: u8 = 0;
/// It was tried and failed.
pub const FAILED: u8 = 1;
/// The words of the call or the configuration are wrong.
pub const USAGE: u8 = 2;
/// It waits for a person.
pub const NEEDS_PERSON: u8 = 3;
/// What was named does not exist.
pub const NOT_FOUND: u8 = 4;
/// Not possible in this state; nothing changed.
pub const REFUSED: u8 = 5;
/// The environment: no daemon, no agent, no disk. Scripts may try again.
pub const ENVIRONMENT: u8 = 6;
/// A time limit given by the caller was reached.
pub const TIMED_OUT: u8 = 7;
/// Detached by Ctrl-C; what runs goes on.
pub const DETACHED: u8 = 130;

/// The HTTP status that goes with an exit code: one table for server and client.
pub const fn http_status(exit: u8) -> u16 {
    match exit {
        DONE => 200,
        USAGE => 400,
        NOT_FOUND => 404,
        NEEDS_PERSON | REFUSED => 409,
        ENVIRONMENT => 503,
        TIMED_OUT => 504,
        _ => 500,
    }
}
