//! A model of git, as far as ganger's promises reach: commits named by what they hold, worktrees that an agent
//! changes, remotes that others move.

use ganger_core::effect::{BaseComparison, CheckResult, Preserved, TurnResult};
use ganger_core::ids::WorkItemId;
use ganger_core::repository::{CheckDefinition, RepositoryBase};
use ganger_core::review::ChangedFile;
use std::collections::BTreeMap;

/// What stands in a worktree when its content is broken on purpose.
pub(crate) const BUG: &str = "bug";
/// What makes checks fail now and then.
pub(crate) const FLAKY: &str = "flaky";
/// A path that nobody should publish unseen.
pub(crate) const SECRET: &str = ".env";

/// The id of a commit: the same parent, tree, date and message give the same id.
pub(crate) fn commit_id(parent: &str, tree: &[String], date: u64, message: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    eat(parent);
    tree.iter().for_each(|line| eat(line));
    eat(&date.to_string());
    eat(message);
    format!("{hash:016x}")
}

/// What a candidate changes, as its id says: taken once more it is the same.
fn changed_lines(commit: &str) -> Vec<ChangedFile> {
    let seed = u64::from_str_radix(commit, 16).unwrap_or(1);
    let file = |path: &str, bits: u64| {
        let first = (bits % 60) as u32 + 1;
        // Now and then the whole file counts as changed.
        let lines =
            if bits.is_multiple_of(7) { Vec::new() } else { vec![(first, first + (bits >> 8) as u32 % 9)] };
        ChangedFile { path: path.to_owned(), lines }
    };
    let mut changed = vec![file("src/lib.rs", seed & 0xffff)];
    if seed & 1 == 0 {
        changed.push(file("src/limit.rs", seed >> 16 & 0xffff));
    }
    changed
}

/// A commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commit {
    pub(crate) tree: Vec<String>,
}

/// One repository of the workspace, its remote and what is known of both.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    pub(crate) name: String,
    pub(crate) base_commit: String,
    /// How often the base has moved.
    pub(crate) base_moves: u32,
    /// Whether its last move touches what everybody changes.
    pub(crate) base_conflicts: bool,
    /// Whether the base itself fails the checks.
    pub(crate) base_is_broken: bool,
    pub(crate) checks: usize,
    pub(crate) setup: bool,
    pub(crate) unusable: bool,
    /// Branches of the remote.
    pub(crate) remote: BTreeMap<String, String>,
}

/// A worktree of one item.
#[derive(Clone, Debug, Default)]
pub(crate) struct Worktree {
    /// Where the branch stands.
    pub(crate) tip: String,
    /// What lies in the checkout.
    pub(crate) files: Vec<String>,
    /// Whether HEAD is elsewhere.
    pub(crate) detached: bool,
}

/// An item and one of its repositories.
pub(crate) type Place = (WorkItemId, String);

/// All of git.
#[derive(Clone, Debug, Default)]
pub(crate) struct Git {
    pub(crate) commits: BTreeMap<String, Commit>,
    pub(crate) repositories: Vec<Repository>,
    pub(crate) worktrees: BTreeMap<Place, Worktree>,
    /// The commit in each proof checkout.
    pub(crate) proofs: BTreeMap<Place, String>,
    /// `refs/ganger/candidate/<item>/<n>`: never moved.
    pub(crate) candidates: BTreeMap<(WorkItemId, String, u32), String>,
    /// `refs/ganger/preserved/<attempt>/…`: the files of worktrees that began anew.
    pub(crate) preserved: BTreeMap<String, Vec<String>>,
    /// What each check really showed: repository, commit, check.
    pub(crate) shown: BTreeMap<(String, String, String), Vec<CheckResult>>,
    /// What ganger pushed: item, repository, commit.
    pub(crate) pushed: Vec<(WorkItemId, String, String)>,
}

impl Git {
    pub(crate) fn commit(&mut self, parent: &str, tree: Vec<String>, date: u64, message: &str) -> String {
        let id = commit_id(parent, &tree, date, message);
        self.commits.insert(id.clone(), Commit { tree });
        id
    }

