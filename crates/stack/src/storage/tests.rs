//! What a storage in memory keeps, and how much.

use super::*;
use crate::clock::DEFAULT_DATE;

fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

/// Reads a whole file.
fn content(storage: &mut dyn Storage, name: &str) -> Result<Vec<u8>, StorageError> {
    let (file, metadata) = storage.open(&path(name))?;
    let mut whole = Vec::new();
    loop {
        let octets = storage.read_at(file, whole.len() as u64, 10_000)?;
        if octets.is_empty() {
            break;
        }
        whole.extend_from_slice(&octets);
    }
    storage.close(file);
    assert_eq!(whole.len() as u64, metadata.length);
    Ok(whole)
}

fn names(storage: &mut dyn Storage, of: &str) -> Vec<String> {
    storage.list(&path(of)).unwrap().into_iter().map(|entry| entry.name).collect()
}

fn put(storage: &mut MemoryStorage, name: &str, octets: &[u8]) {
    storage.put(&path(name), octets, DEFAULT_DATE).unwrap();
}

#[test]
fn a_file_has_no_name_until_it_is_complete() {
    let storage = &mut MemoryStorage::default();
    let file = storage.create(&path("new"), 0).unwrap();
    storage.write(file, b"half").unwrap();
    assert_eq!(storage.metadata(&path("new")), Err(StorageError::NotFound));
    storage.write(file, b" and half").unwrap();
    storage.commit(file, DEFAULT_DATE, Existing::Keep).unwrap();
    assert_eq!(content(storage, "new").unwrap(), b"half and half");
    assert_eq!(storage.write(file, b"more"), Err(StorageError::NotOpen));

    let file = storage.create(&path("new"), 0).unwrap();
    storage.write(file, b"other").unwrap();
    storage.close(file);
    assert_eq!(content(storage, "new").unwrap(), b"half and half");
    let file = storage.create(&path("new"), 0).unwrap();
    assert_eq!(storage.commit(file, DEFAULT_DATE, Existing::Keep), Err(StorageError::Exists));
    assert_eq!(content(storage, "new").unwrap(), b"half and half");
    assert_eq!(storage.held(), 13);
}

#[test]
fn a_file_can_begin_with_a_part_of_the_old_one() {
    let storage = &mut MemoryStorage::default();
    let old: Vec<u8> = (0..50_000_u32).map(|at| (at % 251) as u8).collect();
    put(storage, "f", &old);
    for keep in [0, 1, 16_383, 16_384, 16_385, 49_999, 50_000, 50_001, u64::MAX] {
        put(storage, "f", &old);
        let file = storage.create(&path("f"), keep).unwrap();
        storage.write(file, b"new").unwrap();
        storage.commit(file, DEFAULT_DATE, Existing::Replace).unwrap();
        let mut expected = old[..old.len().min(usize::try_from(keep).unwrap_or(usize::MAX))].to_vec();
        expected.extend_from_slice(b"new");
        assert_eq!(content(storage, "f").unwrap(), expected, "keep {keep}");
    }
}

#[test]
fn a_reader_keeps_what_it_opened() {
    let storage = &mut MemoryStorage::default();
    put(storage, "f", b"first");
    let (reader, _) = storage.open(&path("f")).unwrap();
    storage.append(&path("f"), b" line", DEFAULT_DATE).unwrap();
    assert_eq!(content(storage, "f").unwrap(), b"first line");
    put(storage, "f", b"second");
    storage.remove(&path("f")).unwrap();
    assert_eq!(storage.read_at(reader, 1, 3).unwrap(), "irs");
    assert_eq!(storage.read_at(reader, 5, 3).unwrap(), "");
    assert_eq!(storage.held(), 5, "as long as it is open it counts");
    storage.close(reader);
    assert_eq!((storage.held(), storage.read_at(reader, 0, 1)), (0, Err(StorageError::NotOpen)));
}

#[test]
fn lines_are_appended_in_place() {
    let storage = &mut MemoryStorage::default();
    let mut expected = Vec::new();
    for line in 0..4_000 {
        let line = format!("line {line}\n");
        storage.append(&path("log"), line.as_bytes(), DEFAULT_DATE).unwrap();
        expected.extend_from_slice(line.as_bytes());
    }
    assert!(expected.len() > 32 * 1024, "several chunks");
    assert_eq!(content(storage, "log").unwrap(), expected);
    assert!(storage.held() < expected.len() as u64 + 16 * 1024);
}

#[test]
fn listings_are_sorted_and_one_directory_deep() {
    let storage = &mut MemoryStorage::default();
    for name in ["b/2", "b-c", "a", "b/1/x", "é", "B"] {
        put(storage, name, b"");
    }
    assert_eq!(names(storage, "/"), ["B", "a", "b", "b-c", "é"]);
    assert_eq!(names(storage, "b"), ["1", "2"]);
    assert_eq!(storage.list(&path("a")), Err(StorageError::NotDirectory));
    assert_eq!(storage.list(&path("c")), Err(StorageError::NotFound));
    assert_eq!(storage.open(&path("b")), Err(StorageError::IsDirectory));
}

