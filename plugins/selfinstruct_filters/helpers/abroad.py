"""How refusals, announcements, offers of help and questions back sound in other languages than English."""

from __future__ import annotations

REFUSALS = (
    r"(?:(?:lo siento|me disculpo)[^.!?]{0,20}|)no puedo (?:ayudar|crear|generar|responder|cumplir|proporcionar)",
    r"(?:je suis )?désolée?[^.!?]{0,20}\bje ne (?:peux|suis)|je ne peux pas (?:vous aider|répondre|créer|générer)",
    r"(?:(?:desculpe|lamento|sinto muito)[^.!?]{0,20}|)não (?:posso|consigo) (?:ajudar|criar|gerar|responder|atender)",
    r"(?:es tut mir leid|entschuldigung|leider)[^.!?]{0,20}\bich (?:kann|darf)|ich kann (?:dir|ihnen) (?:dabei|nicht)",
    r"(?:mi dispiace|spiacente)[^.!?]{0,20}\bnon (?:posso|sono)",
    r"(?:извините|простите|к сожалению|сожалею)[^.!?]{0,20}\bя не (?:могу|смогу)",
    r"(?:很?抱歉|对不起|對不起)[^。！？]{0,10}我?(?:无法|不能|無法)",
    r"(?:申し訳(?:ありません|ございません)|すみません)[^。]{0,30}(?:できません|できかねます)",
    r"죄송(?:합니다|하지만)[^.]{0,40}(?:수 없습니다|어렵습니다)",
    r"(?:عذرا|آسف|أعتذر)[^.]{0,20}لا (?:أستطيع|يمكنني)|(?:क्षमा करें|माफ़ कीजिए)[^।]{0,60}नहीं",
)
"""How refusals start in other languages; the apology, where there is one, and the inability."""

_NOTHING_ELSE = r"[^.!?。！？\n]{0,60}[.:!：。！]?\s*\Z"
ANNOUNCED = tuple(
    words + _NOTHING_ELSE
    for words in (
        r"hier (?:sind|ist)\b[^.!?\n]{0,40}\baufgaben?\b",
        r"aquí (?:están|tienes|hay)\b[^.!?\n]{0,40}\b(?:tareas|instrucciones)\b",
        r"voici\b[^.!?\n]{0,40}\b(?:tâches|instructions|consignes)\b",
        r"aqui estão\b[^.!?\n]{0,40}\b(?:tarefas|instruções)\b",
        r"ecco\b[^.!?\n]{0,40}\b(?:compiti|istruzioni|attività)\b",
        r"вот\b[^.!?\n]{0,40}\b(?:заданий|задания|задач|задачи)\b",
        r"(?:以下|这里)是[^。！？\n]{0,20}(?:任务|指令)",
        r"以下[はに][^。！？\n]{0,20}(?:タスク|課題)",
        r"다음은[^.!?\n]{0,20}(?:과제|작업)",
    )
)
"""How lists of tasks are announced in other languages."""

READY = (
    r"(?:ich bin (?:bereit|da|hier),? (?:um )?(?:dir|ihnen|zu)\b[^.!?\n]{0,20}\b(?:helfen|unterstützen))",
    r"je suis (?:prête?|là|à votre disposition)\b[^.!?\n]{0,20}\b(?:aider|assister)",
    r"(?:estoy|estamos) (?:list[oa]s?|aquí|dispuest[oa]s?)\b[^.!?\n]{0,20}\bayudar",
    r"(?:estou|estamos) (?:pront[oa]s?|aqui)\b[^.!?\n]{0,20}\bajud",
    r"(?:sono|siamo) (?:pront[oaie]|qui)\b[^.!?\n]{0,20}\b(?:aiutar|assister)",
    r"я (?:готова?|здесь)\b[^.!?\n]{0,30}\bпомочь",
    r"我(?:已经|已經)?(?:准备好|準備好|很乐意|很樂意)了?[^。！？，]{0,4}(?:帮助?|幫助?|协助|協助|为|為)[您你]",
    r"(?:喜んで)?お手伝い(?:します|いたします|できます)",
    r"(?:기꺼이 )?도와드(?:리겠습니다|릴게요|릴 준비)",
)
"""How models say in other languages that they are ready to help."""

_OPENING = r"\A\W*"


def _in_any_order(one: str, other: str) -> str:
    return rf"(?:{one}[^?]{{0,40}}{other}|{other}[^?]{{0,40}}{one})"


ASKS = {
    r"\b(?:könn(?:ten|test|en) (?:sie|du)|kannst du)[^.?!]{0,60}\b(?:genauer|präzisieren)\b": "kannst",
    _OPENING + r"(?:möchtest du|soll ich)\b[^?]{0,60}\baufgaben\b": "aufgaben",
    _OPENING
    + r"(?:welche|worüber|wie viele|was für)[^?]{0,60}"
    + _in_any_order(
        " aufgaben", " (?:soll(?:en)? (?:ich|die) |(?:möchtest|willst|brauchst) du|(?:möchten|wollen|brauchen) sie)"
    ): "soll sollen willst brauchst wollen brauchen",
    r"\bpourr(?:iez-vous|ais-tu)[^.?!]{0,40}\bpréciser\b": "",
    (
        _OPENING + r"(?:quels?|quelles?|sur quels?|combien de)[^?]{0,60} (?:tâches|instructions)[^?]{0,40}"
        r"[ -](?:vous|tu|je|dois)\b"
    ): "vous tu je dois",
    r"\bpodr[ií]as?[^.?!]{0,30}\b(?:aclarar|especificar|precisar)\b": "aclarar especificar precisar",
    _OPENING
    + r"(?:sobre qué|qué|cuántas)[^?]{0,60}"
    + _in_any_order(" (?:tareas|instrucciones)", " (?:quiere|desea|necesita|prefiere|debo |gustaría)"): "",
    r"\bpoderia[^.?!]{0,30}\b(?:esclarecer|especificar)\b": "esclarecer especificar",
    _OPENING + r"(?:que tipo de|quantas|sobre o que)[^?]{0,60} (?:tarefas|instruções)\b": "tarefas",
    r"\bpotr(?:esti|ebbe)[^.?!]{0,30}\b(?:chiarire|specificare)\b": "chiarire specificare",
    (
        _OPENING + r"(?:che tipo di|quali|quanti)[^?]{0,60} (?:compiti|istruzioni)[^?]{0,40}"
        r" (?:vuoi|vorresti|devo)\b"
    ): "vuoi vorresti devo",
    r"уточните,? пожалуйста|пожалуйста,? уточните|могли бы вы[^.?!]{0,30}уточнить": "",
    (
        _OPENING + r"(?:какие|какого рода|сколько|о чём)[^?]{0,60} (?:задания|заданий|задач[иа]?)[^?]{0,40}"
        r" (?:вы|ты|вам|мне)\b"
    ): "",
    r"请(?:您|你)?(?:提供更多|具体说明|澄清)|(?:您|你)(?:能|可以)(?:提供更多|具体说明|澄清)": "",
    _OPENING + r"(?:你|您)(?:想|希望|需要)[^？]{0,20}(?:任务|指令)": "",
    r"(?:詳しく|具体的に)教えて(?:いただけ|もらえ)ますか": "",
    _OPENING + r"どのような(?:タスク|課題|指示)": "",
    r"(?:구체적으로|자세히) (?:알려|말씀해) ?주": "",
    _OPENING + r"어떤 (?:과제|작업|지시)": "",
}
"""How models ask in other languages: anywhere, that the user be clearer; at the start of a draft, about the tasks.

With each stand words of which any match in ASCII has one."""
