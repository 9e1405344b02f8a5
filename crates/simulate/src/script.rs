//! What agents do in a turn: drawn when the turn begins, by what the agent is for.

use crate::git::{BUG, FLAKY, SECRET};
use crate::plans;
use crate::world::World;
use ganger_core::question::QuestionText;
use ganger_core::review::Finding;
use serde_json::{Value, json};

/// One thing that an agent does in a turn.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Say,
    Garbage,
    Permission {
        withdrawn: bool,
    },
    /// It asks with this tool; where it `tires` it gives up waiting before the answer has come.
    Ask {
        tool: &'static str,
        arguments: Value,
        tires: bool,
    },
    Submit {
        document: String,
        valid: bool,
    },
    /// A reviewer's call: the findings, where they can be taken.
    Review {
        arguments: Value,
        findings: Option<Vec<Finding>>,
    },
    /// The Foreman's call: what it proposes, where it can be taken.
    Propose {
        arguments: Value,
        proposal: Option<(u32, String, bool)>,
    },
    /// Its last words of the turn, with the findings that a reviewer means by them.
    Speak {
        text: String,
        findings: Option<Vec<Finding>>,
    },
    UnknownTool,
    Draft {
        document: String,
    },
    Edit {
        line: String,
    },
    Mend,
    Commit,
    Detach,
    Crash,
    /// It shows no life any more, and lives.
    Freeze,
    /// It shows no life for so many milliseconds.
    Ponder(u64),
    End(Value),
}

/// What the answer of a call must say.
#[derive(Clone, Debug)]
pub(crate) enum Expects {
    /// The answer to this question.
    Answer(QuestionText),
    /// Whether the document, the review or the proposal is taken.
    Taken(bool),
    /// That the call is none.
    Error,
}

impl World {
    pub(crate) fn turn_end(&mut self) -> Value {
        let rate = self.faults.agent;
        if !self.fails(rate) {
            return json!({"stopReason": "end_turn", "usage": {"inputTokens": 10, "outputTokens": 5}});
        }
        match self.random.below(7) {
            0 => json!({"stopReason": "max_tokens"}),
            1 => json!({"stopReason": "refusal"}),
            2 => json!({"stopReason": "cancelled"}),
            3 => json!({"error": {"code": 429, "message": "rate limit", "data": {"retryAfter": 40}}}),
            4 => json!({"error": {"code": 429, "message": "rate limit"}}),
            5 => json!({"error": {"code": -32603, "message": "internal error"}}),
            _ => json!({"stopReason": "a new one"}),
        }
    }

    fn common_deeds(&mut self, script: &mut Vec<Deed>) {
        if self.random.chance(900) {
            script.push(Deed::Say);
        }
        let rate = self.faults.agent;
        if self.fails(rate / 2) {
            script.push(Deed::Garbage);
        }
        if self.random.chance(250) {
            script.push(Deed::Permission { withdrawn: self.random.chance(150) });
        }
    }

    /// The agent may fail anywhere in its turn.
    pub(crate) fn spoil(&mut self, script: &mut Vec<Deed>) {
        let rate = self.faults.agent;
        if self.fails(rate / 4) {
            let at = self.random.below(script.len() as u64 + 1) as usize;
            let deed = match self.random.below(4) {
                0 => Deed::Freeze,
                1 => {
                    // It comes to life again, and its turn goes on.
                    script.insert(at, Deed::Ponder(200_000));
                    script.insert(at, Deed::Say);
                    Deed::Ponder(self.random.within(100_000, 3_000_000))
                }
                _ => Deed::Crash,
            };
            script.insert(at, deed);
        }
    }

    /// A question. Some come again: from a later incarnation, and from another repository.
    pub(crate) fn question(&mut self, tool: &'static str, asker: &str) -> Deed {
        let number = self.fresh();
        let mut text = match self.random.below(6) {
            0 => format!("Which way for {asker}?"),
            1 | 2 => format!("Which unit of {}?", self.random.below(3)),
            _ => format!("Which way at {number}?"),
        };
        if self.random.chance(150) {
            text = text.to_uppercase().replace(' ', "  ");
        }
        let arguments = match self.random.below(10) {
            0..4 => {
                json!({"question": text, "options": ["left", {"label": "right", "description": "or not"}]})
            }
            4 => json!({"questions": [
                {"question": text, "options": ["left", "right"], "recommended": 1},
                {"question": format!("{text} And which then?"), "options": ["a", "b", "c"], "multi_select": true},
            ]}),
            5 if self.random.chance(300) => json!({"question": " "}),
            _ => json!({"question": text, "context": "I have looked everywhere."}),
        };
        Deed::Ask { tool, arguments, tires: self.random.chance(150) }
    }

    pub(crate) fn planning_script(&mut self, names: &[String], asker: &str) -> Vec<Deed> {
        let mut script = Vec::new();
        self.common_deeds(&mut script);
        if self.random.chance(350) {
            let ask = self.question("ask_user", asker);
            script.push(ask);
        }
        let good = plans::valid(&mut self.random, names);
        let bad = plans::broken(&mut self.random, names);
        let submit = |document: &String, valid| Deed::Submit { document: document.clone(), valid };
        match self.random.below(12) {
            0 | 1 => script.extend([submit(&bad, false), submit(&good, true)]),
            2 => script.push(Deed::Draft { document: good }),
            3 => script.push(Deed::Draft { document: bad }),
            4 => script.push(submit(&bad, false)),
            5 => {}
            6 => script.extend([Deed::UnknownTool, submit(&good, true)]),
            _ => script.push(submit(&good, true)),
        }
        self.spoil(&mut script);
        script
    }

    pub(crate) fn implementation_script(&mut self, asker: &str) -> Vec<Deed> {
        let mut script = Vec::new();
        self.common_deeds(&mut script);
        if self.random.chance(300) {
            for _ in 0..self.random.within(1, 2) {
                let ask = self.question("ask_foreman", asker);
                script.push(ask);
            }
        }
        for _ in 0..self.random.below(3) {
            let line = match self.random.below(14) {
                0 | 1 => BUG.to_owned(),
                2 => SECRET.to_owned(),
                3 => FLAKY.to_owned(),
                _ => format!("line {}", self.fresh()),
            };
            script.push(Deed::Edit { line });
        }
        if self.random.chance(300) {
            script.push(Deed::Mend);
        }
        if self.random.chance(600) {
            script.push(Deed::Commit);
        }
        if self.random.chance(50) {
            script.push(Deed::Detach);
        }
        if self.random.chance(60) {
            script.push(Deed::UnknownTool);
        }
        self.spoil(&mut script);
        script
    }
}
