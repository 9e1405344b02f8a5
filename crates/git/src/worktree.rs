//! Checkouts of ours: a small clone that borrows the mirror's objects, made without its files, which a sandboxed
//! job writes afterwards.

use crate::error::{GitError, IoContext, Result};
use crate::layout::CheckoutPlace;
use crate::mirror::{BaseBranch, Mirror};
use crate::names::check_branch;
use crate::owner::{CheckoutKind, CheckoutState, OwnerRecord};
use crate::ref_git::RefGit;
use crate::remove::remove_tree;
use crate::run::Input;
use ganger_kill_point::reach;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

/// What a push from a worktree prints instead of pushing.
const NO_PUSH: &str = "ganger: an agent does not push. Commit on your branch: ganger imports it when your turn ends, and \
                       publishes what was checked and approved";

/// The author of commits in a checkout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

/// A checkout that is to exist.
#[derive(Clone, Debug)]
pub struct CheckoutSpec {
    /// Where.
    pub place: CheckoutPlace,
    /// The workspace's directory name.
    pub workspace: String,
    /// The item's directory name; empty for a base checkout.
    pub item: String,
    /// What for.
    pub kind: CheckoutKind,
    /// The item's branch, for [`CheckoutKind::Work`]; otherwise `None`, and HEAD names the base commit.
    pub branch: Option<String>,
    /// The base branch with the commit to start from (the one that was approved, not its newest).
    pub base: BaseBranch,
    /// Who commits there.
    pub identity: Identity,
}

/// Whether a checkout was made now or found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Provisioned {
    /// Made now: it has no files yet. Run [`crate::TreeAction::Checkout`], then the set-up.
    Fresh,
    /// Ours, with the same base and branch, from before.
    Reused,
}

