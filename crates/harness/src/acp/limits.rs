//! Recognises in an error that the provider limits the account, and until when.

use super::wire::Failure;
use serde_json::Value;

/// Words of a limited account. All in lower case; each seen at a provider or in an agent's own text.
const WORDS: &[&str] = &[
    "rate limit",
    "rate_limit",
    "ratelimit",
    "usage limit",
    "too many requests",
    "quota exceeded",
    "resource_exhausted",
    "insufficient_quota",
    "hit your limit",
];

/// Whether a failure says that requests are limited.
pub(super) fn is_limit(failure: &Failure) -> bool {
    failure.code == 429
        || failure.data["status"] == 429
        || failure.data["statusCode"] == 429
        || failure.data["errorKind"] == "rate_limit"
        || says_limit(&failure.text())
}

/// Whether a text says that requests are limited.
pub(super) fn says_limit(text: &str) -> bool {
    let text = text.to_lowercase();
    WORDS.iter().any(|word| text.contains(word)) || has_status_429(&text)
}

fn has_status_429(text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_alphanumeric()).take(8).any(|word| word == "429")
}

/// When the limit ends, wall time in milliseconds, where the failure says so: seconds to wait from `now_ms`, or
/// a time.
pub(super) fn until_ms(failure: &Failure, now_ms: u64) -> Option<u64> {
    let wait = ["retryAfter", "retry_after", "retryAfterSeconds", "retryDelay"]
        .iter()
        .find_map(|name| seconds(&failure.data[*name]));
    if let Some(seconds) = wait {
        return Some(now_ms.saturating_add(seconds.saturating_mul(1000)));
    }
    let time = ["resetsAt", "resets_at", "resetAt", "reset_at"]
        .iter()
        .find_map(|name| failure.data[*name].as_u64())
        .or_else(|| time_after_bar(&failure.message));
    // Seconds since 1970 until the year 2286, milliseconds above.
    time.map(|time| if time < 10_000_000_000 { time.saturating_mul(1000) } else { time })
}

/// A number of seconds, also as text such as `30` or `30s`.
fn seconds(value: &Value) -> Option<u64> {
    if let Some(number) = value.as_f64() {
        return (0.0..1e9).contains(&number).then_some(number.ceil() as u64);
    }
    value.as_str()?.trim().trim_end_matches('s').parse().ok()
}

/// Claude writes `…usage limit reached|1763000000`.
fn time_after_bar(text: &str) -> Option<u64> {
    let after = text.rsplit_once('|')?.1;
    let digits = after.find(|character: char| !character.is_ascii_digit()).map_or(after, |end| &after[..end]);
    digits.parse().ok().filter(|time| *time > 1_000_000_000)
}
