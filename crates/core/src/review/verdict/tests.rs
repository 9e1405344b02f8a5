use super::*;

fn finding(severity: Severity, file: &str, line: u32, description: &str) -> Finding {
    Finding {
        file: Some(file.to_owned()),
        line: Some(line),
        severity,
        description: description.to_owned(),
        suggestion: String::new(),
        resolves: None,
        reverses: None,
    }
}

fn rules(cycle: u32) -> Rules {
    Rules {
        cycle,
        max_cycles: 3,
        threshold: PassThreshold::MinorOk,
        new_findings: NewFindings::Changed,
        is_delta: cycle > 1,
    }
}

fn major(line: u32, description: &str) -> Finding {
    finding(Severity::Major, "src/a.rs", line, description)
}

fn older(standing: Standing) -> Vec<Older> {
    vec![Older { number: 1, finding: major(10, "the window is never reset"), standing, counts: true }]
}

fn check(
    rules: Rules,
    older: &[Older],
    findings: Vec<Finding>,
    expected: (Outcome, &[u32], &[u32], &[bool]),
) {
    let changed = [ChangedFile { path: "src/a.rs".to_owned(), lines: vec![(40, 50)] }];
    let found = judge(rules, older, findings.clone(), &changed);
    let counts: Vec<bool> = found.new.iter().map(|new| new.counts).collect();
    let found = (found.outcome, found.fixed.as_slice(), found.unfixed.as_slice(), counts.as_slice());
    assert_eq!(found, expected, "{rules:?} {findings:?}");
}

#[test]
fn the_threshold_decides_what_sends_the_work_back() {
    let blocks = |threshold: PassThreshold| Severity::ALL.map(|severity| threshold.blocks(severity));
    assert_eq!(blocks(PassThreshold::NoCritiques), [true, true, true, true]);
    assert_eq!(blocks(PassThreshold::NitOnly), [true, true, true, false]);
    assert_eq!(blocks(PassThreshold::MinorOk), [true, true, false, false]);
    let minor = finding(Severity::Minor, "src/a.rs", 1, "name");
    check(rules(1), &[], vec![], (Outcome::Passed, &[], &[], &[]));
    check(rules(1), &[], vec![minor.clone()], (Outcome::Passed, &[], &[], &[false]));
    check(rules(1), &[], vec![minor, major(1, "wrong")], (Outcome::Back, &[], &[], &[false, true]));
}

#[test]
fn rounds_are_counted_and_the_last_one_stops() {
    let found = || vec![major(45, "something else entirely")];
    check(rules(2), &[], found(), (Outcome::Back, &[], &[], &[true]));
    check(rules(3), &[], found(), (Outcome::Stop(StopRule::CyclesUsedUp), &[], &[], &[true]));
    check(rules(9), &[], found(), (Outcome::Stop(StopRule::CyclesUsedUp), &[], &[], &[true]));
    check(rules(3), &[], vec![], (Outcome::Passed, &[], &[], &[]));
}

#[test]
fn an_older_critique_is_fixed_or_not_by_number_or_by_its_likeness() {
    let open = older(Standing::Open { unfixed: 0 });
    check(rules(2), &open, vec![], (Outcome::Passed, &[1], &[], &[]));
    let by_number = Finding { resolves: Some(1), ..major(90, "other words") };
    check(rules(2), &open, vec![by_number], (Outcome::Back, &[], &[1], &[]));
    let in_new_words = major(11, "nothing ever resets this window");
    check(rules(2), &open, vec![in_new_words.clone(), in_new_words], (Outcome::Back, &[], &[1], &[]));
}

#[test]
fn the_same_one_unfixed_twice_goes_to_the_person() {
    let open = older(Standing::Open { unfixed: 1 });
    let again = Finding { resolves: Some(1), ..major(10, "the window is never reset") };
    check(rules(2), &open, vec![again.clone()], (Outcome::Stop(StopRule::UnfixedTwice), &[], &[1], &[]));
    let mut minor = open;
    minor[0].counts = false;
    check(rules(2), &minor, vec![again], (Outcome::Passed, &[], &[1], &[]));
}

#[test]
fn what_comes_back_after_its_fix_is_a_reversal() {
    let fixed = older(Standing::Fixed);
    let stop = Outcome::Stop(StopRule::Reversal);
    check(rules(2), &fixed, vec![major(10, "the window is reset, never do that")], (stop, &[], &[], &[true]));
    let declared = Finding { reverses: Some(1), ..major(90, "unlike words") };
    check(rules(2), &fixed, vec![declared], (stop, &[], &[], &[true]));
    // What it asks to undo was open before this round, and reads much the same.
    let open = older(Standing::Open { unfixed: 0 });
    let declared = Finding { reverses: Some(1), ..major(10, "the window is reset now, never do that") };
    check(rules(2), &open, vec![declared], (stop, &[1], &[], &[true]));
    let nit = Finding { severity: Severity::Nit, ..major(10, "the window is never reset") };
    check(rules(2), &fixed, vec![nit], (Outcome::Passed, &[], &[], &[false]));
}

#[test]
fn what_a_person_waived_stays_waived() {
    let waived = older(Standing::Waived);
    check(rules(2), &waived, vec![major(10, "the window is never reset")], (Outcome::Passed, &[], &[], &[]));
}

#[test]
fn from_the_second_round_on_small_findings_count_on_changed_lines_only() {
    let strict = |cycle| Rules { threshold: PassThreshold::NoCritiques, ..rules(cycle) };
    let nit = |line| finding(Severity::Nit, "src/a.rs", line, "spelling");
    check(strict(1), &[], vec![nit(5)], (Outcome::Back, &[], &[], &[true]));
    check(strict(2), &[], vec![nit(5)], (Outcome::Passed, &[], &[], &[false]));
    check(strict(2), &[], vec![nit(52)], (Outcome::Back, &[], &[], &[true]));
    check(strict(2), &[], vec![major(5, "wrong")], (Outcome::Back, &[], &[], &[true]));
    let all = Rules { new_findings: NewFindings::All, ..strict(2) };
    check(all, &[], vec![nit(5)], (Outcome::Back, &[], &[], &[true]));
}

#[test]
fn a_small_critique_that_has_become_serious_counts() {
    let mut open = older(Standing::Open { unfixed: 0 });
    (open[0].counts, open[0].finding.severity) = (false, Severity::Minor);
    let serious = || vec![Finding { resolves: Some(1), ..major(10, "the window is never reset") }];
    check(rules(2), &open, serious(), (Outcome::Back, &[], &[1], &[true]));
    // In the next round it is the one that counts, and is not raised once more.
    let mut counting = Older { number: 2, counts: true, ..open[0].clone() };
    counting.finding.severity = Severity::Major;
    open.push(counting);
    check(rules(3), &open, serious(), (Outcome::Stop(StopRule::CyclesUsedUp), &[], &[1, 2], &[]));
}
