"""The words by which models name the parts of a task, in the languages that the readers know."""

from __future__ import annotations

TASKS = (
    r"(?:new\s+)?(?:task|instruction|prompt|question|exercise|problem)|q"
    r"|aufgabe|frage|übung|anweisung|tarea|ejercicio|pregunta|instrucción|tarefa|exercício|pergunta|instrução|tâche"
    r"|exercice|consigne|compito|esercizio|domanda|istruzione|opdracht|taak|vraag|instructie|zadanie|polecenie|görev"
    r"|soru|talimat|задание|задача|вопрос|инструкция|завдання|任务|任務|问题|题目|指令|指示|課題|タスク|質問|問題|과제|작업|문제"
    r"|질문|지시|कार्य|प्रश्न|निर्देश|المهمة|مهمة|السؤال|سؤال|التعليمات"
)
"""Words that may stand before an item's number, or name a task."""

NEXT_TASKS = (
    r"(?:(?:new|next)\s+)?(?:task|instruction)|aufgabe|anweisung|tarea|instrucción|tarefa|instrução|tâche|compito|opdracht"
    r"|taak|zadanie|görev|задание|задача|завдання|任务|任務|指令|課題|タスク|과제|작업|कार्य|المهمة|مهمة"
)
"""Of these, the ones with which a model that did not stop begins the next task."""

INPUTS = (
    r"inputs?|eingaben?|entrada|entrée|texte d'entrée|ingresso|invoer|dane wejściowe|wejście|girdi|ввод"
    r"|входные данные|вход|вхідні дані|输入|輸入|入力|입력|इनपुट|المدخلات|المدخل|الإدخال"
)
OUTPUTS = (
    r"outputs?|salida|sortie|ausgaben?|saída|uscita|uitvoer|wyjście|dane wyjściowe|çıktı|вывод|выходные данные|выход"
    r"|вихідні дані|输出|輸出|出力|출력|आउटपुट|المخرجات|المخرج|الإخراج"
)
ANSWERS = (
    r"answers?|solutions?|response|completion|respuesta|solución|réponse|antwort|lösung"
    r"|resposta|solução|risposta|soluzione|antwoord|oplossing|odpowiedź|rozwiązanie|cevap|yanıt|ответ|решение|відповідь"
    r"|答案|参考答案|回答|解答|答え|正解|정답|답변|답|उत्तर|जवाब|الإجابة|إجابة|الجواب"
)
"""Words that name what a task is answered with."""

CLASS_LABELS = r"klasse|kategorie|etiqueta|étiquette|etichetta|rótulo|метка|标签|類別|类别|ラベル|레이블|लेबल|التصنيف"
EXAMPLES = (
    r"example|beispiel|ejemplo|exemple|exemplo|esempio|voorbeeld|przykład|örnek|пример|приклад"
    r"|示例|例子|例|예시|예|उदाहरण|مثال"
)
