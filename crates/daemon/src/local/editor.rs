//! The person's editor.

use crate::error::{CodedError, ErrorKind, cause};
use crate::paths::Variables;
use std::path::Path;
use std::process::Command;

/// Opens the file in `VISUAL`, else `EDITOR`, else `vi`, and waits for its end.
///
/// # Errors
/// There is no such program, or it reports a failure: then the file is not to be used.
pub(super) fn edit(file: &Path, variables: &Variables) -> Result<(), CodedError> {
    let set = |name: &str| variables.get(name).filter(|value| !value.trim().is_empty());
    let command = set("VISUAL").or_else(|| set("EDITOR")).map_or("vi", String::as_str);
    // As git and others do: the variable is a command line, and the file comes as its first argument.
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("{command} \"$@\""), command])
        .arg(file)
        .status()
        .map_err(|error| {
            CodedError::new(
                ErrorKind::Environment,
                "editor.missing",
                format!("the editor `{command}` does not start: {}", cause(&error)),
            )
            .hint("set EDITOR")
        })?;
    if status.success() {
        return Ok(());
    }
    let error = match status.code() {
        Some(127) => CodedError::new(
            ErrorKind::Environment,
            "editor.missing",
            format!("there is no editor `{command}`"),
        )
        .hint("set EDITOR to an editor that is installed"),
        _ => CodedError::new(
            ErrorKind::Refused,
            "editor.aborted",
            format!("the editor `{command}` ended with a failure, so nothing was changed"),
        ),
    };
    Err(error.detail(format!("your text is kept in {}", file.display())))
}
