//! The worker by itself: what it gives, what it may not do, and how it dies.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use imaging::{QUICK_VARIANTS, VARIANTS, Variant};
use imaging_hostile::jpeg;
use shared::ports::SystemClock;
use thumbnail::render::{Cause, Ending, HardLimits, InProcess, Isolated, Renderer as _};

use crate::{MIB, SMALLEST, first_names, impostor, in_seconds, names, order, worker};

fn photo(width: u16, height: u16) -> Vec<u8> {
    imaging_sample::sample_photo_jpeg(width, height).unwrap()
}

#[tokio::test]
async fn a_worker_gives_the_same_as_the_work_in_this_process() {
    let in_process = InProcess::new(Arc::new(SystemClock));
    for file in [photo(700, 500), b"no picture".to_vec(), photo(60, 40)[..500].to_vec()] {
        let here = in_process.render(order(file.clone(), &VARIANTS)).await.unwrap();
        let there = worker(SMALLEST).render(order(file, &VARIANTS)).await.unwrap();
        assert_eq!(here, there);
    }
}

#[tokio::test]
async fn no_pixel_of_one_image_shows_in_the_next() {
    // What a damaged picture does not say must not come out of a buffer that held another picture.
    let in_process = InProcess::new(Arc::new(SystemClock));
    let whole = photo(640, 480);
    for cut in [jpeg::flat(640, 480, 3)[..1_500].to_vec(), photo(640, 480)[..20_000].to_vec()] {
        let alone = worker(SMALLEST).render(order(cut.clone(), QUICK_VARIANTS)).await.unwrap();
        in_process.render(order(whole.clone(), QUICK_VARIANTS)).await.unwrap();
        let after_another = in_process.render(order(cut, QUICK_VARIANTS)).await.unwrap();
        assert_eq!(alone, after_another);
    }
}

#[tokio::test]
async fn what_was_made_before_the_processor_time_ran_out_is_kept() {
    let limits = HardLimits { cpu_seconds: 1, ..SMALLEST };
    let mut long = order(photo(1920, 1080), &VARIANTS);
    long.limits.avif_pixels_max = u64::MAX;
    let rendered = worker(limits).render(long).await.unwrap();
    let Ending::Stopped(why) = &rendered.ending else { panic!("it was not stopped: {:?}", rendered.ending) };
    assert!(why.contains("1 seconds of processor time"), "{why}");
    assert_eq!(names(&rendered.variants), first_names(rendered.variants.len()));
    assert!(!rendered.variants.is_empty() && rendered.variants.len() < VARIANTS.len());
    assert_eq!(rendered.size, Some((1920, 1080)));
    assert!(rendered.placeholder.is_some());
}

#[tokio::test]
async fn a_worker_of_several_processors_makes_all_variants_although_it_may_start_no_thread() {
    let crowd = Isolated { threads: 3, ..worker(HardLimits { memory_bytes: 1024 * MIB, ..SMALLEST }) };
    let mut rendered = crowd.render(order(photo(700, 500), &VARIANTS)).await.unwrap();
    assert_eq!(rendered.ending, Ending::Finished);
    let place = |variant: &Variant| VARIANTS.iter().position(|spec| *spec == variant.spec);
    rendered.variants.sort_by_key(place);
    assert_eq!(names(&rendered.variants), first_names(VARIANTS.len()));
}

#[tokio::test]
async fn a_worker_begins_nothing_when_its_time_is_over() {
    let mut late = order(photo(60, 40), QUICK_VARIANTS);
    late.stop_at = in_seconds(0);
    let rendered = worker(SMALLEST).render(late).await.unwrap();
    assert_eq!((rendered.ending, rendered.variants.len()), (Ending::Finished, 0));
    let late: Vec<&str> = rendered
        .left_out
        .iter()
        .filter(|left_out| left_out.cause == Cause::OutOfTime)
        .map(|left_out| left_out.name)
        .collect();
    assert_eq!(late, first_names(QUICK_VARIANTS.len()));
}

#[tokio::test]
async fn a_limit_so_small_that_not_even_the_file_fits_is_a_matter_of_memory() {
    let limits = HardLimits { memory_bytes: 96 * MIB, ..SMALLEST };
    let rendered = worker(limits).render(order(vec![0xff; 120 * 1024 * 1024], QUICK_VARIANTS)).await.unwrap();
    let Ending::Stopped(why) = rendered.ending else { panic!("{:?}", rendered.ending) };
    assert!(why.contains("bytes of memory"), "{why}");
}

