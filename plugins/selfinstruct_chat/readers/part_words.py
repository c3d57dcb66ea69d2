"""The words by which models name the parts of a task, in the languages that the readers know."""

from __future__ import annotations

TASKS = (
    r"(?:new\s+)?(?:task|instruction|prompt|question|exercise|problem)|q|aufgabe|frage|übung|anweisung|tarea|ejercicio"
    r"|pregunta|instrucción|tarefa|exercício|pergunta|instrução|tâche|exercice|consigne|compito|esercizio|domanda"
    r"|istruzione|opdracht|taak|vraag|instructie|zadanie|polecenie|görev|soru|talimat|задание|задача|вопрос|инструкция"
    r"|завдання|任务|任務|问题|题目|指令|指示|課題|タスク|質問|問題|과제|작업|문제|질문|지시|कार्य|प्रश्न|निर्देश"
    r"|المهمة|مهمة|السؤال|سؤال|التعليمات|وظیفه|سوال|uppgift|opgave|oppgave|tehtävä|feladat|sarcină|úkol|úloha|nhiệm vụ"
    r"|câu hỏi|bài tập|tugas|soal|pertanyaan|εργασία|άσκηση|ερώτηση|משימה|שאלה|คำถาม|โจทย์|งานที่|কাজ|প্রশ্ন"
)
"""Words that may stand before an item's number, or name a task."""

NEXT_TASKS = (
    r"(?:(?:new|next)\s+)?(?:task|instruction)|aufgabe|anweisung|tarea|instrucción|tarefa|instrução|tâche|compito"
    r"|opdracht|taak|zadanie|görev|задание|задача|завдання|任务|任務|指令|課題|タスク|과제|작업|कार्य|المهمة|مهمة"
)
"""Of these, the ones with which a model that did not stop begins the next task."""

INPUTS = (
    r"inputs?|eingaben?|entrada|entrée|texte d'entrée|ingresso|invoer|dane wejściowe|wejście|girdi|ввод|входные данные"
    r"|вход|вхідні дані|输入|輸入|入力|입력|đầu vào|masukan|είσοδος|קלט|อินพุต|ورودی|inmatning|vstup|इनपुट|المدخلات"
    r"|المدخل|الإدخال|indata|inddata|inndata|syöte|bemenet|intrare"
)
OUTPUTS = (
    r"outputs?|salida|sortie|ausgaben?|saída|uscita|uitvoer|wyjście|dane wyjściowe|çıktı|вывод|выходные данные|выход"
    r"|вихідні дані|输出|輸出|出力|출력|đầu ra|keluaran|έξοδος|פלט|เอาต์พุต|خروجی|utmatning|výstup|आउटपुट|المخرجات"
    r"|المخرج|الإخراج|utdata|uddata|tuloste|kimenet|ieșire"
)
ANSWERS = (
    r"answers?|solutions?|response|completion|respuesta|solución|réponse|antwort|lösung|resposta|solução|risposta"
    r"|soluzione|antwoord|oplossing|odpowiedź|rozwiązanie|cevap|yanıt|ответ|решение|відповідь|答案|参考答案|回答|解答"
    r"|答え|正解|정답|답변|답|trả lời|câu trả lời|đáp án|jawaban|svar|vastaus|válasz|răspuns|odpověď|απάντηση|תשובה"
    r"|คำตอบ|پاسخ|উত্তর|उत्तर|जवाब|الإجابة|إجابة|الجواب"
)
"""Words that name what a task is answered with."""

NO_INPUT = (
    r"(?:<?no[ _-]?input(?:s|(?: text| data)?)>?|none|empty|n/?a|not applicable|keine?|ninguna|ninguno|nenhuma?"
    r"|aucune?|nessuna?|nessuno|geen|brak|yok|нет|отсутствует|немає|无|無|なし|없음|कोई नहीं|لا يوجد)(?:[ ,]*(?:is "
    r"|was )?(?:needed|required|necessary|provided|given|specified))?"
)
"""What stands in place of an input where there is none."""

YES = r"yes|yep|y|true|ja|sí|si|oui|sim|sì|да|так|tak|evet|是的?|对|はい|예|네|हाँ|हां|نعم|بله|✓|✔️?|✅|☑️?|👍"
NO = r"no|nope|n|false|nein|non|não|nee|nej|нет|ні|nie|hayır|否|不是|不|いいえ|아니요|아니오|नहीं|لا|خیر|✗|✘|✖️?|❌|☒|👎"
"""The two answers to a question, in words and in signs."""

