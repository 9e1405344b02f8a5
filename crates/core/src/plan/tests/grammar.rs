use super::*;
use crate::plan::parser::MAX_DOCUMENT_BYTES;
use crate::plan::problem::{MAX_PROBLEMS, ProblemCode};
use expect_test::expect;

#[test]
fn a_title_a_block_orchestration_and_three_sub_plans_are_a_plan() {
    let text = document("[[a, b], [c]]", &["a", "b", "c"]);
    check(
        &text,
        &["a", "b", "c"],
        &expect![[r#"
        valid: a@0 b@0 c@1
    "#]],
    );
    let (output, errors) = PlanParser::parse(&text);
    assert!(!errors.has_errors());
    let sizes: Vec<usize> = output.execution_groups.iter().flatten().map(Vec::len).collect();
    assert_eq!(sizes, [2, 1]);
    assert_eq!(output.sub_plans.len(), 3);
    assert_eq!(output.raw, text);
    assert_eq!(output.orchestration, "Together.");
}

#[test]
fn text_without_a_block_lacks_just_the_block() {
    check(
        "Some words.\n",
        &["a"],
        &expect![[r#"
        line 1: missing `ganger-plan` block: begin with a fenced code block with the info string `ganger-plan` that holds `execution_groups` [missing_block]
    "#]],
    );
    check(
        "",
        &["a"],
        &expect![[r#"
        line 1: missing `ganger-plan` block: begin with a fenced code block with the info string `ganger-plan` that holds `execution_groups` [missing_block]
    "#]],
    );
}

#[test]
fn a_document_without_a_block_still_shows_its_other_problems() {
    check(
        "## Orchestration\n\n## SubPlan: x\n### Goal\nDo.\n",
        &["a"],
        &expect![[r#"
        line 1: missing `ganger-plan` block: begin with a fenced code block with the info string `ganger-plan` that holds `execution_groups` [missing_block]
        line 1: `## Orchestration` is missing or empty; say there how the parts work together [missing_orchestration]
        line 3: the sub-plan is for `x`, but there is no such repository in the workspace (known: `a`) [unknown_repository]
        line 3: sub-plan `x` has no `### Scope` [missing_section]
        line 3: sub-plan `x` has no `### Changes` [missing_section]
        line 3: sub-plan `x` has no `### Validation` [missing_section]
        line 3: sub-plan `x` has no `### Risks` [missing_section]
    "#]],
    );
}

#[test]
fn what_is_nearly_the_block_is_named() {
    let with = |opening: &str| document("[[a]]", &["a"]).replace("```ganger-plan", opening);
    for opening in ["``` ganger-plan", "~~~ganger-plan", "  ```ganger-plan", "```ganger-plan  "] {
        let close = if opening.starts_with('~') { "~~~" } else { "```" };
        let text = with(opening).replace("\n```\n", &format!("\n{close}\n"));
        assert_eq!(problems(&text, &["a"]), ParseErrors::default(), "{opening}");
    }
    let four = with("````ganger-plan").replace("\n```\n", "\n````\n");
    assert_eq!(problems(&four, &["a"]), ParseErrors::default());
    assert_eq!(problems(&with("```ganger-plan").replace('\n', "\r\n"), &["a"]), ParseErrors::default());
    assert_eq!(
        problems(&format!("\u{feff}{}", &with("```ganger-plan")[8..]), &["a"]),
        ParseErrors::default()
    );
    check(
        &with("```yaml ganger-plan"),
        &["a"],
        &expect![[r#"
        line 3: missing `ganger-plan` block: the info string of this one is `yaml ganger-plan`, but it must be exactly `ganger-plan` [missing_block]
    "#]],
    );
    check(
        &with("```ganger-plan yaml"),
        &["a"],
        &expect![[r#"
        line 3: missing `ganger-plan` block: the info string of this one is `ganger-plan yaml`, but it must be exactly `ganger-plan` [missing_block]
    "#]],
    );
    check(
        &with("```Ganger-Plan"),
        &["a"],
        &expect![[r#"
        line 3: missing `ganger-plan` block: the info string of this one is `Ganger-Plan`, but it must be exactly `ganger-plan` [missing_block]
    "#]],
    );
    check(
        &with("- ```ganger-plan"),
        &["a"],
        &expect![[r#"
        line 3: missing `ganger-plan` block: this one stands in a list or a quotation; move it to the left margin [missing_block]
        line 5: what opens here (a code fence or an HTML block) is never closed and hides all that follows; close it [unclosed]
    "#]],
    );
    check(
        &with("```\nganger-plan"),
        &["a"],
        &expect![[r#"
        line 1: missing `ganger-plan` block: begin with a fenced code block with the info string `ganger-plan` that holds `execution_groups` [missing_block]
    "#]],
    );
}

#[test]
fn the_block_comes_before_all_sections_and_once() {
    let block = "```ganger-plan\nexecution_groups: [[a]]\n```\n";
    let text = document("[[a]]", &["a"]);
    let late = text.replace(block, "") + "\n" + block;
    check(
        &late,
        &["a"],
        &expect![[r#"
        line 24: the `ganger-plan` block stands behind a section; put it before all `##` sections [misplaced_block]
    "#]],
    );
    check(
        &text.replace(block, &format!("{block}\n{block}")),
        &["a"],
        &expect![[r#"
        line 7: a second `ganger-plan` block; only the one on line 3 counts, so put all groups there [duplicate_block]
    "#]],
    );
    // Inside a section a block is content.
    check(
        &format!("{text}\n{block}"),
        &["a"],
        &expect![[r#"
        valid: a@0
    "#]],
    );
}

#[test]
fn a_block_that_is_no_yaml_or_of_another_shape_says_what_and_where() {
    check(
        "```ganger-plan\ninvalid: [yaml: content\n```\n\n## Orchestration\nx\n",
        &["a"],
        &expect![[r#"
        line 2: invalid YAML in the `ganger-plan` block: unclosed bracket '['; write `execution_groups:` as a list of lists of repository names [invalid_yaml]
    "#]],
    );
    let flat = document("[a, b]", &["a", "b"]);
    check(
        &flat,
        &["a", "b"],
        &expect![[r#"
        line 4: invalid YAML in the `ganger-plan` block: expected sequence start; write `execution_groups:` as a list of lists of repository names [invalid_yaml]
    "#]],
    );
    check(
        &document("[[a], b]", &["a", "b"]),
        &["a", "b"],
        &expect![[r#"
        line 4: invalid YAML in the `ganger-plan` block: expected sequence start; write `execution_groups:` as a list of lists of repository names [invalid_yaml]
    "#]],
    );
    check(
        &document("a", &["a"]),
        &["a"],
        &expect![[r#"
        line 4: invalid YAML in the `ganger-plan` block: expected sequence start; write `execution_groups:` as a list of lists of repository names [invalid_yaml]
    "#]],
    );
    check(
        &document("[[a]]\nexecution_groups: [[a]]", &["a"]),
        &["a"],
        &expect![[r#"
        line 5: invalid YAML in the `ganger-plan` block: a key stands twice; write `execution_groups:` as a list of lists of repository names [invalid_yaml]
    "#]],
    );
    let list = document("[[a]]", &["a"]).replace("execution_groups: [[a]]", "- a\n- b");
    check(
        &list,
        &["a"],
        &expect![[r#"
        line 4: invalid YAML in the `ganger-plan` block: expected mapping start; write `execution_groups:` as a list of lists of repository names [invalid_yaml]
    "#]],
    );
}

#[test]
fn unknown_keys_of_the_block_are_told() {
    check(
        &document("[[a]]\nparallel: true\nnotes: {a: [1]}", &["a"]),
        &["a"],
        &expect![[r#"
        line 5: the `ganger-plan` block knows no key `parallel`, only `execution_groups` [unknown_key]
        line 6: the `ganger-plan` block knows no key `notes`, only `execution_groups` [unknown_key]
    "#]],
    );
    let typo = document("[[a]]", &["a"]).replace("execution_groups", "execution-groups");
    check(
        &typo,
        &["a"],
        &expect![[r#"
        line 3: `execution_groups` names no repository; write one list of names per wave [empty_execution_groups]
        line 4: the `ganger-plan` block knows no key `execution-groups`, only `execution_groups` [unknown_key]
    "#]],
    );
}

#[test]
fn groups_that_name_nothing_are_empty() {
    for groups in ["[]", "", "null", "[[]]", "[[\"\"]]", "[[], [null, \" \"]]", "[null]"] {
        let errors = problems(&document(groups, &[]), &["a"]);
        assert_eq!(errors.problems.len(), 1, "{groups}: {errors}");
        assert_eq!(errors.problems[0].code, ProblemCode::EmptyExecutionGroups, "{groups}");
        assert_eq!(errors.problems[0].line, 4, "{groups}");
    }
    let empty = document("[[a]]", &[]).replace("execution_groups: [[a]]\n", "");
    assert!(problems(&empty, &["a"]).has(ProblemCode::EmptyExecutionGroups));
    // An empty group among others leaves no gap in the order.
    check(
        &document("[[a], [], [b]]", &["a", "b"]),
        &["a", "b"],
        &expect![[r#"
        valid: a@0 b@1
    "#]],
    );
}

#[test]
fn names_in_the_block_may_stand_on_lines_of_their_own() {
    let text = document("\n  - - a\n    - \"b\"\n  - - 'c d'\n    - 7\n    - true", &["a", "b", "c d", "7"]);
    check(
        &text,
        &["a", "b", "c d", "7"],
        &expect![[r#"
        line 9: `execution_groups` names `true`, but there is no such repository in the workspace (known: `7`, `a`, `b`, `c d`) [unknown_repository]
    "#]],
    );
}

#[test]
fn orchestration_is_there_once_and_not_empty() {
    let text = document("[[a]]", &["a"]);
    check(
        &text.replace("## Orchestration\n\nTogether.\n", ""),
        &["a"],
        &expect![[r#"
        line 4: `## Orchestration` is missing or empty; say there how the parts work together [missing_orchestration]
    "#]],
    );
    check(
        &text.replace("Together.\n", "\n \n"),
        &["a"],
        &expect![[r#"
        line 7: `## Orchestration` is missing or empty; say there how the parts work together [missing_orchestration]
    "#]],
    );
    check(
        &text.replace("Together.", "One.\n\n## Orchestration\n\nTwo."),
        &["a"],
        &expect![[r#"
        line 11: a second `## Orchestration`; put its text into the one on line 7 [duplicate_orchestration]
    "#]],
    );
    check(
        &text.replace("## Orchestration", "## orchestration:"),
        &["a"],
        &expect![[r#"
        line 7: `## orchestration:` must be written `## Orchestration` [heading_spelling]
    "#]],
    );
    let (output, _) = PlanParser::parse(&text.replace("Together.", "One.\n\n### Order\n\nTwo."));
    assert_eq!(output.orchestration, "One.\n\n### Order\n\nTwo.");
}

#[test]
fn a_sub_plan_with_only_a_goal_lacks_the_four_others() {
    let text = document("[[a]]", &[]) + "\n## SubPlan: a\n### Goal\nDo it.\n";
    check(
        &text,
        &["a"],
        &expect![[r#"
        line 11: sub-plan `a` has no `### Scope` [missing_section]
        line 11: sub-plan `a` has no `### Changes` [missing_section]
        line 11: sub-plan `a` has no `### Validation` [missing_section]
        line 11: sub-plan `a` has no `### Risks` [missing_section]
    "#]],
    );
    expect![[r#"
        Plan parsing failed: incomplete sub-plans: "a: missing ### Scope", "a: missing ### Changes", "a: missing ### Validation", "a: missing ### Risks"
    "#]].assert_eq(&(problems(&text, &["a"]).to_string() + "\n"));
}

#[test]
fn a_section_with_prose_but_no_list_is_told() {
    let text = document("[[a]]", &["a"]).replace("- src", "All of it.");
    check(
        &text,
        &["a"],
        &expect![[r#"
        line 15: `### Scope` of sub-plan `a` has no list item; write at least one line like `- what` [section_without_items]
    "#]],
    );
    let summary = problems(&text, &["a"]).to_string();
    assert!(summary.contains("a: ### Scope must include at least 1 list item(s)"), "{summary}");
}

#[test]
fn sections_are_found_by_their_exact_names_with_or_without_a_colon() {
    let text = document("[[a]]", &["a"]);
    assert!(!problems(&text.replace("### Goal", "###  Goal : "), &["a"]).has_errors());
    assert!(!problems(&text.replace("### Goal", "### Goal ###"), &["a"]).has_errors());
    for heading in ["### goal", "#### Goal", "### Goals"] {
        let errors = problems(&text.replace("### Goal", heading), &["a"]);
        assert_eq!(errors.problems.len(), 1, "{errors}");
        assert_eq!(errors.problems[0].code, ProblemCode::MissingSection);
        assert!(errors.problems[0].message.contains(heading), "{errors}");
    }
    // The first of two counts; deeper headings stay inside; others end a section.
    assert!(problems(&text.replace("### Scope\n", "### Scope\n\n### Scope\n"), &["a"]).has_errors());
    assert!(!problems(&text.replace("### Scope\n", "### Scope\n#### Files\n"), &["a"]).has_errors());
    assert!(problems(&text.replace("### Scope\n", "### Scope\n### Notes\n"), &["a"]).has_errors());
}

#[test]
fn list_items_are_counted_as_people_write_them() {
    let check = |section: &str, expected: bool| {
        let text = document("[[a]]", &["a"]).replace("- src", section);
        let found = !problems(&text, &["a"]).has(ProblemCode::SectionWithoutItems);
        assert_eq!(found, expected, "{section:?}");
    };
    for section in [
        "- a",
        "* a",
        "+ a",
        "1. a",
        "12) a",
        "a. a",
        "b) a",
        "(1) a",
        "- [ ] a",
        "- [x] a",
        "- [X] a",
        "  - a\n    - b",
        "A. a",
        "text\n- a",
        "-\ta",
    ] {
        check(section, true);
    }
    for section in [
        "1Add",
        "-Add",
        "Step 1: Add",
        "-\n  Add",
        "1.x",
        "> - a",
        "• a",
        "---",
        "- [ ]",
        "- [x]  ",
        "* * *",
        "- - -",
        "```\n- a\n```",
        "~~~\n1. a\n~~~",
        "- ",
        "ab. c",
        "() a",
        "(a) b",
        "- …",
    ] {
        check(section, false);
    }
    let count = |text: &str| {
        let outline = crate::plan::outline::Outline::of(text);
        crate::plan::list_items::count(text, &outline, 0..text.len())
    };
    for (text, expected) in [
        ("", 0),
        (" \n ", 0),
        ("- a\n- b\n- c", 3),
        ("* a\n* b", 2),
        ("+ a", 1),
        ("1. a\n2. b\n3. c", 3),
        ("1) a\n2) b", 2),
        ("a. a\nb. b", 2),
        ("a) a\nb) b", 2),
        ("(1) a\n(2) b", 2),
        ("- [ ] a\n- [ ] b", 2),
        ("- [x] a\n- [X] b", 2),
        ("- a\n1. b\n- [ ] c", 3),
        ("  - a\n    - b", 2),
        ("- a\n\n---\n\n- b\n```\n- c\n```\n- d", 3),
    ] {
        assert_eq!(count(text), expected, "{text:?}");
    }
}

#[test]
fn headings_in_code_quotations_and_lists_are_content() {
    let inside = "```sh\n## SubPlan: x\n### step\n# title\n```\n\n> ## SubPlan: y\n\n- ## SubPlan: z\n\n    ## SubPlan: w\n\nText\n---\n";
    let text = document("[[a]]", &["a"]).replace("- src", &format!("- src\n\n{inside}"));
    check(
        &text,
        &["a"],
        &expect![[r#"
        valid: a@0
    "#]],
    );
}

#[test]
fn backticks_in_the_block_do_not_cut_it() {
    let text = document("[[\"a```b\"]]", &["a```b"]);
    check(
        &text,
        &["a```b"],
        &expect![[r#"
        valid: a```b@0
    "#]],
    );
}

#[test]
fn what_is_never_closed_is_told_at_its_opening() {
    let text = document("[[a, b]]", &["a", "b"]);
    check(
        &text.replacen("- src", "- src\n\n```sh\nmake", 1),
        &["a", "b"],
        &expect![[r#"
        line 4: `execution_groups` names `b`, but there is no `## SubPlan: b`; write it or take the name out [missing_sub_plan]
        line 11: sub-plan `a` has no `### Changes` [missing_section]
        line 11: sub-plan `a` has no `### Validation` [missing_section]
        line 11: sub-plan `a` has no `### Risks` [missing_section]
        line 18: what opens here (a code fence or an HTML block) is never closed and hides all that follows; close it [unclosed]
    "#]],
    );
    check(
        &text.replacen("- src", "- src\n\n<!-- note", 1),
        &["a", "b"],
        &expect![[r#"
        line 4: `execution_groups` names `b`, but there is no `## SubPlan: b`; write it or take the name out [missing_sub_plan]
        line 11: sub-plan `a` has no `### Changes` [missing_section]
        line 11: sub-plan `a` has no `### Validation` [missing_section]
        line 11: sub-plan `a` has no `### Risks` [missing_section]
        line 18: what opens here (a code fence or an HTML block) is never closed and hides all that follows; close it [unclosed]
    "#]],
    );
    check(
        "```ganger-plan\nexecution_groups: [[a]]\n",
        &["a"],
        &expect![[r#"
        line 1: what opens here (a code fence or an HTML block) is never closed and hides all that follows; close it [unclosed]
        line 2: `## Orchestration` is missing or empty; say there how the parts work together [missing_orchestration]
        line 2: `execution_groups` names `a`, but there is no `## SubPlan: a`; write it or take the name out [missing_sub_plan]
    "#]],
    );
    // In the last sub-plan too, where nothing follows yet.
    check(
        &(document("[[a]]", &["a"]) + "\n```sh\nmake\n"),
        &["a"],
        &expect![[r#"
        line 27: what opens here (a code fence or an HTML block) is never closed and hides all that follows; close it [unclosed]
    "#]],
    );
}

#[test]
fn sections_that_no_agent_would_read_are_told() {
    let text = document("[[a]]", &["a"]);
    check(
        &(text.clone() + "\n## Notes\n\nMind the gap.\n"),
        &["a"],
        &expect![[r#"
        line 27: `## Notes` is neither `## Orchestration` nor `## SubPlan: <repository>`; move its text into one of these, below a `###` heading [unknown_section]
    "#]],
    );
    check(
        &(text.clone() + "\n# Appendix\n"),
        &["a"],
        &expect![[r#"
        line 27: `# Appendix` is neither `## Orchestration` nor `## SubPlan: <repository>`; move its text into one of these, below a `###` heading [unknown_section]
    "#]],
    );
    check(
        &text.replace("## Orchestration", "## SubPlans: x\n\n## Orchestration"),
        &["a"],
        &expect![[r#"
        line 7: `## SubPlans: x` is neither `## Orchestration` nor `## SubPlan: <repository>`; move its text into one of these, below a `###` heading [unknown_section]
    "#]],
    );
}

#[test]
fn a_document_over_the_limit_is_refused_with_a_sentence() {
    let text = document("[[a]]", &["a"]) + &"x".repeat(MAX_DOCUMENT_BYTES);
    let errors = problems(&text, &["a"]);
    assert_eq!(errors.problems.len(), 1);
    assert_eq!(errors.problems[0].code, ProblemCode::TooLarge);
    assert!(errors.to_string().contains("1048576"), "{errors}");
    let block = document(&format!("[[a]] # {}", "x".repeat(70_000)), &["a"]);
    check(
        &block,
        &["a"],
        &expect![[r#"
        line 4: invalid YAML in the `ganger-plan` block: it has 70027 bytes, at most 65536 are read; write `execution_groups:` as a list of lists of repository names [invalid_yaml]
    "#]],
    );
}

/// An eighth of the limit, as this is an unoptimised build; were any step to look at everything again for every line,
/// this would still not end in good time.
#[test]
fn large_documents_are_read_in_one_pass() {
    let head = document("[[a]]", &["a"]);
    for line in [
        "## SubPlan: x\n",
        "### Goal\n",
        "- a\n",
        "```\n```\n",
        "```\n",
        "> ",
        "* * *\n",
        "[",
        "<!-- ",
        "`",
        "- ",
        "&#",
    ] {
        let text = head.clone() + &line.repeat(MAX_DOCUMENT_BYTES / 8 / line.len());
        let _ = problems(&text, &["a"]);
    }
}

#[test]
fn a_document_of_nothing_but_problems_has_a_bounded_report() {
    let errors = problems(&(document("[[a]]", &["a"]) + &"\n## x\n".repeat(1000)), &["a"]);
    assert_eq!(errors.problems.len(), MAX_PROBLEMS);
    assert_eq!(errors.omitted, 800);
    assert!(errors.report().ends_with("and 800 more problems, not listed"));
}

#[test]
fn the_summary_names_each_category() {
    let text = "```ganger-plan\nexecution_groups: [[ghost, a]]\n```\n\n## SubPlan: b\n### Goal\nx\n";
    expect![[r#"
        Plan parsing failed: missing orchestration section; unknown repos: "ghost"; missing sub-plan sections: "a"; undeclared sub-plans: "b"; incomplete sub-plans: "b: missing ### Scope", "b: missing ### Changes", "b: missing ### Validation", "b: missing ### Risks"
    "#]].assert_eq(&(problems(text, &["a", "b"]).to_string() + "\n"));
    expect![[r#"
        Plan parsing failed: missing ganger-plan YAML block
    "#]]
    .assert_eq(&(problems("words", &["a"]).to_string() + "\n"));
    assert_eq!(ParseErrors::default().to_string(), "");
    assert!(!ParseErrors::default().has_errors());
}

#[test]
fn codes_keep_their_text() {
    let codes: Vec<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    expect![[r#"
        too_large
        missing_block
        misplaced_block
        duplicate_block
        invalid_yaml
        unknown_key
        empty_execution_groups
        repository_in_two_groups
        unclosed
        unknown_section
        heading_spelling
        missing_orchestration
        duplicate_orchestration
        unknown_repository
        ambiguous_repository
        missing_sub_plan
        undeclared_sub_plan
        duplicate_sub_plan
        sub_plan_without_name
        missing_section
        section_without_items
        begun_sub_plan
    "#]]
    .assert_eq(&(codes.join("\n") + "\n"));
    for code in ProblemCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}

#[test]
fn a_problem_of_the_block_is_never_placed_behind_the_document() {
    let text = "```ganger-plan\n%a";
    let errors = PlanParser::parse_and_validate(text, &["a".to_owned()]).unwrap_err();
    assert!(errors.problems.iter().all(|problem| problem.line <= 2), "{}", errors.report());
}
