//! Everything ganger does with git. Three places, three owners: the user's clone, in which nothing changes but
//! one new branch where there is no remote; the mirror, ganger's own, on which [`RefGit`] works outside every
//! sandbox; the worktree, an agent's, in which git runs only as a sandboxed job ([`tree_program`]). Commits come
//! out of a worktree as a bundle and go to the remote as exactly the commit that was checked.
//!
//! All functions block; callers with a runtime put them on a thread of their own.

mod clone_settings;
mod compare;
mod discover;
mod error;
mod import;
mod layout;
mod leftovers;
mod lock;
mod mirror;
mod names;
mod owner;
mod publish;
mod push_trial;
mod ref_git;
mod refresh;
mod remove;
mod run;
mod scratch;
mod tree_git;
pub mod tree_program;
mod worktree;

pub use compare::{ChangedLines, PATCH_LIMIT};
pub use discover::{
    Check, DiscoveredRepository, Discoverer, Discovery, Preflight, PreflightRow, Proposals, RemoteChoice,
    RepositoryLayout, Verdict,
};
pub use error::{GitError, Result};
pub use import::{CandidateImport, ImportLimits};
pub use layout::{CheckoutPlace, Layout};
pub use leftovers::{CopiedIn, Finding, LARGE_BYTES, Reason, judge, looks_secret};
pub use mirror::{BaseBranch, Mirror, RepositorySource};
pub use names::CommitId;
pub use owner::{CheckoutKind, CheckoutState, OwnerRecord};
pub use publish::Published;
pub use ref_git::{MergeCheck, RefGit};
pub use refresh::{RepoUpdate, RepoUpdateResults, UpdateOutcome};
pub use remove::{Saved, remove_scratch};
pub use run::{Git, GitVersion, MINIMUM_VERSION};
pub use tree_git::{
    DiffRequest, FileDiff, FileStat, FileState, FileToPlace, FinishTurn, OUTCOME_LIMIT, Signature,
    StatusEntry, TREE_COMMAND, TreeAction, TreeOutcome, TreeRequest, TurnProblem, parse_outcome,
    request_process,
};
pub use worktree::{CheckoutSpec, Identity, Provisioned, link_beside};
