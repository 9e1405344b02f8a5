use super::*;
use expect_test::expect;
use proptest::prelude::*;

fn part(item: u64, repository: &str) -> Handle {
    Handle::Part { item, repository: repository.to_owned() }
}

fn session(item: u64, repository: &str, ordinal: u32) -> Handle {
    Handle::Session { item, repository: repository.to_owned(), ordinal }
}

#[test]
fn handles_read_as_they_are_written() {
    for (text, handle) in [
        ("g12", Handle::Item(12)),
        ("g12@plan", Handle::Planning(12)),
        ("g12@foreman", Handle::Foreman(12)),
        ("g12/api", part(12, "api")),
        ("g12/api@3", session(12, "api", 3)),
        ("g1/my repo", part(1, "my repo")),
        ("g1/größe@10", session(1, "größe", 10)),
        ("g1/a@b", part(1, "a@b")),
        ("g1/a@b@2", session(1, "a@b", 2)),
        ("g1/a@3@", part(1, "a@3")),
        ("g1/a@@", part(1, "a@")),
        ("d41", Handle::Decision(41)),
        ("c7", Handle::Critique(7)),
        ("q3", Handle::Faq(3)),
    ] {
        assert_eq!(text.parse(), Ok(handle.clone()), "{text}");
        assert_eq!(handle.to_string(), text);
        assert_eq!(serde_json::from_value::<Handle>(text.into()).unwrap(), handle);
    }
    assert_eq!(session(12, "api", 3).item(), Some(12));
    assert_eq!(session(12, "api", 3).repository(), Some("api"));
    assert_eq!(Handle::Decision(1).item(), None);
    assert_eq!("g1/api@".parse(), Ok(part(1, "api")));
}

#[test]
fn what_is_no_handle_is_refused_with_the_reason() {
    let texts = [
        "",
        "12",
        "x1",
        "g",
        "g0",
        "g01",
        "gx",
        "g1/",
        "g1/@3",
        "g1/api@0",
        "g1/api@01",
        "g1@",
        "g1@foo",
        "d",
        "d1x",
        "d99999999999999999999",
        "g1/a/b",
        "g1/api@99999999999",
        "G1",
        "g1 ",
    ];
    let reasons = texts.map(|text| format!("{text:?}: {}", text.parse::<Handle>().unwrap_err().reason));
    expect![[r#"
        "": it is empty
        "12": it starts with none of g, d, c, q
        "x1": it starts with none of g, d, c, q
        "g": a number must follow its letter
        "g0": its number must count from 1, without zeros before it
        "g01": its number must count from 1, without zeros before it
        "gx": a number must follow its letter
        "g1/": no repository follows the slash
        "g1/@3": no repository follows the slash
        "g1/api@0": sessions count from 1
        "g1/api@01": sessions count from 1
        "g1@": only `plan` and `foreman` may follow g12@
        "g1@foo": only `plan` and `foreman` may follow g12@
        "d": a number must follow its letter
        "d1x": a number must follow its letter
        "d99999999999999999999": its number must count from 1, without zeros before it
        "g1/a/b": a repository's name holds no slash and no line end
        "g1/api@99999999999": sessions count from 1
        "G1": it starts with none of g, d, c, q
        "g1 ": a number must follow its letter
    "#]]
    .assert_eq(&(reasons.join("\n") + "\n"));
    expect![[r#"
        `twelve` is no handle: it starts with none of g, d, c, q; write g12 for an item, g12/api for a repository of it, g12/api@3 for a session there, d41 for a decision, c7 for a critique, q3 for a FAQ entry
    "#]].assert_eq(&format!("{}\n", "twelve".parse::<Handle>().unwrap_err()));
    assert!("x".repeat(10_000).parse::<Handle>().unwrap_err().to_string().len() < 1000);
}

proptest! {
    #[test]
    fn every_handle_survives_its_text(
        item in 1_u64..,
        repository in "[^/\\x00\n]{1,12}",
        ordinal in 1_u32..,
        noise in any::<String>(),
    ) {
        for handle in [part(item, &repository), session(item, &repository, ordinal), Handle::Item(item)] {
            prop_assert_eq!(handle.to_string().parse(), Ok(handle));
        }
        let _ = noise.parse::<Handle>();
        let _ = format!("g{noise}").parse::<Handle>();
    }
}
