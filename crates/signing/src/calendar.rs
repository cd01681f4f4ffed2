//! Days since 1970 and dates of the Gregorian calendar, as the scope of a signature names its day.
//!
//! A year begins in March here, so that a leap day is its last, and months come in fives of 153 days:
//! <https://howardhinnant.github.io/date_algorithms.html>

/// From the first of March of the year 0 to 1970.
const BEFORE_1970: u64 = 719_468;

/// Four centuries, after which the calendar repeats itself.
const ERA: u64 = 146_097;

/// A day of the calendar, from 1970 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
}

impl Date {
    /// The date so many days after the first of January 1970.
    pub(crate) fn of(days: u64) -> Self {
        let (era, of_era) = ((days + BEFORE_1970) / ERA, (days + BEFORE_1970) % ERA);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - days_before(year);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - days_before_month(month) + 1;
        // January and February are of the next year.
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Self { year: era * 400 + year + next, month, day }
    }

    /// Days from the first of January 1970 to this date. None if there is no such date, or it is before.
    pub(crate) fn days(self) -> Option<u64> {
        let Self { year, month, day } = self;
        if !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
        let of_era = days_before(year % 400) + days_before_month(month) + day - 1;
        let days = (year / 400 * ERA + of_era).checked_sub(BEFORE_1970)?;
        // The thirtieth of February would be a day of March.
        (Self::of(days) == self).then_some(days)
    }
}

/// Days of an era before one of its years.
fn days_before(year: u64) -> u64 {
    365 * year + year / 4 - year / 100
}

/// Days of a year before one of its months, counted from March.
fn days_before_month(month: u64) -> u64 {
    (153 * month + 2) / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_that_of_another_calendar() {
        let mut other = jiff::civil::date(1970, 1, 1);
        for days in 0.. {
            let date = Date::of(days);
            let [year, month, day] = [i64::from(other.year()), other.month().into(), other.day().into()];
            assert_eq!(
                [date.year, date.month, date.day].map(|number| i64::try_from(number).unwrap()),
                [year, month, day]
            );
            assert_eq!(date.days(), Some(days));
            let Ok(next) = other.tomorrow() else { break };
            other = next;
        }
        assert_eq!(other, jiff::civil::date(9999, 12, 31));
    }

    #[test]
    fn what_is_no_day() {
        for (year, month, day) in [
            (2023, 2, 29),
            (2100, 2, 29),
            (2024, 2, 30),
            (2024, 4, 31),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
            (1969, 12, 31),
            (0, 1, 1),
        ] {
            assert_eq!(Date { year, month, day }.days(), None, "{year}-{month}-{day}");
        }
        assert!(Date { year: 2000, month: 2, day: 29 }.days().is_some());
    }
}
