//! `agents` and `login`.

use crate::look::{Look, Symbol, Tone, duration};
use crate::table::{Column, table};
use ganger_api::agent::{
    AgentDetail, AgentList, AgentView, ChoiceView, HandshakeView, LoginResult, LoginState,
};

/// Offers of one kind that are shown; the rest is counted.
const MAX_OFFERED: usize = 20;
/// The column in which the facts of one agent stand.
const FACTS: usize = 11;

/// All agents, then what to type for those that cannot work yet.
pub fn list(look: &Look, list: &AgentList) -> String {
    let columns = [
        Column::left(""),
        Column::left("AGENT"),
        Column::left("VERSION"),
        Column::left("LOG-IN"),
        Column::free("USED FOR", 18),
        Column::free("PROGRAM", 16),
    ];
    let rows: Vec<_> = list.agents.iter().map(|agent| row(look, agent)).collect();
    let mut text = table(look, 0, &columns, &rows);
    for agent in &list.agents {
        let verb = if agent.program.is_some() { "To use" } else { "To install" };
        for command in &agent.commands {
            text.push_str(&format!("{verb} {}: {}\n", look.line(&agent.name), look.line(command)));
        }
    }
    look.finish(text)
}

fn row(look: &Look, agent: &AgentView) -> Vec<String> {
    let program = match &agent.program {
        Some(program) => look.line(program),
        None => "not installed".to_owned(),
    };
    let login = match (agent.login.state, &agent.program) {
        (_, None) => "–".to_owned(),
        (LoginState::Unknown, _) => "unknown".to_owned(),
        (state, _) => state.words().to_owned(),
    };
    vec![
        look.symbol(symbol(agent)),
        look.line(&agent.name),
        agent.version.as_deref().map_or_else(|| "–".to_owned(), |version| look.line(version)),
        login,
        roles(look, agent),
        program,
    ]
}

fn symbol(agent: &AgentView) -> Symbol {
    match (agent.login.state, &agent.program) {
        (_, None) if agent.roles.is_empty() => Symbol::Waits,
        (_, None) => Symbol::Failed,
        (LoginState::NotLoggedIn, _) if agent.roles.is_empty() => Symbol::Warning,
        (LoginState::NotLoggedIn, _) => Symbol::Failed,
        _ => Symbol::Passed,
    }
}

fn roles(look: &Look, agent: &AgentView) -> String {
    let words = agent.roles.iter().map(|role| match role.repositories.as_slice() {
        [] => role.role.words().to_owned(),
        some => format!("{} {}", role.role.words(), look.line(&some.join(" "))),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "–".to_owned() } else { words.join(", ") }
}

/// One agent, and what it said of itself.
pub fn detail(look: &Look, detail: &AgentDetail) -> String {
    let agent = &detail.agent;
    let fails = detail.handshake.as_ref().is_some_and(|handshake| handshake.problem.is_some());
    let symbol = if fails { Symbol::Failed } else { symbol(agent) };
    let mut text = format!("{} {}", look.symbol(symbol), look.paint(Tone::Strong, &look.line(&agent.name)));
    let version = agent.version.as_deref().map(|version| format!("  {}", look.line(version)));
    text.push_str(&version.unwrap_or_default());
    text.push_str(&format!("  {}: {}\n", agent.login.state.words(), look.line(&agent.login.reason)));
    let mut before = String::new();
    let mut fact = |name: &str, words: &str| {
        if !words.is_empty() {
            let words = look.wrap(words, FACTS, FACTS);
            let label = if name == before { "" } else { name };
            text.push_str(&format!("  {label:<width$}{words}\n", width = FACTS - 2));
            name.clone_into(&mut before);
        }
    };
    fact("used for", &roles(look, agent));
    fact("program", agent.program.as_deref().map_or("not installed", |program| program));
    fact("command", &look.line(&detail.command.join(" ")));
    let given = detail.environment.iter();
    let given: Vec<String> = given
        .map(|variable| {
            format!("{} ({})", look.line(&variable.name), if variable.set { "set" } else { "not set" })
        })
        .collect();
    fact("given", &given.join(", "));
    fact("state", &look.line(&detail.state.join(", ")));
    fact("model", &look.line(detail.model.as_deref().unwrap_or_default()));
    fact("log-in", &look.line(&detail.login_command.join(" ")));
    if let Some(handshake) = &detail.handshake {
        for (name, words) in said(look, handshake) {
            fact(name, &words);
        }
    }
    for command in &agent.commands {
        text.push_str(&format!("Next: {}\n", look.line(command)));
    }
    look.finish(text)
}

fn said(look: &Look, handshake: &HandshakeView) -> Vec<(&'static str, String)> {
    let who = [handshake.agent.as_deref(), handshake.version.as_deref()];
    let who: Vec<String> = who.into_iter().flatten().map(|word| look.line(word)).collect();
    let mut words = vec![match &handshake.problem {
        None => format!("ready in {}", duration(handshake.took_ms)),
        Some(problem) => look.line(problem),
    }];
    words.extend((!who.is_empty()).then(|| format!("it calls itself {}", who.join(" "))));
    words.extend(handshake.protocol.map(|version| format!("Agent Client Protocol {version}")));
    let mut facts = vec![("answers", words.join(" · "))];
    facts.extend(handshake.said.iter().map(|line| ("it wrote", look.line(line))));
    facts.push(("can", look.line(&handshake.capabilities.join(", "))));
    facts.push(("modes", handshake.modes.as_ref().map(|modes| choice(look, modes)).unwrap_or_default()));
    facts.push(("models", handshake.models.as_ref().map(|models| choice(look, models)).unwrap_or_default()));
    facts.extend(handshake.login_methods.iter().map(|method| ("logs in", look.line(method))));
    facts.extend(handshake.warnings.iter().map(|warning| ("remark", look.line(warning))));
    facts.push(match handshake.gaps.as_deref() {
        None => ("sandbox", String::new()),
        Some([]) => ("sandbox", "holds".to_owned()),
        Some(gaps) => ("sandbox", look.line(&gaps.join(" "))),
    });
    facts
}

fn choice(look: &Look, choice: &ChoiceView) -> String {
    let shown = choice.offered.iter().take(MAX_OFFERED).map(|offered| look.line(offered));
    let mut shown: Vec<String> = shown.collect();
    if let Some(rest) = choice.offered.len().checked_sub(MAX_OFFERED).filter(|rest| *rest > 0) {
        shown.push(format!("{rest} more: --json"));
    }
    match &choice.current {
        Some(current) => format!("{} of {}", look.line(current), shown.join(", ")),
        None => shown.join(", "),
    }
}

/// How an account stands after a log-in.
pub fn login(look: &Look, result: &LoginResult) -> String {
    let (name, reason) = (look.line(&result.name), look.line(&result.login.reason));
    look.finish(match result.login.state {
        LoginState::LoggedIn => format!("{name} is logged in: {reason}.\n"),
        LoginState::NotNeeded => format!("{name} needs no log-in: {reason}.\n"),
        LoginState::NotLoggedIn => {
            format!("{name} is not logged in: {reason}.\nNext: ganger login {name}\n")
        }
        LoginState::Unknown => {
            format!("Nobody can tell whether {name} is logged in: {reason}.\nNext: ganger agents {name}\n")
        }
    })
}

#[cfg(test)]
mod tests;
