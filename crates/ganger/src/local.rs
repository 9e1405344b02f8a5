//! What the command line needs of the rest of the program: the daemon's crate behind the trait that the command line
//! defines.

use ganger_api::agent::{AgentDetail, AgentList, LoginResult};
use ganger_api::client::Client;
use ganger_api::doctor::DoctorReport;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::machine::UnitResult;
use ganger_api::wait::Occasion;
use ganger_cli::arguments::{ConfigArguments, ConfigCommand, DemoArguments, DoctorArguments, InitArguments};
use ganger_cli::local::{Attention, LocalCommands, Streams};
use ganger_daemon::config::Sources;
use ganger_daemon::demo::DemoOptions;
use ganger_daemon::local::{NoQuestions, Questions, TerminalQuestions};
use ganger_daemon::paths::Paths;
use ganger_daemon::{compose, demo, local, log_file};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The commands in process, over this environment.
pub(crate) struct Local {
    variables: BTreeMap<String, String>,
}

impl Local {
    pub(crate) const fn new(variables: BTreeMap<String, String>) -> Self {
        Self { variables }
    }

    fn paths(&self) -> Result<Paths, ErrorDetail> {
        Ok(Paths::from_environment(&self.variables)?)
    }

    fn sources(&self) -> Result<Sources, ErrorDetail> {
        Ok(Sources::from_environment(self.variables.clone())?)
    }

    fn program() -> Result<PathBuf, ErrorDetail> {
        std::env::current_exe().map_err(|error| {
            ErrorDetail::new(
                exit::ENVIRONMENT,
                "program.unknown",
                format!("this program's file is not found: {error}"),
            )
        })
    }
}

impl LocalCommands for Local {
    fn socket(&self) -> Result<PathBuf, ErrorDetail> {
        Ok(self.paths()?.socket())
    }

    fn person_key(&self) -> Option<String> {
        let key = std::fs::read_to_string(self.paths().ok()?.person_key()).ok()?;
        Some(key.trim().to_owned())
    }

    fn drafts(&self) -> Result<PathBuf, ErrorDetail> {
        Ok(self.paths()?.drafts())
    }

    fn seen(&self) -> Result<PathBuf, ErrorDetail> {
        Ok(self.paths()?.seen())
    }

    fn start_daemon(&self) -> Result<(), ErrorDetail> {
        Ok(compose::start_in_background(&self.variables, &Self::program()?)?)
    }

    fn run_daemon(&self) -> Result<u8, ErrorDetail> {
        Ok(compose::run(&self.variables)?)
    }

    fn attention(&self, occasion: Occasion) -> Attention {
        // A configuration that cannot be read is said elsewhere.
        let loaded = Sources::from_environment(self.variables.clone()).and_then(|sources| sources.load());
        loaded.map_or_else(
            |_| Attention::default(),
            |loaded| {
                let minute = ganger_daemon::notify::minute_of_day();
                let (bell, desktop) = loaded.configuration.notify.by_terminal(occasion, minute);
                Attention { bell, desktop }
            },
        )
    }

