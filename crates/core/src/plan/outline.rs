//! The outline of a Markdown text: its headings, fenced blocks and rules, by byte range. Only what stands at the
//! top level of the document and is written with `#` is a heading here: text in a code fence, a quotation or a
//! list is content, and so is a line that happens to stand above a row of dashes.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Parsed behind every text: whoever swallows it was never closed.
const SENTINEL: &str = "\n\n## end\n";

/// A heading at the top level.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) level: u8,
    /// From its first byte to the end of its line.
    pub(super) range: Range<usize>,
    /// Its text as written, without the leading marks.
    pub(super) written: String,
    /// Its text without markup.
    pub(super) rendered: String,
}

/// A fenced code block.
#[derive(Clone, Debug)]
pub(super) struct Fence {
    pub(super) range: Range<usize>,
    pub(super) info: String,
    pub(super) body: String,
    /// Whether it stands in no list and no quotation.
    pub(super) top_level: bool,
}

/// What the outline of one text holds.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) headings: Vec<Heading>,
    pub(super) fences: Vec<Fence>,
    pub(super) rules: Vec<Range<usize>>,
    /// Where something starts that is never closed and swallows the rest of the text.
    pub(super) unclosed: Option<usize>,
    line_starts: Vec<usize>,
}

impl Outline {
    pub(super) fn of(text: &str) -> Self {
        let whole = format!("{text}{SENTINEL}");
        let mut outline = Self { line_starts: line_starts(text), ..Self::default() };
        let mut depth = 0_usize;
        let mut last_block = 0;
        let mut heading: Option<Heading> = None;
        let mut fence: Option<Fence> = None;
        for (event, range) in Parser::new_ext(&whole, Options::empty()).into_offset_iter() {
            let clamped = range.start.min(text.len())..range.end.min(text.len());
            if depth == 0 && matches!(event, Event::Start(_)) {
                last_block = range.start;
            }
            match event {
                Event::Start(tag) => {
                    match tag {
                        Tag::Heading { level, .. } if depth == 0 => {
                            heading = written_heading(&whole, range, level as u8);
                        }
                        Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                            let top_level = depth == 0;
                            let info = info.trim().to_owned();
                            fence = Some(Fence { range: clamped, info, body: String::new(), top_level });
                        }
                        _ => {}
                    }
                    depth += 1;
                }
                Event::End(end) => {
                    depth = depth.saturating_sub(1);
                    match end {
                        TagEnd::Heading(_) => outline.headings.extend(heading.take()),
                        TagEnd::CodeBlock => outline.fences.extend(fence.take()),
                        _ => {}
                    }
                }
                Event::Text(piece) => match (&mut fence, &mut heading) {
                    (Some(fence), _) => fence.body.push_str(&piece),
                    (None, Some(heading)) => heading.rendered.push_str(&piece),
                    _ => {}
                },
                Event::Code(piece) => {
                    if let Some(heading) = &mut heading {
                        heading.rendered.push_str(&piece);
                    }
                }
                Event::Rule => outline.rules.push(clamped),
                _ => {}
            }
        }
        if outline.headings.last().is_some_and(|heading| heading.range.start >= text.len()) {
            outline.headings.pop();
        } else {
            outline.unclosed = Some(last_block.min(text.len()));
        }
        outline
    }

    /// The line of a byte, counted from 1.
    pub(super) fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.line_starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// The number of the last line.
    pub(super) fn last_line(&self) -> u32 {
        u32::try_from(self.line_starts.len()).unwrap_or(u32::MAX)
    }

    /// The headings that start in this range.
    pub(super) fn headings_in(&self, range: &Range<usize>) -> &[Heading] {
        let place = |at: usize| self.headings.partition_point(|heading| heading.range.start < at);
        let first = place(range.start);
        &self.headings[first..place(range.end).max(first)]
    }

    /// Whether the line that starts at this byte is code or a rule.
    pub(super) fn is_code_or_rule(&self, line: &Range<usize>) -> bool {
        // Neither fences nor rules overlap, so both lists are sorted by start and by end.
        let fence = self.fences.partition_point(|fence| fence.range.end <= line.start);
        let rule = self.rules.partition_point(|rule| rule.end <= line.start);
        self.fences.get(fence).is_some_and(|fence| fence.range.start <= line.start)
            || self.rules.get(rule).is_some_and(|rule| rule.start < line.end)
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn written_heading(whole: &str, range: Range<usize>, level: u8) -> Option<Heading> {
    let line = whole[range.clone()].split(['\n', '\r']).next().unwrap_or_default();
    let end = range.start + line.len();
    let line = line.trim_start();
    if !line.starts_with('#') {
        return None;
    }
    let written = line.trim_start_matches('#').trim().to_owned();
    Some(Heading { level, range: range.start..end, written, rendered: String::new() })
}
