//! [`longshore_fuzz::http_event`] under libFuzzer. Without it: replays files, or writes the seeds.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| longshore_fuzz::http_event(bytes));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    longshore_fuzz::without_fuzzer("http_event")
}
