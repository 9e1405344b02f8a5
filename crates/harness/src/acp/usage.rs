//! Tokens and money of a turn, as ACP agents report them.

use ganger_core::agent::Usage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Tokens as one report names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tokens {
    input: Option<u64>,
    output: Option<u64>,
    thought: u64,
    cached: u64,
    total: Option<u64>,
}

impl Tokens {
    /// Reads a `usage` object; `None` when it holds no number, or nothing but zeros: that is how some agents say
    /// that they do not know, after an interrupt for one.
    pub(super) fn read(usage: &Value) -> Option<Self> {
        let field = |names: &[&str]| names.iter().find_map(|name| usage[*name].as_u64());
        let tokens = Self {
            input: field(&["inputTokens", "input_tokens"]),
            output: field(&["outputTokens", "output_tokens"]),
            thought: field(&["thoughtTokens", "reasoningOutputTokens"]).unwrap_or(0),
            cached: field(&["cachedReadTokens", "cachedInputTokens"])
                .unwrap_or(0)
                .saturating_add(field(&["cachedWriteTokens", "cacheWriteInputTokens"]).unwrap_or(0)),
            total: field(&["totalTokens", "total_tokens"]),
        };
        let known = [tokens.input, tokens.output, tokens.total];
        known.iter().any(|count| count.is_some_and(|count| count > 0)).then_some(tokens)
    }

    /// Adds another report.
    pub(super) fn add(&mut self, other: Self) {
        let sum = |one: Option<u64>, two: Option<u64>| match (one, two) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (one, two) => one.or(two),
        };
        self.input = sum(self.input, other.input);
        self.output = sum(self.output, other.output);
        self.total = sum(self.total, other.total);
        self.thought = self.thought.saturating_add(other.thought);
        self.cached = self.cached.saturating_add(other.cached);
    }

    /// The same in our words. Some agents count what came from the cache as input and some beside it, and so with
    /// thoughts and output; where the total tells, it decides.
    pub(super) fn usage(self, cost_usd_micros: Option<u64>) -> Usage {
        let mut usage = Usage {
            input_tokens: self.input,
            output_tokens: self.output,
            total_tokens: self.total,
            cost_usd_micros,
        };
        if let (Some(input), Some(output), Some(total)) = (self.input, self.output, self.total) {
            let with_cache = input.saturating_add(self.cached);
            let with_thought = output.saturating_add(self.thought);
            let readings =
                [(input, output), (with_cache, output), (with_cache, with_thought), (input, with_thought)];
            let fits = |reading: &&(u64, u64)| reading.0.saturating_add(reading.1) == total;
            if let Some((input, output)) = readings.iter().find(fits) {
                usage.input_tokens = Some(*input);
                usage.output_tokens = Some(*output);
            }
        }
        usage
    }
}

/// The usage in a prompt's result: the protocol's own field, or the quota that some agents put beside it.
pub(super) fn of_result(result: &Value) -> Option<Tokens> {
    Tokens::read(&result["usage"]).or_else(|| Tokens::read(&result["_meta"]["quota"]["token_count"]))
}

/// What the conversation has cost so far, in millionths of a US dollar, from a `usage_update`.
pub(super) fn cost_micros(update: &Value) -> Option<u64> {
    let cost = &update["cost"];
    if cost["currency"].as_str().is_some_and(|currency| currency != "USD") {
        return None;
    }
    let micros = (cost["amount"].as_f64()? * 1e6).round();
    (0.0..1e15).contains(&micros).then_some(micros as u64)
}
