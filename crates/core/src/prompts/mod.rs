//! The texts that agents read, from template files. A text is a function of its data alone, so a prompt frozen in
//! an intent is the same in every replay. A name that a template uses and its data lacks is an error, which the
//! snapshots of every template find.

mod data;
mod judging;
mod templates;

pub use data::{
    Answered, BrokenCheck, CheckCommand, CorrectionTemplateData, EarlierResult, FollowUpData,
    HeadElsewhereData, ImplementationData, NoCommitData, PlanningData, PlanningRepository, RepairData,
    RepoResultSummary, ResumeData, RevisionData, SiblingRepository, TicketData, ToldData, WorktreeStanding,
};
pub use judging::{
    CheckEvidence, CritiqueData, FaqEntry, ForemanData, QuestionData, QuestionPartData, ReimplementationData,
    ReviewData,
};
pub use templates::{ForemanTemplates, ImplementationTemplates, PlanningTemplates, ReviewTemplates};

#[cfg(test)]
mod tests;
