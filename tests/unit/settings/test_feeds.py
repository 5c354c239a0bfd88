"""Feeds beside the two by our own names, and their mappings: what is loaded, and a line for each mistake."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.mapping import Source
from app.settings.profiles import PROFILES
from tests.unit.settings import SECRET, VALID, loaded, mistakes, toml

POKER = {"feeds.poker.kind": '"bet"', "feeds.poker.webhook_secrets": f'["{SECRET}"]'}
MAPPED = POKER | {"feeds.poker.fields.provider_id": '"vendor"'}
BRAND = (
    "feeds.poker.fields.brand_id: is needed, since the events of flat-cents name no brand: "
    '{constant = "…"}, or where the payload names it, "brand_id"'
)
LOOP = (
    "to where it is found, or contributions would breed contributions; "
    "if the platform's debits show it otherwise, list their game_codes or event_types there"
)


def sources(file: str, **options: Any) -> dict[str, Source]:
    feed = loaded(file, **options).feed_values()[-1]
    assert feed.mapping
    return dict(feed.mapping.sources)


def test_a_section_makes_another_feed_with_the_defaults_of_its_kind() -> None:
    bet, _, poker = loaded(toml(**POKER)).feed_values()

    assert ("poker", "bet", None) == (poker.name, poker.kind, poker.mapping)
    assert (bet.filter, bet.rules) == (poker.filter, poker.rules)


def test_another_feed_can_come_from_variables_and_secrets_with_underscores_for_its_hyphens() -> None:
    file = toml(**{"feeds.live-casino.kind": '"bet"', "feeds.live-casino.minimum_amount": '"1"'})
    feed = loaded(
        file,
        secrets={"feeds__live_casino__webhook_secrets": SECRET},
        environment={
            "FEEDS__LIVE_CASINO__EVENT_TYPES": "a b",
            "FEEDS__LIVE_CASINO__AMOUNT_SCALE": "2",
            "FEEDS__LIVE_CASINO__RULES": '[{"source_id": "live"}]',
            "FEEDS__LIVE_CASINO__FIELDS__EVENT_ID": "data.id",
            "FEEDS__LIVE_CASINO__FIELDS__PROVIDER_ID": '["a", "b"]',
            "FEEDS__LIVE_CASINO__FIELDS__BRAND_ID": '{"constant": "brand1"}',
        },
    ).feed_values()[-1]

    assert ("live-casino", frozenset({"a", "b"}), Decimal(1)) == (
        feed.name,
        feed.filter.counted_event_types,
        feed.filter.minimum_amount,
    )
    assert ["live"] == [rule.source_id for rule in feed.rules]
    assert feed.mapping
    assert feed.mapping.amount_scale == 2
    assert feed.mapping.sources["event_id"] == Source(paths=(("data", "id"),))
    assert feed.mapping.sources["provider_id"] == Source(paths=(("a",), ("b",)))
    assert feed.mapping.sources["brand_id"] == Source(constant="brand1")


def test_the_built_in_feeds_can_be_mapped_by_variables_too() -> None:
    environment = {"FEEDS__BET__FIELDS__PROVIDER_ID": "data.vendor", "FEEDS__BET__STATUSES": "ok"}
    bet, deposit = loaded(environment=environment).feed_values()

    assert bet.mapping
    assert bet.mapping.sources["provider_id"] == Source(paths=(("data", "vendor"),))
    assert deposit.mapping is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"data.id"', Source(paths=(("data", "id"),))),
        ('"items.0.id"', Source(paths=(("items", 0, "id"),))),
        ('["id", "data.id"]', Source(paths=(("id",), ("data", "id")))),
        (
            '[["data", "user.id"], ["items", 0], ["items", "0"]]',
            Source(paths=(("data", "user.id"), ("items", 0), ("items", "0"))),
        ),
        (
            '{path = "id", default = "x", values = {"1" = "a"}}',
            Source(paths=(("id",),), default="x", values={"1": "a"}),
        ),
        ('{path = ["id", "key"]}', Source(paths=(("id",), ("key",)))),
        ('{constant = "x"}', Source(constant="x")),
    ],
)
def test_a_field_is_written_as_a_path_alternatives_or_a_table(written: str, expected: Source) -> None:
    assert expected == sources(toml(**MAPPED, **{"feeds.poker.fields.game_code": written}))["game_code"]


def test_a_field_that_is_not_named_is_found_under_our_own_name() -> None:
    assert Source(paths=(("player_id",),)) == sources(toml(**MAPPED))["player_id"]


@pytest.mark.parametrize("setting", ['statuses = ["ok"]', 'free_stakes = ["free"]', 'bonus = "subtracted"'])
def test_a_field_is_read_only_where_a_setting_looks_at_it(setting: str) -> None:
    key, _, value = setting.partition(" = ")
    field = {"statuses": "status", "free_stakes": "stake_type", "bonus": "bonus_amount"}[key]
    read = MAPPED | {f"feeds.poker.{key}": value, f"feeds.poker.fields.{field}": '"data.it"'}
    read |= {"feeds.poker.amount_places": "2"}

    assert field not in sources(toml(**MAPPED))
    assert Source(paths=(("data", "it"),)) == sources(toml(**read))[field]


def test_a_status_that_is_not_named_is_found_under_our_own_name() -> None:
    assert Source(paths=(("status",),)) == sources(toml(**POKER, **{"feeds.poker.statuses": '["ok"]'}))["status"]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_used_by_name_and_what_the_feed_sets_wins(profile: str) -> None:
    settings = {
        "feeds.casino.profile": f'"{profile}"',
        "feeds.casino.webhook_secrets": f'["{SECRET}"]',
        "feeds.casino.fields.brand_id": '{constant = "brand1"}',
        "feeds.casino.fields.player_id": '"elsewhere"',
        "feeds.casino.event_types": '["other"]',
        "feeds.casino.amount_scale": "3",
    }
    feed = loaded(toml(**settings)).feed_values()[-1]

    assert feed.mapping
    assert feed.mapping.amount_scale == 3
    assert feed.filter.counted_event_types == {"other"}
    assert feed.mapping.sources["player_id"] == Source(paths=(("elsewhere",),))
    assert feed.mapping.sources["event_id"].paths[0][-1] in {"id", "payment_id", "transaction_id", "activity_id"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"feeds.poker.kind": None}, ["feeds.poker.kind: is needed"]),
        ({"feeds.poker.kind": '"bets"'}, ["feeds.poker.kind: Input should be 'bet' or 'deposit'"]),
        ({"feeds.bet.kind": '"deposit"'}, ["feeds.bet.kind: is bet"]),
        ({"feeds.poker": '"bet"'}, ["feeds.poker: a section, whose settings are named one by one"]),
        ({"feeds.poker.stake": "1"}, ["feeds.poker.stake: there is no such setting"]),
        ({"feeds.poker.rules": '[{source_id = "{round}"}]'}, ["feeds.poker.rules.0.source_id: a bet has no round"]),
        ({"feeds.poker.profile": '"flat"'}, ["feeds.poker.profile: Input should be 'activity-list', "]),
        (
            {"feeds.poker.profile": '"flat"', "feeds.poker.kind": None},
            ["feeds.poker.profile: Input should be 'activity-list', "],
        ),
        ({"feeds.poker.profile": '"payment-notification"'}, ["feeds.poker.profile: is for a deposit"]),
        ({"feeds.poker.profile": '"flat-cents"'}, [BRAND]),
        (
            {"feeds.poker.event_types": '["BET", "Cancel"]', "feeds.poker.rollback_event_types": '[" cancel "]'},
            ["feeds.poker.event_types: Cancel counts for nothing: it is one of rollback_event_types"],
        ),
        (
            {"feeds.poker.event_types": '["bet_cancelled"]'},
            ["feeds.poker.event_types: bet_cancelled counts for nothing: it is one of rollback_event_types"],
        ),
        (
            {"feeds.poker.event_types": '["wager", "Jackpot"]', "contribution_events.event_types": '["JACKPOT"]'},
            ["feeds.poker.event_types: Jackpot counts for nothing: it is one of contribution_events.event_types"],
        ),
        ({"feeds.poker.amount_scale": "-1"}, ["feeds.poker.amount_scale: "]),
        ({"feeds.poker.amount_scale": "2.5"}, ["feeds.poker.amount_scale: "]),
        ({"feeds.poker.amount_places": "19"}, ["feeds.poker.amount_places: "]),
        (
            {"feeds.poker.amount_places": "2", "feeds.poker.amount_scale": "2"},
            ["feeds.poker.amount_places: is for major units"],
        ),
        (
            {"feeds.poker.bonus": '"subtracted"', "feeds.poker.fields.bonus_amount": '"bonus"'},
            ['feeds.poker.amount_places: is needed with bonus = "subtracted"'],
        ),
        ({"feeds.poker.amount_sign": '"minus"'}, ["feeds.poker.amount_sign: "]),
        ({"feeds.poker.time_format": '"iso"'}, ["feeds.poker.time_zone: is needed with"]),
        ({"feeds.poker.time_zone": '"Mars"'}, ["feeds.poker.time_zone: there is no time zone Mars"]),
        ({"feeds.poker.time_zone": '"Europe"'}, ["feeds.poker.time_zone: there is no time zone Europe"]),
        ({"feeds.poker.time_zone": '"../etc"'}, ["feeds.poker.time_zone: there is no time zone ../etc"]),
        (
            {"feeds.poker.fields.evnt_id": '"id"'},
            ["feeds.poker.fields.evnt_id: there is no such setting; did you mean event_id?"],
        ),
        ({"feeds.poker.fields.status": '"s"'}, ["feeds.poker.statuses: is needed with fields.status"]),
        ({"feeds.poker.fields.stake_type": '"s"'}, ["feeds.poker.free_stakes: is needed with fields.stake_type"]),
        ({"feeds.poker.fields.bonus_amount": '"b"'}, ['feeds.poker.bonus: "subtracted" is needed with fields.bonus']),
        ({"feeds.poker.free_stakes": '["free"]'}, ["feeds.poker.fields.stake_type: is needed with free_stakes"]),
        (
            {"feeds.poker.bonus": '"subtracted"', "feeds.poker.amount_places": "2"},
            ["feeds.poker.fields.bonus_amount: is needed with bonus"],
        ),
    ],
)
def test_a_mistake_in_a_feed_is_one_line_that_names_it(changes: dict[str, str | None], expected: list[str]) -> None:
    settings = POKER if "feeds.poker" not in changes else {}
    if any(key.startswith("feeds.poker.fields") for key in changes):
        settings = MAPPED
    found = mistakes(toml(**(settings | changes)))

    assert len(expected) == len(found)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


CASINO = {
    "feeds.casino.profile": '"activity-list"',
    "feeds.casino.webhook_secrets": f'["{SECRET}"]',
    "feeds.casino.fields.brand_id": '{constant = "brand1"}',
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"statuses": "[]"}, "statuses: is needed with fields.status"),
        ({"statuses": "[]", "fields.status": '"status"'}, "statuses: is needed with fields.status"),
        ({"statuses": "[]", "fields.status": '"state"'}, "statuses: is needed with fields.status"),
        ({"fields.stake_type": '"kind"'}, "free_stakes: is needed with fields.stake_type"),
        ({"fields.bonus_amount": '"bonus"'}, 'bonus: "subtracted" is needed with fields.bonus_amount'),
        ({"free_stakes": '["free"]'}, "fields.stake_type: is needed with free_stakes"),
        ({"profile": '"flat-cents"', "bonus": '"subtracted"'}, "fields.bonus_amount: is needed with bonus"),
    ],
)
def test_what_is_set_beside_a_profile_and_leaves_something_unread_is_a_mistake(
    changes: dict[str, str], expected: str
) -> None:
    (line,) = mistakes(toml(**(CASINO | {f"feeds.casino.{key}": value for key, value in changes.items()})))

    assert line.startswith(f"feeds.casino.{expected}")


@pytest.mark.parametrize(
    "changes",
    [
        {"fields.bonus_amount": '"bonus_wager_amount"'},
        {"fields.status": '"state"'},
    ],
)
def test_what_a_profile_names_and_the_feed_does_not_use_is_none(changes: dict[str, str]) -> None:
    assert sources(toml(**(CASINO | {f"feeds.casino.{key}": value for key, value in changes.items()})))


@pytest.mark.parametrize("name", ["Poker", "9s", "live_casino", '"a b"', '"poker/1"', "a" * 51])
def test_a_name_that_would_make_no_good_path_is_a_mistake(name: str) -> None:
    settings = {key.replace("poker", name): value for key, value in POKER.items()}
    file = "".join(f"{key} = {value}\n" for key, value in (VALID | settings).items())

    (line,) = mistakes(file)

    bare = name.strip('"')
    assert line.startswith(f"feeds.{bare}: a feed's name is ")


@pytest.mark.parametrize(
    ("field", "written", "says"),
    [
        ("event_id", '""', "a path is a key"),
        ("event_id", '"data..id"', "a path is a key"),
        ("event_id", '"0.id"', "a path is a key"),
        ("event_id", '"$.data.id"', "a path has dots between its keys"),
        ("event_id", '"/data/id"', "a path has dots between its keys"),
        ("event_id", '"items[0].id"', "a path has dots between its keys"),
        ("event_id", "[]", "must name a path"),
        ("event_id", "[[]]", "a path is a key"),
        ("event_id", '[["data", -1]]', "a path is a key"),
        ("event_id", '[["data", 1.5]]', "a path is a key"),
        ("event_id", '[["data", true]]', "a path is a key"),
        ("event_id", '"data.1001.id"', "places in an array: 0, 1, … 1000"),
        ("event_id", '[["data", 1001, "id"]]', "places in an array: 0, 1, … 1000"),
        ("event_id", '"items.999999999.id"', "places in an array: 0, 1, … 1000"),
        ("event_id", "1", 'a field is a path, "data.id", a list of paths, or a table'),
        ("event_id", "{}", "is either a path or a constant"),
        ("event_id", '{constant = "a"}', "is each event's own"),
        ("event_id", '{path = "id", default = "a"}', "is each event's own"),
        ("amount", '{constant = "1"}', "is each event's own"),
        ("occurred_at", '{path = "time", default = "now"}', "is each event's own"),
        ("amount", '{path = "a", values = {"1" = "2"}}', "only text has values"),
        ("game_code", '{path = "a", constant = "b"}', "is either a path or a constant"),
        ("game_code", '{constant = "a", default = "b"}', "a constant has no default and no values"),
        ("game_code", '{constant = ""}', "must not be blank"),
        ("game_code", '{constant = "a\\tb"}', "is no game_code"),
        ("game_code", '{paths = "a"}', "there is no such setting"),
        ("brand_id", '{constant = "brand2"}', "is none of brands"),
        ("brand_id", '{path = "b", values = {"1" = "brand2"}}', "is none of brands"),
        ("currency", '{constant = "eur"}', "is no currency"),
        ("event_type", '{constant = "deposit"}', "is none of event_types, so nothing would count"),
        ("player_country", '{path = "c", default = "Malta"}', "is no player_country"),
    ],
)
def test_a_mistake_in_a_field_is_one_line_that_names_it(field: str, written: str, says: str) -> None:
    found = mistakes(toml(**(MAPPED | {f"feeds.poker.fields.{field}": written})))
    (line,) = {line for line in found if "is either" not in line or says.startswith("is either")}

    assert line.startswith(f"feeds.poker.fields.{field}")
    assert says in line


@pytest.mark.parametrize(
    ("field", "written", "expected"),
    [
        ("status", '{constant = "okay"}', "status.constant: is none of statuses, so nothing would count"),
        ("event_type", '{path = "t", values = {"1" = "BTE"}}', "event_type.values.1: is none of event_types and"),
        ("event_type", '{path = "t", default = "BTE"}', "event_type.default: is none of event_types and"),
    ],
)
def test_a_value_of_ours_that_no_list_has_is_a_mistake(field: str, written: str, expected: str) -> None:
    (line,) = mistakes(toml(**MAPPED, **{"feeds.poker.statuses": '["ok"]', f"feeds.poker.fields.{field}": written}))

    assert line.startswith(f"feeds.poker.fields.{expected}")


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("status", '{constant = "OK"}'),
        ("status", '{path = "s", default = "none"}'),
        ("event_type", '{path = "t", values = {"1" = "bet", "2" = "Rollback", "3" = "JACKPOT"}, default = "BET"}'),
    ],
)
def test_one_that_some_list_has_is_none(field: str, written: str) -> None:
    lists = {"feeds.poker.statuses": '["ok"]', "contribution_events.event_types": '["jackpot"]'}

    assert sources(toml(**MAPPED, **lists, **{f"feeds.poker.fields.{field}": written}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"event_id": '"data"', "player_id": '"data.id"'},
            "player_id: cannot be at /data/id where event_id is at /data",
        ),
        ({"event_id": '"data.id"', "amount": '"data"'}, "amount: cannot be at /data where event_id is at /data/id"),
        ({"event_id": '"a.0.id"', "amount": '"a.b"'}, "amount: cannot be at /a/b where event_id is at /a/0/id"),
        ({"event_type": '"amount.type"'}, "amount: cannot be at /amount where event_type is at /amount/type"),
        ({"event_id": '"a"', "amount": '["a.x", "a.y"]'}, "amount: cannot be at /a/x where event_id is at /a"),
        (
            {"event_id": '"data.id"', "player_country": '"data"'},
            "player_country: cannot be at /data where event_id is at /data/id",
        ),
    ],
)
def test_two_fields_of_which_no_payload_has_both_are_a_mistake(fields: dict[str, str], expected: str) -> None:
    settings = MAPPED | {f"feeds.poker.fields.{name}": place for name, place in fields.items()}
    found = mistakes(toml(**settings))

    assert (
        f"feeds.poker.fields.{expected}" in found if len(fields) > 2 else (f"feeds.poker.fields.{expected}",) == found
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"event_id": '"data.id"', "round_id": '"data.id"'},
        {"event_id": '"a.0.id"', "amount": '"a.1"'},
        {"event_id": '["data", "data.id"]', "player_id": '"data.player"'},
        {"event_id": '["a", "b"]', "amount": '["a.x", "b.x"]'},
        {"player_country": '"player"', "player_token": '"player.token"'},
    ],
)
def test_fields_that_a_payload_can_have_together_or_in_turn_are_none(fields: dict[str, str]) -> None:
    assert sources(toml(**(MAPPED | {f"feeds.poker.fields.{name}": place for name, place in fields.items()})))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, "provider_id"),
        ({"feeds.poker.fields.provider_id": '{constant = "studio"}'}, "provider_id"),
        (
            {"contribution_events.provider_ids": "[]", "contribution_events.event_types": '["JACKPOT"]'}
            | {"feeds.poker.fields.event_type": '{constant = "BET"}'},
            "event_type",
        ),
    ],
)
def test_a_mapped_feed_finds_what_the_loop_filter_looks_at(changes: dict[str, str], named: str) -> None:
    settings = POKER | {"feeds.poker.fields.event_id": '"id"'} | changes

    expected = f"feeds.poker.fields.{named}: contribution_events looks at {named}: set fields.{named} {LOOP}"
    assert (expected,) == mistakes(toml(**settings))


@pytest.mark.parametrize(
    "changes",
    [
        {"feeds.poker.fields.provider_id": '"provider_id"'},
        {"contribution_events.game_codes": '["jackpot-*"]'},
        {"contribution_events.event_types": '["JACKPOT"]'},
        {"feeds.poker.kind": '"deposit"'},
    ],
)
def test_one_thing_that_the_loop_filter_looks_at_is_enough(changes: dict[str, str]) -> None:
    assert sources(toml(**(POKER | {"feeds.poker.fields.event_id": '"id"'} | changes)))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"provider_id": '{path = "v", default = "ThrillTech"}'}, "provider_id.default: is one of"),
        ({"provider_id": '{constant = "thrilltech"}', "game_code": '"g"'}, "provider_id.constant: is one of"),
        ({"game_code": '{path = "g", default = "Jackpot-1"}'}, "game_code.default: is one of"),
        ({"game_code": '{constant = "jackpot-1"}'}, "game_code.constant: is one of"),
        ({"event_type": '{path = "t", default = "Debit"}'}, "event_type.default: is one of"),
    ],
)
@pytest.mark.parametrize("kind", ["bet", "deposit"])
def test_a_constant_or_a_default_that_marks_contributions_is_a_mistake_since_it_would_have_events_ignored(
    written: dict[str, str], expected: str, kind: str
) -> None:
    marks = {"contribution_events.game_codes": '["jackpot-*"]', "contribution_events.event_types": '["debit"]'}
    fields = {f"feeds.poker.fields.{name}": place for name, place in written.items()}
    found = mistakes(toml(**(MAPPED | marks | fields | {"feeds.poker.kind": f'"{kind}"'})))

    assert any(line.startswith(f"feeds.poker.fields.{expected} contribution_events.") for line in found)


@pytest.mark.parametrize(
    "written", ['{path = "v", default = "none"}', '{path = "v", values = {"77" = "thrilltech"}}', '{path = "v"}']
)
def test_other_defaults_are_none_and_the_operators_values_may_stand_for_a_mark(written: str) -> None:
    assert sources(toml(**(POKER | {"feeds.poker.fields.provider_id": written})))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"feeds.poker.fields.provider_id": '"vendor"'}, {"provider_id"}),
        ({"feeds.poker.fields.provider_id": '["vendor", "data.vendor"]'}, {"provider_id"}),
        ({"contribution_events.provider_ids": "[]", "contribution_events.game_codes": '["j-*"]'}, {"game_code"}),
        ({"feeds.poker.fields.provider_id": '"vendor"', "contribution_events.game_codes": '["j-*"]'}, set()),
        (
            {"feeds.poker.fields.provider_id": '"vendor"', "contribution_events.game_codes": '["j-*"]'}
            | {"feeds.poker.fields.game_code": '{constant = "poker"}'},
            {"provider_id"},
        ),
        ({"feeds.poker.fields.provider_id": '"vendor"', "feeds.poker.kind": '"deposit"'}, set()),
    ],
)
def test_the_only_field_that_can_tell_a_contributions_debit_is_needed(
    changes: dict[str, str], expected: set[str]
) -> None:
    settings = POKER | {"feeds.poker.fields.event_id": '"id"'} | changes
    mapping = loaded(toml(**settings)).feed_values()[-1].mapping

    assert mapping
    assert expected == mapping.needed


def test_a_feed_whose_fields_are_ours_needs_no_more_than_our_schema() -> None:
    mapping = loaded(toml(**POKER, **{"feeds.poker.amount_scale": "2"})).feed_values()[-1].mapping

    assert mapping
    assert not mapping.needed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Source(paths=(("provider_id",),), glanced=True)),
        ({"feeds.poker.fields.provider_id": '"vendor"'}, Source(paths=(("vendor",),))),
    ],
)
def test_a_mapped_deposit_shows_the_loop_filter_its_provider(changes: dict[str, str], expected: Source) -> None:
    settings = POKER | {"feeds.poker.kind": '"deposit"', "feeds.poker.amount_scale": "2"} | changes

    assert expected == sources(toml(**settings))["provider_id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"contribution_events.event_types": '["Deposit_Success"]'},
        {"feeds.deposit.fields.event_type": '{constant = "other"}'},
        {"feeds.deposit.time_format": '"iso"'},
        {"feeds.deposit.fields.provider_id": '{path = "v", default = "thrilltech"}'},
        {"feeds.deposit.profile": '"payment-notification"'},
        {"feeds.deposit.rules": '[{source_id = "{round}"}]'},
        {"feeds.deposit.signature.content": '"{canonical_json}"', "feeds.deposit.body_limit": "100000"}
        | {"feeds.deposit.signature.secrets": f'["{SECRET}"]', "feeds.deposit.api_keys": None},
    ],
)
def test_what_a_feed_would_do_is_no_mistake_where_it_is_not_served(changes: dict[str, str | None]) -> None:
    assert ["bet"] == [feed.name for feed in loaded(toml(**{"feeds.deposit.enabled": "false"} | changes)).feed_values()]
    assert mistakes(toml(**changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"feeds.deposit.time_zone": '"Mars"'}, "feeds.deposit.time_zone: there is no time zone Mars"),
        ({"feeds.deposit.kind": '"bet"'}, "feeds.deposit.kind: is deposit"),
        ({"feeds.Deposit.kind": '"bet"', "feeds.Deposit.enabled": "false"}, "feeds.Deposit: a feed's name"),
    ],
)
def test_the_form_of_its_settings_is_one_all_the_same(changes: dict[str, str], expected: str) -> None:
    (line,) = mistakes(toml(**{"feeds.deposit.enabled": "false"} | changes))

    assert line.startswith(expected)
