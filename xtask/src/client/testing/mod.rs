//! What the tests of the client and of its commands need: a server to talk to, and a client that does not wait long.
mod stand_in;
mod world;

use std::time::Duration;

pub(crate) use stand_in::StandIn;
pub(crate) use world::Fault;

use super::retry::Backoff;
use super::{Client, ClientSettings, parts};

/// A client of the stand-in with parts of 1 MiB and pauses of milliseconds.
pub(crate) fn quick_client(server: &StandIn) -> Client {
    let backoff =
        Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(4), attempts_max: 4 };
    Client::new(ClientSettings {
        backoff,
        part_size_bytes_min: parts::MIB,
        wait_max: Duration::from_secs(20),
        poll_interval: Duration::from_millis(1),
        ..ClientSettings::new(server.url(), "token-of-the-test", 4)
    })
}
