//! What agents and persons said, as they said it: what the log says of it is held against this.

use crate::coverage::Family;
use crate::invariant::Invariant;
use crate::world::World;
use ganger_core::foreman::answer::Confidence;
use ganger_core::ids::{DecisionId, QuestionId, SessionId, WorkItemId};
use ganger_core::message::Address;
use ganger_core::question::QuestionText;
use ganger_core::review::{Finding, Severity};
use ganger_core::session::SessionKind;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::decision::DecisionKind;
use ganger_core::work_item::event::ItemFact;
use ganger_core::work_item::state::{Answerer, CritiqueState, Question, RequestKind, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// What a request may be answered with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Given {
    /// These words.
    Words(String),
    /// That there is no answer, for this reason.
    Nothing(String),
}

impl Given {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Words(words) => words == text,
            Self::Nothing(reason) => {
                text.starts_with("Nobody will answer this question")
                    && text.contains(reason.trim().trim_end_matches('.'))
            }
        }
    }
}

/// Rounds of review since the last word of a person.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Rounds {
    /// Those that sent the work back.
    back: u32,
    /// Those that found something.
    found: u32,
}

/// Everything that was said and given.
#[derive(Default)]
pub(crate) struct Sayings {
    /// What each description of a finding is about.
    pub(crate) topics: BTreeMap<String, u64>,
    /// What each reviewer said that can be read.
    pub(crate) reviews: BTreeMap<SessionId, Vec<Vec<Finding>>>,
    /// What the Foreman of an item said about the question of a number, and whether it was plainly sure.
    pub(crate) proposals: BTreeMap<(Address, u32), Vec<(String, bool)>>,
    /// Decisions that a person said something to.
    pub(crate) spoken_to: BTreeSet<DecisionId>,
    /// The decision that each of a person's words is about, by the number in it.
    pub(crate) words: BTreeMap<u64, DecisionId>,
    /// Repositories whose candidate a person said to take.
    pub(crate) accepts: BTreeSet<(Address, String)>,
    /// The question of each request.
    requests: BTreeMap<(SessionId, u64, String), QuestionId>,
    /// The question of each decision.
    decisions: BTreeMap<DecisionId, QuestionId>,
    /// What was committed as the answer to each question, oldest first.
    answers: BTreeMap<QuestionId, Vec<Given>>,
    ended: BTreeSet<QuestionId>,
    rounds: BTreeMap<(WorkItemId, String), Rounds>,
    /// The question of each number in an answer.
    markers: BTreeMap<String, QuestionId>,
}

/// The numbered words in a text: of a person (`word-7`) and of the Foreman (`ruling-7`).
fn markers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-')).filter(|word| {
        word.strip_prefix("word-")
            .or_else(|| word.strip_prefix("ruling-"))
            .is_some_and(|number| number.parse::<u64>().is_ok())
    })
}

/// What the last message of a turn of the Foreman proposes.
fn spoken_proposal(text: &str) -> Option<(String, bool)> {
    let text = text.trim();
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let (answer, high) = match last.to_lowercase().strip_prefix("confidence: ") {
        Some(word) => (before.trim(), word == "high"),
        None => (text, false),
    };
    (!answer.is_empty()).then(|| (answer.to_owned(), high))
}

impl World {
    /// The last words of a turn, at its end.
    pub(crate) fn note_last_words(&mut self, process: u64) {
        let Some(agent) = self.agents.get(&process) else { return };
        let (item, session, said, findings) =
            (agent.item, agent.session, agent.said.clone(), agent.findings.clone());
        match agent.kind {
            SessionKind::Review => {
                let readable = match &findings {
                    // A pass is one only where nothing else is said.
                    Some(findings) => !findings.is_empty() || said.trim() == "NO_CRITIQUES",
                    None => said.trim() == "NO_CRITIQUES",
                };
                if readable {
                    self.sayings.reviews.entry(session).or_default().push(findings.unwrap_or_default());
                }
            }
            SessionKind::Foreman => {
                if let (Some(number), Some(proposal)) = (agent.number, spoken_proposal(&said)) {
                    self.sayings.proposals.entry((item, number)).or_default().push(proposal);
                }
            }
            SessionKind::Planning | SessionKind::Implementation => {}
        }
    }

