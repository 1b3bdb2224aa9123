//! Numbers as answers show them.

use serde::{Serialize, Serializer};

/// A measured number: JSON shows whole ones without a point, others with at most six digits behind it, and null for what
/// is none.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Number(pub f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.0.is_finite() {
            return serializer.serialize_none();
        }
        let rounded = (self.0 * 1e6).round() / 1e6;
        let whole = (rounded.fract() == 0.0).then(|| format!("{rounded:.0}").parse::<i64>().ok()).flatten();
        match whole {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(rounded),
        }
    }
}

/// A length as a number; nothing here is longer than `u32` can say.
pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// `part` of `whole`, where there is a whole.
pub(crate) fn share(part: f64, whole: f64) -> Option<f64> {
    (0.0 < whole).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        for (number, text) in [
            (12.0, "12"),
            (-3.0, "-3"),
            (-0.000_000_01, "0"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333"),
            (1e15, "1000000000000000"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ] {
            assert_eq!(serde_json::to_string(&Number(number)).unwrap(), text);
        }
    }
}
