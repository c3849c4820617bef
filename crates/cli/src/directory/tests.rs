//! A directory serves as memory does, and leads nowhere else.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use wirelab_sim::Network;
use wirelab_stack::application::ftp;
use wirelab_stack::clock::DEFAULT_DATE;
use wirelab_stack::storage::MemoryStorage;
use wirelab_stack::time::Duration;

use super::*;

/// A directory that is gone when the test is over.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirelab-files-{}-{name}", std::process::id()));
        // What an earlier run left that was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("root")).unwrap();
        Self(path)
    }

    fn root(&self) -> PathBuf {
        self.0.join("root")
    }

    fn storage(&self) -> DirectoryStorage {
        DirectoryStorage::open(&self.root()).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

#[derive(Clone, Debug)]
enum Call {
    Write(FilePath, u64, Vec<u8>, bool, bool),
    Append(FilePath, Vec<u8>),
    Read(FilePath),
    Metadata(FilePath),
    List(FilePath),
    Create(FilePath),
    Rename(FilePath, FilePath),
    Remove(FilePath),
}

/// Few names, so that they meet.
fn paths() -> impl Strategy<Value = FilePath> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c-d"]), 0..4)
        .prop_map(|names| path(&names.join("/")))
}

fn calls() -> impl Strategy<Value = Call> {
    let octets = || prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        (paths(), prop_oneof![Just(0), 1..60_u64], octets(), any::<bool>(), any::<bool>())
            .prop_map(|(path, keep, data, replace, commit)| Call::Write(path, keep, data, replace, commit)),
        (paths(), octets()).prop_map(|(path, data)| Call::Append(path, data)),
        paths().prop_map(Call::Read),
        paths().prop_map(Call::Metadata),
        paths().prop_map(Call::List),
        paths().prop_map(Call::Create),
        (paths(), paths()).prop_map(|(from, to)| Call::Rename(from, to)),
        paths().prop_map(Call::Remove),
    ]
}

/// What a call answers, as far as both must agree: dates of directories are their system's affair.
fn answer(storage: &mut dyn Storage, call: &Call) -> Result<String, StorageError> {
    let said = |metadata: Metadata| (metadata.length, metadata.is_directory);
    match call {
        Call::Write(path, keep, data, replace, commit) => {
            let file = storage.create(path, *keep)?;
            storage.write(file, data)?;
            if !commit {
                storage.close(file);
                return Ok(String::new());
            }
            let existing = if *replace { Existing::Replace } else { Existing::Keep };
            storage.commit(file, DEFAULT_DATE, existing)?;
            assert_eq!(storage.metadata(path)?.modified, DEFAULT_DATE);
        }
        Call::Append(path, data) => storage.append(path, data, DEFAULT_DATE)?,
        Call::Read(path) => {
            let (file, metadata) = storage.open(path)?;
            let mut whole = Vec::new();
            loop {
                let octets = storage.read_at(file, whole.len() as u64, 7)?;
                if octets.is_empty() {
                    break;
                }
                whole.extend_from_slice(&octets);
            }
            storage.close(file);
            return Ok(format!("{whole:?} {:?}", said(metadata)));
        }
        Call::Metadata(path) => return Ok(format!("{:?}", said(storage.metadata(path)?))),
        Call::List(path) => {
            let list = storage.list(path)?.into_iter().map(|entry| (entry.name, said(entry.metadata)));
            return Ok(format!("{:?}", list.collect::<Vec<_>>()));
        }
        Call::Create(path) => storage.create_directory(path, DEFAULT_DATE)?,
        Call::Rename(from, to) => storage.rename(from, to)?,
        Call::Remove(path) => storage.remove(path)?,
    }
    Ok(String::new())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_directory_answers_as_memory_does(calls in prop::collection::vec(calls(), 1..60)) {
        let place = Place::new("model");
        let mut directory = place.storage();
        let mut memory = MemoryStorage::default();
        for call in &calls {
            prop_assert_eq!(answer(&mut directory, call), answer(&mut memory, call), "{:?}", call);
        }
        let parts = format!("{:?}", fs::read_dir(place.root()).unwrap().collect::<Vec<_>>());
        prop_assert!(!parts.contains(PART), "{}", parts);
    }
}

#[test]
fn a_reader_keeps_what_it_opened() {
    let place = Place::new("reader");
    let mut storage = place.storage();
    fs::write(place.root().join("f"), "first").unwrap();
    let (file, metadata) = storage.open(&path("f")).unwrap();
    assert_eq!(metadata.length, 5);
    storage.append(&path("f"), b" and more", DEFAULT_DATE).unwrap();
    assert_eq!(storage.read_at(file, 3, 100).unwrap(), "st");
    let writer = storage.create(&path("f"), 0).unwrap();
    storage.write(writer, b"second").unwrap();
    storage.commit(writer, DEFAULT_DATE, Existing::Replace).unwrap();
    assert_eq!(storage.read_at(file, 0, 100).unwrap(), "first");
    assert_eq!(storage.read_at(file, 5, 100).unwrap(), "");
    storage.close(file);
    assert_eq!(storage.read_at(file, 0, 1), Err(StorageError::NotOpen));
}

