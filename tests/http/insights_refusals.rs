//! Who may not ask, what cannot be asked, and what is answered when CloudWatch does not answer.

use std::sync::Arc;
use std::time::Duration;

use longshore_tests::World;
use serde_json::{Value, json};
use shared::ErrorKind;
use shared::config::AuthMode;
use shared::testing::Fault;

use crate::insights::{Hangs, answer, ask, measure_an_hour, send};

const PATHS: [&str; 7] = [
    "/health/deep",
    "/performance/metrics",
    "/performance/trends",
    "/performance/recommendations",
    "/performance/compare",
    "/performance/cost",
    "/performance/prometheus",
];
const GOOD: &str = "2026-11-21T00:00:00Z/2026-11-21T02:00:00Z";

async fn status_with(world: &World, path: &str, authorizer: Value) -> u16 {
    let after = "2026-11-21T12:00:00Z/2026-11-21T14:00:00Z";
    let mut event = ask(world, path, &json!({ "before": GOOD, "after": after }));
    event["requestContext"]["authorizer"] = authorizer;
    send(world, event).await.0
}

fn token(scope: &Value) -> Value {
    json!({ "jwt": { "claims": { "sub": "alice", "exp": "99999999999", "scope": scope }, "scopes": null } })
}

#[tokio::test]
async fn a_token_needs_the_scope_of_operators() {
    let world = World::new();
    for path in PATHS {
        for scope in ["longshore:operate", "a longshore:operate b"] {
            assert_eq!(status_with(&world, path, token(&json!(scope))).await, 200, "{path} {scope:?}");
        }
        world.log.clear();
        for scope in [
            "",
            " ",
            "longshore",
            "longshore:operator",
            "longshore:operate,a",
            "[longshore:operate a]",
            "LONGSHORE:OPERATE",
        ] {
            assert_eq!(status_with(&world, path, token(&json!(scope))).await, 403, "{path} {scope:?}");
        }
        let without_scope =
            json!({ "jwt": { "claims": { "sub": "alice", "exp": "99999999999" }, "scopes": null } });
        assert_eq!(status_with(&world, path, without_scope).await, 403);
        // What the gateway would have checked for a route with scopes of its own is not what the token says.
        let scopes = json!({ "jwt": { "claims": { "sub": "alice", "exp": "99999999999" }, "scopes": ["longshore:operate"] } });
        assert_eq!(status_with(&world, path, scopes).await, 403);
        let over = json!({ "jwt": { "claims": { "sub": "alice", "exp": "1", "scope": "longshore:operate" }, "scopes": null } });
        assert_eq!(status_with(&world, path, over).await, 401);
        assert_eq!(status_with(&world, path, json!(null)).await, 401);
        assert!(world.log.calls().is_empty(), "nobody is asked for somebody who may not know");
    }
}

#[tokio::test]
async fn with_iam_and_on_an_open_stack_the_gateway_has_decided() {
    let mut world = World::new();
    world.insights.auth_mode = AuthMode::Iam;
    let arn = json!({ "iam": { "userArn": "arn:aws:iam::123456789012:role/operator" } });
    for path in PATHS {
        assert_eq!(status_with(&world, path, arn.clone()).await, 200, "{path}");
        assert_eq!(status_with(&world, path, json!(null)).await, 401, "{path}");
        assert_eq!(status_with(&world, path, token(&json!("longshore:operate"))).await, 401, "{path}");
    }
    world.insights.auth_mode = AuthMode::Open;
    for path in PATHS {
        assert_eq!(status_with(&world, path, json!(null)).await, 200, "{path}");
    }
}

