//! The person: says all kinds of things at all kinds of times, and helps when asked to.

use crate::daemon::KernelInput;
use crate::plans;
use crate::planted::Planted;
use crate::world::{Happening, World};
use ganger_core::ids::{CritiqueId, DecisionId, QuestionId, SessionId, WorkItemId};
use ganger_core::message::{Address, Ticket};
use ganger_core::site::SiteCommand;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::decision::{Decision, DecisionKind};
use ganger_core::work_item::state::{PlanningStage, Question};
use ganger_core::work_item::status::{Status, status};
use ganger_orchestrator::kernel::CommandOutcome;
use ganger_orchestrator::kernel::any::AnyCommand;
use std::collections::BTreeMap;

/// What the person remembers.
#[derive(Default)]
pub(crate) struct Person {
    /// Commands without an answer.
    pending: BTreeMap<String, (Address, AnyCommand)>,
    accepted: Vec<String>,
    bodies: BTreeMap<String, String>,
    created: usize,
    /// Draft files, by planning session. They are the agents'; the person's desk is as good a place as any.
    pub(crate) drafts: BTreeMap<SessionId, String>,
}

impl Person {
    /// What was said under a key.
    pub(crate) fn body_of(&self, key: &str) -> &str {
        self.bodies.get(key).map_or("", String::as_str)
    }
}

impl World {
    fn say_command(&mut self, to: Address, command: AnyCommand) {
        let key = match self.person.accepted.len() {
            // Now and then a script uses a key again.
            known if known > 3 && !self.calm && self.random.chance(15) => {
                self.person.accepted[known - 1].clone()
            }
            _ => format!("p-{}", self.fresh()),
        };
        self.say(|| format!("person {key}: {command:?}").chars().take(300).collect::<String>());
        self.person.bodies.insert(key.clone(), format!("{command:?}"));
        if let AnyCommand::Item(command) = &command {
            self.note_command(to, command);
        }
        let command = self.misdirect(to, command);
        self.person.pending.insert(key.clone(), (to, command.clone()));
        self.tell(to, 20, KernelInput::Command { command, key: Some(key) });
    }

    /// The planted bug of a terminal that sends an answer to another question.
    fn misdirect(&mut self, to: Address, command: AnyCommand) -> AnyCommand {
        let AnyCommand::Item(ItemCommand::Answer { decision, choices, text }) = &command else {
            return command;
        };
        if self.planted != Some(Planted::OtherQuestionAnswered) || choices.iter().any(|word| !word.is_empty())
        {
            return command;
        }
        let other = self.shadow.item(to).and_then(|item| {
            let is_other =
                |open: &&Decision| open.id != *decision && matches!(open.kind, DecisionKind::Question { .. });
            item.decisions.iter().find(is_other).map(|open| open.id)
        });
        match other {
            Some(decision) => {
                let (choices, text) = (choices.clone(), text.clone());
                self.sayings.spoken_to.insert(decision);
                AnyCommand::Item(ItemCommand::Answer { decision, choices, text })
            }
            None => command,
        }
    }

    /// The planted bug of a terminal that takes what a review stopped.
    fn accept_unasked(&mut self) {
        let stopped = self.shadow.items().find_map(|item| {
            let open =
                item.decisions.iter().find(|open| matches!(open.kind, DecisionKind::ReviewStopped { .. }))?;
            Some((Address::WorkItem(item.id?), open.repository.clone()?))
        });
        if let Some((to, repository)) = stopped {
            let command = AnyCommand::Item(ItemCommand::Accept { repository, because: String::new() });
            self.tell(to, 20, KernelInput::Command { command, key: None });
        }
    }

    pub(crate) fn person_hears(&mut self, key: &str, outcome: &CommandOutcome) {
        match outcome {
            CommandOutcome::Accepted => {
                if self.person.pending.remove(key).is_some() {
                    self.person.accepted.push(key.to_owned());
                }
            }
            CommandOutcome::Rejected(rejection) => {
                self.say(|| format!("person {key} hears: {rejection}"));
                self.person.pending.remove(key);
            }
            CommandOutcome::NotStored(_) => {
                if let Some((to, command)) = self.person.pending.get(key).cloned() {
                    self.tell(to, 2_000, KernelInput::Command { command, key: Some(key.to_owned()) });
                }
            }
        }
    }

