//! The child: takes one order, makes it, and ends. It has no environment, opens nothing, and is expected to die.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use imaging::{Crew, Limits, Look, VARIANTS, VariantSpec};

use super::frames::{Frame, OrderLine, read_order, write_frame};
use super::produce::{Work, produce};
use super::{Cause, LeftOut, Piece};

/// The argument that makes the function's own program a worker.
pub const WORKER_ARGUMENT: &str = "render-one-file";

/// Takes an order from standard input and answers on standard output.
pub fn run() -> ExitCode {
    // The text of a panic may hold bytes of the file; the place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(io::stderr(), "panic at {place}");
    }));
    match take_order() {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            let _ = writeln!(io::stderr(), "{err}");
            ExitCode::FAILURE
        }
    }
}

fn take_order() -> io::Result<()> {
    let start = Instant::now();
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let order = read_order(&mut input)?;
    // Threads come first: the limits take away the right to start any.
    let crew = Crew::start(order.threads)?;
    imaging::give_back_freed_pixels();
    order.hard_limits.apply()?;
    write_frame(&mut output, &Frame::Ready, &[])?;

    let mut file = Vec::with_capacity(usize::try_from(order.file_bytes).map_err(io::Error::other)?);
    input.take(order.file_bytes).read_to_end(&mut file)?;
    let OrderLine { specs, wants_placeholder, limits, look, millis_left, .. } = order;
    let specs = specs.iter().map(|name| spec_named(name)).collect::<io::Result<Vec<_>>>()?;
    let time = Duration::from_millis(millis_left);
    let work = Work {
        specs: &specs,
        wants_placeholder,
        limits: &Limits::from(limits),
        look: Look::from(look),
        time_left: &|| start.elapsed() < time,
        crew: &crew,
    };
    let mut said = Ok(());
    produce(file, &work, &mut |piece| {
        if said.is_ok() {
            said = say(&mut output, piece);
        }
    });
    said?;
    write_frame(&mut output, &Frame::End, &[])
}

fn spec_named(name: &str) -> io::Result<VariantSpec> {
    let found = VARIANTS.iter().find(|spec| spec.name == name);
    found.copied().ok_or_else(|| io::Error::other("no such variant"))
}

fn say(output: &mut impl io::Write, piece: Piece) -> io::Result<()> {
    match piece {
        Piece::Size(width, height) => write_frame(output, &Frame::Size { width, height }, &[]),
        Piece::Placeholder(placeholder) => write_frame(output, &Frame::Placeholder(placeholder), &[]),
        Piece::LeftOut(LeftOut { name, cause }) => {
            let name = name.to_owned();
            let frame = match cause {
                Cause::OutOfTime => Frame::OutOfTime { name },
                Cause::ForGood(why) => Frame::LeftOut { name, why },
            };
            write_frame(output, &frame, &[])
        }
        Piece::Refused(reason) => {
            let frame = Frame::Refused { code: reason.code, message: reason.message };
            write_frame(output, &frame, &[])
        }
        Piece::Variant(variant) => {
            let frame = Frame::Variant {
                name: variant.spec.name.to_owned(),
                width: variant.width,
                height: variant.height,
                bytes: u64::try_from(variant.bytes.len()).map_err(io::Error::other)?,
            };
            write_frame(output, &frame, &variant.bytes)
        }
    }
}
