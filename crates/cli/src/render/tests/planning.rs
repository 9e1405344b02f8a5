//! Plans that change: where the change stands, beside the work that goes on.

use super::*;
use ganger_api::cost::{COST_SCHEMA, CostBy, CostReport, CostSum, ItemBudget};

fn with(change: PlanChange) -> ItemDetail {
    let mut item = detail();
    item.head.plan_change = Some(change);
    item
}

fn change(state: PlanChangeState) -> PlanChange {
    PlanChange {
        state,
        standing: Some(1),
        version: None,
        only: None,
        follow_up: false,
        wish: None,
        trouble: None,
    }
}

/// The lines of `show` about the item itself.
fn top(look: &Look, item: &ItemDetail) -> String {
    let shown = item::item(look, item);
    shown.split("\n\n").next().unwrap().to_owned() + "\n"
}

#[test]
fn show_says_where_a_change_of_the_plan_stands() {
    let waiting = with(PlanChange { version: Some(2), ..change(PlanChangeState::Waiting) });
    let check = |width: usize, item: &ItemDetail, expected: Expect| {
        expected.assert_eq(&top(&look(width), item));
    };
    check(
        110,
        &waiting,
        expect![[r#"
        g12  Rate limit per API key    question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
             acme · branch sub-412-rate-limit · plan v2 sha256:7c1e00aabbcc… approved by you 12:41
             plan: v2 waits for your approval; v1 stays in force until then, and nothing new begins
    "#]],
    );
    check(
        60,
        &waiting,
        expect![[r#"
            g12  Rate limit per API key
                 question d41 · wave 2 of 2 · 52 m · 412k tokens ·
                 ≈ $3.10
                 acme · branch sub-412-rate-limit ·
                 plan v2 sha256:7c1e00aabbcc… approved by you 12:41
                 plan: v2 waits for your approval; v1 stays in force
                 until then, and nothing new begins
        "#]],
    );
    let wish = Some("Limit by tenant too, and say so in the header that the client reads first.".to_owned());
    let made = PlanChange { only: Some("web".into()), wish, ..change(PlanChangeState::BeingMade) };
    check(
        110,
        &with(made.clone()),
        expect![[r#"
            g12  Rate limit per API key    question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
                 acme · branch sub-412-rate-limit · plan v2 sha256:7c1e00aabbcc… approved by you 12:41
                 plan: a change of web is being planned: "Limit by tenant too, and say so in the header that the clie…";
                 v1 stays in force
        "#]],
    );
    check(
        80,
        &with(PlanChange { only: None, follow_up: true, ..made.clone() }),
        expect![[r#"
            g12  Rate limit per API key
                 question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
                 acme · branch sub-412-rate-limit ·
                 plan v2 sha256:7c1e00aabbcc… approved by you 12:41
                 plan: a follow-up is being planned: "Limit by tenant too, and say so in the
                 header that the clie…"; v1 stays in force
        "#]],
    );
    check(
        80,
        &with(PlanChange { standing: None, only: None, wish: None, ..made }),
        expect![[r#"
            g12  Rate limit per API key
                 question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
                 acme · branch sub-412-rate-limit ·
                 plan v2 sha256:7c1e00aabbcc… approved by you 12:41
                 plan: a change is being planned
        "#]],
    );
    let trouble =
        Some("the planner did not submit a valid plan in 3 turns: the last one left no plan".to_owned());
    let failed = with(PlanChange { trouble, ..change(PlanChangeState::Failed) });
    check(
        80,
        &failed,
        expect![[r#"
            g12  Rate limit per API key
                 question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
                 acme · branch sub-412-rate-limit ·
                 plan v2 sha256:7c1e00aabbcc… approved by you 12:41
                 ! the plan could not be changed; v1 stays in force: the planner did not
                 submit a valid plan in 3 turns: the last one left no plan
        "#]],
    );
    let ascii = Look { utf8: false, ..look(80) };
    expect![[r#"
        g12  Rate limit per API key
             question d41 - wave 2 of 2 - 52 m - 412k tokens - ~ $3.10
             acme - branch sub-412-rate-limit -
             plan v2 sha256:7c1e00aabbcc~ approved by you 12:41
             ! the plan could not be changed; v1 stays in force: the planner did not
             submit a valid plan in 3 turns: the last one left no plan
    "#]]
    .assert_eq(&top(&ascii, &failed));
}

#[test]
fn a_part_that_was_built_on_an_older_result_says_so() {
    let mut item = detail();
    item.repositories.truncate(2);
    item.repositories[1].stale_on = vec!["shared".into()];
    let shown = item::item(&look(110), &item);
    let line: String = shown.lines().filter(|line| line.contains("  api ")).collect();
    expect![
        "  ●  api     claude@1  running · turn 6 · cargo test · built on an older shared · 9 files +212 −18 ·"
    ]
    .assert_eq(&line);
}

#[test]
fn cost_of_an_item_says_what_is_left_of_its_budget() {
    let check = |spent: Option<u64>, expected: &str| {
        let budget =
            ItemBudget { handle: "g12".into(), limit_usd_micros: 7_500_000, spent_usd_micros: spent };
        let report = CostReport {
            schema: COST_SCHEMA.into(),
            by: CostBy::Item,
            rows: Vec::new(),
            total: CostSum::default(),
            budget: Some(budget),
        };
        let shown = cost::cost(&look(80), &report);
        assert_eq!(shown, format!("No agent has ended a turn.\n{expected}\n"));
    };
    check(None, "g12 may cost $7.50; what it has cost is unknown");
    check(Some(6_100_000), "g12 has cost $6.10 of the $7.50 that it may cost");
    check(Some(7_500_000), "g12 has cost $7.50 and may cost $7.50: no further turn begins");
}

#[test]
fn the_end_of_a_budget_is_seen_coming() {
    let near = |limit: u64| crate::look::spent(&ItemHead { budget_usd_micros: Some(limit), ..first() });
    assert_eq!(near(10_000_000).as_deref(), Some("≈ $3.10 of $10"));
    assert_eq!(near(3_875_000).as_deref(), Some("≈ $3.10 of $3.88 (80 %)"));
    assert_eq!(near(3_000_000).as_deref(), Some("≈ $3.10 of $3 (103 %)"));
}
