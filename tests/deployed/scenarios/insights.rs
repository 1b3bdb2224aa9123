//! How the stack is doing, as it says itself, and to whom.

use serde_json::Value;

use crate::stack::Stack;

pub(crate) fn who_operates_is_told_how_the_stack_is_doing_and_nobody_else(stack: &Stack) {
    let (operator, somebody, nobody) = (stack.owner(), stack.other_owner(), stack.caller_with(None));
    for path in ["/health/deep", "/performance/metrics?window=1h", "/performance/prometheus"] {
        assert_eq!(somebody.get(path).refusal(), "403 forbidden", "{path}");
        assert_eq!(nobody.get(path).status, 401, "{path}");
    }
    let metrics = operator.get("/performance/metrics?window=1h&groupBy=route");
    assert_eq!(metrics.status, 200, "{metrics:?}");
    let number = |pointer: &str| metrics.body.pointer(pointer).and_then(Value::as_f64).unwrap_or(-1.0);
    assert!(0.0 < number("/requests/total") && 0.0 < number("/latency/p99Millis"), "{metrics:?}");
    assert!(number("/latency/p50Millis") <= number("/latency/p99Millis"));
    let routes = metrics.body["endpoints"].as_array().unwrap();
    assert!(routes.iter().any(|route| route["route"] == "POST /uploads"), "{routes:?}");
    for view in ["trends", "recommendations", "cost"] {
        let answer = operator.get(&format!("/performance/{view}?window=1h"));
        assert_eq!(answer.status, 200, "{view}: {answer:?}");
    }
    let refused = operator.get("/performance/metrics?window=3d");
    assert_eq!(refused.refusal(), "400 invalid_request");
    assert!(refused.text("/message").contains("15m"), "{refused:?}");
}

pub(crate) fn the_deep_health_check_has_tried_every_dependency(stack: &Stack) {
    let health = stack.owner().get("/health/deep");
    // Other scenarios may have made an alarm ring.
    assert!([200, 503].contains(&health.status), "{health:?}");
    let dependencies = health.body["dependencies"].as_array().unwrap();
    assert!(4 <= dependencies.len(), "{health:?}");
    for dependency in dependencies {
        assert_eq!(dependency["ok"], true, "{health:?}");
    }
    let rings = !health.body["alarms"].as_array().unwrap().is_empty();
    assert_eq!(rings, health.text("/status") != "healthy", "{health:?}");
}
