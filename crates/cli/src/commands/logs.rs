//! `logs`

use super::events::next;
use crate::arguments::LogsArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::look::Look;
use crate::render;
use ganger_api::exit;
use ganger_api::log::{LogLine, LogList};
use ganger_api::routes::{self, LogQuery};
use ganger_api::timestamp::Timestamp;
use time::Time;
use time::macros::format_description;

/// Shows a transcript; with `-f` until its session has ended.
pub(super) async fn logs(context: &mut Context<'_>, arguments: &LogsArguments) -> Result<u8, Failure> {
    if let Some(selection) = &context.json {
        selection.check::<LogLine>()?;
    }
    let mut query = LogQuery {
        directory: context.directory(),
        lines: arguments.lines,
        after: None,
        at: arguments.at.as_deref().map(|text| moment(&context.look, text)),
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

/// A time of the day as the last moment at which clocks showed it here; anything else is the daemon's to read.
fn moment(look: &Look, text: &str) -> String {
    let seconds = Time::parse(text, format_description!("[hour]:[minute]:[second]"));
    let Ok(time) = seconds.or_else(|_| Time::parse(text, format_description!("[hour]:[minute]"))) else {
        return text.to_owned();
    };
    let today = look.now.utc().to_offset(look.offset).replace_time(time);
    let last = if today > look.now.utc() { today - time::Duration::DAY } else { today };
    Timestamp::from_ms(last.unix_timestamp().saturating_mul(1000)).to_string()
}

fn show(context: &mut Context<'_>, line: &LogLine) -> Result<(), Failure> {
    let text = match &context.json {
        Some(selection) => selection.object(line)?,
        None => render::feed::log(&context.look, line),
    };
    context.print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::look;

    #[test]
    fn a_time_of_the_day_is_the_last_one() {
        // It is 13:00 in UTC.
        let check = |hours: i8, text: &str, expected: &str| {
            let look = Look { offset: time::UtcOffset::from_hms(hours, 0, 0).unwrap(), ..look(80) };
            assert_eq!(moment(&look, text), expected, "{text}");
        };
        check(0, "12:41", "2026-11-22T12:41:00.000Z");
        check(0, "12:41:05", "2026-11-22T12:41:05.000Z");
        check(0, "13:01", "2026-11-21T13:01:00.000Z");
        check(2, "14:41", "2026-11-22T12:41:00.000Z");
        check(2, "15:41", "2026-11-21T13:41:00.000Z");
        for other in ["2026-11-22T12:41:05Z", "01J.1:7.0", "25:00", "noon", ""] {
            check(0, other, other);
        }
    }
}
