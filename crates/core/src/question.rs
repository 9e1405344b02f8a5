//! Questions of agents: their parts and options, what makes two the same, and how a person's choices become an
//! answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Parts that one question may have.
const MAX_PARTS: usize = 10;
/// Options that one part may have.
const MAX_OPTIONS: usize = 20;
/// The longest text of a question or of its context, in characters.
const MAX_TEXT: usize = 20_000;

/// How a question was asked, which says whom it is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionSource {
    /// The tool `ask_foreman`.
    AskForeman,
    /// The tool `ask_user`.
    AskUser,
    /// The agent program's own way to ask its user.
    Native,
}

impl QuestionSource {
    /// Whether a person is asked, and not the Foreman.
    pub const fn is_for_person(self) -> bool {
        matches!(self, Self::AskUser | Self::Native)
    }
}

/// One possible answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QuestionOption {
    /// The answer.
    pub label: String,
    /// What it means, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// One thing that is asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct QuestionPart {
    /// The question.
    pub question: String,
    /// Possible answers, possibly none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<QuestionOption>,
    /// Whether several of them may be chosen.
    #[serde(default)]
    pub multi_select: bool,
    /// The option that the agent would take, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended: Option<u32>,
}

/// What an agent asks: at least one part.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct QuestionText {
    /// The parts.
    pub parts: Vec<QuestionPart>,
    /// What the agent adds, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context: String,
}

/// What is wrong with the arguments of a question.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum QuestionProblem {
    /// Nothing is asked.
    #[error("a question needs a `question`: a text of at least one character")]
    Empty,
    /// Too much is asked at once.
    #[error(
        "a question may have {MAX_PARTS} parts with {MAX_OPTIONS} options each, and {MAX_TEXT} characters; ask in smaller steps"
    )]
    TooMuch,
}

/// What is wrong with a person's choices.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ChoiceProblem {
    /// No option is meant by it.
    #[error("there is no option \"{typed}\" here; possible: {possible}")]
    NoSuchOption {
        /// What was typed.
        typed: String,
        /// The options.
        possible: String,
    },
    /// Several were chosen where one is possible.
    #[error("\"{question}\" takes one option, not {given}")]
    OnlyOne {
        /// The part.
        question: String,
        /// How many were given.
        given: usize,
    },
    /// There are more choices than parts.
    #[error(
        "the question has {parts} part(s), and {given} choices were given; name one choice per part, in their order"
    )]
    TooMany {
        /// The parts.
        parts: usize,
        /// The choices given.
        given: usize,
    },
    /// Nothing was said at all.
    #[error("the question needs an answer: words, or one of its options: {possible}")]
    Nothing {
        /// The options.
        possible: String,
    },
}

fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default().trim()
}

fn option_of(value: &Value) -> Option<QuestionOption> {
    let (label, description) = match value {
        Value::String(label) => (label.trim(), ""),
        value => (text_of(value, "label"), text_of(value, "description")),
    };
    (!label.is_empty())
        .then(|| QuestionOption { label: label.to_owned(), description: description.to_owned() })
}

fn part_of(value: &Value) -> QuestionPart {
    let options = value.get("options").and_then(Value::as_array);
    QuestionPart {
        question: text_of(value, "question").to_owned(),
        options: options.into_iter().flatten().filter_map(option_of).collect(),
        multi_select: value.get("multi_select").and_then(Value::as_bool).unwrap_or_default(),
        recommended: value
            .get("recommended")
            .and_then(Value::as_u64)
            .and_then(|index| u32::try_from(index).ok()),
    }
}

impl QuestionText {
    /// A question of one part.
    pub fn plain(question: &str, options: Vec<String>) -> Self {
        let options =
            options.into_iter().map(|label| QuestionOption { label, description: String::new() }).collect();
        let part = QuestionPart { question: question.trim().to_owned(), options, ..QuestionPart::default() };
        Self { parts: vec![part], context: String::new() }
    }

    /// Reads the arguments of `ask_foreman` or `ask_user`: either `question` with its `options`, or `questions`.
    pub fn from_arguments(arguments: &Value) -> Result<Self, QuestionProblem> {
        let several = arguments.get("questions").and_then(Value::as_array).filter(|parts| !parts.is_empty());
        let mut parts: Vec<QuestionPart> = match several {
            Some(parts) => parts.iter().map(part_of).collect(),
            None => vec![part_of(arguments)],
        };
        parts.retain(|part| !part.question.is_empty());
        let context = text_of(arguments, "context").to_owned();
        let long = |text: &str| text.chars().count() > MAX_TEXT;
        if parts.is_empty() {
            return Err(QuestionProblem::Empty);
        }
        if parts.len() > MAX_PARTS
            || long(&context)
            || parts.iter().any(|part| part.options.len() > MAX_OPTIONS || long(&part.question))
        {
            return Err(QuestionProblem::TooMuch);
        }
        Ok(Self { parts, context })
    }

    /// The question in one line for lists: the parts after each other.
    pub fn title(&self) -> String {
        self.parts.iter().map(|part| part.question.as_str()).collect::<Vec<_>>().join(" / ")
    }

