use super::*;
use crate::plan::diff::{Change, PlanDiff};
use crate::plan::document::PlanDocument;
use crate::plan::waves::SubPlanStatus::{Completed, Failed, Pending};
use expect_test::expect;

fn plan(groups: &str, names: &[&str]) -> PlanDocument {
    PlanParser::parse_and_validate(&document(groups, names), &strings(names)).unwrap()
}

fn check(before: &PlanDocument, after: &PlanDocument, expected: &Expect) -> PlanDiff {
    let diff = PlanDiff::between(before, after);
    expected.assert_eq(&format!("{diff}\n"));
    assert_eq!(diff.is_empty(), PlanDiff::between(after, before).is_empty());
    diff
}

#[test]
fn equal_plans_have_an_empty_diff_however_they_are_laid_out() {
    let one = plan("[[a, b]]", &["a", "b"]);
    let other = plan("[[b, a]]", &["b", "a"]);
    assert!(
        check(
            &one,
            &other,
            &expect![[r#"
        a: unchanged
        b: unchanged
    "#]]
        )
        .is_empty()
    );
}

#[test]
fn added_removed_changed_and_moved_parts_are_told() {
    let before = plan("[[a, gone], [b]]", &["a", "b", "gone"]);
    let mut after = plan("[[b], [a, new]]", &["a", "b", "new"]);
    after.orchestration.push_str(" Better.");
    after.sub_plans[0].content =
        BODY.replace("Do it.", "Do that.").replace("- src", "- lib").trim().to_owned();
    let diff = check(
        &before,
        &after,
        &expect![[r#"
        orchestration: changed
        execution groups: changed
        a: unchanged, wave 1 to 2
        b: changed (Goal, Scope), wave 2 to 1
        gone: removed
        new: added
    "#]],
    );
    assert!(!diff.is_empty());
    let changes: Vec<Change> = diff.repositories.iter().map(|part| part.change).collect();
    assert_eq!(changes, [Change::Unchanged, Change::Changed, Change::Removed, Change::Added]);
}

#[test]
fn a_change_of_groups_alone_is_a_change() {
    let diff = PlanDiff::between(&plan("[[a], [b]]", &["a", "b"]), &plan("[[a, b]]", &["a", "b"]));
    assert!(diff.groups_changed && !diff.is_empty());
}

#[test]
fn statuses_follow_an_edited_plan() {
    // The pinned example: repo-drop goes, repo-b and repo-c are new, repo-a keeps what it is at another place.
    let before = plan("[[repo-a, repo-drop]]", &["repo-a", "repo-drop"]);
    let after = plan("[[repo-b], [repo-a, repo-c]]", &["repo-a", "repo-b", "repo-c"]);
    let orders: Vec<_> = after.sub_plans.iter().map(|part| (part.repository.as_str(), part.order)).collect();
    assert_eq!(orders, [("repo-b", 0), ("repo-a", 1), ("repo-c", 1)]);
    let diff = PlanDiff::between(&before, &after);
    let carry =
        |status| diff.carry(&[("repo-a".to_owned(), status), ("repo-drop".to_owned(), Completed)].into());
    let expected = |status| -> std::collections::BTreeMap<String, _> {
        [("repo-a", status), ("repo-b", Pending), ("repo-c", Pending)].map(|(n, s)| (n.to_owned(), s)).into()
    };
    assert_eq!(carry(Completed), expected(Pending));
    assert_eq!(carry(Failed), expected(Failed));
    let same = PlanDiff::between(&before, &before);
    assert_eq!(same.carry(&[("repo-a".to_owned(), Completed)].into())["repo-a"], Completed);
}
