//! Tickets that stand in a tracker: GitHub's issues, read by its own program `gh`, which has the person's log-in.

use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use serde::Deserialize;
use std::io::ErrorKind;
use std::process::{Command, Stdio};

/// Where an issue is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reference {
    /// `OWNER/REPOSITORY`, or its address on another host than github.com: `HOST/OWNER/REPOSITORY`.
    repository: String,
    number: u64,
}

/// What a ticket is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Issue {
    pub(crate) title: String,
    /// Its text, which ends with where it is from.
    pub(crate) description: String,
}

/// The fields that `gh issue view --json` is asked for.
#[derive(Deserialize)]
struct Viewed {
    title: String,
    body: String,
    url: String,
}

impl Reference {
    /// Reads `OWNER/REPOSITORY#NUMBER`, with or without `github:` before it, or the address of an issue.
    pub(crate) fn parse(text: &str) -> Result<Self, ErrorDetail> {
        let plain = text.strip_prefix("github:").unwrap_or(text);
        let parts = match plain.strip_prefix("https://") {
            Some(address) => address.split_once("/issues/").map(|(repository, number)| {
                let number = number.split(['/', '?', '#']).next().unwrap_or_default();
                (repository.strip_prefix("github.com/").unwrap_or(repository), number)
            }),
            None => plain.split_once('#'),
        };
        let is_name = |part: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !part.is_empty() && !part.starts_with('-') && part.bytes().all(fits)
        };
        let found = parts.and_then(|(repository, number)| {
            let names: Vec<&str> = repository.split('/').collect();
            let number = number.parse().ok()?;
            let fits = matches!(names.len(), 2 | 3) && names.iter().all(|name| is_name(name));
            fits.then(|| Self { repository: repository.to_owned(), number })
        });
        found.ok_or_else(|| {
            let message = format!("\"{text}\" names no issue");
            ErrorDetail::new(exit::USAGE, "ticket.reference", message)
                .hint("ganger new --from OWNER/REPOSITORY#NUMBER, or the address of an issue on GitHub")
        })
    }

    /// Asks `gh` for it.
    pub(crate) fn read(&self) -> Result<Issue, ErrorDetail> {
        let number = self.number.to_string();
        let arguments = ["issue", "view", &number, "--repo", &self.repository, "--json", "title,body,url"];
        let output = Command::new("gh").args(arguments).stdin(Stdio::null()).output();
        let output = output.map_err(|error| {
            let why = match error.kind() {
                ErrorKind::NotFound => "there is none in PATH".to_owned(),
                _ => error.to_string(),
            };
            self.unreadable(&format!("issues of GitHub are read by its program gh, and {why}"))
                .hint("https://cli.github.com")
        })?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            let words: String = words.trim().chars().take(500).collect();
            return Err(self.unreadable(&format!("gh says: {words}")).hint("gh auth status"));
        }
        let viewed: Viewed = serde_json::from_slice(&output.stdout)
            .map_err(|error| self.unreadable(&format!("gh's answer can't be read: {error}")))?;
        let body = viewed.body.replace("\r\n", "\n");
        let from = format!("From {}", viewed.url);
        let description = [body.trim(), &from].into_iter().filter(|part| !part.is_empty());
        Ok(Issue {
            title: viewed.title.trim().to_owned(),
            description: description.collect::<Vec<_>>().join("\n\n"),
        })
    }

    fn unreadable(&self, why: &str) -> ErrorDetail {
        let Self { repository, number } = self;
        let message = format!("{repository}#{number} can't be read, so no work item was created: {why}");
        ErrorDetail::new(exit::ENVIRONMENT, "ticket.unreadable", message)
            .hint("another program can write the ticket: PROGRAM | ganger new -f -")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_named_in_the_ways_that_people_copy() {
        let check = |text: &str, expected: Option<(&str, u64)>| {
            let expected =
                expected.map(|(repository, number)| Reference { repository: repository.to_owned(), number });
            assert_eq!(Reference::parse(text).ok(), expected, "{text}");
        };
        check("acme/api#412", Some(("acme/api", 412)));
        check("github:acme/api#412", Some(("acme/api", 412)));
        check("https://github.com/acme/api/issues/412", Some(("acme/api", 412)));
        check("https://github.com/acme/api/issues/412#issuecomment-7", Some(("acme/api", 412)));
        check("https://git.acme.dev/acme/api/issues/412", Some(("git.acme.dev/acme/api", 412)));
        for wrong in
            ["412", "#412", "acme#412", "acme/api#", "acme/api#x", "-x/api#1", "https://github.com/acme/api"]
        {
            check(wrong, None);
        }
    }
}
