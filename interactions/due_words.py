"""The words in which people say when: English, Spanish, Portuguese, Italian and Russian, all understood at any time.

Written without accents and in lower case, as `crm.core.text.search_key` leaves them.
"""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TODAY = words("today hoy hoje oggi сегодня")
TOMORROW = words("tomorrow tmr tomorow manana amanha domani завтра")
AFTER_TOMORROW = (
    "day after tomorrow", "the day after tomorrow", "pasado manana", "depois de amanha", "dopodomani", "послезавтра",
)  # fmt: skip

WEEKDAYS = {
    word: weekday
    for weekday, row in enumerate((
        "mon monday lun lunes seg segunda segunda-feira lunedi пн понедельник",
        "tue tues tuesday mar martes ter terca terca-feira martedi вт вторник",
        "wed wednesday mie mier miercoles qua quarta quarta-feira mer mercoledi ср среда среду",
        "thu thur thurs thursday jue jueves qui quinta quinta-feira gio giovedi чт четверг",
        "fri friday vie viernes sex sexta sexta-feira ven venerdi пт пятница пятницу",
        "sat saturday sab sabado sabato сб суббота субботу",
        "sun sunday dom domingo domenica вс воскресенье",
    ))
    for word in row.split()
}  # fmt: skip

MONTHS = {
    word: month
    for month, row in enumerate((
        "jan january ene enero janeiro gen gennaio янв января",
        "feb february febrero fev fevereiro febbraio фев февраля",
        "mar march marzo marco мар марта",
        "apr april abr abril aprile апр апреля",
        "may mayo maio mag maggio мая маи",
        "jun june junio junho giu giugno июн июня",
        "jul july julio julho lug luglio июл июля",
        "aug august ago agosto авг августа",
        "sep sept september septiembre set setembro settembre сен сентября",
        "oct october octubre out outubro ott ottobre окт октября",
        "nov november noviembre novembro novembre ноя ноября",
        "dec december dic diciembre dez dezembro dicembre дек декабря",
    ), 1)
    for word in row.split()
}  # fmt: skip

UNITS = {  # unit → its words; the first letters are for "+2w"
    "hour": words("h hour hours hora horas ora ore час часа часов ч"),
    "day": words("d day days dia dias giorno giorni день дня днеи дн"),
    "week": words("w week weeks semana semanas settimana settimane неделя неделю недели недель нед s"),
    "month": words("m mo month months mes meses mese mesi месяц месяца месяцев мес"),
    "working_day": words("wd"),
}
UNIT_OF = {word: unit for unit, words in UNITS.items() for word in words}

WORKING = words(
    "working work business laborable laborables habil habiles util uteis lavorativo lavorativi"
    " рабочии рабочих рабочего рабочие"
)
IN = words("in en em dentro entro tra fra через within")
ONE = words("a an one un una uno um uma один одну одна")
NEXT = words("next proximo proxima prossimo prossima следующии следующая следующую следующее")
NOISE = words("at on the by a as las el la los para por das alle all alla il di de do da del no na v в во o")
NOON = words("noon midday mediodia meio-dia mezzogiorno полдень")
