use super::events::Parser;
use super::*;
use expect_test::{Expect, expect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// Serves `answers` to as many connections, and returns what each of them sent.
fn serve(socket: &Path, answers: &'static [&'static str]) -> tokio::task::JoinHandle<Vec<String>> {
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(async move {
        let mut seen = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 65_536];
            let mut text = String::new();
            while !text.contains("\r\n\r\n") || (text.starts_with("POST") && !text.ends_with('}')) {
                let count = stream.read(&mut bytes).await.unwrap();
                text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            seen.push(text);
        }
        seen
    })
}

async fn check(answer: &'static [&'static str], expected: Expect) {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("sock");
    let server = serve(&socket, answer);
    let client = Client::new(&socket).with_session("S1", "secret");
    let result: Result<serde_json::Value, _> =
        client.post_json_held("/v1/x", &serde_json::json!({"a": 1})).await;
    server.abort();
    expected.assert_eq(&match result {
        Ok(value) => format!("ok {value}"),
        Err(error) => format!("{}\n{error}", format!("{error:?}").split(' ').next().unwrap()),
    });
}

#[tokio::test]
async fn every_answer_is_read_as_what_it_is() {
    check(&["HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{\"a\":1}"], expect![[r#"ok {"a":1}"#]]).await;
    check(&["HTTP/1.1 204 No Content\r\n\r\n"], expect!["ok null"]).await;
    check(
        &["HTTP/1.1 409 Conflict\r\ncontent-length: 32\r\n\r\n{\"message\":\"The plan is stale.\"}"],
        expect![[r#"
            Refused
            the daemon refused /v1/x with status 409: The plan is stale."#]],
    )
    .await;
    check(
        &["HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"a\":"],
        expect![[r#"
            Lost
            the connection for /v1/x broke before the answer was complete: error reading a body from connection: end of file before message length reached"#]],
    )
    .await;
    check(
        &["HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{a}"],
        expect![[r#"
            Protocol
            /v1/x: the answer is not what this version of ganger expects: key must be a string at line 1 column 2"#]],
    )
    .await;
}

#[tokio::test]
async fn without_a_socket_the_daemon_does_not_run() {
    let directory = tempfile::tempdir().unwrap();
    let error = Client::new(directory.path().join("sock")).get_json::<()>("/v1/x").await.unwrap_err();
    assert!(matches!(error, ClientError::NotRunning { .. }), "{error:?}");
    drop(UnixListener::bind(directory.path().join("sock")).unwrap());
    let error = Client::new(directory.path().join("sock")).get_json::<()>("/v1/x").await.unwrap_err();
    assert!(matches!(error, ClientError::NotRunning { .. }), "{error:?}");
}

#[tokio::test]
async fn who_speaks_stands_in_the_headers_and_never_in_a_debug_print() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("sock");
    let server = serve(&socket, &["HTTP/1.1 204 No Content\r\n\r\n"]);
    let client = Client::new(&socket).with_key("k1").with_session("S1", "t1").with_key("k2");
    client.post_json::<_, ()>("/v1/x?y=1", &serde_json::json!({"a": 1})).await.unwrap();
    let text = server.await.unwrap().remove(0);
    expect![[r#"
        POST /v1/x?y=1 HTTP/1.1
        host: ganger
        accept: application/json
        x-ganger-session: S1
        x-ganger-token: t1
        x-ganger-key: k2
        content-type: application/json
        content-length: 7

        {"a":1}"#]]
    .assert_eq(&text.replace('\r', ""));
    assert!(!format!("{client:?}").contains("k2"));
}

#[tokio::test]
async fn a_stream_gives_its_events_and_then_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("sock");
    let _server = serve(
        &socket,
        &[concat!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
            "9\r\nid: 7.0\nd\r\n5\r\nata: \r\n5\r\nyes\n\n\r\n7\r\n: beat\n\r\n0\r\n\r\n"
        )],
    );
    let mut lines = Client::new(&socket).lines("/v1/events?after=6").await.unwrap();
    let event = lines.next().await.unwrap().unwrap();
    assert_eq!(event, ServerEvent { id: Some("7.0".into()), name: None, data: "yes".into() });
    assert_eq!(lines.next().await.unwrap(), None);
}

#[test]
fn events_are_cut_the_same_wherever_the_bytes_are() {
    let text = "id: 1\r\nevent: turn\rdata:a\ndata:  b\n\n: beat\nid: 2\n\ndata\n\nretry: 5\ndata: ü\n\n";
    let parse = |size: usize| {
        let mut parser = Parser::default();
        for piece in text.as_bytes().chunks(size) {
            parser.feed(piece).unwrap();
        }
        parser.ready
    };
    expect![[r#"
        [
            ServerEvent {
                id: Some(
                    "1",
                ),
                name: Some(
                    "turn",
                ),
                data: "a\n b",
            },
            ServerEvent {
                id: None,
                name: None,
                data: "",
            },
            ServerEvent {
                id: None,
                name: None,
                data: "ü",
            },
        ]
    "#]]
    .assert_debug_eq(&parse(text.len()));
    for size in 1..text.len() {
        assert_eq!(parse(size), parse(text.len()), "in pieces of {size}");
    }
}
