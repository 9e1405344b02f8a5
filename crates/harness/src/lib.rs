//! Harnesses: what knows how to talk to one kind of agent program. Each is a codec, a pure fold over the journal
//! of one incarnation: no input or output, no clock, no async.
//!
//! A caller reads records, gives them to a [`framer::Framer`], and each entry to a [`codec::Codec`]; what the codec
//! wants written it asks of [`codec::Codec::wanted`] after each step.

pub mod acp;
pub mod codec;
pub mod framer;
mod ledger;
pub mod sketch;
mod watch;

use codec::Codec;

/// The kinds of harness that configuration may name, each with what it is for.
pub const KINDS: &[(&str, &str)] = &[
    ("acp", "any agent that speaks the Agent Client Protocol, version 1"),
    ("scripted", "ganger's own deterministic agent, which speaks it too"),
];

/// A codec for the beginning of a journal of an agent of this kind; `None` for a kind that is not known.
pub fn codec_for(kind: &str) -> Option<Box<dyn Codec>> {
    match kind {
        // The scripted agent is a row of the table of quirks and no protocol of its own.
        "acp" | "scripted" => Some(Box::new(acp::AcpCodec::new())),
        _ => None,
    }
}

/// The codec that gave `bytes` as its snapshot under `version`; `None` if this build has another version of it, or
/// if the bytes are damaged: then the journal is folded from its beginning.
pub fn restore(version: &str, bytes: &[u8]) -> Option<Box<dyn Codec>> {
    match version {
        acp::VERSION => acp::AcpCodec::restore(bytes).map(|codec| Box::new(codec) as Box<dyn Codec>),
        _ => None,
    }
}
