//! Harnesses: what knows how to talk to one kind of agent program. Each is a codec, a pure fold over the journal
//! of one incarnation: no input or output, no clock, no async.

pub mod codec;
