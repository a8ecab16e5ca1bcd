"""Which fields somebody can change: what may be tried when it is asked what would move a lead.

A schema says it (`features.changeable`); where it does not, the columns' names are gone by. A field that tells who the
person or the seller is stays as it is, and so does one that tells what is past: no call changes either. What is
proposed for a schema is less still: only what is named like an offer or an appointment, since a file is believed.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.data.names import plain_name
from core.data.schema import Schema

_PERSON = (
    "age birth born gender sex male female marital married nationality citizenship ethnicity religion language "
    "education degree school income salary wealth occupation job profession employer industry household children kids "
    "family city region country province state county district zip plz postcode postal address location area tenure "
    "alter geschlecht beruf stadt land edad genero ciudad pais idade cidade"
)
_PAST = (
    "source channel campaign referrer medium origin created creation first registered signup since duplicate "
    "duplicates history historical past previous prior recency count size experience "
    "team specialist seller agent cancelled missed incoming index idx quelle kanal fuente canal origem"
)
# Chinese is written without spaces, so these are looked for anywhere in the name.
_UNSPACED = (
    "年龄 性别 生日 婚姻 国籍 民族 学历 收入 职业 行业 家庭 子女 城市 地区 省 国家 地址 来源 渠道 首次 创建 注册 历史"
)
_FIXED = frozenset(f"{_PERSON} {_PAST}".split())
_OFFERED = (
    "discount rebate price quote quoted offer offers model trade delivery warranty "
    "call calls follow appointment appointments meeting meetings drive drives "
    "rabatt preis angebot termin modell anrufe descuento precio oferta cita modelo llamadas desconto preco"
)
_OFFERS = frozenset(_OFFERED.split())
_UNSPACED_OFFERS = "折扣 优惠 价格 报价 车型 通话 跟进 预约 试驾"


def changeable(schema: Schema) -> tuple[str, ...]:
    """Numbers and categories that somebody can change, in the order of the schema."""
    features = schema.features
    columns = (*features.numeric, *features.categorical)
    if features.changeable is not None:
        return tuple(name for name in columns if name in features.changeable)
    return tuple(name for name in columns if not _is_fixed(plain_name(name)))


def guess_changeable(columns: Sequence[str]) -> tuple[str, ...]:
    """Those whose names speak of an offer or an appointment, and of nothing that is past.

    Example:
        >>> guess_changeable(["age", "newbie", "team_size", "days_since_created", "days_since_last_call", "折扣"])
        ('days_since_last_call', '折扣')
    """
    return tuple(name for name in columns if _is_offer(plain_name(name)) and not _is_fixed(plain_name(name)))


def _is_offer(name: str) -> bool:
    return bool(set(name.split("_")) & _OFFERS) or any(word in name for word in _UNSPACED_OFFERS.split())


def _is_fixed(name: str) -> bool:
    words = set(name.split("_"))
    # "Days since last call" can be another number tomorrow, "since created" cannot be chosen.
    words -= {"since"} if "last" in words else set()
    return bool(words & _FIXED) or any(word in name for word in _UNSPACED.split())
