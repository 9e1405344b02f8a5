//! `doctor --fix`: the commands that `doctor` prints, carried out. Only those that change nothing but ganger's own
//! settings, loosen nothing, and can be taken back by the same command with the old value: the rest is a person's.

use crate::arguments::{Cli, Command, ConfigCommand, DaemonCommand, DoctorArguments};
use crate::context::Context;
use crate::failure::{self, Failure};
use clap::Parser;
use ganger_api::doctor::{DoctorReport, DoctorState};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// One repair: what is wrong, what is typed for it, and that as a command.
struct Repair {
    wrong: String,
    typed: String,
    command: Command,
}

/// Shows each repair, asks, and carries it out. What it says goes to standard error: the report follows.
pub(super) fn repair(context: &mut Context<'_>, arguments: &DoctorArguments) -> Result<(), Failure> {
    if !arguments.yes && !context.environment.is_interactive() {
        let message = "doctor --fix asks before each repair, and nobody sits at this terminal";
        return Err(ErrorDetail::new(exit::USAGE, "doctor.not_interactive", message)
            .hint("ganger doctor --fix --yes")
            .into());
    }
    // The checks can take long, and no repair follows from them.
    let looked = DoctorArguments { run_checks: false, ..arguments.clone() };
    let report = {
        let (local, mut streams) = context.streams();
        local.doctor(&looked, &mut streams)?
    };
    let repairs = repairs(&report);
    if repairs.is_empty() {
        return context.note("There is nothing that ganger could repair by itself.\n");
    }
    for repair in repairs {
        let text = format!("{}\n  {}\n", context.look.line(&repair.wrong), context.look.line(&repair.typed));
        context.note(&text)?;
        if arguments.yes || agrees(context)? {
            carry_out(context, &repair)?;
        }
    }
    Ok(())
}

/// The repairs in the order of the report, each once.
fn repairs(report: &DoctorReport) -> Vec<Repair> {
    let mut seen = BTreeSet::new();
    let rows = report.sections.iter().flat_map(|section| &section.rows);
    let wrong = rows.filter(|row| row.state != DoctorState::Ok);
    let of_row = |row: &ganger_api::doctor::DoctorRow| {
        let typed = row.fix.clone()?;
        let words = shlex::split(&typed)?;
        let command = Cli::try_parse_from(words).ok()?.command;
        let wrong = format!("{}: {}", row.subject, row.facts.join(" · "));
        is_safe(&command).then_some(Repair { wrong, typed, command })
    };
    wrong.filter_map(of_row).filter(|repair| seen.insert(repair.typed.clone())).collect()
}

/// Whether a command may be carried out unseen by whoever said `--yes`.
fn is_safe(command: &Command) -> bool {
    match command {
        Command::Daemon(arguments) => arguments.command == Some(DaemonCommand::Install),
        Command::Config(arguments) => match &arguments.command {
            Some(ConfigCommand::Set { key, value }) => match key.as_str() {
                "agents.default" | "agents.max_sessions" => true,
                "exclude" => arguments.workspace,
                // Whoever works without the sandbox has to say so themselves.
                "sandbox.mode" => value == "enforce",
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// Asks; the end of the input is no.
fn agrees(context: &mut Context<'_>) -> Result<bool, Failure> {
    loop {
        context.note("Do it? (Y/n) › ")?;
        context.environment.errors.flush()?;
        let line = super::super::block_on(async { Ok(context.read_line().await) })?;
        match line.as_deref().map(|line| line.trim().to_lowercase()).as_deref() {
            Some("" | "y" | "yes") => return Ok(true),
            Some("n" | "no") | None => return Ok(false),
            Some(_) => context.note("  answer y or n\n")?,
        }
    }
}

/// Carries out a repair. One that fails is said, and does not keep the others from being tried.
fn carry_out(context: &mut Context<'_>, repair: &Repair) -> Result<(), Failure> {
    let said = Said::default();
    let (output, json) = (Box::new(said.clone()), context.json.take());
    let real = std::mem::replace(&mut context.environment.output, output);
    let result = super::super::dispatch(context, &repair.command);
    context.environment.output = real;
    context.json = json;
    match result {
        Ok(_) => context.note(&said.indented()),
        Err(Failure::OutputClosed) => Err(Failure::OutputClosed),
        Err(Failure::Said(detail)) => {
            let text = failure::render(&context.look, &detail);
            context.note(&text)
        }
    }
}

/// What a command printed.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn indented(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes)
            .lines()
            .map(|line| format!("  {line}").trim_end().to_owned() + "\n")
            .collect()
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
