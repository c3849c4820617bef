//! The SMTP server, talked to by hand.

use bytes::Bytes;
use wirelab_sim::{HostRef, Network};
use wirelab_stack::application::AppError;
use wirelab_stack::application::smtp::codec::stored;
use wirelab_stack::application::smtp::server::{self, COMMAND, COMMANDS, ERRORS, MESSAGE};
use wirelab_stack::socket::net::time;
use wirelab_stack::storage::{MemoryLimits, MemoryStorage};
use wirelab_stack::time::Duration;

use super::smtp::server_config;
use super::talk::{Talk, ended, files, pair};

const HOURS: Duration = Duration::from_secs(4 * 3600);

#[track_caller]
fn by_hand<F>(client: impl FnOnce(Talk) -> F + 'static) -> Vec<(String, Vec<u8>)>
where
    F: Future<Output = Result<(), AppError>> + 'static,
{
    with_room(MemoryLimits::default(), client)
}

/// Runs a client by hand against a server with so much room; the messages that are stored.
#[track_caller]
fn with_room<F>(limits: MemoryLimits, client: impl FnOnce(Talk) -> F + 'static) -> Vec<(String, Vec<u8>)>
where
    F: Future<Output = Result<(), AppError>> + 'static,
{
    let (mut net, host, server): (Network, HostRef, HostRef) = pair(1);
    net.world().set_storage(server.node(), Box::new(MemoryStorage::new(limits)));
    net.background(server, "server", server::serve(server_config()));
    net.spawn(host, "client", async {
        let mut talk = Talk::to("10.0.0.2:25").await?;
        talk.expect("connecting", "220 mail.example.com").await?;
        client(talk).await
    });
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    files(&mut **net.world().storage_mut(server.node()).unwrap())
}

async fn envelope(talk: &mut Talk) -> Result<(), AppError> {
    talk.ask("EHLO client", "250").await?;
    talk.ask("MAIL FROM:<a@b>", "250 2.1.0").await?;
    talk.ask("RCPT TO:<anna@example.com>", "250 2.1.5").await?;
    Ok(())
}

#[test]
fn a_message_is_stored_with_its_envelope() {
    let all = by_hand(async |mut talk| {
        envelope(&mut talk).await?;
        talk.ask("DATA", "354").await?;
        // In pieces: the dots are where reads may be cut.
        for piece in [&b"..dot\r\n."[..], b".\r\n.", b"\r", b"\nQUI", b"T\r\n"] {
            talk.send(piece).await?;
            time::sleep(Duration::from_millis(100)).await;
        }
        talk.expect("the text", "250 2.0.0").await?;
        talk.expect("QUIT", "221 2.0.0").await?;
        assert_eq!(talk.line().await?, None);
        Ok(())
    });
    let [(name, octets)] = &all[..] else { panic!("{} files", all.len()) };
    assert_eq!(name, "/mail/00000001.eml");
    assert_eq!(stored::read(octets).unwrap().1, b".dot\r\n.\r\n");
}

#[test]
fn a_message_that_does_not_end_is_none() {
    let all = by_hand(async |mut talk| {
        envelope(&mut talk).await?;
        talk.ask("DATA", "354").await?;
        talk.send(b"hello\r\n").await?;
        talk.stream.shutdown_write()?;
        assert_eq!(talk.line().await?, None);
        Ok(())
    });
    assert_eq!(all, []);
}

#[test]
fn smuggled_commands_are_not_heard() {
    let all = by_hand(async |mut talk| {
        for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r\r\n"] {
            envelope(&mut talk).await?;
            let smuggled = format!(
                "DATA\r\nx{end}MAIL FROM:<evil@b>\r\nRCPT TO:<anna@example.com>\r\nDATA\r\ny\r\n.\r\n"
            );
            talk.send(smuggled.as_bytes()).await?;
            talk.expect("DATA", "354").await?;
            talk.expect("the text", "554 5.6.0").await?;
        }
        talk.ask("NOOP\nMAIL FROM:<a@b>", "500 5.5.2").await?;
        talk.ask("NOOP\rNOOP", "500 5.5.2").await?;
        talk.ask("QUIT", "221").await?;
        Ok(())
    });
    assert_eq!(all, []);
}

#[test]
fn all_at_once_is_answered_in_order() {
    let all = by_hand(async |mut talk| {
        let all = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<anna@example.com>\r\nRCPT TO:<x@y>\r\nDATA\r\n";
        talk.send(all.as_bytes()).await?;
        for expected in ["250", "250 2.1.0", "250 2.1.5", "550 5.7.1", "354"] {
            talk.expect(all, expected).await?;
        }
        talk.send(b"one\r\n.\r\nRSET\r\nMAIL FROM:<>\r\nQUIT\r\n").await?;
        for expected in ["250 2.0.0", "250", "250", "221"] {
            talk.expect("the rest", expected).await?;
        }
        Ok(())
    });
    assert_eq!(all.len(), 1);
}

#[test]
fn too_much_is_refused_and_told() {
    let all = by_hand(async |mut talk| {
        envelope(&mut talk).await?;
        talk.ask("DATA", "354").await?;
        let line = [&[b'a'; 998][..], b"\r\n"].concat();
        let much = Bytes::from(line.repeat(100));
        for _ in 0..11 {
            talk.stream.write_all_bytes(much.clone()).await?;
        }
        talk.ask(".", "552 5.3.4").await?;
        envelope(&mut talk).await?;
        talk.ask("DATA", "354").await?;
        let mut sent = 0_u64;
        while sent < 100_000_000 && talk.stream.write_all_bytes(much.clone()).await.is_ok() {
            sent += much.len() as u64;
        }
        // The bound, and what lay in the buffers of both ends.
        assert!(sent < 1_000_000 + server::OVERRUN + 1_500_000, "{sent}");
        Ok(())
    });
    assert_eq!(all, []);
}

#[test]
fn a_full_store_is_told_and_nothing_is_left_of_it() {
    let limits = MemoryLimits { max_octets: 100_000, ..MemoryLimits::default() };
    let all = with_room(limits, async |mut talk| {
        envelope(&mut talk).await?;
        talk.ask("DATA", "354").await?;
        talk.send(&b"0123456789\r\n".repeat(20_000)).await?;
        talk.ask(".", "452 4.3.1").await?;
        envelope(&mut talk).await?;
        talk.ask("DATA", "354").await?;
        talk.ask("small\r\n.", "250").await?;
        Ok(())
    });
    assert_eq!(all.len(), 1);
}

#[test]
fn a_million_commands_are_too_many() {
    by_hand(async |talk| {
        let octets = talk.answers_to_a_million("NOOP").await?;
        assert!(octets <= COMMANDS as usize * b"250 2.0.0 Nothing done\r\n".len() + 100, "{octets}");
        Ok(())
    });
}

#[test]
fn endless_lines_silence_and_drips_end_a_session() {
    let all = by_hand(async |talk| {
        talk.endless_line(ERRORS as usize).await;
        let mut quiet = Talk::to("10.0.0.2:25").await?;
        quiet.expect("connecting", "220").await?;
        let began = time::now();
        for _ in 0..4 {
            time::sleep(Duration::from_secs(70)).await;
            quiet.send(b"N").await?;
        }
        quiet.expect("drips", "421 4.4.2").await?;
        assert!(time::now() - began < COMMAND + Duration::from_secs(1));
        let mut steady = Talk::to("10.0.0.2:25").await?;
        steady.expect("connecting", "220").await?;
        envelope(&mut steady).await?;
        steady.ask("DATA", "354").await?;
        let began = time::now();
        // A line now and then, for ever.
        while time::now() - began < MESSAGE + COMMAND && steady.send(b"a\r\n").await.is_ok() {
            time::sleep(Duration::from_secs(200)).await;
        }
        assert!(time::now() - began < MESSAGE + COMMAND, "it ends when its time is up");
        Ok(())
    });
    assert_eq!(all, []);
}
