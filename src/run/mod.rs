//! The sub-commands: what each of them does with its options.

mod address;
#[cfg(feature = "load")]
mod bench;
#[cfg(feature = "tap")]
mod capture;
#[cfg(feature = "node")]
mod columns;
#[cfg(feature = "node")]
mod doctor;
#[cfg(feature = "node")]
mod exec;
#[cfg(feature = "policy")]
mod policy;
#[cfg(feature = "node")]
mod probe;
#[cfg(feature = "tap")]
mod proxy;
#[cfg(feature = "tap")]
mod recordings;
#[cfg(feature = "node")]
mod sandboxes;
#[cfg(feature = "sim")]
mod serve;

use std::io::{self, IsTerminal};

use agent_bundle::Bundle;

use crate::cli::{Cli, Connect, ErrorFormat, SubCommand};
use crate::client::ConnectOptions;
use crate::error::{Error, Failure};
use crate::input::{self, Inputs};
use crate::log::{Level, Logger};
use crate::prompt::Prompt;
use crate::request::RequestOptions;
use crate::request::RowNotes;
use crate::schema::describe;
use crate::schema::{Schema, lookup, template};
use crate::session::{
    self, CallOptions, Observers, Options, Output, PrintOptions, Session, Settings,
};
use crate::transport::{self, Address, SimConnector};
use crate::{auto, examples, interrupt, man, shell};

/// Runs what the command line asks for, and gives the exit status.
///
/// # Errors
/// A failure that has not been shown yet.
pub fn run(cli: Cli) -> Result<u8, Failure> {
    let schema = crate::schema();
    let logger = Logger::new(cli.log_level);
    let alone = |error| Failure::new(None, error);
    for warning in &cli.warnings {
        logger.log(Level::Warn, warning);
    }
    match cli.command {
        SubCommand::Connect(options) => connect(schema, *options, cli.error_format, logger),
        SubCommand::List { service, json } => list(schema, service.as_deref(), json).map_err(alone),
        SubCommand::Describe { name, json } => describe_name(schema, &name, json).map_err(alone),
        SubCommand::Template { name } => template_of(schema, &name).map_err(alone),
        #[cfg(feature = "load")]
        SubCommand::Bench(options) => bench::run(schema, *options, logger),
        #[cfg(feature = "sim")]
        SubCommand::Serve(options) => serve::run(schema, &options).map_err(alone),
        #[cfg(feature = "node")]
        SubCommand::Doctor(options) => doctor::run(schema, &options.asked, logger),
        #[cfg(feature = "node")]
        SubCommand::Exec(options) => exec::run(schema, &options, logger),
        #[cfg(feature = "node")]
        SubCommand::Probe(options) => probe::run(schema, &options.asked, logger).map_err(alone),
        #[cfg(feature = "node")]
        SubCommand::Sandboxes(options) => sandboxes::run(&options, logger).map_err(alone),
        #[cfg(feature = "tap")]
        SubCommand::Proxy(options) => proxy::run(schema, *options, logger).map_err(alone),
        #[cfg(feature = "tap")]
        SubCommand::Capture(options) => capture::run(schema, options, logger).map_err(alone),
        #[cfg(feature = "tap")]
        SubCommand::Show(options) => recordings::show(schema, &options).map_err(alone),
        #[cfg(feature = "tap")]
        SubCommand::Replay(options) => recordings::replay(schema, *options, logger).map_err(alone),
        #[cfg(feature = "tap")]
        SubCommand::Diff(options) => recordings::diff(schema, &options).map_err(alone),
        #[cfg(feature = "policy")]
        SubCommand::Policy(options) => policy::run(schema, options.command, logger),
        #[cfg(feature = "policy")]
        SubCommand::PolicyEngine => policy::engine().map_err(alone),
        SubCommand::Examples { name, json } => {
            show_examples(schema, name.as_deref(), json).map_err(alone)
        }
        SubCommand::Completions { shell } => print(shell::script(shell)).map_err(alone),
        SubCommand::Complete(asked) => print(&shell::answer(schema, &asked)).map_err(alone),
        SubCommand::Man => {
            let page = man::page(schema).map_err(|error| Error::output(&error));
            page.and_then(|page| print(&String::from_utf8_lossy(&page)))
                .map_err(alone)
        }
        SubCommand::GenerateCid | SubCommand::GenerateSid => {
            let id = auto::random_id().map_err(Error::from);
            id.and_then(|id| print(&format!("{id}\n"))).map_err(alone)
        }
    }
}

/// How `sim://` is reached, where the simulated agent is built in.
fn simulated_agent() -> Option<SimConnector> {
    #[cfg(feature = "sim")]
    return Some(|| {
        agent_sim::connect_and_tell(crate::schema(), |call| {
            crate::log::say(format_args!("warning: {call}"));
        })
    });
    #[cfg(not(feature = "sim"))]
    None
}

