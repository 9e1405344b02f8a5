//! What a round of review means: which older critiques are fixed, which new findings count, and whether the
//! candidate passes, goes back, or stops for a person. Pure: everything comes in as arguments.

use super::likeness::alike;
use super::{ChangedFile, Finding, NewFindings, PassThreshold, Severity};
use serde::{Deserialize, Serialize};

/// How far an older critique is, before this round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Open, and found not fixed in so many rounds.
    Open {
        /// The rounds.
        unfixed: u32,
    },
    /// Fixed in an earlier round.
    Fixed,
    /// A person waived it.
    Waived,
}

/// An older critique of the sub-plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Older {
    /// Its number in the prompt.
    pub number: u32,
    /// What it says.
    pub finding: Finding,
    /// How far it is.
    pub standing: Standing,
    /// Whether it sends the work back as long as it is not fixed.
    pub counts: bool,
}

/// The rules of one round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Which round this is since the last word of a person, from 1.
    pub cycle: u32,
    /// The last round that may send the work back.
    pub max_cycles: u32,
    /// What may remain.
    pub threshold: PassThreshold,
    /// Which new findings count from round 2 on.
    pub new_findings: NewFindings,
    /// Whether an earlier round of this sub-plan had a verdict.
    pub is_delta: bool,
}

/// Why a review stops for a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// The last round that may send the work back found something.
    CyclesUsedUp,
    /// One critique was not fixed in two rounds.
    UnfixedTwice,
    /// A finding asks to undo the fix of an earlier one.
    Reversal,
    /// The implementer left nothing in answer to critiques.
    NotAddressed,
}

impl StopRule {
    /// The rule in words, after "the review stopped: ".
    pub const fn words(self) -> &'static str {
        match self {
            Self::CyclesUsedUp => "its rounds are used up",
            Self::UnfixedTwice => "the same critique was not fixed twice",
            Self::Reversal => "it asks to undo what an earlier round asked for",
            Self::NotAddressed => "the implementer changed nothing for its critiques",
        }
    }
}

/// What the round means for the candidate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It passes.
    Passed,
    /// It goes back to the implementer.
    Back,
    /// A person decides.
    Stop(StopRule),
}

/// A finding that is new in this round.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct New {
    /// What it says.
    pub finding: Finding,
    /// Whether it sends the work back.
    pub counts: bool,
}

/// What the round means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// Numbers of open older critiques that are fixed now.
    pub fixed: Vec<u32>,
    /// Numbers of open older critiques that are still not fixed.
    pub unfixed: Vec<u32>,
    /// New findings.
    pub new: Vec<New>,
    /// What the round means for the candidate.
    pub outcome: Outcome,
}

/// Lines around a changed run that count with it: a finding about a change often names a line beside it.
const MARGIN: u32 = 3;

fn on_changed_lines(finding: &Finding, changed: &[ChangedFile]) -> bool {
    let Some(file) = finding.file.as_ref().and_then(|path| changed.iter().find(|file| file.path == *path))
    else {
        return false;
    };
    match finding.line {
        Some(line) if !file.lines.is_empty() => file.lines.iter().any(|(first, last)| {
            line.saturating_add(MARGIN) >= *first && line <= last.saturating_add(MARGIN)
        }),
        _ => true,
    }
}

/// Judges one round.
pub fn judge(rules: Rules, older: &[Older], findings: Vec<Finding>, changed: &[ChangedFile]) -> Judgement {
    let by_number = |number: Option<u32>| older.iter().find(|known| Some(known.number) == number);
    let is_open = |known: &Older| matches!(known.standing, Standing::Open { .. });
    let mut unfixed: Vec<u32> = Vec::new();
    let mut new = Vec::new();
    let mut reversal = false;
    for finding in findings {
        let similar = |which: fn(&Older) -> bool| {
            older.iter().filter(|known| which(known)).find(|known| alike(&known.finding, &finding))
        };
        let said = by_number(finding.resolves);
        // Whoever asks to undo a fix does not repeat what was fixed, however alike the words are.
        let undone = by_number(finding.reverses).filter(|known| known.standing != Standing::Waived);
        let repeated = || similar(|known| matches!(known.standing, Standing::Open { .. }));
        let same = said.filter(|known| is_open(known)).or_else(|| repeated().filter(|_| undone.is_none()));
        if let Some(known) = same {
            if !unfixed.contains(&known.number) {
                unfixed.push(known.number);
            }
            // What was small and is serious now counts from now on, as a critique of its own.
            let rises = finding.severity < known.finding.severity
                && finding.severity <= Severity::Major
                && rules.threshold.blocks(finding.severity)
                && !known.counts;
            if !rises {
                continue;
            }
            let counted = |known: &Older| known.counts && matches!(known.standing, Standing::Open { .. });
            if let Some(counting) = similar(counted) {
                if !unfixed.contains(&counting.number) {
                    unfixed.push(counting.number);
                }
                continue;
            }
        }
        // What a person waived stays waived, in whatever words it comes back.
        let waived = |known: &Older| known.standing == Standing::Waived;
        if said.is_some_and(waived) || similar(|known| known.standing == Standing::Waived).is_some() {
            continue;
        }
        let undone = undone.or(said.filter(|known| known.standing == Standing::Fixed));
        let returned = undone.is_some() || similar(|known| known.standing == Standing::Fixed).is_some();
        let blocks = rules.threshold.blocks(finding.severity);
        let is_late = rules.is_delta
            && rules.new_findings == NewFindings::Changed
            && finding.severity > Severity::Major
            && !on_changed_lines(&finding, changed);
        let counts = blocks && !is_late;
        reversal |= counts && returned;
        new.push(New { finding, counts });
    }
    let fixed = older.iter().filter(|known| is_open(known) && !unfixed.contains(&known.number));
    let fixed: Vec<u32> = fixed.map(|known| known.number).collect();
    let still = |known: &&Older| known.counts && unfixed.contains(&known.number);
    let twice = older
        .iter()
        .filter(still)
        .any(|known| matches!(known.standing, Standing::Open { unfixed } if unfixed >= 1));
    let blocking = older.iter().any(|known| still(&known)) || new.iter().any(|finding| finding.counts);
    let outcome = match (blocking, twice, reversal) {
        (false, _, _) => Outcome::Passed,
        (true, true, _) => Outcome::Stop(StopRule::UnfixedTwice),
        (true, false, true) => Outcome::Stop(StopRule::Reversal),
        (true, false, false) if rules.cycle >= rules.max_cycles => Outcome::Stop(StopRule::CyclesUsedUp),
        (true, false, false) => Outcome::Back,
    };
    Judgement { fixed, unfixed, new, outcome }
}

#[cfg(test)]
mod tests;
