//! The kernel, sans input and output, that turns committed facts into effects; and, with the feature `io`, the
//! runners that carry them out and the services that faces and tests call.

#[cfg(feature = "io")]
pub mod engine;
pub mod kernel;
pub mod projection;
#[cfg(feature = "io")]
pub mod run;
#[cfg(feature = "io")]
pub mod services;
#[cfg(feature = "io")]
pub mod settings;
pub mod stored;
pub mod tools;
