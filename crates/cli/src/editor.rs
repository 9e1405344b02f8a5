//! The person's editor, and the files that keep what they typed.

use crate::environment::Environment;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::plan::PlanProblem;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a marked line begins with. Such lines are taken out when the text is saved.
const MARK: &str = "<!-- ganger: ";

/// The editor where none is chosen.
pub(crate) const FALLBACK: &str = "vi";

/// The person's editor, as a shell reads it: such as `code --wait`.
pub(crate) fn chosen(environment: &Environment) -> Option<&str> {
    ["VISUAL", "EDITOR"].iter().find_map(|name| environment.variable(name))
}

/// Opens a file or a directory in an editor, and waits for its end.
///
/// # Errors
/// It does not start, or ends with a failure.
pub(crate) fn run(editor: &str, path: &Path, directory: &Path) -> Result<(), ErrorDetail> {
    // As git does: the setting is a shell's words.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(editor)
        .arg(path)
        .current_dir(directory)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let message = format!("the editor `{editor}` ended with {status}");
            Err(ErrorDetail::new(exit::FAILED, "editor.failed", message))
        }
        Err(error) => {
            let message = format!("the editor `{editor}` can't be started: {error}");
            Err(ErrorDetail::new(exit::ENVIRONMENT, "editor.failed", message))
        }
    }
}

/// A text on its way from a person: always in a file, whatever happens.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// The draft of this name, and the text it holds already from an earlier try.
    pub(crate) fn open(directory: &Path, name: &str) -> Result<(Self, Option<String>), ErrorDetail> {
        let draft = Self { path: directory.join(name) };
        fs::create_dir_all(directory).map_err(|error| draft.failed("can't be made", &error))?;
        match fs::read_to_string(&draft.path) {
            Ok(text) => {
                let text = without_marks(&text);
                Ok((draft, Some(text)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((draft, None)),
            Err(error) => Err(draft.failed("can't be read", &error)),
        }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a text, by way of a second file, so that a full disk costs nothing.
    pub(crate) fn write(&self, text: &str) -> Result<(), ErrorDetail> {
        let aside = self.path.with_extension("new");
        fs::write(&aside, text)
            .and_then(|()| fs::rename(&aside, &self.path))
            .map_err(|error| self.failed("can't be written", &error))
    }

    /// Opens the editor on it and returns what stands there then, without our marks.
    pub(crate) fn edit(&self, environment: &Environment) -> Result<String, ErrorDetail> {
        let editor = match chosen(environment) {
            Some(editor) => editor,
            None if environment.is_interactive() => FALLBACK,
            None => {
                return Err(ErrorDetail::new(
                    exit::USAGE,
                    "editor.none",
                    "an editor is needed, but neither VISUAL nor EDITOR is set and there is no terminal",
                )
                .hint("give the text with -f FILE, or -f - for standard input"));
            }
        };
        run(editor, &self.path, &environment.directory).map_err(|mut detail| {
            if detail.exit == exit::FAILED {
                detail.message.push_str(", so nothing was changed");
            }
            detail.hint(format!("your text is kept in {}", self.path.display()))
        })?;
        let text = fs::read_to_string(&self.path).map_err(|error| self.failed("can't be read", &error))?;
        Ok(without_marks(&text))
    }

    /// Removes it: its text is stored, or worth nothing.
    pub(crate) fn remove(self) -> Result<(), ErrorDetail> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("can't be removed", &error))
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> ErrorDetail {
        let message = format!("the draft {} {what}: {error}", self.path.display());
        ErrorDetail::new(exit::ENVIRONMENT, "draft.failed", message)
    }
}

/// A text with each problem under the line it is about; problems without a line stand on top.
pub(crate) fn with_marks(text: &str, problems: &[PlanProblem]) -> String {
    // A mark must stay one line and one comment.
    let mark = |problem: &PlanProblem| {
        let words = problem.message.split_whitespace().collect::<Vec<_>>().join(" ").replace("-->", "--");
        match problem.line {
            Some(line) => format!("{MARK}line {line}: {words} -->\n"),
            None => format!("{MARK}{words} -->\n"),
        }
    };
    let lines = text.lines().count();
    let on = |line: usize| {
        problems.iter().filter(move |problem| match problem.line {
            None => line == 0,
            // A problem behind the end is shown at the end.
            Some(at) => (at as usize).min(lines) == line,
        })
    };
    let mut marked: String = on(0).map(mark).collect();
    for (index, line) in text.lines().enumerate() {
        marked.push_str(line);
        marked.push('\n');
        marked.extend(on(index + 1).map(mark));
    }
    marked
}

/// A text under lines of ours for the person to read, which are taken out again like marks.
pub(crate) fn with_comments(text: &str, comments: &[String]) -> String {
    let lines = comments.iter().flat_map(|comment| comment.lines());
    let comments: Vec<PlanProblem> =
        lines.map(|line| PlanProblem { line: None, message: line.to_owned() }).collect();
    with_marks(text, &comments)
}

/// A text without our marks.
pub(crate) fn without_marks(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with(MARK)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn marks_stand_under_their_lines_and_vanish_without_a_trace() {
        let problem = |line, message: &str| PlanProblem { line, message: message.into() };
        let problems = [problem(Some(2), "two\nlines -->"), problem(None, "whole"), problem(Some(9), "late")];
        let text = "a\nb\n\nc\n";
        let marked = with_marks(text, &problems);
        expect![[r#"
            <!-- ganger: whole -->
            a
            b
            <!-- ganger: line 2: two lines -- -->

            c
            <!-- ganger: line 9: late -->
        "#]]
        .assert_eq(&marked);
        assert_eq!(without_marks(&marked), text);
        assert_eq!(without_marks("x\r\ny"), "x\r\ny");
        assert_eq!(with_marks("", &problems[1..2]), "<!-- ganger: whole -->\n");
    }
}
