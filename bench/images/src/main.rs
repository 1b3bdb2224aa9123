//! Makes the variants of one photo with our pipeline and says what that cost, or scores variants of anybody. The image
//! bench (`cargo xtask bench images`) runs this program and `bench/sharp/sharp.mjs` in turns.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the answer of this program is what it prints")]

mod command_line;
mod decode;
mod isolated;
mod job;
mod make;
mod ours;
mod outside;
mod parts;
mod reference;
mod score;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match command_line::CommandLine::parse().run() {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            // One line and no backtrace: what is wrong is mostly the photo.
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
