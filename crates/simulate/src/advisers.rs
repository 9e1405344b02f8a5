//! Reviewers and the Foreman: agents that judge and answer, well and badly, by our tools and by plain text.

use crate::script::Deed;
use crate::world::World;
use ganger_core::ids::SessionId;
use ganger_core::message::Address;
use ganger_core::review::{Finding, Severity};
use ganger_core::work_item::state::{Critique, CritiqueState, TurnPurpose};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A word that no other number has: five letters, so that no stem of two words is the same.
fn word(number: u64) -> String {
    let letters = (0..5).map(|place| {
        let digit = number / 21_u64.pow(place) % 21;
        // Without vowels no common word comes about.
        char::from(b"bcdfghjklmnpqrstvwxyz"[usize::try_from(digit).unwrap_or(0)])
    });
    letters.collect()
}

/// What is wrong, in one of several wordings of the same thing.
fn wording(topic: u64, variant: u64) -> String {
    let word = |index: u64| word(topic * 8 + index);
    let (a, b, c, d, e) = (word(0), word(1), word(2), word(3), word(4));
    match variant {
        0 => format!("The {a} of {b} is not {c} when {d} grows {e}"),
        1 => format!("when {d} grows {e}, the {b} of {a} still is not {c}"),
        _ => format!("{a} keeps {b} and {c} for {}", word(5)),
    }
}

/// A block of the text form.
fn block(finding: &Finding) -> String {
    let mut text = "\nCRITIQUE\n".to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "File: {}", finding.file.as_deref().unwrap_or("general"));
    if let Some(line) = finding.line {
        let _ = writeln!(text, "Line: {line}");
    }
    let _ = writeln!(text, "Severity: {}\nDescription: {}", finding.severity.word(), finding.description);
    for (name, number) in [("Resolves", finding.resolves), ("Reverses", finding.reverses)] {
        if let Some(number) = number {
            let _ = writeln!(text, "{name}: c{number}");
        }
    }
    text.push_str("END_CRITIQUE\n");
    text
}

fn as_json(finding: &Finding) -> Value {
    let mut value = json!({"file": finding.file.as_deref().unwrap_or("general"),
        "severity": finding.severity.word(), "description": finding.description});
    for (name, number) in
        [("line", finding.line), ("resolves", finding.resolves), ("reverses", finding.reverses)]
    {
        if let Some(number) = number {
            value[name] = json!(number);
        }
    }
    value
}

impl World {
    /// A finding about something new.
    pub(crate) fn new_finding(&mut self) -> Finding {
        let topic = self.fresh();
        let file = self.random.pick(&[Some("src/lib.rs"), Some("src/limit.rs"), None]).copied().flatten();
        let description = wording(topic, 0);
        self.sayings.topics.insert(description.clone(), topic);
        Finding {
            file: file.map(str::to_owned),
            line: file.filter(|_| self.random.chance(800)).map(|_| self.random.within(1, 80) as u32),
            severity: *self.random.pick(&Severity::ALL).unwrap_or(&Severity::Major),
            description,
            suggestion: String::new(),
            resolves: None,
            reverses: None,
        }
    }

    /// What a critique says, said again: in the same or in new words.
    fn again(&mut self, critique: &Critique) -> Finding {
        let mut finding = critique.finding.clone();
        (finding.resolves, finding.reverses) = (None, None);
        if let Some(topic) = self.sayings.topics.get(&finding.description).copied() {
            // The third wording has so little in common that only the place shows what it is.
            let variants = if finding.line.is_some() { 3 } else { 2 };
            finding.description = wording(topic, self.random.below(variants));
            self.sayings.topics.insert(finding.description.clone(), topic);
        }
        if let Some(line) = &mut finding.line {
            *line = line.saturating_add_signed(self.random.within(0, 2) as i32 - 1).max(1);
        }
        if self.random.chance(150) {
            finding.severity = *self.random.pick(&Severity::ALL).unwrap_or(&Severity::Major);
        }
        finding
    }

    fn findings(&mut self, older: &[Critique]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for critique in older {
            let draw = self.random.below(100);
            let repeated = match critique.state {
                CritiqueState::Open => draw < 45,
                CritiqueState::Fixed { .. } => draw < 12,
                CritiqueState::Waived { .. } => draw < 50,
            };
            if !repeated {
                continue;
            }
            let mut finding = self.again(critique);
            match self.random.below(10) {
                0..5 => finding.resolves = Some(critique.ordinal),
                5 => finding.resolves = Some(self.random.within(1, older.len() as u64 + 1) as u32),
                6 | 7 => finding.reverses = Some(critique.ordinal),
                _ => {}
            }
            findings.push(finding);
        }
        for _ in 0..*self.random.pick(&[0, 0, 0, 1, 1, 2, 4]).unwrap_or(&0) {
            let mut finding = self.new_finding();
            if self.random.chance(60) {
                finding.resolves = Some(self.random.within(1, 4) as u32);
            }
            if self.random.chance(60) {
                finding.reverses = Some(self.random.within(1, 4) as u32);
            }
            findings.push(finding);
        }
        findings
    }

