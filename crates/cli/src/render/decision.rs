//! `inbox`, and one decision of it.

use crate::look::{Look, Symbol, Tone, width};
use crate::render::review;
use crate::table::{Column, table};
use ganger_api::decision::{Decision, DecisionOption, Inbox, LimitedItem};
use ganger_api::question::{QuestionPart, QuestionView};
use ganger_api::wait::WaitKind;

/// How far the lines below a decision's first are set in.
const INDENT: usize = 7;

/// Everything that waits for a person, the most blocking first.
pub fn inbox(look: &Look, inbox: &Inbox) -> String {
    let mut text = match inbox.decisions.is_empty() {
        true => "Nothing waits for you.\n".to_owned(),
        false => inbox.decisions.iter().map(|one| decision(look, one)).collect(),
    };
    let columns = [Column::left(""), Column::free("", 24), Column::left(""), Column::free("", 8)];
    let rows: Vec<_> = inbox.limited.iter().map(|one| limited(look, one)).collect();
    text.push_str(&look.finish(table(look, 0, &columns, &rows)));
    text
}

/// A row about what goes on by itself.
fn limited(look: &Look, one: &LimitedItem) -> Vec<String> {
    let until = one.until.map(|until| format!(" until {}", look.moment(until))).unwrap_or_default();
    vec![
        look.symbol(Symbol::Waits),
        look.line(&one.handle),
        format!("rate limit{until} ({})", look.line(&one.agent)),
        look.line(&one.title),
    ]
}

/// One decision with what is needed to decide it.
pub fn decision(look: &Look, decision: &Decision) -> String {
    let mut lines = Vec::new();
    if let Some(question) = &decision.question {
        lines.extend(about(look, question));
    }
    lines.extend(decision.detail.iter().flat_map(|detail| look.lines(detail)));
    let mut text = head(look, decision);
    for line in lines {
        push(look, &mut text, &line);
    }
    for critique in &decision.critiques {
        text.push_str(&review::critique(look, critique, INDENT));
    }
    if decision.checks.iter().any(|check| check.commit.is_some()) {
        push(look, &mut text, &review::checks(look, &decision.checks));
    }
    if decision.question.is_none() && !decision.options.is_empty() && decision.kind != WaitKind::Plan {
        let option = |option: &DecisionOption| format!("{}: {}", option.choice, look.line(&option.label));
        let options: Vec<_> = decision.options.iter().map(option).collect();
        push_facts(look, &mut text, &options);
    }
    if let Some(delivery) = &decision.delivery {
        let meanwhile = decision.question.as_ref().map_or(0, |question| question.answered_meanwhile);
        let meanwhile = match meanwhile {
            0 => String::new(),
            1 => "1 other was answered meanwhile".to_owned(),
            others => format!("{others} others were answered meanwhile"),
        };
        push_facts(look, &mut text, &[format!("delivery: {}", look.line(delivery)), meanwhile]);
    }
    // Commands are for pasting: none is broken in two.
    if !decision.commands.is_empty() {
        let commands = look.commands(&decision.commands, INDENT, INDENT);
        text.push_str(&format!("{}{commands}\n", " ".repeat(INDENT)));
    }
    look.finish(text)
}

fn push_facts(look: &Look, text: &mut String, facts: &[String]) {
    text.push_str(&format!("{}{}\n", " ".repeat(INDENT), look.facts(facts, INDENT, INDENT)));
}

fn push(look: &Look, text: &mut String, line: &str) {
    if line.is_empty() {
        text.push('\n');
    } else {
        // What is set in goes on further in.
        let margin = line.len() - line.trim_start().len();
        let inner = INDENT + margin + if margin > 0 { 2 } else { 0 };
        text.push_str(&format!("{}{}\n", " ".repeat(INDENT), look.wrap(line, INDENT, inner)));
    }
}

fn head(look: &Look, decision: &Decision) -> String {
    let subject = match decision.kind {
        WaitKind::Question => format!("\"{}\"", look.line(&decision.subject)),
        _ => look.line(&decision.subject),
    };
    let first = format!("{:<4} {:<10} {:<11}", decision.handle, decision.kind.words(), decision.target);
    let last = format!("{}   {}", look.age(decision.since), look.line(&decision.blocks));
    let whole = format!("{first} {subject}   {last}");
    let paint = |line: &str| line.replacen(&decision.handle, &look.paint(Tone::Ask, &decision.handle), 1);
    if width(&whole) <= look.width {
        return format!("{}\n", paint(&whole));
    }
    // The words that matter stay whole: they get lines of their own.
    let mut text = match width(&format!("{first} {last}")) <= look.width {
        true => format!("{}\n", paint(&format!("{first} {last}"))),
        false => {
            let mut text = format!("{}\n", paint(first.trim_end()));
            push(look, &mut text, &last);
            text
        }
    };
    push(look, &mut text, &subject);
    text
}

/// What is asked, and what the Foreman says.
fn about(look: &Look, question: &QuestionView) -> Vec<String> {
    let mut lines: Vec<String> = question.context.iter().flat_map(|context| look.lines(context)).collect();
    if let Some(proposal) = &question.proposal {
        lines.push(format!("Foreman, {}: {}", proposal.confidence.words(), look.line(&proposal.answer)));
    }
    if let Some(words) = &question.discussion {
        lines.push(format!("the Foreman is thinking about your \"{}\"", look.line(words)));
    }
    let several = question.parts.len() > 1;
    for (index, part) in question.parts.iter().enumerate() {
        if several {
            lines.push(format!("{}. {}", index + 1, look.line(&part.question)));
        }
        let margin = if several { "   " } else { "" };
        lines.extend(options(look, part).into_iter().map(|line| format!("{margin}{line}")));
    }
    lines
}

/// The options of a part: beside each other, or one a line where they are described.
fn options(look: &Look, part: &QuestionPart) -> Vec<String> {
    let option = |one: &ganger_api::question::QuestionOption| {
        let recommended = part.recommended.as_ref() == Some(&one.choice);
        let recommended = if recommended { " (the agent would)" } else { "" };
        let description = one.description.as_ref().map(|text| format!(": {}", look.line(text)));
        format!("{} {}{recommended}{}", one.choice, look.line(&one.label), description.unwrap_or_default())
    };
    let described = part.options.iter().any(|option| option.description.is_some());
    let mut lines: Vec<String> = part.options.iter().map(option).collect();
    if !described && !lines.is_empty() {
        lines = vec![look.joined(&lines)];
    }
    if part.multi_select && part.options.len() > 1 {
        lines.push("several are possible, such as 1,2".to_owned());
    }
    lines
}
