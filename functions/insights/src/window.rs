//! The times that can be asked for, and the periods that they are read in.

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as ParseError, StrDeserializer};
use shared::error::Error;
use shared::ports::Span;
use shared::timestamp::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// How long CloudWatch keeps values of a period: up to so many seconds back it has periods of so many seconds.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention>
const KEPT: [(u64, u64); 3] = [(15 * DAY, MINUTE), (63 * DAY, 5 * MINUTE), (455 * DAY, HOUR)];
/// The periods that an interval is divided into, in seconds.
const PERIODS: [u64; 6] = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY];
/// More values of an interval make a difference no clearer.
const PERIODS_MAX: u64 = 200;

/// The time until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// Five minutes.
    FiveMinutes,
    /// A quarter of an hour.
    FifteenMinutes,
    /// An hour.
    Hour,
    /// Six hours.
    SixHours,
    /// A day.
    Day,
    /// A week.
    Week,
}

impl Window {
    /// Every window.
    pub const ALL: [Self; 6] =
        [Self::FiveMinutes, Self::FifteenMinutes, Self::Hour, Self::SixHours, Self::Day, Self::Week];

    /// The value of the parameter, the length in seconds, the seconds of one period, and for how many seconds an answer
    /// may be given again: a 60th of the window, at least 15 seconds and at most 10 minutes.
    const fn row(self) -> (&'static str, u64, u64, u64) {
        match self {
            Self::FiveMinutes => ("5m", 5 * MINUTE, MINUTE, 15),
            Self::FifteenMinutes => ("15m", 15 * MINUTE, MINUTE, 15),
            Self::Hour => ("1h", HOUR, MINUTE, 60),
            Self::SixHours => ("6h", 6 * HOUR, 15 * MINUTE, 6 * MINUTE),
            Self::Day => ("24h", DAY, HOUR, 10 * MINUTE),
            Self::Week => ("7d", 7 * DAY, 6 * HOUR, 10 * MINUTE),
        }
    }

    /// As the parameter says it.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// How long it is.
    pub const fn length_seconds(self) -> u64 {
        self.row().1
    }

    /// For how long what was read of it counts as new.
    pub const fn fresh_seconds(self) -> u64 {
        self.row().3
    }

    /// From the parameter; an hour without one.
    pub fn parse(text: Option<&str>) -> Result<Self, Error> {
        let Some(text) = text else { return Ok(Self::Hour) };
        Self::ALL.into_iter().find(|window| window.name() == text).ok_or_else(|| {
            Error::invalid(format!("window must be one of {}", Self::ALL.map(Self::name).join(", ")))
        })
    }

    /// The periods up to the one that runs now, which is not over yet.
    pub fn span(self, now: Timestamp) -> Span {
        let (_, length_seconds, period_seconds, _) = self.row();
        let to = Timestamp::from_seconds((now.as_seconds() / period_seconds + 1) * period_seconds);
        let from = Timestamp::from_seconds(to.as_seconds().saturating_sub(length_seconds));
        Span { from, to, period_seconds }
    }
}

/// From one point in time to another, as `compare` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Interval {
    /// From `FROM/TO`, both RFC 3339. Refuses one that is empty or shorter than a minute, in the future, or older than
    /// CloudWatch keeps.
    pub fn parse(name: &str, text: Option<&str>, now: Timestamp) -> Result<Self, Error> {
        let refuse = |what: &str| {
            Error::invalid(format!(
                "{name} {what}; it must be FROM/TO in RFC 3339, like 2026-11-21T00:00:00Z/2026-11-21T06:00:00Z, at least a \
                 minute long, not in the future and at most 455 days back"
            ))
        };
        let text = text.ok_or_else(|| refuse("is missing"))?;
        let (from, to) = text.split_once('/').ok_or_else(|| refuse("is no interval"))?;
        let (Some(from), Some(to)) = (time(from), time(to)) else { return Err(refuse("holds no two dates")) };
        match () {
            () if to <= from => Err(refuse("is empty")),
            () if to.since(from).as_secs() < MINUTE => Err(refuse("is too short")),
            () if now < to => Err(refuse("is in the future")),
            () if 455 * DAY < now.since(from).as_secs() => Err(refuse("is older than CloudWatch keeps")),
            () => Ok(Self { from, to }),
        }
    }

    /// Whether the two have a moment in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Its whole periods of this length; nothing when it holds none.
    pub fn span(self, period_seconds: u64) -> Option<Span> {
        let from = self.from.as_millis().div_ceil(period_seconds * 1000) * period_seconds;
        let to = self.to.as_seconds() / period_seconds * period_seconds;
        let span =
            Span { from: Timestamp::from_seconds(from), to: Timestamp::from_seconds(to), period_seconds };
        (from < to).then_some(span)
    }
}

