//! The moment of signing, as the two texts a signature needs.

use super::PresignError;

const SECONDS_PER_DAY: u64 = 86_400;
/// Days in 400 Gregorian years, after which the calendar repeats.
const DAYS_PER_ERA: u64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_BEFORE_EPOCH: u64 = 719_468;

/// A moment in UTC, to the second, as `YYYYMMDD'T'HHMMSS'Z'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningTime {
    date: String,
    date_time: String,
}

impl SigningTime {
    /// Converts seconds since 1970-01-01T00:00:00Z. Fails with [`PresignError::TimeOutOfRange`] after the year 9999.
    pub fn from_epoch_seconds(epoch_seconds: u64) -> Result<Self, PresignError> {
        let (year, month, day) = civil_date(epoch_seconds / SECONDS_PER_DAY);
        if 9999 < year {
            return Err(PresignError::TimeOutOfRange);
        }
        let second_of_day = epoch_seconds % SECONDS_PER_DAY;
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        let date = format!("{year:04}{month:02}{day:02}");
        let date_time = format!("{date}T{hour:02}{minute:02}{second:02}Z");
        Ok(Self { date, date_time })
    }

    /// The day, as `YYYYMMDD`. A [`SigningKey`](super::SigningKey) is good for one day.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Day and time, as `YYYYMMDDTHHMMSSZ`: the value of `X-Amz-Date`.
    pub fn date_time(&self) -> &str {
        &self.date_time
    }
}

/// Year, month (1 to 12) and day (1 to 31) of a day since the epoch.
///
/// The years start in March, so that the leap day is a year's last day and month lengths follow one formula
/// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil_date(days_since_epoch: u64) -> (u64, u64, u64) {
    let days = days_since_epoch.saturating_add(DAYS_BEFORE_EPOCH);
    let era = days / DAYS_PER_ERA;
    let day_of_era = days % DAYS_PER_ERA;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, years_to_add) =
        if month_from_march < 10 { (month_from_march + 3, 0) } else { (month_from_march - 9, 1) };
    (era * 400 + year_of_era + years_to_add, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date_time(epoch_seconds: u64) -> String {
        SigningTime::from_epoch_seconds(epoch_seconds).unwrap().date_time().to_owned()
    }

    #[test]
    fn month_ends_and_leap_days_fall_where_the_calendar_says() {
        assert_eq!(date_time(0), "19700101T000000Z");
        assert_eq!(date_time(951_782_399), "20000228T235959Z");
        assert_eq!(date_time(951_782_400), "20000229T000000Z");
        assert_eq!(date_time(951_868_800), "20000301T000000Z");
        assert_eq!(date_time(1_369_353_600), "20130524T000000Z");
        assert_eq!(date_time(1_709_251_199), "20240229T235959Z");
        assert_eq!(date_time(1_709_251_200), "20240301T000000Z");
        assert_eq!(date_time(4_107_542_400), "21000301T000000Z");
        assert_eq!(date_time(253_402_300_799), "99991231T235959Z");
    }

    #[test]
    fn a_moment_after_the_year_9999_is_refused() {
        for seconds in [253_402_300_800, u64::MAX] {
            assert_eq!(SigningTime::from_epoch_seconds(seconds), Err(PresignError::TimeOutOfRange));
        }
    }

    #[test]
    fn every_day_for_eight_hundred_years_agrees_with_counting_day_by_day() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days_since_epoch in 0..2 * DAYS_PER_ERA {
            assert_eq!(civil_date(days_since_epoch), (year, month, day));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days_in_month = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if days_in_month < day {
                (month, day) = (month + 1, 1);
            }
            if 12 < month {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
