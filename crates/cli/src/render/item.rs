//! `show`, and the end of `run`.

use crate::look::{Look, Symbol, Tone, count, cut, duration, short, spent, tokens, width};
use crate::render::items::changes;
use crate::render::result::next;
use crate::render::review;
use crate::table::{Column, table_with_ends};
use ganger_api::item::{CheckVerdict, ItemDetail, Outcome, PartState, PartView, PlanChange, PlanChangeState};
use ganger_api::review::CritiqueState;
use ganger_api::session::SessionKind;
use ganger_api::wait::{Wait, WaitKind, WaitOwner};

/// How far lines about the item itself are set in.
const MARGIN: usize = 5;
/// How far what stands at the end is set in.
const FOOTER: usize = 12;

/// A whole item on one screen.
pub fn item(look: &Look, item: &ItemDetail) -> String {
    let head = &item.head;
    let mut facts = vec![look.moments(&look.line(&head.status_text))];
    facts.extend(head.wave.map(|wave| format!("wave {} of {}", wave.index, wave.of)));
    facts.push(look.age(head.created_at));
    facts.extend(tokens(head.usage.as_ref()));
    facts.extend(spent(head));
    let title = format!("{}  {}", look.paint(Tone::Strong, &head.handle), look.line(&head.title));
    let beside = facts.join(" · ");
    let mut text = if width(&title).saturating_add(width(&beside)).saturating_add(4) <= look.width.min(110) {
        format!("{title}    {beside}\n")
    } else {
        let title = look.wrap(&look.line(&head.title), width(&head.handle) + 2, MARGIN);
        let handle = look.paint(Tone::Strong, &head.handle);
        format!("{handle}  {title}\n     {}\n", look.facts(&facts, MARGIN, MARGIN))
    };
    text.push_str(&format!("     {}\n", look.facts(&origin(look, item), MARGIN, MARGIN)));
    if let Some(change) = &head.plan_change {
        text.push_str(&format!("     {}\n", look.wrap(&plan_change(look, change), 5, 5)));
    }
    if head.written_by_newer {
        let line = "! written by a newer ganger: it can be read, not changed";
        text.push_str(&format!("     {}\n", look.wrap(line, MARGIN, MARGIN)));
    }
    let planning = item.sessions.last().filter(|_| item.repositories.is_empty());
    if let Some(session) = planning {
        text.push_str(&format!(
            "\n  {}  {} · {}\n",
            session.handle,
            look.line(&session.agent),
            session.state.words()
        ));
        if let Some(failure) = &session.failure {
            text.push_str(&format!("     {}\n", look.wrap(&look.line(failure), MARGIN, MARGIN)));
        }
    }
    if !item.repositories.is_empty() {
        text.push('\n');
        text.push_str(&parts(look, item));
    }
    text.push_str(&critiques(look, item));
    text.push_str(&waits(look, item));
    text.push_str(&footer(look, item));
    look.finish(text)
}

fn origin(look: &Look, item: &ItemDetail) -> Vec<String> {
    let mut facts = vec![look.line(&item.head.workspace), format!("branch {}", look.line(&item.branch))];
    if let Some(plan) = &item.head.plan {
        let approved = match plan.approved_at {
            Some(at) => format!("approved by you {}", look.clock(at)),
            None => "not approved".into(),
        };
        facts.push(format!("plan v{} {} {approved}", plan.version, short(&plan.digest)));
    }
    facts
}

/// What becomes of the plan beside the version that work follows.
fn plan_change(look: &Look, change: &PlanChange) -> String {
    let stays = match change.standing {
        Some(version) => format!("; v{version} stays in force"),
        None => String::new(),
    };
    match change.state {
        PlanChangeState::BeingMade => {
            let of = change.only.as_ref().map(|name| format!(" of {}", look.line(name))).unwrap_or_default();
            let what = if change.follow_up { "a follow-up" } else { "a change" };
            let wish = change.wish.as_ref().map(|wish| format!(": \"{}\"", cut(&look.line(wish), 60)));
            format!("plan: {what}{of} is being planned{}{stays}", wish.unwrap_or_default())
        }
        PlanChangeState::Waiting => {
            let version = change.version.unwrap_or_default();
            let what = if change.follow_up { ", a follow-up," } else { "" };
            format!(
                "plan: v{version}{what} waits for your approval{stays} until then, and nothing new begins"
            )
        }
        PlanChangeState::Failed => {
            let why = change.trouble.as_deref().unwrap_or_default();
            format!("! the plan could not be changed{stays}: {}", look.line(why))
        }
    }
}