    pub(crate) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|repository| repository.name == name)
    }

    pub(crate) fn repository_mut(&mut self, name: &str) -> Option<&mut Repository> {
        self.repositories.iter_mut().find(|repository| repository.name == name)
    }

    fn tree(&self, commit: &str) -> Vec<String> {
        self.commits.get(commit).map(|commit| commit.tree.clone()).unwrap_or_default()
    }

    /// What `PrepareBases` records of a repository.
    pub(crate) fn base(&self, repository: &Repository) -> RepositoryBase {
        let check = |index: usize| CheckDefinition {
            name: format!("check-{index}"),
            run: format!("make check-{index}"),
            timeout_ms: 60_000,
            required: index != 2,
        };
        RepositoryBase {
            name: repository.name.clone(),
            path: format!("/clones/{}", repository.name),
            remote: Some("origin".to_owned()),
            push_remote: Some("origin".to_owned()),
            base_branch: "trunk".to_owned(),
            base_commit: repository.base_commit.clone(),
            languages: vec!["Rust".to_owned()],
            hints: String::new(),
            copy: vec![SECRET.to_owned()],
            link: Vec::new(),
            setup: if repository.setup { vec!["make setup".to_owned()] } else { Vec::new() },
            setup_timeout_ms: 60_000,
            checks: (0..repository.checks).map(check).collect(),
            agent: "fake".to_owned(),
            has_guidance: false,
        }
    }

    /// Makes a worktree; one that stands is left as it is.
    pub(crate) fn provision(&mut self, place: Place, base: &str) {
        let files = self.tree(base);
        self.worktrees.entry(place).or_insert_with(|| Worktree {
            tip: base.to_owned(),
            files,
            detached: false,
        });
    }

    /// What `StartOver` does: everything that stands in the worktree is kept before it begins anew.
    pub(crate) fn start_over(
        &mut self,
        place: Place,
        attempt: &str,
        base: &RepositoryBase,
    ) -> Vec<Preserved> {
        if let Some(before) = self.worktrees.remove(&place) {
            let kept = self.preserved.entry(attempt.to_owned()).or_default();
            let committed = self.commits.get(&before.tip).is_some_and(|commit| commit.tree == before.files);
            if before.tip != base.base_commit || !committed {
                kept.extend(before.files);
            }
        }
        self.provision(place, &base.base_commit);
        let kept = self.preserved.get(attempt).is_some_and(|files| !files.is_empty());
        let reference = format!("refs/ganger/preserved/{attempt}/1");
        kept.then(|| Preserved { reference, commit: attempt.to_owned() }).into_iter().collect()
    }

    /// What `TakeCandidate` does. The error says that a candidate's ref would have moved.
    pub(crate) fn take(
        &mut self,
        place: &Place,
        number: u32,
        previous: &str,
        date: u64,
        message: &str,
    ) -> Result<TurnResult, String> {
        let Some(worktree) = self.worktrees.get(place).cloned() else {
            return Ok(TurnResult::Unusable { reason: "there is no worktree".to_owned() });
        };
        if worktree.detached {
            return Ok(TurnResult::Unusable { reason: "HEAD is not the item's branch".to_owned() });
        }
        let committed = self.tree(&worktree.tip);
        if committed != worktree.files {
            let tip = self.commit(&worktree.tip, worktree.files.clone(), date, message);
            if let Some(worktree) = self.worktrees.get_mut(place) {
                worktree.tip = tip;
            }
        }
        let Some(tip) = self.worktrees.get(place).map(|worktree| worktree.tip.clone()) else {
            return Ok(TurnResult::Nothing);
        };
        if tip == previous {
            return Ok(TurnResult::Nothing);
        }
        let key = (place.0, place.1.clone(), number);
        match self.candidates.get(&key) {
            Some(known) if *known != tip => {
                return Err(format!("candidate {number} of {} would move from {known} to {tip}", place.1));
            }
            _ => self.candidates.insert(key, tip.clone()),
        };
        let secret = self.tree(&tip).iter().any(|line| line == SECRET);
        let findings = if secret {
            let reason = "it looks like a secret".to_owned();
            vec![ganger_core::effect::CandidateFinding { path: SECRET.to_owned(), reason }]
        } else {
            Vec::new()
        };
        let changed = changed_lines(&tip);
        let paths = changed.iter().map(|file| file.path.clone()).collect();
        Ok(TurnResult::Candidate { commit: tip, findings, paths, changed, counts: None })
    }

    /// What a check shows of a commit: a function of its tree, and of its `luck` where the tree is flaky.
    pub(crate) fn check(
        &self,
        repository: &str,
        commit: &str,
        index_broken: bool,
        luck: bool,
    ) -> CheckResult {
        let tree = self.tree(commit);
        let base_broken = self.repository(repository).is_some_and(|repository| repository.base_is_broken);
        let buggy = tree.iter().any(|line| line == BUG);
        let unlucky = !luck && tree.iter().any(|line| line == FLAKY);
        if buggy || unlucky || (base_broken && index_broken) {
            CheckResult::Failed { how: "ended with exit code 1".to_owned(), tail: "boom".to_owned() }
        } else {
            CheckResult::Passed
        }
    }

    /// How a candidate stands to the base.
    pub(crate) fn compare(&self, repository: &str, base: &str) -> BaseComparison {
        match self.repository(repository) {
            Some(known) if known.base_commit == base => BaseComparison::Current,
            Some(known) if known.base_conflicts => {
                BaseComparison::Conflict { paths: vec!["src/lib.rs".to_owned()] }
            }
            _ => BaseComparison::Behind { commits: 1 },
        }
    }
}
