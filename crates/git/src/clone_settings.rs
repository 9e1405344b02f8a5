//! What the person's clone and environment say about reaching remotes and checking files out.

use crate::error::Result;
use crate::mirror::RepositorySource;
use crate::ref_git::RefGit;
use crate::run::Call;
use std::collections::BTreeMap;

/// Variables of the person that a call to a remote gets: how to find their configuration, keys, agents, proxies
/// and certificates.
const PERSON_VARIABLES: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "KRB5CCNAME",
    "GNUPGHOME",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "GH_TOKEN",
    "GH_CONFIG_DIR",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
];

/// Keys of a remote that say how to reach it. Its refspecs, mirror and promisor settings do not count: ganger
/// names the refs itself.
const REMOTE_KEYS: &[&str] = &["url", "pushurl", "proxy", "proxyauthmethod", "uploadpack", "receivepack"];

/// Settings that decide what bytes a checkout writes.
const CHECKOUT_KEYS: &[&str] =
    &["core.autocrlf", "core.eol", "core.filemode", "core.ignorecase", "core.precomposeunicode"];

/// The settings of one clone, read afresh for each use.
#[derive(Clone, Debug)]
pub(crate) struct CloneSettings {
    /// (scope, key, value) in git's order; a key without a value has none.
    all: Vec<(String, String, Option<String>)>,
    person: BTreeMap<String, String>,
    pairs: Vec<(String, String)>,
}

impl RefGit {
    /// Reads the configuration that the person's own git would obey in the clone.
    pub(crate) fn clone_settings(&self, source: &RepositorySource) -> Result<CloneSettings> {
        let doing = format!("read the configuration of `{}`", source.name);
        let mut person = BTreeMap::new();
        for name in PERSON_VARIABLES {
            if let Some(value) = self.git().person().get(*name) {
                person.insert((*name).to_owned(), value.clone());
            }
        }
        let mut call = Call::new(&doing, &source.directory).env("GIT_DIR", &source.git_directory);
        for (name, value) in &person {
            call = call.env(name, value);
        }
        let output = self.git().run_ok(call.args(["config", "--list", "--show-scope", "--null"]))?;
        let parts: Vec<&[u8]> = output.parts().collect();
        let mut all = Vec::new();
        for pair in parts.chunks_exact(2) {
            let (scope, entry) = (String::from_utf8_lossy(pair[0]), String::from_utf8_lossy(pair[1]));
            let (key, value) = match entry.split_once('\n') {
                Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                None => (entry.into_owned(), None),
            };
            all.push((scope.into_owned(), key, value));
        }
        let mut settings = CloneSettings { all, person, pairs: Vec::new() };
        settings.pairs = settings.find_remote_pairs();
        Ok(settings)
    }
}

impl CloneSettings {
    /// The last value of a key in any scope.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.all
            .iter()
            .rev()
            .find(|(_, found, _)| found == key)
            .map(|(_, _, value)| value.as_deref().unwrap_or("true"))
    }

    /// Whether a boolean key is on.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1"))
    }

    /// The remotes, by name, in the order of the configuration.
    pub(crate) fn remotes(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (_, key, _) in &self.all {
            if let Some(name) = key.strip_prefix("remote.").and_then(|rest| rest.strip_suffix(".url"))
                && !names.iter().any(|found| found == name)
            {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// All keys with their last values, for what looks for a family of keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all.iter().map(|(_, key, value)| (key.as_str(), value.as_deref().unwrap_or("true")))
    }

    pub(crate) fn person_environment(&self) -> &BTreeMap<String, String> {
        &self.person
    }

    /// What a call with the remote profile gets beside the person's global configuration.
    pub(crate) fn remote_pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    fn find_remote_pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (scope, key, value) in &self.all {
            let remote = key.strip_prefix("remote.").and_then(|rest| rest.rsplit_once('.'));
            let wanted = remote.is_some_and(|(_, last)| REMOTE_KEYS.contains(&last))
                || ["url.", "http.", "credential."].iter().any(|family| key.starts_with(family))
                || ["core.sshcommand", "core.gitproxy", "ssh.variant"].contains(&key.as_str());
            // Wider scopes are read by that git itself.
            if wanted && matches!(scope.as_str(), "local" | "worktree") {
                pairs.push((key.clone(), value.clone().unwrap_or_else(|| "true".into())));
            }
        }
        let own_ssh = self.get("core.sshcommand").is_some()
            || ["GIT_SSH", "GIT_SSH_COMMAND"].iter().any(|name| self.person.contains_key(*name));
        if !own_ssh {
            // Nobody sits at a terminal to answer ssh's questions.
            pairs.push(("core.sshCommand".into(), "ssh -o BatchMode=yes".into()));
        }
        pairs
    }

    /// What decides the bytes of a checkout, for a worktree's own configuration.
    pub(crate) fn checkout_pairs(&self) -> Vec<(&'static str, String)> {
        CHECKOUT_KEYS.iter().filter_map(|key| Some((*key, self.get(key)?.to_owned()))).collect()
    }

    /// The person's name and address, for commits that nobody gave an author.
    pub(crate) fn identity(&self) -> (Option<&str>, Option<&str>) {
        (self.get("user.name"), self.get("user.email"))
    }
}
