"""Finding who is on the line, by letters of a name, by a number in any format, by an address."""

from __future__ import annotations

from collections.abc import Generator
from urllib.parse import quote

from crm.desk.benchmark.door import Reader
from crm.desk.benchmark.firm import ALL, MANY, BigFirm
from crm.desk.benchmark.measure import Budget, Case, raw

BUDGET = Budget(seconds=0.05)
NAMED = """
    SELECT id, title, kind FROM dossiers_dossier
    WHERE archived_at IS NULL AND title_key LIKE %s ORDER BY kind, title_key, id LIMIT 8"""
REACHED = """
    SELECT contact_id FROM contacts_contactphone WHERE digits LIKE %s OR e164 LIKE %s ORDER BY contact_id LIMIT 200"""


def cases(firm: BigFirm) -> Generator[Case]:
    place = firm.n_contacts // 3
    local = f"{910_000_000 + place}"
    typed = {
        "a word": "marvila", "two words": "keller anna", "the beginning": "por", "a firm and its trade": "sintra wines",
        "nobody": "zzyzx", "a number as written": f"{local[:3]} {local[3:6]} {local[6:]}",
        "an international number": f"+351{local}", "with zeros": f"00351 {local}", "its last digits": local[-6:],
        "an address": f"{place}@",
    }  # fmt: skip
    readers = {"one who sees all": Reader(firm, ALL), "a rep": Reader(firm, MANY)}
    for who, reader in readers.items():
        for called, text in typed.items():
            like = f"%{text}%"
            yield Case(
                f"search: {called}, {who}",
                reader.page(f"/log/who/?q={quote(text)}"),
                raw(REACHED, [like, like]) if text[-1].isdigit() else raw(NAMED, [like]),
                BUDGET,
            )
    everything = readers["one who sees all"]
    yield Case("search: who answers for a word", everything.page("/who/?q=marvila"), raw(NAMED, ["%marvila%"]), BUDGET)