    /// The answer of a held call: of the question that was asked, and of no other.
    pub(crate) fn wrong_answer(
        &self,
        address: Address,
        (session, incarnation, call): (SessionId, u64, &str),
        asked: &QuestionText,
        text: &str,
    ) -> Option<String> {
        let Some(id) = self.sayings.requests.get(&(session, incarnation, call.to_owned())) else {
            return Some("no question stands behind it".to_owned());
        };
        let item = self.shadow.item(address)?;
        let question = item.question(*id)?;
        if question.text.key() != asked.key() {
            return Some(format!("it was asked {:?} and stands for {:?}", asked.key(), question.text.key()));
        }
        let shares = |id: SessionId| {
            item.session(id).is_some_and(|session| {
                matches!(session.kind, SessionKind::Implementation | SessionKind::Review)
            })
        };
        if !item.descends(session, question.session) && !(shares(session) && shares(question.session)) {
            return Some("the question is another session's own".to_owned());
        }
        let given = self.sayings.answers.get(id).map(Vec::as_slice).unwrap_or_default();
        let right = given.iter().any(|given| given.is(text));
        (!right).then(|| format!("to it was answered {given:?}"))
    }

    /// What a person says, before it is on its way.
    pub(crate) fn note_command(&mut self, address: Address, command: &ItemCommand) {
        match command {
            ItemCommand::Answer { decision, choices, text } => {
                self.sayings.spoken_to.insert(*decision);
                for number in markers(text).filter_map(|marker| marker.strip_prefix("word-")?.parse().ok()) {
                    self.sayings.words.insert(number, *decision);
                }
                let open = self.shadow.item(address).and_then(|item| item.decision(*decision));
                let repository = open.and_then(|open| open.repository.clone());
                if let Some(repository) = repository.filter(|_| choices.iter().any(|word| word == "accept")) {
                    self.sayings.accepts.insert((address, repository));
                }
            }
            ItemCommand::AnswerAsProposed { decision } | ItemCommand::Skip { decision, .. } => {
                self.sayings.spoken_to.insert(*decision);
            }
            ItemCommand::Accept { repository, .. } => {
                self.sayings.accepts.insert((address, repository.clone()));
            }
            _ => {}
        }
    }

    fn end_of_question(&mut self, id: QuestionId, given: Given) {
        if !self.sayings.ended.insert(id) {
            self.violate(Invariant::OneEnd, format!("{id} ended a second time, with {given:?}"));
        }
        if let Given::Words(text) = &given {
            for marker in markers(text) {
                self.sayings.markers.insert(marker.to_owned(), id);
            }
        }
        self.sayings.answers.entry(id).or_default().push(given);
    }

    /// A person's answer is what a person said to this question.
    fn check_persons_answer(&mut self, question: &Question, text: &str) {
        let about = markers(text)
            .filter_map(|marker| marker.strip_prefix("word-")?.parse().ok())
            .find_map(|number: u64| self.sayings.words.get(&number).copied());
        if let Some(decision) = about
            && self.sayings.decisions.get(&decision) != Some(&question.id)
        {
            let asked = question.text.title();
            self.violate(
                Invariant::Answers,
                format!("{asked:?} was answered with words for another: {text}"),
            );
        }
    }

    fn check_proposal(&mut self, address: Address, question: &Question, answer: &str, high: bool) {
        let said = self
            .sayings
            .proposals
            .get(&(address, question.ordinal))
            .is_some_and(|said| said.iter().any(|(text, sure)| text == answer && *sure == high));
        if !said {
            let sure = if high { "sure" } else { "not sure" };
            let text =
                format!("the Foreman never was {sure} of {answer:?} for question {}", question.ordinal);
            self.violate(Invariant::Confidence, text);
        }
    }

