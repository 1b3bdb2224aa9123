//! What goes wrong on the way: busy servers, lost answers, expired URLs, ended uploads.
use std::time::Duration;

use super::*;

#[test]
fn busy_answers_are_tried_again_on_every_call() {
    let bench = Bench::new(3 * MIB);
    for line in ["POST /uploads", "PUT 2", "POST /uploads/upload-1/parts", "POST /uploads/upload-1/complete"]
    {
        bench.fault(line, 2, 503, "SlowDown");
    }
    bench.fault("GET /uploads/upload-1", 1, 429, "busy");
    bench.fault("GET /files/upload-1", 1, 500, "internal");
    bench.upload().unwrap();
    bench.assert_stored();
    assert_eq!((bench.count("PUT 2"), bench.count("POST /uploads")), (3, 3));
}

#[test]
fn answers_that_get_lost_after_the_work_make_no_second_upload_and_lose_nothing() {
    let bench = Bench::new(3 * MIB);
    for line in ["POST /uploads", "PUT 1", "POST /uploads/upload-1/parts", "POST /uploads/upload-1/complete"]
    {
        let fault = Fault { line, times: 1, status: 500, code: "InternalError", after_effect: true };
        bench.server.world().faults.push(fault);
    }
    bench.upload().unwrap();
    bench.assert_stored();
}

#[test]
fn an_object_that_is_already_there_is_left_to_complete() {
    let bench = Bench::new(MIB / 2);
    let lost = |status, code| Fault { line: "PUT 1", times: 1, status, code, after_effect: true };
    bench.server.world().faults.extend([lost(500, "InternalError"), lost(412, "PreconditionFailed")]);
    bench.upload().unwrap();
    bench.assert_stored();
    assert_eq!(bench.count("report 1"), 0, "without an ETag there is nothing to report");
}

#[test]
fn a_url_that_has_expired_is_signed_again_for_that_part_only() {
    let bench = Bench::new(4 * MIB);
    bench.fault("PUT 3", 1, 403, "AccessDenied");
    bench.fault("PUT 4", 2, 400, "ExpiredToken");
    bench.upload().unwrap();
    bench.assert_stored();
    assert_eq!((bench.count("sign 3"), bench.count("sign 4")), (1, 2));
}

#[test]
fn a_put_that_stays_forbidden_ends_with_s3s_words_and_the_id() {
    let bench = Bench::new(2 * MIB);
    bench.fault("PUT 1", 99, 403, "AccessDenied");
    let failure = bench.upload().unwrap_err();
    assert_eq!(failure.upload_id.as_deref(), Some("upload-1"));
    let text = "could not store part 1: S3 says AccessDenied. (AccessDenied, HTTP 403)";
    assert_eq!(failure.to_string(), text);
    assert_eq!(bench.count("PUT 1"), 3, "the first try and two new signatures");
}

#[test]
fn a_refusal_is_final_and_shows_the_servers_words() {
    let bench = Bench::new(MIB);
    bench.fault("POST /uploads", 99, 413, "file_too_large");
    let failure = bench.upload().unwrap_err();
    assert_eq!(failure.upload_id, None);
    let text = "could not create the upload: the server says file_too_large (file_too_large, HTTP 413)";
    assert_eq!(failure.to_string(), text);
    assert_eq!(bench.count("POST /uploads"), 1);
}

#[test]
fn a_server_that_stays_busy_is_given_up_after_the_bound() {
    let bench = Bench::new(MIB);
    bench.fault("POST /uploads", 99, 503, "unavailable");
    assert!(bench.upload().unwrap_err().to_string().contains("HTTP 503"));
    assert_eq!(bench.count("POST /uploads"), 4);
}

#[test]
fn an_upload_that_ends_while_it_is_sent_tells_its_reason() {
    let bench = Bench::new(2 * MIB);
    bench.fault("POST /uploads/upload-1/parts", 1, 409, "wrong_state");
    let task = Progress::nowhere().task("video.mp4", 0);
    let end = |id: &str| {
        let mut world = bench.server.world();
        let upload = world.uploads.get_mut(id).unwrap();
        upload.state = "aborted".to_owned();
        upload.reason = Some(("aborted", "the owner has cancelled it"));
    };
    let failure = bench.client.upload(&bench.source(), &task, &end).unwrap_err();
    assert_eq!(failure.to_string(), "the upload is aborted: the owner has cancelled it (aborted)");
}

#[test]
fn a_failed_upload_tells_the_reason() {
    let bench = Bench::new(2 * MIB);
    bench.server.world().fail_at_assembly = Some(("checksum_mismatch", "the bytes differ from the checksum"));
    let failure = bench.upload().unwrap_err();
    let text = "the upload is failed: the bytes differ from the checksum (checksum_mismatch)";
    assert_eq!(failure.to_string(), text);
    assert!(!failure.error.can_resume());
    assert_eq!(bench.resume("upload-1").unwrap_err().to_string(), text);
}

#[test]
fn parts_that_the_assembly_finds_gone_are_sent_again() {
    let bench = Bench::new(4 * MIB);
    bench.server.world().lose_at_assembly = vec![2, 3];
    bench.upload().unwrap();
    bench.assert_stored();
    let puts: Vec<usize> = (1..=4).map(|number| bench.count(&format!("PUT {number}"))).collect();
    assert_eq!(puts, [1, 2, 2, 1]);
    assert_eq!(bench.count("sign 2 3"), 1);
}

#[test]
fn a_file_that_is_changed_while_it_is_sent_is_not_stored() {
    let bench = Bench::new(2 * MIB);
    let task = Progress::nowhere().task("video.mp4", 0);
    let change = |_: &str| std::fs::write(&bench.path, vec![0; 2 * MIB]).unwrap();
    let failure = bench.client.upload(&bench.source(), &task, &change).unwrap_err();
    assert!(failure.to_string().contains("Did the file change"), "{failure}");
    assert!(bench.server.world().stored_order.is_empty());
}

#[test]
fn image_work_that_does_not_end_is_given_up_with_the_address_of_the_file() {
    let mut bench = Bench::new(MIB);
    bench.server.world().image_state = "partial";
    bench.client.settings.wait_max = Duration::from_millis(5);
    let text = bench.upload().unwrap_err().to_string();
    assert!(text.contains("still partial") && text.ends_with("/files/upload-1"), "{text}");
}

#[test]
fn an_address_without_a_server_is_named_as_a_network_fault() {
    let bench = Bench::new(10);
    let mut settings = bench.client.settings.clone();
    // A port that was just free, and on which nobody listens now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    settings.api_url = format!("http://127.0.0.1:{port}");
    let task = Progress::nowhere().task("video.mp4", 0);
    let source = bench.source();
    let failure = Client::new(settings).upload(&source, &task, &|_| {}).unwrap_err();
    assert!(matches!(*failure.error, ClientError::Network { .. }), "{failure}");
}
