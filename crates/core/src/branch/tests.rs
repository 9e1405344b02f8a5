use super::*;
use proptest::prelude::*;

#[test]
fn names_follow_the_ticket_and_its_title() {
    for (id, title, name) in [
        ("LIN-FOO-123", "Fix auth flow for OAuth2", "sub-LIN-FOO-123-fix-auth-flow-for-oauth2"),
        ("LIN-FOO-123", "Fix auth bug", "sub-LIN-FOO-123-fix-auth-bug"),
        ("LIN-BAR-456", "Add OAuth2.0 support!!!", "sub-LIN-BAR-456-add-oauth2-0-support"),
        (
            "LIN-TEST-789",
            "This is a very long title that should be truncated somewhere",
            "sub-LIN-TEST-789-this-is-a-very-long-title-that",
        ),
        ("LIN-SPACE-1", "Fix   multiple    spaces", "sub-LIN-SPACE-1-fix-multiple-spaces"),
        ("LIN-UPPER-1", "UPPERCASE Title", "sub-LIN-UPPER-1-uppercase-title"),
        (
            "gh:issue:rtk-ai/rtk#591",
            "Add support for Oh My Pi",
            "sub-gh-issue-rtk-ai-rtk-591-add-support-for-oh-my-pi",
        ),
        ("gl:issue:1234#42", "Fix rendering bug", "sub-gl-issue-1234-42-fix-rendering-bug"),
        (
            "SEN-my.company-1234567890",
            "Null pointer in checkout",
            "sub-SEN-my-company-1234567890-null-pointer-in-checkout",
        ),
        ("SEN-my..org-9999", "Crash", "sub-SEN-my-org-9999-crash"),
        ("SEN-sentry.example.com-555", "Out of memory", "sub-SEN-sentry-example-com-555-out-of-memory"),
        ("A_b", "snake_case title", "sub-A_b-snake-case-title"),
        ("MAN-1", "", "sub-MAN-1-work"),
        ("MAN-1", "!!!", "sub-MAN-1-work"),
        ("MAN-1", "修正する", "sub-MAN-1-work"),
        ("MAN-1", "Über café, Straße", "sub-MAN-1-uber-cafe-strasse"),
        ("", "Title", "sub-item-title"),
        ("MAN-2", "abcdefghijklmnopqrstuvwxyz 123 4567", "sub-MAN-2-abcdefghijklmnopqrstuvwxyz-123"),
    ] {
        assert_eq!(generate_branch_name(id, title), name, "{id:?} {title:?}");
        assert_eq!(validate_branch_name(name), Ok(()));
    }
}

#[test]
fn a_slug_cut_behind_a_word_has_no_dash_at_its_end() {
    let name = generate_branch_name("MAN-2", "abcdefghijklmnopqrstuvwxyz123 4567");
    assert_eq!(name, "sub-MAN-2-abcdefghijklmnopqrstuvwxyz123");
}

#[test]
fn ids_that_flatten_to_the_same_text_give_different_names() {
    let names = ["a/b", "a-b", "a b", "a//b", "…", "!", ""].map(|id| generate_branch_name(id, "Same title"));
    for (index, name) in names.iter().enumerate() {
        assert_eq!(validate_branch_name(name), Ok(()), "{name}");
        assert!(!names[..index].contains(name), "{name} twice");
    }
}

#[test]
fn a_long_id_is_cut_and_marked() {
    let one = generate_branch_name(&"x".repeat(300), "Title");
    let other = generate_branch_name(&"x".repeat(301), "Title");
    assert_ne!(one, other);
    assert!(one.len() <= PREFIX.len() + MAX_ID + 1 + MAX_SLUG, "{one}");
}

#[test]
fn a_taken_name_gets_a_number() {
    assert_eq!(numbered_branch_name("sub-MAN-1-work", 2), "sub-MAN-1-work-2");
    let long = numbered_branch_name(&format!("sub-{}", "é".repeat(300)), 10);
    assert_eq!(validate_branch_name(&long), Ok(()));
}

#[test]
fn the_validator_takes_our_names_and_nothing_that_git_or_a_path_refuses() {
    for name in ["sub-LIN-FOO-123-fix-auth", "sub-MAN-42-update-docs", "sub-a", "sub-a.b"] {
        assert_eq!(validate_branch_name(name), Ok(()));
    }
    let bad = [
        "",
        "sub-",
        "LIN-1-fix",
        "SUB-a",
        "sub-a/b",
        "sub-a-",
        "sub--a",
        "sub-a:b",
        "sub-a#b",
        "sub-a..b",
        "sub-a@{b",
        "sub-a.",
        "sub-a.lock",
        "sub-a b",
        "sub-a\tb",
        "sub-a~b",
        "sub-a^b",
        "sub-a?b",
        "sub-a*b",
        "sub-a[b",
        "sub-a\\b",
        "sub-.a",
        "sub-a\u{7f}",
        "sub-a\n",
        "sub-a\u{a0}b",
    ];
    for name in bad {
        let refusal = validate_branch_name(name).expect_err(name);
        assert!(refusal.to_string().contains(name), "{refusal}");
    }
    assert!(validate_branch_name(&format!("sub-{}", "a".repeat(MAX_BRANCH))).is_err());
}

proptest! {
    #[test]
    fn every_ticket_gets_a_valid_name(id in any::<String>(), title in any::<String>(), n in 2_u32..) {
        let name = generate_branch_name(&id, &title);
        prop_assert_eq!(validate_branch_name(&name), Ok(()));
        prop_assert_eq!(validate_branch_name(&numbered_branch_name(&name, n)), Ok(()));
    }
}
