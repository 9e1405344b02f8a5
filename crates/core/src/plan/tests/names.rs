use super::*;
use crate::plan::problem::ProblemCode;
use expect_test::expect;

#[test]
fn names_match_without_case_and_are_stored_as_discovered() {
    let text = document("[[Backend-API], [FRONTEND-APP]]", &["backend-api", "Frontend-App"]);
    check(
        &text,
        &["backend-api", "frontend-app"],
        &expect![[r#"
        valid: backend-api@0 frontend-app@1
    "#]],
    );
    check(
        &document("[[api]]", &["API"]),
        &["Api"],
        &expect![[r#"
        valid: Api@0
    "#]],
    );
}

#[test]
fn all_problems_of_names_and_sections_come_in_one_pass() {
    let text = document("[[ghost, a, c]]", &["a"]) + "\n## SubPlan: b\n### Goal\nDo it.\n";
    check(
        &text,
        &["a", "b", "c"],
        &expect![[r#"
        line 4: `execution_groups` names `ghost`, but there is no such repository in the workspace (known: `a`, `b`, `c`) [unknown_repository]
        line 4: `execution_groups` names `c`, but there is no `## SubPlan: c`; write it or take the name out [missing_sub_plan]
        line 27: there is a sub-plan for `b`, but no execution group names it; add it to one or remove the section [undeclared_sub_plan]
        line 27: sub-plan `b` has no `### Scope` [missing_section]
        line 27: sub-plan `b` has no `### Changes` [missing_section]
        line 27: sub-plan `b` has no `### Validation` [missing_section]
        line 27: sub-plan `b` has no `### Risks` [missing_section]
    "#]],
    );
}

#[test]
fn an_unknown_repository_is_told_once() {
    let text = document("[[a, ghost]]", &["a", "ghost"]);
    check(
        &text,
        &["a"],
        &expect![[r#"
        line 4: `execution_groups` names `ghost`, but there is no such repository in the workspace (known: `a`) [unknown_repository]
    "#]],
    );
    check(
        &document("[[a]]", &["a", "ghost"]),
        &["a"],
        &expect![[r#"
        line 27: there is a sub-plan for `ghost`, but no execution group names it and there is no such repository in the workspace (known: `a`) [undeclared_sub_plan]
    "#]],
    );
}

#[test]
fn a_repository_in_two_groups_is_told() {
    check(
        &document("[[a, b], [A]]", &["a", "b"]),
        &["a", "b"],
        &expect![[r#"
        line 4: `A` stands in two execution groups (see line 4); name each repository once [repository_in_two_groups]
    "#]],
    );
    // Twice in one group means nothing else than once.
    check(
        &document("[[a, A, b, a]]", &["a", "b"]),
        &["a", "b"],
        &expect![[r#"
        valid: a@0 b@0
    "#]],
    );
}

#[test]
fn declared_names_are_flattened_without_repetition() {
    let (output, _) = PlanParser::parse(&document("[[a, b], [B, c], [A, ' d ', '']]", &[]));
    assert_eq!(output.declared(), ["a", "b", "c", "d"]);
    assert_eq!(PlanParser::parse("").0.declared(), [""; 0]);
}

#[test]
fn two_sections_for_one_repository_are_told() {
    check(
        &document("[[a]]", &["a", "A"]),
        &["a"],
        &expect![[r#"
        line 27: a second `## SubPlan: A`; put its text into the one on line 11 [duplicate_sub_plan]
    "#]],
    );
}

#[test]
fn headings_name_their_repository_in_many_ways() {
    for heading in [
        "## SubPlan: repo-a",
        "##  SubPlan:repo-a",
        "## SubPlan repo-a",
        "## SubPlan : repo-a :",
        "## SubPlan: repo-a -",
        "## SubPlan: `repo-a`",
        "## SubPlan: **repo-a**",
        "## **SubPlan: repo-a**",
        "## SubPlan: repo-a ##",
        "  ## SubPlan:\trepo-a",
    ] {
        let text = document("[[repo-a]]", &["x"]).replace("## SubPlan: x", heading);
        assert_eq!(problems(&text, &["repo-a"]), ParseErrors::default(), "{heading}");
    }
    let text = document("[[repo-a]]", &["repo-a (api)"]);
    check(
        &text,
        &["repo-a"],
        &expect![[r#"
        line 4: `execution_groups` names `repo-a`, but there is no `## SubPlan: repo-a`; write it or take the name out [missing_sub_plan]
        line 11: there is a sub-plan for `repo-a (api)`, but no execution group names it and there is no such repository in the workspace (known: `repo-a`) [undeclared_sub_plan]
    "#]],
    );
}

#[test]
fn a_name_with_marks_of_its_own_is_that_name() {
    let names = [
        "repo-",
        "--",
        "_private_",
        "c#",
        "my repo",
        "größe",
        "a.b",
        "`x`",
        "*b*",
        "true",
        "7",
        "a:b",
        "x: y",
        "q\"q",
    ];
    for name in names {
        let quoted = serde_json::Value::from(name).to_string();
        let text = document(&format!("[[{quoted}]]"), &[name]);
        let plan = PlanParser::parse_and_validate(&text, &strings(&[name])).expect(name);
        assert_eq!(plan.repositories(), [name]);
    }
    // The literal reading wins over the tidied one.
    let text = document("[[repo, repo-]]", &["repo", "repo-"]);
    check(
        &text,
        &["repo", "repo-"],
        &expect![[r#"
        valid: repo@0 repo-@0
    "#]],
    );
}

#[test]
fn a_heading_without_a_name_is_told_and_takes_no_other_line() {
    let text = document("[[repo-a]]", &[]) + "\n## SubPlan:\nrepo-a\n\n### Goal\nx\n";
    check(
        &text,
        &["repo-a"],
        &expect![[r#"
        line 4: `execution_groups` names `repo-a`, but there is no `## SubPlan: repo-a`; write it or take the name out [missing_sub_plan]
        line 11: `## SubPlan:` has no name; write the repository's name behind the colon [sub_plan_without_name]
    "#]],
    );
}

#[test]
fn a_heading_nearly_right_is_told_and_read() {
    let text = document("[[a]]", &["a"]);
    check(
        &text.replace("## SubPlan: a", "## Subplan: a"),
        &["a"],
        &expect![[r#"
        line 11: `## Subplan: a` must be written `## SubPlan: a` [heading_spelling]
    "#]],
    );
    check(
        &text.replace("## SubPlan: a", "# SubPlan: a"),
        &["a"],
        &expect![[r#"
        line 11: `# SubPlan: a` must be written `## SubPlan: a` [heading_spelling]
    "#]],
    );
    let deeper = problems(&text.replace("## SubPlan: a", "### SubPlan: a"), &["a"]);
    assert!(deeper.has(ProblemCode::MissingSubPlan));
}

#[test]
fn repositories_that_differ_only_in_case_must_be_named_exactly() {
    let text = document("[[api, API]]", &["api", "API"]);
    check(
        &text,
        &["api", "API"],
        &expect![[r#"
        valid: API@0 api@0
    "#]],
    );
    check(
        &document("[[Api]]", &["Api"]),
        &["api", "API"],
        &expect![[r#"
        line 4: `execution_groups` names `Api`, which may be any of api, API; write it exactly [ambiguous_repository]
    "#]],
    );
}

#[test]
fn a_workspace_of_many_repositories_is_not_listed_whole() {
    let names: Vec<String> = (0..50).map(|n| format!("repo-{n:02}")).collect();
    let errors = PlanParser::parse_and_validate(&document("[[x]]", &["x"]), &names).unwrap_err();
    assert!(errors.to_string().contains("\"x\""));
    assert!(errors.report().contains("and 30 more"), "{}", errors.report());
}
