//! A node of a few lines: it answers each path from a table, whatever is asked of it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the node answers, by path.
pub type Answers = HashMap<String, Vec<u8>>;

/// Answers each request from the table that `make` gives for its port; anything else is not found.
///
/// With an empty table it is a node that is out of order.
pub fn serve(make: impl FnOnce(u16) -> Answers) -> (u16, Arc<Mutex<Answers>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = Arc::new(Mutex::new(make(port)));
    let shared = answers.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever hangs up gets no answer.
            let _ = answer(stream, &shared.lock().unwrap());
        }
    });
    (port, answers)
}

fn answer(mut stream: TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        head.push(line);
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    reader.read_exact(&mut vec![0; length.unwrap_or(0)])?;
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let (status, body) = match answers.get(path) {
        Some(body) => ("200 OK", body.as_slice()),
        None if answers.is_empty() => ("503 Service Unavailable", &[][..]),
        None => ("404 Not Found", &[][..]),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")?;
    stream.write_all(body)
}
