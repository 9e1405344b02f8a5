//! Reviews and critiques.

use crate::look::{Look, Symbol, Tone, count};
use ganger_api::item::{CheckView, PartView};
use ganger_api::review::{CritiqueState, CritiqueView, ReviewVerdict};

/// A critique in full: `c31 major  docs/api.md:88  "example does not compile"`, its history, its suggestion.
pub fn critique(look: &Look, critique: &CritiqueView, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let inner = indent + 4;
    let place = critique.place().map(|place| format!("  {}", look.line(&place))).unwrap_or_default();
    let head = format!("{} {}{place}  ", critique.handle, critique.severity.words());
    let words = format!("\"{}\"", look.line(&critique.description));
    let column = indent + crate::look::width(&head);
    // Where the place leaves no room, the words begin a line of their own.
    let fits = column.saturating_add(24) <= look.width
        || column.saturating_add(crate::look::width(&words)) <= look.width;
    let painted = head.replacen(&critique.handle, &look.paint(Tone::Ask, &critique.handle), 1);
    let mut text = if fits {
        format!("{margin}{painted}{}\n", look.wrap(&words, column, inner))
    } else {
        format!("{margin}{}\n{}{}\n", painted.trim_end(), " ".repeat(inner), look.wrap(&words, inner, inner))
    };
    let mut facts = vec![history(look, critique)];
    facts
        .extend(critique.suggestion.as_ref().map(|suggestion| format!("instead: {}", look.line(suggestion))));
    for fact in facts {
        text.push_str(&format!("{}{}\n", " ".repeat(inner), look.wrap(&fact, inner, inner)));
    }
    text
}

/// Who raised it, where it was seen, and what became of it.
fn history(look: &Look, critique: &CritiqueView) -> String {
    let found = match critique.candidate {
        0 => "before the first candidate".to_owned(),
        candidate => format!("in candidate {candidate}"),
    };
    let mut facts = vec![format!("by {} {found}", look.line(&critique.by))];
    if critique.unfixed > 0 {
        facts.push(format!("not fixed in {}", count(critique.unfixed.into(), "review")));
    }
    match critique.state {
        CritiqueState::Open if !critique.counts => facts.push("sends nothing back".to_owned()),
        CritiqueState::Open => {}
        CritiqueState::Fixed => facts.push(match critique.fixed_in {
            Some(candidate) => format!("fixed in candidate {candidate}"),
            None => "fixed".to_owned(),
        }),
        CritiqueState::Waived => facts.push(match &critique.because {
            Some(because) => format!("waived: {}", look.line(because)),
            None => "waived".to_owned(),
        }),
    }
    look.joined(&facts)
}

/// `checks ✓ test ! clippy was broken`: what each check showed.
pub fn checks(look: &Look, checks: &[CheckView]) -> String {
    let shown = checks.iter().map(|check| {
        let symbol = look.symbol(Symbol::of_check(check.verdict));
        let verdict = match check.verdict {
            ganger_api::item::CheckVerdict::Passed => String::new(),
            verdict => format!(" {}", verdict.words()),
        };
        format!("{symbol} {}{verdict}", look.line(&check.name))
    });
    format!("checks {}", look.joined(&shown.collect::<Vec<_>>()))
}

/// Where the reviews of a part stand, such as `passed in review 2`; nothing where none was held.
pub fn standing(part: &PartView) -> Option<String> {
    if let Some(accepted) = &part.accepted
        && part.candidate.as_ref().is_some_and(|candidate| candidate.number == accepted.candidate)
    {
        return Some("accepted by you as it is".to_owned());
    }
    let review = part.reviews.last()?;
    Some(match review.verdict {
        ReviewVerdict::Running => format!("review {} by {}", review.round, review.agent),
        ReviewVerdict::Passed => format!("passed in review {}", review.round),
        ReviewVerdict::Back => format!("back from review {}", review.round),
        ReviewVerdict::Stopped => format!("review {} needs you", review.round),
        ReviewVerdict::Failed => format!("review {} could not be held", review.round),
    })
}

/// `2 nits`: open critiques, from worst to least; with `all` those too that send the work back.
pub fn left(part: &PartView, all: bool) -> Option<String> {
    let open =
        || part.critiques.iter().filter(|one| one.state == CritiqueState::Open && (all || !one.counts));
    let counts = ganger_api::review::Severity::ALL.into_iter().filter_map(|severity| {
        let number = open().filter(|critique| critique.severity == severity).count();
        let plural = if number > 1 && severity == ganger_api::review::Severity::Nit { "s" } else { "" };
        (number > 0).then(|| format!("{number} {}{plural}", severity.words()))
    });
    let counts: Vec<String> = counts.collect();
    (!counts.is_empty()).then(|| counts.join(" "))
}
