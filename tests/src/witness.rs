//! The real witness: `klaver-node witness` in a directory of its own, and a front before it that can misbehave.

use crate::binaries::{Ran, klaver_node};
use crate::node::{free_port, run};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::Agent;

/// How long a witness may take to be ready, on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A witness in a directory of its own, running or not. Dropping it ends the process.
pub struct Witness {
    directory: PathBuf,
    vkey: String,
    port: u16,
    process: Option<Child>,
}

/// What somebody answered: status, media type, body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The status.
    pub status: u16,
    /// The media type.
    pub media: String,
    /// The body.
    pub body: String,
}

impl Witness {
    /// Makes a witness called `name` in `directory`.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn init(directory: &Path, name: &str) -> Self {
        let ran = run(klaver_node().args(["witness", "init", "--name", name]).arg(directory));
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        let vkey = ran.out.trim().to_owned();
        Self { directory: directory.to_owned(), vkey, port: free_port(), process: None }
    }

    /// Returns its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns its verifier key.
    pub fn vkey(&self) -> &str {
        &self.vkey
    }

    /// Returns where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs `klaver-node witness` with `command` on its directory and further arguments.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Ran {
        run(klaver_node().args(["witness", command]).arg(&self.directory).args(arguments))
    }

    /// Lets it watch a log.
    ///
    /// # Panics
    /// When it will not.
    pub fn trust(&self, vkey: &str, options: &[&str]) {
        let ran = self.run("trust", &[&["--log", vkey], options].concat());
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    }

    /// Serves, and returns when it answers.
    ///
    /// # Panics
    /// When it ends instead, or is not ready in time.
    pub fn start(&mut self) {
        assert!(self.process.is_none(), "the witness runs already");
        let mut command = klaver_node();
        command.args(["witness", "serve"]).arg(&self.directory);
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        let log = std::fs::File::options().create(true).append(true).open(self.directory.join("log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("the log can be written"));
        let mut process = command.spawn().expect("the witness can be started");
        let until = Instant::now() + READY_WITHIN;
        while exchange(&format!("{}/healthz", self.url()), None).is_none_or(|said| said.status != 200) {
            let ended = process.try_wait().expect("a child can be asked");
            let log = || std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(ended.is_none(), "the witness ended: {}", log());
            assert!(Instant::now() < until, "the witness was not ready in time: {}", log());
            std::thread::sleep(Duration::from_millis(5));
        }
        self.process = Some(process);
    }

    /// Fetches from its logs every second and brings its lines, until it is killed.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn pull_on(&mut self) {
        assert!(self.process.is_none(), "the witness runs already");
        let mut command = klaver_node();
        command.args(["witness", "pull"]).arg(&self.directory).args(["--every", "1"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().expect("the witness can be started"));
    }

    /// Ends it like a power cut would: SIGKILL.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("the witness runs");
        process.kill().expect("our own child can be killed");
        process.wait().expect("our own child can be waited for");
    }

    /// Sends a request to cosign.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn add_checkpoint(&self, body: &[u8]) -> Said {
        exchange(&format!("{}/add-checkpoint", self.url()), Some(body)).expect("the witness answers")
    }

    /// Asks what it has seen of the log with this origin.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn seen(&self, origin: &str) -> Said {
        let path = klaver_ledger::log::witness::monitoring_path(origin);
        exchange(&format!("{}/{path}", self.url()), None).expect("the witness answers")
    }
}

/// Makes a witness of each name below `directory`, and the file of a policy that asks for `quorum` of them.
///
/// # Panics
/// When they cannot be made.
pub fn witnesses(directory: &Path, names: &[&str], quorum: usize) -> (Vec<Witness>, PathBuf) {
    let named =
        |name: &&str| Witness::init(&directory.join(name), &format!("{}.example/w", name.to_lowercase()));
    let all: Vec<Witness> = names.iter().map(named).collect();
    let lines = names
        .iter()
        .zip(&all)
        .map(|(name, witness)| format!("witness {name} {} {}\n", witness.vkey(), witness.url()));
    let text = lines.collect::<String>() + &format!("group some {quorum} {}\nquorum some\n", names.join(" "));
    let file = directory.join("witnesses");
    std::fs::write(&file, text).expect("a file can be written");
    (all, file)
}

/// Lets every witness watch a log, and serve; those that run are started again.
///
/// # Panics
/// When one will not.
pub fn watch(all: &mut [Witness], vkey: &str) {
    for witness in all {
        if witness.process.is_some() {
            witness.kill();
        }
        witness.trust(vkey, &[]);
        witness.start();
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// How a front behaves.
#[derive(Clone, Debug)]
pub enum Manner {
    /// It passes everything on.
    Honest,
    /// It passes everything on, after a while.
    Slow(Duration),
    /// It answers every request with this.
    Always(Said),
}

/// Something in front of a witness, that passes requests on, or does not.
pub struct Front {
    port: u16,
    manner: Arc<Mutex<Manner>>,
}

impl Front {
    /// Returns an honest front before `witness`.
    ///
    /// # Panics
    /// When no port is free.
    pub fn before(witness: &Witness) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let manner = Arc::new(Mutex::new(Manner::Honest));
        let (shared, behind) = (manner.clone(), witness.url());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let manner = shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let behind = behind.clone();
                std::thread::spawn(move || answer(stream, &manner, &behind));
            }
        });
        Self { port, manner }
    }

    /// Returns where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Behaves like this from now on.
    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }
}

/// Answers one request; whoever sends nonsense gets nothing.
fn answer(mut stream: TcpStream, manner: &Manner, behind: &str) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let is_post = line.starts_with("POST");
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let pass_on = || exchange(&format!("{behind}{path}"), is_post.then_some(&body[..]));
    let said = match manner {
        Manner::Honest => pass_on()?,
        Manner::Slow(delay) => {
            std::thread::sleep(*delay);
            pass_on()?
        }
        Manner::Always(said) => said.clone(),
    };
    let head = format!(
        "HTTP/1.1 {} x\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        said.status,
        said.media,
        said.body.len()
    );
    stream.write_all(&[head.as_bytes(), said.body.as_bytes()].concat()).ok()
}

/// Sends `body`, or asks; `None` when no whole answer came.
pub fn exchange(url: &str, body: Option<&[u8]>) -> Option<Said> {
    let config =
        Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(20)));
    let agent = config.build().new_agent();
    let mut answer = match body {
        Some(body) => agent.post(url).content_type("text/plain").send(body).ok()?,
        None => agent.get(url).call().ok()?,
    };
    let media = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
    Some(Said {
        status: answer.status().as_u16(),
        media: media.unwrap_or_default().to_owned(),
        body: answer.body_mut().read_to_string().ok()?,
    })
}