#[test]
fn a_file_that_is_cut_short_while_it_is_read_is_an_error() {
    let place = Place::new("short");
    let mut storage = place.storage();
    fs::write(place.root().join("f"), "whole").unwrap();
    let (file, _) = storage.open(&path("f")).unwrap();
    fs::write(place.root().join("f"), "").unwrap();
    let error = StorageError::Failed(io::ErrorKind::UnexpectedEof);
    assert_eq!(storage.read_at(file, 0, 5), Err(error));
}

#[test]
fn what_is_unfinished_goes_with_the_storage() {
    let place = Place::new("unfinished");
    let mut storage = place.storage();
    let file = storage.create(&path("f"), 0).unwrap();
    storage.write(file, b"half").unwrap();
    assert_eq!(storage.list(&FilePath::root()), Ok(Vec::new()));
    assert_eq!(fs::read_dir(place.root()).unwrap().count(), 1);
    let part = fs::read_dir(place.root()).unwrap().next().unwrap().unwrap().file_name();
    let part = path(part.to_str().unwrap());
    assert_eq!(storage.open(&part), Err(StorageError::NotFound));
    assert_eq!(storage.remove(&part), Err(StorageError::NotFound));
    assert_eq!(storage.create(&part, 0), Err(StorageError::NotFound));
    drop(storage);
    assert_eq!(fs::read_dir(place.root()).unwrap().count(), 0);
}

#[test]
fn open_files_are_bounded() {
    let place = Place::new("open");
    let mut storage = place.storage();
    fs::write(place.root().join("f"), "x").unwrap();
    let files: Vec<_> = (0..MAX_OPEN).map(|_| storage.open(&path("f")).unwrap().0).collect();
    assert_eq!(storage.open(&path("f")), Err(StorageError::TooManyOpen));
    assert_eq!(storage.create(&path("g"), 0), Err(StorageError::TooManyOpen));
    files.into_iter().for_each(|file| storage.close(file));
    assert!(storage.open(&path("f")).is_ok());
}

#[test]
fn listings_are_bounded() {
    let place = Place::new("listed");
    let mut storage = place.storage();
    for number in 0..MAX_LISTED {
        fs::write(place.root().join(number.to_string()), "").unwrap();
    }
    assert_eq!(storage.list(&FilePath::root()).map(|list| list.len()), Ok(MAX_LISTED));
    fs::write(place.root().join("one more"), "").unwrap();
    assert_eq!(storage.list(&FilePath::root()), Err(StorageError::TooManyFiles));
}

/// An FTP server of the directory, and a client that brings and fetches.
fn mirrored(
    root: &Path,
    gets: &[(&str, &str)],
    puts: &[(&str, &str)],
) -> (Result<(), String>, MemoryStorage) {
    let (mut net, mut own) = (Network::new(3), MemoryStorage::default());
    let [client, server] =
        [("client", "10.0.0.1/24"), ("server", "10.0.0.2/24")].map(|(n, a)| net.host(n, a));
    net.link(client, server);
    for (name, octets) in [("up/a", &b"one"[..]), ("up/d/b", &[7; 10_000]), ("up/e", b"")] {
        own.put(&path(name), octets, DEFAULT_DATE).unwrap();
    }
    net.world().set_storage(client.node(), Box::new(own));
    net.world().set_storage(server.node(), Box::new(DirectoryStorage::open(root).unwrap()));
    let config = ftp::server::Config {
        local: "10.0.0.2:21".parse().unwrap(),
        root: FilePath::root(),
        users: Vec::new(),
        anonymous: ftp::server::Anonymous::Write,
        sessions: Some(1),
    };
    net.spawn(server, "server", ftp::server::serve(config));
    let config = ftp::client::Config {
        remote: "10.0.0.2:21".parse().unwrap(),
        user: "anonymous".into(),
        password: "me@client.example".into(),
        active: false,
        representation: ftp::codec::command::Representation::Image,
        lists: Vec::new(),
        gets: gets.iter().map(|(from, to)| ftp::client::Get { from: (*from).into(), to: path(to) }).collect(),
        puts: puts.iter().map(|(from, to)| ftp::client::Put { from: path(from), to: (*to).into() }).collect(),
        attempts: 1,
        pause: Duration::from_secs(1),
    };
    net.spawn(client, "client", ftp::client::run(config));
    net.run();
    let applications = net.world().applications();
    let ended = applications.iter().find(|one| one.name == "client").unwrap().ended.clone().unwrap().1;
    let mut here = net.world().set_storage(client.node(), Box::<MemoryStorage>::default());
    let mut fetched = MemoryStorage::default();
    for name in ["got/a", "got/d/b", "got/e", "got/secret"] {
        let Ok((file, metadata)) = here.open(&path(name)) else { continue };
        let mut octets = Vec::new();
        while (octets.len() as u64) < metadata.length {
            octets.extend_from_slice(&here.read_at(file, octets.len() as u64, READ).unwrap());
        }
        fetched.put(&path(name), &octets, DEFAULT_DATE).unwrap();
    }
    (ended, fetched)
}