    pub(crate) fn review_script(&mut self, address: Address, session: SessionId) -> Vec<Deed> {
        let mut script = Vec::new();
        let older: Vec<Critique> = self
            .shadow
            .item(address)
            .and_then(|item| {
                let repository = item.session(session)?.repository.clone()?;
                Some(item.critiques_of(&repository).cloned().collect())
            })
            .unwrap_or_default();
        if self.random.chance(150) {
            let ask = self.question("ask_foreman", &session.to_string());
            script.push(ask);
        }
        let findings = self.findings(&older);
        match self.random.below(20) {
            0 => {}
            1 => script.push(Deed::UnknownTool),
            2..9 => self.speak_review(&mut script, findings),
            _ => {
                if self.random.chance(150) {
                    let arguments = match self.random.below(3) {
                        0 => json!({"verdict": "lgtm"}),
                        1 => json!({"verdict": "no_critiques", "critiques": [{"description": "but this"}]}),
                        _ => json!({"verdict": "critiques", "critiques": []}),
                    };
                    script.push(Deed::Review { arguments, findings: None });
                }
                if self.random.chance(900) {
                    let verdict = if findings.is_empty() { "no_critiques" } else { "critiques" };
                    let list: Vec<Value> = findings.iter().map(as_json).collect();
                    let arguments = json!({"verdict": verdict, "critiques": list});
                    script.push(Deed::Review { arguments, findings: Some(findings) });
                }
                // What it says besides does not count.
                if self.random.chance(100) {
                    script.push(Deed::Speak { text: "NO_CRITIQUES".to_owned(), findings: None });
                }
            }
        }
        self.spoil(&mut script);
        script
    }

    fn speak_review(&mut self, script: &mut Vec<Deed>, findings: Vec<Finding>) {
        if self.random.chance(200) {
            script.push(Deed::Say);
        }
        let blocks: String = findings.iter().map(block).collect();
        let (text, findings) = match self.random.below(8) {
            0 => ("Looks good to me.".to_owned(), None),
            1 => (format!("{blocks}\nNO_CRITIQUES\nbut nearly"), None),
            2 => (format!("{blocks}\nCRITIQUE\nDescription: it breaks"), None),
            _ if findings.is_empty() => ("NO_CRITIQUES".to_owned(), Some(findings)),
            _ => (blocks, Some(findings)),
        };
        script.push(Deed::Speak { text, findings });
    }

    pub(crate) fn calm_review_script() -> Vec<Deed> {
        let arguments = json!({"verdict": "no_critiques", "critiques": []});
        vec![Deed::Review { arguments, findings: Some(Vec::new()) }]
    }

    /// The number of the question that a turn of the Foreman is for.
    pub(crate) fn asked_number(&self, address: Address, session: SessionId) -> Option<u32> {
        fn of(purpose: &TurnPurpose) -> Option<ganger_core::ids::QuestionId> {
            match purpose {
                TurnPurpose::AnswerQuestion { question } | TurnPurpose::Discuss { question, .. } => {
                    Some(*question)
                }
                TurnPurpose::Resume { interrupted } => of(interrupted),
                _ => None,
            }
        }
        let item = self.shadow.item(address)?;
        let question = of(&item.session(session)?.turn.as_ref()?.purpose)?;
        item.question(question).map(|question| question.ordinal)
    }

    fn proposal(&mut self, number: u32, high: bool) -> Deed {
        let answer = format!("ruling-{} of the plan", self.fresh());
        let confidence = if high { "high" } else { "uncertain" };
        let arguments = json!({"question_id": number, "answer": answer, "confidence": confidence});
        Deed::Propose { arguments, proposal: Some((number, answer, high)) }
    }

    pub(crate) fn foreman_script(&mut self, address: Address, session: SessionId) -> Vec<Deed> {
        let mut script = Vec::new();
        let Some(number) = self.asked_number(address, session) else { return script };
        if self.calm {
            script.push(self.proposal(number, true));
            return script;
        }
        let ruling = self.fresh();
        let speak = |text: String| Deed::Speak { text, findings: None };
        match self.random.below(20) {
            0..6 => script.push(self.proposal(number, true)),
            6..9 => script.push(self.proposal(number, false)),
            9 => {
                let wrong = number + self.random.within(1, 2) as u32;
                let arguments =
                    json!({"question_id": wrong, "answer": format!("ruling-{ruling}"), "confidence": "high"});
                script.push(Deed::Propose { arguments, proposal: None });
                script.push(self.proposal(number, true));
            }
            10 => {
                let arguments = json!({"question_id": number, "answer": " ", "confidence": "high"});
                script.push(Deed::Propose { arguments, proposal: None });
            }
            11 => script.extend([Deed::Say, speak(format!("ruling-{ruling}\nCONFIDENCE: high"))]),
            12 => script.push(speak(format!("ruling-{ruling}\nConfidence: HIGH"))),
            13 => script.push(speak(format!("ruling-{ruling}\nCONFIDENCE: uncertain"))),
            14 => script.push(speak(format!("ruling-{ruling}\nCONFIDENCE: high, I think"))),
            15 => script.push(speak(format!("ruling-{ruling}"))),
            16 => script.push(speak("CONFIDENCE: high".to_owned())),
            17 => {}
            18 => script.push(Deed::UnknownTool),
            // It thinks better of it, too late for one of the two.
            _ => script.extend([self.proposal(number, false), self.proposal(number, true)]),
        }
        let rate = self.faults.agent;
        if self.fails(rate) {
            let at = self.random.below(script.len() as u64 + 1) as usize;
            script.insert(at, Deed::Garbage);
        }
        self.spoil(&mut script);
        script
    }
}
