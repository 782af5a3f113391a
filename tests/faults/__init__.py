"""The engine under every fault: what it promises, tried on real processes that are really killed.

`make faults` (`python -m tests.faults`) runs the scenarios at full size, on a PostgreSQL server of its own that keeps
what it commits, prints a table and writes `var/faults.json`; each scenario's story, mails, verdict and the output of
its processes lie in `var/faults/<number>/<database>/`. `make faults ARGS="--only 2,4"`, `--database sqlite`,
`--seed 7` (the one that was printed makes the same choices again), `--hours 8` (again and again with other seeds),
`--scale 0.1` (a tenth of the numbers), `--quick`. The exit code is 0 when all passed; Ctrl-C ends what was started,
and what was judged stands in the file. Small runs of most are among the ordinary tests: test_quick.py.

Parts
    rig.py       what a scenario works with: promises, acts, processes, kills, the clock; it writes the story down
    story.py     the story: plain data
    expected.py  what had to follow from a story: the rules of all acts, of the ladder and of who answers, written
                 down a second time (working time in hours.py)
    referee.py   compares that with ledger.py: the mail server's log and the tables, read by plain SQL. None of
                 these shares anything with the engine but the schema; test_referee.py shows that no fault of any act
                 gets past them (on the day of acted.py)
    report.py    the table, faults.json

A scenario is a function in a module of scenarios/ (any new module there is found):

    @scenario(3, "the planner killed at every place", quick=True, databases=(POSTGRES, SQLITE), copies=1)
    def planner_killed(rig: Rig) -> None:
        batch = rig.promise(rig.size(2000, 100))        # full size, quick size; due now, told once at the due moment
        rig.sweep_once(FAILPOINT="planner.inserted:2").wait()
        rig.kills += 1
        rig.start()                                     # workers and a beat

It makes promises (before the first, `rig.ladder(Step(REMINDER, POC), Step(ESCALATION, BACKUP, 120))` may set the
steps: in minutes of elapsed time), lets things happen to them, and leaves the engine running: then the rig waits
until all is due and nothing is left to do, ends the processes and has the referee judge every promise of
`rig.promise` by the acts done through `rig` (`rig.reassign`, `rig.keep`, `rig.act(batch, "snooze", title,
until=moment)`: all of ACTS in rig.py) and by who was away (`rig.away`). What is a scenario's own:

    rig.size(20_000, 80), rig.seconds(600, 5)          how many, how long: at full size, and in the small run
    rig.ask("SELECT COUNT(*) FROM …")                  one number, by plain SQL
    rig.demand(x == 3, "three were set aside")         what must hold besides; a sentence, said when it does not
    rig.check("copies ≤ kills", lambda verdict: verdict.extra_copies <= rig.kills)      of what the referee found
    rig.run_clock(120)                                 the product's clock runs 120 times as fast (leases too: give
                                                       processes MAIL_LEASE="3600", GUARD_AFTER="3600")
    rig.run_clock(1, ahead=timedelta(hours=8))         … is set eight hours ahead, and runs as ever
    rig.processes.env |= {"GUARD_AFTER": "3"}          settings of all processes started from now on
    rig.sink.mode, rig.valkey, rig.server.crash(), rig.workers[0].freeze(alone=True), rig.kill_at_random(100)

Where a scenario judges without `rig.promise` (arithmetic, refusals), it adds `rig.tried(n)` for how many cases it
tried and `rig.demand`s what must hold: nothing tried is a failure. The limits of lateness in @scenario count at full
size only.
"""
