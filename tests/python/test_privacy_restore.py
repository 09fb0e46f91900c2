"""A backup of before an erasure holds the person again: restored, it does not stay so."""

from __future__ import annotations

from pathlib import Path

from cercle.backup import back_up, restore
from cercle.privacy.erasure import Order, erase
from cercle.privacy.verify import read_needles, search_database, search_dump
from projects import World
from test_privacy_rights import clear_values, rows_of_others, someone


def test_who_was_erased_since_the_backup_is_erased_again(parsed_world: World, tmp_path: Path) -> None:
    world, settings = parsed_world, parsed_world.settings
    customer_id = someone(world)
    needles = read_needles(clear_values(world, customer_id))
    others = rows_of_others(world, customer_id)
    back_up(settings, tmp_path / "night.dump")
    erase(settings, Order("Asked for by letter.", customer_id))

    restored = restore(settings, tmp_path / "night.dump", is_replacing=True)

    assert (restored.erased_again_count, restored.unknown_erasure_count) == (1, 0)
    assert search_database(settings, needles) == []
    assert search_dump(settings, needles) == []
    assert rows_of_others(world, customer_id) == others
    [(reason,)] = world.rows("select reason from privacy.erasures")
    assert reason.endswith("a backup of before was restored.")
    # The same backup once more: now the proof of the second erasure says whom to erase.
    assert restore(settings, tmp_path / "night.dump", is_replacing=True).erased_again_count == 1
    assert search_database(settings, needles) == []
