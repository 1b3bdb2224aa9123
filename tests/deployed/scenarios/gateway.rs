//! What API Gateway refuses by itself.

use std::thread;
use std::time::Duration;

use crate::bytes::MIB;
use crate::stack::Stack;

/// Longer than it takes to fill the bucket of requests again.
const REST: Duration = Duration::from_millis(1200);

pub(crate) fn the_gateway_takes_neither_too_much_nor_too_often(stack: &Stack) {
    let alice = stack.owner();
    let json = [("content-type", "application/json")];
    // What the gateway still takes is refused by the function; what is larger never gets there.
    for (bytes, status, has_code) in [(2 * MIB, 413, true), (11 * MIB, 413, false)] {
        let answer = alice.send("POST", "/uploads", &json, &"x".repeat(bytes));
        assert_eq!((answer.status, answer.body.get("error").is_some()), (status, has_code), "{answer:?}");
    }
    let burst: usize = stack.parameter("ApiBurstLimit").parse().unwrap();
    thread::sleep(REST);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let ask = |_| {
            scope.spawn(|| {
                let client = stack.caller_with(None);
                (0..burst / 2).map(|_| client.get("/nowhere").status).collect::<Vec<_>>()
            })
        };
        let running: Vec<_> = (0..8).map(ask).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert!(0 < refused && burst <= statuses.len() - refused, "{refused} of {}", statuses.len());
    thread::sleep(REST);
    assert_eq!(alice.get("/health").status, 200);
}