async fn refused(world: &World, path: &str, query: Value) -> String {
    let (status, body) = answer(world, path, query.clone()).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{path} {query}");
    body["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_unknown_window_or_group_is_refused_with_those_there_are() {
    let world = World::new();
    for window in ["", "2h", "1H", " 1h", "5m,1h", "-1h", "\u{0}", "%", "ä", &"1".repeat(10_000)] {
        for view in ["metrics", "trends", "recommendations", "cost", "prometheus"] {
            let said = refused(&world, &format!("/performance/{view}"), json!({ "window": window })).await;
            assert_eq!(said, "window must be one of 5m, 15m, 1h, 6h, 24h, 7d");
        }
    }
    for group in ["", "owner", "Route", "route,route"] {
        let said = refused(&world, "/performance/metrics", json!({ "groupBy": group })).await;
        assert_eq!(said, "groupBy must be route, or left out");
    }
    assert!(world.log.calls().is_empty(), "what cannot be answered is not asked");
}

#[tokio::test]
async fn intervals_that_are_none_are_refused_in_words() {
    let world = World::new();
    // It is 2026-11-22T00:00:00Z.
    for (interval, what) in [
        ("", "before is no interval"),
        ("yesterday", "before is no interval"),
        ("2026-11-21T00:00:00Z", "before is no interval"),
        ("2026-11-21/2026-11-22", "before holds no two dates"),
        ("2026-11-21T00:00:00/2026-11-21T01:00:00", "before holds no two dates"),
        ("2026-11-31T00:00:00Z/2026-11-21T01:00:00Z", "before holds no two dates"),
        ("1969-01-01T00:00:00Z/2026-11-21T01:00:00Z", "before holds no two dates"),
        ("2026-11-21T02:00:00Z/2026-11-21T02:00:00Z", "before is empty"),
        ("2026-11-21T03:00:00Z/2026-11-21T02:00:00Z", "before is empty"),
        ("2026-11-21T02:00:00Z/2026-11-21T02:00:59Z", "before is too short"),
        ("2026-11-21T23:00:00Z/2026-11-22T00:00:01Z", "before is in the future"),
        ("2025-08-23T00:00:00Z/2025-08-24T00:00:00Z", "before is older than CloudWatch keeps"),
        ("0001-01-01T00:00:00Z/9999-12-31T23:59:59Z", "before holds no two dates"),
    ] {
        let said =
            refused(&world, "/performance/compare", json!({ "before": interval, "after": GOOD })).await;
        let expected = format!("{what}; it must be FROM/TO in RFC 3339, like");
        assert!(said.starts_with(&expected), "{interval}: {said}");
    }
    let said = refused(&world, "/performance/compare", json!({ "before": GOOD })).await;
    assert!(said.starts_with("after is missing"), "{said}");
    let overlapping = json!({ "before": GOOD, "after": "2026-11-21T01:00:00Z/2026-11-21T03:00:00Z" });
    let said = refused(&world, "/performance/compare", overlapping).await;
    assert_eq!(said, "before and after have time in common, so nothing can be told apart");
    let short = json!({ "before": "2026-01-01T00:00:00Z/2026-01-01T00:30:00Z", "after": GOOD });
    let said = refused(&world, "/performance/compare", short).await;
    assert!(said.starts_with("before holds no whole period of 3600 s"), "{said}");
    assert!(world.log.calls().is_empty(), "what cannot be answered is not asked");
}

#[tokio::test]
async fn a_query_can_hold_anything_and_changes_nothing_else() {
    let world = World::new();
    let plain = send(&world, ask(&world, "/performance/metrics", &json!({}))).await;
    for query in [
        json!({ "x": "y" }),
        json!({ "": "" }),
        json!({ "\u{0}\n": "\u{fffd}" }),
        json!({ "window[]": "5m" }),
    ] {
        let mut event = ask(&world, "/performance/metrics", &query);
        event["rawQueryString"] = json!("window=7d&\u{0}%zz#");
        assert_eq!(send(&world, event).await, plain, "{query}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 256, ..Default::default() })]

    #[test]
    fn any_question_is_answered_or_refused(name in "window|before|after|groupBy|.{0,9}", value in "(?s).{0,60}|[0-9TZ:/-]{0,45}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            for path in PATHS {
                let mut query = json!({ "after": GOOD });
                query[name.as_str()] = json!(value);
                let (status, _, text) = send(&world, ask(&world, path, &query)).await;
                assert!(matches!(status, 200 | 400) && text.len() < 16 * 1024, "{path} {query}: {status}");
            }
        });
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let world = World::new();
    for path in [
        "/performance",
        "/performance/",
        "/performance/other",
        "/performance/metrics/x",
        "/health",
        "/health/deeper",
        "/",
    ] {
        assert_eq!(send(&world, ask(&world, path, &json!({}))).await.0, 404, "{path}");
    }
    for path in PATHS {
        for method in ["POST", "DELETE", "HEAD", "BREW"] {
            let mut event = ask(&world, path, &json!({}));
            event["requestContext"]["http"]["method"] = json!(method);
            assert_eq!(send(&world, event).await.0, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_answer_is_given_again_until_it_has_become_old() {
    let world = World::new();
    for (window, fresh_seconds) in
        [("5m", 15), ("15m", 15), ("1h", 60), ("6h", 360), ("24h", 600), ("7d", 600)]
    {
        world.log.clear();
        answer(&world, "/performance/metrics", json!({ "window": window })).await;
        world.clock.advance_seconds(fresh_seconds - 1);
        let (_, body) = answer(&world, "/performance/metrics", json!({ "window": window })).await;
        assert_eq!((&body["ageSeconds"], &body["stale"]), (&json!(fresh_seconds - 1), &json!(false)));
        assert_eq!(world.cloudwatch.points().count("read"), 1, "{window}");
        world.clock.advance_seconds(1);
        let (_, body) = answer(&world, "/performance/metrics", json!({ "window": window })).await;
        assert_eq!(body["ageSeconds"], 0);
        assert_eq!(world.cloudwatch.points().count("read"), 2, "{window}");
    }
}

#[tokio::test]
async fn without_cloudwatch_the_last_good_answer_is_given_with_its_age() {
    for kind in [ErrorKind::Unavailable, ErrorKind::Internal] {
        let world = World::new();
        measure_an_hour(&world);
        let (_, good) = answer(&world, "/performance/metrics", json!({})).await;
        world.clock.advance_seconds(100);
        world.cloudwatch.fail_next("read", Fault::Before(kind));
        let (status, stale) = answer(&world, "/performance/metrics", json!({})).await;
        assert_eq!((status, &stale["ageSeconds"], &stale["stale"]), (200, &json!(100), &json!(true)));
        assert_eq!((&stale["requests"], &stale["to"]), (&good["requests"], &good["to"]));
        world.cloudwatch.fail_next("read", Fault::Before(kind));
        let (_, _, text) =
            send(&world, ask(&world, "/performance/prometheus", &json!({ "window": "1h" }))).await;
        assert!(
            text.contains("longshore_insights_stale 1\n")
                && text.contains("longshore_insights_age_seconds 100\n")
        );
        let (_, fresh) = answer(&world, "/performance/metrics", json!({})).await;
        assert_eq!(
            (&fresh["ageSeconds"], &fresh["stale"]),
            (&json!(0), &json!(false)),
            "it is asked again at once"
        );
    }
}

#[tokio::test]
async fn without_cloudwatch_and_without_an_answer_it_is_503_and_health_still_answers() {
    let after = "2026-11-21T12:00:00Z/2026-11-21T14:00:00Z";
    for kind in [ErrorKind::Unavailable, ErrorKind::Internal] {
        for path in PATHS.into_iter().skip(1) {
            let world = World::new();
            for _ in 0..2 {
                world.cloudwatch.fail_next("read", Fault::Before(kind));
            }
            let (status, body) = answer(&world, path, json!({ "before": GOOD, "after": after })).await;
            assert_eq!((status, &body["error"]), (503, &json!("unavailable")), "{path}");
            assert_eq!(body["message"], "CloudWatch does not say what was measured");
            assert_eq!(answer(&world, "/health/deep", json!({})).await.0, 200);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cloudwatch_that_hangs_is_not_waited_for() {
    let after = "2026-11-21T12:00:00Z/2026-11-21T14:00:00Z";
    for path in PATHS.into_iter().skip(1) {
        let world = World::new();
        let query = json!({ "before": GOOD, "after": after });
        let is_kept = !path.ends_with("/compare");
        send(&world, ask(&world, path, &query)).await;
        world.log.set_gate(Arc::new(Hangs("cloudwatch")));
        world.clock.advance_seconds(3600);
        let asked = send(&world, ask(&world, path, &query));
        let (status, _, _) =
            tokio::time::timeout(Duration::from_secs(6), asked).await.expect("an answer in time");
        assert_eq!(status, if is_kept { 200 } else { 503 }, "{path}");
        let world = World::new();
        world.log.set_gate(Arc::new(Hangs("cloudwatch")));
        let asked = send(&world, ask(&world, path, &query));
        let (status, _, _) =
            tokio::time::timeout(Duration::from_secs(6), asked).await.expect("an answer in time");
        assert_eq!(status, 503, "{path}");
    }
}
