//! Where build tools keep what they have downloaded and built. Without write access to these no build works
//! inside the sandbox.

use crate::paths::Variables;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A tool with a known cache.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
#[allow(missing_docs, reason = "the variants are the tools' own names")]
pub enum Tool {
    Bun,
    Cargo,
    Ccache,
    Deno,
    Go,
    Gradle,
    Maven,
    Npm,
    Nuget,
    Pip,
    Pnpm,
    Poetry,
    Sccache,
    Uv,
    Yarn,
}

/// Where a root begins.
#[derive(Clone, Copy)]
enum Start {
    /// The directory named by the variable, else this place below the home directory.
    Variable(&'static str, &'static str),
    /// The XDG cache directory.
    Cache,
    /// The XDG data directory.
    Data,
    /// The home directory.
    Home,
}

impl Tool {
    /// Every tool.
    pub const ALL: [Self; 15] = [
        Self::Bun,
        Self::Cargo,
        Self::Ccache,
        Self::Deno,
        Self::Go,
        Self::Gradle,
        Self::Maven,
        Self::Npm,
        Self::Nuget,
        Self::Pip,
        Self::Pnpm,
        Self::Poetry,
        Self::Sccache,
        Self::Uv,
        Self::Yarn,
    ];

    /// The table. Never a whole home directory of a tool where programs or configuration lie beside the cache:
    /// what is planted there runs outside the sandbox.
    const fn table(self) -> &'static [(Start, &'static [&'static str])] {
        use Start::{Cache, Data, Home, Variable};
        match self {
            Self::Bun => &[(Variable("BUN_INSTALL", ".bun"), &["install/cache"])],
            // `bin`, `config.toml` and `credentials.toml` lie beside these.
            Self::Cargo => &[(
                Variable("CARGO_HOME", ".cargo"),
                &["registry", "git", ".package-cache", ".package-cache-mutate", ".global-cache"],
            )],
            Self::Ccache => &[(Variable("CCACHE_DIR", ".cache/ccache"), &[""])],
            Self::Deno => &[(Variable("DENO_DIR", ".cache/deno"), &[""])],
            // `bin` lies beside `pkg`.
            Self::Go => &[
                (Variable("GOPATH", "go"), &["pkg/mod", "pkg/sumdb"]),
                (Variable("GOCACHE", ".cache/go-build"), &[""]),
            ],
            // `init.d` and `gradle.properties` lie beside these.
            Self::Gradle => {
                &[(Variable("GRADLE_USER_HOME", ".gradle"), &["caches", "wrapper", "daemon", "native"])]
            }
            // `settings.xml` lies beside these.
            Self::Maven => &[(Home, &[".m2/repository", ".m2/wrapper"])],
            Self::Npm => &[(Variable("npm_config_cache", ".npm"), &["_cacache", "_logs", "_npx"])],
            Self::Nuget => &[(Variable("NUGET_PACKAGES", ".nuget/packages"), &[""]), (Data, &["NuGet"])],
            Self::Pip => &[(Variable("PIP_CACHE_DIR", ".cache/pip"), &[""])],
            // The global programs lie beside `store`.
            Self::Pnpm => &[(Data, &["pnpm/store"]), (Cache, &["pnpm"])],
            Self::Poetry => &[(Variable("POETRY_CACHE_DIR", ".cache/pypoetry"), &[""])],
            Self::Sccache => &[(Variable("SCCACHE_DIR", ".cache/sccache"), &[""])],
            Self::Uv => &[(Variable("UV_CACHE_DIR", ".cache/uv"), &[""])],
            Self::Yarn => &[(Cache, &["yarn"]), (Home, &[".yarn/berry"])],
        }
    }

    /// The tool's name, as the configuration and people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bun => "bun",
            Self::Cargo => "cargo",
            Self::Ccache => "ccache",
            Self::Deno => "deno",
            Self::Go => "go",
            Self::Gradle => "gradle",
            Self::Maven => "maven",
            Self::Npm => "npm",
            Self::Nuget => "nuget",
            Self::Pip => "pip",
            Self::Pnpm => "pnpm",
            Self::Poetry => "poetry",
            Self::Sccache => "sccache",
            Self::Uv => "uv",
            Self::Yarn => "yarn",
        }
    }

    /// The cache's roots on this machine, whether they exist or not.
    pub fn roots(self, variables: &Variables, user_home: &Path) -> Vec<PathBuf> {
        let set = |name: &str| variables.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let xdg = |name, fallback| set(name).unwrap_or_else(|| user_home.join(fallback));
        let root = |(start, below): &(Start, &'static [&'static str])| {
            let start = match *start {
                Start::Home => user_home.to_owned(),
                Start::Cache => xdg("XDG_CACHE_HOME", ".cache"),
                Start::Data => xdg("XDG_DATA_HOME", ".local/share"),
                Start::Variable(name, fallback) => match fallback.strip_prefix(".cache/") {
                    Some(rest) => set(name).unwrap_or_else(|| xdg("XDG_CACHE_HOME", ".cache").join(rest)),
                    None => xdg(name, fallback),
                },
            };
            let below = *below;
            below.iter().map(move |part| if part.is_empty() { start.clone() } else { start.join(part) })
        };
        self.table().iter().flat_map(root).collect()
    }

    /// The roots of these tools that exist: what a sandbox can be told to open.
    pub fn existing_roots(tools: &[Self], variables: &Variables, user_home: &Path) -> Vec<PathBuf> {
        let roots = tools.iter().flat_map(|tool| tool.roots(variables, user_home));
        roots.filter(|root| root.exists()).collect()
    }
}
