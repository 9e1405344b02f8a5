//! Small files of a host directory: whole or not at all, and on the disk when a call returns.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The largest small file that is read; a larger one is not ours.
const LIMIT: u64 = 16 << 20;

/// Makes `path` with all its parents, each mode 0700 if it is new.
#[cfg(feature = "client")]
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Options for a file of ours: written by us, mode 0600.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Replaces `directory/name` by `bytes`: a reader sees the old or the new content, also after a power loss.
pub(crate) fn replace(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = directory.join(format!(".{name}.new"));
    let mut file = private_file().write(true).create(true).truncate(true).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, directory.join(name))?;
    File::open(directory)?.sync_all()
}

/// Replaces `directory/name` by the JSON of `value`.
pub(crate) fn replace_json<T: Serialize>(directory: &Path, name: &str, value: &T) -> io::Result<()> {
    replace(directory, name, &serde_json::to_vec_pretty(value)?)
}

/// Reads the JSON in `directory/name`; `None` if there is no such file.
pub(crate) fn read_json<T: DeserializeOwned>(directory: &Path, name: &str) -> io::Result<Option<T>> {
    let file = match File::open(directory.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(LIMIT).read_to_string(&mut text)?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {error}")))
}
