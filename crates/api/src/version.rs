//! Versions of the command line and of the daemon that it talks to. They come with one another, so a difference means
//! that one of them was replaced meanwhile: the newer one counts.

use std::cmp::Ordering;

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The header in which a command line says its version. Who says none, such as a script, is served as it is.
pub const VERSION_HEADER: &str = "x-ganger-version";
/// The code of the refusal that a daemon gives a newer command line, before it does anything.
pub const DAEMON_OLDER: &str = "daemon.older";
/// The code of the refusal that it gives an older one.
pub const DAEMON_NEWER: &str = "daemon.newer";

/// How two versions stand to one another; none where one of them is no version.
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    Some(numbers(left)?.cmp(&numbers(right)?))
}

/// Major, minor and patch. What follows a `-` or `+` makes no other protocol.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let plain = version.trim().split(['-', '+']).next()?;
    let mut parts = plain.split('.').map(|part| part.parse::<u64>().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let check = |left, right, wanted| assert_eq!(compare(left, right), wanted, "{left} against {right}");
        check("0.1.0", "0.1.0", Some(Ordering::Equal));
        check("0.10.0", "0.9.12", Some(Ordering::Greater));
        check("1.0.0-rc.1", "1.0.0", Some(Ordering::Equal));
        check("0.3.1", "1.0.0", Some(Ordering::Less));
        for wrong in ["", "1", "1.2", "1.2.x", "1.2.3.4", "-1.0.0"] {
            check(wrong, "1.0.0", None);
        }
        assert_eq!(compare(VERSION, VERSION), Some(Ordering::Equal));
    }
}
