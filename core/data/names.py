"""What columns and stages are called in lead files: English, German, Spanish, Portuguese, Chinese."""

from __future__ import annotations

import re
import unicodedata


def plain_name(name: str) -> str:
    """Lower case, no accents, words divided by one underscore.

    Example:
        >>> plain_name("Gesprächs-Dauer (s)"), plain_name("leadID"), plain_name("客户编号")
        ('gesprachs_dauer_s', 'lead_id', '客户编号')
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", name))
    letters = unicodedata.normalize("NFKD", name)
    name = unicodedata.normalize("NFC", "".join(c for c in letters if not unicodedata.combining(c))).casefold()
    return re.sub(r"[\W_]+", "_", name).strip("_")


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain_name(name) for name in text.split()))


ROLE_NAMES: dict[str, tuple[str, ...]] = {
    "lead_id": _names(
        "lead_id lead lead_no lead_number lead_nr lead_key lead_uuid clue_id opportunity_id prospect_id inquiry_id "
        "enquiry_id application_id candidate_id record_id case_id dialogue_id row_id uuid guid uid id "
        "anfrage_id vorgangsnummer id_lead id_oportunidad id_oportunidade 线索id 线索编号 线索号 商机id 商机编号 编号"
    ),
    "customer_id": _names(
        "customer_id customer client_id client account_id account user_id contact_id buyer_id person_id company_id "
        "company member_id kunden_id kundennummer kunden_nr kunde "
        "id_cliente cliente 客户id 客户编号 客户 用户id 用户编号"
    ),
    "owner": _names(
        "owner owner_id lead_owner agent agent_id sales_agent sales_rep salesperson sales_person rep rep_id seller "
        "seller_id specialist specialist_id consultant consultant_id advisor adviser advisor_id account_manager "
        "assigned_to recruiter recruiter_id handler dealer verkaufer berater betreuer vendedor comercial asesor "
        "consultor corretor 销售 销售顾问 销售id 专家 专家id 顾问 顾问id 跟进人 负责人"
    ),
    "snapshot_time": _names(
        "snapshot_time snapshot snapshot_date snapshot_at scored_at "
        "as_of when event_time created_at create_time created "
        "created_date creation_date create_date lead_date lead_time lead_created received_at inquiry_date entry_date "
        "call_date contact_date timestamp datetime date time datum erstellt erstellt_am anlagedatum eingang "
        "eingangsdatum zeitpunkt fecha fecha_creacion data "
        "data_criacao 快照时间 快照日期 创建时间 创建日期 线索创建时间 "
        "日期 时间"
    ),
    "converted": _names(
        "converted is_converted conversion has_converted deal is_deal won is_won closed_won sold is_sold deal_won "
        "lock_in locked_in is_locked purchased purchase bought hired signed success outcome target label result "
        "response subscribed y konvertiert abgeschlossen abschluss "
        "gekauft verkauft kauf erfolg convertido conversion "
        "comprado compra vendido venta venda exito sucesso 转化 是否转化 "
        "成交 是否成交 锁单 是否锁单 签约 是否签约 购买 "
        "是否购买 标签"
    ),
    "stage": _names(
        "deepest_stage stage funnel_stage lead_stage sales_stage deal_stage pipeline_stage stage_name max_stage "
        "stage_reached lead_status deal_status pipeline phase funnel stufe status etapa fase estagio 最深阶段 阶段 "
        "漏斗阶段 销售阶段 线索状态"
    ),
    "call_seconds": _names(
        "call_seconds call_duration call_duration_seconds call_duration_s call_length call_time total_call_seconds "
        "talk_time talk_seconds duration_seconds duration_sec duration gesprachsdauer anrufdauer dauer duracion "
        "duracion_llamada duracao 通话时长 通话秒数 通话时间"
    ),
    "dialogue": _names(
        "dialogue dialog dialogues transcript transcription "
        "call_transcript conversation conversation_text chat chat_log "
        "call call_text call_notes call_summary gesprach transkript dialogo conversacion conversa transcripcion "
        "transcricao abstract 对话 对话内容 通话 通话记录 通话内容 通话摘要 聊天记录 文本"
    ),
}
"""By role, the likeliest name first."""

OUTCOME_WORDS = frozenset(
    _names("converted conversion won sold purchased bought hired deal konvertiert vendido comprado")
)
"""A two-valued column with such a word in its name may be the outcome."""

PERSON_NAMES = frozenset(
    _names(
        "name full_name first_name last_name surname customer_name client_name contact_name company_name phone "
        "phone_number mobile mobile_number telephone email e_mail mail email_address address street nachname vorname "
        "telefon handy adresse nombre apellido telefono correo nome "
        "telefone endereco 姓名 客户姓名 手机 手机号 电话 邮箱 地址"
    )
)
DATE_WORDS = frozenset(
    _names("date time datetime timestamp at on when day datum zeit fecha data 日期 时间 创建时间 快照时间")
)
CODE_WORDS = frozenset(_names("id code zip plz postcode postal uuid guid key nr no number nummer codigo 编号 编码"))
"""A number under such a name counts nothing: it is a label."""

LEAK_NAME = re.compile(
    r"(?<![a-z])(?:(?:is_)?closed$|clos(?:e|ed|ing)_(?:date|time|at|on|reason|value|amount)"
    r"|contract_(?:id|no|nr|number|date|value|amount|time|signed)|invoice(?:_\w+)?"
    r"|order_(?:id|no|nr|number|date|time|value|amount)|purchase_(?:date|time|price|amount|value)|signed_(?:at|on|date)"
    r"|sign(?:ing|ature)_(?:date|time)|conver(?:ted|sion)_(?:at|on|date|time|value)"
    r"|(?:won|lost|loss)(?:_(?:reason|date|time|at|on|to|value|amount))?$"
    r"|(?:defeat|reject(?:ion)?|cancel(?:lation)?|churn)_(?:reason|date|time)|deal_(?:value|amount|size|date|closed)"
    r"|delivery_(?:date|at)|commission(?:_\w+)?|days_to_(?:close|convert|deal|order|purchase)"
    r"|vertrags?_?(?:nr|nummer|datum)|rechnungs?_?(?:nr|nummer|datum)|abschluss_?datum|verlustgrund"
    r"|fecha_(?:cierre|compra|venta)|motivo_(?:perdida|cierre)|factura|data_(?:fechamento|compra|venda))(?![a-z])"
    r"|合同|订单|发票|战败原因|成交(?:时间|日期|金额)"
    r"|锁单(?:时间|日期)|签约(?:时间|日期)|交付(?:时间|日期)"
)
"""Names of what is written down only once a lead is won or lost."""

PAST_WORDS = frozenset(_names("last prev previous prior past historic historical rate avg average mean"))
"""With such a word a name speaks of earlier leads, and so of what was known."""

LOST_STAGES = frozenset(
    _names("lost defeat defeated dead closed_lost rejected none no_offer no_answer verloren perdido 战败 无效")
)
WON_STAGES = frozenset(
    _names("won closed_won deal sold sale contract hired lock_in signed gewonnen ganado vendido 成交 锁单 签约")
)
