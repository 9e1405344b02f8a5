//! Reads plan documents.
//!
//! ```text
//! document  = title and prose?, block, orchestration, sub-plan+
//! block     = fenced code block with the info string `ganger-plan`; YAML: `execution_groups`, a list of lists of
//!             repository names (outer index = order; one inner list may run in parallel)
//! orchestr. = "## Orchestration", not empty
//! sub-plan  = "## SubPlan: <repository>" with "### Goal", "### Scope", "### Changes", "### Validation",
//!             "### Risks", none empty, all but Goal with at least one list item
//! ```
//!
//! Headings are those of the Markdown outline, so code and quotations hold none. Every problem is found in one
//! pass. Repository names match without regard to case and are stored as discovered.

use super::document::PlanDocument;
use super::groups::{self, KEY};
use super::list_items;
use super::names::resolve;
use super::outline::{Heading, Outline};
use super::problem::{ParseErrors, Problem, ProblemCode};
use std::collections::BTreeSet;
use std::ops::Range;

/// No plan document may be larger, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// The info string of the block that holds the groups.
pub const BLOCK_INFO: &str = "ganger-plan";

/// The sections of a sub-plan, in their order, and whether each needs list items.
pub const SECTIONS: [(&str, bool); 5] =
    [("Goal", false), ("Scope", true), ("Changes", true), ("Validation", true), ("Risks", true)];

const ORCHESTRATION: &str = "Orchestration";

/// A repository name in an execution group, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupName {
    /// The name.
    pub name: String,
    /// Its line in the document, counted from 1.
    pub line: u32,
}

/// One sub-plan as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawSubPlan {
    /// The repository's name as the heading has it, without markup.
    pub name: String,
    /// What stands below the heading, without blank lines at both ends.
    pub content: String,
    /// Line of the heading, counted from 1.
    pub line: u32,
    /// Bytes of the content in [`RawPlanOutput::raw`].
    pub range: Range<usize>,
    /// How the heading may be meant, the likeliest first.
    pub(super) readings: Vec<String>,
}

/// A document as parsed, before its names are matched with the repositories.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RawPlanOutput {
    /// The groups as written; `None` when the block is missing or can't be read.
    pub execution_groups: Option<Vec<Vec<GroupName>>>,
    /// Line of `execution_groups`, or of the block, or 1.
    pub groups_line: u32,
    /// The text of `## Orchestration`; empty when it is missing.
    pub orchestration: String,
    /// The sub-plans in the order of the document.
    pub sub_plans: Vec<RawSubPlan>,
    /// The whole document, without a byte order mark.
    pub raw: String,
}

impl RawPlanOutput {
    /// The names of all groups, each once (case apart), in their first spelling.
    pub fn declared(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let names = self.execution_groups.iter().flatten().flatten();
        names.filter(|name| seen.insert(name.name.to_lowercase())).map(|name| name.name.clone()).collect()
    }
}

/// The reader of plan documents.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanParser;

impl PlanParser {
    /// Reads the document's form. Everything readable is returned beside the problems.
    pub fn parse(text: &str) -> (RawPlanOutput, ParseErrors) {
        let (output, problems) = parse(text);
        (output, ParseErrors::sorted(problems))
    }

    /// Matches the document's names with the repositories of the workspace.
    pub fn validate(output: &RawPlanOutput, repositories: &[String]) -> ParseErrors {
        ParseErrors::sorted(resolve(output, repositories).1)
    }

    /// Reads a document whole: what it means, or every problem of form and names at once.
    ///
    /// # Errors
    /// All problems, sorted by line.
    pub fn parse_and_validate(text: &str, repositories: &[String]) -> Result<PlanDocument, ParseErrors> {
        let (output, mut problems) = parse(text);
        if problems.iter().any(|problem| problem.code == ProblemCode::TooLarge) {
            return Err(ParseErrors::sorted(problems));
        }
        let (document, more) = resolve(&output, repositories);
        problems.extend(more);
        if problems.is_empty() { Ok(document) } else { Err(ParseErrors::sorted(problems)) }
    }
}

/// What a heading of the document's top two levels is.
enum Part {
    Orchestration,
    SubPlan(Vec<String>),
}

