//! Standard input and output as the connection's lines, with two things that the protocol has no words for: text
//! that is no message, and the program's sudden end. Both travel through the connection's own queue as
//! notifications that never leave, so that everything said before them has been written when they happen.

use agent_client_protocol::{Lines, UntypedMessage};
use serde::Deserialize;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const TEXT: &str = "_scripted/text";
const END: &str = "_scripted/end";

/// A notification that writes `text` as it is.
pub(crate) fn text(text: &str) -> Result<UntypedMessage, agent_client_protocol::Error> {
    UntypedMessage::new(TEXT, serde_json::json!({ "text": text }))
}

/// A notification that ends the program: with an exit code, or by SIGKILL.
pub(crate) fn end(exit_code: Option<u8>) -> Result<UntypedMessage, agent_client_protocol::Error> {
    UntypedMessage::new(END, serde_json::json!({ "exit_code": exit_code }))
}

/// What is done with a line that the connection wants written.
#[derive(PartialEq, Debug)]
enum Outgoing {
    Message,
    Text(String),
    End(Option<u8>),
}

/// Recognises the two notifications. Whatever looks like one and is none is a message.
fn recognise(line: &str) -> Outgoing {
    #[derive(Deserialize)]
    struct Notification {
        method: String,
        params: Params,
    }
    #[derive(Deserialize)]
    struct Params {
        text: Option<String>,
        exit_code: Option<u8>,
    }
    // Parsing every line would be wasteful; the method's name rarely stands in one.
    if !line.contains("_scripted/") {
        return Outgoing::Message;
    }
    match serde_json::from_str(line) {
        Ok(Notification { method, params }) if method == TEXT => {
            Outgoing::Text(params.text.unwrap_or_default())
        }
        Ok(Notification { method, params }) if method == END => Outgoing::End(params.exit_code),
        _ => Outgoing::Message,
    }
}

/// The connection over standard input and output.
pub(crate) fn transport() -> Lines<
    impl futures::Sink<String, Error = io::Error> + Send + 'static,
    impl futures::Stream<Item = io::Result<String>> + Send + 'static,
> {
    let outgoing = futures::sink::unfold(tokio::io::stdout(), async |mut stdout, line: String| {
        match recognise(&line) {
            Outgoing::Message => stdout.write_all(format!("{line}\n").as_bytes()).await?,
            Outgoing::Text(text) => stdout.write_all(text.as_bytes()).await?,
            Outgoing::End(exit_code) => {
                stdout.flush().await?;
                die(exit_code);
            }
        }
        stdout.flush().await?;
        Ok(stdout)
    });
    let incoming = futures::stream::unfold(BufReader::new(tokio::io::stdin()).lines(), async |mut lines| {
        lines.next_line().await.transpose().map(|line| (line, lines))
    });
    Lines::new(Box::pin(outgoing), Box::pin(incoming))
}

fn die(exit_code: Option<u8>) -> ! {
    if exit_code.is_none() {
        // SIGKILL to oneself cannot fail; were it ever to, the exit below still ends the program.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    std::process::exit(exit_code.map_or(137, i32::from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_notifications_are_taken_out() {
        let line = |message: UntypedMessage| {
            serde_json::json!({"jsonrpc": "2.0", "method": message.method(), "params": message.params()})
                .to_string()
        };
        assert_eq!(recognise(&line(text("a\n\"b").unwrap())), Outgoing::Text("a\n\"b".into()));
        assert_eq!(recognise(&line(end(None).unwrap())), Outgoing::End(None));
        assert_eq!(recognise(&line(end(Some(3)).unwrap())), Outgoing::End(Some(3)));
        let message = r#"{"method":"session/update","params":{"text":"_scripted/end"}}"#;
        assert_eq!(recognise(message), Outgoing::Message);
    }
}
