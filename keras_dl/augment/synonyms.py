"""English words that can stand for each other, above all where people write what they think of something."""

from __future__ import annotations

GROUPS = """
movie film picture | story tale narrative | funny amusing comical humorous | sad gloomy sorrowful | good fine decent
great excellent superb terrific | bad poor lousy | awful terrible dreadful horrible | boring dull tedious tiresome
interesting engaging absorbing | smart clever intelligent | stupid dumb foolish silly | big large huge | small tiny
beautiful lovely gorgeous | ugly hideous | strange odd weird peculiar | fast quick rapid speedy | slow sluggish
happy glad cheerful joyful | angry furious mad | scary frightening creepy | exciting thrilling gripping
charming delightful enchanting | moving touching affecting poignant | predictable foreseeable | fresh original
old aged | new recent | real genuine authentic | fake phony artificial | true accurate | wrong mistaken incorrect
hard difficult tough | easy simple effortless | strong powerful | weak feeble | rich wealthy | serious earnest grave
often frequently | sometimes occasionally | always constantly | almost nearly practically | very extremely
truly genuinely | quite rather fairly | mostly largely mainly | only merely just | perhaps maybe possibly
enough sufficiently | especially particularly | completely totally entirely wholly utterly | begin start commence
end finish conclude | begins starts | ends finishes concludes | make create produce | makes creates produces
made created produced | show reveal display | shows reveals displays | give provide offer | gives provides offers
get obtain gain | keep retain maintain | keeps retains maintains | need require | needs requires | try attempt
tries attempts | want wish desire | wants wishes desires | think believe | see watch view | look glance
seem appear | seems appears | feel sense | feels senses | love adore | hate loathe detest | enjoy savor
laugh chuckle giggle | laughs chuckles giggles | cry weep sob | help assist aid | kill murder slay
director filmmaker | actor performer | actors performers | cast ensemble | character role figure
characters roles figures | script screenplay | plot storyline | scene sequence | scenes sequences
audience viewers spectators | comedy farce | drama play | child kid youngster | children kids youngsters
man guy fellow | woman lady | people folks persons | friend pal buddy | friends pals buddies | job task work
idea notion concept | ideas notions concepts | way manner | world globe | life existence | truth reality
mind intellect | heart soul | power force | chance opportunity | lack absence | mess muddle shambles
fun enjoyment amusement | humor wit | emotion feeling sentiment | emotions feelings sentiments
"""


def _table() -> dict[str, tuple[str, ...]]:
    groups = [group.split() for line in GROUPS.strip().splitlines() for group in line.split("|")]
    return {word: tuple(other for other in group if other != word) for group in groups for word in group}


SYNONYMS = _table()
"""word -> the others of its group"""
