use crate::plan::digest::{ApprovedDigest, DigestCheck, DigestInput, DigestRepository};
use expect_test::expect;

fn input() -> DigestInput {
    let check = DigestCheck {
        name: "test".to_owned(),
        command: "cargo test".to_owned(),
        timeout_ms: 600_000,
        required: true,
    };
    let api = DigestRepository {
        remote: Some("origin".to_owned()),
        push_remote: Some("fork".to_owned()),
        base_branch: "main".to_owned(),
        base_commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        copy: vec![".env".to_owned()],
        link: vec!["node_modules".to_owned()],
        setup: vec![],
        setup_timeout_ms: 900_000,
        checks: vec![check],
        agent: None,
    };
    DigestInput {
        document: "the plan\n".to_owned(),
        repositories: [("api".to_owned(), api)].into(),
        agents: [("planning".to_owned(), "scripted".to_owned())].into(),
    }
}

#[test]
fn a_digest_never_changes_for_the_same_plan() {
    expect![[r#"
        sha256:5ced029dadcc7826abde6609dd106315af03f723bf401ee7daaeacb64f81c30c
    "#]]
    .assert_eq(&format!("{}\n", ApprovedDigest::of(&input())));
}

#[test]
fn everything_that_decides_the_result_changes_the_digest() {
    type Mutation = fn(&mut DigestInput);
    let changes: [(&str, Mutation); 13] = [
        ("document", |input| input.document.push(' ')),
        ("remote", |input| input.repositories.get_mut("api").unwrap().remote = None),
        ("branch", |input| input.repositories.get_mut("api").unwrap().base_branch.push('x')),
        ("commit", |input| input.repositories.get_mut("api").unwrap().base_commit.push('0')),
        ("push remote", |input| input.repositories.get_mut("api").unwrap().push_remote = None),
        ("copy", |input| input.repositories.get_mut("api").unwrap().copy.push("x".to_owned())),
        ("link", |input| input.repositories.get_mut("api").unwrap().link.push("x".to_owned())),
        ("setup's limit", |input| input.repositories.get_mut("api").unwrap().setup_timeout_ms += 1),
        ("setup", |input| input.repositories.get_mut("api").unwrap().setup.push("make".to_owned())),
        ("check", |input| input.repositories.get_mut("api").unwrap().checks[0].command.push('x')),
        ("required", |input| input.repositories.get_mut("api").unwrap().checks[0].required = false),
        ("agent", |input| input.repositories.get_mut("api").unwrap().agent = Some("other".to_owned())),
        ("agents", |input| drop(input.agents.insert("review".to_owned(), "x".to_owned()))),
    ];
    let mut seen = vec![ApprovedDigest::of(&input())];
    for (what, change) in changes {
        let mut input = input();
        change(&mut input);
        let digest = ApprovedDigest::of(&input);
        assert!(!seen.contains(&digest), "{what}");
        seen.push(digest);
    }
}

#[test]
fn a_digest_reads_as_written_and_by_its_first_digits() {
    let digest = ApprovedDigest::of(&input());
    let text = digest.to_string();
    assert_eq!(text.parse(), Ok(digest));
    assert_eq!(
        serde_json::from_value::<ApprovedDigest>(serde_json::to_value(digest).unwrap()).unwrap(),
        digest
    );
    assert!(digest.matches(&text) && digest.matches(&digest.short()) && digest.matches(&text[..20]));
    assert!(digest.matches(&digest.short().to_uppercase()));
    for wrong in ["", "sha256:", &digest.short()[..7], "00000000", &format!("{text}0")] {
        assert!(!digest.matches(wrong), "{wrong}");
    }
    for bad in ["", "sha256:", &text[7..], &text[..70], "sha256:zz", &format!("sha256:{}", "é".repeat(32))] {
        assert!(bad.parse::<ApprovedDigest>().is_err(), "{bad}");
    }
    expect![[r#"
        `7c1e` is no digest of a plan; one looks like `sha256:` and 64 hexadecimal digits
    "#]]
    .assert_eq(&format!("{}\n", "7c1e".parse::<ApprovedDigest>().unwrap_err()));
}
