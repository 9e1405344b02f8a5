//! Reviews and critiques.

use super::{Names, timestamp};
use ganger_api::review::{
    AcceptanceView, CritiqueState as StateView, CritiqueView, ReviewVerdict, ReviewView,
    Severity as SeverityView,
};
use ganger_core::review::Severity;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::state::{Critique, CritiqueState, Review, SubPlan, Verdict};

/// The API's severity.
pub const fn severity(severity: Severity) -> SeverityView {
    match severity {
        Severity::Critical => SeverityView::Critical,
        Severity::Major => SeverityView::Major,
        Severity::Minor => SeverityView::Minor,
        Severity::Nit => SeverityView::Nit,
    }
}

/// The core's severity.
pub const fn severity_of(severity: SeverityView) -> Severity {
    match severity {
        SeverityView::Critical => Severity::Critical,
        SeverityView::Major => Severity::Major,
        SeverityView::Minor => Severity::Minor,
        SeverityView::Nit => Severity::Nit,
    }
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn handle(item: &WorkItem, id: ganger_core::ids::SessionId) -> String {
    item.session(id).map(|session| item.session_handle(session)).unwrap_or_default()
}

/// A critique.
pub fn critique(item: &WorkItem, critique: &Critique, names: &dyn Names) -> CritiqueView {
    let (state, because, fixed_in) = match &critique.state {
        CritiqueState::Open => (StateView::Open, None, None),
        CritiqueState::Fixed { candidate } => (StateView::Fixed, None, Some(*candidate)),
        CritiqueState::Waived { because } => (StateView::Waived, filled(because), None),
    };
    CritiqueView {
        id: critique.id.to_string(),
        handle: names.critique(&critique.id.to_string()),
        severity: severity(critique.finding.severity),
        file: critique.finding.file.clone(),
        line: critique.finding.line,
        description: critique.finding.description.clone(),
        suggestion: filled(&critique.finding.suggestion),
        state,
        because,
        fixed_in,
        counts: critique.counts,
        by: critique.reviewer.map_or_else(|| "you".to_owned(), |id| handle(item, id)),
        candidate: critique.candidate,
        unfixed: critique.unfixed,
        at: timestamp(critique.at.wall_ms),
    }
}

/// The critiques of a repository, oldest first.
pub fn critiques(item: &WorkItem, repository: &str, names: &dyn Names) -> Vec<CritiqueView> {
    item.critiques_of(repository).map(|one| critique(item, one, names)).collect()
}

/// The critiques of a repository that are not settled: those that send the work back first, then by severity.
pub fn open_critiques(item: &WorkItem, repository: &str, names: &dyn Names) -> Vec<CritiqueView> {
    let mut open = critiques(item, repository, names);
    open.retain(|critique| critique.state == StateView::Open);
    open.sort_by_key(|critique| (!critique.counts, critique.severity));
    open
}

fn review(item: &WorkItem, repository: &str, review: &Review, names: &dyn Names) -> ReviewView {
    let (verdict, reason) = match &review.verdict {
        None => (ReviewVerdict::Running, None),
        Some(Verdict::Passed) => (ReviewVerdict::Passed, None),
        Some(Verdict::Back) => (ReviewVerdict::Back, None),
        Some(Verdict::Stopped { rule }) => (ReviewVerdict::Stopped, Some(rule.words().to_owned())),
        Some(Verdict::Failed { reason }) => (ReviewVerdict::Failed, Some(reason.clone())),
    };
    let raised = item.critiques_of(repository).filter(|critique| critique.reviewer == Some(review.session));
    ReviewView {
        round: review.number,
        candidate: review.candidate,
        reviewer: handle(item, review.session),
        agent: item.session(review.session).map(|session| session.agent.clone()).unwrap_or_default(),
        verdict,
        reason,
        raised: raised.map(|critique| names.critique(&critique.id.to_string())).collect(),
    }
}

/// The reviews of a repository, oldest first.
pub fn reviews(item: &WorkItem, repository: &str, sub_plan: &SubPlan, names: &dyn Names) -> Vec<ReviewView> {
    sub_plan.reviews.iter().map(|one| review(item, repository, one, names)).collect()
}

/// A person's word that the newest candidate is taken as it is.
pub fn acceptance(sub_plan: &SubPlan) -> Option<AcceptanceView> {
    let candidate = sub_plan.candidate()?;
    let because = candidate.accepted.as_deref()?;
    Some(AcceptanceView { candidate: candidate.number, because: filled(because) })
}
