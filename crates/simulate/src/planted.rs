//! Bugs planted on purpose, to show that the invariants see them. Each is a mistake that a shell around the kernel
//! could make; none is in the kernel.

/// A planted bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// A repeated message gets a new number, so that the addressee takes it for another one.
    MessageRenumbered,
    /// Each prompt is written to the agent twice.
    PromptTwice,
    /// After attaching again the journal is read from its head and not from its beginning.
    JournalSkipped,
    /// The outcome of a failed attempt is reported a second time, as a success of the next attempt.
    LateOutcome,
    /// A push takes the tip of the base for the commit.
    OtherCommitPushed,
    /// A slot's release is receipted and thrown away.
    ReleaseLost,
    /// An effect runs before its intent is durable.
    EffectBeforeCommit,
    /// The answer to one held call goes to another one.
    AnswersCrossed,
    /// A check counts as passed without having been run.
    StaleCheck,
    /// The Foreman's last message is read with a confidence that it did not state.
    ConfidenceInvented,
    /// A reviewer's silence is read as a pass.
    SilenceIsAPass,
    /// The last message of another agent is read.
    OtherMessageRead,
    /// A terminal sends a person's answer to another question that waits.
    OtherQuestionAnswered,
    /// A terminal takes candidates that a review stopped by itself.
    AcceptedUnasked,
}

impl Planted {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::MessageRenumbered,
        Self::PromptTwice,
        Self::JournalSkipped,
        Self::LateOutcome,
        Self::OtherCommitPushed,
        Self::ReleaseLost,
        Self::EffectBeforeCommit,
        Self::AnswersCrossed,
        Self::StaleCheck,
        Self::ConfidenceInvented,
        Self::SilenceIsAPass,
        Self::OtherMessageRead,
        Self::OtherQuestionAnswered,
        Self::AcceptedUnasked,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessageRenumbered => "message-renumbered",
            Self::PromptTwice => "prompt-twice",
            Self::JournalSkipped => "journal-skipped",
            Self::LateOutcome => "late-outcome",
            Self::OtherCommitPushed => "other-commit-pushed",
            Self::ReleaseLost => "release-lost",
            Self::EffectBeforeCommit => "effect-before-commit",
            Self::AnswersCrossed => "answers-crossed",
            Self::StaleCheck => "stale-check",
            Self::ConfidenceInvented => "confidence-invented",
            Self::SilenceIsAPass => "silence-is-a-pass",
            Self::OtherMessageRead => "other-message-read",
            Self::OtherQuestionAnswered => "other-question-answered",
            Self::AcceptedUnasked => "accepted-unasked",
        }
    }
}
