//! Messages that fail again and again, and the way back.

use aws_sdk_sqs::types::QueueAttributeName;
use fidelity::{Fault, Operation, Rule};
use serde_json::{Value, json};

use crate::api::slice_of;
use crate::bytes::{MIB, noise};
use crate::stack::Stack;
use crate::waiting::eventually;

const QUEUE: &str = "assemblyQueueUrl";
const DEAD_LETTERS: &str = "assemblyDeadLetterQueueUrl";
/// As the template says.
const RECEIVED_AT_MOST: usize = 5;
const AWAY: Fault = Fault::Refuse { status: 503, code: "ServiceUnavailable" };

/// Makes messages that failed come again at once, for as long as it lives.
struct Impatient<'a> {
    stack: &'a Stack,
    usual_seconds: String,
}

impl<'a> Impatient<'a> {
    fn new(stack: &'a Stack) -> Self {
        let wanted = QueueAttributeName::VisibilityTimeout;
        let client = aws_sdk_sqs::Client::new(&stack.sdk);
        let ask = client.get_queue_attributes().queue_url(stack.text(QUEUE)).attribute_names(wanted.clone());
        let answer = stack.wait_for(ask.send()).unwrap();
        let usual_seconds = answer.attributes.unwrap()[&wanted].clone();
        let impatient = Self { stack, usual_seconds };
        impatient.set("1");
        impatient
    }

    fn set(&self, seconds: &str) {
        let client = aws_sdk_sqs::Client::new(&self.stack.sdk);
        let set = client.set_queue_attributes().queue_url(self.stack.text(QUEUE));
        let set = set.attributes(QueueAttributeName::VisibilityTimeout, seconds);
        self.stack.wait_for(set.send()).unwrap();
    }
}

impl Drop for Impatient<'_> {
    fn drop(&mut self) {
        self.set(&self.usual_seconds);
    }
}

/// An upload of two parts that are in S3; gives its id and its report.
fn sent(stack: &Stack, bytes: &[u8]) -> (String, Vec<Value>) {
    let alice = stack.owner();
    let created = alice.create_multipart("letter.bin", bytes.len());
    let put =
        |part: &shared::ports::SignedPart| alice.put_part(part, slice_of(bytes, &created, part.number.get()));
    let report = created.signed_parts().iter().map(put).collect();
    (created.text("/id").to_owned(), report)
}

/// What a command for people on call says, to programs and to people.
fn operate(stack: &Stack, words: &[&str]) -> (Value, String) {
    let answer = stack.wait_for(operate::run(operate::command_line(stack.file(), words))).unwrap();
    (answer.json, answer.text)
}

fn redrive(stack: &Stack, text: &str) -> Value {
    operate(stack, &["redrive", "--queue", "assembly", "--contains", text]).0["queues"][0].clone()
}

/// Whoever is on call sees the record, both parts, and the dead letter that names the upload.
fn assert_shown(stack: &Stack, id: &str) {
    let (json, text) = operate(stack, &["inspect", id]);
    let assembly =
        json["queues"].as_array().unwrap().iter().find(|queue| queue["name"] == "assembly").unwrap();
    assert_eq!(assembly["namingThisUpload"], 1, "{json}");
    for word in [id, "completing", "redrive"] {
        assert!(text.contains(word), "nothing of {word}: {text}");
    }
}

pub(crate) fn a_message_that_always_fails_becomes_a_dead_letter_and_can_be_redriven(stack: &Stack) {
    let alice = stack.owner();
    let impatient = Impatient::new(stack);
    let dead_before = stack.message_counts(DEAD_LETTERS);
    let bytes = noise(91, 9 * MIB);
    let (id, report) = sent(stack, &bytes);
    // The upload is completing, and its message is still to be sent.
    let planted = stack.plant(Rule::new(Operation::SEND_MESSAGE, AWAY).about(&id).times(3));
    assert_eq!(alice.report(&id, &report).refusal(), "503 unavailable");
    assert_eq!(planted.fired(), 3);
    let refused = Fault::Refuse { status: 400, code: "AccessDeniedException" };
    let poison = stack.plant(Rule::new(Operation::GET_ITEM, refused).about(&id).times(usize::MAX));
    stack.send_message(QUEUE, &json!({ "version": 1, "uploadId": id }).to_string());

    // Its neighbours become files meanwhile.
    for seed in 92..96 {
        let bytes = noise(seed, 9 * MIB);
        let (neighbour, report) = sent(stack, &bytes);
        assert_eq!(alice.report(&neighbour, &report).status, 200);
        let file = alice.completed_file(&neighbour);
        assert!(alice.download(file.text("/url")).bytes == bytes, "the file came back changed");
    }
    eventually("the message is a dead letter", || match stack.message_counts(DEAD_LETTERS) {
        counts if counts[0] == dead_before[0] + 1 => Ok(()),
        counts => Err(format!("{counts:?}, before {dead_before:?}, {} attempts", poison.fired())),
    });
    assert_eq!(poison.fired(), RECEIVED_AT_MOST);
    drop(poison);
    drop(impatient);

    assert_shown(stack, &id);
    // Only those that are meant are moved.
    assert_eq!(
        (&redrive(stack, "no such text")["moved"], stack.message_counts(DEAD_LETTERS)[0]),
        (&json!(0), dead_before[0] + 1)
    );
    assert_eq!(redrive(stack, &id)["moved"], json!(1));
    let file = alice.completed_file(&id);
    assert!(alice.download(file.text("/url")).bytes == bytes, "the file came back changed");
    assert_eq!((stack.versions_of_original(&id).len(), stack.open_multipart_count(&id)), (1, 0));
    assert_eq!(redrive(stack, &id)["moved"], json!(0));
}
