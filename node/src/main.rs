//! `klaver-node`: founds, serves, verifies and exports a community's ledger.
#![forbid(unsafe_code)]

use klaver_node::arguments;
use klaver_node::cli::{Command, ExportArgs, FoundArgs, RestoreArgs, ServeArgs, SucceedArgs};
use klaver_node::clock::Rest;
use klaver_node::config::DataDir;
use klaver_node::http::accept::Limits;
use klaver_node::restore::Restoring;
use klaver_node::serve::Serving;
use klaver_node::service::Beat;
use klaver_node::{demo, export, found, restore, serve, succeed, verify, witness};
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = match arguments::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(said) => return said.show(),
    };
    let filter = EnvFilter::try_from_env("KLAVER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "klaver-node: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Found(args) => found_community(&args)?,
        Command::Serve(args) => serve::serve(&serving(&args))?,
        Command::Demo(args) => demo::command::run(&args, &mut std::io::stdout())?,
        Command::Verify(args) => return Ok(verify_data(&DataDir::at(args.data), args.mend_anchor)),
        Command::Witness(args) => witness::command::run(&args, &mut std::io::stdout())?,
        Command::Export(args) => export_data(&args)?,
        Command::Restore(args) => restore_backup(&args)?,
        Command::Succeed(args) => succeed_ledger(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn found_community(args: &FoundArgs) -> anyhow::Result<()> {
    let founding = args.founding()?;
    let offices = args.offices()?;
    let passphrase = args.passphrase()?;
    let welcome =
        found::found(&args.data(), &founding, &offices, &passphrase).map_err(found::welcome::explained)?;
    found::welcome::write(&founding, &welcome, &args.data, &mut std::io::stdout())?;
    Ok(())
}

fn succeed_ledger(args: &SucceedArgs) -> anyhow::Result<()> {
    let done = succeed::succeed(&args.succeeding()?)?;
    let (old, out) = (done.predecessor, &mut std::io::stdout());
    writeln!(out, "{} goes on in a new ledger, in {}.", done.name, args.into.display())?;
    writeln!(out, "New ledger:      {}", done.ledger)?;
    writeln!(out, "Old ledger:      {}", old.ledger)?;
    writeln!(out, "ended at size:   {}, root {}", old.size, old.root)?;
    writeln!(out, "snapshot:        {}", old.snapshot)?;
    writeln!(out, "{} accounts came over with their balances.", done.accounts)?;
    if !done.attested {
        writeln!(
            out,
            "The old log key is lost: no record ends the old ledger, its last signed checkpoint does."
        )?;
    }
    if let (redeems @ 1.., sum) = done.returned {
        writeln!(
            out,
            "{redeems} unsettled redeems ({sum} minor units) went back to their merchants: they redeem again what was not \
             paid out in euro yet."
        )?;
    }
    for (wallet, why) in &done.left_behind {
        writeln!(out, "The wallet in {} still names the old ledger: {why}.", wallet.display())?;
    }
    writeln!(out, "Keep the old directory: receipts and history before today are there.")?;
    writeln!(out, "Next:            klaver-node serve --data {}", args.into.display())?;
    Ok(())
}

fn restore_backup(args: &RestoreArgs) -> anyhow::Result<()> {
    let done = restore::restore(&Restoring {
        from: DataDir::at(&args.from),
        into: DataDir::at(&args.into),
        unwitnessed: args.unwitnessed,
    })?;
    let out = &mut std::io::stdout();
    writeln!(out, "Restored:        {} records, root {}", done.head.size, done.head.root.to_base64())?;
    writeln!(out, "newest of:       {}", done.last_recorded_at)?;
    if done.waits {
        writeln!(out, "The node only reads until a quorum of its witnesses has cosigned this checkpoint.")?;
    } else {
        writeln!(
            out,
            "Nobody has confirmed that this is the newest state. A larger seal than this proves that it is not."
        )?;
        writeln!(out, "Let the council say so in the ledger: klaver attest restore_override FILE")?;
    }
    writeln!(out, "Next:            klaver-node serve --data {}", args.into.display())?;
    Ok(())
}

fn serving(args: &ServeArgs) -> Serving {
    Serving {
        data: DataDir::at(&args.data),
        listen: args.listen,
        metrics: args.metrics,
        public_url: args.public_url.clone(),
        beat: args.beat.map(|seconds| Beat { seconds }),
        rest: if args.accept_clock { Rest::Accepted } else { Rest::Doubted },
        limits: Limits { connections: args.connections, ..Limits::default() },
    }
}

fn verify_data(data: &DataDir, mends_anchor: bool) -> ExitCode {
    let shows = std::io::stderr().is_terminal();
    let progress = |records| {
        if shows {
            let _ = write!(std::io::stderr(), "\r{records} records");
        }
    };
    let report =
        if mends_anchor { verify::mend_anchor(data, progress) } else { verify::verify(data, progress) };
    if shows {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    let written = match report.exit {
        verify::Exit::Holds => std::io::stdout().write_all(report.text.as_bytes()),
        verify::Exit::Violation | verify::Exit::Unreadable => {
            std::io::stderr().write_all(report.text.as_bytes())
        }
    };
    // Without a reader of the report the status still says it.
    let _ = written;
    ExitCode::from(report.exit as u8)
}

fn export_data(args: &ExportArgs) -> anyhow::Result<()> {
    let data = DataDir::at(&args.data);
    let stopped = export::Stopped::open(&data)?;
    let reader = stopped.reader();
    if let Some(target) = &args.log {
        let (checkpoint, count) = export::with_cosignatures(&data, reader.anchor()?);
        let size = export::write_log(&reader, &checkpoint, target)?;
        let target = target.display();
        writeln!(
            std::io::stderr(),
            "the public log of {size} records is in {target}; witnesses that cosigned its checkpoint: {count}"
        )?;
    }
    if let Some(path) = &args.records {
        let count = if path.as_os_str() == "-" {
            export::write_records(&reader, args.format, std::io::stdout().lock())?
        } else {
            let file = export::create_private(path)?;
            export::write_records(&reader, args.format, std::io::BufWriter::new(file))?
        };
        writeln!(std::io::stderr(), "{count} records are written")?;
    }
    Ok(())
}