/// The shortest period that CloudWatch still has of both intervals and that makes no more values than are of use. Both are
/// read in the same period, because a p95 of an hour is no p95 of a minute.
pub fn common_period_seconds(intervals: [Interval; 2], now: Timestamp) -> u64 {
    let age_seconds = intervals.map(|interval| now.since(interval.from).as_secs());
    let oldest = age_seconds.into_iter().max().unwrap_or_default();
    let least = KEPT.into_iter().find(|(back, _)| oldest <= *back).map_or(HOUR, |(_, period)| period);
    let length = intervals.map(|interval| interval.to.since(interval.from).as_secs());
    let longest = length.into_iter().max().unwrap_or_default();
    let is_enough = |period: &u64| least <= *period && longest / *period <= PERIODS_MAX;
    PERIODS.into_iter().find(is_enough).unwrap_or(DAY)
}

fn time(text: &str) -> Option<Timestamp> {
    let text: StrDeserializer<'_, ParseError> = text.trim().into_deserializer();
    Timestamp::deserialize(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_305_600);

    #[test]
    fn a_window_ends_with_the_period_that_runs_and_begins_its_length_before() {
        for window in Window::ALL {
            for now in [NOW, NOW.plus_seconds(1), NOW.plus_seconds(3599)] {
                let span = window.span(now);
                assert_eq!(span.to.since(span.from).as_secs(), window.length_seconds());
                assert_eq!(span.to.as_seconds() % span.period_seconds, 0);
                assert!(now < span.to && span.to.since(now).as_secs() <= span.period_seconds);
            }
            assert_eq!(Window::parse(Some(window.name())).unwrap(), window);
            let kept = window.fresh_seconds();
            assert_eq!(kept, (window.length_seconds() / 60).clamp(15, 600), "{}", window.name());
        }
        assert_eq!(Window::parse(None).unwrap(), Window::Hour);
    }

    #[test]
    fn a_period_is_one_that_cloudwatch_still_has() {
        let ago = |from: u64, to: u64| Interval {
            from: Timestamp::from_seconds(NOW.as_seconds() - from),
            to: Timestamp::from_seconds(NOW.as_seconds() - to),
        };
        let period = |before: Interval, after: Interval| common_period_seconds([before, after], NOW);
        assert_eq!(period(ago(2 * HOUR, HOUR), ago(HOUR, 0)), MINUTE);
        assert_eq!(period(ago(16 * DAY, 16 * DAY - HOUR), ago(HOUR, 0)), 5 * MINUTE);
        assert_eq!(period(ago(64 * DAY, 64 * DAY - HOUR), ago(HOUR, 0)), HOUR);
        assert_eq!(period(ago(2 * DAY, DAY), ago(DAY, 0)), 15 * MINUTE);
        assert_eq!(period(ago(454 * DAY, DAY), ago(DAY, 0)), DAY);
    }

    #[test]
    fn an_interval_is_read_in_its_whole_periods() {
        let interval = Interval { from: NOW.plus_seconds(1), to: NOW.plus_seconds(200) };
        let span = interval.span(60).unwrap();
        assert_eq!((span.from, span.to), (NOW.plus_seconds(60), NOW.plus_seconds(180)));
        assert_eq!(interval.span(300), None);
    }
}