impl RefGit {
    /// The person's name and address as their own git would use them in this clone; parts that are not
    /// configured are `None`.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn person_identity(&self, mirror: &Mirror) -> Result<(Option<String>, Option<String>)> {
        let settings = self.clone_settings(&mirror.source)?;
        let (name, email) = settings.identity();
        Ok((name.map(str::to_owned), email.map(str::to_owned)))
    }

    /// Makes the checkouts of one wave: all of them or, when one fails, none of those that were not there before.
    ///
    /// # Errors
    /// The first failure.
    pub fn provision_set(&self, specs: &[(&Mirror, CheckoutSpec)]) -> Result<Vec<Provisioned>> {
        let mut done = Vec::new();
        for (mirror, spec) in specs {
            match self.provision(mirror, spec) {
                Ok(provisioned) => done.push(provisioned),
                Err(error) => {
                    for ((_, made), provisioned) in specs.iter().zip(&done) {
                        if *provisioned == Provisioned::Fresh {
                            // The first failure is what the person must know; what stays is found by its record.
                            let _ = discard(&made.place);
                        }
                    }
                    return Err(error);
                }
            }
        }
        Ok(done)
    }

    /// Makes one checkout without its files, or finds it.
    ///
    /// # Errors
    /// When something stands there that has no owner record of the same checkout, when the base commit is not in
    /// the mirror, or what the system said.
    pub fn provision(&self, mirror: &Mirror, spec: &CheckoutSpec) -> Result<Provisioned> {
        let record = OwnerRecord {
            schema: 1,
            workspace: spec.workspace.clone(),
            item: spec.item.clone(),
            repository: mirror.source.name.clone(),
            kind: spec.kind,
            branch: spec.branch.clone(),
            base_branch: spec.base.branch.clone(),
            base: spec.base.tip.clone(),
            mirror: mirror.path.clone(),
            state: CheckoutState::Making,
        };
        if let Some(branch) = &spec.branch {
            check_branch(branch)?;
            if *branch == spec.base.branch {
                return Err(GitError::Refused(format!(
                    "the item's branch `{branch}` is the base branch itself"
                )));
            }
        }
        let place = &spec.place;
        match OwnerRecord::read(place)? {
            Some(found) if !found.same_checkout(&record) => {
                return Err(not_ours(
                    place,
                    &format!("it is of item `{}`, with another base or branch", found.item),
                ));
            }
            Some(found) if found.state == CheckoutState::Made => {
                let whole = place.git_directory.join("HEAD").exists() && place.worktree.is_dir();
                return if whole {
                    Ok(Provisioned::Reused)
                } else {
                    Err(not_ours(place, "parts of it are gone, and what is left may be worth saving"))
                };
            }
            // Nothing has run in it: begin again.
            Some(_) => {
                remove_tree(&place.worktree)?;
                remove_tree(&place.git_directory)?;
            }
            None if exists(&place.worktree) || exists(&place.git_directory) => {
                return Err(not_ours(place, "it was not made by ganger"));
            }
            None => {}
        }
        if self.resolve(mirror, spec.base.tip.as_str())?.is_none() {
            return Err(GitError::Refused(format!(
                "commit {} of `{}` is not in its mirror: fetch first",
                spec.base.tip, mirror.source.name
            )));
        }
        reach("git.before_provision");
        record.write(place)?;
        self.make(mirror, spec)?;
        reach("git.in_provision");
        OwnerRecord { state: CheckoutState::Made, ..record }.write(place)?;
        reach("git.after_provision");
        Ok(Provisioned::Fresh)
    }

    fn make(&self, mirror: &Mirror, spec: &CheckoutSpec) -> Result<()> {
        let CheckoutPlace { worktree, git_directory, .. } = &spec.place;
        for directory in [worktree, git_directory] {
            fs::create_dir_all(directory).doing("make the directory", directory)?;
        }
        let doing = format!("make a worktree of `{}`", mirror.source.name);
        let init = self.local(&doing, git_directory).args(["init", "--quiet", "--bare", "--template="]);
        self.git().run_ok(init.arg(format!("--initial-branch={}", spec.base.branch)))?;
        let objects = mirror.path.join("objects");
        let alternates = git_directory.join("objects/info/alternates");
        fs::create_dir_all(git_directory.join("objects/info")).doing("make the directory", git_directory)?;
        fs::write(&alternates, format!("{}\n", objects.display())).doing("write", &alternates)?;
        for directory in ["hooks", "info"] {
            let directory = git_directory.join(directory);
            fs::create_dir_all(&directory).doing("make the directory", &directory)?;
        }
        let shallow = mirror.path.join("shallow");
        if shallow.is_file() {
            fs::copy(&shallow, git_directory.join("shallow")).doing("copy", &shallow)?;
        }
        let (base, commit) = (&spec.base.branch, &spec.base.tip);
        let mut refs =
            format!("create refs/remotes/origin/{base} {commit}\ncreate refs/heads/{base} {commit}\n");
        if let Some(branch) = &spec.branch {
            let _ = writeln!(refs, "create refs/heads/{branch} {commit}");
        }
        let call = self.local(&doing, git_directory).args(["update-ref", "--no-deref", "--stdin"]);
        self.git().run_ok(call.input(Input::Bytes(refs.into_bytes())))?;
        let origin_head = git_directory.join("refs/remotes/origin/HEAD");
        fs::write(&origin_head, format!("ref: refs/remotes/origin/{base}\n")).doing("write", &origin_head)?;
        let head = match &spec.branch {
            Some(branch) => format!("ref: refs/heads/{branch}\n"),
            None => format!("{commit}\n"),
        };
        fs::write(git_directory.join("HEAD"), head).doing("write HEAD in", git_directory)?;
        let configuration = self.configuration(mirror, spec)?;
        fs::write(git_directory.join("config"), configuration)
            .doing("write the configuration of", git_directory)?;
        let link = worktree.join(".git");
        fs::write(&link, format!("gitdir: {}\n", git_directory.display())).doing("write", &link)
    }

    /// The configuration of a checkout: quiet, with an author, and with a remote that can be named but not
    /// pushed to.
    fn configuration(&self, mirror: &Mirror, spec: &CheckoutSpec) -> Result<String> {
        let base = &spec.base.branch;
        let from = mirror.base_reference(base);
        let mut sections: Vec<(String, Vec<(&str, String)>)> = vec![
            (
                "core".into(),
                vec![
                    ("repositoryformatversion", "0".into()),
                    ("filemode", "true".into()),
                    ("bare", "false".into()),
                    ("logallrefupdates", "true".into()),
                    ("worktree", spec.place.worktree.display().to_string()),
                ],
            ),
            (
                "user".into(),
                vec![("name", spec.identity.name.clone()), ("email", spec.identity.email.clone())],
            ),
            (
                "remote \"origin\"".into(),
                vec![
                    ("url", mirror.path.display().to_string()),
                    ("fetch", format!("+{from}:refs/remotes/origin/{base}")),
                    ("tagOpt", "--no-tags".into()),
                    ("receivepack", format!("echo '{NO_PUSH}' >&2; exit 1 #")),
                ],
            ),
            (format!("branch \"{base}\""), vec![("remote", "origin".into()), ("merge", from.clone())]),
        ];
        for (section, key, value) in [
            ("gc", "auto", "0"),
            ("maintenance", "auto", "false"),
            ("rerere", "enabled", "false"),
            ("commit", "gpgsign", "false"),
            ("tag", "gpgsign", "false"),
            ("branch", "autosetupmerge", "false"),
            ("advice", "detachedHead", "false"),
        ] {
            sections.push((section.into(), vec![(key, value.into())]));
        }
        for (key, value) in self.clone_settings(&mirror.source)?.checkout_pairs() {
            // All of them are of the section `core`.
            sections.push(("core".into(), vec![(key.trim_start_matches("core."), value)]));
        }
        let mut text = String::new();
        for (section, entries) in sections {
            let _ = writeln!(text, "[{section}]");
            for (key, value) in entries {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                let _ = writeln!(text, "\t{key} = \"{value}\"");
            }
        }
        Ok(text)
    }
}

/// Makes the link `item_directory/name` to a base checkout, beside an item's worktrees, so that relative paths
/// between repositories work. A link of the same name is replaced; anything else is left alone.
///
/// # Errors
/// When something other than a link has the name.
pub fn link_beside(item_directory: &Path, name: &str, target: &Path) -> Result<()> {
    crate::names::check_repository(name)?;
    let link = item_directory.join(name);
    match fs::symlink_metadata(&link) {
        Ok(metadata) if metadata.is_symlink() => {
            if fs::read_link(&link).is_ok_and(|found| found == target) {
                return Ok(());
            }
            fs::remove_file(&link).doing("replace the link", &link)?;
        }
        Ok(_) => return Err(GitError::NotOurs { path: link, reason: "it is not a link".into() }),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(source) => return Err(GitError::Io { doing: "look at", path: link, source }),
    }
    fs::create_dir_all(item_directory).doing("make the directory", item_directory)?;
    symlink(target, &link).doing("make the link", &link)
}

/// Removes a checkout that was made a moment ago and in which nothing has run.
fn discard(place: &CheckoutPlace) -> Result<()> {
    remove_tree(&place.worktree)?;
    remove_tree(&place.git_directory)?;
    fs::remove_file(&place.owner_record).doing("remove", &place.owner_record)
}

fn exists(path: &Path) -> bool {
    // A dangling link is something too.
    fs::symlink_metadata(path).is_ok()
}

fn not_ours(place: &CheckoutPlace, reason: &str) -> GitError {
    GitError::NotOurs { path: place.worktree.clone(), reason: reason.into() }
}
