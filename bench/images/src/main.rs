//! Makes the variants of one photo with our pipeline and says what that cost, or scores variants of anybody. The image
//! bench (`cargo xtask bench images`) runs this program and `bench/sharp/sharp.mjs` in turns.
#![allow(clippy::print_stdout, reason = "the answer of this program is what it prints")]

mod command_line;
mod decode;
mod isolated;
mod job;
mod make;
mod ours;
mod outside;
mod reference;
mod score;
mod usage;

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    println!("{}", command_line::CommandLine::parse().run()?);
    Ok(())
}