CLASS_LABELS = (
    r"klasse|kategorie|(?:etiqueta|étiquette|etichetta|rótulo|метка)(?: (?:d[aeio] |del |della |de la )?(?:clas+e|clase"
    r"|класса))?|标签|類別|类别|ラベル|레이블|लेबल|التصنيف"
)
SURE = (
    r"(?:sure(?: thing)?|certainly|of course|absolutely|gladly|okay|no problem|great question|¡?claro(?: que sí)?"
    r"|¡?por supuesto|natürlich|gerne?|klar|selbstverständlich|bien sûr|volontiers|d['’]accord|certo|certamente"
    r"|com certeza|natuurlijk|oczywiście|tabii(?: ki)?|elbette|конечно|хорошо|звичайно|当然(?:可以)?|當然|好的|没问题"
    r"|もちろん(?:です)?|はい|承知しました|물론(?:입니다|이죠)?|네|ज़रूर|बिल्कुल|بالتأكيد|بالطبع)"
)
HERE = (
    r"(?:here(?:['’]s| is| are| you go)\b|(?:below|the following) (?:is|are)\b|aquí (?:tienes|tiene|está|están|hay"
    r"|va)\b|hier (?:ist|sind|kommt|kommen|is|zijn)\b|voici\b|ecco\b|aqui (?:está|estão|vai)\b|oto\b|i̇şte\b|işte\b"
    r"|вот\b|ось\b|以下[是为為はが]|下面是|这是|這是|こちら|次は|다음은|여기|아래는|यहाँ|यह रह|إليك|فيما يلي)"
)
LEAD_IN = (
    r"(?:(?:next|now|finally|then|great|okay|first(?:ly)?|secondly|lastly|and|let me)[,!]? +)?"
    r"(?:here (?:is|are|comes)|let['’]?s|let us|give you"
    r"|i(?:['’]ll| will)(?: now)? (?:write|give|add|create|make|provide|do))"
    r"\b[^\n:]{0,80}\b(?:tasks?|examples?|ones?|instructions?)\b[^\n]{0,40}[.:!]"
)
"""A line in which a model says what comes next."""

HOPES = (
    r"espero que (?:te |le |esto |isso |ajude)|av[ií]same|(?:no dudes|si necesitas)|ich hoffe,"
    r"|sag(?:en sie)? (?:mir )?bescheid|lass(?:en sie)? (?:es )?mich wissen|j['’]espère que|n['’]hésitez? pas|spero che"
    r"|fammi sapere|me avise|se precisar|ik hoop dat|laat (?:het )?me weten|mam nadzieję|daj znać|umarım|надеюсь"
    r"|дайте знать|если (?:вам )?нужн|сподіваюся|希望(?:这|這|能|以上|对你|對你)|如果(?:您|你)?(?:还|需要|有)|如有"
    r"|お役に立て|ご(?:参考|不明)|도움이 (?:되|필요)|궁금한 점|आशा है|आمل|أتمنى أن"
)
"""How a model that talks to its user agrees, hands something over, and takes its leave."""

REMARKS = (
    r"(?:key |target )?skills?(?: (?:tested|required|used|practi[cs]ed|assessed|trained|covered))?|rationale"
    r"|reasoning type|why|(?:why|how) (?:it|this|they)(?:['’]s| is| are)? \w+(?: \w+)?|(?:learning )?(?:objective|goal"
    r"|outcome)s?|purpose|tests|(?:task |instruction )?(?:category|difficulty|kind|type)|justification|diversity note"
    r"|difference|novelty|what it tests|habilidad(?:es)?|categoría|dificultad|compétences?|catégorie|difficulté"
    r"|schwierigkeit|kategorie|fähigkeit(?:en)?|ziel|categoria|dificuldade|difficoltà|сложность|категория|难度|类型"
    r"|类别|考察(?:点|能力)?|難易度|カテゴリ|난이도|유형"
)
"""Words before a remark that files a task, or says why it is there."""

EXAMPLES = (
    r"example|beispiel|ejemplo|exemple|exemplo|esempio|voorbeeld|przykład|örnek|пример|приклад|示例|例子|例|예시|예"
    r"|उदाहरण|مثال"
)
EXPLANATIONS = (
    r"explanation|explanatory note|reason(?:ing)?|rationale|justification|comment(?:ary)?|why|erklärung|begründung"
    r"|explicación|justificación|explication|justification|explicação|justificativa|spiegazione|motivazione|uitleg"
    r"|wyjaśnienie|açıklama|объяснение|пояснение|обоснование|пояснення|解释|解釋|解析|说明|説明|理由|설명|이유|व्याख्या"
    r"|स्पष्टीकरण|الشرح|شرح|التفسير|توضیح|förklaring|forklaring|selitys|magyarázat|explicație|vysvětlení|giải thích"
    r"|penjelasan|εξήγηση|הסבר|คำอธิบาย"
)
"""Words above a remark on an answer."""

NOTES = r"note|hint|tip|remark|hinweis|anmerkung|nota|remarque|uwaga|примечание|注|注意|备注|備考|提示|참고|ملاحظة"
"""Words above a note to the reader."""

SYMBOL = "[\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]\ufe0f?"
"""An arrow, a geometric sign or an emoji."""
