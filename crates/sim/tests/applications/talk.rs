//! A client by hand: lines that are sent, and replies that are awaited.

use std::net::SocketAddr;

use bytes::Bytes;
use wirelab_sim::{HostRef, Network, Outcome};
use wirelab_stack::application::{AppError, LINGER};
use wirelab_stack::clock::DEFAULT_DATE;
use wirelab_stack::socket::net::{TcpStream, spawn, time};
use wirelab_stack::storage::{FilePath, MemoryStorage, Storage};
use wirelab_stack::time::{Duration, Instant};

pub fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

pub fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

/// Octets of which no two files have the same.
pub fn content(seed: u32, octets: usize) -> Vec<u8> {
    (0..octets as u32).map(|at| (at.wrapping_mul(seed | 1).wrapping_add(seed) >> 7) as u8).collect()
}

/// A storage with these files.
pub fn storage(files: &[(&str, &[u8])]) -> Box<dyn Storage> {
    let mut storage = MemoryStorage::default();
    for (name, octets) in files {
        storage.put(&path(name), octets, DEFAULT_DATE).unwrap();
    }
    Box::new(storage)
}

/// All files below a storage's root, with what is in them.
pub fn files(storage: &mut dyn Storage) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut left) = (Vec::new(), vec![FilePath::root()]);
    while let Some(directory) = left.pop() {
        for entry in storage.list(&directory).unwrap() {
            let path = directory.join(&entry.name).unwrap();
            if entry.metadata.is_directory {
                left.push(path);
                continue;
            }
            let (file, _) = storage.open(&path).unwrap();
            let mut octets = Vec::new();
            loop {
                let more = storage.read_at(file, octets.len() as u64, 1 << 20).unwrap();
                if more.is_empty() {
                    break;
                }
                octets.extend_from_slice(&more);
            }
            storage.close(file);
            found.push((path.to_string(), octets));
        }
    }
    found.sort();
    found
}

/// A file of a host's; nothing where there is none.
pub fn file(net: &mut Network, host: HostRef, name: &str) -> Option<Vec<u8>> {
    let all = files(&mut **net.world().storage_mut(host.node()).unwrap());
    all.into_iter().find(|(path, _)| path == name).map(|(_, octets)| octets)
}

/// Two hosts on a link.
pub fn pair(seed: u64) -> (Network, HostRef, HostRef) {
    let mut net = Network::new(seed);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(Duration::from_millis(5));
    (net, client, server)
}

/// Runs to the end, which comes before `until`, and says how the application of that name ended.
#[track_caller]
pub fn ended(net: &mut Network, name: &str, until: Duration) -> Result<(), String> {
    let limits = wirelab_sim::Limits { until: Some(Instant::ZERO + until), max_events: None };
    let outcome = net.world().run(limits, &mut |_| {});
    assert!(matches!(outcome, Outcome::Completed), "{outcome}");
    let all = net.world().applications();
    let one = all.iter().find(|application| application.name == name).unwrap();
    one.ended.clone().expect("it has ended").1
}

/// A connection that is talked to by hand.
pub struct Talk {
    pub stream: TcpStream,
    unread: Vec<u8>,
}

impl Talk {
    pub async fn to(server: &str) -> Result<Self, AppError> {
        Ok(Self { stream: TcpStream::connect(at(server)).await?, unread: Vec::new() })
    }

    pub async fn send(&mut self, octets: &[u8]) -> Result<(), AppError> {
        self.stream.write_all_bytes(octets.to_vec().into()).await?;
        Ok(())
    }

    /// The next line; nothing at the end.
    pub async fn line(&mut self) -> Result<Option<String>, AppError> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let rest = self.unread.split_off(end + 2);
                let line = core::mem::replace(&mut self.unread, rest);
                return Ok(Some(String::from_utf8_lossy(&line[..end]).into_owned()));
            }
            let read = time::timeout(Duration::from_secs(3600), self.stream.read_bytes(4096)).await??;
            if read.is_empty() {
                return Ok(None);
            }
            self.unread.extend_from_slice(&read);
        }
    }

    /// The last line of the next reply; empty where the server closed the connection.
    pub async fn reply(&mut self) -> Result<String, AppError> {
        loop {
            let Some(line) = self.line().await? else { return Ok(String::new()) };
            if line.as_bytes().get(3) == Some(&b' ') && line.as_bytes()[0].is_ascii_digit() {
                return Ok(line);
            }
        }
    }

    /// Sends a line, and fails where its reply does not begin so.
    pub async fn ask(&mut self, line: &str, expected: &str) -> Result<String, AppError> {
        self.send(format!("{line}\r\n").as_bytes()).await?;
        self.expect(line, expected).await
    }

    /// Fails where the next reply does not begin so.
    pub async fn expect(&mut self, to: &str, expected: &str) -> Result<String, AppError> {
        let reply = self.reply().await?;
        if reply.starts_with(expected) {
            return Ok(reply);
        }
        Err(AppError::new(format!("{to}: `{reply}` instead of {expected}")))
    }

    /// Sends a command a million times, or until the server has had enough; the octets of its answers.
    pub async fn answers_to_a_million(self, command: &str) -> Result<usize, AppError> {
        let (read, write) = self.stream.into_split();
        let many = Bytes::from(format!("{command}\r\n").repeat(10_000));
        let write = spawn(async move {
            for _ in 0..100 {
                if write.as_ref().write_all_bytes(many.clone()).await.is_err() {
                    break;
                }
            }
        });
        let mut octets = 0;
        while let Ok(read) = read.as_ref().read_bytes(65_536).await {
            if read.is_empty() {
                break;
            }
            octets += read.len();
        }
        write.await?;
        Ok(octets)
    }

    /// Sends one line that has no end, 100 KiB a second. It is to end the session after `bound` KiB and what is heard of who
    /// goes on after the last answer.
    pub async fn endless_line(self, bound: usize) {
        let mut sent = 0;
        let piece = Bytes::from(vec![b'a'; 1_024]);
        while sent < 1_000 && self.stream.write_all_bytes(piece.clone()).await.is_ok() {
            sent += 1;
            time::sleep(Duration::from_millis(10)).await;
        }
        assert!(sent <= bound + LINGER.as_secs() as usize * 100 + 50, "{sent} KiB of one line");
    }
}