fn connect(
    schema: &'static Schema,
    options: Connect,
    error_format: ErrorFormat,
    logger: Logger,
) -> Result<u8, Failure> {
    let alone = |error| Failure::new(None, error);
    let address = address(&options, logger).map_err(alone)?;
    if address.is_none() && !options.dry_run {
        return Err(alone(address::missing()));
    }
    if let (Some(address), Some(text)) = (&address, options.address.given()) {
        warn_of(address, text, logger);
    }
    let on_terminal = io::stdin().is_terminal();
    let prompt = options.interactive || (options.sources.is_empty() && on_terminal);
    if options.sources.is_empty() && !prompt {
        let message = "nothing to run: give commands with -c or --script, or type them with -i";
        return Err(alone(Error::usage(message)));
    }
    let bundle = bundle(&options).map_err(alone)?;
    let sources = options.sources;
    let options = Options {
        settings: Settings {
            calls: CallOptions {
                address,
                connect: ConnectOptions {
                    timeout: options.connect_timeout,
                    sim: simulated_agent(),
                },
                timeout: (!options.timeout.is_zero()).then_some(options.timeout),
                metadata: options.metadata,
            },
            requests: RequestOptions {
                automatic: !options.no_auto_values,
                unknown_fields: options.allow_unknown_fields,
                bundle,
                as_is: options.bundle_as_is,
                image_limit: options.image_limit,
            },
            printing: PrintOptions {
                format: options.output,
                emit_defaults: options.emit_defaults,
            },
            dry_run: options.dry_run,
        },
        repeat: options.repeat,
        ignore_errors: options.ignore_errors,
        prompt,
        verbose: options.verbose,
        error_format,
    };
    let mut inputs = match prompt {
        true => Inputs::without_standard_input(),
        false => Inputs::default(),
    };
    let commands = session::prepare(schema, &sources, options.settings.clone(), &mut inputs)?;
    if let Err(error) = interrupt::install() {
        let reason = input::reason(&error);
        logger.log(
            Level::Warn,
            format_args!("Ctrl-C will end the run at once: {reason}"),
        );
    }
    let observers = Observers::new(schema, options.verbose, logger);
    let is_free = inputs.standard_input_is_free();
    let mut session = Session::new(schema, options, observers, logger, is_free);
    if prompt {
        return Ok(Prompt::new(schema, session, inputs, logger).run(&commands));
    }
    Ok(session.run(&commands))
}

fn bundle(options: &Connect) -> Result<Option<Bundle>, Error> {
    let folder = options.bundle_dir.as_deref();
    Ok(folder.map(Bundle::new).transpose()?)
}

/// Warns of an address that may mean another one than its user does.
fn warn_of(address: &Address, text: &str, logger: Logger) {
    if text.starts_with("vsock://:") {
        let text = format_args!(
            "{text:?} has no context ID, so that of any guest is meant: is a variable in it empty?"
        );
        logger.log(Level::Warn, text);
    }
    if address.has_hybrid_name()
        && let Ok(hybrid) = address.clone().with_hybrid_vsock(transport::AGENT_PORT)
    {
        let text = format_args!(
            "{text:?} has the name of a hypervisor's hybrid vsock socket: write \"{hybrid}\""
        );
        logger.log(Level::Warn, text);
    }
}

fn address(options: &Connect, logger: Logger) -> Result<Option<Address>, Error> {
    let Some(address) = address::find(&options.address, logger)? else {
        return Ok(None);
    };
    let port = options.hybrid_vsock_port;
    if options.hybrid_vsock {
        let port = port.unwrap_or(transport::AGENT_PORT);
        return Ok(Some(address.with_hybrid_vsock(port)?));
    }
    // A port that is not used must not pass for one that is; scripts that have
    // always given one go on working.
    match (&address, port) {
        (Address::Unix(_), Some(port)) => {
            logger.log(
                Level::Warn,
                format_args!(
                    "--hybrid-vsock-port {port} does nothing with \"{address}\" alone: add \
                     --hybrid-vsock if this is a hypervisor's hybrid vsock socket"
                ),
            );
            Ok(Some(address))
        }
        (Address::Hybrid(hybrid), Some(port)) if hybrid.port != port => {
            Err(Error::usage(format_args!(
                "the address \"{address}\" names port {}, and --hybrid-vsock-port {port}: leave out \
                 the option, and write the port that is meant in the address",
                hybrid.port
            )))
        }
        _ => Ok(Some(address)),
    }
}

fn list(schema: &'static Schema, service: Option<&str>, json: bool) -> Result<u8, Error> {
    let services = lookup::services(schema, service)?;
    print(&match json {
        true => describe::list_json(&services),
        false => describe::list(&services),
    })
}

fn describe_name(schema: &'static Schema, name: &str, json: bool) -> Result<u8, Error> {
    let item = lookup::item(schema, name)?;
    let notes = RowNotes {
        schema,
        are_typed: false,
    };
    print(&match json {
        true => describe::describe_json(schema, item, &notes),
        false => describe::describe(schema, item, &notes),
    })
}

fn template_of(schema: &'static Schema, name: &str) -> Result<u8, Error> {
    let message = lookup::request(schema, name)?;
    print(&format!("{}\n", template(message)))
}

fn show_examples(schema: &'static Schema, name: Option<&str>, json: bool) -> Result<u8, Error> {
    let find = |name| examples::find(schema, name).map_err(Error::usage);
    let topic = name.map(find).transpose()?;
    print(&match (topic, json) {
        (None, false) => examples::list(schema),
        (None, true) => examples::list_json(schema),
        (Some(topic), false) => examples::topic(schema, topic),
        (Some(topic), true) => examples::as_json(schema, topic),
    })
}

fn print(text: &str) -> Result<u8, Error> {
    Output::default().text(text).map(|()| 0)
}