#[tokio::test]
async fn a_worker_is_given_no_variable_of_the_function() {
    let own = std::env::vars_os().count();
    assert!(0 < own, "this process has variables that could be handed down");
    // Its answer holds the number of bytes of its environment.
    let tell = r#"n=$(wc -c < /proc/$$/environ); printf '{"refused":{"code":"image_damaged","message":"%s"}}\n"end"\n' "$n""#;
    let rendered = impostor(tell).render(order(Vec::new(), QUICK_VARIANTS)).await.unwrap();
    let Ending::Refused(reason) = rendered.ending else { panic!("{:?}", rendered.ending) };
    assert_eq!(reason.message.trim(), "0");
}

#[tokio::test]
async fn the_last_words_of_a_worker_are_cut_and_cannot_hold_it_up() {
    // More than a pipe holds, so that a worker that nobody listens to would stand still.
    let endless = "i=0; while [ $i -lt 3000 ]; do echo 'CANARY CANARY CANARY CANARY CANARY CANARY' >&2; i=$((i+1)); done; exit 3";
    let mut talkative = impostor(endless);
    talkative.patience = Duration::from_mins(1);
    let rendered = talkative.render(order(Vec::new(), QUICK_VARIANTS)).await.unwrap();
    let Ending::Stopped(why) = rendered.ending else { panic!("{:?}", rendered.ending) };
    assert_eq!(why, "the decoder ended early");
}

/// The value of a limit of a running process, as its soft and its hard one.
fn limit(limits: &str, name: &str) -> (String, String) {
    let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
    let mut words = line[name.len()..].split_whitespace().map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

#[test]
fn a_worker_can_open_no_file_write_none_and_start_nothing() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_thumbnail"))
        .arg(thumbnail::render::WORKER_ARGUMENT)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let order = r#"{"specs":[],"wants_placeholder":false,"limits":{"file_bytes_max":1,"side_pixels_max":1,"pixels_max":1,"decode_bytes_max":1,"jpeg_scans_max":1,"avif_pixels_max":1},"look":{"normalize":false,"background":[0,0,0],"animation_frames_max":1},"threads":1,"hard_limits":{"memory_bytes":300000000,"cpu_seconds":9},"millis_left":1,"file_bytes":1}"#;
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{order}").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "\"ready\"\n");
    // It now waits for the byte of the file.
    let folder = format!("/proc/{}", child.id());
    let limits = std::fs::read_to_string(format!("{folder}/limits")).unwrap();
    let status = std::fs::read_to_string(format!("{folder}/status")).unwrap();
    drop(stdin);
    child.wait().unwrap();
    let both = |value: &str| (value.to_owned(), value.to_owned());
    assert_eq!(limit(&limits, "Max address space"), both("300000000"));
    assert_eq!(limit(&limits, "Max cpu time"), ("9".to_owned(), "10".to_owned()));
    assert_eq!(limit(&limits, "Max core file size"), both("0"));
    assert_eq!(limit(&limits, "Max file size"), both("0"));
    assert_eq!(limit(&limits, "Max open files"), both("0"));
    assert_eq!(limit(&limits, "Max processes"), both("0"));
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(status.contains("Threads:\t1"), "{status}");
}

#[test]
fn the_only_native_decoder_is_that_of_jpeg() {
    // The symbols of the program as it is built for tests; the one that ships has none, but is linked alike.
    let program = std::fs::read(env!("CARGO_BIN_EXE_thumbnail")).unwrap();
    let holds = |symbol: &str| {
        let symbol = [b"\0", symbol.as_bytes(), b"\0"].concat();
        program.windows(symbol.len()).any(|window| window == symbol)
    };
    for symbol in ["WebPEncode", "jpeg_read_header", "aom_codec_encode"] {
        assert!(holds(symbol), "the symbols of the libraries are to be seen, {symbol} among them");
    }
    for symbol in
        ["WebPDecode", "WebPGetFeaturesInternal", "VP8GetHeaders", "VP8LDecodeHeader", "VP8LDecodeImage"]
    {
        assert!(!holds(symbol), "{symbol} is linked");
    }
    for symbol in
        ["png_read_info", "dav1d_open", "aom_codec_decode", "aom_codec_av1_dx", "GifOpen", "DGifOpen"]
    {
        assert!(!holds(symbol), "{symbol} is linked");
    }
}
