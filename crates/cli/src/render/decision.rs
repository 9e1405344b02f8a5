//! `inbox`, and one decision of it.

use crate::look::{Look, Tone, cut};
use ganger_api::decision::{Decision, Inbox};

/// Everything that waits for a person, the most blocking first.
pub fn inbox(look: &Look, inbox: &Inbox) -> String {
    if inbox.decisions.is_empty() {
        return "Nothing waits for you.\n".into();
    }
    inbox.decisions.iter().map(|one| decision(look, one)).collect()
}

/// One decision with what is needed to decide it.
pub fn decision(look: &Look, decision: &Decision) -> String {
    let head = format!(
        "{:<4} {:<10} {:<11} {}   {}   {}",
        decision.handle,
        decision.kind.words(),
        decision.target,
        look.line(&decision.subject),
        look.age(decision.since),
        look.line(&decision.blocks)
    );
    let mut text = if crate::look::width(&head) <= look.width {
        format!("{}\n", head.replacen(&decision.handle, &look.paint(Tone::Ask, &decision.handle), 1))
    } else {
        // The words that matter stay whole: they get a line of their own.
        format!(
            "{:<4} {:<10} {:<11} {}   {}\n       {}\n",
            look.paint(Tone::Ask, &decision.handle),
            decision.kind.words(),
            decision.target,
            look.age(decision.since),
            look.line(&decision.blocks),
            look.line(&decision.subject)
        )
    };
    for line in decision.detail.iter().flat_map(|detail| detail.lines()) {
        text.push_str(&format!("       {}\n", look.text(line)));
    }
    if !decision.options.is_empty() {
        let options: Vec<_> = decision
            .options
            .iter()
            .map(|option| format!("{} {}", option.choice, look.line(&option.label)))
            .collect();
        text.push_str(&format!("       {}\n", options.join(" · ")));
    }
    if let Some(delivery) = &decision.delivery {
        text.push_str(&format!("       delivery: {}\n", look.line(delivery)));
    }
    for command in &decision.commands {
        text.push_str(&format!("       {}\n", cut(&look.line(command), look.width.saturating_sub(7))));
    }
    look.finish(text)
}
