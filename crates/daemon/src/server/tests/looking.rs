//! What the routes say of costs, limits and found texts.

use super::fixture::Site;
use super::run;
use crate::server::{cost, search};
use axum::extract::{Query, State};
use ganger_api::cost::{CostBy, CostReport};
use ganger_api::routes::{CostQuery, SearchQuery};
use ganger_api::search::{HitKind, SearchHit};
use ganger_orchestrator::projection::{self, QueuedSummary};
use std::collections::BTreeMap;
use std::sync::Arc;

async fn costs(site: &Site, by: CostBy, item: Option<&str>) -> CostReport {
    let query = CostQuery { by, item: item.map(str::to_owned), ..CostQuery::default() };
    cost::cost(State(Arc::clone(&site.app)), Query(query)).await.unwrap().0
}

#[test]
fn what_was_never_said_costs_neither_nothing_nor_something() {
    run(async {
        let site = Site::new().await;
        let report = costs(&site, CostBy::Item, None).await;
        let row = &report.rows[0];
        assert_eq!((row.name.as_deref(), row.title.as_deref()), (Some("g1"), Some("Rate limit per API key")));
        assert_eq!((row.sum.turns, row.sum.unpriced_turns), (1, 1));
        assert_eq!((row.sum.tokens, row.sum.cost_usd_micros), (None, None));
        assert_eq!(costs(&site, CostBy::Agent, Some("g1")).await.rows[0].name.as_deref(), Some("codex"));
        assert_eq!(costs(&site, CostBy::Repo, None).await.rows[0].name.as_deref(), Some("api"));
        assert_eq!(costs(&site, CostBy::Day, None).await.rows[0].name.as_deref(), Some("2026-11-22"));
        assert!(costs(&site, CostBy::Item, Some("g2")).await.rows.is_empty());
        let wrong = CostQuery { offset_minutes: 99_999, ..CostQuery::default() };
        let refused = cost::cost(State(Arc::clone(&site.app)), Query(wrong)).await.unwrap_err();
        assert_eq!(refused.0.exit, ganger_api::exit::USAGE);
    });
}

async fn found(site: &Site, words: &str) -> Vec<SearchHit> {
    let query = SearchQuery { words: words.to_owned(), ..SearchQuery::default() };
    search::search(State(Arc::clone(&site.app)), Query(query)).await.unwrap().0.hits
}

/// The first that is found.
async fn find(site: &Site, words: &str) -> SearchHit {
    let found = found(site, words).await.into_iter().next();
    found.unwrap_or_else(|| panic!("nothing has the words {words}"))
}

#[test]
fn titles_questions_answers_and_critiques_are_found_with_the_command_that_opens_them() {
    run(async {
        let site = Site::new().await;
        assert!(found(&site, "monotonic").await.is_empty());
        crate::finder::catch_up(Arc::clone(&site.app)).await;
        let check = |hit: SearchHit, kind: HitKind, handle: &str, command: &str| {
            assert_eq!((hit.kind, hit.handle.as_str()), (kind, handle), "{hit:?}");
            assert!(hit.command.starts_with(command), "{hit:?}");
        };
        check(find(&site, "node").await, HitKind::Title, "g2", "ganger show g2");
        let logs = |handle: &str| format!("ganger logs {handle} --at 2026-11-22T13:");
        check(find(&site, "which clock").await, HitKind::Question, "q1", &logs("g1/api@1"));
        check(find(&site, "monotonic").await, HitKind::Answer, "q1", &logs("g1/api@1"));
        check(find(&site, "login form").await, HitKind::Question, "q2", &logs("g1/web@1"));
        // Two say the same; the newer one comes first.
        check(find(&site, "takes the clock").await, HitKind::Critique, "c2", &logs("g1/api@2"));
        let both = found(&site, "clock").await.len();
        // Another daemon finds the same, and nothing twice.
        crate::finder::catch_up(Arc::clone(&site.app)).await;
        assert_eq!(found(&site, "clock").await.len(), both);
        let words = SearchQuery { words: " … ".to_owned(), ..SearchQuery::default() };
        let refused = search::search(State(Arc::clone(&site.app)), Query(words)).await.unwrap_err();
        assert_eq!(refused.0.exit, ganger_api::exit::USAGE);
    });
}

#[test]
fn what_waits_for_an_account_is_shown_although_another_item_met_the_limit() {
    run(async {
        let site = Site::new().await;
        let item = site.app.engine.item(ganger_core::ids::WorkItemId::new(1.into())).await.unwrap();
        let mut summary = projection::summary(&item);
        summary.decisions.clear();
        summary.queued =
            vec![QueuedSummary { agent: "codex".to_owned(), repository: Some("web".to_owned()) }];
        let limit = ganger_core::site::AccountLimit {
            until_ms: 1_795_352_400_000,
            timer: ganger_core::ids::EffectId::new(1.into()),
        };
        let of = |agent: &str| {
            let accounts = BTreeMap::from([(agent.to_owned(), limit)]);
            let summary = summary.clone().with_accounts(&accounts);
            crate::views::item::summary(&summary, "acme", &*site.app).head
        };
        let head = of("codex");
        assert_eq!(head.status_text, "rate limit until 2026-11-22T13:00:00.000Z (codex)");
        assert_eq!(head.waits[0].blocks, ["g1/web"]);
        assert!(of("claude").waits.is_empty());
    });
}
