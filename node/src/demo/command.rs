//! `klaver-node demo`: makes or opens the town, tells its story, says what to try, and serves it.

use super::Town;
use super::directory::{self, Opened, Progress, Wish};
use super::story::{Story, Teller};
use super::wallets;
use crate::clock::{Rest, wall_clock};
use crate::config::{ConfigError, DataDir};
use crate::http::accept::Limits;
use crate::serve::{Serving, serve};
use anyhow::{Context as _, anyhow};
use clap::Args;
use klaver_api::paths;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::link::{Link, NodeAddress};
use klaver_ledger::store::StoreReader;
use klaver_ledger::time::Day;
use klaver_locales::Language;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// How many ports after the first are tried.
const PORTS: u16 = 50;
/// What the open request asks, in minor units: the citizen always has as much.
pub(super) const BREAD: u64 = 240;

/// Flags of `demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// The directory of the demonstration: a new one, or one that is there.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// What everything in it comes from [default: 1]. The same seed and date give the same ledger.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// The day at whose beginning the history ends, such as 2026-06-01 [default: today].
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub until: Option<Day>,
    /// Makes it and tells its story, but does not serve it.
    #[arg(long)]
    pub exit: bool,
    /// Where to listen, on this machine alone; when it is taken, the next free port.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

/// Runs the command.
///
/// # Errors
/// When the directory holds something else, cannot be written, or no port is free.
pub fn run(args: &DemoArgs, out: &mut impl Write) -> anyhow::Result<()> {
    if !args.listen.ip().is_loopback() {
        return Err(ConfigError::DemoInPublic { address: args.listen.to_string() }.into());
    }
    let listen = if args.exit { args.listen } else { free_port(args.listen)? };
    let url = format!("http://localhost:{}", listen.port());
    let data = DataDir::at(&args.data);
    let wish = Wish { seed: args.seed, until: args.until };
    let opened = directory::open(&data, wish, &url, wall_clock().day())?;
    wallets::write(&data, &opened.town, &url)?;
    present(
        &opened,
        &data,
        &url,
        Language::of_environment(|name| std::env::var(name).ok()).unwrap_or(Language::English),
        out,
    )?;
    let Opened { ledger, community, .. } = opened;
    drop(community);
    ledger.close().context("the town is there, but was not closed cleanly: run the command again")?;
    if args.exit {
        return Ok(());
    }
    let limits = Limits::default();
    serve(&Serving {
        data,
        listen,
        metrics: None,
        public_url: None,
        beat: None,
        rest: Rest::Accepted,
        limits,
    })
}

/// Tells the story and says what to try.
fn present(
    opened: &Opened,
    data: &DataDir,
    url: &str,
    language: Language,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let Opened { town, ledger, community, progress } = opened;
    let reader = ledger.reader();
    let teller = Teller { reader: &reader, town, language };
    let story = Story::read(&reader).map_err(|why| anyhow!(why)).context("the ledger cannot be read")?;
    let say = |key: &str, values: &[(&str, &str)]| language.say(key, values);
    let head = reader.head();
    let size = head.size.to_string();

    writeln!(out, "{}", say("demo.town", &[("name", super::cast::TOWN)]))?;
    let key = match progress {
        Progress::Made => "demo.progress.made",
        Progress::Completed => "demo.progress.completed",
        Progress::WasThere => "demo.progress.was_there",
        Progress::LeftAsItIs => "demo.progress.left",
    };
    writeln!(out, "{}", say(key, &[("size", &size), ("until", &town.until.to_string())]))?;
    writeln!(out)?;
    for line in
        teller.tell(&story).map_err(|why| anyhow!(why)).context("the ledger does not pass its audit")?
    {
        writeln!(out, "  {line}")?;
    }
    let root = data_encoding::BASE64.encode(&head.root.0);
    writeln!(out, "\n{}", say("demo.seal", &[("size", &size), ("root", &root)]))?;

    let baker = &town.cast.baker().shop;
    let until = wall_clock().seconds() + DAY_SECONDS;
    let node = NodeAddress::parse(url)?;
    let request = directory::ask_for(community, baker.account, BREAD, until)?;
    let request = Link::Request { node, id: request }.print()?;
    writeln!(out, "\n{}\n", say("demo.try", &[("passphrase", wallets::PASSPHRASE)]))?;
    if let Some(bin) = wallet_program() {
        writeln!(out, "  export PATH={}:\"$PATH\"", quoted(&bin))?;
    }
    writeln!(out, "  export KLAVER_PASSPHRASE_FILE={}\n", quoted(&wallets::passphrase_file(data)))?;
    for (role, name, commands) in commands(&teller, &story, &request, url) {
        writeln!(out, "  {}", say(&format!("demo.role.{role}"), &[("name", &name)]))?;
        if let Some(link) = in_browser(town, role, url) {
            writeln!(out, "    {}", say("demo.browser", &[("link", &link)]))?;
        }
        for command in commands {
            writeln!(out, "    klaver --data {} {command}", quoted(&wallets::directory(data, role)))?;
        }
    }
    writeln!(out, "\n{}", say("demo.open", &[("url", url)]))?;
    Ok(out.flush()?)
}

