//! A host's files and calendar, as its tasks see them.

use wirelab_sim::{HostRef, Network};
use wirelab_stack::application::AppError;
use wirelab_stack::clock::{Clock, DEFAULT_DATE};
use wirelab_stack::socket::net::{fs, spawn, time};
use wirelab_stack::storage::{Existing, FilePath, MemoryStorage, StorageError};
use wirelab_stack::time::Duration;

fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

fn alone() -> (Network, HostRef) {
    let mut net = Network::new(1);
    let host = net.host("host", "10.0.0.1/24");
    (net, host)
}

#[test]
fn a_file_that_is_not_finished_leaves_nothing_however_its_writer_ends() {
    let (mut net, host) = alone();
    net.spawn(host, "leaves", async {
        let mut writer = fs::create(&path("left"))?;
        writer.write(b"half")?;
        drop(writer);
        assert_eq!(fs::metadata(&path("left")).unwrap_err(), StorageError::NotFound);
        Ok(())
    });
    net.spawn(host, "is cancelled", async {
        let written = time::timeout(Duration::from_secs(1), async {
            let mut writer = fs::create(&path("cancelled"))?;
            writer.write(b"half")?;
            time::sleep(Duration::from_secs(2)).await;
            writer.commit(Existing::Replace)
        });
        assert!(written.await.is_err());
        Ok(())
    });
    net.spawn(host, "fails", async {
        spawn(async {
            let mut writer = fs::create(&path("failed")).unwrap();
            writer.write(b"half").unwrap();
            time::sleep(Duration::from_secs(3600)).await;
            writer.commit(Existing::Replace).unwrap();
        });
        time::sleep(Duration::from_secs(1)).await;
        Err(AppError::new("it has seen enough"))
    });
    net.run();
    let storage = net.world().storage_mut(host.node()).unwrap();
    assert_eq!(storage.list(&FilePath::root()), Ok(Vec::new()));
    assert!(format!("{storage:?}").contains("held: 0"), "{storage:?}");
}

#[test]
fn files_are_dated_by_the_hosts_own_clock() {
    let (mut net, host) = alone();
    net.spawn(host, "dated", async {
        assert_eq!(time::date().to_string(), "2026-01-01T00:00:02Z");
        time::sleep(Duration::from_secs(10)).await;
        fs::create_directory(&path("d"))?;
        fs::write(&path("d/f"), b"text")?;
        fs::append(&path("d/f"), b" and more")?;
        let metadata = fs::metadata(&path("d/f"))?;
        assert_eq!(metadata.modified.to_string(), "2026-01-01T00:00:12.00001Z");
        assert_eq!(fs::read(&path("d/f"), 13)?, b"text and more");
        assert_eq!(fs::read(&path("d/f"), 12), Err(StorageError::NoSpace));
        fs::rename(&path("d/f"), &path("f"))?;
        fs::remove(&path("d"))?;
        assert_eq!(fs::list(&FilePath::root())?.len(), 1);
        let file = fs::open(&path("f"))?;
        let mut writer = fs::create_from(&path("f"), 4)?;
        writer.write(b"!")?;
        assert_eq!(writer.written(), 1);
        writer.commit(Existing::Replace)?;
        assert_eq!(file.read_at(5, 3)?, "and");
        assert_eq!(fs::read(&path("f"), 5)?, b"text!");
        Ok(())
    });
    let world = net.world();
    world.set_clock(host.node(), Clock { date: DEFAULT_DATE, offset: 2_000_000_000, drift: 1 });
    let mut before = world.set_storage(host.node(), Box::new(MemoryStorage::default()));
    assert_eq!(before.list(&FilePath::root()), Ok(Vec::new()));
    net.finish();
}
