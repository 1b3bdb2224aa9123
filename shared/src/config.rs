//! Settings from the environment, read once at cold start. Every fault is reported at once, by name.

use std::str::FromStr;

use crate::error::{Error, ErrorKind};

type Lookup<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;

/// Reads settings by name and remembers what was wrong.
///
/// ```
/// use shared::config::Settings;
/// let mut settings = Settings::from_lookup(|name| (name == "TABLE_NAME").then(|| "uploads".to_owned()));
/// let table: String = settings.required("TABLE_NAME");
/// let limit: u64 = settings.required("LIMIT_BYTES");
/// assert_eq!(settings.finish().unwrap_err().to_string(), "bad configuration: LIMIT_BYTES is not set");
/// # let _ = (table, limit);
/// ```
pub struct Settings<'a> {
    lookup: Lookup<'a>,
    faults: Vec<String>,
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl Settings<'static> {
    /// From the process environment.
    #[expect(clippy::disallowed_methods, reason = "this is the place where the environment is read")]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }
}

impl<'a> Settings<'a> {
    /// From a function; tests pass a closure and never touch the process environment.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self { lookup: Box::new(lookup), faults: Vec::new() }
    }

    /// A setting that must be there. After a fault it is the type's default, which nobody sees,
    /// because [`Settings::finish`] fails.
    pub fn required<T: FromStr + Default>(&mut self, name: &str) -> T {
        let Some(text) = (self.lookup)(name).filter(|text| !text.trim().is_empty()) else {
            self.faults.push(format!("{name} is not set"));
            return T::default();
        };
        match text.trim().parse() {
            Ok(value) => value,
            Err(_) => {
                self.faults.push(format!("{name} is not valid: {text:?}"));
                T::default()
            }
        }
    }

    /// A number that must lie between `least` and `most`.
    pub fn within(&mut self, name: &str, least: u64, most: u64) -> u64 {
        let faults_before = self.faults.len();
        let value: u64 = self.required(name);
        if self.faults.len() == faults_before && !(least..=most).contains(&value) {
            self.faults.push(format!("{name} is {value}, which is not between {least} and {most}"));
        }
        value
    }

    /// Fails with all faults in one sentence.
    pub fn finish(self) -> Result<(), Error> {
        match self.faults.is_empty() {
            true => Ok(()),
            false => {
                let message = format!("bad configuration: {}", self.faults.join("; "));
                Err(Error::new(ErrorKind::Internal, message))
            }
        }
    }
}

/// Who vouches for the caller. Set by the template from its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// A JWT authorizer; the owner is the token's subject.
    #[default]
    Jwt,
    /// IAM; the owner is the caller's ARN.
    Iam,
    /// Nobody: every caller is the same owner. For a stack that only its developer can reach.
    Open,
}

impl FromStr for AuthMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "jwt" => Ok(Self::Jwt),
            "iam" => Ok(Self::Iam),
            "open" => Ok(Self::Open),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_reported_at_once() {
        let mut settings = Settings::from_lookup(|name| match name {
            "PART_SIZE_BYTES" => Some("big".to_owned()),
            "EMPTY" => Some("  ".to_owned()),
            "LEASE_SECONDS" => Some("0".to_owned()),
            "GOOD" => Some(" 7 ".to_owned()),
            _ => None,
        });
        let _: String = settings.required("BUCKET_NAME");
        let _: u64 = settings.required("PART_SIZE_BYTES");
        let _: String = settings.required("EMPTY");
        settings.within("LEASE_SECONDS", 1, 900);
        assert_eq!(settings.within("GOOD", 1, 9), 7);
        assert_eq!(
            settings.finish().unwrap_err().to_string(),
            "bad configuration: BUCKET_NAME is not set; PART_SIZE_BYTES is not valid: \"big\"; EMPTY is not set; \
             LEASE_SECONDS is 0, which is not between 1 and 900"
        );
    }

    #[test]
    fn an_unknown_auth_mode_is_a_fault_and_never_means_open() {
        let mut settings = Settings::from_lookup(|_| Some("none".to_owned()));
        let mode: AuthMode = settings.required("AUTH_MODE");
        assert_eq!(mode, AuthMode::Jwt);
        assert!(settings.finish().is_err());
    }
}
