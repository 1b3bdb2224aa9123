//! `redrive`: dead letters back to the queues that they came from.

use serde::Serialize;

use crate::dead_letters::Redriven;
use crate::stack::Stack;

/// The answer.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    queues: Vec<Redriven>,
}

impl Report {
    /// Whether everything that was to be moved was moved.
    pub(crate) fn is_clean(&self) -> bool {
        self.queues.iter().all(|redriven| redriven.failed == 0)
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        self.queues.iter().map(line_of).collect::<Vec<_>>().join("\n")
    }
}

fn line_of(redriven: &Redriven) -> String {
    let Redriven { queue, moved, left, failed, note } = redriven;
    let note = note.as_ref().map(|note| format!("\n          {note}")).unwrap_or_default();
    format!("{queue:9} {moved} moved, {left} left, {failed} failed{note}")
}

/// Redrives one queue or all, all messages or those that hold `text`.
pub(crate) async fn run(stack: &Stack, queue: Option<&str>, text: Option<&str>) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for letters in stack.dead_letters.iter().filter(|letters| queue.is_none_or(|queue| queue == letters.name))
    {
        report.queues.push(letters.redrive(text).await?);
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_with_its_cause() {
        let note = Some("no such queue".to_owned());
        let report = Report { queues: vec![Redriven { queue: "image", moved: 2, left: 1, failed: 1, note }] };
        assert!(!report.is_clean());
        assert_eq!(report.text(), "image     2 moved, 1 left, 1 failed\n          no such queue");
    }

    #[test]
    fn what_was_left_on_purpose_is_no_failure() {
        let report = Report { queues: vec![Redriven { queue: "assembly", left: 3, ..Redriven::default() }] };
        assert!(report.is_clean());
        let expected =
            serde_json::json!({"queues": [{"queue": "assembly", "moved": 0, "left": 3, "failed": 0}]});
        assert_eq!(serde_json::to_value(&report).unwrap(), expected);
    }
}
