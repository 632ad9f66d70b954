"""What the configuration names is looked up on both sides before anything is written."""

from tests.support.shop import Shop


def test_a_location_that_was_switched_off_is_a_mistake_in_the_configuration(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    assert shop.run("stock").exit_code == 0
    for location in shop.shopify.store.locations.values():
        location.active = location.name != shop.settings.location.location
    shop.korona.sell_at_till("1001", 1)
    shop.settings.cache_path.unlink()
    with shop.requests() as seen:
        ran = shop.run_later("stock")
    assert (ran.exit_code, seen.writes) == (2, [])
    (error,) = shop.watched.results[0].errors
    assert "is deactivated" in str(error)


def test_a_full_run_looks_everything_up_anew_and_once(shop: Shop) -> None:
    shop.stocked("1001")
    shop.init()
    shop.run()
    for full, times in ((False, 0), (True, 1)):
        with shop.requests() as seen:
            shop.later()
            assert shop.run(full=full).exit_code == 0
        assert [seen.count("GET", each) for each in ("/shop.json", "/pointsOfSale", "/salesTaxes")] == [
            times,
            2 * times,
            times,
        ]
