//! A writer for what is not rendered here: where the locale has no UTF-8 it writes our signs in ASCII.

use crate::look::sign;
use std::io::{self, Write};

/// Writes text through. Letters that are no signs of ours stay as they are: they may belong to a path that somebody reads
/// with a program.
pub(crate) struct Signs {
    inner: Box<dyn Write + Send>,
    /// The beginning of a letter whose end was not written yet.
    begun: Vec<u8>,
}

impl Signs {
    pub(crate) const fn new(inner: Box<dyn Write + Send>) -> Self {
        Self { inner, begun: Vec::new() }
    }
}

impl Write for Signs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let mut whole = Vec::with_capacity(self.begun.len());
        let mut rest = 0;
        for chunk in self.begun.utf8_chunks() {
            let letters = chunk.valid().chars().map(|letter| sign(letter).unwrap_or(letter));
            whole.extend_from_slice(letters.collect::<String>().as_bytes());
            // What is no text at all is not ours to judge; what may become some at the end has to wait.
            whole.extend_from_slice(chunk.invalid());
            let may_become =
                std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
            rest = if may_become { chunk.invalid().len() } else { 0 };
        }
        whole.truncate(whole.len() - rest);
        self.begun.drain(..self.begun.len() - rest);
        self.inner.write_all(&whole)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn signs_become_ascii_wherever_a_write_ends_and_the_rest_stays() {
        let check = |text: &[u8], expected: &[u8]| {
            for step in 1..=text.len() {
                let kept = Kept::default();
                let mut signs = Signs::new(Box::new(kept.clone()));
                for piece in text.chunks(step) {
                    signs.write_all(piece).unwrap();
                }
                assert_eq!(*kept.0.lock().unwrap(), expected, "in pieces of {step}");
            }
        };
        check("✓ api · /home/jörg/レ › ".as_bytes(), "+ api - /home/jörg/レ > ".as_bytes());
        check(b"plain\n", b"plain\n");
        check(b"\xff\xe2\x9cx \xe2\x9c\x93", b"\xff\xe2\x9cx +");
    }
}
