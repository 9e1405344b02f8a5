//! Who is served next: a pure function of the site.

use super::{Site, SlotWish};

/// The wish to grant now; none when nobody waits whose account is open, or every slot is lent.
pub(super) fn next(site: &Site) -> Option<&SlotWish> {
    if site.granted.len() >= site.max_sessions as usize {
        return None;
    }
    let open = site.waiting.iter().filter(|wish| !site.accounts.contains_key(&wish.agent));
    open.min_by_key(|wish| (wish.class, wish.since_ms, wish.ask))
}
