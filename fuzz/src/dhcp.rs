//! A DHCP message: it is read, and a server and a client in each of its states get it.

use std::net::Ipv4Addr;

use wirelab_stack::addr::Mac;
use wirelab_stack::application::dhcp::client::{self, Action, Client};
use wirelab_stack::application::dhcp::codec::{Kind, Message};
use wirelab_stack::application::dhcp::server::{self, Server};
use wirelab_stack::interface::rarp;
use wirelab_stack::time::{Duration, Instant};

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
/// Actions that one message may cause: more is work without an end.
const MOST_ACTIONS: usize = 100;

/// A DHCP message, as it stands in a datagram.
pub fn dhcp(octets: &[u8]) {
    let Some(message) = Message::parse(octets) else { return };
    let again = Message::parse(&message.to_bytes());
    assert_eq!(again.as_ref(), Some(&message), "what was read is written, and reads the same");
    serve(&message);
    ask(&message);
}

/// A server gets it, and again when the address that it may ask about was silent, and when it answered.
fn serve(message: &Message) {
    let mut config = server::Config::new(Ipv4Addr::new(10, 0, 0, 0), Ipv4Addr::new(10, 0, 0, 255), 24);
    config.reservations = vec![(message.mac, Ipv4Addr::new(10, 0, 0, 7))];
    config.max_leases = 4;
    let mut server = Server::new(config, Ipv4Addr::new(10, 0, 0, 1));
    let mut now = Instant::from_secs(1);
    for round in 0..8_u64 {
        server.handle(now, message);
        let other = Message { mac: Mac([2, 0, 0, 0, 1, round as u8]), ..message.clone() };
        server.handle(now, &other);
        for _ in 0..MOST_ACTIONS {
            match server.take_action() {
                Some(server::Action::Send(answer, _)) => {
                    let read = Message::parse(&answer.to_bytes()).expect("clients can read it");
                    // Times are said in whole seconds.
                    assert_eq!((read.kind, read.xid, read.yiaddr), (answer.kind, answer.xid, answer.yiaddr));
                }
                Some(server::Action::Ping(address)) if round % 3 == 2 => {
                    server.on_ping_answered(now, address)
                }
                Some(_) => {}
                None => break,
            }
        }
        assert_eq!(server.take_action(), None, "no end of answers");
        assert!(server.leases() <= 4);
        now += Duration::from_secs(round * 20);
        if server.next_timeout().is_some_and(|at| at <= now) {
            server.handle_timeout(now);
            assert!(server.next_timeout().is_none_or(|at| at > now), "a timer that stays due");
        }
    }
}

/// A client gets it in each of its states, whatever transaction it is of, as an answer of each kind.
fn ask(message: &Message) {
    let mut least = |least: u64, _: u64, _: &'static str| least;
    for previous in [None, Some(message.yiaddr)] {
        let config = client::Config { previous, ..client::Config::default() };
        let mut client = Client::new(Instant::ZERO, &mut least, config, MAC, None);
        let mut now = Instant::ZERO;
        for round in 0..40 {
            let next = client.next_timeout();
            if next == Instant::FAR_FUTURE {
                break;
            }
            now = now.max(next);
            client.handle_timeout(now, &mut least);
            perform(&mut client, now, round);
            let kind = [Kind::Offer, Kind::Ack, Kind::Ack, Kind::Nak][round % 4];
            // The client drew zero.
            client.handle(now, &mut least, &Message { kind, xid: 0, mac: MAC, ..message.clone() });
            perform(&mut client, now, round);
        }
    }
}

fn perform(client: &mut Client, now: Instant, round: usize) {
    for _ in 0..MOST_ACTIONS {
        match client.take_action() {
            Some(Action::Check(lease)) => {
                assert!(rarp::can_be_given(&lease.cidr), "{lease:?}");
                if round % 5 == 4 { client.on_conflict(now) } else { client.on_checked(now) }
            }
            Some(Action::Send(sent, _)) => {
                assert_eq!(Message::parse(&sent.to_bytes()), Some(sent), "servers can read it");
            }
            Some(_) => {}
            None => return,
        }
    }
    panic!("no end of actions");
}