    /// A new daemon: what was not answered is said again, under the same key.
    pub(crate) fn person_returns(&mut self) {
        for (key, (to, command)) in self.person.pending.clone() {
            self.tell(to, 500, KernelInput::Command { command, key: Some(key) });
        }
    }

    pub(crate) fn person_acts(&mut self) {
        if self.calm {
            return;
        }
        self.soon(30_000, Happening::Person);
        if !self.daemon.as_ref().is_some_and(|daemon| daemon.ready) {
            return;
        }
        if self.planted == Some(Planted::AcceptedUnasked) {
            self.accept_unasked();
        }
        if self.person.created < self.items.len() && (self.person.created == 0 || self.random.chance(300)) {
            self.create();
            return;
        }
        let created: Vec<WorkItemId> = self.items.iter().take(self.person.created).copied().collect();
        let Some(id) = self.random.pick(&created).copied() else { return };
        let address = Address::WorkItem(id);
        // Now and then two terminals speak at once.
        for _ in 0..if self.random.chance(150) { 2 } else { 1 } {
            let command = match self.shadow.item(address).cloned() {
                Some(item) if item.id.is_some() => self.whim(&item),
                _ => Some(ItemCommand::Publish {}),
            };
            if let Some(command) = command {
                self.say_command(address, AnyCommand::Item(command));
            }
        }
    }

    fn create(&mut self) {
        let Some(item) = self.items.get(self.person.created).copied() else { return };
        if self.create_item(item) {
            self.person.created += 1;
        }
    }

    /// Says that an item should be; whether it is said in a way that can be understood.
    fn create_item(&mut self, item: WorkItemId) -> bool {
        let title = if self.fails(50) { " " } else { "Add a limit" };
        let direct = self.random.chance(100);
        let only = self.git.repositories.first().map(|repository| repository.name.clone());
        let ticket = Ticket {
            title: title.to_owned(),
            description: "As agreed.".to_owned(),
            // A plan without a planner is for one repository.
            repositories: only.into_iter().filter(|_| direct).collect(),
            bases: Vec::new(),
            direct,
        };
        let command = SiteCommand::CreateItem { item, workspace: self.workspace, ticket };
        self.say_command(Address::Site, AnyCommand::Site(command));
        title != " "
    }

    fn names(item: &WorkItem) -> Vec<String> {
        item.planning.bases.iter().map(|base| base.name.clone()).collect()
    }

    /// Something, mostly to the point.
    fn whim(&mut self, item: &WorkItem) -> Option<ItemCommand> {
        let settings = self.settings.clone();
        let idle = item.approval.is_none() && item.planning.stage == PlanningStage::Idle;
        if idle && self.random.chance(800) {
            return Some(ItemCommand::Start { settings });
        }
        let plan_waits = item.waiting_plan().is_some();
        if plan_waits && self.random.chance(700) {
            return Some(self.about_the_plan(item));
        }
        if let Some(decision) = self.random.pick(&item.decisions).cloned()
            && self.random.chance(750)
        {
            return Some(self.about_a_decision(item, &decision));
        }
        if item.planning.stage == PlanningStage::Proposed && self.random.chance(120) {
            return Some(self.about_another_plan(item));
        }
        if item.approval.is_some() && self.random.chance(350) {
            return Some(self.about_the_work(item));
        }
        let mut names = Self::names(item);
        names.push("no-such".to_owned());
        let repository = if self.random.chance(500) { self.random.pick(&names).cloned() } else { None };
        Some(match self.random.below(20) {
            0..3 => ItemCommand::Stop { repository },
            3..6 => ItemCommand::Retry {
                repository,
                text: if self.random.chance(300) { "look again".to_owned() } else { String::new() },
                fresh: false,
                agent: None,
                settings,
            },
            6..8 => ItemCommand::Publish {},
            8 => ItemCommand::Start { settings },
            9 => self.about_the_plan(item),
            10 => ItemCommand::Answer {
                decision: DecisionId::new(u128::from(self.random.word()).into()),
                choices: Vec::new(),
                text: "yes".to_owned(),
            },
            _ => return None,
        })
    }