#[test]
fn ftp_serves_a_directory() {
    let place = Place::new("ftp");
    assert_eq!(mirrored(&place.root(), &[], &[("up", "/pub")]).0, Ok(()));
    let (ended, mut fetched) = mirrored(&place.root(), &[("/pub", "got")], &[]);
    assert_eq!(ended, Ok(()));
    for (name, octets) in [("a", &b"one"[..]), ("d/b", &[7; 10_000]), ("e", b"")] {
        assert_eq!(fs::read(place.root().join("pub").join(name)).unwrap(), octets, "{name}");
        let length = fetched.metadata(&path(&format!("got/{name}"))).unwrap().length;
        assert_eq!(length, octets.len() as u64, "{name}");
    }
    let names = |of: &str| fs::read_dir(place.root().join(of)).unwrap().count();
    assert_eq!((names(""), names("pub"), names("pub/d")), (1, 3, 1), "no part is left");
}

#[cfg(unix)]
#[test]
fn ftp_leads_out_of_no_directory() {
    let place = Place::new("ftp-out");
    fs::write(place.0.join("secret"), "secret").unwrap();
    fs::create_dir(place.0.join("outside")).unwrap();
    std::os::unix::fs::symlink("../secret", place.root().join("secret")).unwrap();
    std::os::unix::fs::symlink("../outside", place.root().join("away")).unwrap();
    for (gets, puts) in [
        (vec![("/secret", "got/secret")], vec![]),
        (vec![("/../secret", "got/secret")], vec![]),
        (vec![("away/../../secret", "got/secret")], vec![]),
        (vec![], vec![("up", "/away")]),
        (vec![], vec![("up/a", "/../outside/a")]),
        (vec![], vec![("up/a", "/secret")]),
    ] {
        let (ended, mut fetched) = mirrored(&place.root(), &gets, &puts);
        assert!(fetched.open(&path("got/secret")).is_err(), "{gets:?}");
        assert_eq!(fs::read_dir(place.0.join("outside")).unwrap().count(), 0, "{puts:?}");
        assert_eq!(fs::read_to_string(place.0.join("secret")).unwrap(), "secret", "{puts:?}");
        assert!(ended.is_err() || puts == [("up/a", "/secret")], "{gets:?} {puts:?}");
    }
}

#[cfg(unix)]
#[test]
fn symbolic_links_lead_about_within_the_root_and_not_out_of_it() {
    use std::os::unix::fs::symlink;

    let place = Place::new("links");
    let root = place.root();
    fs::write(place.0.join("secret"), "secret").unwrap();
    fs::create_dir(place.0.join("outside")).unwrap();
    fs::write(root.join("f"), "public").unwrap();
    symlink("f", root.join("within")).unwrap();
    symlink("../secret", root.join("out")).unwrap();
    symlink(place.0.join("secret"), root.join("absolute")).unwrap();
    symlink("../outside", root.join("away")).unwrap();
    symlink("nothing", root.join("dangling")).unwrap();
    symlink("circle", root.join("circle")).unwrap();
    let mut storage = place.storage();
    assert!(storage.open(&path("within")).is_ok());
    for name in ["out", "absolute"] {
        assert_eq!(storage.open(&path(name)), Err(StorageError::Denied), "{name}");
        assert_eq!(storage.create(&path(name), 0), Err(StorageError::Denied), "{name}");
        assert_eq!(storage.append(&path(name), b"x", DEFAULT_DATE), Err(StorageError::Denied), "{name}");
        assert_eq!(storage.metadata(&path(name)), Err(StorageError::Denied), "{name}");
    }
    for name in ["away/new", "dangling", "circle"] {
        assert!(storage.create(&path(name), 0).is_err(), "{name}");
        assert!(storage.append(&path(name), b"x", DEFAULT_DATE).is_err(), "{name}");
        assert!(storage.create_directory(&path(name), DEFAULT_DATE).is_err(), "{name}");
        assert!(storage.rename(&path("f"), &path(name)).is_err(), "{name}");
    }
    let listed = storage.list(&FilePath::root()).unwrap();
    let names: Vec<_> = listed.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["f", "within"]);
    assert_eq!(fs::read_dir(place.0.join("outside")).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(place.0.join("secret")).unwrap(), "secret");
}

#[cfg(unix)]
#[test]
fn what_is_neither_file_nor_directory_is_not_served() {
    let place = Place::new("socket");
    let _socket = std::os::unix::net::UnixListener::bind(place.root().join("s")).unwrap();
    let mut storage = place.storage();
    assert_eq!(storage.open(&path("s")), Err(StorageError::Denied));
    assert_eq!(storage.list(&FilePath::root()), Ok(Vec::new()));
}
