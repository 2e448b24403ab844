//! P3: the same movement of money in PostgreSQL 15, without signatures and without HTTP, on a cluster of its own.

use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian keeps the programs of PostgreSQL 15.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// A transfer as one call: its row, two postings, two balances, in the order of the accounts so that none waits for
/// another in a circle.
const SCHEMA: &str = "
CREATE TABLE account (id integer PRIMARY KEY, debits bigint NOT NULL, credits bigint NOT NULL) WITH (fillfactor = 70);
CREATE TABLE transfer (id bigserial PRIMARY KEY, nonce uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    recorded_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE posting (transfer bigint NOT NULL, account integer NOT NULL, debit bigint NOT NULL, credit bigint NOT NULL,
    PRIMARY KEY (account, transfer));
CREATE FUNCTION pay(payer integer, payee integer, amount bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE number bigint;
BEGIN
    INSERT INTO transfer DEFAULT VALUES RETURNING id INTO number;
    INSERT INTO posting VALUES (number, payer, amount, 0), (number, payee, 0, amount);
    IF payer < payee THEN
        UPDATE account SET debits = debits + amount WHERE id = payer;
        UPDATE account SET credits = credits + amount WHERE id = payee;
    ELSE
        UPDATE account SET credits = credits + amount WHERE id = payee;
        UPDATE account SET debits = debits + amount WHERE id = payer;
    END IF;
    RETURN number;
END $$;
";

/// A cluster that lives as long as this value.
pub struct Cluster {
    directory: PathBuf,
    as_postgres: bool,
}

impl Cluster {
    /// Makes a cluster on a Unix socket, with `accounts` accounts.
    ///
    /// # Errors
    /// When PostgreSQL 15 is missing or does not start.
    pub fn start(accounts: usize) -> Result<Self> {
        // PostgreSQL refuses to run as root, and its own user cannot reach every directory.
        let is_root =
            std::fs::metadata("/proc/self").map(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)?;
        let directory = std::env::temp_dir().join(format!("klaver-bench-postgres-{}", std::process::id()));
        std::fs::create_dir(&directory).with_context(|| directory.display().to_string())?;
        let cluster = Self { directory, as_postgres: is_root };
        if is_root {
            run(Command::new("chown").arg("postgres:").arg(&cluster.directory))?;
        }
        let data = cluster.directory.join("data");
        run(cluster
            .program("initdb")
            .args(["--no-locale", "--encoding=UTF8", "--auth=trust", "-D"])
            .arg(&data))?;
        let socket = cluster.directory.display();
        let settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{socket}' -c fsync=on -c synchronous_commit=on \
             -c shared_buffers=256MB -c max_wal_size=4GB"
        );
        let log = cluster.directory.join("log");
        run(cluster
            .program("pg_ctl")
            .arg("-D")
            .arg(&data)
            .arg("-o")
            .arg(settings)
            .arg("-l")
            .arg(log)
            .args(["-w", "start"]))?;
        let fill = format!("INSERT INTO account SELECT n, 0, 0 FROM generate_series(0, {}) n;", accounts - 1);
        cluster.psql(SCHEMA)?;
        cluster.psql(&fill)?;
        cluster.psql("VACUUM ANALYZE;")?;
        let pay = format!(
            "\\set payer random(0, {last})\n\\set payee (:payer + random(1, {last})) % {accounts}\n\
             \\set amount random(1, 2000)\nSELECT pay(:payer, :payee, :amount);\n",
            last = accounts - 1
        );
        std::fs::write(cluster.script(), pay)?;
        Ok(cluster)
    }

    /// Returns transfers per second with `clients` clients over `seconds` seconds.
    ///
    /// # Errors
    /// When pgbench fails, or the books it leaves do not balance.
    pub fn per_second(&self, clients: u32, seconds: u32) -> Result<f64> {
        let (clients, seconds) = (clients.to_string(), seconds.to_string());
        let mut pgbench = self.program("pgbench");
        pgbench
            .args(["-n", "-M", "prepared", "-j", "2", "-c", &clients, "-T", &seconds, "-h"])
            .arg(&self.directory);
        let told = run(pgbench.arg("-f").arg(self.script()).arg("postgres"))?;
        let line = told.lines().find(|line| line.starts_with("tps = ")).context("pgbench names its tps")?;
        let per_second = line["tps = ".len()..].split(' ').next().unwrap_or_default().parse()?;
        let apart = self.psql("SELECT sum(debits) - sum(credits) FROM account;")?;
        ensure!(apart.trim() == "0", "debits and credits differ by {apart}");
        Ok(per_second)
    }

    fn script(&self) -> PathBuf {
        self.directory.join("pay.sql")
    }

    fn psql(&self, statement: &str) -> Result<String> {
        run(self
            .program("psql")
            .args(["-qAt", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", statement, "-h"])
            .arg(&self.directory))
    }

    fn program(&self, name: &str) -> Command {
        let path = Path::new(PROGRAMS).join(name);
        let mut command = if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(&self.directory);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = run(self.program("pg_ctl").arg("-D").arg(self.directory.join("data")).args([
            "-m",
            "immediate",
            "stop",
        ]));
        if stopped.is_ok() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// Returns whether PostgreSQL 15 is there.
pub fn is_installed() -> bool {
    Path::new(PROGRAMS).join("postgres").exists()
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let (told, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?} failed: {told}{complained}");
    Ok(told.into_owned())
}
