"""Two mistakes that a test with one run and no trouble never shows, and how they are found."""

import pytest

from mainspring import IO, Client, Context
from mainspring.testing import BrokenSchedule, CrashBreaks, Environment

client = Client("bank")


class Bank:
    """A fake. It charges once for each key that it is given, and whenever it is given none."""

    def __init__(self) -> None:
        self.charges: list[str] = []
        self._known: set[str] = set()

    def forget(self) -> None:
        self.charges.clear()
        self._known.clear()

    async def charge(self, order: str, key: str | None = None) -> str:
        if key is None or key not in self._known:
            self.charges.append(order)
        self._known |= {key} if key is not None else set()
        return f"ch-{order}"


bank = Bank()


@client.job(id="charge-carelessly")
async def charge_carelessly(payload: dict[str, str], io: IO) -> str:
    return await io.run_task("charge", bank.charge, payload["id"])


@client.job(id="charge")
async def charge(payload: dict[str, str], io: IO, ctx: Context) -> str:
    async def with_key() -> str:
        return await bank.charge(payload["id"], ctx.idempotency_key)

    return await io.run_task("charge", with_key)


@client.job(id="sell-carelessly")
async def sell_carelessly(payload: dict[str, str], io: IO) -> int:
    stock = await io.store.get("stock", 10)
    await io.store.set("stock", stock - 1)
    return int(stock) - 1


@client.job(id="sell")
async def sell(payload: dict[str, str], io: IO) -> int:
    return int(await io.store.update("stock", lambda stock: stock - 1, default=10))


async def test_a_worker_may_die_anywhere(mainspring: Environment) -> None:
    report = await mainspring.crash_everywhere(charge, {"id": "o-1"}, effects=bank.charges, reset=bank.forget)
    assert [one.has_key for one in report.repeated] == [True]


async def test_a_double_charge_is_found(mainspring: Environment) -> None:
    with pytest.raises(CrashBreaks, match="task 'charge' had its effect twice"):
        await mainspring.crash_everywhere(charge_carelessly, {"id": "o-1"}, effects=bank.charges)


async def test_two_runs_may_overlap_in_any_way(mainspring: Environment) -> None:
    found = await mainspring.explore(sell, {}, seeds=50)
    assert found.schedules > 20


async def test_a_lost_update_is_found(mainspring: Environment) -> None:
    with pytest.raises(BrokenSchedule) as caught:
        await mainspring.explore(sell_carelessly, {}, seeds=1_000)
    assert caught.value.story[:2] == ["run 1 reads 'stock': nothing", "run 2 reads 'stock': nothing"]
