//! The branch of a work item: `sub-<id>-<slug>`, one name in all its repositories, made once when the item is
//! born and reserved in the workspace.

use sha2::{Digest, Sha256};
use thiserror::Error;

/// What every branch of ganger starts with.
pub const PREFIX: &str = "sub-";

/// A slug has at most this many characters.
pub const MAX_SLUG: usize = 30;

/// The id's part has at most this many characters, its mark included.
pub const MAX_ID: usize = 80;

/// No branch name is longer, in bytes: a ref is a file, and git adds `.lock` to its name.
pub const MAX_BRANCH: usize = 200;

/// The branch name for a ticket: a pure function of its reference and its title.
///
/// An id that flattening changed bears a short mark of the original, so that `a/b` and `a-b` differ, unless it
/// ends in a ticket number (`…#591`, `…-9999`): those are unique enough to stay readable, and the reservation in
/// the workspace settles the rest with [`numbered_branch_name`].
pub fn generate_branch_name(external_id: &str, title: &str) -> String {
    format!("{PREFIX}{}-{}", safe_id(external_id), slug(title))
}

/// The `n`th name for the same work item, for when the first one is taken; `n` counts from 2.
pub fn numbered_branch_name(name: &str, n: u32) -> String {
    let tail = format!("-{n}");
    let room = MAX_BRANCH.saturating_sub(tail.len()).min(name.len());
    let cut = (0..=room).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{tail}", name[..cut].trim_end_matches('-'))
}

fn safe_id(external_id: &str) -> String {
    let flat = dashed(external_id.chars(), |letter| letter.is_ascii_alphanumeric() || letter == '_');
    let whole = !flat.is_empty() && flat.len() <= MAX_ID;
    if whole && (flat == external_id || ends_in_number(external_id)) {
        return flat;
    }
    if external_id.is_empty() {
        return "item".to_owned();
    }
    let hash = Sha256::digest(external_id.as_bytes());
    let mark: String = hash.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    let room = MAX_ID - mark.len() - 1;
    let head = if flat.is_empty() { "item" } else { flat[..flat.len().min(room)].trim_end_matches('-') };
    format!("{head}-{mark}")
}

/// Whether the id ends in `#` or `-` and a number, as trackers number their tickets.
fn ends_in_number(id: &str) -> bool {
    let head = id.trim_end_matches(|letter: char| letter.is_ascii_digit());
    head.len() < id.len() && head.ends_with(['#', '-'])
}

fn slug(title: &str) -> String {
    let letters = title.chars().flat_map(|letter| {
        let plain = plain_latin(letter);
        let own = plain.is_empty().then_some(letter);
        plain.chars().chain(own)
    });
    let lower = letters.map(|letter| letter.to_ascii_lowercase());
    let mut slug = dashed(lower, |letter| letter.is_ascii_alphanumeric());
    slug.truncate(MAX_SLUG);
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() { "work".to_owned() } else { slug }
}

/// Keeps what `keep` says and makes every other run, and every run of dashes, one dash; none at the ends.
fn dashed(letters: impl Iterator<Item = char>, keep: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    let mut gap = false;
    for letter in letters {
        if keep(letter) {
            if gap && !text.is_empty() {
                text.push('-');
            }
            gap = false;
            text.push(letter);
        } else {
            gap = true;
        }
    }
    text
}

/// The ASCII letters for a letter of the Latin script; empty for every other character.
fn plain_latin(letter: char) -> &'static str {
    match letter {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' | 'Ǎ' | 'ǎ' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ð' | 'ð' | 'Ď'..='đ' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' | 'ẽ' => "e",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĵ' | 'ĵ' => "j",
        'Ķ'..='ĸ' => "k",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ŋ' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' => "o",
        'Œ' | 'œ' => "oe",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'Ș' | 'ș' => "s",
        'ß' | 'ẞ' => "ss",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "t",
        'Þ' | 'þ' => "th",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ŵ' | 'ŵ' => "w",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => "y",
        'Ź'..='ž' => "z",
        _ => "",
    }
}

/// Why a name can't be a branch of ganger.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "`{name}` can't be a branch name of ganger: {reason}; write `sub-`, the ticket and a few words, such as `sub-ABC-12-fix-login`"
)]
pub struct InvalidBranchName {
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Checks a name for a branch of ganger: it must be one of ours, one path component, and a name that git takes.
///
/// # Errors
/// The first rule that it breaks.
pub fn validate_branch_name(name: &str) -> Result<(), InvalidBranchName> {
    let refused = |reason: String| Err(InvalidBranchName { name: name.to_owned(), reason });
    let Some(rest) = name.strip_prefix(PREFIX) else {
        return refused(format!("it does not start with `{PREFIX}`"));
    };
    if rest.is_empty() {
        return refused(format!("nothing follows `{PREFIX}`"));
    }
    if name.len() > MAX_BRANCH {
        return refused(format!("it is longer than {MAX_BRANCH} bytes"));
    }
    if rest.starts_with(['-', '.']) || rest.ends_with(['-', '.']) {
        return refused(format!("what follows `{PREFIX}` starts or ends with a dash or a dot"));
    }
    if rest.ends_with(".lock") {
        return refused("it ends in `.lock`".to_owned());
    }
    if let Some(bad) = ["..", "@{"].iter().find(|bad| rest.contains(**bad)) {
        return refused(format!("it contains `{bad}`"));
    }
    let forbidden = |letter: char| "/:#~^?*[\\".contains(letter) || letter.is_whitespace();
    match rest.chars().find(|letter| letter.is_control() || forbidden(*letter)) {
        Some(bad) => refused(format!("it contains {bad:?}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