    fn init(&self, arguments: &InitArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail> {
        if !arguments.yes && !streams.interactive {
            let message = "init asks some questions, and nobody sits at this terminal";
            return Err(
                ErrorDetail::new(exit::USAGE, "init.not_interactive", message).hint("ganger init --yes")
            );
        }
        let sources = self.sources()?;
        let directory = arguments.directory.clone().unwrap_or_else(|| streams.directory.to_owned());
        let asked = local::init::InitArguments {
            directory: streams.directory.join(directory),
            yes: arguments.yes,
            program: if arguments.no_try { None } else { Some(Self::program()?) },
        };
        let outcome = if arguments.yes {
            local::init::init(&sources, &asked, &mut NoQuestions, streams.output)?
        } else {
            let mut questions = TerminalQuestions::new(&mut *streams.input, &mut *streams.errors);
            local::init::init(&sources, &asked, &mut questions as &mut dyn Questions, streams.output)?
        };
        Ok(outcome.exit_code())
    }

    fn demo(&self, arguments: &DemoArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail> {
        if !arguments.yes && !streams.interactive {
            let message = "the demonstration asks you to approve its plan, and nobody sits at this terminal";
            return Err(
                ErrorDetail::new(exit::USAGE, "demo.not_interactive", message).hint("ganger demo --yes")
            );
        }
        let dir = arguments.dir.as_ref().map(|dir| streams.directory.join(dir));
        let options = DemoOptions { yes: arguments.yes, dir, seed: arguments.seed };
        Ok(demo::run(&options, &self.variables, &Self::program()?, streams.output)?)
    }

    fn doctor(
        &self,
        arguments: &DoctorArguments,
        streams: &mut Streams<'_>,
    ) -> Result<DoctorReport, ErrorDetail> {
        let sources = self.sources()?;
        let program = if arguments.run_checks { Some(Self::program()?) } else { None };
        let mut sections = local::doctor::examine(&sources, streams.directory, program.as_deref());
        let mut of_daemon = self.daemon_sections();
        if let Some(section) = of_daemon.iter_mut().find(|section| section.name == "daemon") {
            section.rows.push(local::unit::row(&sources, &Self::program()?));
        }
        sections.extend(of_daemon);
        Ok(DoctorReport::new(sections))
    }

    fn config(&self, arguments: &ConfigArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail> {
        let origin = arguments.origin;
        let command = match &arguments.command {
            None => local::config::ConfigCommand::List { all: false, origin },
            Some(ConfigCommand::List { all }) => local::config::ConfigCommand::List { all: *all, origin },
            Some(ConfigCommand::Get { key }) => {
                local::config::ConfigCommand::Get { key: key.clone(), origin }
            }
            Some(ConfigCommand::Set { key, value }) => {
                local::config::ConfigCommand::Set { key: key.clone(), value: value.clone() }
            }
            Some(ConfigCommand::Edit) => local::config::ConfigCommand::Edit,
            Some(ConfigCommand::Path) => local::config::ConfigCommand::Path,
            Some(ConfigCommand::Check) => local::config::ConfigCommand::Check,
        };
        let sources = self.sources()?;
        let asked = local::config::ConfigArguments {
            directory: streams.directory.to_owned(),
            workspace: arguments.workspace,
            json: streams.json,
            command,
        };
        let mut questions = TerminalQuestions::new(&mut *streams.input, &mut *streams.errors);
        Ok(local::config::run(&sources, &asked, &mut questions, streams.output)?.exit_code())
    }

    fn agents(&self, directory: &Path) -> Result<AgentList, ErrorDetail> {
        Ok(local::agents::list(&self.sources()?, directory)?)
    }

    fn agent(&self, directory: &Path, name: &str) -> Result<AgentDetail, ErrorDetail> {
        Ok(local::agents::detail(&self.sources()?, directory, name, &Self::program()?)?)
    }

    fn agent_names(&self, directory: &Path) -> Vec<String> {
        self.sources().map(|sources| local::agents::names(&sources, directory)).unwrap_or_default()
    }

    fn login(&self, name: &str, streams: &mut Streams<'_>) -> Result<LoginResult, ErrorDetail> {
        let (sources, own) = (self.sources()?, Self::program()?);
        let (directory, interactive) = (streams.directory, streams.interactive);
        let begin = |typed: &str| local::say(streams.errors, &format!("Running {typed}\n"));
        Ok(local::agents::login(&sources, directory, name, &own, interactive, begin)?)
    }

    fn install_daemon(&self) -> Result<UnitResult, ErrorDetail> {
        Ok(local::unit::install(&self.sources()?, &Self::program()?)?)
    }

    fn uninstall_daemon(&self) -> Result<UnitResult, ErrorDetail> {
        Ok(local::unit::uninstall(&self.sources()?, &Self::program()?)?)
    }

    fn daemon_log(
        &self,
        lines: usize,
        follow: bool,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), ErrorDetail> {
        let paths = self.paths()?;
        let file = paths.daemon_log();
        let unreadable = |error: std::io::Error| {
            let message = format!("the daemon's log {} cannot be read: {error}", paths.display(&file));
            ErrorDetail::new(exit::ENVIRONMENT, "log.unreadable", message)
        };
        if !follow && !file.exists() {
            let message =
                format!("there is no log yet: no daemon has run for {}", paths.display(paths.home()));
            return Err(ErrorDetail::new(exit::NOT_FOUND, "log.none", message).hint("ganger daemon start"));
        }
        let (last, mut coming) = log_file::last_lines(&file, lines).map_err(unreadable)?;
        for line in &last {
            if each(line).is_break() {
                return Ok(());
            }
        }
        if !follow {
            return Ok(());
        }
        loop {
            if each(&coming.next_line().map_err(unreadable)?).is_break() {
                return Ok(());
            }
        }
    }
}

impl Local {
    /// The daemon's own findings, where one runs: doctor starts none.
    fn daemon_sections(&self) -> Vec<ganger_api::doctor::DoctorSection> {
        use ganger_api::doctor::{DoctorRow, DoctorSection, DoctorState};
        let asked = self.paths().ok().and_then(|paths| {
            let client = Client::new(paths.socket()).with_key(self.person_key().unwrap_or_default());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(client.get_json::<DoctorReport>(ganger_api::routes::DOCTOR)).ok()
        });
        match asked {
            Some(report) => report.sections,
            None => vec![DoctorSection {
                name: "daemon".to_owned(),
                summary: "does not run".to_owned(),
                rows: vec![DoctorRow {
                    state: DoctorState::Ok,
                    subject: "daemon".to_owned(),
                    facts: vec!["starts by itself with the first command that needs it".to_owned()],
                    fix: None,
                }],
            }],
        }
    }
}
