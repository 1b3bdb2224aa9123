//! Whatever is sent: an answer in our form, a 4xx, and nothing stored.

use longshore_tests::World;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::exchange::{an_open_upload, event, footprint, send};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    let names = prop_oneof![
        Just("filename"),
        Just("size"),
        Just("contentType"),
        Just("checksum"),
        Just("parts"),
        Just("partNumber"),
        Just("etag"),
        Just("metadata"),
        Just("priority"),
        Just("x"),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn route() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("POST /uploads"), Just("POST /uploads/ID/parts/sign"), Just("POST /uploads/ID/parts")]
}

/// Sends a request of which nobody expects anything good.
fn expect_refusal(route: &str, change: impl FnOnce(&mut Value)) {
    Runtime::new().unwrap().block_on(async {
        let world = World::new();
        let id = an_open_upload(&world).await;
        let mut event = event(&world, &route.replace("ID", &id), "{}");
        change(&mut event);
        let (before, what) = (footprint(&world), event.to_string());
        let reply = send(&world, event).await;
        assert!((400..500).contains(&reply.status), "{reply:?} to {what}");
        assert_eq!(footprint(&world), before, "{what}");
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_json_is_refused_in_our_form(route in route(), body in any_json()) {
        expect_refusal(route, |event| event["body"] = json!(body.to_string()));
    }

    #[test]
    fn any_text_is_refused_in_our_form(route in route(), body in "\\PC{0,200}|[\\x00-\\x7F]{0,200}|\\{\"parts\":\\PC{0,60}") {
        expect_refusal(route, |event| event["body"] = json!(body));
    }

    #[test]
    fn any_bytes_are_refused_in_our_form(route in route(), body in "[A-Za-z0-9+/]{0,200}={0,2}") {
        expect_refusal(route, |event| {
            event["body"] = json!(body);
            event["isBase64Encoded"] = json!(true);
        });
    }

    #[test]
    fn any_path_and_query_are_refused_in_our_form(path in "/?(\\PC{0,60}|.{0,20}|uploads/\\PC{0,60})", query in "(?s).{0,60}") {
        prop_assume!(path.trim_matches('/') != "health");
        expect_refusal("GET /x", |event| {
            event["rawPath"] = json!(path);
            event["rawQueryString"] = json!(query);
        });
    }

    #[test]
    fn any_claims_are_refused_in_our_form(subject in "(?s).{0,40}", end in "(?s).{0,20}|[0-9eE+.-]{0,20}") {
        // Alice's name with a time that is still to come would be alice.
        prop_assume!(subject != "alice");
        expect_refusal("GET /uploads/ID", |event| {
            event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": { "sub": subject, "exp": end } } });
        });
    }
}
