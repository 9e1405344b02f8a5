//! The commands: one handler per file.

mod accept;
mod agents;
mod answer;
mod approve;
mod comment;
mod completions;
mod config;
mod correct;
mod cost;
mod daemon;
mod demo;
mod diff;
mod discuss;
mod doctor;
mod drop;
mod edit;
mod events;
mod faq;
mod follow_up;
mod inbox;
mod init;
mod login;
mod logs;
mod ls;
mod man;
mod new;
mod open;
mod path;
mod plan;
mod plan_check;
mod publish;
mod reject;
mod retry;
mod revise;
mod run;
mod search;
mod show;
mod skip;
mod start;
mod stop;
mod wait;
mod waive;
mod words;

use crate::arguments::{Cli, Command, PlanCommand};
use crate::context::Context;
use crate::environment::Environment;
use crate::failure::{self, Failure};
use crate::fields::Selection;
use crate::local::LocalCommands;
use crate::look::Look;
use clap::FromArgMatches;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;

/// Runs the command line of this process and returns its exit code. Call it outside of any async runtime.
pub fn main(mut environment: Environment, local: &dyn LocalCommands) -> u8 {
    if let Some(completed) = crate::completing::answer(&mut environment, local) {
        // A shell has no use for a sentence: what could not be written is not completed.
        return completed.map_or(exit::FAILED, |()| exit::DONE);
    }
    let look = Look::of(&environment);
    let matches = crate::arguments::command(&look).try_get_matches_from(&environment.arguments);
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return say_usage(&mut environment, &look, &error),
    };
    let json = cli.json.as_deref().map(Selection::parse);
    let wants_json = json.is_some();
    let mut context = Context::new(environment, local, json);
    match dispatch(&mut context, &cli.command) {
        Ok(code) => code,
        Err(Failure::OutputClosed) => exit::DONE,
        Err(Failure::Said(detail)) => {
            let code = detail.exit;
            say(&mut context.environment, &look, wants_json, detail);
            code
        }
    }
}

/// Prints an error. When standard error is gone too, the exit code has to do.
fn say(environment: &mut Environment, look: &Look, json: bool, detail: ErrorDetail) {
    let text = if json {
        serde_json::to_string(&detail.body()).unwrap_or_default() + "\n"
    } else {
        failure::render(look, &detail)
    };
    let _ = environment.output.flush();
    let _ = environment.errors.write_all(text.as_bytes());
    let _ = environment.errors.flush();
}

/// Prints what clap has to say: help and version are results, the rest is a wrong call.
fn say_usage(environment: &mut Environment, look: &Look, error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    if !error.use_stderr() {
        let _ = environment.output.write_all(look.finish(text).as_bytes());
        let _ = environment.output.flush();
        return exit::DONE;
    }
    let json = environment.arguments.iter().any(|word| word.to_string_lossy().starts_with("--json"));
    if json {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let mut detail = ErrorDetail::new(exit::USAGE, "usage", first);
        detail.hints = lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        say(environment, look, true, detail);
    } else {
        let _ = environment.errors.write_all(look.finish(text).as_bytes());
    }
    exit::USAGE
}

fn dispatch(context: &mut Context<'_>, command: &Command) -> Result<u8, Failure> {
    match command {
        // In process, outside of our runtime: these may use one of their own.
        Command::Init(arguments) => init::init(context, arguments),
        Command::Demo(arguments) => demo::demo(context, arguments),
        Command::Doctor(arguments) => doctor::doctor(context, arguments),
        Command::Config(arguments) => config::config(context, arguments),
        Command::Completions(arguments) => completions::completions(context, arguments),
        Command::Man(arguments) => man::man(context, arguments),
        Command::Agents(arguments) => agents::agents(context, arguments),
        Command::Login(arguments) => login::login(context, arguments),
        Command::Daemon(arguments) => daemon::daemon(context, arguments),
        Command::Plan(arguments) => match &arguments.command {
            Some(PlanCommand::Check(arguments)) => plan_check::plan_check(context, arguments),
            None => block_on(plan::plan(context, arguments)),
        },
        command => block_on(ask(context, command)),
    }
}

/// The commands that ask the daemon.
async fn ask(context: &mut Context<'_>, command: &Command) -> Result<u8, Failure> {
    match command {
        Command::New(arguments) => new::new(context, arguments).await,
        Command::Run(arguments) => run::run(context, arguments).await,
        Command::Start(arguments) => start::start(context, arguments).await,
        Command::Approve(arguments) => approve::approve(context, arguments).await,
        Command::Edit(arguments) => edit::edit(context, arguments).await,
        Command::Revise(arguments) => revise::revise(context, arguments).await,
        Command::Drop(arguments) => drop::drop(context, arguments).await,
        Command::FollowUp(arguments) => follow_up::follow_up(context, arguments).await,
        Command::Reject(arguments) => reject::reject(context, arguments).await,
        Command::Ls(arguments) => ls::ls(context, arguments).await,
        Command::Show(arguments) => show::show(context, arguments).await,
        Command::Logs(arguments) => logs::logs(context, arguments).await,
        Command::Diff(arguments) => diff::diff(context, arguments).await,
        Command::Events(arguments) => events::events(context, arguments).await,
        Command::Wait(arguments) => wait::wait(context, arguments).await,
        Command::Inbox(arguments) => inbox::inbox(context, arguments).await,
        Command::Answer(arguments) => answer::answer(context, arguments).await,
        Command::Discuss(arguments) => discuss::discuss(context, arguments).await,
        Command::Skip(arguments) => skip::skip(context, arguments).await,
        Command::Accept(arguments) => accept::accept(context, arguments).await,
        Command::Waive(arguments) => waive::waive(context, arguments).await,
        Command::Cost(arguments) => cost::cost(context, arguments).await,
        Command::Search(arguments) => search::search(context, arguments).await,
        Command::Faq(arguments) => faq::faq(context, arguments).await,
        Command::Correct(arguments) => correct::correct(context, arguments).await,
        Command::Comment(arguments) => comment::comment(context, arguments).await,
        Command::Stop(arguments) => stop::stop(context, arguments).await,
        Command::Retry(arguments) => retry::retry(context, arguments).await,
        Command::Path(arguments) => path::path(context, arguments).await,
        Command::Publish(arguments) => publish::publish(context, arguments).await,
        Command::Open(arguments) => open::open(context, arguments).await,
        // `dispatch` has them; listed so that a new command can't be forgotten here.
        Command::Plan(_)
        | Command::Init(_)
        | Command::Demo(_)
        | Command::Doctor(_)
        | Command::Config(_)
        | Command::Agents(_)
        | Command::Login(_)
        | Command::Daemon(_)
        | Command::Completions(_)
        | Command::Man(_) => dispatch(context, command),
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        let message = format!("the command could not begin: {error}");
        ErrorDetail::new(exit::ENVIRONMENT, "runtime.failed", message)
    })?;
    let result = runtime.block_on(work);
    // A reader of standard input may still wait for a line that nobody wants.
    runtime.shutdown_background();
    result
}
