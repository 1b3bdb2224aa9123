//! [`longshore_fuzz::queue_message`] under libFuzzer. Without it: replays files, or writes the seeds.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| longshore_fuzz::queue_message(bytes));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    longshore_fuzz::without_fuzzer("queue_message")
}
