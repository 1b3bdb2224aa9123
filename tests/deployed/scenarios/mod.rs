//! The scenarios, a file for each subject.

mod alarms;
mod bad_requests;
mod broken_answers;
mod broken_assembly;
mod broken_parts;
mod cross_origin;
mod dead_letters;
mod duplicates;
mod endings;
mod forged_urls;
mod gateway;
mod insights;
mod large_file;
mod listing;
mod logs;
mod metrics;
mod owners;
mod permissions;
mod photo;
mod races;
mod unsigned_headers;

use crate::stack::Stack;

/// One scenario; panics when something is not as it should be.
pub(crate) type Scenario = fn(&Stack);

macro_rules! named {
    ($($module:ident :: $scenario:ident),* $(,)?) => { &[$((stringify!($scenario), $module::$scenario)),*] };
}

/// Scenarios that do not mind each other.
pub(crate) const SIDE_BY_SIDE: &[(&str, Scenario)] = named![
    photo::a_photo_becomes_ten_variants_that_open_with_their_recorded_sizes,
    large_file::parts_in_any_order_and_twice_become_one_proved_file,
    large_file::a_part_that_is_replaced_after_its_report_is_asked_for_again,
    large_file::a_client_that_knows_nothing_but_the_id_resumes,
    listing::a_part_on_the_second_page_of_the_listing_is_seen,
    forged_urls::a_forged_url_stores_no_part,
    forged_urls::a_forged_put_of_a_whole_file_stores_nothing,
    forged_urls::an_expired_url_stores_nothing,
    endings::a_cancelled_upload_leaves_nothing_behind,
    endings::an_expired_upload_leaves_nothing_behind,
    races::two_callers_who_complete_at_once_make_one_file,
    races::two_callers_who_report_the_last_parts_at_once_make_one_file,
    races::one_idempotency_key_is_one_upload_however_many_ask_at_once,
    owners::somebody_elses_id_is_answered_like_one_that_does_not_exist,
    owners::nobody_gets_past_the_gate_without_a_good_token,
    bad_requests::every_bad_request_gets_its_own_clear_refusal,
];

/// Scenarios that do not mind each other, on a stack that is reached through the proxy.
pub(crate) const BROKEN: &[(&str, Scenario)] = named![
    unsigned_headers::a_url_takes_no_header_of_s3_that_nobody_signed,
    unsigned_headers::a_url_copies_no_object,
    unsigned_headers::a_body_of_no_stated_length_is_refused,
    broken_parts::a_part_whose_answer_was_lost_is_sent_again,
    broken_parts::a_part_that_broke_off_is_not_there,
    broken_parts::a_part_that_changed_on_the_way_is_refused,
    broken_parts::a_listing_that_breaks_off_acknowledges_nothing,
    broken_answers::an_answer_that_was_lost_is_given_again,
    broken_answers::a_table_that_errs_after_writing_leaves_one_part_on_record,
    broken_answers::a_table_that_throttles_makes_the_caller_wait,
    broken_answers::a_queue_that_is_away_costs_no_file,
    broken_answers::a_message_that_was_never_sent_is_sent_by_cleanup,
    broken_answers::a_store_that_is_away_opens_nothing,
    broken_answers::a_table_that_is_away_hands_out_no_url,
    broken_answers::a_dependency_that_takes_ten_seconds_is_given_up_in_time,
    broken_answers::a_line_that_went_dead_is_opened_anew,
    broken_assembly::a_completion_that_breaks_in_any_way_ends_in_one_whole_file,
    broken_assembly::a_completion_that_s3_finds_corrupt_is_no_file,
    broken_assembly::an_object_that_is_not_ours_is_no_file,
    broken_assembly::the_checksum_of_the_whole_is_that_of_the_bytes,
    cross_origin::a_page_of_another_origin_reaches_neither_the_api_nor_the_store,
    cross_origin::a_page_of_ours_may_send_what_is_signed_and_read_the_tag,
];

/// Scenarios that are alone with such a stack.
pub(crate) const BROKEN_ALONE: &[(&str, Scenario)] = named![
    gateway::the_gateway_takes_neither_too_much_nor_too_often,
    dead_letters::a_message_that_always_fails_becomes_a_dead_letter_and_can_be_redriven,
];

/// What is alone with such a stack and comes last, because it looks at the calls of all others.
pub(crate) const AFTER_ALL: &[(&str, Scenario)] = named![
    permissions::no_function_may_do_more_than_its_role_says,
    permissions::without_any_one_action_a_function_is_refused,
];

/// Scenarios that are alone with the stack.
pub(crate) const ALONE: &[(&str, Scenario)] = named![
    endings::a_file_past_its_end_is_gone_with_its_variants,
    alarms::a_dead_letter_rings_tells_what_to_do_and_stops_ringing_when_it_is_gone,
    duplicates::messages_that_come_again_change_nothing,
    // Reads what all of the others have made the functions write.
    logs::the_logs_hold_no_secret_and_no_panic,
    insights::who_operates_is_told_how_the_stack_is_doing_and_nobody_else,
    insights::the_deep_health_check_has_tried_every_dependency,
    metrics::every_line_of_metrics_is_one_that_cloudwatch_takes,
    metrics::cloudwatch_answers_with_the_numbers_of_the_functions,
];
