//! How sure the Foreman is, by its tool or as the last line of its message. Whatever is not plainly `high` is
//! uncertain.

use serde::{Deserialize, Serialize};

/// How sure an answer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Stated by the plan or the FAQ: it goes to the agent at once.
    High,
    /// Anything else: a person decides.
    Uncertain,
}

impl Confidence {
    /// Reads the word of a tool call or of the last line.
    pub fn of(word: &str) -> Self {
        if word.trim().eq_ignore_ascii_case("high") { Self::High } else { Self::Uncertain }
    }
}

/// What the Foreman would answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Proposal {
    /// The answer, not empty.
    pub answer: String,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Reads a message that ends in `CONFIDENCE: high` or `CONFIDENCE: uncertain`. None where nothing is answered.
pub fn parse(message: &str) -> Option<Proposal> {
    let message = message.trim();
    let (before, last) = message.rsplit_once('\n').unwrap_or(("", message));
    let plain = last.trim().trim_matches(['*', '_', '`', '.', ' ']);
    let word = plain
        .get(.."confidence".len())
        .filter(|start| start.eq_ignore_ascii_case("confidence"))
        .and_then(|start| plain[start.len()..].trim_start_matches(['*', '_', ' ']).strip_prefix(':'))
        .map(|word| word.trim_matches(['*', '_', '`', ' ']));
    let (answer, confidence) = match word {
        Some(word) => (before.trim(), Confidence::of(word)),
        None => (message, Confidence::Uncertain),
    };
    (!answer.is_empty()).then(|| Proposal { answer: answer.to_owned(), confidence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_high_at_the_end_is_high() {
        let check = |message: &str, expected: Option<(&str, Confidence)>| {
            let found = parse(message);
            let found = found.as_ref().map(|proposal| (proposal.answer.as_str(), proposal.confidence));
            assert_eq!(found, expected, "{message:?}");
        };
        let (high, uncertain) = (Confidence::High, Confidence::Uncertain);
        check("Monotonic.\nCONFIDENCE: high", Some(("Monotonic.", high)));
        check("Monotonic.\n\nCONFIDENCE: high\n\n", Some(("Monotonic.", high)));
        check("Monotonic.\nconfidence: HIGH", Some(("Monotonic.", high)));
        check("Monotonic.\n**CONFIDENCE:** high", Some(("Monotonic.", high)));
        check("Monotonic.\nCONFIDENCE: uncertain", Some(("Monotonic.", uncertain)));
        check("Monotonic.\nCONFIDENCE: high, I think", Some(("Monotonic.", uncertain)));
        check("Monotonic.\nCONFIDENCE:", Some(("Monotonic.", uncertain)));
        check("Monotonic.", Some(("Monotonic.", uncertain)));
        check("CONFIDENCE: high\nMonotonic.", Some(("CONFIDENCE: high\nMonotonic.", uncertain)));
        check("CONFIDENCE: high", None);
        check("  \n ", None);
    }
}