fn parse(text: &str) -> (RawPlanOutput, Vec<Problem>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_DOCUMENT_BYTES {
        let message = format!(
            "the plan document has {} bytes, but at most {MAX_DOCUMENT_BYTES} are read; shorten it",
            text.len()
        );
        let problem = Problem::new(1, ProblemCode::TooLarge, None, message);
        return (RawPlanOutput { groups_line: 1, ..RawPlanOutput::default() }, vec![problem]);
    }
    let outline = Outline::of(text);
    let mut reader = Reader {
        text,
        outline: &outline,
        output: RawPlanOutput { raw: text.to_owned(), groups_line: 1, ..RawPlanOutput::default() },
        problems: Vec::new(),
        orchestration_line: None,
        no_plan: false,
    };
    reader.read_block();
    reader.read_sections();
    reader.note_unclosed();
    (reader.output, reader.problems)
}

struct Reader<'a> {
    text: &'a str,
    outline: &'a Outline,
    output: RawPlanOutput,
    problems: Vec<Problem>,
    orchestration_line: Option<u32>,
    /// Neither block nor section: to list what is missing inside them would say nothing.
    no_plan: bool,
}

impl Reader<'_> {
    fn problem(&mut self, line: u32, code: ProblemCode, subject: Option<&str>, message: String) {
        // The YAML decoder may name a line behind the end of the block that it reads.
        self.problems.push(Problem::new(line.min(self.outline.last_line()), code, subject, message));
    }

    fn read_block(&mut self) {
        let first_section = self.outline.headings.iter().find(|heading| heading.level == 2);
        let body_start = first_section.map_or(usize::MAX, |heading| heading.range.start);
        let mut blocks =
            self.outline.fences.iter().filter(|fence| fence.top_level && fence.info == BLOCK_INFO).peekable();
        let Some(first) = blocks.next() else {
            return self.note_missing_block(first_section.is_none());
        };
        let opening = self.outline.line(first.range.start);
        if first.range.start > body_start {
            let message = "the `ganger-plan` block stands behind a section; put it before all `##` sections";
            self.problem(opening, ProblemCode::MisplacedBlock, None, message.to_owned());
        }
        // A later block, inside a section, is content: a plan may speak about plans.
        if let Some(second) = blocks.next().filter(|second| second.range.start < body_start) {
            let message = format!(
                "a second `ganger-plan` block; only the one on line {opening} counts, so put all groups there"
            );
            let line = self.outline.line(second.range.start);
            self.problem(line, ProblemCode::DuplicateBlock, None, message);
        }
        self.output.groups_line = opening;
        match groups::read(&first.body) {
            Ok(block) => self.take_block(opening, block),
            Err(error) => {
                let message = format!(
                    "invalid YAML in the `ganger-plan` block: {}; write `{KEY}:` as a list of lists of \
                     repository names",
                    error.reason
                );
                self.problem(opening + error.line, ProblemCode::InvalidYaml, None, message);
            }
        }
    }

    fn take_block(&mut self, opening: u32, block: groups::Block) {
        for key in block.unknown_keys {
            let message = format!("the `ganger-plan` block knows no key `{}`, only `{KEY}`", key.text);
            self.problem(opening + key.line, ProblemCode::UnknownKey, Some(&key.text), message);
        }
        self.output.groups_line = opening + block.key_line.unwrap_or(0);
        if block.groups.iter().all(Vec::is_empty) {
            let message = format!("`{KEY}` names no repository; write one list of names per wave");
            self.problem(self.output.groups_line, ProblemCode::EmptyExecutionGroups, Some(KEY), message);
        }
        let place = |name: groups::Placed| GroupName { line: opening + name.line, name: name.text };
        let groups = block.groups.into_iter().map(|group| group.into_iter().map(place).collect());
        self.output.execution_groups = Some(groups.collect());
    }

    /// A block that is nearly ours is named, so that nobody has to guess.
    fn note_missing_block(&mut self, no_sections: bool) {
        let near = self.outline.fences.iter().find(|fence| {
            let words = fence.info.to_lowercase();
            words.split_whitespace().any(|word| word == BLOCK_INFO)
        });
        let (line, message) = match near {
            Some(fence) if fence.info == BLOCK_INFO => (
                self.outline.line(fence.range.start),
                "missing `ganger-plan` block: this one stands in a list or a quotation; move it to the left \
                 margin"
                    .to_owned(),
            ),
            Some(fence) => (
                self.outline.line(fence.range.start),
                format!(
                    "missing `ganger-plan` block: the info string of this one is `{}`, but it must be exactly \
                     `{BLOCK_INFO}`",
                    fence.info
                ),
            ),
            None => (
                1,
                format!(
                    "missing `ganger-plan` block: begin with a fenced code block with the info string \
                     `{BLOCK_INFO}` that holds `{KEY}`"
                ),
            ),
        };
        self.problem(line, ProblemCode::MissingBlock, None, message);
        self.no_plan = no_sections;
    }

    fn read_sections(&mut self) {
        let tops: Vec<&Heading> = self.outline.headings.iter().filter(|heading| heading.level <= 2).collect();
        let first_section = tops.iter().position(|heading| heading.level == 2).unwrap_or(tops.len());
        for (index, heading) in tops.iter().enumerate().skip(first_section) {
            let end = tops.get(index + 1).map_or(self.text.len(), |next| next.range.start);
            let line = self.outline.line(heading.range.start);
            match self.part(heading, line) {
                Some(Part::Orchestration) => self.take_orchestration(line, heading.range.end..end),
                Some(Part::SubPlan(readings)) => self.take_sub_plan(line, readings, heading.range.end..end),
                None => {}
            }
        }
        if self.output.orchestration.is_empty() && !self.no_plan {
            let line = self.orchestration_line.unwrap_or(self.output.groups_line);
            let message = "`## Orchestration` is missing or empty; say there how the parts work together";
            self.problem(line, ProblemCode::MissingOrchestration, None, message.to_owned());
        }
    }

    fn part(&mut self, heading: &Heading, line: u32) -> Option<Part> {
        if heading.level == 2 && heading.rendered.trim() == ORCHESTRATION {
            return Some(Part::Orchestration);
        }
        let prefix = |text: &str| text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("SubPlan"));
        let exact = readings(heading, "SubPlan");
        if heading.level == 2 && !exact.is_empty() {
            return Some(Part::SubPlan(exact));
        }
        let text = heading.rendered.trim();
        let marks = "#".repeat(usize::from(heading.level));
        if heading.level == 2 && text.trim_end_matches(':').trim_end().eq_ignore_ascii_case(ORCHESTRATION) {
            let message = format!("`## {text}` must be written `## {ORCHESTRATION}`");
            self.problem(line, ProblemCode::HeadingSpelling, Some(text), message);
            return Some(Part::Orchestration);
        }
        if prefix(text) {
            let spelled = readings(heading, &text[..7]);
            if !spelled.is_empty() {
                let message = format!("`{marks} {text}` must be written `## SubPlan: {}`", spelled[0]);
                self.problem(line, ProblemCode::HeadingSpelling, Some(text), message);
                return Some(Part::SubPlan(spelled));
            }
        }
        let message = format!(
            "`{marks} {text}` is neither `## {ORCHESTRATION}` nor `## SubPlan: <repository>`; move its text into \
             one of these, below a `###` heading"
        );
        self.problem(line, ProblemCode::UnknownSection, Some(text), message);
        None
    }

    fn take_orchestration(&mut self, line: u32, range: Range<usize>) {
        if let Some(first) = self.orchestration_line {
            let message = format!("a second `## {ORCHESTRATION}`; put its text into the one on line {first}");
            return self.problem(line, ProblemCode::DuplicateOrchestration, None, message);
        }
        self.orchestration_line = Some(line);
        self.text[trimmed(self.text, range)].clone_into(&mut self.output.orchestration);
    }

    fn take_sub_plan(&mut self, line: u32, readings: Vec<String>, range: Range<usize>) {
        let Some(name) = readings.iter().rev().find(|name| !name.is_empty()).cloned() else {
            let message = "`## SubPlan:` has no name; write the repository's name behind the colon";
            return self.problem(line, ProblemCode::SubPlanWithoutName, None, message.to_owned());
        };
        self.check_sections(&name, line, &range);
        let range = trimmed(self.text, range);
        let content = self.text[range.clone()].to_owned();
        self.output.sub_plans.push(RawSubPlan { name, content, line, range, readings });
    }

    fn check_sections(&mut self, name: &str, line: u32, range: &Range<usize>) {
        let outline = self.outline;
        for (section, needs_items) in SECTIONS {
            let body = section_range(outline, range, section);
            let found = body.as_ref().map(|(start, _)| outline.line(*start));
            let body = body.map(|(_, body)| body).filter(|body| !self.text[body.clone()].trim().is_empty());
            let (at, code, message) = match body {
                None => {
                    let message = match (found, near_section(outline, range, section)) {
                        (Some(_), _) => format!("`### {section}` of sub-plan `{name}` is empty"),
                        (None, Some((near, at))) => format!(
                            "sub-plan `{name}` has no `### {section}`; line {at} has `{near}`, write it exactly"
                        ),
                        (None, None) => format!("sub-plan `{name}` has no `### {section}`"),
                    };
                    (found.unwrap_or(line), ProblemCode::MissingSection, message)
                }
                Some(body) if needs_items && list_items::count(self.text, outline, body.clone()) == 0 => (
                    found.unwrap_or(line),
                    ProblemCode::SectionWithoutItems,
                    format!(
                        "`### {section}` of sub-plan `{name}` has no list item; write at least one line like \
                         `- what`"
                    ),
                ),
                Some(_) => continue,
            };
            let mut problem = Problem::new(at, code, Some(name), message);
            problem.section = Some(section.to_owned());
            self.problems.push(problem);
        }
    }

    fn note_unclosed(&mut self) {
        if let Some(at) = self.outline.unclosed {
            let message =
                "what opens here (a code fence or an HTML block) is never closed and hides all that \
                           follows; close it"
                    .to_owned();
            self.problem(self.outline.line(at), ProblemCode::Unclosed, None, message);
        }
    }
}

