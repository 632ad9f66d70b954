"""What can go wrong, row by row, and the test that plays it: `python -m tests.failures` lists the rows without one.

A: process, disk, state. B: bounds. C: KORONA. D: Shopify. E: configuration and mass changes. F: matching and products.
G: orders. H: refunds. S: the last piece. X: security.
"""

import re
import sys
from pathlib import Path

ROWS = """
A1  dies before an intent is on the disk | wherever_korsync_dies_every_receipt_is_booked_once
A2  dies after the intent, before the POST | a_lost_request_is_sent_again_word_for_word_when_it_can_no_longer_arrive
A3  dies after KORONA has it | a_process_killed_in_a_request_loses_and_doubles_nothing
A4  dies while a file is written | killed_at_any_step_the_old_or_the_new_content_is_there_whole
A5  the last line of the journal is torn | a_line_that_a_crash_tore_costs_itself_alone
A6  SIGTERM, SIGINT, SIGHUP | told_to_end_at_any_request_a_run_is_recorded_and_the_next_ones_do_the_rest
A7  disk full, read-only, EIO | whichever_step_to_the_disk_fails_nothing_is_lost_or_doubled
A8  the state is missing | a_missing_state_file_is_refused_and_both_ways_out_are_named
A9  the state is empty, torn, no JSON | a_state_cut_off_anywhere_is_refused
A10 the state is of a newer version | a_state_of_a_newer_version_is_refused_and_the_newer_korsync_asked_for
A11 the state was edited by hand | a_mistake_made_by_hand_is_refused_with_its_path
A12 the state is another shop's | the_state_of_another_shop_account_or_point_of_sale_is_refused
A13 the state is an old copy | a_state_file_put_back_from_a_copy_books_nothing_twice
A14 runs overlap | of_fifty_processes_at_once_one_works_and_the_others_leave_at_once_and_send_nothing
A15 two machines work on one shop | two_machines_in_the_same_moment_are_noticed_and_both_receipts_named
A16 the file system knows no locks | a_file_system_without_locks_is_refused
A17 this machine's clock is wrong | a_machine_whose_clock_is_wrong_is_told_and_goes_on_selling
A18 summer time begins or ends | times_come_back_in_utc
A19 cron: no terminal, no home, no umlauts | a_terminal_that_does_not_know_a_character_gets_it_spelt_out
A20 a bug in korsync | a_bug_is_one_line_with_a_mark
A21 50,000 articles | fifty_thousand_articles_are_read_in_under_four_seconds
A22 no run has succeeded for hours | an_outage_is_silent_until_it_has_lasted_and_its_end_is_told
B1  a side drips or asks for patience without end | a_side_that_drips_ends_the_run_in_time_and_it_is_recorded
B2  a list does not end | a_list_that_never_ends_is_given_up
B3  an answer does not end | a_dripping_answer_meets_its_deadline
C1  204 | an_empty_204_is_left_to_the_reader
C2  empty where there were rows | a_stock_list_that_comes_back_empty_or_far_too_short_is_told_and_empties_nothing
C3  HTML, nulls, wrong types | an_answer_after_a_mishap_derives_no_write_and_stops_nothing_else
C4  a row moves while pages are read | an_article_saved_while_pages_are_read_hides_no_other
C5  maxRevision is higher than any row | the_cursor_is_the_highest_revision_seen_not_the_highest_there_is
C6  revisions are set back | an_account_set_back_is_read_anew_and_told_once
C7  an article is switched off | deleted_articles_come_without_their_number
C8  rows are fewer or in another order | a_batch_whose_rows_come_in_another_order_or_not_at_all_is_matched_row_by_row
C9  a row says ERROR | of_a_half_failed_batch_the_good_ones_are_booked_and_not_sent_again
C10 a row says UPDATED, NONE, DELETED | a_row_that_says_nothing_known_proves_nothing
C11 a row says QUEUED | a_queued_receipt_that_does_not_come_is_held_after_a_day
C12 a batch fails by half | a_look_up_that_fails_after_an_error_row_hides_nothing_of_the_rows_behind_it
C13 a batch is refused whole | a_batch_refused_for_one_receipt_is_posted_one_by_one
C14 the number is in use | a_repeated_number_is_rejected_with_koronas_code
C15 a batch is too large | first_attempts_go_in_batches_of_20_and_repeats_alone
C16 too many writes at a time | a_receipt_that_came_too_fast_is_looked_up_before_it_is_sent_again
C17 the day's limit is used up | a_used_up_day_is_not_asked_again
C18 the login or the account is refused | a_wrong_password_is_refused_with_4_asked_once_and_nothing_is_written
C19 the point of sale is not fit | a_point_of_sale_that_is_no_longer_fit_is_refused_and_nothing_is_sent
C20 a prefix before the number | every_row_is_recognised_with_and_without_prefix_and_own_ids
C21 two receipts for one order | two_receipts_for_one_order_are_held_and_nothing_more_is_posted
C22 a filter finds too much | a_look_up_hands_back_all_that_korona_finds_under_an_order_number
C23 a stock figure is missing, negative, broken | fractions_are_rounded_down_and_negatives_pass
C24 a stocktaking makes figures jump | more_than_thirty_percent_emptied_at_once_stops_the_pipeline
C25 goods that come back unsellable | goods_that_korona_takes_for_unsellable_are_booked_with_a_note
D1  429 with Retry-After | a_429_of_the_api_is_waited_out_as_told
D2  the token runs out | a_token_that_ran_out_is_renewed_once
D3  a scope is missing | a_missing_scope_is_named
D4  the store is locked or frozen | a_refusal_is_not_repeated
D5  a redirect | a_redirect_is_never_followed_and_names_the_host
D6  a web page under 200 | a_maintenance_page_says_nothing_about_the_configuration
D7  another version answers | another_api_version_is_remarked_also_in_json_and_with_quiet_once_a_day
D8  a link to elsewhere or round in circles | a_link_that_goes_round_in_circles_is_given_up
D9  closed orders are hidden by default | closed_and_cancelled_orders_come_too
D10 an order changes between two pages | orders_that_change_between_two_pages_are_neither_lost_nor_booked_twice
D11 an order is listed late | an_order_listed_late_is_booked_once
D12 an order is too old to be shown | a_refund_of_an_order_that_shopify_shows_no_more_is_held
D13 an order was deleted | a_refund_that_shopify_takes_back_before_it_was_booked_is_forgotten
D14 an item is refused | what_shopify_refuses_is_held_and_the_others_go_on
D15 a write is answered and not done | a_write_that_is_answered_200_but_changes_nothing_is_held
D16 a page is too much for the server | a_list_that_was_too_much_is_asked_for_in_smaller_pages
D17 a plus in a time | times_are_sent_in_utc
D18 a level is null | an_untracked_level_is_not_zero
E1  an unknown or doubled key | a_mistake_is_named_with_its_line_and_key
E2  what YAML makes of 0123, no, 12:30 | a_file_after_a_mishap_is_read_right_or_refused_in_a_clear_line
E3  a variable is unset | an_unset_or_empty_variable_is_named
E4  the wrong price list | a_wrong_price_list_stops_products_only
E5  far too many changes | ten_of_twenty_prices_stop_the_run_and_nine_do_not
E6  the wrong place, warehouse or currency | the_point_of_sales_warehouse_must_be_among_the_summed_ones
E7  others can read a secret | a_secret_in_a_file_that_others_may_touch_is_refused
F1  a SKU or number stands twice | a_sku_that_comes_to_stand_twice_is_written_nowhere
F2  a SKU that nearly matches | near_matches_are_named_and_not_written
F3  a SKU moves | a_renumbered_article_leaves_its_old_variant_and_finds_its_new_one
F4  a price is missing, 0, negative, half a cent | a_price_of_nothing_or_less_is_held_as_long_as_the_shop_shows_another
F5  a price begins later | a_future_price_arrives_in_the_first_run_after_its_day_without_any_revision
F6  a name is empty, long, hostile | hostile_names_arrive_as_titles_and_stay
F7  tracking is switched off for many | tracking_switched_off_for_many_stops_and_switched_on_does_not
F8  an image is no image, too large, there already | what_is_no_image_is_left_with_its_reason_and_asked_for_only_once
F9  a bundle is sold | a_bundle_sold_takes_its_parts
G1  the product was deleted | a_product_deleted_in_shopify_is_booked_by_its_sku
G2  no SKU, tips, shipping, duties | what_is_no_article_goes_on_the_default_article
G3  a gift card is sold or used | a_gift_card_sold
G4  discounts | a_discount_is_the_sum_of_its_allocations
G5  the total differs | a_total_that_is_off_by_anything_is_held_with_both_figures
G6  taxes included, added, exempt | an_exempt_sale_is_taxed_at_0_percent_or_not_at_all
G7  several currencies | the_shops_money_goes_before_the_buyers
G8  a test order | a_test_order
G9  an unpaid order | archived_fulfilled_and_unpaid_orders_are_orders
G10 cancelled before it was booked | an_order_cancelled_before_it_was_booked
G11 from before the start | an_order_from_before_the_start
G12 no pieces, many lines | a_line_of_no_pieces_is_left_out
G13 two orders of one name | orders_of_one_name_are_told_apart_by_their_ids
G14 edited after it was booked | what_an_edit_adds_is_booked_once_as_a_receipt_of_its_own
G15 edited after its intent | an_order_whose_sale_was_lost_and_that_was_edited_since_is_booked_with_its_own_articles
G16 from another channel | an_order_imported_from_elsewhere_counts_by_the_day_on_which_it_was_placed
G17 KORONA refuses it for good | a_receipt_that_korona_refuses_is_held_with_its_words_and_tried_again
H1  a restocked refund | every_kind_of_restock_is_booked
H2  a refund without restock | goods_that_stay_away_are_listed_once
H3  several refunds, the same line twice | more_than_was_booked_is_held
H4  money alone | an_amount_alone_is_listed_once
H5  a refund of what is not booked | a_refund_of_a_held_order_waits_with_it
H6  ordered and refunded between two runs | a_refund_seen_with_its_order_waits_for_the_settled_sale
H7  an exchange | an_exchange_is_a_return_and_a_receipt_of_what_was_added
H8  a refund changes later | pieces_that_change_after_the_booking_are_told_once_and_nothing_booked_again
H9  everything of a return is negative, once | everything_of_a_return_is_negative
H10 an edit takes pieces out | an_edit_that_takes_pieces_out_is_a_return
S1  the race for the last piece | without_sales_at_the_till_nothing_is_ever_sold_twice
S2  ... with a till | with_sales_at_the_till_no_more_is_offered_than_what_nobody_could_have_seen
S3  an adjustment is lost | an_adjustment_with_an_unknown_outcome_is_read_again_and_never_repeated
S4  the state is lost | adopt_finds_a_thousand_orders
S5  a receipt came otherwise than posted | once_receipts_came_back_one_that_does_not_is_held_and_the_others_go_on
S6  pieces that KORONA holds already | pieces_that_korona_holds_already_are_not_booked_as_added_over_and_over
X1  the environment names proxies or logins | no_netrc_no_proxy_no_cookie_goes_along
X2  a certificate that nobody knows | a_certificate_that_nobody_knows_is_refused
X3  another host gets the token | no_other_address_gets_the_shopify_token
X4  a secret is told | no_error_tells_a_secret
X5  files that others can read | the_state_file_is_for_its_owner_only
X6  a link in place of a file | a_symbolic_link_is_neither_read_nor_replaced
X7  names that command a terminal | no_screen_shows_a_hostile_name_as_it_is
X8  personal data | only_what_a_receipt_needs_is_asked_for
X9  a dry run writes | a_dry_run_of_each_command_sends_only_get
"""
"""What happens | the test that plays it, without `test_`."""


def without_a_test() -> list[str]:
    """Return the rows whose test does not exist."""
    files = Path(__file__).parent.rglob("test_*.py")
    tests = {name for path in files for name in re.findall(r"^def test_(\w+)", path.read_text("utf-8"), re.MULTILINE)}
    rows = ROWS.strip().splitlines()
    return [row for row in rows if row.rpartition(" | ")[2] not in tests]


if __name__ == "__main__":
    missing = without_a_test()
    print("\n".join([*missing, f"{len(ROWS.strip().splitlines())} rows, {len(missing)} without a test"]))
    sys.exit(min(1, len(missing)))