    /// What the log says of questions, against what was said.
    pub(crate) fn note_question(&mut self, address: Address, fact: &ItemFact) {
        let question = |world: &Self, id: QuestionId| {
            world.shadow.item(address).and_then(|item| item.question(id)).cloned()
        };
        match fact {
            ItemFact::RequestOpened {
                session,
                incarnation,
                wire_id,
                request: RequestKind::Question { question },
                ..
            } => {
                self.sayings.requests.insert((*session, *incarnation, wire_id.clone()), *question);
            }
            ItemFact::DecisionOpened(decision) => match &decision.kind {
                DecisionKind::Question { question } => {
                    self.sayings.decisions.insert(decision.id, *question);
                }
                DecisionKind::ReviewStopped { rule, .. } => {
                    self.coverage.hit(Family::StopRule, &format!("{rule:?}"));
                }
                _ => {}
            },
            ItemFact::DecisionResolved { decision, choice: Some(choice), .. } => {
                if !self.sayings.spoken_to.contains(decision) {
                    let text = format!("a decision was moved to {}, and nobody did", choice.word());
                    self.violate(Invariant::Answers, text);
                }
            }
            ItemFact::QuestionProposed { question: id, proposal } => {
                if let Some(question) = question(self, *id) {
                    let high = proposal.confidence == Confidence::High;
                    self.check_proposal(address, &question, &proposal.answer, high);
                }
            }
            ItemFact::QuestionAnswered { question: id, text, by } => {
                let Some(known) = question(self, *id) else { return };
                match by {
                    Answerer::Person => self.check_persons_answer(&known, text),
                    Answerer::Foreman => {
                        self.check_proposal(address, &known, text, true);
                        if known.escalated {
                            let text = format!("the Foreman answered {text:?} in a person's place");
                            self.violate(Invariant::Confidence, text);
                        }
                    }
                }
                self.end_of_question(*id, Given::Words(text.clone()));
            }
            ItemFact::QuestionSkipped { question, reason } => {
                self.end_of_question(*question, Given::Nothing(reason.clone()));
            }
            ItemFact::QuestionDropped { question } => {
                self.end_of_question(*question, Given::Nothing("nobody answers it any more".to_owned()));
            }
            ItemFact::FaqCorrected { question, text } => {
                if !self.sayings.ended.contains(question) {
                    self.violate(Invariant::OneEnd, format!("{question} was corrected before its end"));
                }
                self.sayings.answers.entry(*question).or_default().push(Given::Words(text.clone()));
                for marker in markers(text) {
                    self.sayings.markers.insert(marker.to_owned(), *question);
                }
            }
            ItemFact::SessionTold { session, text } => self.check_told(address, *session, text),
            _ => {}
        }
    }

    /// What a session is told of answers is told to whoever asked.
    fn check_told(&mut self, address: Address, session: SessionId, text: &str) {
        let Some(item) = self.shadow.item(address) else { return };
        let wrong = markers(text).find_map(|marker| {
            let question = item.question(*self.sayings.markers.get(marker)?)?;
            let asked = question.sessions.iter().any(|asker| item.descends(session, *asker));
            (!asked).then(|| format!("{session} was told {marker} and never asked for it"))
        });
        if let Some(text) = wrong {
            self.violate(Invariant::Answers, text);
        }
    }

    /// What the log says of reviews, against what was said.
    pub(crate) fn note_review(&mut self, address: Address, fact: &ItemFact) {
        let Address::WorkItem(id) = address else { return };
        match fact {
            ItemFact::ReviewEnded { session, verdict, .. } => {
                self.check_verdict(address, *session, verdict);
                self.count_round(id, *session, verdict);
            }
            ItemFact::CritiqueRaised(critique) => {
                if critique.reviewer.is_none() {
                    self.sayings.rounds.remove(&(id, critique.repository.clone()));
                }
                self.check_waived(address, &critique.repository, &critique.finding, critique.counts);
            }
            ItemFact::CritiqueWaived { critique, .. } => {
                let repository = self
                    .shadow
                    .item(address)
                    .and_then(|item| item.critique(*critique))
                    .map(|critique| critique.repository.clone());
                if let Some(repository) = repository {
                    self.sayings.rounds.remove(&(id, repository));
                }
            }
            ItemFact::ReimplementationWanted { repository, critiques } => {
                let item = self.shadow.item(address);
                let waived = critiques.iter().find_map(|critique| {
                    let critique = item?.critique(*critique)?;
                    matches!(critique.state, CritiqueState::Waived { .. }).then_some(critique.ordinal)
                });
                if let Some(number) = waived {
                    let text =
                        format!("critique {number} of {repository} was waived and sends the work back");
                    self.violate(Invariant::Waived, text);
                }
            }
            ItemFact::CandidateTakenAsIs { repository, .. } => {
                self.sayings.rounds.remove(&(id, repository.clone()));
                if !self.sayings.accepts.contains(&(address, repository.clone())) {
                    let text = format!("{repository} was taken as it is, and nobody said so");
                    self.violate(Invariant::ProvenIsPublished, text);
                }
            }
            ItemFact::SubPlanRetried { repository } => {
                self.sayings.rounds.remove(&(id, repository.clone()));
            }
            ItemFact::SubPlanProven { repository } => self.check_proven(address, repository),
            _ => {}
        }
    }

