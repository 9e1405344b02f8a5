//! The kernel, sans input and output, that turns committed facts into effects; and, with the feature `io`, the
//! runners that carry them out and the services that faces and tests call.

pub mod kernel;
pub mod projection;
pub mod stored;
