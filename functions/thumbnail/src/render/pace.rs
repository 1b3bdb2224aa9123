//! How fast a worker is, as its parent sees it: from one piece to the next. With one thread that is what each took.

use std::time::Instant;

use imaging::OutputFormat;
use shared::telemetry::Operation;

use super::answer::Answer;

/// When the last piece came.
pub(super) struct Pace {
    last_at: Instant,
    has_size: bool,
}

impl Pace {
    pub(super) fn start() -> Self {
        Self { last_at: Instant::now(), has_size: false }
    }

    /// A line came. With the size the picture is decoded, and all its sizes are made.
    pub(super) fn decoded(&mut self, answer: &Answer) {
        if !self.has_size && answer.rendered.size.is_some() {
            self.has_size = true;
            self.took(Operation::Decode);
        }
    }

    /// A variant came.
    pub(super) fn encoded(&mut self, format: OutputFormat) {
        self.took(match format {
            OutputFormat::Jpeg => Operation::EncodeJpeg,
            OutputFormat::WebP => Operation::EncodeWebp,
            OutputFormat::Avif => Operation::EncodeAvif,
        });
    }

    fn took(&mut self, operation: Operation) {
        operation.took(self.last_at.elapsed());
        self.last_at = Instant::now();
    }
}