    /// No pass from a review that nobody can read, and none over what must be mended.
    fn check_verdict(&mut self, address: Address, reviewer: SessionId, verdict: &Verdict) {
        if matches!(verdict, Verdict::Failed { .. }) {
            return;
        }
        let Some(item) = self.shadow.item(address) else { return };
        let repository = item.session(reviewer).and_then(|session| session.repository.clone());
        let repository = repository.unwrap_or_default();
        let threshold = item.settings.review.clone().unwrap_or_default().pass_threshold;
        let said = self.sayings.reviews.get(&reviewer).map(Vec::as_slice).unwrap_or_default();
        let waived = |finding: &Finding| {
            item.critiques_of(&repository).any(|critique| {
                let same = Some(critique.ordinal) == finding.resolves
                    || self.topic(&critique.finding).is_some_and(|topic| self.topic(finding) == Some(topic));
                same && matches!(critique.state, CritiqueState::Waived { .. })
            })
        };
        // Below that, whether a finding is late is the core's to know.
        let must = |finding: &&Finding| {
            threshold.blocks(finding.severity) && finding.severity <= Severity::Major && !waived(finding)
        };
        let passes = said.iter().any(|findings| !findings.iter().any(|finding| must(&finding)));
        let text = if said.is_empty() {
            format!("{verdict:?} for {repository} from a review that cannot be read")
        } else if *verdict == Verdict::Passed && !passes {
            format!("{repository} passed, and its review says {said:?}")
        } else {
            return;
        };
        self.violate(Invariant::ReadableReview, text);
    }

    fn topic(&self, finding: &Finding) -> Option<u64> {
        self.sayings.topics.get(&finding.description).copied()
    }

    fn count_round(&mut self, id: WorkItemId, reviewer: SessionId, verdict: &Verdict) {
        let Some(item) = self.shadow.item(Address::WorkItem(id)) else { return };
        let max = item.settings.review.clone().unwrap_or_default().max_cycles;
        let Some(repository) = item.session(reviewer).and_then(|session| session.repository.clone()) else {
            return;
        };
        let rounds = self.sayings.rounds.entry((id, repository.clone())).or_default();
        rounds.back += u32::from(*verdict == Verdict::Back);
        rounds.found += u32::from(matches!(verdict, Verdict::Back | Verdict::Stopped { .. }));
        let rounds = *rounds;
        if rounds.back >= max || rounds.found > max {
            let text = format!("{rounds:?} of {repository} since a person's last word, {max} may be");
            self.violate(Invariant::Rounds, text);
        }
    }

    /// What a person waived does not come back in other words.
    fn check_waived(&mut self, address: Address, repository: &str, finding: &Finding, counts: bool) {
        let Some(topic) = self.topic(finding).filter(|_| counts) else { return };
        let Some(item) = self.shadow.item(address) else { return };
        let waived = item.critiques_of(repository).any(|critique| {
            matches!(critique.state, CritiqueState::Waived { .. })
                && self.topic(&critique.finding) == Some(topic)
        });
        if waived {
            let text = format!("{:?} in {repository} was waived and counts again", finding.description);
            self.violate(Invariant::Waived, text);
        }
    }

    /// Of what is good enough nothing is left open that blocks.
    fn check_proven(&mut self, address: Address, repository: &str) {
        let Some(item) = self.shadow.item(address) else { return };
        let Some(candidate) = item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.candidate()) else {
            return;
        };
        let open = item
            .critiques_of(repository)
            .find(|critique| critique.counts && critique.state == CritiqueState::Open)
            .filter(|_| candidate.accepted.is_none());
        if let Some(critique) = open {
            let text = format!("{repository} is proven, and critique {} is open", critique.ordinal);
            self.violate(Invariant::NothingLeftOpen, text);
        }
    }
}