    fn about_the_plan(&mut self, item: &WorkItem) -> ItemCommand {
        let names = Self::names(item);
        let current = item.plan().map(|plan| plan.digest.clone());
        match self.random.below(12) {
            0 => ItemCommand::Approve { digest: Some("sha256:00000000".to_owned()) },
            1 => whole(plans::broken(&mut self.random, &names)),
            2 => whole(plans::valid(&mut self.random, &names)),
            3 => whole(item.plan().map(|plan| plan.document.clone()).unwrap_or_default()),
            4 => ItemCommand::Reject { text: "not like this".to_owned() },
            5..8 => ItemCommand::Approve { digest: None },
            _ => ItemCommand::Approve { digest: current },
        }
    }

    /// Changes of a plan, whatever stands: of the one that waits, of one that is carried out, of one that is done.
    fn about_another_plan(&mut self, item: &WorkItem) -> ItemCommand {
        let mut names = Self::names(item);
        if self.random.chance(100) {
            names.push("no-such".to_owned());
        }
        let repository = self.random.pick(&names).cloned().unwrap_or_default();
        let document = item.plan_to_change().map(|plan| plan.document.clone()).unwrap_or_default();
        match self.random.below(10) {
            0..5 => {
                let repository = self.random.chance(500).then_some(repository);
                let text = if self.random.chance(900) { "otherwise".to_owned() } else { " ".to_owned() };
                let settings = self.settings.clone();
                if item.completed {
                    ItemCommand::FollowUp { repository, text, settings }
                } else {
                    ItemCommand::Revise { repository, text, settings }
                }
            }
            5 | 6 => ItemCommand::Drop { repository },
            7 => whole(document),
            8 => whole(document.replace("- none known", "- hardly any")),
            _ => self.about_the_plan(item),
        }
    }

    /// Words that show what they are about.
    fn words(&mut self, decision: &Decision) -> String {
        let about: String = decision.text.chars().take(60).collect();
        format!("word-{} about {about}", self.fresh())
    }

    fn about_a_decision(&mut self, item: &WorkItem, decision: &Decision) -> ItemCommand {
        let words = self.words(decision);
        let id = decision.id;
        if let DecisionKind::Question { question } = &decision.kind
            && let Some(question) = item.question(*question)
        {
            let question = question.clone();
            return self.about_a_question(id, &question, words);
        }
        let choices = decision.kind.choices();
        let choice = self.random.pick(choices).map(|choice| choice.word().to_owned());
        let (choices, text) = match self.random.below(40) {
            0 => return ItemCommand::AnswerAsProposed { decision: id },
            1 => return ItemCommand::Skip { decision: id, text: words },
            2 => (vec!["dance".to_owned()], words),
            3 => (Vec::new(), String::new()),
            4 | 5 => (choice.into_iter().collect(), String::new()),
            6 | 7 => (Vec::new(), words),
            8 => (vec!["stop".to_owned(), "retry".to_owned()], words),
            9..12 => {
                return ItemCommand::Retry {
                    repository: decision.repository.clone(),
                    text: if self.random.chance(500) { words } else { String::new() },
                    fresh: self.random.chance(700),
                    agent: self.random.chance(400).then(|| "other".to_owned()),
                    settings: self.settings.clone(),
                };
            }
            _ => (choice.into_iter().collect(), words),
        };
        ItemCommand::Answer { decision: id, choices, text }
    }

    fn about_a_question(&mut self, decision: DecisionId, question: &Question, words: String) -> ItemCommand {
        let parts = question.text.parts.len();
        let answer = |choices: Vec<String>, text| ItemCommand::Answer { decision, choices, text };
        match self.random.below(20) {
            0 | 1 => ItemCommand::AnswerAsProposed { decision },
            2..5 => ItemCommand::Discuss { decision, text: words },
            5 => ItemCommand::Discuss { decision, text: " ".to_owned() },
            6 => ItemCommand::Skip { decision, text: words },
            7 => ItemCommand::Skip { decision, text: String::new() },
            8 => answer(vec!["9".to_owned()], words),
            9 => answer(vec!["1".to_owned(); parts + 1], words),
            10 => answer(Vec::new(), " ".to_owned()),
            11 => answer(vec!["1,2".to_owned(); parts], words),
            12..16 => {
                let typed = *self.random.pick(&["1", "b", "LEFT", "right"]).unwrap_or(&"1");
                let text = if self.random.chance(500) { words } else { String::new() };
                answer(vec![typed.to_owned(); parts], text)
            }
            _ => answer(Vec::new(), words),
        }
    }

