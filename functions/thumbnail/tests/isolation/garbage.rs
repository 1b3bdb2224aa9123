//! A worker that was taken over by its file says what it likes; none of it is believed.

use imaging::QUICK_VARIANTS;
use thumbnail::render::{Ending, Rendered, Renderer as _};

use crate::{impostor, order};

async fn answer(lines: &[&str]) -> Rendered {
    let quoted: Vec<String> = lines.iter().map(|line| format!("'{line}'")).collect();
    let script = format!("printf '%b\\n' {}", quoted.join(" "));
    impostor(&script).render(order(Vec::new(), QUICK_VARIANTS)).await.unwrap()
}

const SIZE: &str = r#"{"size":{"width":64,"height":48}}"#;

#[tokio::test]
async fn an_answer_that_does_not_fit_the_order_is_refused() {
    let variant = |name: &str, width: u32, bytes: u64| {
        format!(r#"{{"variant":{{"name":"{name}","width":{width},"height":48,"bytes":{bytes}}}}}"#)
    };
    let endless = "x".repeat(5_000);
    let cases: Vec<Vec<String>> = [
        vec!["no frame at all"],
        vec![""],
        vec![&endless],
        vec![r#""ready""#],
        vec![r#""end""#],
        vec![SIZE, r#""end""#],
        vec![SIZE, SIZE],
        vec![r#"{"size":{"width":0,"height":48}}"#],
        vec![r#"{"size":{"width":20000,"height":48}}"#],
        vec![&variant("640x480.jpeg", 64, 4)],
        vec![SIZE, &variant("640x480.avif", 64, 4)],
        vec![SIZE, &variant("../../u/secret", 64, 4)],
        vec![SIZE, &variant("640x480.jpeg", 65, 4)],
        vec![SIZE, &variant("640x480.jpeg", 64, 1_000_000_000_000)],
        vec![SIZE, &variant("640x480.jpeg", 64, 20), "<script>alert(1)</script>"],
        vec![SIZE, r#"{"placeholder":{"thumbHash":"<script>","dominantColor":"red"}}"#],
        vec![SIZE, r#"{"left_out":{"name":"nobody","why":""}}"#],
        vec![SIZE, r#"{"out_of_time":{"name":"nobody"}}"#],
        vec![
            SIZE,
            r#"{"out_of_time":{"name":"640x480.jpeg","why":""}}"#,
            r#"{"out_of_time":{"name":"640x480.jpeg"}}"#,
        ],
        vec![SIZE, r#"{"out_of_time":{"name":"640x480.jpeg"}}"#, &variant("640x480.jpeg", 64, 4)],
        vec![SIZE, r#"{"out_of_time":{"name":"640x480.jpeg"}}"#, r#""end""#],
        vec![r#"{"refused":{"code":"completed","message":""}}"#],
        vec![SIZE, r#"{"refused":{"code":"image_damaged","message":""}}"#],
        vec![r#"{"refused":{"code":"image_damaged","message":""}}"#, r#""end""#, SIZE],
    ]
    .map(|lines| lines.into_iter().map(str::to_owned).collect())
    .into();
    for lines in cases {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let rendered = answer(&lines).await;
        let garbage = Ending::Stopped("the decoder answered what it was not asked".to_owned());
        assert_eq!(rendered.ending, garbage, "{lines:?}");
        assert!(rendered.variants.is_empty(), "{lines:?}");
    }
}

#[tokio::test]
async fn a_text_of_a_worker_is_one_short_line() {
    let long =
        format!(r#"{{"refused":{{"code":"image_damaged","message":"{}"}}}}"#, "a\\\\u001b[2J".repeat(200));
    let rendered = answer(&[&long, r#""end""#]).await;
    let Ending::Refused(reason) = rendered.ending else { panic!("{:?}", rendered.ending) };
    assert!(
        reason.message.chars().count() <= 300 && !reason.message.contains('\u{1b}'),
        "{}",
        reason.message
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_the_end_of_its_worker_and_not_garbage() {
    for script in [
        r#"printf '{"size":{"width":64,'"#,
        r#"printf '{"size":{"width":64,"height":48}}\n{"variant":{"name":"640x480.jpeg","width":64,"height":48,"bytes":900}}\nabc'"#,
        "kill -SEGV $$",
        "exit 0",
    ] {
        let rendered = impostor(script).render(order(Vec::new(), QUICK_VARIANTS)).await.unwrap();
        let Ending::Stopped(why) = &rendered.ending else { panic!("{script}: {rendered:?}") };
        assert!(why.starts_with("the decoder ended"), "{script}: {why}");
        assert!(rendered.variants.is_empty(), "{script}");
    }
}
