//! Parses the command line, prints the answer. All behavior lives in the library.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command-line program; its output is for the person at the terminal"
)]

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command_line = operate::CommandLine::parse();
    let wants_json = command_line.json;
    match operate::run(command_line).await {
        Ok(answer) => {
            match wants_json {
                true => println!("{}", answer.json),
                false => println!("{}", answer.text),
            }
            if answer.is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The message with its causes. The service's own errors keep theirs for the log; here the log is the terminal.
fn told(error: &anyhow::Error) -> String {
    match error.downcast_ref::<shared::Error>() {
        Some(error) => error.chain(),
        None => format!("{error:#}"),
    }
}
