//! What must not be published without a person's word: large files, files that look like secrets, files that
//! ganger itself copied in.

use serde::{Deserialize, Serialize};

/// Files above this size, in bytes, are a decision.
pub const LARGE_BYTES: u64 = 5_000_000;

/// Why a path is held back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Reason {
    /// Larger than [`LARGE_BYTES`].
    Large {
        /// Its size in bytes.
        bytes: u64,
    },
    /// Its name is one under which keys and tokens are kept.
    SecretName,
    /// It is in the repository's `copy` or `link` list, so it came from the user's checkout.
    CopiedIn,
    /// A repository of its own, or a submodule.
    Repository,
}

impl Reason {
    /// The reason as the end of a sentence that begins with the path.
    pub fn sentence(&self) -> String {
        match self {
            Self::Large { bytes } => format!("is large: {}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
            Self::SecretName => "looks like a secret by its name".into(),
            Self::CopiedIn => "was copied in from your checkout".into(),
            Self::Repository => "is a repository of its own".into(),
        }
    }
}

/// A path that is held back, with the reason.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The path from the repository's root.
    pub path: String,
    /// Why.
    pub reason: Reason,
    /// The commit that brought it; `None` for a file that is not committed.
    pub commit: Option<crate::names::CommitId>,
}

/// What a repository's configuration names: paths from its root that were copied or linked in.
pub type CopiedIn = [String];

/// Judges one path. `bytes` is the file's size where it is known.
pub fn judge(path: &str, bytes: Option<u64>, copied_in: &CopiedIn) -> Option<Reason> {
    let inside = |listed: &String| {
        let listed = listed.trim_start_matches("./").trim_end_matches('/');
        path == listed || path.strip_prefix(listed).is_some_and(|rest| rest.starts_with('/'))
    };
    if copied_in.iter().any(inside) {
        return Some(Reason::CopiedIn);
    }
    if looks_secret(path) {
        return Some(Reason::SecretName);
    }
    bytes.filter(|&bytes| bytes > LARGE_BYTES).map(|bytes| Reason::Large { bytes })
}

/// Whether keys or tokens are usually kept under such a name.
pub fn looks_secret(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let harmless = ["example", "sample", "template", "dist", "defaults"];
    if let Some(rest) = name.strip_prefix(".env") {
        return rest.is_empty() || rest.starts_with('.') && !harmless.iter().any(|word| rest.contains(word));
    }
    let whole = [
        ".netrc",
        "_netrc",
        ".git-credentials",
        ".pgpass",
        ".htpasswd",
        ".pypirc",
        ".envrc.local",
        "id_rsa",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
        "credentials.json",
        "client_secret.json",
        "service-account.json",
        "service_account.json",
        "secrets.json",
        "secrets.yml",
        "secrets.yaml",
        "secrets.toml",
        "kubeconfig",
        "terraform.tfstate",
    ];
    let ends = [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".asc.key"];
    let folders = [".ssh/", ".aws/", ".gnupg/", ".config/gh/", ".kube/"];
    whole.contains(&name)
        || ends.iter().any(|end| name.ends_with(end))
        || folders.iter().any(|folder| path.starts_with(folder) || path.contains(&format!("/{folder}")))
}