#[test]
fn directories_move_with_what_is_below_them() {
    let storage = &mut MemoryStorage::default();
    put(storage, "a/b/c", b"deep");
    put(storage, "a-b", b"beside");
    storage.rename(&path("a"), &path("z")).unwrap();
    assert_eq!(names(storage, "/"), ["a-b", "z"]);
    assert_eq!(content(storage, "z/b/c").unwrap(), b"deep");
    assert_eq!(storage.rename(&path("z"), &path("z/b/y")), Err(StorageError::Invalid));
    assert_eq!(storage.rename(&path("z"), &path("a-b")), Err(StorageError::NotDirectory));
    assert_eq!(storage.rename(&path("a-b"), &path("z")), Err(StorageError::IsDirectory));
    assert_eq!(storage.rename(&path("a-b"), &path("no/where")), Err(StorageError::NotFound));
    assert_eq!(storage.rename(&path("a"), &path("b")), Err(StorageError::NotFound));
    storage.rename(&path("a-b"), &path("z/b/c")).unwrap();
    assert_eq!(content(storage, "z/b/c").unwrap(), b"beside");
    assert_eq!(storage.held(), 6);
    assert_eq!(storage.remove(&path("z/b")), Err(StorageError::NotEmpty));
    for name in ["z/b/c", "z/b", "z"] {
        storage.remove(&path(name)).unwrap();
    }
    assert_eq!(
        (names(storage, "/").len(), storage.remove(&FilePath::root())),
        (0, Err(StorageError::Invalid))
    );
    let long = format!("{}/x", vec!["n".repeat(200); 4].join("/"));
    put(storage, &long, b"");
    storage.create_directory(&path("here"), DEFAULT_DATE).unwrap();
    let deeper = path(&format!("here/{}", "m".repeat(250)));
    let top = path(&"n".repeat(200));
    assert_eq!(storage.rename(&top, &deeper), Ok(()));
    assert_eq!(storage.rename(&deeper, &path(&format!("here/{}", "m".repeat(255)))), Ok(()));
    assert_eq!(content(storage, &long), Err(StorageError::NotFound));
}

#[test]
fn a_move_that_makes_a_path_too_long_is_refused() {
    let storage = &mut MemoryStorage::default();
    let below = vec!["n".repeat(250); 4].join("/");
    put(storage, &format!("{below}/{}", "x".repeat(18)), b"");
    let from = path(&"n".repeat(250));
    assert_eq!(storage.rename(&from, &path(&"m".repeat(252))), Ok(()));
    let from = path(&"m".repeat(252));
    assert_eq!(storage.rename(&from, &path(&"m".repeat(253))), Err(StorageError::Invalid));
    assert_eq!(names(storage, "/"), ["m".repeat(252)]);
}

#[test]
fn octets_are_bounded() {
    let limits = MemoryLimits { max_octets: 32 * 1024, ..MemoryLimits::default() };
    let storage = &mut MemoryStorage::new(limits);
    let file = storage.create(&path("f"), 0).unwrap();
    storage.write(file, &vec![1; 32 * 1024]).unwrap();
    assert_eq!(storage.write(file, &[1]), Err(StorageError::NoSpace));
    storage.commit(file, DEFAULT_DATE, Existing::Replace).unwrap();
    assert_eq!(storage.append(&path("f"), &[1], DEFAULT_DATE), Err(StorageError::NoSpace));
    assert_eq!(storage.create(&path("f"), 1), Err(StorageError::NoSpace));
    let empty = storage.create(&path("g"), 0).unwrap();
    assert_eq!(storage.write(empty, &[1]), Err(StorageError::NoSpace));
    storage.close(empty);
    storage.remove(&path("f")).unwrap();
    assert_eq!((storage.held(), storage.append(&path("f"), &[1], DEFAULT_DATE)), (0, Ok(())));
}

#[test]
fn files_and_open_files_are_bounded() {
    let limits = MemoryLimits { max_files: 3, max_open: 2, ..MemoryLimits::default() };
    let storage = &mut MemoryStorage::new(limits);
    put(storage, "d/a", b"1");
    put(storage, "d/b", b"2");
    assert_eq!(storage.put(&path("d/c"), b"3", DEFAULT_DATE), Err(StorageError::TooManyFiles));
    assert_eq!(storage.create_directory(&path("e"), DEFAULT_DATE), Err(StorageError::TooManyFiles));
    assert_eq!(storage.held(), 2);
    put(storage, "d/b", b"one that has its place");
    storage.rename(&path("d/a"), &path("d/b")).unwrap();
    put(storage, "d/a", b"there is room again");
    let (first, _) = storage.open(&path("d/a")).unwrap();
    let second = storage.create(&path("d/a"), 0).unwrap();
    assert_eq!(storage.open(&path("d/a")), Err(StorageError::TooManyOpen));
    assert_eq!(storage.create(&path("d/a"), 9), Err(StorageError::TooManyOpen));
    storage.close(first);
    storage.close(second);
    assert!(storage.open(&path("d/a")).is_ok());
}

#[test]
fn everything_is_copied_or_the_reason_is_told() {
    let (from, to) = (&mut MemoryStorage::default(), &mut MemoryStorage::default());
    put(from, "a/b/c", &vec![7; 100_000]);
    put(from, "a/d", b"other");
    from.create_directory(&path("empty"), DEFAULT_DATE).unwrap();
    put(to, "a/d", b"old");
    put(to, "own", b"own");
    let later = Timestamp::from_second(2_000_000_000).unwrap();
    copy_all(from, to, &FilePath::root(), later).unwrap();
    assert_eq!(names(to, "/"), ["a", "empty", "own"]);
    assert_eq!(content(to, "a/b/c").unwrap(), vec![7; 100_000]);
    assert_eq!(content(to, "a/d").unwrap(), b"other");
    assert_eq!(to.metadata(&path("a/d")).unwrap().modified, later);
    let small = &mut MemoryStorage::new(MemoryLimits { max_octets: 99_999, ..MemoryLimits::default() });
    assert_eq!(copy_all(from, small, &FilePath::root(), later), Err(StorageError::NoSpace));
    assert!(small.held() < 99_999);
    assert_eq!(content(small, "a/b/c"), Err(StorageError::NotFound));
    put(from, "own/below", b"");
    assert_eq!(copy_all(from, to, &FilePath::root(), later), Err(StorageError::NotDirectory));
}
