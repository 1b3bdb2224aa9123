//! A failure becomes a metric, the metric an alarm, the alarm a message; and the way back.

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::aws_calls::Call;
use crate::stack::Stack;
use crate::waiting::eventually;

const LETTER: &str = "a letter that nobody could deliver";

/// A queue that hears of alarms, for as long as it lives.
struct Ear<'a> {
    stack: &'a Stack,
    sqs: aws_sdk_sqs::Client,
    url: String,
}

impl<'a> Ear<'a> {
    fn at(stack: &'a Stack, topic: &str) -> Self {
        let sqs = aws_sdk_sqs::Client::new(&stack.sdk);
        let made = stack.wait_for(sqs.create_queue().queue_name("alarms-of-a-test").send()).unwrap();
        let url = made.queue_url.unwrap();
        let wanted = QueueAttributeName::QueueArn;
        let asked = sqs.get_queue_attributes().queue_url(&url).attribute_names(wanted.clone());
        let arn = stack.wait_for(asked.send()).unwrap().attributes.unwrap()[&wanted].clone();
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage",
            "Resource": arn, "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
        }] });
        let set = sqs.set_queue_attributes().queue_url(&url);
        let set = set.attributes(QueueAttributeName::Policy, policy.to_string());
        stack.wait_for(set.send()).unwrap();
        let body =
            format!("Action=Subscribe&Version=2010-03-31&TopicArn={topic}&Protocol=sqs&Endpoint={arn}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let subscribe = Call { service: "sns", method: "POST", path: "/", headers: &headers, body };
        let answer = stack.caller().call(&subscribe);
        assert_eq!(answer.status, 200, "{}", answer.body);
        Self { stack, sqs, url }
    }

    /// Waits for a message that the alarm of this name has come to this state; gives it.
    fn hears(&self, alarm: &str, state: &str) -> Value {
        eventually(&format!("{alarm} tells of {state}"), || {
            let taken = self.stack.wait_for(self.sqs.receive_message().queue_url(&self.url).send()).unwrap();
            let told: Vec<Value> = taken.messages.unwrap_or_default().iter().filter_map(content).collect();
            let found = told.iter().find(|told| told["AlarmName"] == alarm && told["NewStateValue"] == state);
            found.cloned().ok_or_else(|| format!("{told:?}"))
        })
    }
}

impl Drop for Ear<'_> {
    fn drop(&mut self) {
        let _ = self.stack.wait_for(self.sqs.delete_queue().queue_url(&self.url).send());
    }
}

/// What SNS wraps into a message of a queue.
fn content(message: &aws_sdk_sqs::types::Message) -> Option<Value> {
    let wrapped: Value = serde_json::from_str(message.body.as_deref()?).ok()?;
    serde_json::from_str(wrapped["Message"].as_str()?).ok()
}

pub(crate) fn a_dead_letter_rings_tells_what_to_do_and_stops_ringing_when_it_is_gone(stack: &Stack) {
    let ear = Ear::at(stack, stack.text("alarmTopicArn"));
    let alarm = format!("{}-critical-dead-letters", stack.text("stackName"));
    let queue = stack.text("assemblyDeadLetterQueueUrl");
    // Other scenarios have had dead letters, too.
    clears(stack, &alarm);
    let sent = ear.sqs.send_message().queue_url(queue).message_body(LETTER);
    stack.wait_for(sent.send()).unwrap();
    stack.clean_up();
    let told = ear.hears(&alarm, "ALARM");
    let words = told["AlarmDescription"].as_str().unwrap();
    assert!(words.contains("cargo xtask redrive") && words.contains("#critical-dead-letters"), "{words}");

    take_away(stack, queue);
    clears(stack, &alarm);
    ear.hears(&alarm, "OK");
}

/// Each run of cleanup counts again. The old count is looked at until the alarm's period is over.
fn clears(stack: &Stack, alarm: &str) {
    eventually("the alarm clears", || {
        stack.clean_up();
        match state_of(stack, alarm).as_str() {
            "OK" => Ok(()),
            state => Err(state.to_owned()),
        }
    });
}

fn take_away(stack: &Stack, queue: &str) {
    let sqs = aws_sdk_sqs::Client::new(&stack.sdk);
    eventually("the letter is taken away", || {
        let taken = stack.wait_for(sqs.receive_message().queue_url(queue).send()).unwrap();
        for message in taken.messages.unwrap_or_default() {
            if message.body.as_deref() == Some(LETTER) {
                let receipt = message.receipt_handle.unwrap();
                let delete = sqs.delete_message().queue_url(queue).receipt_handle(receipt);
                stack.wait_for(delete.send()).unwrap();
                return Ok(());
            }
        }
        Err("other letters".to_owned())
    });
}

fn state_of(stack: &Stack, alarm: &str) -> String {
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms"),
    ];
    let body = json!({ "AlarmNames": [alarm] }).to_string();
    let describe = Call { service: "monitoring", method: "POST", path: "/", headers: &headers, body };
    let answer = stack.caller().call(&describe);
    answer.body["MetricAlarms"][0]["StateValue"].as_str().unwrap_or("no such alarm").to_owned()
}
