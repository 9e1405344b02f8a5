//! What can go wrong with an append.

use crate::append::Append;

/// One thing that goes wrong with an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was written, and the writer is told that this is unknown.
    CommitLost,
    /// All was written, and the writer is told that this is unknown.
    AnswerLost,
    /// Nothing was written, and the writer is told that there is no room.
    Full,
}

/// Decides for each append that could be committed what goes wrong with it. It must not call the store.
pub type Faults = Box<dyn FnMut(&Append) -> Option<Fault> + Send>;

/// How often things go wrong, in appends of a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeededFaults {
    /// Commits that are lost.
    pub commit_lost: u16,
    /// Answers that are lost.
    pub answer_lost: u16,
    /// Times the disk becomes full; with each further append there is room again in one case of four.
    pub full: u16,
}

impl SeededFaults {
    /// A plan of faults: equal seeds give equal faults.
    pub fn plan(self, seed: u64) -> Faults {
        let (mut state, mut full) = (seed, false);
        let bounds = [
            u64::from(self.commit_lost),
            u64::from(self.commit_lost) + u64::from(self.answer_lost),
            u64::from(self.commit_lost) + u64::from(self.answer_lost) + u64::from(self.full),
        ];
        Box::new(move |_| {
            let draw = split_mix(&mut state);
            full = full && !draw.is_multiple_of(4);
            match (draw >> 32) % 1000 {
                _ if full => Some(Fault::Full),
                draw if draw < bounds[0] => Some(Fault::CommitLost),
                draw if draw < bounds[1] => Some(Fault::AnswerLost),
                draw if draw < bounds[2] => {
                    full = true;
                    Some(Fault::Full)
                }
                _ => None,
            }
        })
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
