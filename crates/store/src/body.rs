//! Long strings in an event's data: taken out when it is written, put back when it is read.
//!
//! Plans, prompts and logs would make every read of the log heavy. A string of more than [`BODY_LIMIT`] bytes is kept
//! as a blob of its own text, so that equal texts are kept once and [`Store::blob`](crate::Store::blob) finds them;
//! the event keeps `"sha256:<digest>"` in its place, and the places are kept beside it, so that no text of a user can
//! be taken for such a reference.

use crate::digest::Digest;

/// Strings of more bytes than this are kept as blobs.
pub const BODY_LIMIT: usize = 4096;

const MARK: &str = "sha256:";
/// The bytes of a reference with its quotes.
const REFERENCE: usize = MARK.len() + Digest::WRITTEN + 2;

/// A string that was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    /// Where its reference begins in the packed text, in bytes.
    pub(crate) at: usize,
    pub(crate) digest: Digest,
    pub(crate) text: String,
}

/// An event's data with its long strings taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) data: String,
    pub(crate) bodies: Vec<Body>,
}

/// Takes the long strings out of `data`, which is JSON.
pub(crate) fn pack(data: String) -> Packed {
    if data.len() <= BODY_LIMIT {
        return Packed { data, bodies: Vec::new() };
    }
    let (mut packed, mut bodies) = (String::new(), Vec::new());
    let mut rest = data.as_str();
    while let Some(start) = rest.find('"') {
        let Some(length) = literal(&rest[start..]) else { break };
        let (before, tail) = rest.split_at(start);
        let (literal, after) = tail.split_at(length);
        packed.push_str(before);
        match long_string(literal) {
            Some(text) => {
                let digest = Digest::of(text.as_bytes());
                let at = packed.len();
                packed.push_str(&format!("\"{MARK}{digest}\""));
                bodies.push(Body { at, digest, text });
            }
            None => packed.push_str(literal),
        }
        rest = after;
    }
    packed.push_str(rest);
    Packed { data: packed, bodies }
}

/// How many bytes the string literal at the beginning of `text` has, with both quotes.
fn literal(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The text of a literal that is worth taking out. One that would not be written again in the same way stays, since
/// what is read must be byte for byte what was written.
fn long_string(literal: &str) -> Option<String> {
    if literal.len() <= BODY_LIMIT + 2 {
        return None;
    }
    let text: String = serde_json::from_str(literal).ok()?;
    (text.len() > BODY_LIMIT && serde_json::to_string(&text).ok()? == literal).then_some(text)
}

/// Puts the bodies, in order of place, back into `data`. None if they do not fit.
pub(crate) fn unpack(data: &str, bodies: &[(usize, String)]) -> Option<String> {
    let (mut whole, mut done) = (String::new(), 0);
    for (at, text) in bodies {
        whole.push_str(data.get(done..*at)?);
        whole.push_str(&serde_json::to_string(text).ok()?);
        done = at + REFERENCE;
    }
    whole.push_str(data.get(done..)?);
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_byte_for_byte() {
        let long = "line \"one\"\n\\ and ünï ".repeat(400);
        let literal = serde_json::to_string(&long).unwrap();
        let short = "x".repeat(BODY_LIMIT);
        let reference = format!("sha256:{}", Digest::of(b"somebody's text"));
        let escaped = "\\u0041".repeat(BODY_LIMIT + 1);
        let check = |data: String, taken: usize| {
            let packed = pack(data.clone());
            assert_eq!(packed.bodies.len(), taken, "{data}");
            let bodies: Vec<_> = packed.bodies.iter().map(|body| (body.at, body.text.clone())).collect();
            assert_eq!(unpack(&packed.data, &bodies), Some(data));
            serde_json::from_str::<serde_json::Value>(&packed.data).unwrap();
        };
        check("{}".to_owned(), 0);
        check(format!("{{\"plan\":{literal}}}"), 1);
        check(format!("[{literal}, {literal} ,\"{reference}\", {{\"a\":{literal}}}]"), 3);
        check(format!("[\"{short}\", \"{reference}\"]"), 0);
        check(format!("[\"{short}y\"]"), 1);
        // Written otherwise than we would: it stays where it is.
        check(format!("[\"{escaped}\"]"), 0);
    }
}
