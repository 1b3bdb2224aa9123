//! What a malware scan said of a file, and what that opens. Nothing is open before a scan said so, and nothing that a
//! scan could not tell opens anything.
//!
//! Verdicts come late, twice and in any order. So the one that counts is the strongest, whichever came first: a threat
//! that was found stays found, and a scan that failed does not take back a clean one of the same bytes.

use std::str::FromStr;

use crate::record::ImageState;
use crate::timestamp::Timestamp;
use crate::upload::Upload;

/// A verdict that has not come this long after the file was complete is missing, in seconds.
pub const VERDICT_MISSING_AFTER_SECONDS: u64 = 24 * 3600;

/// Who scans the files of a stack. Set by the template from its parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MalwareScan {
    /// Nobody: every file is open as soon as it is complete.
    Off,
    /// GuardDuty Malware Protection for S3: a file is open once its verdict says that it is clean. The default, so that
    /// a setting that could not be read opens nothing.
    #[default]
    GuardDuty,
}

impl MalwareScan {
    /// Whether files wait for a verdict.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::GuardDuty)
    }
}

impl FromStr for MalwareScan {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "off" => Ok(Self::Off),
            "guardduty" => Ok(Self::GuardDuty),
            _ => Err(()),
        }
    }
}

/// What is known of a file from scans, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScanState {
    /// No verdict has come.
    Pending,
    /// The scan could not tell: the file is too large or locked, or the scan was refused or failed.
    Unscannable,
    /// The scan found nothing.
    Clean,
    /// The scan found a threat.
    Infected,
}

impl ScanState {
    /// Its name in the API and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Unscannable => "unscannable",
            Self::Clean => "clean",
            Self::Infected => "infected",
        }
    }
}

impl Upload {
    /// Whether a scan stands between the file and everybody who would read it.
    pub fn is_held_back(&self) -> bool {
        let scan = self.file.as_ref().and_then(|file| file.scan);
        scan.is_some_and(|scan| scan != ScanState::Clean)
    }

    /// Takes a verdict on the file; `false` when nothing changed by it. The caller sends the image job of a file that is
    /// clean.
    pub fn take_verdict(&mut self, verdict: ScanState, now: Timestamp) -> bool {
        let Some(file) = &mut self.file else { return false };
        let strongest = file.scan.map_or(verdict, |known| known.max(verdict));
        if file.scan == Some(strongest) {
            return false;
        }
        file.scan = Some(strongest);
        self.due_at = self.file_work_due_at(now);
        true
    }

    /// When to look at a finished file again: when its verdict is missing, when its image work should be done, or at its
    /// end. Image work begins with the verdict, so what waits for one is no lost job.
    pub fn file_work_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        let end = self.due_after_image_work();
        let scan = self.file.as_ref().and_then(|file| file.scan);
        match (scan, self.image.as_ref().map(|image| image.state)) {
            (Some(ScanState::Pending), _) => {
                let missing_at = now.plus_seconds(VERDICT_MISSING_AFTER_SECONDS);
                Some(end.map_or(missing_at, |end| end.min(missing_at)))
            }
            (None | Some(ScanState::Clean), Some(ImageState::Pending | ImageState::Partial)) => {
                Some(self.image_work_due_at(now))
            }
            _ => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_nobody_knows_is_a_fault_and_never_means_off() {
        for bad in ["", "on", "false", "Off", "GUARDDUTY"] {
            assert_eq!(bad.parse::<MalwareScan>(), Err(()), "{bad:?}");
        }
        assert!(MalwareScan::default().is_on());
        assert_eq!("off".parse(), Ok(MalwareScan::Off));
        assert_eq!("guardduty".parse(), Ok(MalwareScan::GuardDuty));
    }
}