/// The parts, each with its facts beside its name: below where they do not fit.
fn parts(look: &Look, item: &ItemDetail) -> String {
    /// The widest name that facts stand beside.
    const WIDEST: usize = 20;
    /// How far facts are set in that stand below a name.
    const BELOW: usize = 7;
    let names: Vec<[String; 2]> = item.repositories.iter().map(|part| name_and_session(look, part)).collect();
    let widest = |index: usize| {
        let widths = names.iter().map(|name| width(&name[index]));
        widths.filter(|&width| width <= WIDEST).max().unwrap_or(0)
    };
    let mut widths = [widest(0), widest(1)];
    let column = 5 + widths[0] + 2 + widths[1] + 2;
    // Where nothing but a narrow column is left for the facts, they stand below their names.
    let indent = if column.saturating_add(30) > look.width { BELOW } else { column };
    if indent == BELOW {
        widths = [0, 0];
    }
    let mut text = String::new();
    for (part, name) in item.repositories.iter().zip(&names) {
        let pad = |index: usize| " ".repeat(widths[index].saturating_sub(width(&name[index])));
        let symbol = look.symbol(Symbol::of_part(part.state));
        let start = format!("  {symbol}  {}{}  {}{}  ", name[0], pad(0), name[1], pad(1));
        let facts = part_facts(look, part);
        let widest_word = facts.iter().flat_map(|fact| fact.split(' ')).map(width).max().unwrap_or(0);
        let fits = column.saturating_add(widest_word) + 2 <= look.width;
        if fits && indent == column && width(&start) == column {
            text.push_str(&format!("{start}{}\n", look.facts(&facts, column, column)));
        } else {
            let indent = if fits { indent } else { BELOW };
            let facts = look.facts(&facts, indent, indent);
            text.push_str(&format!("{}\n{}{facts}\n", start.trim_end(), " ".repeat(indent)));
        }
    }
    text
}

/// A part's name, and the session that works on it. Reviewers come and go; the work is the implementer's.
fn name_and_session(look: &Look, part: &PartView) -> [String; 2] {
    let session = part.sessions.iter().rfind(|session| session.kind == SessionKind::Implementation);
    let session = session.map_or_else(String::new, |session| {
        format!("{}@{}", look.line(&session.agent), session.handle.rsplit('@').next().unwrap_or_default())
    });
    [look.line(&part.name), session]
}

fn part_facts(look: &Look, part: &PartView) -> Vec<String> {
    let standing = review::standing(part);
    let mut facts = match (part.state, standing) {
        // What passed, passed in a review, unless none was held.
        (PartState::Passed, Some(standing)) => vec![standing],
        (state, standing) => {
            let activity = part.activity.as_ref().map(|activity| look.line(activity));
            // What happens now is said by the daemon in its own words; of a review the number is worth more.
            match (state, standing, activity) {
                (PartState::InReview, Some(standing), _) => vec![standing],
                (_, standing, activity) => {
                    let says_it = activity.as_ref().is_some_and(|words| words.starts_with(state.words()));
                    let mut facts = if says_it { Vec::new() } else { vec![state.words().to_owned()] };
                    facts.extend(activity);
                    facts.extend(standing);
                    facts
                }
            }
        }
    };
    if !part.stale_on.is_empty() {
        facts.push(format!("built on an older {}", look.line(&part.stale_on.join(" "))));
    }
    facts.extend(part.changes.iter().flat_map(changes));
    if !part.checks.is_empty() {
        let symbols: String =
            part.checks.iter().map(|check| look.symbol(Symbol::of_check(check.verdict))).collect();
        let commit = part.candidate.as_ref().map(|candidate| format!(" at {}", short(&candidate.commit)));
        facts.push(format!("checks {symbols}{}", commit.unwrap_or_default()));
        let others = part
            .checks
            .iter()
            .filter(|check| !matches!(check.verdict, CheckVerdict::Passed | CheckVerdict::Pending));
        facts.extend(others.map(|check| format!("{} {}", look.line(&check.name), check.verdict.words())));
    }
    facts.extend(review::left(part, false).map(|left| format!("{left} left")));
    if let Some(published) = &part.published {
        let remote = published.remote.as_deref().unwrap_or("your clone");
        facts.push(format!("pushed to {} {}", look.line(remote), look.clock(published.at)));
    }
    facts
}