/// The start of a section's heading and the bytes of its body, within a sub-plan.
pub(super) fn section_range(
    outline: &Outline,
    within: &Range<usize>,
    section: &str,
) -> Option<(usize, Range<usize>)> {
    let level_3 = outline.headings_in(within).iter().filter(|heading| heading.level == 3);
    let mut headings = level_3.skip_while(|heading| {
        let text = heading.rendered.trim();
        text.strip_suffix(':').map_or(text, str::trim_end) != section
    });
    let heading = headings.next()?;
    let end = headings.next().map_or(within.end, |next| next.range.start);
    Some((heading.range.start, heading.range.end..end))
}

fn near_section(outline: &Outline, within: &Range<usize>, section: &str) -> Option<(String, u32)> {
    let heading = outline.headings_in(within).iter().find(|heading| {
        let text = heading.rendered.trim().trim_end_matches(':').trim_end();
        let near = text.eq_ignore_ascii_case(section)
            || text.strip_suffix(['s', 'S']).is_some_and(|text| text.eq_ignore_ascii_case(section));
        heading.level >= 3 && near
    })?;
    let marks = "#".repeat(usize::from(heading.level));
    Some((format!("{marks} {}", heading.rendered.trim()), outline.line(heading.range.start)))
}

/// The names that a heading `<word>: <name>` may mean, the most literal first; empty when it is no such heading.
/// The last one is without markup and without trailing dashes and colons.
fn readings(heading: &Heading, word: &str) -> Vec<String> {
    let mut readings: Vec<String> = Vec::new();
    for text in [heading.written.trim(), heading.rendered.trim()] {
        let Some(rest) = text.strip_prefix(word) else { continue };
        if !rest.is_empty() && !rest.starts_with([':', ' ', '\t']) {
            continue;
        }
        let literal = rest.strip_prefix(':').unwrap_or(rest).trim();
        let name = rest.trim_start_matches([':', ' ', '\t']);
        let plain = name.trim_end_matches([':', '-', ' ', '\t']);
        readings.extend([literal, name, plain].map(str::to_owned));
    }
    readings
}

/// The range without blank lines at its start and without blanks at its end. The first line keeps its
/// indentation, which may mean something.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = &text[range.clone()];
    let end = range.start + slice.trim_end().len();
    let blank = slice.len() - slice.trim_start().len();
    let start = slice[..blank].rfind(['\n', '\r']).map_or(blank, |at| at + 1);
    // A heading's own line is not the first line of its body.
    (range.start + start).min(end)..end
}