/// Returns what each role can try: role, name, and the arguments of `klaver`.
fn commands<R: StoreReader>(
    teller: &Teller<'_, R>,
    story: &Story,
    request: &str,
    url: &str,
) -> Vec<(&'static str, String, Vec<String>)> {
    let cast = &teller.town.cast;
    let friends = [&cast.members[1], &cast.members[4]].map(|member| member.account.to_string()).join(" ");
    let mut merchant = vec!["balance".to_owned(), "request 2.40".to_owned(), "redeem 2".to_owned()];
    merchant.extend(story.payment().map(|index| format!("refund {index} 0.50")));
    let mut council = vec!["--account council-1 account list".to_owned()];
    let settle = |index| format!("--account council-1 --also council-2 settle {index} --bank-reference test");
    council.extend(story.claim().map(settle));
    let place = &cast.places[0];
    vec![
        ("citizen", cast.citizen().name.to_owned(), vec!["balance".to_owned(), format!("pay {request}")]),
        ("merchant", cast.baker().shop.name.to_owned(), merchant),
        (
            "trekker",
            format!("{}, {}", place.trekker.name, place.name),
            vec![format!("earn --each 2 {friends}")],
        ),
        ("coordinator", "2/3".to_owned(), council),
        ("auditor", url.to_owned(), vec![format!("audit {url}")]),
    ]
}

/// Returns the page that acts for a role, with its key. The key hides nothing in a demonstration, so it may stand there.
fn in_browser(town: &Town, role: &str, url: &str) -> Option<String> {
    let cast = &town.cast;
    let (page, key) = match role {
        "citizen" => (paths::WALLET_PAGE, &cast.citizen().key),
        "merchant" => (paths::WALLET_PAGE, &cast.baker().shop.key),
        "trekker" => (paths::PLACE_PAGE, &cast.places[0].trekker.key),
        "coordinator" => (paths::COORDINATION_PAGE, &cast.council[0]),
        _ => return None,
    };
    Some(format!("{url}{page}#demo/{}", data_encoding::HEXLOWER.encode(&key.to_bytes())))
}

/// Returns the directory of the wallet program, when it was built beside this one.
fn wallet_program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let directory = own.parent()?;
    directory.join("klaver").is_file().then(|| directory.to_owned())
}

/// Returns a path as a shell takes it for one word.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns the wished address, or the next one with a free port.
fn free_port(wished: SocketAddr) -> anyhow::Result<SocketAddr> {
    let last = wished.port().saturating_add(PORTS);
    for port in wished.port()..=last {
        let address = SocketAddr::new(wished.ip(), port);
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener.local_addr()?),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).with_context(|| format!("{address} cannot be listened on")),
        }
    }
    Err(anyhow!("the ports {} to {last} are all taken: give a free one with --listen", wished.port()))
}

/// Reads a day: year, month and day.
fn parse_day(text: &str) -> Result<Day, String> {
    let wrong = || format!("\"{text}\" is no day: write it like 2026-06-01");
    let parts: Vec<u64> =
        text.split('-').map(|part| part.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    let [year, month, day] = parts[..] else { return Err(wrong()) };
    if !(1970..=9999).contains(&year) {
        return Err(wrong());
    }
    // A year has at most 366 days: the day is looked for from the first that it can be.
    let first = (year - 1970) * 365;
    let found = (first..first + 366 + (year - 1970) / 4 + 1)
        .map(Day)
        .find(|found| found.civil() == (year, month, day));
    found.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_printed() {
        for day in [0, 58, 59, 364, 365, 11_016, 18_262, 20_514, 20_779, 47_540] {
            assert_eq!(parse_day(&Day(day).to_string()), Ok(Day(day)));
        }
        for wrong in
            ["", "2026", "2026-02-30", "2026-13-01", "1969-12-31", "today", "2026-06-01-01", "-1-1-1"]
        {
            assert!(parse_day(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_taken_port_gives_way_to_the_next() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let free = free_port(address).unwrap();
        assert!(free.port() > address.port() && free.ip() == address.ip());
    }

    #[test]
    fn a_path_is_one_word_for_the_shell() {
        assert_eq!(quoted(Path::new("demo-data/wallets")), "demo-data/wallets");
        assert_eq!(quoted(Path::new("my demo's")), r"'my demo'\''s'");
    }
}
