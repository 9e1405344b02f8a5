//! Writes a file whole or not at all.

use crate::error::CodedError;
use std::io::Write as _;
use std::path::Path;

/// Puts `text` in the place of the file, which may not exist yet. A reader sees the old text or the new one. A
/// link is followed: whoever keeps the file elsewhere keeps it there.
///
/// # Errors
/// The file or its directory cannot be written; the old text stands.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), CodedError> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    write(&target, text).map_err(|error| CodedError::file("write", path, &error))
}

fn write(target: &Path, text: &str) -> std::io::Result<()> {
    let directory = target.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(directory)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!(".{name}.{}.new", std::process::id()));
    let result = (|| {
        let mut file = std::fs::File::create(&temporary)?;
        if let Ok(before) = std::fs::metadata(target) {
            file.set_permissions(before.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, target)?;
        std::fs::File::open(directory)?.sync_all()
    })();
    if result.is_err() {
        // Only what is left of our own attempt; the error says what went wrong.
        let _ = std::fs::remove_file(&temporary);
    }
    result
}
