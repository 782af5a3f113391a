"""What was said over the last months, in the words of those who wrote it down."""

from __future__ import annotations

from typing import NamedTuple


class Talk(NamedTuple):
    """Something that may be said with anybody where `country` fits (empty: anywhere)."""

    topic: str
    channel: str
    direction: str
    purpose: str
    text: str
    country: str = ""


TALKS = [
    Talk("general", "phone", "out", "outreach", "Asked how things are. Content so far, no plans before spring."),
    Talk("general", "phone", "out", "outreach", "Short call, was between two meetings. Better in the mornings."),
    Talk(
        "general",
        "in_person",
        "out",
        "update",
        "Visit on site. Showed the new report; they want it weekly, on Monday before seven.",
    ),
    Talk(
        "general",
        "in_person",
        "out",
        "update",
        "Coffee at the fair. A colleague from their other site will get in touch.",
    ),
    Talk("general", "email", "out", "update", "Sent the summary of the quarter and the three open points."),
    Talk("general", "email", "in", "feedback", "Thanks for the quick help on Sunday, the night shift was impressed."),
    Talk(
        "general",
        "phone",
        "in",
        "feedback",
        "Praise for the alarm that came before the compressor failed. May be quoted.",
    ),
    Talk("general", "chat", "in", "inquiry", "Asked where the handbook is. Sent the link."),
    Talk(
        "general", "event", "out", "outreach", "Met at the open day, talked about the new hall planned for next year."
    ),
    Talk("general", "letter", "in", "update", "Change of address from the first of next month. Entered."),
    Talk(
        "general",
        "phone",
        "out",
        "outreach",
        "Habla más tranquilo por la tarde. Prefiere que le escribamos antes de llamar.",
        "ES",
    ),
    Talk(
        "general",
        "email",
        "in",
        "feedback",
        "«El informe semanal es justo lo que pedíamos.» Lo reenvía a dirección.",
        "ES",
    ),
    Talk(
        "general",
        "phone",
        "out",
        "update",
        "Confirmou a visita de quinta-feira às dez, entrada pelo portão norte.",
        "PT",
    ),
    Talk(
        "general", "email", "in", "feedback", "Muito satisfeitos com o instalador; só a limpeza ficou por fazer.", "PT"
    ),
    Talk("general", "phone", "out", "outreach", "Per ora va bene così. Ne riparliamo dopo la fiera.", "IT"),
    Talk("general", "email", "in", "update", "Nuovo orario del magazzino: dalle sei alle quattordici.", "IT"),
    Talk("general", "phone", "out", "update", "Подтвердил сроки. Пропуск на территорию заказан на двоих.", "LV"),
    Talk(
        "general",
        "phone",
        "in",
        "feedback",
        "Ist zufrieden, wünscht sich aber einen festen Ansprechpartner am Wochenende.",
        "DE",
    ),
    Talk(
        "commercial",
        "phone",
        "out",
        "outreach",
        "Went through the quote. The price is fine, the term is not: three years at most.",
    ),
    Talk("commercial", "email", "out", "update", "Sent the revised quote with the staggered delivery."),
    Talk(
        "commercial",
        "email",
        "in",
        "inquiry",
        "Asks for the price of ten more sensors and whether the old brackets fit.",
    ),
    Talk(
        "commercial",
        "in_person",
        "out",
        "outreach",
        "Talked about next year's budget. Decision in the second week of January.",
    ),
    Talk(
        "commercial",
        "phone",
        "in",
        "inquiry",
        "Compares us with a rental offer. Explained the service that is included.",
    ),
    Talk("commercial", "web_form", "in", "inquiry", "Wants a quote for two rooms at −24 °C, door contacts included."),
    Talk(
        "commercial",
        "phone",
        "out",
        "outreach",
        "Pide un descuento por volumen para todo el grupo. Le mandamos una propuesta.",
        "ES",
    ),
    Talk(
        "commercial",
        "email",
        "in",
        "request",
        "Pedem a proposta com preços por sala e o prazo de entrega por escrito.",
        "PT",
    ),
    Talk(
        "commercial",
        "phone",
        "out",
        "outreach",
        "Vuole capire il costo su cinque anni, non il prezzo del sensore.",
        "IT",
    ),
    Talk("commercial", "email", "in", "request", "Просит счёт-оферту на английском для головной компании.", "LV"),
    Talk(
        "technical",
        "phone",
        "in",
        "problem",
        "Gateway offline since the power cut. Restarted it together, readings are back.",
    ),
    Talk(
        "technical",
        "phone",
        "in",
        "problem",
        "Alarm every night at 3:10. It is the defrost cycle; the delay is set to twelve minutes now.",
    ),
    Talk("technical", "email", "in", "request", "Needs the calibration certificates for the audit."),
    Talk(
        "technical", "email", "out", "update", "Firmware 5.3 fixes the gap in the night readings. Rolled out on Monday."
    ),
    Talk(
        "technical",
        "chat",
        "in",
        "inquiry",
        "How to give the night shift its own alarm list. Shown, done in five minutes.",
    ),
    Talk(
        "technical",
        "phone",
        "out",
        "update",
        "Walked through the alarm limits, room by room. Two were still those of the trial.",
    ),
    Talk(
        "technical",
        "email",
        "in",
        "problem",
        "Two sensors drift by 0.4 °C. Replacements are on their way, data is corrected.",
    ),
    Talk(
        "technical",
        "chatbot",
        "in",
        "inquiry",
        "Battery life below zero: answered from the data sheet, six years at −25 °C.",
    ),
    Talk(
        "technical",
        "phone",
        "in",
        "problem",
        "La puerta del túnel no manda datos. Era el imán; lo cambian ellos mismos.",
        "ES",
    ),
    Talk(
        "technical",
        "phone",
        "in",
        "problem",
        "O alarme toca sem razão na câmara 3. Sonda mal colocada, corrigido por telefone.",
        "PT",
    ),
    Talk("technical", "email", "in", "request", "Chiede l'esportazione dei dati in CSV ogni ora. Attivata.", "IT"),
    Talk(
        "technical",
        "email",
        "in",
        "problem",
        "Nach dem Umbau fehlt der Empfang in Halle 2. Zweite Antenne bestellt.",
        "DE",
    ),
    Talk(
        "technical",
        "phone",
        "in",
        "problem",
        "Датчик в зале 2 молчит после мойки. Замена отправлена, номер накладной в письме.",
        "LV",
    ),
    Talk("delivery", "phone", "out", "update", "Installation moved by one week, the floor is being painted."),
    Talk(
        "delivery",
        "in_person",
        "out",
        "update",
        "Handed over the first two rooms. Protocol signed, one cable duct is left to do.",
    ),
    Talk("delivery", "email", "in", "request", "Asks for the names of the technicians for the gate."),
    Talk("delivery", "chat", "in", "update", "Pallet arrived, one box dented. Contents are fine."),
    Talk(
        "delivery",
        "phone",
        "in",
        "problem",
        "Brackets for the round columns are missing. Sent by courier the same day.",
    ),
    Talk(
        "delivery",
        "phone",
        "out",
        "update",
        "Zarco puede empezar el martes; el andamio llega el lunes por la tarde.",
        "ES",
    ),
    Talk(
        "delivery",
        "email",
        "out",
        "update",
        "Enviado o plano de montagem; falta a assinatura do responsável de segurança.",
        "PT",
    ),
    Talk("delivery", "phone", "out", "update", "Die Tore 14 bis 19 sind fertig, die Abnahme ist am Donnerstag.", "DE"),
    Talk("billing", "phone", "in", "inquiry", "Asks for the order number on the invoice. Sent again with it."),
    Talk("billing", "email", "in", "request", "Wants invoices by site instead of one for all."),
    Talk("billing", "email", "out", "update", "Sent the statement; two invoices are a fortnight late."),
    Talk("billing", "phone", "out", "update", "The late invoice is paid this week, it lay with somebody on holiday."),
    Talk("billing", "phone", "in", "inquiry", "Pregunta por el IVA de la factura rectificativa. Aclarado.", "ES"),
    Talk("billing", "email", "in", "request", "Pedem fatura com a referência da encomenda em todas as linhas.", "PT"),
    Talk("billing", "email", "in", "inquiry", "Chiede la fattura elettronica con il nuovo codice destinatario.", "IT"),
    Talk(
        "billing",
        "phone",
        "in",
        "inquiry",
        "Die Bestellnummer fehlt auf der Rechnung vom Monatsende. Korrigiert geschickt.",
        "DE",
    ),
]
