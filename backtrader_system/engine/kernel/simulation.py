"""The compiled simulation: session after session, setting after setting."""

from __future__ import annotations

from backtrader_system.engine.kernel.compiling import compiled, compiled_entry
from backtrader_system.engine.kernel.corporate import act_before_open
from backtrader_system.engine.kernel.deciding import decide
from backtrader_system.engine.kernel.figures import write_figures
from backtrader_system.engine.kernel.records import Run
from backtrader_system.engine.kernel.trading import close_bar, judge_new_orders, trade_open, trade_rest_of_bar, watch


@compiled
def simulate(run) -> None:
    """Simulate one setting over all sessions."""
    run.account.cash = run.rules.initial_capital
    for session in range(run.market.bars.shape[0]):
        act_before_open(run, session)
        judge_new_orders(run, session)
        watch(run, session)
        trade_open(run, session)
        trade_rest_of_bar(run, session)
        close_bar(run, session)
        run.log.curve[session, 0], run.log.curve[session, 1] = run.account.equity, run.account.cash
        decide(run, session)


def simulate_settings(market, table, first, last, memory, lists, log, results) -> None:
    """Simulate the settings `first` to `last` (excluded) of a rule table and write one record of figures for each.

    memory : account, book, orders, and the three as bytes; cleared before every setting, so results do not depend on
        what ran before. lists : workspace for one simulation, as the log.
    """
    account, book, orders, account_bytes, book_bytes, order_bytes = memory
    for number in range(first, last):
        account_bytes[:] = 0
        book_bytes[:] = 0
        order_bytes[:] = 0
        for column in range(len(book)):
            book[column].taken_in = -1
        run = Run(market, table[number], account[0], book, orders, lists, log)
        simulate(run)
        write_figures(run, results[number])


simulate_settings = compiled_entry(simulate_settings)
