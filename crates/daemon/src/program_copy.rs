//! The copy of this program that hosts run from: kept by content, so that an upgrade does not pull it away from
//! under those that live. Beside it stands which file it was made from, so that a daemon that starts again from the
//! same file needs not read all of it.

use crate::error::CodedError;
use crate::paths::Paths;
use sha2::{Digest, Sha256};
use std::fs::Metadata;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The file beside a copy that names what it was made from.
const SOURCE: &str = "source";
/// A file that changed so lately may change again within the same tick of its file system's clock.
const SETTLED: Duration = Duration::from_secs(2);

/// The copy of the program in `own`, made now where there is none.
///
/// # Errors
/// The program cannot be read, or the copy not be written.
pub(crate) fn of(own: &Path, paths: &Paths) -> Result<PathBuf, CodedError> {
    let failed = |what: &'static str, path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| CodedError::file(what, &path, &error)
    };
    let metadata = std::fs::metadata(own).map_err(failed("read", own))?;
    let identity = identity(&metadata);
    if let Some(copy) = made_from(&identity, metadata.len(), paths) {
        return Ok(copy);
    }
    let bytes = std::fs::read(own).map_err(failed("read", own))?;
    let digest: String = Sha256::digest(&bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let copy = paths.program_copy(&digest);
    let directory = copy.parent().unwrap_or(paths.home());
    if !copy.is_file() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(failed("make the directory", directory))?;
        let new = directory.join(format!("new.{}", std::process::id()));
        // Hard links would follow an upgrade in place; the bytes do not.
        std::fs::write(&new, &bytes).map_err(failed("write", &new))?;
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755))
            .map_err(failed("make executable", &new))?;
        std::fs::rename(&new, &copy).map_err(failed("write", &copy))?;
    }
    if is_settled(&metadata) {
        let source = directory.join(SOURCE);
        std::fs::write(&source, identity).map_err(failed("write", &source))?;
    }
    Ok(copy)
}

/// What tells that it is the same file with the same content: nothing can change it and leave all of this.
fn identity(metadata: &Metadata) -> String {
    format!(
        "{} {} {} {}.{:09} {}.{:09}\n",
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec()
    )
}

fn is_settled(metadata: &Metadata) -> bool {
    let changed = u64::try_from(metadata.ctime()).map(Duration::from_secs).unwrap_or_default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now > changed + SETTLED
}

/// The copy that was made from the file with this identity.
fn made_from(identity: &str, length: u64, paths: &Paths) -> Option<PathBuf> {
    let copies = std::fs::read_dir(paths.program_copies()).ok()?;
    copies.flatten().find_map(|entry| {
        let source = std::fs::read_to_string(entry.path().join(SOURCE)).ok()?;
        let copy = paths.program_copy(entry.file_name().to_str()?);
        // One that a full disk cut short would not be all of it.
        let is_whole = std::fs::metadata(&copy).is_ok_and(|found| found.is_file() && found.len() == length);
        (source == identity && is_whole).then_some(copy)
    })
}

#[cfg(test)]
mod tests;
