//! `logs`

use super::events::next;
use crate::arguments::LogsArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::exit;
use ganger_api::log::{LogLine, LogList};
use ganger_api::routes::{self, LogQuery};

/// Shows a transcript; with `-f` until its session has ended.
pub(super) async fn logs(context: &mut Context<'_>, arguments: &LogsArguments) -> Result<u8, Failure> {
    if let Some(selection) = &context.json {
        selection.check::<LogLine>()?;
    }
    let mut query = LogQuery {
        directory: context.directory(),
        lines: arguments.lines,
        after: None,
        raw: arguments.raw,
        follow: false,
    };
    let path = context.path(routes::LOG, &arguments.target, &query)?;
    let list: LogList = context.get(&path).await?;
    for line in &list.lines {
        show(context, line)?;
    }
    if !arguments.follow {
        return Ok(exit::DONE);
    }
    query.after = list.cursor;
    query.lines = None;
    query.follow = true;
    let path = context.path(routes::LOG, &arguments.target, &query)?;
    let mut lines = context.lines(&path).await?;
    while let Some(line) = next::<LogLine>(&mut lines).await? {
        show(context, &line)?;
    }
    Ok(exit::DONE)
}

fn show(context: &mut Context<'_>, line: &LogLine) -> Result<(), Failure> {
    let text = match &context.json {
        Some(selection) => selection.object(line)?,
        None => render::feed::log(&context.look, line),
    };
    context.print(&text)
}
