//! Files in parts.

use serde_json::{Value, json};
use shared::checksum::{Checksum, combine_composite, combine_full_object};
use shared::plan::PART_SIZE_BYTES_MIN;
use shared::ports::SignedPart;

use crate::api::slice_of;
use crate::bytes::{MIB, crc64nvme, noise};
use crate::stack::Stack;
use crate::waiting::eventually;

/// The order in which the 13 parts of the 64 MiB are sent, the short last one first.
const SENDING_ORDER: [u16; 13] = [13, 4, 9, 1, 12, 6, 2, 11, 7, 3, 10, 5, 8];
const SENT_TWICE: u16 = 6;

pub(crate) fn parts_in_any_order_and_twice_become_one_proved_file(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(64, 64 * MIB);
    let checksums: Vec<Checksum> = bytes.chunks(5 * MIB).map(crc64nvme).collect();
    let texts: Vec<String> = checksums.iter().map(Checksum::to_base64).collect();
    let created = alice.create(&json!({ "filename": "film.bin", "size": bytes.len(),
        "contentType": "video/mp4", "partSize": PART_SIZE_BYTES_MIN, "checksum": { "algorithm": "crc64nvme", "parts": texts } }));
    assert_eq!((created.text("/strategy"), &created.body["partCount"]), ("multipart", &json!(13)));
    let id = created.text("/id");
    let signed = created.signed_parts();

    let put = |number: u16| {
        let part = &signed[usize::from(number - 1)];
        let mut sent = alice.put_part(part, slice_of(&bytes, &created, number));
        if number == SENT_TWICE {
            sent = alice.put_part(part, slice_of(&bytes, &created, number));
        }
        sent["checksum"] = json!(texts[usize::from(number - 1)]);
        sent
    };
    let sent: Vec<Value> = SENDING_ORDER.map(put).to_vec();

    // Five reports, the parts of each in the order of sending; each report twice, one with a part named twice.
    let mut received = 0;
    for batch in sent.chunks(3) {
        let mut report = batch.to_vec();
        report.push(batch[0].clone());
        let first = alice.report(id, &report);
        let second = alice.report(id, batch);
        received += batch.len();
        assert_eq!((first.status, second.status), (200, 200), "{first:?} {second:?}");
        assert_eq!(first.body["received"], json!(received), "{first:?}");
        assert_eq!((&second.body["received"], &second.body["total"]), (&json!(received), &json!(13)));
        let is_open = received < SENDING_ORDER.len();
        assert_eq!(first.text("/state") == "active", is_open, "{first:?}");
    }

    let file = alice.completed_file(id).body;
    let lengths = bytes.chunks(5 * MIB).map(|part| u64::try_from(part.len()).unwrap());
    let whole = combine_full_object(checksums.iter().zip(lengths)).unwrap();
    assert_eq!(whole, crc64nvme(&bytes));
    // AWS keeps a CRC64NVME of the whole object; the local AWS makes one of the parts' checksums.
    let expected = match file["checksum"]["type"].as_str() {
        Some("FULL_OBJECT") => whole.to_base64(),
        _ => combine_composite(&checksums).unwrap(),
    };
    assert_eq!(file["checksum"]["algorithm"], "crc64nvme");
    assert_eq!(file["checksum"]["value"], expected.as_str());
    assert_eq!((&file["size"], &file["imageState"]), (&json!(bytes.len()), &json!("none")));
    assert!(alice.download(file["url"].as_str().unwrap()).bytes == bytes, "the file came back changed");
    assert_eq!((stack.open_multipart_count(id), stack.versions_of_original(id).len()), (0, 1));
}

pub(crate) fn a_part_that_is_replaced_after_its_report_is_asked_for_again(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(10, 10 * MIB);
    let created = alice.create_multipart("minutes.bin", bytes.len());
    let (id, signed) = (created.text("/id"), created.signed_parts());
    let put = |number: u16, bytes: &[u8]| alice.put_part(&signed[usize::from(number - 1)], bytes);
    let reported = alice.report(id, &[put(1, slice_of(&bytes, &created, 1))]);
    assert_eq!(reported.status, 200, "{reported:?}");
    put(1, &noise(11, 5 * MIB));
    let reported = alice.report(id, &[put(2, slice_of(&bytes, &created, 2))]);
    assert_eq!(reported.text("/state"), "completing");
    let reopened = eventually("the upload is open again", || match alice.get(&format!("/uploads/{id}")) {
        upload if upload.text("/state") == "active" => Ok(upload),
        upload => Err(format!("{upload:?}")),
    });
    assert_eq!(reopened.body["missing"], json!([{ "from": 1, "to": 1 }]), "{reopened:?}");
    let refused = alice.post_nothing(&format!("/uploads/{id}/complete"));
    assert_eq!((refused.status, refused.text("/error")), (409, "parts_missing"), "{refused:?}");
    put(1, slice_of(&bytes, &created, 1));
    let accepted = alice.post_nothing(&format!("/uploads/{id}/complete"));
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let file = alice.completed_file(id);
    assert!(alice.download(file.text("/url")).bytes == bytes, "the file came back changed");
}

pub(crate) fn a_client_that_knows_nothing_but_the_id_resumes(stack: &Stack) {
    let bytes = noise(40, 40 * MIB - 1);
    let created = stack.owner().create_multipart("backup.bin", bytes.len());
    let id = {
        // This client sends three parts, reports none, and is gone.
        let first_client = stack.owner();
        let signed = created.signed_parts();
        for number in [2_u16, 3, 7] {
            first_client.put_part(&signed[usize::from(number - 1)], slice_of(&bytes, &created, number));
        }
        created.text("/id").to_owned()
    };

    let client = stack.owner();
    let upload = client.get(&format!("/uploads/{id}"));
    let missing = json!([{ "from": 1, "to": 1 }, { "from": 4, "to": 6 }, { "from": 8, "to": 8 }]);
    assert_eq!(upload.body["missing"], missing, "{upload:?}");
    assert_eq!((&upload.body["receivedParts"], &upload.body["receivedBytes"]), (&json!(3), &json!(15 * MIB)));

    let early = client.post_nothing(&format!("/uploads/{id}/complete"));
    assert_eq!(early.refusal(), "409 parts_missing");
    assert_eq!(early.body["missing"], missing);

    let numbers = [1_u16, 4, 5, 6, 8];
    let wanted: Vec<Value> = numbers.iter().map(|number| json!({ "partNumber": number })).collect();
    let signed = client.post(&format!("/uploads/{id}/parts/sign"), &json!({ "parts": wanted }));
    assert_eq!(signed.status, 200, "{signed:?}");
    let send = |part: &SignedPart| client.put_part(part, slice_of(&bytes, &upload, part.number.get()));
    signed.signed_parts().iter().for_each(|part| {
        send(part);
    });

    let completing = client.post_nothing(&format!("/uploads/{id}/complete"));
    assert_eq!((completing.status, &completing.body["received"]), (202, &json!(8)), "{completing:?}");
    let file = client.completed_file(&id).body;
    assert!(client.download(file["url"].as_str().unwrap()).bytes == bytes, "the file came back changed");
    let repeat = client.post_nothing(&format!("/uploads/{id}/complete"));
    assert_eq!((repeat.status, repeat.text("/state")), (200, "completed"));
}