/// The critiques that send work back, each with its place and its history.
fn critiques(look: &Look, item: &ItemDetail) -> String {
    let mut text = String::new();
    for part in &item.repositories {
        let blocking: Vec<_> = part.critiques.iter().filter(|critique| critique.blocks()).collect();
        if blocking.is_empty() {
            continue;
        }
        let number = count(blocking.len() as u64, "critique");
        let line = format!("{} has {number} to mend", look.line(&part.name));
        text.push_str(&format!("\n  {}\n", look.wrap(&line, 2, 4)));
        for critique in blocking {
            text.push_str(&review::critique(look, critique, 4));
        }
    }
    text
}

fn waits(look: &Look, item: &ItemDetail) -> String {
    let mut text = String::new();
    for wait in &item.head.waits {
        let symbol = if wait.owner == WaitOwner::You { Symbol::NeedsYou } else { Symbol::Waits };
        let whom = match wait.owner {
            WaitOwner::You => "waits for you",
            WaitOwner::Ganger => "waits",
            WaitOwner::Agent => "waits for the agent",
            WaitOwner::Provider => "waits for the provider",
        };
        let decision = wait.decision.as_deref().map(|decision| format!(" {decision}")).unwrap_or_default();
        let mut facts = vec![
            format!("{whom}:{decision} {}", reason(look, wait)),
            format!("since {}", look.moment(wait.since)),
        ];
        facts.extend(wait.until.map(|until| format!("until {}", look.moment(until))));
        let facts = look.facts(&facts, MARGIN, MARGIN);
        text.push_str(&format!("  {}  {facts}\n", look.symbol(symbol)));
        // What the person is asked stands at the end.
        if wait.owner != WaitOwner::You && !wait.commands.is_empty() {
            text.push_str(&format!("     {}\n", look.commands(&wait.commands, MARGIN, MARGIN)));
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// What exactly is waited for. Of a provider's limit the daemon says only whose.
fn reason(look: &Look, wait: &Wait) -> String {
    let reason = look.moments(&look.line(&wait.reason));
    if wait.kind == WaitKind::RateLimit { format!("rate limit of {reason}") } else { reason }
}

fn footer(look: &Look, item: &ItemDetail) -> String {
    let row = |name: &str, facts: &str| format!("  {name:<9} {}\n", look.wrap(facts, FOOTER, FOOTER));
    let mut text = String::new();
    let sandbox = item.repositories.iter().flat_map(|part| &part.sessions).chain(&item.sessions);
    if let Some(sandbox) = sandbox.filter_map(|session| session.sandbox.as_deref()).next_back() {
        text.push_str(&row("Sandbox", &look.line(sandbox)));
    }
    if item.landing_order.len() > 1 {
        let order = look.line(&item.landing_order.join(" → "));
        text.push_str(&row("Lands", &order));
    }
    text.push_str(&answers(item).map(|(word, facts)| row(word, &facts)).unwrap_or_default());
    if !text.is_empty() {
        text.insert(0, '\n');
    }
    if !item.head.outcome.is_some_and(|outcome| outcome == Outcome::Archived) && !item.commands.is_empty() {
        text.push_str(&next(look, &item.commands));
    }
    text
}

/// How the questions of its agents ended.
fn answers(item: &ItemDetail) -> Option<(&'static str, String)> {
    let sums = item.questions;
    let asked = sums.foreman + sums.you + sums.skipped + sums.open;
    if asked == 0 {
        return None;
    }
    let mut facts = Vec::new();
    if item.foreman.is_some() || sums.foreman > 0 {
        facts.push(format!("{} answered", sums.foreman));
        facts.push(format!("{} by you", sums.you));
        facts.push(format!("{} corrected", sums.corrected));
    } else {
        facts.push(format!("{} answered by you", sums.you));
    }
    if sums.skipped > 0 {
        facts.push(format!("{} skipped", sums.skipped));
    }
    if sums.open > 0 {
        facts.push(format!("{} open", sums.open));
    }
    let word = if item.foreman.is_some() || sums.foreman > 0 { "Foreman" } else { "Questions" };
    Some((word, facts.join(", ")))
}

/// The last lines of `run`: what came of it and where it stands.
pub fn end(look: &Look, item: &ItemDetail) -> String {
    let head = &item.head;
    let mut facts = vec![match head.outcome {
        Some(Outcome::Succeeded) => format!("{} done", head.handle),
        Some(Outcome::Failed) => format!("{} failed", head.handle),
        Some(Outcome::Archived) => format!("{} was put away", head.handle),
        None => format!("{} {}", head.handle, head.status_text),
    }];
    let elapsed = u64::try_from(head.updated_at.ms() - head.created_at.ms()).unwrap_or(0);
    facts[0].push_str(&format!(" in {}", duration(elapsed)));
    facts.push(match item.repositories.len() {
        1 => "1 repository".into(),
        several => format!("{several} repositories"),
    });
    let reviews: usize = item.repositories.iter().map(|part| part.reviews.len()).sum();
    if reviews > 0 {
        facts.push(count(reviews as u64, "review"));
    }
    facts.extend(tokens(head.usage.as_ref()));
    facts.extend(spent(head));
    let symbol = look.symbol(Symbol::of_item(head));
    let mut text = format!("{symbol} {}\n", look.facts(&facts, 2, 2));
    let columns =
        [Column::left(""), Column::free("", 12), Column::left(""), Column::left(""), Column::free("", 20)];
    let order = |part: &&PartView| item.landing_order.iter().position(|name| *name == part.name);
    let mut parts: Vec<_> = item.repositories.iter().collect();
    parts.sort_by_key(|part| order(part).unwrap_or(usize::MAX));
    let rows: Vec<_> = parts.iter().enumerate().map(|(index, part)| end_row(look, index, part)).collect();
    let ends: Vec<String> = parts.iter().map(|part| place(look, part)).collect();
    text.push_str(&table_with_ends(look, 2, &columns, &rows, &ends));
    text.push_str(&left(look, item));
    if head.outcome == Some(Outcome::Failed) {
        for command in &item.commands {
            text.push_str(&format!("  hint: {command}\n"));
        }
    }
    look.finish(text)
}

/// What was left as it is, and who decided.
fn left(look: &Look, item: &ItemDetail) -> String {
    let mut facts = Vec::new();
    for part in &item.repositories {
        let open = part.critiques.iter().filter(|critique| critique.state == CritiqueState::Open);
        let handles: Vec<&str> = open.map(|critique| critique.handle.as_str()).collect();
        if let Some(left) = review::left(part, true) {
            facts.push(format!("{left} in {} ({})", look.line(&part.name), handles.join(" ")));
        }
    }
    let mut text = String::new();
    if !facts.is_empty() {
        text.push_str(&format!("  {}\n", look.wrap(&format!("Left: {}", facts.join(" · ")), 2, 8)));
    }
    let sums = item.questions;
    if sums.foreman + sums.you > 0 {
        let foreman = if sums.foreman > 0 || item.foreman.is_some() {
            format!(", the Foreman {}", sums.foreman)
        } else {
            String::new()
        };
        let line = format!("You answered {}{foreman} (ganger faq {})", sums.you, item.head.handle);
        text.push_str(&format!("  {}\n", look.wrap(&line, 2, 8)));
    }
    text
}

fn end_row(look: &Look, index: usize, part: &PartView) -> Vec<String> {
    let commits = part.candidate.as_ref().and_then(|candidate| candidate.commits);
    let checks: String =
        part.checks.iter().map(|check| look.symbol(Symbol::of_check(check.verdict))).collect();
    vec![
        (index + 1).to_string(),
        look.line(&part.name),
        commits.map_or_else(String::new, |commits| count(commits.into(), "commit")),
        format!("checks {}", if checks.is_empty() { "–".into() } else { checks }),
        match &part.published {
            Some(published) => look.line(&published.branch),
            None => part.state.words().to_owned(),
        },
    ]
}

/// Where a part stands now: a page or a remote; what happens with one that is not published.
fn place(look: &Look, part: &PartView) -> String {
    match &part.published {
        Some(published) => {
            let place = published.url.as_deref().or(published.remote.as_deref()).unwrap_or("your clone");
            format!("→\u{a0}{}", look.line(place))
        }
        None => part.activity.as_ref().map(|text| look.line(text)).unwrap_or_default(),
    }
}