    /// What a person says of critiques, candidates and the FAQ, whatever waits.
    fn about_the_work(&mut self, item: &WorkItem) -> ItemCommand {
        let mut names = Self::names(item);
        if self.random.chance(50) {
            names.push("no-such".to_owned());
        }
        let repository = self.random.pick(&names).cloned().unwrap_or_default();
        let because = if self.random.chance(500) { "it is well".to_owned() } else { String::new() };
        match self.random.below(10) {
            0..3 => {
                let mut finding = self.new_finding();
                if self.random.chance(50) {
                    finding.description = " ".to_owned();
                }
                ItemCommand::Comment { repository, finding, send: self.random.chance(500) }
            }
            3..6 => {
                let known: Vec<CritiqueId> = item.critiques.iter().map(|critique| critique.id).collect();
                let critique = match self.random.pick(&known) {
                    Some(critique) if self.random.chance(900) => *critique,
                    _ => CritiqueId::new(u128::from(self.random.word()).into()),
                };
                ItemCommand::Waive { critique, because }
            }
            6 | 7 => ItemCommand::Accept { repository, because },
            _ => {
                let known: Vec<&Question> = item.questions.iter().collect();
                let question = self.random.pick(&known).map(|question| (*question).clone());
                let number = self.fresh();
                let text = match (self.random.below(8), question.as_ref().and_then(Question::answer)) {
                    (0, _) => " ".to_owned(),
                    (1, Some(answer)) => answer.text.clone(),
                    _ => format!("word-{number}: the other way round"),
                };
                let unknown = QuestionId::new(u128::from(self.random.word()).into());
                let question = question.map_or(unknown, |question| question.id);
                ItemCommand::Correct { question, text }
            }
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.items.iter().all(|id| {
            let item = self.shadow.item(Address::WorkItem(*id));
            item.is_some_and(|item| status(item) == Status::Completed)
        })
    }

    /// Does for every item what brings it further.
    pub(crate) fn help(&mut self) {
        self.person.pending.clear();
        self.person.created = self.items.len();
        for id in self.items.clone() {
            let address = Address::WorkItem(id);
            let Some(item) = self.shadow.item(address).cloned() else {
                self.create_item(id);
                continue;
            };
            let settings = self.settings.clone();
            if item.approval.is_none()
                && item.planning.stage == PlanningStage::Idle
                && item.decisions.is_empty()
            {
                self.say_command(address, AnyCommand::Item(ItemCommand::Start { settings }));
            }
            for decision in &item.decisions {
                let command = self.help_with(&item, decision);
                self.say_command(address, AnyCommand::Item(command));
            }
        }
    }

    fn help_with(&mut self, item: &WorkItem, decision: &Decision) -> ItemCommand {
        if let (DecisionKind::RemoteMoved { repository }, branch) = (&decision.kind, &item.branch)
            && let Some(known) = self.git.repository_mut(repository)
        {
            // The person puts the branch back to where ganger left it.
            match item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.published.clone()) {
                Some(commit) => known.remote.insert(branch.clone(), commit),
                None => known.remote.remove(branch),
            };
        }
        let helpful = ["approve", "allow", "publish", "retry", "accept", "tell", "answer"];
        let choices: Vec<&str> = decision.kind.choices().iter().map(|choice| choice.word()).collect();
        let word = helpful.iter().find(|word| choices.contains(word)).copied();
        let (words, id) = (self.words(decision), decision.id);
        let choice = match &decision.kind {
            DecisionKind::Question { question } => {
                let proposed = item.question(*question).is_some_and(|question| question.proposal.is_some());
                if proposed && self.random.chance(300) {
                    return ItemCommand::AnswerAsProposed { decision: id };
                }
                None
            }
            // What a change that waits would change may have begun meanwhile: then it can only be refused.
            DecisionKind::Plan { .. } if item.approval.is_some() && self.random.chance(300) => Some("reject"),
            DecisionKind::ReviewStopped { .. } if self.random.chance(500) => Some("tell"),
            DecisionKind::CandidateMissing { .. } => Some("tell"),
            DecisionKind::Budget => {
                return ItemCommand::Answer {
                    decision: id,
                    choices: vec!["raise".to_owned()],
                    text: "1000".to_owned(),
                };
            }
            _ => word,
        };
        let choices = choice.map(str::to_owned).into_iter().collect();
        ItemCommand::Answer { decision: id, choices, text: words }
    }
}

/// An edit of the whole plan, whatever stands.
fn whole(document: String) -> ItemCommand {
    ItemCommand::Edit { document, section: None, version: None }
}
