//! Settings from the environment, read once at cold start. Every fault is reported at once, by name: what is missing or
//! garbage, and what contradicts something else.

use std::collections::BTreeSet;
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
    /// The settings that are at fault by themselves; to hold them against others would only add noise.
    faulty: BTreeSet<String>,
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
        Self { lookup: Box::new(lookup), faults: Vec::new(), faulty: BTreeSet::new() }
    }

    /// A setting that must be there. After a fault it is the type's default, which nobody sees,
    /// because [`Settings::finish`] fails.
    pub fn required<T: FromStr + Default>(&mut self, name: &str) -> T {
        let Some(text) = (self.lookup)(name).filter(|text| !text.trim().is_empty()) else {
            self.refuse(name, format!("{name} is not set"));
            return T::default();
        };
        match text.trim().parse() {
            Ok(value) => value,
            Err(_) => {
                self.refuse(name, format!("{name} is not valid: {text:?}"));
                T::default()
            }
        }
    }

    /// A number that must lie between `least` and `most`.
    pub fn within(&mut self, name: &str, least: u64, most: u64) -> u64 {
        let faults_before = self.faults.len();
        let value: u64 = self.required(name);
        if self.faults.len() == faults_before && !(least..=most).contains(&value) {
            self.refuse(name, format!("{name} is {value}, which is not between {least} and {most}"));
        }
        value
    }

    fn refuse(&mut self, name: &str, fault: String) {
        self.faulty.insert(name.to_owned());
        self.faults.push(fault);
    }

    /// Refuses settings that are fine alone and not together, in these words. Says nothing when one of them is at fault
    /// by itself, since what was read of it means nothing.
    pub fn expect(&mut self, names: &[&str], holds: bool, otherwise: &str) {
        if !holds && !names.iter().any(|name| self.faulty.contains(*name)) {
            self.faults.push(otherwise.to_owned());
        }
    }

    /// Holds what surrounds every function against the kind of its stack: on AWS nothing may lead elsewhere, and a stack
    /// that takes the liberties of a local one must lead elsewhere. Values of credentials are never repeated.
    pub fn check_surroundings(&mut self, kind: StackKind, bucket_owner: &str) {
        let is_set = |name: &str| (self.lookup)(name).is_some_and(|text| !text.trim().is_empty());
        let endpoints: Vec<&str> = ENDPOINTS.into_iter().filter(|name| is_set(name)).collect();
        let profiles: Vec<&str> = PROFILES.into_iter().filter(|name| is_set(name)).collect();
        let key_id = (self.lookup)("AWS_ACCESS_KEY_ID").unwrap_or_default();
        let has_stack_name = is_set("STACK_NAME");
        let is_number =
            |name: &&str| (self.lookup)(name).is_some_and(|text| text.trim().parse::<u64>().is_ok());
        let not_numbers: Vec<&str> =
            ["DEBUG_SAMPLE", "SLOW_REQUEST_MILLIS"].into_iter().filter(|name| !is_number(name)).collect();
        let log_level = (self.lookup)("LOG_LEVEL").unwrap_or_default();
        self.expect(
            &[],
            LOG_LEVELS.contains(&log_level.trim()),
            "LOG_LEVEL is not one of error, warn, info and debug",
        );
        self.expect(&["STACK_NAME"], has_stack_name, "STACK_NAME is not set");
        for name in not_numbers {
            self.faults.push(format!("{name} is not a whole number"));
        }
        let is_account = bucket_owner.len() == 12 && bucket_owner.bytes().all(|byte| byte.is_ascii_digit());
        self.expect(&["BUCKET_OWNER"], is_account, "BUCKET_OWNER is not the number of an account");
        match kind {
            StackKind::Aws => {
                for name in endpoints.into_iter().chain(profiles) {
                    self.faults.push(format!("{name} is set, which only a local stack may have"));
                }
                let is_real = ACCESS_KEY_ID_LENGTH_MIN <= key_id.len();
                self.expect(&["STACK_KIND"], is_real, "AWS_ACCESS_KEY_ID is none that AWS gives");
                let is_real = bucket_owner != EMULATED_ACCOUNT;
                self.expect(&["BUCKET_OWNER"], is_real, "BUCKET_OWNER is the account of an emulator");
            }
            StackKind::Local => {
                let leads_elsewhere = !endpoints.is_empty();
                let fault = "STACK_KIND is local, but no AWS_ENDPOINT_URL leads away from AWS";
                self.expect(&["STACK_KIND"], leads_elsewhere, fault);
            }
        }
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

/// What leads the SDK to other servers than those of AWS.
const ENDPOINTS: [&str; 5] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SQS",
];

/// What has the SDK read a profile, which may name an endpoint too.
const PROFILES: [&str; 3] = ["AWS_CONFIG_FILE", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE"];

/// The shortest that AWS gives: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html>. Those that
/// emulators take for granted are shorter.
const ACCESS_KEY_ID_LENGTH_MIN: usize = 16;

/// The account that emulators pretend to be.
const EMULATED_ACCOUNT: &str = "000000000000";

const LOG_LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];

/// Where the stack runs. It changes nothing but what a function refuses to start with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StackKind {
    /// On AWS.
    #[default]
    Aws,
    /// On an emulator that only its developer can reach.
    Local,
}

impl FromStr for StackKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "aws" => Ok(Self::Aws),
            "local" => Ok(Self::Local),
            _ => Err(()),
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

impl AuthMode {
    /// Refuses a stack that is open to everybody anywhere but on its developer's machine.
    pub fn check(self, settings: &mut Settings<'_>, kind: StackKind) {
        let is_closed = self != Self::Open || kind == StackKind::Local;
        let names = ["AUTH_MODE", "STACK_KIND"];
        settings.expect(&names, is_closed, "AUTH_MODE is open, which only a local stack may be");
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
