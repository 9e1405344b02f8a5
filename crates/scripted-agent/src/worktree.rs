//! What the agent does to files and with git, in its working directory. Every change is left out when it is there
//! already, so that steps can be repeated.

use crate::scenario::CommitSettings;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use tokio::process::Command;

/// How far back commits are looked for: an agent's own lie on top.
const MAX_SUBJECTS: &str = "1000";
/// How much of a command's output is kept, in bytes.
const MAX_OUTPUT: usize = 200_000;

/// The working directory of one session.
#[derive(Clone, Debug)]
pub(crate) struct Worktree {
    pub(crate) directory: PathBuf,
}

/// What a change did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    Made,
    WasThere,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

impl Worktree {
    /// A path of a scenario as a path of the file system.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// Whether something of this name exists; a dangling link does.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Whether the file holds the text; a file that is not there holds none.
    pub(crate) fn contains(&self, path: &str, text: &str) -> Result<bool, String> {
        Ok(self.read(path)?.is_some_and(|content| content.contains(text)))
    }

    fn read(&self, path: &str) -> Result<Option<String>, String> {
        match fs::read_to_string(self.path(path)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{path} cannot be read: {error}")),
        }
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> Result<Change, String> {
        if self.read(path)?.as_deref() == Some(text) {
            return Ok(Change::WasThere);
        }
        let target = self.path(path);
        let made = target.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&target, text));
        made.map(|()| Change::Made).map_err(|error| format!("{path} cannot be written: {error}"))
    }

    pub(crate) fn append(&self, path: &str, text: &str) -> Result<Change, String> {
        let content = self.read(path)?.unwrap_or_default();
        if content.contains(text) {
            return Ok(Change::WasThere);
        }
        self.write(path, &(content + text))
    }

    pub(crate) fn edit(&self, path: &str, find: &str, replace: &str) -> Result<Change, String> {
        let content = self.read(path)?.ok_or_else(|| format!("{path} is not there and cannot be edited"))?;
        // Looked for first: the replacement may contain the text that it replaces.
        if content.contains(replace) && !replace.is_empty() {
            return Ok(Change::WasThere);
        }
        match content.matches(find).count() {
            1 => self.write(path, &content.replacen(find, replace, 1)),
            0 if replace.is_empty() => Ok(Change::WasThere),
            count => Err(format!("{path} holds the text to edit {count} times instead of once: {find:?}")),
        }
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Change, String> {
        let target = self.path(path);
        let removed = match target.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Change::WasThere),
            Err(error) => Err(error),
            Ok(data) if data.is_dir() => fs::remove_dir_all(&target),
            Ok(_) => fs::remove_file(&target),
        };
        removed.map(|()| Change::Made).map_err(|error| format!("{path} cannot be deleted: {error}"))
    }

    /// Runs a program here to its end. Dropped before, it is killed with all that it started in its group.
    pub(crate) async fn run(
        &self,
        program: &str,
        arguments: &[String],
        environment: &[(&str, &str)],
    ) -> Result<Finished, String> {
        let failed = |error: io::Error| format!("{program} cannot be run: {error}");
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.directory).envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn().map_err(failed)?;
        let mut group = Group(child.id());
        let finished = child.wait_with_output().await.map_err(failed)?;
        group.0 = None;
        let mut bytes = finished.stdout;
        bytes.extend_from_slice(&finished.stderr);
        bytes.truncate(MAX_OUTPUT);
        Ok(Finished { status: finished.status, output: String::from_utf8_lossy(&bytes).into_owned() })
    }

    /// The subjects of the last commits behind HEAD; none where there is no repository or no commit.
    pub(crate) async fn subjects(&self) -> Result<BTreeSet<String>, String> {
        let head = self.git(&["rev-parse", "--verify", "--quiet", "HEAD"], &[]).await?;
        if !head.status.success() {
            return Ok(BTreeSet::new());
        }
        let log = self.git(&["log", "-n", MAX_SUBJECTS, "--format=%s", "HEAD", "--"], &[]).await?;
        if !log.status.success() {
            return Err(format!("git log failed: {}", log.output.trim_end()));
        }
        Ok(log.output.lines().map(str::to_owned).collect())
    }

    /// Commits what changed under `paths`, everything where that is empty.
    pub(crate) async fn commit(
        &self,
        message: &str,
        paths: &[String],
        settings: &CommitSettings,
    ) -> Result<Change, String> {
        let mut add = vec!["add", "--all", "--"];
        add.extend(paths.iter().map(String::as_str));
        if paths.is_empty() {
            add.push(".");
        }
        self.git_checked(&add, &[]).await?;
        let staged = self.git(&["diff", "--cached", "--quiet"], &[]).await?;
        match staged.status.code() {
            Some(0) => return Ok(Change::WasThere),
            Some(1) => {}
            _ => return Err(format!("git diff failed: {}", staged.output.trim_end())),
        }
        let environment = [
            ("GIT_AUTHOR_NAME", settings.name.as_str()),
            ("GIT_AUTHOR_EMAIL", &settings.email),
            ("GIT_AUTHOR_DATE", &settings.date),
            ("GIT_COMMITTER_NAME", &settings.name),
            ("GIT_COMMITTER_EMAIL", &settings.email),
            ("GIT_COMMITTER_DATE", &settings.date),
        ];
        // A signature would make each commit another one.
        let commit = ["-c", "commit.gpgSign=false", "commit", "--quiet", "-m", message];
        self.git_checked(&commit, &environment).await?;
        Ok(Change::Made)
    }

    async fn git_checked(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Result<(), String> {
        let finished = self.git(arguments, environment).await?;
        if finished.status.success() {
            return Ok(());
        }
        Err(format!("git {} failed: {}", arguments.join(" "), finished.output.trim_end()))
    }

    async fn git(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Finished, String> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self.run("git", &arguments, environment).await
    }

    /// The last component of the working directory.
    pub(crate) fn name(&self) -> String {
        self.directory.file_name().map(OsString::from).unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Kills a process group when dropped with its id still in it.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            // Fails only when the group is gone already.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_are_there_are_not_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let tree = Worktree { directory: directory.path().to_owned() };
        let check = |change: &dyn Fn() -> Result<Change, String>, content: Option<&str>| {
            assert_eq!(change(), Ok(Change::Made));
            for _ in 0..2 {
                assert_eq!(tree.read("a/b.txt").unwrap().as_deref(), content);
                assert_eq!(change(), Ok(Change::WasThere));
            }
        };
        check(&|| tree.write("a/b.txt", "one\n"), Some("one\n"));
        check(&|| tree.append("a/b.txt", "two\n"), Some("one\ntwo\n"));
        check(&|| tree.edit("a/b.txt", "one", "one and a half"), Some("one and a half\ntwo\n"));
        check(&|| tree.edit("a/b.txt", "two\n", ""), Some("one and a half\n"));
        check(&|| tree.delete("a/b.txt"), None);
        let missing = tree.edit("a/b.txt", "x", "y").unwrap_err();
        assert_eq!(missing, "a/b.txt is not there and cannot be edited");
    }
}