    /// What makes two questions the same: their words and options, without regard to case and white space.
    pub fn key(&self) -> String {
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let lines = self.parts.iter().flat_map(|part| {
            std::iter::once(squeeze(&part.question))
                .chain(part.options.iter().map(|option| format!("- {}", squeeze(&option.label))))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The labels of the first part's options.
    pub fn labels(&self) -> Vec<String> {
        let options = self.parts.first().map(|part| part.options.as_slice()).unwrap_or_default();
        options.iter().map(|option| option.label.clone()).collect()
    }

    /// The answer that a person's choices and words make: one choice for each part, in their order; several options
    /// of one part with commas between them.
    pub fn answer(&self, choices: &[String], words: &str) -> Result<String, ChoiceProblem> {
        let words = words.trim();
        if choices.len() > self.parts.len() {
            return Err(ChoiceProblem::TooMany { parts: self.parts.len(), given: choices.len() });
        }
        if choices.is_empty() && words.is_empty() {
            return Err(ChoiceProblem::Nothing {
                possible: self.parts.first().map(possible).unwrap_or_default(),
            });
        }
        let mut lines = Vec::new();
        for (part, typed) in self.parts.iter().zip(choices) {
            let chosen = chosen(part, typed)?.join(", ");
            lines.push(match self.parts.len() {
                1 => chosen,
                _ => format!("{}: {chosen}", part.question),
            });
        }
        let mut answer = lines.join("\n");
        if !words.is_empty() {
            let gap = if answer.is_empty() { "" } else { "\n\n" };
            answer = format!("{answer}{gap}{words}");
        }
        Ok(answer)
    }
}

fn possible(part: &QuestionPart) -> String {
    if part.options.is_empty() {
        return "your own words, there are no options".to_owned();
    }
    let words =
        part.options.iter().enumerate().map(|(index, option)| format!("{} ({})", index + 1, option.label));
    words.collect::<Vec<_>>().join(", ")
}

/// The option that a person means: its number from 1, its letter from a, or its own words.
fn find<'a>(part: &'a QuestionPart, typed: &str) -> Option<&'a str> {
    let typed = typed.trim();
    let by_words = part.options.iter().position(|option| option.label.eq_ignore_ascii_case(typed));
    let by_number = || typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let by_letter = || match typed.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(usize::from(letter.to_ascii_lowercase() - b'a')),
        _ => None,
    };
    let index = by_words.or_else(by_number).or_else(by_letter)?;
    part.options.get(index).map(|option| option.label.as_str())
}

fn chosen(part: &QuestionPart, typed: &str) -> Result<Vec<String>, ChoiceProblem> {
    if let Some(label) = find(part, typed) {
        return Ok(vec![label.to_owned()]);
    }
    let pieces: Vec<&str> = typed.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
    let mut labels: Vec<String> = Vec::new();
    for piece in &pieces {
        let label = find(part, piece).ok_or_else(|| ChoiceProblem::NoSuchOption {
            typed: (*piece).to_owned(),
            possible: possible(part),
        })?;
        if !labels.iter().any(|known| known == label) {
            labels.push(label.to_owned());
        }
    }
    match labels.len() {
        0 => Err(ChoiceProblem::NoSuchOption { typed: typed.to_owned(), possible: possible(part) }),
        1 => Ok(labels),
        given if !part.multi_select => Err(ChoiceProblem::OnlyOne { question: part.question.clone(), given }),
        _ => Ok(labels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn toast() -> QuestionText {
        QuestionText::from_arguments(&json!({
            "question": "Show 429 as a toast or inline?",
            "options": ["toast", { "label": "inline", "description": "beside the field" }],
        }))
        .unwrap()
    }

    fn two_parts() -> QuestionText {
        QuestionText::from_arguments(&json!({ "questions": [
            { "question": "Which clock?", "options": ["wall", "monotonic"] },
            { "question": "Which units?", "options": ["ms", "s", "min"], "multi_select": true },
        ] }))
        .unwrap()
    }

    #[test]
    fn choices_become_the_words_of_an_answer() {
        let check = |question: &QuestionText, choices: &[&str], words: &str, expected: &str| {
            let choices: Vec<String> = choices.iter().map(|choice| (*choice).to_owned()).collect();
            let found = question.answer(&choices, words).unwrap_or_else(|problem| format!("! {problem}"));
            assert_eq!(found, expected, "{choices:?} {words:?}");
        };
        check(&toast(), &["2"], "", "inline");
        check(&toast(), &["b"], "", "inline");
        check(&toast(), &["INLINE"], "as in the form", "inline\n\nas in the form");
        check(&toast(), &[], "neither: a banner", "neither: a banner");
        check(&toast(), &["3"], "", "! there is no option \"3\" here; possible: 1 (toast), 2 (inline)");
        check(&toast(), &["1,2"], "", "! \"Show 429 as a toast or inline?\" takes one option, not 2");
        check(
            &toast(),
            &[],
            " ",
            "! the question needs an answer: words, or one of its options: 1 (toast), 2 (inline)",
        );
        check(&two_parts(), &["2", "a,c"], "", "Which clock?: monotonic\nWhich units?: ms, min");
        check(
            &two_parts(),
            &["1", "1", "1"],
            "",
            "! the question has 2 part(s), and 3 choices were given; name one choice per part, in their order",
        );
    }

    #[test]
    fn the_same_question_is_known_by_its_words_and_options() {
        let ask = |text: &str, options: &[&str]| {
            QuestionText::plain(text, options.iter().map(|option| (*option).to_owned()).collect()).key()
        };
        assert_eq!(ask("Which  clock?", &["Wall"]), ask("which clock?", &["wall "]));
        assert_ne!(ask("Which clock?", &["wall"]), ask("Which clock?", &["monotonic"]));
        assert_ne!(ask("Which clock?", &[]), ask("Which clocks?", &[]));
    }

    #[test]
    fn a_question_that_asks_nothing_or_too_much_is_refused() {
        assert_eq!(QuestionText::from_arguments(&json!({ "question": "  " })), Err(QuestionProblem::Empty));
        let options: Vec<String> = (0..21).map(|number| number.to_string()).collect();
        let arguments = json!({ "question": "Which?", "options": options });
        assert_eq!(QuestionText::from_arguments(&arguments), Err(QuestionProblem::TooMuch));
    }
}
