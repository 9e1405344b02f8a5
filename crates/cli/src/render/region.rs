//! The region at the bottom of `run`, which is painted again and again, and the prompt below it.

use crate::look::{Look, Symbol, Tone, cut, spent, tokens};
use crate::table::{Column, table};
use ganger_api::item::{ItemDetail, PartState, PartView};

/// The widest region: longer lines are hard to read beside each other.
const WIDEST: usize = 100;
/// Columns that a prompt leaves for what is typed.
const TYPED: usize = 8;

/// The region: a rule, where the item stands, its parts. No line is wider than the screen, and there are at most `height`
/// of them.
pub fn region(look: &Look, item: &ItemDetail, height: usize) -> String {
    let width = look.width.min(WIDEST);
    let head = &item.head;
    let mut facts = vec![match head.wave {
        Some(wave) => format!("wave {} of {}", wave.index, wave.of),
        None => look.moments(&look.line(&head.status_text)),
    }];
    facts.push(look.age(head.created_at));
    facts.extend(tokens(head.usage.as_ref()));
    facts.extend(spent(head));
    let left = facts.join(" · ");
    let gap = |right: &str| width.saturating_sub(crate::look::width(&left) + right.len() + 2);
    let right = ["Ctrl-C detaches, agents go on", "Ctrl-C detaches"].into_iter().find(|right| gap(right) > 1);
    let line = match right {
        Some(right) => format!(" {left}{}{right}", " ".repeat(gap(right))),
        None => format!(" {left}"),
    };
    let mut text = format!("{}\n{}\n", look.paint(Tone::Dim, &"─".repeat(width)), cut(&line, width));
    let (parts, hidden) = shown(&item.repositories, height.saturating_sub(2));
    let columns = [Column::left(""), Column::free("", 10), Column::free("", 16), Column::left("")];
    let rows: Vec<_> = parts.iter().map(|part| row(look, part)).collect();
    text.push_str(&table(&Look { width, ..*look }, 1, &columns, &rows));
    if hidden > 0 {
        text.push_str(&format!(
            "{}\n",
            cut(&format!(" … and {hidden} more: ganger show {}", head.handle), width)
        ));
    }
    look.finish(text)
}

/// The prompt, on several lines where it is long, with room for what is typed behind it.
pub fn prompt(look: &Look, prompt: &str) -> String {
    let width = look.width.min(WIDEST).saturating_sub(TYPED);
    look.finish(Look { width, ..*look }.wrap(prompt, 0, 2) + " ")
}

fn row(look: &Look, part: &PartView) -> Vec<String> {
    let activity = part.activity.as_deref().unwrap_or(part.state.words());
    let changes = part.changes.map(|changes| format!("+{} −{}", changes.insertions, changes.deletions));
    vec![
        look.symbol(Symbol::of_part(part.state)),
        look.line(&part.name),
        look.line(activity),
        changes.unwrap_or_default(),
    ]
}

/// The parts that there is room for, in their order, and how many there are beside them: those where something happens
/// or somebody is needed stay longest.
fn shown(parts: &[PartView], room: usize) -> (Vec<&PartView>, usize) {
    if parts.len() <= room {
        return (parts.iter().collect(), 0);
    }
    let weight = |part: &PartView| match part.state {
        PartState::NeedsYou | PartState::Failed => 0,
        PartState::Preparing | PartState::Running | PartState::Checking | PartState::InReview => 1,
        PartState::Stopped | PartState::Waiting => 2,
        PartState::Passed | PartState::Published => 3,
    };
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&index| (weight(&parts[index]), index));
    order.truncate(room.saturating_sub(1));
    order.sort_unstable();
    let hidden = parts.len() - order.len();
    (order.into_iter().map(|index| &parts[index]).collect(), hidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{detail, look};
    use expect_test::expect;

    const PROMPT: &str = "[y]\u{a0}approve [v]\u{a0}read [e]\u{a0}edit [d]\u{a0}drop [r]\u{a0}revise [n]\u{a0}reject [l]\u{a0}later\u{a0}›";

    #[test]
    fn the_region_fits_and_says_what_goes_on() {
        let text = |width| region(&look(width), &detail(), 10) + &prompt(&look(width), PROMPT);
        expect![[r#"
            ────────────────────────────────────────────────────────────────────────────────
             wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10       Ctrl-C detaches, agents go on
             ✓  shared  published            +212 −18
             ●  api     turn 6 · cargo test  +212 −18
             ?  web     needs you            +212 −18
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › "#]]
        .assert_eq(&text(80));
        expect![[r#"
            ────────────────────────────────────────
             wave 2 of 2 · 52 m · 412k tokens · ≈ $…
             ✓  shared  published           +212 −18
             ●  api     turn 6 · cargo te…  +212 −18
             ?  web     needs you           +212 −18
            [y] approve [v] read [e] edit
              [d] drop [r] revise [n] reject
              [l] later › "#]]
        .assert_eq(&text(40));
        for width in 40..120 {
            for line in text(width).lines() {
                assert!(crate::look::width(line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn of_many_parts_those_that_matter_stay() {
        let mut item = detail();
        let part = |index: usize| PartView {
            name: format!("service-{index}"),
            state: [PartState::Published, PartState::Waiting, PartState::Running, PartState::NeedsYou]
                [index / 10],
            ..item.repositories[2].clone()
        };
        item.repositories = (0..40).map(part).collect();
        for height in 4..50 {
            assert!(region(&look(80), &item, height).lines().count() <= height.max(3), "{height}");
        }
        expect![[r#"
            ────────────────────────────────────────────────────────────────────────────────
             wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10       Ctrl-C detaches, agents go on
             ●  service-20  running    +212 −18
             ●  service-21  running    +212 −18
             ?  service-30  needs you  +212 −18
             ?  service-31  needs you  +212 −18
             ?  service-32  needs you  +212 −18
             ?  service-33  needs you  +212 −18
             ?  service-34  needs you  +212 −18
             ?  service-35  needs you  +212 −18
             ?  service-36  needs you  +212 −18
             ?  service-37  needs you  +212 −18
             ?  service-38  needs you  +212 −18
             ?  service-39  needs you  +212 −18
             … and 28 more: ganger show g12
        "#]]
        .assert_eq(&region(&look(80), &item, 15));
    }
}
