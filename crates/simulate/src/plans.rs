//! Plan documents, good and bad.

use crate::random::Random;
use std::fmt::Write as _;

/// A valid document over these groups. `mark` makes it differ from others.
pub(crate) fn document(groups: &[Vec<String>], mark: u64) -> String {
    let mut text = "```ganger-plan\nexecution_groups:\n".to_owned();
    // Writing to a string cannot fail.
    for group in groups {
        let _ = writeln!(text, "  - [{}]", group.join(", "));
    }
    let _ = write!(text, "```\n\n## Orchestration\n\nDraft {mark}.\n");
    for name in groups.iter().flatten() {
        let _ = write!(
            text,
            "\n## SubPlan: {name}\n\n### Goal\nA limit.\n### Scope\n- src/lib.rs\n### Changes\n- add it\n\
             ### Validation\n- the tests pass\n### Risks\n- none known\n"
        );
    }
    text
}

/// A valid document over some of the repositories.
pub(crate) fn valid(random: &mut Random, names: &[String]) -> String {
    let mut groups: Vec<Vec<String>> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if index > 0 && random.chance(200) {
            continue;
        }
        match groups.last_mut() {
            Some(group) if random.chance(500) => group.push(name.clone()),
            _ => groups.push(vec![name.clone()]),
        }
    }
    document(&groups, random.below(1_000_000))
}

/// A document with a problem.
pub(crate) fn broken(random: &mut Random, names: &[String]) -> String {
    let good = valid(random, names);
    match random.below(4) {
        0 => good.replace("## Orchestration", "## Something"),
        1 => good.replace("### Risks", "### Hopes"),
        2 => good.replace("ganger-plan", "plan"),
        _ => good.replace("## SubPlan: ", "## SubPlan: no-such-"),
    }
}
