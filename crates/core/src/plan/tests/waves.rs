use crate::plan::waves::{ScheduledSubPlan, SubPlanStatus, build_waves, startable};
use SubPlanStatus::{Completed, Escalated, Failed, InProgress, Pending};

pub(super) fn scheduled(parts: &[(&str, u32, SubPlanStatus)]) -> Vec<ScheduledSubPlan> {
    let part = |(name, order, status): &(&str, u32, SubPlanStatus)| ScheduledSubPlan {
        repository: (*name).to_owned(),
        order: *order,
        status: *status,
    };
    parts.iter().map(part).collect()
}

fn names(waves: &[Vec<&ScheduledSubPlan>]) -> Vec<String> {
    let wave =
        |wave: &Vec<&ScheduledSubPlan>| wave.iter().map(|part| part.repository.as_str()).collect::<String>();
    waves.iter().map(wave).collect()
}

#[test]
fn sub_plans_of_one_order_form_a_wave() {
    for (orders, waves) in [
        (vec![], vec![]),
        (vec![0], vec!["a"]),
        (vec![0, 0], vec!["ab"]),
        (vec![0, 1], vec!["a", "b"]),
        (vec![0, 0, 1], vec!["ab", "c"]),
        (vec![0, 0, 1, 2, 2, 2], vec!["ab", "c", "def"]),
        (vec![0, 2, 5], vec!["a", "b", "c"]),
        (vec![2, 0, 1], vec!["b", "c", "a"]),
    ] {
        let letters = ["a", "b", "c", "d", "e", "f"];
        let parts: Vec<_> =
            letters.iter().zip(&orders).map(|(name, order)| (*name, *order, Pending)).collect();
        assert_eq!(names(&build_waves(&scheduled(&parts))), waves, "{orders:?}");
    }
}

#[test]
fn what_is_done_or_waits_for_a_person_is_in_no_wave() {
    for (parts, waves) in [
        (
            vec![("a", 0, Completed), ("b", 0, Pending), ("c", 1, Completed), ("d", 1, Pending)],
            vec!["b", "d"],
        ),
        (vec![("a", 0, Completed), ("b", 0, Failed), ("c", 0, Pending)], vec!["bc"]),
        (vec![("a", 0, Completed), ("b", 0, InProgress), ("c", 0, Pending)], vec!["bc"]),
        (vec![("a", 0, Completed), ("b", 1, Completed)], vec![]),
        (vec![("a", 0, Escalated), ("b", 1, Pending)], vec!["b"]),
    ] {
        assert_eq!(names(&build_waves(&scheduled(&parts))), waves, "{parts:?}");
    }
}

#[test]
fn a_wave_starts_when_every_earlier_one_is_accepted() {
    for (parts, expected) in [
        (vec![("a", 0, Pending), ("b", 0, Pending), ("c", 1, Pending)], vec!["a", "b"]),
        (vec![("a", 0, Completed), ("b", 0, InProgress), ("c", 1, Pending)], vec![]),
        (vec![("a", 0, Completed), ("b", 0, Completed), ("c", 1, Pending)], vec!["c"]),
        // What waits for a person, or failed, blocks those behind it and not its neighbours.
        (vec![("a", 0, Escalated), ("b", 0, Pending), ("c", 1, Pending)], vec!["b"]),
        (vec![("a", 0, Escalated), ("b", 0, Completed), ("c", 1, Pending)], vec![]),
        (vec![("a", 0, Failed), ("b", 0, Pending), ("c", 1, Pending)], vec!["b"]),
        (vec![("a", 0, Completed)], vec![]),
    ] {
        let scheduled = scheduled(&parts);
        let found: Vec<&str> = startable(&scheduled).iter().map(|part| part.repository.as_str()).collect();
        assert_eq!(found, expected, "{parts:?}");
    }
}

#[test]
fn a_sub_plan_moves_only_along_its_table() {
    let all = [Pending, InProgress, Completed, Failed, Escalated];
    for (from, allowed) in [
        (Pending, vec![InProgress]),
        (InProgress, vec![Pending, Completed, Failed, Escalated]),
        (Completed, vec![InProgress]),
        (Failed, vec![Pending, InProgress]),
        (Escalated, vec![Pending, InProgress]),
    ] {
        let found: Vec<_> = all.into_iter().filter(|next| from.may_become(*next)).collect();
        assert_eq!(found, allowed, "{from:?}");
    }
    let words: Vec<String> = all.iter().map(|status| serde_json::to_string(status).unwrap()).collect();
    assert_eq!(words.join(" "), r#""pending" "in_progress" "completed" "failed" "escalated""#);
}

#[test]
fn a_plan_is_scheduled_with_the_statuses_known() {
    let text = super::document("[[a], [b]]", &["a", "b"]);
    let names = super::strings(&["a", "b"]);
    let plan = super::PlanParser::parse_and_validate(&text, &names).unwrap();
    let statuses = [("a".to_owned(), Completed), ("x".to_owned(), Failed)].into();
    assert_eq!(plan.schedule(&statuses), scheduled(&[("a", 0, Completed), ("b", 1, Pending)]));
}
