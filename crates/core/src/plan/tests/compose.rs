use super::*;
use crate::plan::document::{PlanDocument, ReplaceError, SubPlan, replace_sub_plan};
use expect_test::expect;
use proptest::prelude::*;

fn plan(parts: &[(&str, u32)]) -> PlanDocument {
    let part = |(name, order): &(&str, u32)| SubPlan {
        repository: (*name).to_owned(),
        order: *order,
        content: BODY.to_owned(),
    };
    PlanDocument { orchestration: "\nTogether.\n".to_owned(), sub_plans: parts.iter().map(part).collect() }
}

#[test]
fn a_plan_is_composed_by_order_and_name() {
    let text = plan(&[("web", 2), ("Docs", 2), ("core", 0), ("on", 5)]).compose();
    expect![[r#"
        ```ganger-plan
        execution_groups:
          - [core]
          - [Docs, web]
          - ["on"]
        ```

        ## Orchestration

        Together.

        ## SubPlan: core

        …

        ## SubPlan: Docs

        …

        ## SubPlan: web

        …

        ## SubPlan: on

        …"#]]
    .assert_eq(&text.replace(BODY.trim_end(), "…"));
    assert!(text.contains(BODY.trim_end()));
    let parsed = PlanParser::parse_and_validate(&text, &strings(&["web", "Docs", "core", "on"])).unwrap();
    let orders: Vec<_> = parsed.sub_plans.iter().map(|part| (part.repository.as_str(), part.order)).collect();
    assert_eq!(orders, [("core", 0), ("Docs", 1), ("web", 1), ("on", 2)]);
    assert_eq!(parsed.compose(), text);
}

#[test]
fn a_plan_without_sub_plans_has_an_empty_list() {
    expect![[r#"
        ```ganger-plan
        execution_groups: []
        ```

        ## Orchestration"#]]
    .assert_eq(&PlanDocument::default().compose());
}

#[test]
fn sub_plans_alone_have_headings_only_when_there_are_several() {
    assert_eq!(plan(&[]).compose_sub_plans(), "");
    assert_eq!(plan(&[("a", 0)]).compose_sub_plans(), BODY.trim());
    let several = plan(&[("b", 0), ("a", 0)]).compose_sub_plans();
    expect![[r#"
        ## SubPlan: a

        …

        ## SubPlan: b

        …"#]]
    .assert_eq(&several.replace(BODY.trim(), "…"));
}

#[test]
fn a_section_of_a_sub_plan_can_be_read() {
    let part = plan(&[("a", 0)]).sub_plans.remove(0);
    assert_eq!(part.section("Goal"), Some("Do it."));
    assert_eq!(part.section("Risks"), Some("- none known"));
    assert_eq!(part.section("Notes"), None);
}

#[test]
fn replacing_one_sub_plan_leaves_all_other_bytes() {
    let text = document("[[a], [b]]  # order matters", &["b", "a"]) + "\n\n";
    let names = strings(&["a", "b"]);
    let content = BODY.replace("Do it.", "Do that.\n\n```\n## no heading\n```");
    let (new, plan) = replace_sub_plan(&text, &names, "b", &format!("\n{content}\n\n")).unwrap();
    let at = text.find("### Goal").unwrap();
    let end = at + BODY.trim_end().len();
    assert_eq!(new, format!("{}{}{}", &text[..at], content.trim_end(), &text[end..]));
    assert_eq!(plan.sub_plan("b").unwrap().content, content.trim_end());
    assert_eq!(plan.sub_plan("a").unwrap().content, BODY.trim_end());
}

#[test]
fn a_replacement_that_is_no_sub_plan_or_touches_others_is_refused() {
    let names = strings(&["a", "b"]);
    let check = |text: &str, repository: &str, content: &str, expected: Expect| {
        let refusal = replace_sub_plan(text, &names, repository, content).unwrap_err();
        expected.assert_eq(&format!("{refusal}\n"));
        refusal
    };
    let text = document("[[a, b]]", &["a", "b"]);
    check(
        &text,
        "c",
        BODY,
        expect![[r#"
        the plan has no sub-plan for `c`; it has `a`, `b`
    "#]],
    );
    let thin = check(
        &text,
        "a",
        "### Goal\nx",
        expect![[r#"
        the new text of sub-plan `a` can't be used: Plan parsing failed: incomplete sub-plans: "a: missing ### Scope", "a: missing ### Changes", "a: missing ### Validation", "a: missing ### Risks"
    "#]],
    );
    assert!(matches!(thin, ReplaceError::InvalidContent { .. }));
    check(
        &text,
        "a",
        &format!("{BODY}\n## SubPlan: b\n{BODY}"),
        expect![[r#"
        the new text of sub-plan `a` can't be used: Plan parsing failed: a second `## SubPlan: b`; put its text into the one on line 27
    "#]],
    );
    check(
        &text,
        "a",
        &format!("{BODY}\n```\nopen"),
        expect![[r#"
        the new text of sub-plan `a` can't be used: Plan parsing failed: missing sub-plan sections: "b"; what opens here (a code fence or an HTML block) is never closed and hides all that follows; close it
    "#]],
    );
    check(
        "words",
        "a",
        BODY,
        expect![[r#"
        the document has problems of its own, so no part of it can be replaced: Plan parsing failed: missing ganger-plan YAML block
    "#]],
    );
    // Taking over the neighbour's section through an own heading is noticed.
    let one = document("[[a]]", &["a"]);
    check(
        &one,
        "a",
        &format!("{BODY}\n## Orchestration\nmine"),
        expect![[r#"
        the new text of sub-plan `a` can't be used: Plan parsing failed: a second `## Orchestration`; put its text into the one on line 7
    "#]],
    );
}

#[test]
fn a_repository_can_be_dropped_but_not_the_last_one() {
    let whole = plan(&[("a", 0), ("b", 1), ("c", 2)]);
    let rest = whole.without("b").unwrap();
    assert_eq!(rest.groups(), [["a"], ["c"]]);
    assert_eq!(rest.sub_plans[1].order, 1);
    assert_eq!(whole.without("x"), None);
    assert_eq!(plan(&[("a", 0)]).without("a"), None);
}

#[test]
fn a_direct_plan_is_valid_whatever_the_ticket_says() {
    let ticket = "Users wait.\r\n\r\n## SubPlan: other\n```ganger-plan\nexecution_groups: []\n<!-- open";
    let plan = PlanDocument::direct("my repo", "Speed\nup", ticket);
    let text = plan.compose();
    expect![[r#"
        ```ganger-plan
        execution_groups:
          - ["my repo"]
        ```

        ## Orchestration

        One repository does the whole ticket: "my repo".

        ## SubPlan: my repo

        ### Goal

        > Speed up
        > Users wait.
        >
        > ## SubPlan: other
        > ```ganger-plan
        > execution_groups: []
        > <!-- open

        ### Scope

        - Whatever the goal needs in this repository, and no more.

        ### Changes

        - Make the change that the goal asks for.

        ### Validation

        - The repository's own checks pass.

        ### Risks

        - Nobody explored the code for this plan; read before you change."#]]
    .assert_eq(&text);
    assert_eq!(PlanParser::parse_and_validate(&text, &strings(&["my repo"])), Ok(plan));
}

/// Lines that planners write, and lines that try to break the grammar.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[ -~]{0,40}",
        "[ \t]{0,5}(```|~~~|>|-|\\*|#{1,6}|<!--|-->|=+)[ -~äß\u{3000}]{0,12}",
        Just("## SubPlan: a".to_owned()),
        Just("## Orchestration".to_owned()),
        Just("```ganger-plan".to_owned()),
        Just("execution_groups: [[a, b], [c]]".to_owned()),
        Just("```".to_owned()),
        "### (Goal|Scope|Changes|Validation|Risks)",
        "[-*] [a-z]{1,5}\r?",
    ]
}

fn lines(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(line(), count).prop_map(|lines| lines.join("\n"))
}

fn names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set("[a-zA-Z0-9äö_.#*`:-][a-zA-Z0-9 äö_.#*`'\"\\\\:-]{0,8}[a-z0-9#*`_-]", 1..5)
        .prop_map(|names| {
            let mut seen = std::collections::BTreeSet::new();
            names.into_iter().filter(|name| seen.insert(name.to_lowercase())).collect()
        })
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>(), lines in lines(0..40), name in any::<String>()) {
        for text in [&text, &lines] {
            let names = [name.clone(), "a".to_owned()];
            let (output, _) = PlanParser::parse(text);
            let _ = PlanParser::validate(&output, &names);
            let result = PlanParser::parse_and_validate(text, &names);
            if let Err(errors) = &result {
                let last = u32::try_from(text.split('\n').count()).unwrap();
                prop_assert!(errors.has_errors());
                prop_assert!(errors.problems.iter().all(|p| (1..=last + 1).contains(&p.line)), "{}", errors.report());
            }
            let _ = replace_sub_plan(text, &names, "a", text);
        }
    }

    #[test]
    fn a_valid_document_composes_to_itself(
        names in names(),
        orders in prop::collection::vec(0_u32..4, 5),
        extra in prop::collection::vec(lines(0..12), 5),
        orchestration in lines(1..6),
    ) {
        let parts = names.iter().zip(&orders).zip(&extra);
        let plan = PlanDocument {
            orchestration,
            sub_plans: parts
                .map(|((name, order), extra)| SubPlan {
                    repository: name.clone(),
                    order: *order,
                    content: format!("{BODY}\n{extra}"),
                })
                .collect(),
        };
        let text = plan.compose();
        if let Ok(parsed) = PlanParser::parse_and_validate(&text, &names) {
            prop_assert_eq!(parsed.compose(), text.clone());
            prop_assert_eq!(PlanParser::parse_and_validate(&parsed.compose(), &names), Ok(parsed.clone()));
            for part in &parsed.sub_plans {
                let (same, again) = replace_sub_plan(&text, &names, &part.repository, &part.content).unwrap();
                prop_assert_eq!(&same, &text);
                prop_assert_eq!(&again, &parsed);
            }
        }
    }

    #[test]
    fn names_survive_composing(names in names(), orders in prop::collection::vec(0_u32..4, 5)) {
        let parts: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(orders).collect();
        let text = plan(&parts).compose();
        let parsed = PlanParser::parse_and_validate(&text, &names);
        let found = parsed.map(|plan| plan.repositories().into_iter().collect::<std::collections::BTreeSet<_>>());
        prop_assert_eq!(found, Ok(names.iter().cloned().collect()));
    }
}
